# SPDX-License-Identifier: Apache-2.0
"""Imports that start programs: Python itself is not found alike everywhere.
"""
import pathlib
import shutil
import subprocess

import fixtures
import testscenarios
import testtools
from testtools import content

from tests.functional import application
from tests.servers import kinds
from tests.servers import servers

load_tests = testscenarios.load_tests_apply_scenarios


class ConversionTest(testtools.TestCase):

    scenarios = [(name, {'name': name}) for name in kinds.SERVERS]

    def setUp(self):
        super().setUp()
        missing = kinds.SERVERS[self.name].missing()
        if not shutil.which('qemu-img'):
            missing = 'qemu-img is not installed'
        if missing:
            self.skipTest(missing)
        self.served = self.useFixture(servers.Served(
            self.name,
            image_import_opts={'image_import_plugins': '[image_conversion]'},
            os_glance_tasks_store={
                'filesystem_store_datadir': '{folder}/work'}))
        self.client = self.served.client
        self.addOnException(lambda exc_info: self.addDetail(
            'log', content.text_content(self.served.log_text()[-20000:])))

    def test_an_import_is_converted(self):
        disk = pathlib.Path(self.useFixture(fixtures.TempDir()).path, 'disk')
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', disk,
                        '1M'], check=True)
        image = self.client.create(disk_format='qcow2')
        path = f'/v2/images/{image["id"]}'
        self.assertEqual(204, self.client.request(
            'PUT', f'{path}/stage', body=disk.read_bytes(), headers={
                'Content-Type': 'application/octet-stream'}).status)
        self.assertEqual(202, self.client.request(
            'POST', f'{path}/import', json={
                'method': {'name': 'glance-direct'}}).status)

        def ended():
            shown = self.client.show(image['id'])
            return 'os_glance_import_task' not in shown and shown
        shown = application.eventually(ended, 'The import ends')
        self.assertEqual(('active', 'raw', 1 << 20), (
            shown['status'], shown['disk_format'], shown['size']))
