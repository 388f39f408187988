# SPDX-License-Identifier: Apache-2.0
"""Imports of every method, and through plugins, for attacks on their steps.

The arena they take place in has several stores.
"""
import gzip
import json
import os
import uuid

from tests.crash import arena as arena_module
from tests.crash import attacks
from tests.unit.fetch import wire

STORES = ('fast', 'cheap', 'spare')

_REGION = 'there'


class ImportArena(arena_module.Arena):
    """A service with several stores, all methods, and plugins.

    :ivar served: what the web server beside it has, bytes by path.
    """

    def __init__(self, *args, plugins='[image_decompression]', **options):
        super().__init__(*args, image_import_opts={
            'image_import_plugins': plugins}, **options)
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
        return [*self._stores(), self.staging, self.folder / 'work']

    def _stores(self):
        return [self.folder / name for name in STORES]

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
                'filesystem_store_datadir': self.folder / 'work'},
            'import_filtering_opts': {'allowed_hosts': '127.0.0.1',
                                      'allowed_ports': ''}})
        for path in self._stores():
            options[path.name] = {'filesystem_store_datadir': path}
        return options


class ImportToAll(attacks.Import):
    """Of staged data, to every store at once."""

    method = 'glance-direct'
    persona = 'alice'

    def packed(self):
        """:returns: (what is given to the service, what an image has)."""
        data = os.urandom(attacks.SIZE)
        return data, data

    def prepare(self):
        self.image_id = attacks.create(self.arena)
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
                  'all_stores': True})
        attacks.wait_until_idle(self.arena)


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


ERRANDS = (ImportToAll, PackedImport, WebDownload, RegionDownload, CopyToAll)
