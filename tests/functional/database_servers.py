# SPDX-License-Identifier: Apache-2.0
"""Database servers of a test's own, which it may kill."""
import glob
import os
import pathlib
import shutil
import signal
import subprocess

import fixtures
import pymysql

from tests.functional import application


class Server(fixtures.Fixture):
    """A database server of a test's own.

    :cvar programs: what must be there to start one.
    :ivar url: of its database.
    """

    programs = ()

    @classmethod
    def missing(cls):
        """:returns: why there can be none, or None where there can."""
        missing = [name for name in cls.programs if not shutil.which(name)]
        if missing:
            return f'There is no {" or ".join(missing)} to start.'
        return None

    def _setUp(self):
        self._folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.port = self.useFixture(application.Port()).number
        self._install()
        self.addCleanup(self.kill)
        self.start()

    def start(self):
        """Start the server, and wait until it answers."""
        self._process = self._popen()
        application.eventually(self._has_started, 'The server starts')

    def _has_started(self):
        if self._process.poll() is not None:
            raise AssertionError('The server has ended')
        return self._answers()

    def kill(self):
        """End the server as a power cut would."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _run(self, *command, check=True):
        return subprocess.run(command, check=check, **self._manner())

    def _manner(self):
        return {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL,
                'cwd': self._folder}


class MysqlServer(Server):
    """A MariaDB."""

    programs = ('mariadbd', 'mariadb-install-db', 'mariadb-admin')
    _user = 'root'

    @property
    def url(self):
        return f'mysql+pymysql://root@127.0.0.1:{self.port}/mysql'

    def _install(self):
        self._run('mariadb-install-db', '--no-defaults', '--skip-test-db',
                  '--auth-root-authentication-method=normal',
                  f'--user={self._user}', f'--datadir={self._folder}/data')

    def _popen(self):
        return subprocess.Popen(
            ['mariadbd', '--no-defaults', f'--user={self._user}',
             f'--datadir={self._folder}/data', '--bind-address=127.0.0.1',
             f'--port={self.port}', f'--socket={self._folder}/socket',
             '--innodb-buffer-pool-size=16M', '--skip-name-resolve',
             *self._options()],
            start_new_session=True, **self._manner())

    def _options(self):
        return []

    def _answers(self):
        return self._run(
            'mariadb-admin', '--no-defaults', '-u', 'root', 'ping',
            f'--socket={self._folder}/socket', check=False).returncode == 0


class GaleraNode(MysqlServer):
    """A MariaDB in a Galera cluster, which it founds, or joins.

    It does not run as root: rsync, by which one that joins gets the data,
    would then write as nobody.

    :param peer: the port where another node is found; None founds a cluster.
    :ivar group_port: where other nodes find this one.
    """

    programs = (*MysqlServer.programs, 'rsync', 'wsrep_sst_rsync')
    _user = 'mysql'
    _PROVIDERS = '/usr/lib*/galera*/libgalera_smm.so'

    def __init__(self, peer=None):
        super().__init__()
        self._peer = peer

    @classmethod
    def missing(cls):
        """:returns: why there can be none, or None where there can."""
        if not cls._provider():
            return ('There is no libgalera_smm.so to start a cluster with'
                    ' (Debian has it in galera-4).')
        return super().missing()

    @classmethod
    def _provider(cls):
        return next(iter(glob.glob(cls._PROVIDERS)), None)

    def query(self, *statements):
        """:returns: the rows of the last of ``statements``, as tuples."""
        with pymysql.connect(host='127.0.0.1', port=self.port, user='root',
                             autocommit=True) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def status(self, *names):
        """:returns: what the node tells under ``names``, as a list."""
        told = dict(self.query("SHOW GLOBAL STATUS LIKE 'wsrep%'"))
        return [told[name] for name in names]

    def _install(self):
        (self._folder / 'data').mkdir()
        if os.geteuid() == 0:
            for folder in (self._folder, self._folder / 'data'):
                shutil.chown(folder, self._user)
        self.group_port, self._transfer_port, self._dump_port = (
            self.useFixture(application.Port()).number for _each in range(3))
        if not self._peer:
            super()._install()

    def _options(self):
        found = f'127.0.0.1:{self._peer}' if self._peer else ''
        provider = {
            'base_dir': f'{self._folder}/data', 'gcache.size': '8M',
            'gmcast.listen_addr': f'tcp://127.0.0.1:{self.group_port}',
            'ist.recv_addr': f'127.0.0.1:{self._transfer_port}'}
        return ['--binlog-format=ROW', '--innodb-autoinc-lock-mode=2',
                '--wsrep-on=ON', f'--wsrep-provider={self._provider()}',
                f'--wsrep-cluster-address=gcomm://{found}',
                f'--wsrep-node-address=127.0.0.1:{self.group_port}',
                '--wsrep-sst-method=rsync',
                f'--wsrep-sst-receive-address=127.0.0.1:{self._dump_port}',
                '--wsrep-provider-options=' + ';'.join(
                    f'{name}={value}' for name, value in provider.items())]

    def _answers(self):
        if not super()._answers():
            return False
        return self.status('wsrep_ready', 'wsrep_local_state_comment') == [
            'ON', 'Synced']

    def _manner(self):
        account = {'user': self._user, 'group': self._user,
                   'extra_groups': []} if os.geteuid() == 0 else {}
        return {**super()._manner(), **account}


def _postgresql(program):
    """:returns: the path of a program that Debian keeps out of the path."""
    found = shutil.which(program) or glob.glob(
        f'/usr/lib/postgresql/*/bin/{program}')
    return found if isinstance(found, str) else ''.join(found[-1:])


class PostgresqlServer(Server):
    """A PostgreSQL, which does not run as root."""

    programs = tuple(map(_postgresql, ('initdb', 'postgres', 'pg_isready')))

    @property
    def url(self):
        return f'postgresql+psycopg2://postgres@127.0.0.1:{self.port}/postgres'

    def _install(self):
        if self._account():
            shutil.chown(self._folder, 'postgres')
        initdb, _postgres, _ready = self.programs
        self._run(initdb, '--no-sync', '--auth=trust', '-U', 'postgres',
                  '--encoding=UTF8', '-D', f'{self._folder}/data')

    def _popen(self):
        return subprocess.Popen(
            [self.programs[1], '-D', f'{self._folder}/data', '-p',
             str(self.port), '-h', '127.0.0.1', '-k', str(self._folder)],
            start_new_session=True, **self._manner())

    def _answers(self):
        return self._run(self.programs[2], '-h', '127.0.0.1', '-p',
                         str(self.port), check=False).returncode == 0

    def _account(self):
        return {'user': 'postgres', 'group': 'postgres',
                'extra_groups': []} if os.geteuid() == 0 else {}

    def _manner(self):
        return {**super()._manner(), **self._account()}
