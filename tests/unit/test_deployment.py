# SPDX-License-Identifier: Apache-2.0
"""The files in etc/ that other programs read, as these programs see them."""
import configparser
import grp
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ETC = ROOT / 'etc'
UNITS = sorted((ETC / 'systemd').glob('*.service'))


def run(*command):
    """:returns: exit code, and what the command printed."""
    ended = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
    return ended.returncode, ended.stdout


class TestUnits(unittest.TestCase):

    def test_each_starts_a_program_that_is_there(self):
        settings = configparser.ConfigParser()
        settings.read(ROOT / 'setup.cfg')
        scripts = settings['entry_points']['console_scripts']
        ours = set(re.findall(r'^(\S+) =', scripts, re.MULTILINE))
        found = [re.search(r'^ExecStart=/opt/glancelite/bin/(\S+)',
                           unit.read_text(), re.MULTILINE).group(1)
                 for unit in UNITS]
        self.assertEqual({'glancelite-api', 'glancelite-worker', 'gunicorn',
                          'uwsgi'}, set(found))
        self.assertLessEqual(set(found) - {'gunicorn', 'uwsgi'}, ours)

    @unittest.skipUnless(shutil.which('systemd-analyze'), 'no systemd')
    def test_systemd_takes_them(self):
        with tempfile.TemporaryDirectory() as folder:
            copies = [pathlib.Path(folder, unit.name) for unit in UNITS]
            for unit, copy in zip(UNITS, copies):
                copy.write_text(re.sub(r'/opt/glancelite/bin/\S+',
                                       sys.executable, unit.read_text()))
            status, said = run('systemd-analyze', 'verify', '--man=no',
                               *map(str, copies))
        # It also complains of units that are there already.
        ours = [line for line in said.splitlines() if 'glancelite' in line]
        self.assertEqual([], ours)
        self.assertEqual(0, status, said)


class TestApache(unittest.TestCase):

    def test_the_service_has_the_account_and_group_of_its_files(self):
        site = (ETC / 'apache2/glancelite.conf').read_text()
        daemon = re.search(r'^ *WSGIDaemonProcess(?:.*\\\n)*.*', site,
                           re.MULTILINE).group()
        for option in ('user=${GLANCELITE_USER}',
                       'group=${GLANCELITE_USER_GROUP}'):
            self.assertIn(option, daemon.split())


class TestGuide(unittest.TestCase):
    """What the pages on installation name is there."""

    def setUp(self):
        self.pages = ''.join(
            page.read_text()
            for page in (ROOT / 'doc/source/install').glob('*.rst'))

    def test_each_file_that_is_named(self):
        named = set(re.findall(r'(?<![\w/])etc/[\w./*-]*\w', self.pages))
        self.assertIn('etc/apache2/glancelite.conf', named)
        for path in named:
            self.assertTrue((ROOT / path).exists(), path)

    def test_each_variable_of_the_site(self):
        site = (ETC / 'apache2/glancelite.conf').read_text()
        named = set(re.findall('GLANCELITE_[A-Z_]+', (
            ROOT / 'doc/source/install/apache.rst').read_text()))
        named = {name for name in named
                 if f'OS_{name}' not in self.pages}
        self.assertIn('GLANCELITE_TLS', named)
        for name in named:
            self.assertIn(name, site)

    def test_each_program(self):
        settings = configparser.ConfigParser()
        settings.read(ROOT / 'setup.cfg')
        scripts = settings['entry_points']['console_scripts']
        named = set(re.findall(r'(?m)^ +[$#] (?:\w+=\S+ )*(glancelite[\w-]*)',
                               self.pages))
        self.assertIn('glancelite-manage', named)
        for name in named:
            self.assertIn(f'\n{name} = ', scripts)


class TestLogrotate(unittest.TestCase):

    @unittest.skipUnless(shutil.which('logrotate'), 'no logrotate')
    def test_logs_are_emptied_in_their_place(self):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder, 'glancelite-api.log')
            account = (f'su {pwd.getpwuid(os.getuid()).pw_name} '
                       f'{grp.getgrgid(os.getgid()).gr_name}')
            file = pathlib.Path(folder, 'logrotate')
            file.write_text((ETC / 'logrotate/glancelite').read_text()
                            .replace('/var/log/glancelite', folder)
                            .replace('su glance glance', account))
            file.chmod(0o644)
            with open(log, 'a') as writer:
                writer.write('before\n')
                writer.flush()
                status, said = run('logrotate', '--force', '--state',
                                   f'{folder}/state', str(file))
                self.assertEqual(0, status, said)
                writer.write('after\n')
            self.assertEqual('after\n', log.read_text())
            self.assertEqual('before\n', pathlib.Path(
                folder, 'glancelite-api.log.1').read_text())


class TestContainerfile(unittest.TestCase):

    def test_it_installs_what_is_there(self):
        text = (ETC / 'container/Containerfile').read_text()
        for source in re.findall(r'^COPY (?!--from)(\S+)', text,
                                 re.MULTILINE):
            self.assertTrue((ROOT / source).exists(), source)
        settings = configparser.ConfigParser()
        settings.read(ROOT / 'setup.cfg')
        extras = re.search(r"'\.\[(.*)\]'", text).group(1).split(',')
        self.assertLessEqual(set(extras), set(settings['extras']))
