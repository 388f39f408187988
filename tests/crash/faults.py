# SPDX-License-Identifier: Apache-2.0
"""Faults inside the service's process, at steps that have names.

A step is reached inside one of the service's errands: ``upload``, ``append``
(to a resumable upload), ``import``, ``delete``, ``recover``, ``renew``. Its
name is the errand and what is about to be done, or was just done::

    upload/sql:insert image_leases   before the statement
    upload/commit, upload/committed  before and after a transaction's commit
    upload/os.rename, upload/os.rename:done
    import/apply, import/apply:done      before and after a plugin

``install`` puts wrappers around what the service works with; the code of the
service knows nothing of it. The folder named by GLANCELITE_CRASH_CONTROL
tells what is to happen: a file ``armed`` names a step, which of the times it
is reached counts, and what is to be done there. It is done once.
"""
import contextvars
import errno
import functools
import json
import os
import pathlib
import re
import signal
import sqlite3
import time

import sqlalchemy

from glancelite.data import delete
from glancelite.data import leases
from glancelite.data import recovery
from glancelite.data import resumable
from glancelite.data import upload
from glancelite.db import engine as db_engine
from glancelite.stores import direct_file
from glancelite.stores import files
from glancelite.stores import filesystem
from glancelite.stores import resumable_file
from glancelite.tasks import import_image
from glancelite.tasks import import_steps
from glancelite.tasks import work_directory

CONTROL = 'GLANCELITE_CRASH_CONTROL'

#: Names the database, so that a session can be ended from another one.
DATABASE = 'GLANCELITE_CRASH_DATABASE'

#: Methods that are an errand.
_ERRANDS = (
    ('upload', upload.Uploader, 'upload'),
    ('upload', upload.Uploader, 'stage'),
    ('append', resumable.ResumableUploads, 'create'),
    ('append', resumable.ResumableUploads, 'append'),
    ('append', resumable.ResumableUploads, 'find'),
    ('import', import_image.Importer, 'run'),
    ('delete', delete.Deleter, 'delete'),
    ('recover', recovery.Recovery, '_recover'),
    ('renew', leases.Holder, '_renew'),
)

#: Methods before and after which there is a step.
_METHODS = (
    ('begin', import_steps.Begin, 'run'),
    ('describe', import_steps.Describe, 'run'),
    ('apply', import_steps.Apply, 'run'),
    ('store', import_steps.Store, 'run'),
    ('work-write', import_steps.WorkFile, 'write'),
    ('work-discard', work_directory.WorkDirectory, 'discard'),
)

#: Calls of the operating system on files that are steps.
_CALLS = ('open', 'write', 'fchmod', 'fdatasync', 'fsync', 'close', 'rename',
          'unlink', 'stat')

_STATEMENT = re.compile(
    r'(select|insert|update|delete)\b.*?'
    r'\b(images|image_\w+|usage_\w+|resumable_\w+|tasks?|task_\w+)\b',
    re.IGNORECASE | re.DOTALL)

_errand = contextvars.ContextVar('errand', default=None)
_connection = contextvars.ContextVar('connection', default=None)


class Faults:
    """Watches every step, and does what was ordered.

    :param folder: see the module.
    """

    def __init__(self, folder):
        self._armed = pathlib.Path(folder, 'armed')
        self._fired = pathlib.Path(folder, 'fired')
        self._trace = pathlib.Path(folder, 'trace')
        self._order = None
        self._count = 0

    def reach(self, step):
        """Do at ``step`` what was ordered for it, if anything was."""
        errand = _errand.get()
        if errand is None:
            return
        name = f'{errand}/{step}'
        self._note(name)
        order = self._take(name)
        if order is not None:
            getattr(self, '_' + order['action'])(order)

    def _note(self, name):
        try:
            descriptor = os.open(self._trace, os.O_WRONLY | os.O_APPEND)
        except FileNotFoundError:
            return
        os.write(descriptor, f'{name}\n'.encode())
        os.close(descriptor)

    def _take(self, name):
        """:returns: the order, for whoever is the one to carry it out."""
        try:
            text = self._armed.read_text()
        except FileNotFoundError:
            return None
        if text != self._order:
            self._order, self._count = text, 0
        order = json.loads(text)
        if order['step'] != name:
            return None
        self._count += 1
        if self._count != order['time']:
            return None
        self._fired.with_suffix('.new').write_text(
            json.dumps({'pid': os.getpid()}))
        try:
            self._armed.unlink()
        except FileNotFoundError:
            return None
        self._fired.with_suffix('.new').rename(self._fired)
        return order

    def _kill(self, order):
        os.kill(os.getpid(), signal.SIGKILL)

    def _kill_all(self, order):
        """The parent first, which would replace this process."""
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    def _stop(self, order):
        os.kill(os.getpid(), signal.SIGSTOP)

    def _hold(self, order):
        """Wait here until ``fired`` is taken away; others go on."""
        while self._fired.exists():
            time.sleep(0.02)

    def _fail(self, order):
        number = getattr(errno, order['errno'])
        raise OSError(number, os.strerror(number))

    def _cut(self, order):
        _cut(_connection.get())

    def _cut_after(self, order):
        """The transaction is done, and its answer never comes."""
        connection = _connection.get()
        connection.commit()
        _cut(connection)


