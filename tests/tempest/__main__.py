# SPDX-License-Identifier: Apache-2.0
"""Starts Keystone and the service, and runs Tempest's image API tests.

Exit code 0 says that some tests passed, and none failed.
"""
import argparse
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from tests.cloud import identity
from tests.cloud import service
from tests.servers import kinds
from tests.tempest import profiles
from tests.tempest import report
from tests.tempest import samples

_ROOT = pathlib.Path(__file__).parents[2]
_EXCLUDED = pathlib.Path(__file__).with_name('excluded.txt')
_METADEFS = pathlib.Path(__file__).with_name('metadefs')
_STESTR = [sys.executable, '-m', 'stestr', '--test-path', 'tests/tempest',
           '--group_regex', r'([^\.]+\.)+']


def main():
    """:returns: the exit code."""
    options = _parser().parse_args()
    reason = kinds.SERVERS[options.server].missing()
    if reason:
        print(reason, file=sys.stderr)
        return 2
    passed = [_run(profile, options)
              for profile in options.profile or profiles.PROFILES]
    return 0 if all(passed) else 1


def _parser():
    parser = argparse.ArgumentParser(
        prog='python -m tests.tempest',
        description=__doc__.partition('\n')[0])
    parser.add_argument('regex', nargs='?', default='',
                        help='only tests whose names match')
    parser.add_argument(
        '--profile', action='append', choices=profiles.PROFILES,
        help='may be repeated; by default all, one after the other')
    parser.add_argument('--server', choices=kinds.SERVERS,
                        default='mod_wsgi', help='(mod_wsgi)')
    parser.add_argument('--alone', action='store_true',
                        help='without a second service')
    parser.add_argument('--concurrency', default='2',
                        help='processes that run tests (2)')
    parser.add_argument('--keep', type=pathlib.Path, metavar='FOLDER',
                        help="copy the service's log to this folder")
    return parser


def _run(profile, options):
    """:returns: whether the tests of a profile passed."""
    with contextlib.ExitStack() as stack:
        keystone = stack.enter_context(identity.Keystone())
        here = stack.enter_context(service.CloudService(
            keystone, options.server, **profiles.service_options(profile)))
        keystone.point('image', here.url)
        _load_metadefs(here)
        if not options.alone:
            remote = stack.enter_context(service.CloudService(
                keystone, options.server, here,
                **profiles.service_options(profile, here.folder)))
            keystone.point('image_remote', remote.url)
        files = stack.enter_context(samples.Samples())
        folder = pathlib.Path(stack.enter_context(
            tempfile.TemporaryDirectory()))
        (folder / 'tempest.conf').write_text(profiles.tempest_conf(
            profile, keystone, files, folder, not options.alone))
        began = time.monotonic()
        results = _tempest(folder, options)
        seconds = time.monotonic() - began
        if options.keep:
            _keep(here.log, options.keep / f'{profile}.log')
    print(f'{profile}, {seconds:.0f} s: ', end='')
    return report.tell(results)


def _load_metadefs(here):
    """Make resource types known, as operators do."""
    subprocess.run(
        [sys.executable, '-m', 'glancelite.cmd.manage', '--config-file',
         str(here.configuration), 'db', 'load_metadefs', '--path',
         str(_METADEFS)], cwd=_ROOT, check=True, stdin=subprocess.DEVNULL)


def _tempest(folder, options):
    """:returns: the results, a subunit stream."""
    stestr = [*_STESTR, '--repo-url', str(folder)]
    environment = {**os.environ, 'TEMPEST_CONFIG_DIR': str(folder),
                   'TEMPEST_CONFIG': 'tempest.conf', 'HOME': str(folder)}
    subprocess.run(
        [*stestr, 'run', '--concurrency', options.concurrency,
         '--exclude-list', str(_EXCLUDED),
         rf'^tempest\.api\.image.*{options.regex}'],
        cwd=_ROOT, env=environment, stdin=subprocess.DEVNULL)
    return subprocess.run([*stestr, 'last', '--subunit'], cwd=_ROOT,
                          env=environment, stdout=subprocess.PIPE).stdout


def _keep(log, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(log.read_bytes())


if __name__ == '__main__':
    sys.exit(main())
