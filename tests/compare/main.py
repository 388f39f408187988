# SPDX-License-Identifier: Apache-2.0
"""The command ``tools/compare``."""
import argparse
import contextlib
import itertools
import pathlib
import sys
import tempfile

from tests.compare import comparison
from tests.compare import own
from tests.compare import peer as peer_service
from tests.compare import play
from tests.compare import process
from tests.compare import recording
from tests.compare import scenario as scenario_file
from tests.functional.rbac import matrix
from tests.functional.rbac import pinned

_MOST_LINES = 30


def _arguments(words):
    parser = argparse.ArgumentParser(
        prog='tools/compare',
        description='Send the same requests to glancelite and to a peer, '
                    'and print where the answers differ.')
    parser.add_argument('scenarios', nargs='*', metavar='scenario',
                        help='names of tests/compare/scenarios; default all')
    parser.add_argument('--peer', metavar='URL',
                        help='a peer that runs; by default a Glance is '
                             'started with the programs of GLANCELITE_LAB')
    parser.add_argument('--ours', metavar='URL',
                        help='a glancelite that runs; by default one is '
                             'started')
    parser.add_argument('--self', action='store_true', dest='itself',
                        help='compare the peer with itself')
    parser.add_argument('--record', action='store_true',
                        help='write the peer\'s answers to '
                             'tests/compare/recorded, ask only the peer')
    parser.add_argument('--personas', action='store_true',
                        help='compare who may do what, instead of scenarios; '
                             'with --record, pin it in tests/functional/rbac')
    parser.add_argument('--wording', action='store_true',
                        help='compare the sentences of errors as well')
    parser.add_argument('--keep', metavar='DIRECTORY',
                        help='leave configuration, data and logs there')
    return parser.parse_args(words)


def _play(service, scenario):
    game = play.Play(service)
    try:
        return list(game.run(scenario))
    finally:
        game.clean()


def _record(service, scenario):
    answers = [{'step': step.key, **form}
               for step, form in _play(service, scenario)]
    recording.write(scenario.name, answers)
    print(f'{scenario.name}: {len(answers)} answers recorded')
    return 0


def _compare(peer, ours, scenario, judge):
    """Print the complaints of one scenario; return how many steps had any."""
    bad = 0
    for (step, theirs), (_step, mine) in zip(_play(peer, scenario),
                                             _play(ours, scenario)):
        complaints = judge.complaints(step, theirs, mine)
        if not complaints:
            continue
        bad += 1
        print(f'{scenario.name}: {step.key}')
        for line in complaints[:_MOST_LINES]:
            print(f'    {line}')
    listed = sum(step.differs is not None for step in scenario.steps)
    print(f'{scenario.name}: {len(scenario.steps)} requests, '
          f'{bad} with unlisted differences, {listed} with listed ones')
    return bad


def _plain(scenario):
    """Forget the deliberate differences: the peer is compared with itself."""
    for step in scenario.steps:
        step.fields.pop('differs', None)
    return scenario


def _services(options, directory, files_url, cleanup):
    """Return (peer, ours or None) as the command line asks for them."""
    if options.peer:
        peer = peer_service.Running(options.peer, files_url)
    else:
        peer = peer_service.Peer(directory / 'peer', files_url)
    if options.record:
        ours = None
    elif options.itself:
        ours = peer
    elif options.ours:
        ours = peer_service.Running(options.ours, files_url)
    else:
        ours = own.Server(directory / 'ours', files_url)
    cleanup.callback(peer.forget)
    cleanup.callback(peer.stop)
    if ours not in (None, peer):
        cleanup.callback(ours.stop)
    return peer, ours


def _tell_pending():
    for scenario in scenario_file.load_pending():
        print(f'{scenario.name}: left out, {scenario.pending}')


def _by_settings(scenarios):
    def settings(scenario):
        return scenario.settings

    return itertools.groupby(sorted(scenarios, key=settings), settings)


def _each_scenario(options, scenarios, peer, ours, judge):
    bad = 0
    services = {id(one): one for one in (peer, ours) if one}.values()
    for settings, group in _by_settings(scenarios):
        for service in services:
            service.start(settings)
        for scenario in group:
            if options.record:
                bad += _record(peer, scenario)
            elif options.itself:
                bad += _compare(peer, peer, _plain(scenario), judge)
            else:
                bad += _compare(peer, ours, scenario, judge)
            sys.stdout.flush()
        for service in services:
            service.stop()
    return bad


def _personas(service):
    service.start('personas')
    table = {**matrix.play(service.transport),
             **matrix.play_create(service.transport)}
    service.stop()
    return table


def _compare_personas(peer, ours):
    theirs = _personas(peer)
    if ours is None:
        pinned.write(theirs)
        print(f'written: {pinned.PATH}')
        return 0
    found = pinned.complaints(theirs, _personas(ours), pinned.Differences())
    print('\n'.join([*found, f'{len(found)} unlisted differences']))
    return 1 if found else 0


def main(words=None):
    """Run the command; return the exit status."""
    options = _arguments(words)
    scenarios = scenario_file.load_all(options.scenarios)
    if not options.scenarios:
        _tell_pending()
    judge = comparison.Judge(
        set() if options.itself else comparison.known_anchors(),
        options.wording)
    with contextlib.ExitStack() as cleanup:
        directory = pathlib.Path(
            options.keep or cleanup.enter_context(
                tempfile.TemporaryDirectory(prefix='compare-')))
        files = process.FileServer()
        cleanup.callback(files.stop)
        peer, ours = _services(options, directory, files.url, cleanup)
        if options.personas:
            return _compare_personas(peer, ours)
        bad = _each_scenario(options, scenarios, peer, ours, judge)
    if not options.record:
        print(f'{bad} requests with unlisted differences in '
              f'{len(scenarios)} scenarios')
    return 1 if bad else 0
