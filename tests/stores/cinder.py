# SPDX-License-Identifier: Apache-2.0
"""OpenStack Cinder on loopback, with a Keystone, over the Ceph of the tests.

Its volumes are images in a pool, which os-brick opens by librbd: of all that
Cinder can attach this alone needs neither the kernel nor root.

As a program it is its API, scheduler and volume service in one process, since
they talk without a message broker then.
"""
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

import fixtures
import requests

from tests import databases
from tests.functional import application
from tests.stores import ceph
from tests.stores import place

_POOL = 'volumes'

_PROGRAMS = pathlib.Path(sys.executable).parent

#: What the library asks sudo for: these tests run as root.
_SUDO = '#!/bin/sh\nexec "$@"\n'

#: Where nobody has a key, a monitor takes a command now and then for that of
#: somebody whom it has not let in yet, and refuses it. Cinder asks once.
_CEPH = '#!/bin/sh\n{0} "$@" || {0} "$@" || {0} "$@"\n'

_ROOTWRAP = '''
[DEFAULT]
filters_path = {folder}/rootwrap.d
exec_dirs = {programs},/usr/bin,/bin
'''

#: As Glance has it, but for where its files lie.
_FILTERS = '''
[Filters]
privsep-rootwrap: RegExpFilter, privsep-helper, root, privsep-helper, \
--config-file, /.*, --privsep_context, os_brick.privileged.default, \
--privsep_sock_path, /tmp/.*
'''.replace('\\\n', '')

_MODULES = ('cinder', 'keystone', 'openstack', 'cinderclient', 'os_brick',
            'oslo_rootwrap')

_CONFIGURATION = '''
[DEFAULT]
transport_url = fake://
auth_strategy = keystone
api_paste_config = {etc}/api-paste.ini
resource_query_filters_file = {etc}/resource_filters.json
state_path = {folder}
host = tested
enabled_backends = ceph
use_stderr = true
service_down_time = 86400
quota_volumes = -1
quota_gigabytes = -1
[ceph]
volume_driver = cinder.volume.drivers.rbd.RBDDriver
volume_backend_name = ceph
rbd_pool = {pool}
rbd_ceph_conf = {ceph}
rbd_user =
rbd_exclusive_cinder_pool = true
max_over_subscription_ratio = 1000
[database]
connection = {database}
[coordination]
backend_url = file://{folder}/coordination
[oslo_concurrency]
lock_path = {folder}/locks
[keystone_authtoken]
{authtoken}
'''


