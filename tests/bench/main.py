# SPDX-License-Identifier: Apache-2.0
"""The command tools/bench: measures glancelite, and a peer beside it."""
import argparse
import json
import pathlib
import sys

from tests.bench import catalogue
from tests.bench import data
from tests.bench import document
from tests.bench import encoders
from tests.bench import growth
from tests.bench import imports
from tests.bench import table


def _parser():
    parser = argparse.ArgumentParser(
        prog='tools/bench', description=__doc__.partition('\n')[0])
    commands = parser.add_subparsers(dest='command', required=True)
    _add_catalogue(commands)
    _add_growth(commands)
    _add_data(commands)
    _add_imports(commands)
    commands.add_parser(
        'encoders', help='libraries that write JSON').add_argument(
        '--save', metavar='FILE', type=pathlib.Path,
        help='keep the results, as JSON')
    document_parser = commands.add_parser(
        'document', help='put saved results into the documentation')
    document_parser.add_argument('results', nargs='+', type=pathlib.Path)
    document_parser.add_argument(
        '--growth', metavar='FILE', type=pathlib.Path,
        help='a run of growth, whose times tell how requests grow with the '
             'catalogue: asked by turns they have less noise')
    return parser


def _add_catalogue(commands):
    parser = commands.add_parser(
        'catalogue', help='requests on a catalogue of images')
    parser.add_argument(
        'database', help='URL of a database, as SQLAlchemy has it; it is '
        'filled with images, and must be empty, of Glance and adopted, or '
        f'from an earlier run. {catalogue.SIZE} in it, and in the command '
        'of the peer, stands for the number of images: one database for each')
    parser.add_argument(
        '--sizes', type=_sizes, default=[1000, 10_000, 100_000],
        metavar='N,N', help='images in the catalogue, ascending '
        '(1000,10000,100000)')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--seconds', type=float, default=.6,
                        help='of a round (0.6)')
    parser.add_argument('--starts', type=int, default=3,
                        help='times that each service is started (3)')
    parser.add_argument('--only', action='append', metavar='WORD',
                        help='requests whose title has it')
    parser.add_argument('--configuration', type=pathlib.Path, metavar='FILE',
                        help='options that glancelite has besides')
    parser.add_argument('--token', help='of an administrator, for the '
                        'flavor keystone')
    parser.add_argument('--suffix', default='', metavar='TEXT',
                        help='what titles have at their ends, to tell '
                        'measurements with other options apart')
    _add_peer(parser)


def _add_growth(commands):
    parser = commands.add_parser(
        'growth', help='requests on catalogues of several sizes by turns')
    parser.add_argument('database', help='as of catalogue')
    parser.add_argument('--sizes', type=_sizes, default=[1000, 1_000_000],
                        metavar='N,N', help='images (1000,1000000)')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--seconds', type=float, default=.2,
                        help='of a round (0.2)')
    parser.add_argument('--only', action='append', metavar='WORD',
                        help='requests whose title has it')
    parser.add_argument('--save', metavar='FILE', type=pathlib.Path,
                        help='keep the results, as JSON')


def _add_data(commands):
    parser = commands.add_parser('data', help='uploads and downloads')
    parser.add_argument('--size', type=_bytes, default=1 << 30,
                        help='bytes that are moved; K, M and G may stand '
                        'after a number (1G)')
    parser.add_argument('--at-once', type=int, default=8,
                        help='transfers among which they are divided (8)')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--folder', help='where everything is written')
    parser.add_argument('--server', action='append', dest='servers',
                        choices=data.SERVERS,
                        help='may be repeated; by default all of them')
    _add_peer(parser)


def _add_imports(commands):
    parser = commands.add_parser(
        'imports', help='imports to one store and to three')
    parser.add_argument('--size', type=_bytes, default=1 << 30,
                        help='bytes of an image; K, M and G may stand after '
                        'a number (1G)')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--folder', help='where everything is written')
    parser.add_argument('--stores', nargs=3, metavar='FOLDER',
                        help='where the stores are, if not there')
    parser.add_argument('--save', metavar='FILE', type=pathlib.Path,
                        help='keep the results, as JSON')


def _add_peer(parser):
    parser.add_argument(
        '--peer', metavar='URL', help='another image service on the same '
        'database, on this machine, that trusts identity headers')
    parser.add_argument(
        '--peer-command', metavar='COMMAND', help='what starts it; without, '
        'it runs already')
    parser.add_argument('--save', metavar='FILE', type=pathlib.Path,
                        help='keep the results, as JSON')


def _bytes(text):
    unit = {'K': 10, 'M': 20, 'G': 30}.get(text[-1:].upper())
    return int(text[:-1]) << unit if unit else int(text)


def _sizes(text):
    return sorted(int(float(each)) for each in text.split(','))


def _print_catalogue(results):
    for size, each in results['sizes'].items():
        print(f'\n{int(size):,} images\n')
        print(*table.plain(*table.of_catalogue(each)), sep='\n')
    if len(results['sizes']) > 1:
        print()
        print(*table.plain(*table.of_growth(results['sizes'])), sep='\n')
    for of in (table.of_floor, table.of_processes):
        print()
        print(*table.plain(*of(results)), sep='\n')


def _print_growth(results):
    print(*table.plain(*table.of_growth(results['sizes'])), sep='\n')


def _print_data(results):
    for name, reason in results['missing'].items():
        print(f'{name}: left out, {reason}')
    print('congestion control:', results['congestion_control'])
    print(*table.plain(*table.of_data(results)), sep='\n')


def _print_imports(results):
    print(*table.plain(*imports.of_imports(results)), sep='\n')


def _print_encoders(results):
    print(*table.plain(*encoders.of_encoders(results)), sep='\n')


_COMMANDS = {'catalogue': (catalogue.run, _print_catalogue),
             'growth': (growth.run, _print_growth),
             'data': (data.run, _print_data),
             'imports': (imports.run, _print_imports),
             'encoders': (encoders.run, _print_encoders)}


def main(arguments=None):
    """The command. :returns: the exit status."""
    options = _parser().parse_args(arguments)
    if options.command == 'document':
        document.write(options)
        return 0
    run, show = _COMMANDS[options.command]
    results = run(options)
    show(results)
    if options.save:
        options.save.write_text(json.dumps(results, indent=1) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
