# SPDX-License-Identifier: Apache-2.0
"""OpenStack Swift on loopback: a proxy with tempauth, and one of each server.

The library's driver speaks to Keystone alone, so the proxy says what Keystone
would, and takes the tokens from tempauth.

As a program it is all of them: in one process they start in a quarter of the
time, and only a caller in Python can have the hash path settings elsewhere
than in /etc/swift.
"""
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys

import fixtures
import requests

from tests.functional import application
from tests.stores import place

_SERVERS = ('account', 'container', 'object', 'proxy')

USER, KEY = 'test:tester', 'testing'

_COMMON = '''
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
log_address = {folder}/no-log
'''

_SERVER = _COMMON + '''
[pipeline:main]
pipeline = {name}-server

[app:{name}-server]
use = egg:swift#{name}
fallocate_reserve = 0
node_timeout = 60
conn_timeout = 60
container_update_timeout = 60
'''

_PROXY = _COMMON + '''
[pipeline:main]
pipeline = catch_errors cache tempauth dlo proxy-server

[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
node_timeout = 60
conn_timeout = 60

[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
storage_url_scheme = http
token_life = 3600

[filter:catch_errors]
use = egg:swift#catch_errors

[filter:dlo]
use = egg:swift#dlo

[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcache}
'''

_HASHES = '''
[swift-hash]
swift_hash_path_prefix = test
swift_hash_path_suffix = test
'''


class Engine(fixtures.Fixture):
    """A running Swift.

    :ivar address: of its proxy.
    """

    @staticmethod
    def missing():
        """:returns: why Swift cannot be started here, or None."""
        if importlib.util.find_spec('swift') is None:
            return 'the package swift is not installed'
        if shutil.which('memcached') is None:
            return 'the program memcached is not installed'
        return None

    def _setUp(self):
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.folder / 'devices' / 'd1').mkdir(parents=True)
        (self.folder / 'swift.conf').write_text(_HASHES)
        self._processes = {}
        self.addCleanup(self.stop)
        self.ports = {name: self.useFixture(application.Port()).number
                      for name in (*_SERVERS, 'memcache')}
        self.address = f'http://127.0.0.1:{self.ports["proxy"]}'
        for name in _SERVERS[:-1]:
            self._write(name, _SERVER)
        self._write('proxy', _PROXY)
        self.start()

    def _write(self, name, text):
        (self.folder / f'{name}.conf').write_text(text.format(
            name=name, port=self.ports[name], folder=self.folder,
            memcache=self.ports['memcache']))

    def start(self):
        """Start what is not running, and wait until it answers."""
        self._launch('memcache', 'memcached', '-u', 'root', '-l',
                     '127.0.0.1', '-p', str(self.ports['memcache']))
        self._launch('swift', sys.executable, '-m', 'tests.stores.swift',
                     str(self.folder))
        application.eventually(self._answers, 'Swift answers',
                               3 * application.PATIENCE)

    def _launch(self, name, *command):
        process = self._processes.get(name)
        if process is not None and process.poll() is None:
            return
        with open(self.folder / f'{name}.log', 'ab') as log:
            self._processes[name] = subprocess.Popen(
                command, cwd=application.ROOT, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)

    def _answers(self):
        try:
            url, token = self.login()
            return requests.put(f'{url}/probe', headers=token,
                                timeout=5).ok
        except requests.RequestException:
            return False

    def login(self):
        """:returns: the storage URL, and a header with a token."""
        answer = requests.get(f'{self.address}/auth/v1.0', timeout=5, headers={
            'X-Auth-User': USER, 'X-Auth-Key': KEY})
        answer.raise_for_status()
        return (answer.headers['X-Storage-Url'],
                {'X-Auth-Token': answer.headers['X-Auth-Token']})

    def names(self, container):
        """:returns: sorted names of all objects in ``container``."""
        url, token = self.login()
        answer = requests.get(f'{url}/{container}', headers=token, timeout=60)
        answer.raise_for_status()
        return answer.text.split()

    def stop(self):
        """End every process of it."""
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._processes.clear()

    def place(self, name):
        """:returns: a store in a container of its own."""
        # The proxy remembers for a while that it has answered 404.
        url, token = self.login()
        requests.put(f'{url}/{name}', headers=token,
                     timeout=60).raise_for_status()
        return place.Place('swift', {
            'swift_store_auth_address': f'{self.address}/v3',
            'swift_store_user': USER, 'swift_store_key': KEY,
            'swift_store_container': name,
            'swift_store_create_container_on_put': True,
            'swift_store_large_object_size': 2,
            'swift_store_large_object_chunk_size': 1,
        }, lambda: self.names(name))


