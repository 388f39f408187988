# SPDX-License-Identifier: Apache-2.0
"""One service under attack, and what must be true of it afterwards."""
import dataclasses
import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.parse

import sqlalchemy
from sqlalchemy import exc

from tests import databases
from tests import nursery
from tests.crash import faults
from tests.functional import application

TTL = 3
SWEEP = 1

#: Seconds within which a crash must be undone: a lease runs out, a sweep
#: comes, and a machine busy with other tests does it.
BOUND = TTL + SWEEP + 20

#: Ways to serve: the standalone server, and one with native threads.
SERVERS = ('eventlet', 'gunicorn')

#: Statuses that say that somebody is at work. What is staged is uploading
#: and waits for its import; whoever is staging it has a lease.
_TRANSIENT = ('saving', 'importing')


#: A database server that others use has no connection left, and says so.
_NO_CONNECTION = ('Too many connections', 'too many clients',
                  'remaining connection slots')


def _refused(problems):
    """:returns: whether a database server had no connection for us."""
    return any(said in str(problems) for said in _NO_CONNECTION)


def digest(data):
    """:returns: what ``os_hash_value`` has to be."""
    return hashlib.sha512(data).hexdigest()


@dataclasses.dataclass
class Expectation:
    """What is known of one image from the answers of the service.

    :ivar sent: digests of all data that was sent for it.
    :ivar kept: digest of the data that was acknowledged, or None.
    :ivar deletion: None, 'tried' or 'acknowledged'.
    """

    sent: set = dataclasses.field(default_factory=set)
    kept: str = None
    deletion: str = None


