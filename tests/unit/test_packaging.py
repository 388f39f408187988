# SPDX-License-Identifier: Apache-2.0
"""The lists of dependencies agree with each other, and with the code."""

import configparser
import importlib.metadata
import pathlib
import re
import subprocess
import sys
import unittest

from tests.unit import test_floors

ROOT = pathlib.Path(__file__).resolve().parents[2]
LISTS = ('requirements.txt', 'test-requirements.txt', 'doc/requirements.txt')

#: Modules that are loaded only where something is that an extra names.
OF_EXTRAS = {'db/pymysql_connection.py': 'mysql'}


def canonical(name):
    """Return a project's name as PEP 503 spells it."""
    return re.sub(r'[-_.]+', '-', name).lower()


def versions(text, operator):
    """Return the versions that follow ``operator``, by project."""
    found = re.findall(rf'^([\w.-]+){operator}([\w.]+)', text, re.MULTILINE)
    return {canonical(name): version for name, version in found}


def ordered(version):
    return [int(part) for part in re.findall(r'\d+', version)]


class TestTheLists(unittest.TestCase):

    def setUp(self):
        super().setUp()
        self.pinned = versions((ROOT / 'constraints.txt').read_text(), '==')
        self.settings = configparser.ConfigParser()
        self.settings.read(ROOT / 'setup.cfg')

    def test_each_lower_bound_admits_the_pinned_version(self):
        extras = '\n'.join(self.settings['extras'].values())
        lists = [(ROOT / name).read_text() for name in LISTS]
        for text in (*lists, extras):
            for name, bound in versions(text, '>=').items():
                self.assertIn(name, self.pinned)
                self.assertGreaterEqual(ordered(self.pinned[name]),
                                        ordered(bound), name)

    def test_no_pin_names_a_place_instead_of_a_version(self):
        for line in (ROOT / 'constraints.txt').read_text().splitlines():
            if not line.startswith('#'):
                self.assertRegex(line, r'^[\w.-]+==[\w.]+$')

    def test_the_hooks_use_the_pinned_versions(self):
        hooks = (ROOT / '.pre-commit-config.yaml').read_text()
        used = re.findall(r'dependencies: \[([\w-]+)==([\w.]+)\]', hooks)
        self.assertEqual(3, len(used))
        for name, version in used:
            self.assertEqual(self.pinned[name], version)

    def test_what_the_package_imports_is_required(self):
        owners = importlib.metadata.packages_distributions()
        required = versions((ROOT / 'requirements.txt').read_text(), '>=')
        for source in test_floors.read('glancelite'):
            extra = self.settings.get(
                'extras', OF_EXTRAS.get(source.path, ''), fallback='')
            required_here = required | versions(extra, '>=')
            for line, name in test_floors.imports(source):
                top = name.split('.')[0]
                if top in sys.stdlib_module_names or top == 'glancelite':
                    continue
                projects = {canonical(owner) for owner in owners[top]}
                self.assertTrue(projects & required_here.keys(),
                                f'{source.path}:{line}: {name}')

    def test_entry_points_name_what_is_there(self):
        points = []
        for lines in self.settings['entry_points'].values():
            points += [line.partition('=')[2].strip()
                       for line in lines.strip().split('\n')]
        # In a process of its own: the server's command changes its process.
        subprocess.run(
            [sys.executable, '-c', _LOAD, *points], check=True, cwd=ROOT)


_LOAD = """
import importlib.metadata, sys
for value in sys.argv[1:]:
    point = importlib.metadata.EntryPoint('any', value, 'any')
    if not callable(point.load()):
        sys.exit(value)
"""
