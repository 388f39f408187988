# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can check: floors, rooms and sizes.

``doc/source/contributor/architecture.rst`` says why. Each rule is a function
from parsed files to complaints, so that it can be shown to complain.
"""

import ast
import dataclasses
import graphlib
import math
import pathlib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = 'glancelite'

# The room of a file is the first name under the package. A file imports only
# from rooms on lower floors, or from its own room.
FLOORS = {
    'i18n': 0, 'version': 0,
    'masking': 1, 'reports': 1,
    'exception': 1, 'conf': 1, 'policies': 1,
    'objects': 2, 'context': 2, 'logs': 2,
    'db': 3, 'stores': 3, 'policy': 3, 'notifier': 3,
    'quota': 4, 'property_protections': 4, 'fetch': 4,
    'data': 5,
    'tasks': 6, 'cache': 6,
    'service': 7,
    'deploy': 8, 'api': 8,
    'wsgi': 9, 'cmd': 9,
}

# A library, and the places (a file, or a folder with a slash) that may use it.
LIBRARY_ROOMS = {
    'webob': ('api/',),
    'sqlalchemy': ('db/',),
    'alembic': ('db/',),
    'oslo_db': ('db/',),
    'glance_store': ('stores/',),
    'eventlet': ('cmd/api.py', 'cmd/file_body.py'),
    'oslo_messaging': ('notifier.py',),
    'oslo_limit': ('quota/keystone.py',),
    'castellan': ('data/signature.py',),
    'cursive': ('data/signature.py',),
    'openstack': ('quota/keystone.py', 'cmd/transfer/session.py'),
}
# Declaring another library's options is not using the library.
LIBRARY_EXCEPTIONS = {('conf/', 'oslo_db.options')}

# oslo.limit takes its options from the global object alone.
CONF_EXCEPTIONS = ('quota/keystone.py', 'stores/kinds/cinder.py')

FORBIDDEN_NAMES = {'base', 'common', 'helper', 'helpers', 'manager', 'misc',
                   'util', 'utils'}
SPDX = '# SPDX-License-Identifier: Apache-2.0'
MOST_LINES_OF_A_FUNCTION = 60
MOST_LINES_OF_A_FILE = 450
USUAL_LINES_OF_A_FUNCTION = 30
USUAL_LINES_OF_A_FILE = 330


@dataclasses.dataclass
class Source:
    """A parsed module; ``path`` is relative to the package, with slashes."""

    path: str
    text: str

    def __post_init__(self):
        self.tree = ast.parse(self.text, self.path)

    @property
    def room(self):
        return self.path.split('/')[0].removesuffix('.py')

    @property
    def module(self):
        name = self.path.removesuffix('.py').removesuffix('/__init__')
        return f'{PACKAGE}.{name}'.replace('/', '.')

    def lines(self):
        return len(self.text.splitlines())


def read(folder):
    """Return the sources of every module under ``folder`` of the checkout."""
    top = ROOT / folder
    return [Source(path.relative_to(top).as_posix(), path.read_text())
            for path in sorted(top.rglob('*.py'))
            if path != top / '__init__.py']


def imports(source):
    """Yield (line, dotted name) of all imports, inside functions too.

    ``from a import b`` yields ``a.b``: whether b is a module is not asked.
    """
    package = source.module.split('.')
    if not source.path.endswith('__init__.py'):
        package.pop()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[:len(package) + 1 - node.level]
            start = '.'.join(above if node.level else [])
            origin = '.'.join(filter(None, (start, node.module)))
            for alias in node.names:
                yield node.lineno, f'{origin}.{alias.name}'


def _is_or_is_in(name, package):
    return name == package or name.startswith(package + '.')


def climbs(sources):
    """Complain of imports from the same floor or from one above."""
    for source in sources:
        if source.room not in FLOORS:
            yield f'{source.path}: the plan has no room {source.room}'
            continue
        for line, name in imports(source):
            if not name.startswith(PACKAGE + '.'):
                continue
            room = name.split('.')[1]
            if room == source.room or room not in FLOORS:
                continue
            if FLOORS[room] >= FLOORS[source.room]:
                yield (f'{source.path}:{line}: floor {FLOORS[source.room]} '
                       f'imports {name} of floor {FLOORS[room]}')


def library_leaks(sources):
    """Complain of libraries used outside the room that owns them."""
    for source in sources:
        for line, name in imports(source):
            allowed = LIBRARY_ROOMS.get(name.split('.')[0])
            if allowed is None or source.path.startswith(allowed):
                continue
            if any(source.path.startswith(place) and _is_or_is_in(name, part)
                   for place, part in LIBRARY_EXCEPTIONS):
                continue
            yield f'{source.path}:{line}: {name} belongs in {allowed}'


def imported_names(sources):
    """Complain where a class or function is imported instead of a module."""
    modules = {source.module for source in sources}
    for source in sources:
        for line, name in imports(source):
            origin, _, last = name.rpartition('.')
            if last == '*':
                # A package may gather what its own modules hold.
                if not (source.path.endswith('__init__.py')
                        and origin.startswith(f'{source.module}.')):
                    yield f'{source.path}:{line}: {name}'
            elif last == '_' or origin in ('', PACKAGE):
                continue
            elif name in modules:
                continue
            elif last[0].isupper() or origin.startswith(PACKAGE + '.'):
                yield f'{source.path}:{line}: {name} is not a module'


def cycles(sources):
    """Complain of modules that import each other in a circle."""
    modules = {source.module for source in sources}
    graph = {source.module: set() for source in sources}
    for source in sources:
        for _, name in imports(source):
            if name not in modules:
                name = name.rpartition('.')[0]
            if name in modules and name != source.module:
                graph[source.module].add(name)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        yield ' -> '.join(error.args[1])


def globals_and_asserts(sources):
    """Complain of the global configuration and of assert statements."""
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Assert):
                yield f'{source.path}:{node.lineno}: assert'
            elif (isinstance(node, ast.Attribute) and node.attr == 'CONF'
                    and source.path not in CONF_EXCEPTIONS):
                yield f'{source.path}:{node.lineno}: a global CONF'
        for line, name in imports(source):
            if name.endswith('.CONF'):
                yield f'{source.path}:{line}: a global CONF'


def poor_names(sources):
    """Complain of files and folders whose names say nothing."""
    for source in sources:
        names = source.path.removesuffix('.py').split('/')
        for name in FORBIDDEN_NAMES.intersection(names):
            yield f'{source.path}: {name} says nothing'


def missing_heads(sources):
    """Complain of files without the licence line or without a docstring."""
    for source in sources:
        if not source.text.startswith(SPDX + '\n'):
            yield f'{source.path}: the first line is not the licence'
        if source.tree.body and not ast.get_docstring(source.tree):
            yield f'{source.path}: no docstring'


def functions(sources):
    """Yield (where, lines) of each function, decorators left out."""
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                where = f'{source.path}:{node.lineno}: {node.name}'
                yield where, node.end_lineno - node.lineno + 1


def files(sources):
    """Yield (where, lines) of each file."""
    for source in sources:
        yield source.path, source.lines()


def too_long(sizes, most, usual):
    """Complain of each size over ``most``, and if one in ten passes usual."""
    sizes = sorted(sizes, key=lambda size: size[1])
    for where, lines in sizes:
        if lines > most:
            yield f'{where} has {lines} lines, the most is {most}'
    if sizes:
        where, lines = sizes[math.ceil(len(sizes) * 0.9) - 1]
        if lines > usual:
            yield f'one in ten has {lines} lines or more, usual is {usual}'


class TestTheHouse(unittest.TestCase):
    """The package as it stands keeps every rule."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.sources = read(PACKAGE)

    def keep(self, complaints):
        self.assertEqual([], list(complaints))

    def test_files_import_only_from_lower_floors(self):
        self.keep(climbs(self.sources))

    def test_libraries_stay_in_their_rooms(self):
        self.keep(library_leaks(self.sources))

    def test_imports_name_modules(self):
        self.keep(imported_names(self.sources))

    def test_no_modules_import_each_other_in_a_circle(self):
        self.keep(cycles(self.sources))

    def test_there_is_no_global_configuration_and_no_assert(self):
        self.keep(globals_and_asserts(self.sources))

    def test_no_file_has_a_name_that_says_nothing(self):
        self.keep(poor_names(self.sources))

    def test_files_begin_with_the_licence_and_a_docstring(self):
        self.keep(missing_heads(self.sources + read('tests')))

    def test_functions_are_short(self):
        self.keep(too_long(functions(self.sources), MOST_LINES_OF_A_FUNCTION,
                           USUAL_LINES_OF_A_FUNCTION))

    def test_files_are_short(self):
        self.keep(too_long(files(self.sources), MOST_LINES_OF_A_FILE,
                           USUAL_LINES_OF_A_FILE))


