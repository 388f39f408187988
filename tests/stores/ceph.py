# SPDX-License-Identifier: Apache-2.0
"""Ceph on loopback, from Debian's packages: one monitor, one OSD in a file.

``rbd`` is a pool in it, ``s3`` a bucket of its object gateway.
"""
import atexit
import functools
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import uuid

import fixtures
import requests

from tests.functional import application
from tests.stores import place

_PROGRAMS = ('ceph', 'ceph-mon', 'ceph-osd', 'monmaptool')

#: Where Debian puts the Python modules of Ceph.
_DEBIAN = pathlib.Path('/usr/lib/python3/dist-packages')

ACCESS, SECRET = 'tester', 'SecretOfTheTester'

_CONFIGURATION = '''
[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{port}
mon initial members = a
ms bind msgr2 = false
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
mon allow pool size one = true
mon allow pool delete = true
osd crush chooseleaf type = 0
mon warn on pool no redundancy = false
mon data avail crit = 1
mon data = {folder}/mon
osd data = {folder}/osd
osd journal size = 64
bluestore block size = 8589934592
osd memory target = 939524096
run dir = {folder}
admin socket =
pid file = {folder}/$name.pid
log file = {folder}/$name.log
keyring = {folder}/keyring
mon osd full ratio = 0.99
mon osd nearfull ratio = 0.98
mon osd backfillfull ratio = 0.985
rgw data = {folder}/rgw
rgw cache enabled = false
'''


class Cluster(fixtures.Fixture):
    """A running cluster."""

    def _setUp(self):
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self._processes = {}
        self._commands = {}
        self.addCleanup(self.stop)
        self.port = self.useFixture(application.Port()).number
        self.gateway_port = self.useFixture(application.Port()).number
        fsid = str(uuid.uuid4())
        self.configuration = self.folder / 'ceph.conf'
        self.configuration.write_text(_CONFIGURATION.format(
            fsid=fsid, port=self.port, folder=self.folder))
        self._make(fsid)

    def _make(self, fsid):
        self.run('monmaptool', '--create', '--clobber', '--addv', 'a',
                 f'[v1:127.0.0.1:{self.port}]', '--fsid', fsid,
                 self.folder / 'monmap')
        self.run('ceph-mon', '--mkfs', '-i', 'a', '--monmap',
                 self.folder / 'monmap')
        self._launch('mon', 'ceph-mon', '-f', '-i', 'a')
        application.eventually(
            lambda: self.ceph('mon', 'stat', check=False), 'A monitor',
            3 * application.PATIENCE)
        osd = str(uuid.uuid4())
        application.eventually(
            lambda: self.ceph('osd', 'new', osd, check=False), 'An OSD id')
        (self.folder / 'osd').mkdir()
        self.run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd)
        application.eventually(self._is_up, 'An OSD',
                               3 * application.PATIENCE)

    def _is_up(self):
        # A monitor that has just begun may refuse it, and it ends then.
        self.start()
        return '1 up' in self.ceph('osd', 'stat', check=False)

    def run(self, program, *words, check=True):
        """:returns: what a program of Ceph prints; '' when it fails."""
        done = subprocess.run(
            [program, *words, '--conf', self.configuration],
            capture_output=True, check=False,
            timeout=application.PATIENCE)
        if done.returncode and check:
            raise AssertionError(f'{program}: {done.stderr.decode()}')
        return '' if done.returncode else done.stdout.decode() or ' '

    def ceph(self, *words, check=True):
        """:returns: what ``ceph`` with these words prints."""
        return self.run('ceph', '--connect-timeout', '10', *words,
                        check=check)

    def _launch(self, name, *command):
        self._commands[name] = command
        process = self._processes.get(name)
        if process is None or process.poll() is not None:
            with open(self.folder / f'{name}.out', 'ab') as log:
                self._processes[name] = subprocess.Popen(
                    [*command, '--conf', self.configuration],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self):
        """Start what is not running and ran before."""
        self._launch('mon', 'ceph-mon', '-f', '-i', 'a')
        self._launch('osd', 'ceph-osd', '-f', '-i', '0')
        if 'gateway' in self._commands:
            self.start_gateway()

    def start_gateway(self):
        """Start the object gateway, and wait until it answers."""
        self._launch('gateway', 'radosgw', '-f', '-n', 'client.rgw.a',
                     '--rgw-frontends',
                     f'beast endpoint=127.0.0.1:{self.gateway_port}')
        application.eventually(self._gateway_answers, 'The gateway',
                               3 * application.PATIENCE)

    def _gateway_answers(self):
        try:
            return requests.get(f'http://127.0.0.1:{self.gateway_port}',
                                timeout=5).ok
        except requests.RequestException:
            return False

    def stop_gateway(self):
        """Kill the gateway."""
        self._end('gateway')

    def _end(self, name):
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def stop(self):
        """Kill every process of it."""
        for name in list(self._processes):
            self._end(name)


