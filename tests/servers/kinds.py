# SPDX-License-Identifier: Apache-2.0
"""The WSGI servers, each started from the configuration that etc/ ships.

Of what is shipped only the address is changed, and where the service finds
its configuration.
"""
import grp
import importlib.util
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import sysconfig

from tests import nursery

_ROOT = pathlib.Path(__file__).parents[2]
_ETC = _ROOT / 'etc'
_SHIPPED_ADDRESS = '127.0.0.1:9292'

APACHE_MODULES = pathlib.Path('/usr/lib/apache2/modules')
SENDFILE_MODULE = APACHE_MODULES / 'mod_xsendfile.so'

_APACHE = '''
ServerName localhost
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/httpd.pid
Mutex file:{folder} default
ErrorLog {log}
StartServers 2
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule env_module {modules}/mod_env.so
LoadModule reqtimeout_module {modules}/mod_reqtimeout.so
LoadModule wsgi_module {modules}/mod_wsgi.so
{defines}
Include {etc}/apache2/glancelite.conf
'''


class Server:
    """How one server is started.

    :ivar holds_bodies: whether it hands over whole bodies alone, so that
        nothing can be refused before it was sent.
    :ivar answers_for_others: whether the application may still be at work
        when a client who went away in mid-body has its answer.
    :ivar keeps_back: how many of the last bytes of a body that is cut never
        come to the application.
    :ivar hides_connections: whether the application cannot get at the
        connection of a request.
    :ivar parses_chunks: whether it reads chunk extensions, and tells what is
        no chunk from the end.
    """

    holds_bodies = False
    hides_connections = False
    parses_chunks = True
    answers_for_others = False
    keeps_back = 0

    #: Variables of the server's environment.
    environment = {}

    def missing(self):
        """:returns: why the server cannot be started here, or None."""

    def command(self, served):
        """:returns: the command that serves ``served``."""

    def start(self, served, **how):
        """:returns: the server, started as ``subprocess.Popen`` is told."""
        return subprocess.Popen(self.command(served), cwd=_ROOT, **how)


class Eventlet(Server):
    """glancelite-api."""

    def command(self, served):
        return [sys.executable, '-m', 'glancelite.cmd.api', '--config-file',
                str(served.configuration)]


class Forked(Eventlet):
    """glancelite-api, without the time that it takes to load."""

    def start(self, served, **how):
        return nursery.start('api', '--config-file', served.configuration,
                             **how)


class Module(Server):
    """A server that is a Python package."""

    package = None

    def missing(self):
        if importlib.util.find_spec(self.package) is None:
            return f'{self.package} is not installed'
        return None


class Gunicorn(Module):
    package = 'gunicorn'

    def command(self, served):
        return [sys.executable, '-m', 'gunicorn', '-c',
                str(_ETC / 'gunicorn' / 'glancelite.py'),
                '--no-control-socket', '-b', served.address]


class Waitress(Module):
    package = 'waitress'
    holds_bodies = True
    hides_connections = True

    def command(self, served):
        return [sys.executable, str(_ETC / 'waitress' / 'serve.py'),
                served.address]


class Uwsgi(Server):
    parses_chunks = False
    # Of a read that is cut, what had come of it is lost with the error.
    keeps_back = 256 * 1024

    def __init__(self):
        beside = pathlib.Path(sys.executable).parent / 'uwsgi'
        self._program = (str(beside) if beside.exists()
                         else shutil.which('uwsgi'))

    def missing(self):
        return None if self._program else 'uwsgi is not installed'

    def command(self, served):
        ini = served.folder / 'uwsgi.ini'
        shipped = (_ETC / 'uwsgi' / 'glancelite.ini').read_text()
        ini.write_text(shipped.replace(_SHIPPED_ADDRESS, served.address))
        return [self._program, '--ini', str(ini)]


class ModWsgi(Server):
    """Apache httpd with mod_wsgi, which brings its own Python.

    The service runs in processes of its own.
    """

    #: Whether httpd sends files by itself, if it has the module for that.
    sends_files = SENDFILE_MODULE.exists()

    # httpd asks for a body before it hands the request to these.
    holds_bodies = True
    hides_connections = True
    answers_for_others = True
    # What it has read, and not sent on yet.
    keeps_back = 64 * 1024

    # The Python of mod_wsgi takes its standard library from beside the first
    # python3 it finds, which may not be a virtual environment's.
    environment = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin'}

    def missing(self):
        module = APACHE_MODULES / 'mod_wsgi.so'
        if not shutil.which('apache2') or not module.exists():
            return 'apache2 with mod_wsgi is not installed'
        version = '{}.{}'.format(*sys.version_info)
        found = re.search(r'-(\d+\.\d+)$', os.path.realpath(module))
        if found and found.group(1) != version:
            return f'mod_wsgi is for Python {found.group(1)}, not {version}'
        if os.getuid() == 0 and not shutil.which('setpriv'):
            return 'apache2 does not run as root, and setpriv is missing'
        return None

    def configuration(self, served):
        """:returns: httpd's configuration."""
        return _APACHE.format(
            folder=served.folder, log=served.log, modules=APACHE_MODULES,
            etc=_ETC, defines='\n'.join(self.settings(served)))

    def settings(self, served):
        """Yield what the configuration has before it includes ours."""
        account = pwd.getpwuid(os.getuid() or pwd.getpwnam('www-data').pw_uid)
        yield f'Define GLANCELITE_PORT {served.address.rpartition(":")[2]}'
        yield f'Define GLANCELITE_PACKAGE {_ROOT}/glancelite'
        yield f'Define GLANCELITE_PYTHON python-path={self.path}'
        yield f'Define GLANCELITE_USER {account.pw_name}'
        group = grp.getgrgid(account.pw_gid).gr_name
        yield f'Define GLANCELITE_USER_GROUP {group}'
        yield f'Define GLANCELITE_IMAGES {served.store}'
        if self.sends_files:
            yield f'LoadModule xsendfile_module {SENDFILE_MODULE}'

    @property
    def path(self):
        """:returns: where modules of Python are."""
        return f'{_ROOT}:{sysconfig.get_path("purelib")}'

    def command(self, served):
        httpd = served.folder / 'httpd.conf'
        httpd.write_text(self.configuration(served))
        command = ['apache2', '-DFOREGROUND', '-f', str(httpd)]
        if os.getuid():
            return command
        # Another user, who has the folder, and may still read the checkout.
        for path in (served.folder, *served.folder.rglob('*')):
            shutil.chown(path, 'www-data')
        return ['setpriv', '--reuid=www-data', '--regid=www-data',
                '--clear-groups',
                '--inh-caps=+dac_read_search,+dac_override',
                '--ambient-caps=+dac_read_search,+dac_override', *command]


class EmbeddedModWsgi(ModWsgi):
    """Apache httpd, whose own processes run the service."""

    holds_bodies = False
    answers_for_others = False
    keeps_back = 0

    def settings(self, served):
        yield from super().settings(served)
        yield 'Define GLANCELITE_EMBEDDED'
        yield f'WSGIPythonPath {self.path}'


SERVERS = {'eventlet': Eventlet(), 'mod_wsgi': ModWsgi(),
           'mod_wsgi_embedded': EmbeddedModWsgi(), 'uwsgi': Uwsgi(),
           'gunicorn': Gunicorn(), 'waitress': Waitress()}
