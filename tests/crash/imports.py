# SPDX-License-Identifier: Apache-2.0
"""Imports of every method, and through plugins, for attacks on their steps.

The arena they take place in has several stores.
"""
import gzip
import json
import os
import pathlib
import subprocess
import tempfile
import uuid

from tests.crash import arena as arena_module
from tests.crash import attacks
from tests.unit.fetch import wire

STORES = ('fast', 'cheap', 'spare')

PLUGINS = '[inject_image_metadata,image_decompression,image_conversion]'

_REGION = 'there'


class ImportArena(arena_module.Arena):
    """A service with several stores, all methods, and plugins.

    :ivar served: what the web server beside it has, bytes by path.
    """

    def __init__(self, *args, **options):
        super().__init__(
            *args, image_import_opts={'image_import_plugins': PLUGINS},
            inject_metadata_properties={'inject': 'imported:yes'},
            image_conversion={'output_format': 'raw'}, **options)
        self.served = {}

    def _setUp(self):
        source = self.useFixture(wire.Source(self._serve))
        self.url = f'http://127.0.0.1:{source.address[1]}'
        super()._setUp()

    def _serve(self, request):
        data = self.served.get(request.path)
        if data is None:
            return wire.send(request, b'', 404)
        return wire.send(request, data)

    @property
    def folders(self):
        """:returns: every folder that may hold bytes."""
        return [*self._stores(), self.staging, self._home / 'work']

    def _stores(self):
        return [self._home / name for name in STORES]

    def _defaults(self):
        options = super()._defaults()
        options.update({
            'enabled_backends': ','.join(f'{name}:file' for name in STORES),
            'enabled_import_methods': '[glance-direct,web-download,'
                                      'copy-image,glance-download]',
            'glance_store': {'default_backend': STORES[0]},
            'os_glance_staging_store': {
                'filesystem_store_datadir': self.staging},
            'os_glance_tasks_store': {
                'filesystem_store_datadir': self._home / 'work'},
            'import_filtering_opts': {'allowed_hosts': '127.0.0.1',
                                      'allowed_ports': ''}})
        for path in self._stores():
            options[path.name] = {'filesystem_store_datadir': path}
        return options


class ImportToAll(attacks.Import):
    """Of staged data, to every store at once."""

    method = 'glance-direct'
    persona = 'alice'
    disk_format = 'raw'
    target = {'all_stores': True}

    def packed(self):
        """:returns: (what is given to the service, what an image has)."""
        data = os.urandom(attacks.SIZE)
        return data, data

    def prepare(self):
        self.image_id = attacks.create(self.arena,
                                       disk_format=self.disk_format)
        given, kept = self.packed()
        self.arena.expectations[self.image_id].sent.add(
            arena_module.digest(kept))
        self.give(given)

    def give(self, data):
        """Bring ``data`` to where the import finds it."""
        while attacks.stage(self.arena, self.image_id, data) is None:
            pass

    def details(self):
        """:returns: (headers, members of the method)."""
        return {}, {}

    def run(self):
        headers, members = self.details()
        self.arena.patiently(
            'request', 'POST', f'/v2/images/{self.image_id}/import',
            persona=self.persona, headers=headers,
            json={'method': {'name': self.method, **members},
                  **self.target})
        attacks.wait_until_idle(self.arena)


class ImportToOne(ImportToAll):
    target = {'stores': ['cheap']}


class ImportToAny(ImportToAll):
    """Those stores that can have it do; the others may fail."""

    target = {'all_stores': True, 'all_stores_must_succeed': False}


class ConvertedImport(ImportToAll):
    """A plugin converts it on its way, and names other formats."""

    disk_format = 'qcow2'

    def packed(self):
        data = os.urandom(attacks.SIZE)
        with tempfile.TemporaryDirectory() as folder:
            raw, disk = pathlib.Path(folder, 'raw'), pathlib.Path(folder, 'd')
            raw.write_bytes(data)
            subprocess.run(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2',
                            raw, disk], check=True)
            return disk.read_bytes(), data


class PackedImport(ImportToAll):
    """A plugin unpacks it on its way."""

    def packed(self):
        data = os.urandom(attacks.SIZE)
        return gzip.compress(data, 1), data


class WebDownload(ImportToAll):
    method = 'web-download'

    def give(self, data):
        self.path = f'/{uuid.uuid4()}'
        self.arena.served[self.path] = data

    def details(self):
        return {}, {'uri': self.arena.url + self.path}


class RegionDownload(WebDownload):
    method = 'glance-download'

    def give(self, data):
        self.remote_id = str(uuid.uuid4())
        path = f'/v2/images/{self.remote_id}'
        self.arena.served[f'{path}/file'] = data
        self.arena.served[path] = json.dumps({
            'status': 'active', 'disk_format': 'raw', 'hw_disk_bus': 'scsi',
            'container_format': 'bare'}).encode()

    def details(self):
        catalogue = [{'type': 'image', 'endpoints': [
            {'region': _REGION, 'publicURL': self.arena.url}]}]
        return ({'X-Auth-Token': 'token',
                 'X-Service-Catalog': json.dumps(catalogue)},
                {'glance_region': _REGION,
                 'glance_image_id': self.remote_id})


class CopyToAll(ImportToAll):
    method = 'copy-image'
    persona = 'admin'

    def give(self, data):
        while attacks.upload(self.arena, self.image_id, data) is None:
            pass


class PackedWebDownload(WebDownload):
    """It is fetched, kept in a file for a plugin, and unpacked."""

    packed = PackedImport.packed
    target = ImportToOne.target


ERRANDS = (ImportToAll, ImportToOne, ImportToAny, PackedImport,
           ConvertedImport, WebDownload, PackedWebDownload, RegionDownload,
           CopyToAll, attacks.Staging)


class Turmoil(attacks.Turmoil):
    """Clients that import at random, to one store or to all."""

    def _busy(self, chance, image_id):
        errand = chance.choice((ImportToAll, ImportToOne, PackedImport))(
            self._arena)
        given, kept = errand.packed()
        self._arena.expectations[image_id].sent.add(
            arena_module.digest(kept))
        if attacks.stage(self._arena, image_id, given) is None:
            return
        self._arena.ask('request', 'POST', f'/v2/images/{image_id}/import',
                        json={'method': {'name': errand.method},
                              **errand.target})