def _cut(connection):
    """Have the database server end this session."""
    drivers = {each.__module__.partition('.')[0]
               for each in type(connection).__mro__}
    if 'pymysql' in drivers:
        statement = f'KILL {connection.thread_id()}'
    elif 'psycopg2' in drivers:
        statement = ('SELECT pg_terminate_backend('
                     f'{connection.info.backend_pid})')
    else:
        # Nobody can cut off a file; this is what a lost disk is to it.
        raise sqlite3.OperationalError('disk I/O error')
    engine = sqlalchemy.create_engine(
        os.environ[DATABASE],
        poolclass=sqlalchemy.NullPool)
    with engine.connect() as other:
        other.execute(sqlalchemy.text(statement))
    time.sleep(0.05)


class _Calls:
    """The module ``os`` as the file store sees it."""

    def __init__(self, faults):
        self._faults = faults
        for name in _CALLS:
            setattr(self, name, self._step(name))

    def __getattr__(self, name):
        return getattr(os, name)

    def _step(self, name):
        function = getattr(os, name)

        @functools.wraps(function)
        def call(*args, **kwargs):
            self._faults.reach(f'os.{name}')
            result = function(*args, **kwargs)
            self._faults.reach(f'os.{name}:done')
            return result
        return call


def install(threads):
    """Put faults into this process, before its service is made.

    :param threads: the class of threads that the service uses.
    """
    faults = Faults(os.environ[CONTROL])
    for module in (direct_file, files, filesystem, resumable_file):
        module.os = _Calls(faults)
    for errand, owner, name in _ERRANDS:
        setattr(owner, name, _on_errand(errand, getattr(owner, name)))
    for step, owner, name in _METHODS:
        setattr(owner, name, _as_step(faults, step, getattr(owner, name)))
    for name in ('wait', 'start'):
        setattr(threads, name,
                staticmethod(_with_context(getattr(threads, name))))
    prepare = db_engine.prepare

    def prepare_with_faults(engine):
        prepare(engine)
        _watch(engine, faults)
    db_engine.prepare = prepare_with_faults


def _on_errand(errand, method):
    @functools.wraps(method)
    def run(*args, **kwargs):
        token = _errand.set(errand)
        try:
            return method(*args, **kwargs)
        finally:
            _errand.reset(token)
    return run


def _as_step(faults, step, method):
    @functools.wraps(method)
    def run(*args, **kwargs):
        faults.reach(step)
        result = method(*args, **kwargs)
        faults.reach(f'{step}:done')
        return result
    return run


def _with_context(threaded):
    """Native threads are on the errand of who started them."""
    def run(function, *args):
        return threaded(contextvars.copy_context().run, function, *args)
    return run


def _watch(engine, faults):
    """Make steps of the statements and commits of ``engine``."""
    @sqlalchemy.event.listens_for(engine, 'before_cursor_execute')
    def statement(connection, cursor, text, parameters, context, many):
        found = _STATEMENT.match(text)
        if found:
            _connection.set(connection.connection.dbapi_connection)
            faults.reach('sql:{} {}'.format(*found.groups()).lower())

    commit = engine.dialect.do_commit

    def do_commit(connection):
        connection = getattr(connection, 'dbapi_connection', connection)
        _connection.set(connection)
        faults.reach('commit')
        commit(connection)
        faults.reach('committed')
    engine.dialect.do_commit = do_commit