@functools.cache
def cluster():
    """:returns: the running cluster of this process."""
    running = Cluster()
    running.setUp()
    atexit.register(running.cleanUp)
    return running


def missing(*programs):
    """:returns: why Ceph cannot be started here, or None."""
    for program in (*_PROGRAMS, *programs):
        if shutil.which(program) is None:
            return f'the program {program} is not installed'
    return None


class RbdEngine(fixtures.Fixture):
    """Pools of the cluster."""

    @staticmethod
    def missing():
        """:returns: why there is none, or None."""
        return missing() or missing_modules()

    def _setUp(self):
        self.cluster = cluster()
        # To ask by commands takes seconds a question.
        self._rbd = importlib.import_module('rbd')
        self._rados = importlib.import_module('rados').Rados(
            conffile=str(self.cluster.configuration), rados_id='admin')
        self._rados.connect(application.PATIENCE)
        self.addCleanup(self._rados.shutdown)

    def place(self, name):
        """:returns: a store in a pool of its own."""
        self._rados.create_pool(name)
        with self._rados.open_ioctx(name) as pool:
            self._rbd.RBD().pool_init(pool, True)
        return place.Place('rbd', {
            'rbd_store_pool': name, 'rbd_store_user': 'admin',
            'rbd_store_ceph_conf': self.cluster.configuration,
            'rbd_store_chunk_size': 1}, lambda: self._names(name),
            remove=lambda: self._rados.delete_pool(name))

    def _names(self, name):
        with self._rados.open_ioctx(name) as pool:
            trash = self._rbd.RBD().trash_list(pool)
            return [*self._rbd.RBD().list(pool),
                    *(each['name'] for each in trash)]

    def clone(self, pool, name):
        """Make a disk of the image ``name``; returns what removes it."""
        with self._rados.open_ioctx(pool) as opened:
            self._rbd.RBD().clone(opened, name, 'snap', opened, 'disk')

        def remove():
            with self._rados.open_ioctx(pool) as opened:
                self._rbd.RBD().remove(opened, 'disk')
        return remove

    def start(self):
        """Start the cluster again."""
        self.cluster.start()

    def stop(self):
        """Kill the cluster."""
        self.cluster.stop()


def missing_modules():
    """Make Debian's modules importable, and them alone.

    :returns: why they cannot be had, or None.
    """
    for name in ('rados', 'rbd'):
        if importlib.util.find_spec(name):
            continue
        found = sorted(_DEBIAN.glob(
            f'{name}.cpython-{sys.version_info[0]}{sys.version_info[1]}-*'))
        if not found:
            return (f'Debian has no module {name} for this version of '
                    'Python')
        # Where the processes that tests start find them as well.
        link = pathlib.Path(sysconfig.get_path('platlib'), found[0].name)
        link.unlink(missing_ok=True)
        link.symlink_to(found[0])
        importlib.invalidate_caches()
    return None


class S3Engine(fixtures.Fixture):
    """Buckets of the cluster's gateway."""

    @staticmethod
    def missing():
        """:returns: why there is none, or None."""
        return missing('radosgw', 'radosgw-admin')

    def _setUp(self):
        self.cluster = cluster()
        self.cluster.start_gateway()
        self.cluster.run(
            'radosgw-admin', 'user', 'create', '--uid', 'tester',
            '--display-name', 'Tester', '--access-key', ACCESS,
            '--secret-key', SECRET)

    def place(self, name):
        """:returns: a store in a bucket of its own."""
        options = {
            's3_store_host': f'http://127.0.0.1:{self.cluster.gateway_port}',
            's3_store_access_key': ACCESS, 's3_store_secret_key': SECRET,
            's3_store_bucket': name, 's3_store_bucket_url_format': 'path',
            's3_store_create_bucket_on_put': True,
            's3_store_large_object_size': 3,
            's3_store_large_object_chunk_size': 5}
        return place.Place('s3', options, lambda: self._names(name))

    def _names(self, bucket):
        import boto3
        import botocore.exceptions
        client = boto3.client(
            's3', endpoint_url=f'http://127.0.0.1:{self.cluster.gateway_port}',
            aws_access_key_id=ACCESS, aws_secret_access_key=SECRET,
            region_name='default')
        try:
            objects = client.list_objects_v2(Bucket=bucket)
        except botocore.exceptions.ClientError:
            return []
        uploads = client.list_multipart_uploads(Bucket=bucket)
        return [each['Key'] for each in (*objects.get('Contents', ()),
                                         *uploads.get('Uploads', ()))]

    def start(self):
        """Start the gateway again."""
        self.cluster.start_gateway()

    def stop(self):
        """Kill the gateway."""
        self.cluster.stop_gateway()