class TestTheRules(unittest.TestCase):
    """Each rule complains of what it is there to find."""

    def complaints(self, rule, *files):
        return list(rule([Source(path, text) for path, text in files]))

    def test_an_import_from_a_higher_floor_is_found_inside_a_function(self):
        found = self.complaints(climbs, (
            'db/images.py', 'def load():\n    from glancelite.api import x'))
        self.assertEqual(['db/images.py:2: floor 3 imports glancelite.api.x '
                          'of floor 8'], found)

    def test_neighbours_on_one_floor_may_not_import_each_other(self):
        for text in ('from glancelite import policy',
                     'import glancelite.stores.driver',
                     'from ..stores import driver'):
            found = self.complaints(climbs, ('db/images.py', text))
            self.assertEqual(1, len(found), text)

    def test_lower_floors_and_the_own_room_may_be_imported(self):
        self.assertEqual([], self.complaints(climbs, (
            'api/v2/images.py',
            'from glancelite import exception\n'
            'from glancelite.api import resource\n'
            'from ..schemas import images\n'
            'import os')))

    def test_a_file_in_no_room_of_the_plan_is_found(self):
        self.assertEqual(['sauna.py: the plan has no room sauna'],
                         self.complaints(climbs, ('sauna.py', '')))

    def test_a_library_outside_its_room_is_found(self):
        for path, text in (('data/upload.py', 'import webob.exc'),
                           ('api/query.py', 'from sqlalchemy import orm'),
                           ('conf/database.py', 'from oslo_db import api'),
                           ('cmd/manage.py', 'import eventlet'),
                           ('data/delete.py', 'import glance_store')):
            found = self.complaints(library_leaks, (path, text))
            self.assertEqual(1, len(found), text)

    def test_options_of_a_library_may_be_declared(self):
        self.assertEqual([], self.complaints(library_leaks, (
            'conf/__init__.py', 'from oslo_db import options')))

    def test_imported_classes_and_functions_are_found(self):
        for text in ('from webob import Request',
                     'from os.path import *',
                     'from glancelite.db.images import ImageRepository',
                     'from glancelite.db.images import load'):
            found = self.complaints(imported_names, ('api/x.py', text))
            self.assertEqual(1, len(found), text)

    def test_a_circle_is_found(self):
        self.assertEqual(1, len(self.complaints(
            cycles,
            ('db/a.py', 'from glancelite.db import b'),
            ('db/b.py', 'from glancelite.db import c'),
            ('db/c.py', 'import glancelite.db.a'))))

    def test_a_global_configuration_and_an_assert_are_found(self):
        self.assertEqual(3, len(self.complaints(
            globals_and_asserts,
            ('db/a.py', 'assert cfg.CONF'),
            ('db/b.py', 'from oslo_config.cfg import CONF'))))

    def test_names_that_say_nothing_are_found(self):
        self.assertEqual(2, len(self.complaints(
            poor_names, ('utils/x.py', ''), ('db/base.py', ''))))

    def test_a_missing_licence_and_a_missing_docstring_are_found(self):
        self.assertEqual(2, len(self.complaints(
            missing_heads, ('db/a.py', 'import os'))))

    def test_long_functions_and_files_are_found(self):
        sizes = [('short', 1)] * 8 + [('long', 31), ('longer', 61)]
        self.assertEqual(2, len(list(too_long(sizes, 60, 30))))
        self.assertEqual([], list(too_long(sizes[:-2], 60, 30)))