class Arena(application.Application):
    """A service that is started with faults in it.

    :param server: one of ``SERVERS``.
    :param backend: one of ``databases.BACKENDS``.
    :param beside: an arena whose database and store this one uses.
    :ivar expectations: by id of image.
    :cvar bound: seconds within which a crash must be undone.
    """

    bound = BOUND

    def __init__(self, server='eventlet', backend='sqlite', beside=None,
                 **options):
        super().__init__('eventlet', **{
            'lease': {'ttl': TTL, 'sweep_interval': SWEEP}, **options})
        self._serves = server
        self.backend = backend
        self._beside = beside
        self.expectations = beside.expectations if beside else {}
        self._checked = set()
        self._orders = 0

    def _setUp(self):
        super()._setUp()
        if self._beside:
            self.client.personas = self._beside.client.personas
        self._engine = sqlalchemy.create_engine(
            self.database, poolclass=sqlalchemy.NullPool)

    def _defaults(self):
        return {**super()._defaults(),
                'node_staging_uri': f'file://{self.staging}',
                'task': {'poll_interval': 1,
                         'work_dir': self._home / 'work',
                         'drain_file': self.folder / 'drain'}}

    @property
    def _home(self):
        """:returns: the folder that all services of one host share."""
        return (self._beside or self).folder

    @property
    def folders(self):
        """:returns: every folder that may hold bytes."""
        return [self.store, self.staging, self._home / 'work']

    def _database(self):
        self.staging = self.folder / 'staging'
        self.staging.mkdir()
        self.control = self.folder / 'control'
        self.control.mkdir()
        if self._beside:
            self.store = self._beside.store
            self.staging = self._beside.staging
            return self._beside.database
        return self.useFixture(databases.Database(self.backend)).url

    def run_server(self):
        """:returns: the started server, as a ``Popen``."""
        environment = {
            **os.environ, faults.CONTROL: str(self.control),
            faults.DATABASE: self.database,
            'OS_GLANCELITE_CONFIG_FILES': str(self.configuration)}
        with open(self.log, 'ab') as log:
            if self._serves == 'eventlet':
                return nursery.start(
                    'tests.crash.server', '--config-file',
                    self.configuration, stdout=log, stderr=log,
                    env=environment)
            return subprocess.Popen(
                [sys.executable, '-m', 'gunicorn', '--worker-class',
                 'gthread', '--threads', '8', '--workers', '1', '--timeout',
                 '600', '--bind', f'127.0.0.1:{self._port.number}',
                 'tests.crash.gunicorn_application'], cwd=application.ROOT,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment)

    def order(self, step, action, time=1, **more):
        """Have ``action`` done the ``time``-th time ``step`` is reached."""
        (self.control / 'fired').unlink(missing_ok=True)
        new = self.control / 'new'
        self._orders += 1
        # An order like the one before is another one.
        new.write_text(json.dumps({
            'step': step, 'action': action, 'time': time,
            'number': self._orders, **more}))
        new.rename(self.control / 'armed')

    def fired(self):
        """:returns: the pid in which the order was carried out, or None."""
        try:
            return json.loads((self.control / 'fired').read_text())['pid']
        except FileNotFoundError:
            return None

    def withdraw(self):
        """Take the order back; who is held goes on.

        :returns: whether it had been carried out.
        """
        (self.control / 'armed').unlink(missing_ok=True)
        fired = self.fired() is not None
        (self.control / 'fired').unlink(missing_ok=True)
        return fired

    def record(self):
        """Write down from now on which steps are reached."""
        (self.control / 'trace').write_text('')

    def recorded(self):
        """:returns: the steps reached, in order; the record ends."""
        trace = self.control / 'trace'
        steps = trace.read_text().split('\n')[:-1]
        trace.unlink()
        return steps

    def take_tasks(self, wanted):
        """Take tasks from now on, or leave them to another service."""
        drain = self.folder / 'drain'
        if wanted:
            drain.unlink(missing_ok=True)
        else:
            drain.touch()

    def kill(self, everything=False):
        """Kill the workers, or all processes of the service."""
        victims = self.workers()
        if everything:
            self.process.kill()
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def revive(self):
        """Start the service if its parent process is dead.

        :returns: the moment from which on it can recover anything, if it was
            dead; by the monotonic clock.
        """
        if self.process.poll() is None:
            return 0
        deadline = time.monotonic() + application.PATIENCE
        while self.process.poll() is not None:
            try:
                self.start()
            except AssertionError:
                # A worker that has not yet noticed has the port still.
                if time.monotonic() > deadline:
                    raise
        return time.monotonic()

    def eventually(self, condition, what):
        """:returns: the first true value of ``condition()``.

        :raises AssertionError: there is none within the bound of a service
            that is there; what it takes to start it does not count.
        """
        deadline = time.monotonic() + self.bound
        while True:
            deadline = max(deadline, self.revive() + self.bound)
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f'{what}: not within {self.bound} s')
            time.sleep(0.02)

    def ask(self, method, *args, **kwargs):
        """:returns: the answer to a request, or None when there was none.

        :param method: of the client: 'upload', 'request' and so on.
        """
        try:
            return getattr(self.client, method)(*args, **kwargs)
        except (http.client.HTTPException, ConnectionError):
            return None

    def patiently(self, method, *args, **kwargs):
        """:returns: the answer to a request, sent until there is one."""
        def answer():
            self.revive()
            return self.ask(method, *args, **kwargs)
        return application.eventually(answer, f'{method} is answered')

    def settle(self):
        """Wait until nothing is left to recover, and check everything.

        :raises AssertionError: something was lost, or is stuck.
        """
        self.withdraw()
        deadline = time.monotonic() + self.bound
        last = time.monotonic() + 10 * self.bound
        while problems := self._unsettled():
            deadline = max(deadline, self.revive() + self.bound)
            if _refused(problems):
                # Nobody can recover anything meanwhile.
                deadline = min(last, time.monotonic() + self.bound)
            if time.monotonic() > deadline:
                raise AssertionError(
                    f'not settled within {self.bound} s: {problems}\n'
                    f'{self.log_text()[-6000:]}')
            time.sleep(0.1)
        for image_id in self.expectations.keys() - self._checked:
            self._check(image_id)
            self._checked.add(image_id)

    def audit(self):
        """Settle, and check every image that there ever was once more."""
        self._checked.clear()
        self.settle()

    def held(self):
        """:returns: whether there is any lease."""
        try:
            return bool(*self._query('SELECT 1 FROM image_leases'))
        except exc.OperationalError:
            # SQLite is locked, for whatever reason.
            return True

    def _query(self, *texts):
        """:returns: the rows of each statement."""
        with self._engine.connect() as connection:
            return [connection.execute(sqlalchemy.text(text)).all()
                    for text in texts]

    def _unsettled(self):
        """:returns: what is in transient status, held or without record."""
        try:
            statuses, leases, urls, locks = self._query(
                'SELECT id, status FROM images WHERE NOT deleted',
                'SELECT image_id, purpose FROM image_leases',
                'SELECT value FROM image_locations WHERE NOT deleted',
                'SELECT image_id, name FROM image_properties WHERE NOT '
                "deleted AND name = 'os_glance_import_task'")
        except exc.OperationalError as error:
            return [str(error)]
        problems = [tuple(row) for row in statuses
                    if row.status in _TRANSIENT]
        problems += [tuple(row) for row in (*leases, *locks)]
        recorded = {self._name(url) for url, in urls} | {
            str(self.staging / image_id) for image_id, status in statuses
            if status == 'uploading'}
        stored = self._stored()
        problems += [('bytes without a record', path)
                     for path in stored - recorded]
        problems += [('record without bytes', path)
                     for path in recorded - stored]
        return problems

    @staticmethod
    def _name(url):
        """:returns: the name that :meth:`_stored` has for a location."""
        return urllib.parse.urlsplit(url).path

    def _stored(self):
        """:returns: the names of all that is in stores and staging area."""
        return {str(path) for folder in self.folders
                if folder.exists() for path in folder.iterdir()}

    def _check(self, image_id):
        """:raises AssertionError: an image is not what was acknowledged."""
        expected = self.expectations[image_id]
        answer = self.patiently('get', f'/v2/images/{image_id}')
        if answer.status == 404 and expected.deletion:
            return
        facts = f'{image_id}: {answer.status} {answer.body} {expected}'
        if answer.status != 200 or expected.deletion == 'acknowledged':
            raise AssertionError(facts)
        shown = answer.json
        if (shown['status'] in ('queued', 'uploading')
                and not expected.kept):
            return
        if (shown['status'] != 'active'
                or shown['os_hash_value'] not in expected.sent
                or expected.kept not in (None, shown['os_hash_value'])):
            raise AssertionError(facts)
        data = self.patiently('download', image_id).body
        if digest(data) != shown['os_hash_value']:
            raise AssertionError(f'wrong data: {facts}')