class Engine(fixtures.Fixture):
    """A running Cinder, in which a store is a type of volumes."""

    @staticmethod
    def missing():
        """:returns: why there is none, or None."""
        for name in _MODULES:
            if importlib.util.find_spec(name) is None:
                return f'the Python module {name} is not installed'
        return ceph.RbdEngine.missing()

    def _setUp(self):
        # What it imports is not there wherever these tests are.
        from tests.cloud import identity
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self._ceph = self.useFixture(ceph.RbdEngine())
        self._ceph.place(_POOL)
        self._keystone = self.useFixture(identity.Keystone())
        self._port = self.useFixture(application.Port()).number
        self._process = None
        self.addCleanup(self.stop)
        self._prepare_root()
        self._configure(self.useFixture(databases.Database(
            identity.database_backend())).url)
        self._options = {
            'cinder_store_auth_address': self._keystone.url,
            'cinder_store_user_name': 'glance',
            'cinder_store_user_domain_name': 'Default',
            'cinder_store_password': identity.PASSWORD,
            'cinder_store_project_name': 'service',
            'cinder_store_project_domain_name': 'Default',
            'rootwrap_config': self.folder / 'rootwrap.conf'}
        self._token = self._keystone.token('glance')
        self.start()

    def _prepare_root(self):
        """Have what is to be done as root be done as whom we are."""
        (self.folder / 'rootwrap.conf').write_text(_ROOTWRAP.format(
            folder=self.folder, programs=_PROGRAMS))
        (self.folder / 'rootwrap.d').mkdir()
        (self.folder / 'rootwrap.d' / 'tested.filters').write_text(_FILTERS)
        programs = self.folder / 'bin'
        programs.mkdir()
        for name, text in (('sudo', _SUDO), ('ceph', _CEPH.format(
                shutil.which('ceph')))):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.useFixture(fixtures.EnvironmentVariable(
            'PATH', f'{programs}:{_PROGRAMS}:{os.environ["PATH"]}'))

    def _configure(self, database):
        (self.folder / 'cinder.conf').write_text(_CONFIGURATION.format(
            etc=pathlib.Path(sys.prefix, 'etc', 'cinder'),
            folder=self.folder, pool=_POOL, database=database,
            ceph=self._ceph.cluster.configuration,
            authtoken='\n'.join(
                f'{name} = {value}' for name, value
                in self._keystone.authtoken().items())))
        self._keystone.point(
            'block-storage', f'http://127.0.0.1:{self._port}/v3')
        with open(self.folder / 'log', 'ab') as log:
            subprocess.run(
                [_PROGRAMS / 'cinder-manage',
                 '--config-file', self.folder / 'cinder.conf', 'db', 'sync'],
                check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self):
        """Start it where it does not run, and wait until it answers."""
        if self._process is None or self._process.poll() is not None:
            with open(self.folder / 'log', 'ab') as log:
                self._process = subprocess.Popen(
                    [sys.executable, '-m', 'tests.stores.cinder',
                     str(self.folder), str(self._port)],
                    cwd=application.ROOT, stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, env={
                        **os.environ,
                        'OS_CINDER_DISABLE_EVENTLET_PATCHING': 'true'})
        application.eventually(self._answers, 'Cinder answers',
                               3 * application.PATIENCE)

    def _answers(self):
        """:returns: whether it does, and its services are up."""
        if self._process.poll() is not None:
            raise AssertionError(
                f'Cinder ended: {(self.folder / "log").read_text()[-4000:]}')
        answer = self._ask('GET', '/os-services')
        return answer is not None and answer.ok and {
            each['state'] for each in answer.json()['services']} == {'up'}

    def _ask(self, method, path, headers=None, **more):
        """:returns: the answer of Cinder, None where there is none."""
        try:
            return requests.request(
                method, f'http://127.0.0.1:{self._port}/v3{path}',
                headers={'X-Auth-Token': self._token, **(headers or {})},
                timeout=60, **more)
        except requests.ConnectionError:
            return None

    def _do(self, method, path, **more):
        answer = self._ask(method, path, **more)
        answer.raise_for_status()
        return answer.json()

    def place(self, name):
        """:returns: a store whose volumes are of a type of its own."""
        self._do('POST', '/types', json={'volume_type': {
            'name': name, 'extra_specs': {'multiattach': '<is> True'}}})
        return place.Place(
            'cinder', {**self._options, 'cinder_volume_type': name},
            lambda: self._names(name),
            {'oslo_concurrency': {'lock_path': self.folder / 'locks'}},
            lambda: self._remove(name), self._name_of)

    def create(self, volume_type, name, metadata=None):
        """Make a volume as the library begins one, and let it be."""
        made = self._do('POST', '/volumes', json={'volume': {
            'size': 1, 'name': f'image-{name}', 'volume_type': volume_type,
            'metadata': metadata or {'glance_image_id': name,
                                     'image_size': '4'}}})['volume']
        application.eventually(
            lambda: self._do('GET', f'/volumes/{made["id"]}')['volume'][
                'status'] == 'available', 'A volume')

    def limit(self, **limits):
        """Set what the project of the stores may have."""
        project = self._keystone.admin.find_project('service').id
        self._do('PUT', f'/os-quota-sets/{project}',
                 json={'quota_set': limits})

    def _name_of(self, url):
        volume_id = url.rpartition('/')[2]
        return self._do('GET', f'/volumes/{volume_id}')['volume']['name']

    def _remove(self, volume_type):
        for each in self._volumes(volume_type):
            for attachment in self._do(
                    'GET', f'/attachments?volume_id={each["id"]}', headers={
                        'OpenStack-API-Version': 'volume 3.54',
                    })['attachments']:
                self._ask('DELETE', f'/attachments/{attachment["id"]}',
                          headers={'OpenStack-API-Version': 'volume 3.54'})
            self._ask('POST', f'/volumes/{each["id"]}/action',
                      json={'os-force_delete': {}})

    def _volumes(self, volume_type):
        return [each for each in self._do('GET', '/volumes/detail')['volumes']
                if each['volume_type'] == volume_type]

    def _names(self, volume_type):
        """:returns: names of the volumes, once none is being deleted."""
        def settled():
            volumes = self._volumes(volume_type)
            return ('deleting' not in {each['status'] for each in volumes}
                    and [[each['name'] for each in volumes]])
        return application.eventually(settled, 'Volumes are deleted')[0]

    def stop(self):
        """Kill it; Ceph and Keystone stay."""
        if self._process:
            self._process.kill()
            self._process.wait()


def main(folder, port):
    """Run Cinder's API, scheduler and volume service, in this process."""
    from cinder import monkey_patch
    monkey_patch.patch()
    import socketserver
    from wsgiref import simple_server

    from cinder import objects
    from cinder import rpc
    from cinder import service
    from cinder import version
    from cinder.common import config
    from oslo_config import cfg
    from oslo_log import log
    from oslo_service import wsgi
    objects.register_all()
    conf = cfg.CONF
    conf(['--config-file', f'{folder}/cinder.conf'], project='cinder',
         version=version.version_string())
    config.set_middleware_defaults()
    log.setup(conf, 'cinder')
    rpc.init(conf)
    # Without their launcher they do not say again that they are up.
    for created in (
            service.Service.create(
                binary='cinder-volume', host='tested@ceph',
                service_name='ceph', coordination=True),
            service.Service.create(binary='cinder-scheduler')):
        created.start()

    class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
        daemon_threads = True
    simple_server.make_server(
        '127.0.0.1', int(port), wsgi.Loader(conf).load_app('osapi_volume'),
        Server).serve_forever()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