class Identity:
    """Keystone's answers, before the proxy ``application``."""

    def __init__(self, application, address):
        self._application = application
        self._address = address

    def __call__(self, environ, start_response):
        if not environ['PATH_INFO'].startswith('/v3'):
            return self._application(environ, start_response)
        headers, answer = [], {'version': {
            'id': 'v3.14', 'status': 'stable',
            'links': [{'rel': 'self', 'href': f'{self._address}/v3/'}]}}
        status = '200 OK'
        if environ['REQUEST_METHOD'] == 'POST':
            body = json.loads(environ['wsgi.input'].read(
                int(environ['CONTENT_LENGTH'])))
            token, answer = self._token(body['auth']['identity']['password'])
            headers = [('X-Subject-Token', token)]
            status = '201 Created'
        start_response(status, [('Content-Type', 'application/json'),
                                *headers])
        return [json.dumps(answer).encode()]

    def _token(self, password):
        from swift.common import swob
        request = swob.Request.blank('/auth/v1.0', headers={
            'X-Auth-User': USER,
            'X-Auth-Key': password['user']['password']})
        given = request.get_response(self._application).headers
        endpoint = {'interface': 'public', 'region': 'one',
                    'region_id': 'one', 'id': 'one',
                    'url': f'{self._address}/v1/AUTH_test'}
        return given['X-Auth-Token'], {'token': {
            'methods': ['password'], 'expires_at': '2999-01-01T00:00:00Z',
            'user': {'id': 'tester', 'name': 'tester',
                     'domain': {'id': 'default', 'name': 'Default'}},
            'project': {'id': 'test', 'name': 'test',
                        'domain': {'id': 'default', 'name': 'Default'}},
            'catalog': [{'type': 'object-store', 'name': 'swift',
                         'id': 'swift', 'endpoints': [endpoint]}]}}


def _make_ring(folder, name, port):
    from swift.common import ring
    builder = ring.RingBuilder(4, 1, 1)
    builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'weight': 1,
                     'ip': '127.0.0.1', 'port': port, 'device': 'd1'})
    builder.rebalance()
    builder.get_ring().save(f'{folder}/{name}.ring.gz')


def main(folder):
    """Run every server of Swift, in this process."""
    from swift.common import utils
    from swift.common import wsgi
    utils.monkey_patch()
    import eventlet.wsgi
    utils.SWIFT_CONF_FILE = f'{folder}/swift.conf'
    utils.validate_hash_conf()
    ports = {name: int(wsgi.appconfig(f'{folder}/{name}.conf',
                                      name=f'{name}-server')['bind_port'])
             for name in _SERVERS}
    for name in _SERVERS[:-1]:
        _make_ring(folder, name, ports[name])
    applications = {name: wsgi.loadapp(f'{folder}/{name}.conf')
                    for name in _SERVERS}
    applications['proxy'] = Identity(
        applications['proxy'], f'http://127.0.0.1:{ports["proxy"]}')
    running = [eventlet.spawn(
        eventlet.wsgi.server, eventlet.listen(('127.0.0.1', ports[name])),
        each, log_output=False, protocol=wsgi.SwiftHttpProtocol)
        for name, each in applications.items()]
    for each in running:
        each.wait()


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
