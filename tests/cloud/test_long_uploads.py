# SPDX-License-Identifier: Apache-2.0
"""A token that ends while data is on its way does not cost the data.

The service acts by what it was told at the beginning of a request: nothing
after that needs the user's token.
"""
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import threading

import fixtures
import testscenarios
import testtools
from testtools import content

from tests.cloud import identity
from tests.cloud import service as service_module
from tests.cloud import shared
from tests.functional import application
from tests.functional import client
from tests.functional import test_upload_command as upload_command

MIB = 1024 * 1024
DATA = os.urandom(MIB) * 8

load_tests = testscenarios.load_tests_apply_scenarios


class MidUploadTest(testtools.TestCase):
    """With limits from Keystone, which are asked for with each upload."""

    scenarios = [(server, {'server': server})
                 for server in ('eventlet', 'mod_wsgi')]

    def setUp(self):
        super().setUp()
        reason = service_module.missing(self.server)
        if reason:
            self.skipTest(reason)
        self.keystone = shared.keystone()
        self.service = shared.limited_service(self.server)
        self.addOnException(lambda exc_info: self.addDetail(
            'log', content.text_content(self.service.log_text()[-8000:])))

    def ask(self, method, path, token, headers=(), **more):
        return self.service.client.request(
            method, path, persona=None,
            headers={'X-Auth-Token': token, **dict(headers)}, **more)

    def create(self, token):
        answer = self.ask('POST', '/v2/images', token, json={
            'disk_format': 'raw', 'container_format': 'bare'})
        self.assertEqual(201, answer.status, answer.body)
        return f'/v2/images/{answer.json["id"]}'

    def send(self, path, token):
        """Send the data, and end the token while it is on its way.

        :returns: the answer.
        """
        body = client.HeldBody(DATA[:MIB], *[
            DATA[at:at + MIB] for at in range(MIB, len(DATA), MIB)])
        answers = []
        sender = threading.Thread(target=lambda: answers.append(self.ask(
            'PUT', path, token, {'Content-Type': client.OCTET_STREAM},
            body=body)))
        sender.start()
        try:
            body.begun.wait(application.PATIENCE)
            # What tells that the request was let in.
            application.eventually(
                lambda: self.status(path) in ('saving', 'uploading'),
                'The data is on its way')
            self.keystone.revoke(token)
            self.assertEqual(401, self.ask('GET', '/v2/images',
                                           token).status)
        finally:
            body.release()
            sender.join()
        return answers[0]

    def status(self, path):
        image = re.match('/v2/images/[^/]*', path).group()
        return self.ask('GET', image,
                        self.keystone.token('demo')).json['status']

    def require_data(self, path):
        token = self.keystone.token('demo')
        shown = self.ask('GET', path, token).json
        self.assertEqual(
            ('active', len(DATA), hashlib.sha512(DATA).hexdigest()),
            (shown['status'], shown['size'], shown['os_hash_value']))
        self.assertEqual(DATA, self.ask('GET', f'{path}/file', token).body)

    def test_an_upload_goes_on_when_its_token_is_revoked(self):
        token = self.keystone.token('demo')
        path = self.create(token)
        answer = self.send(f'{path}/file', token)
        self.assertEqual(204, answer.status, answer.body)
        self.require_data(path)

    def test_an_import_goes_on_when_its_token_is_revoked(self):
        token = self.keystone.token('demo')
        path = self.create(token)
        answer = self.send(f'{path}/stage', token)
        self.assertEqual(204, answer.status, answer.body)
        token = self.keystone.token('demo')
        answer = self.ask('POST', f'{path}/import', token, json={
            'method': {'name': 'glance-direct'}})
        self.assertEqual(202, answer.status, answer.body)
        self.keystone.revoke(token)
        application.eventually(lambda: self.status(path) == 'active',
                               'The import ends')
        self.require_data(path)


class CommandTest(testtools.TestCase):
    """glancelite upload, with tokens that end before the upload does."""

    def setUp(self):
        super().setUp()
        self.keystone = shared.keystone()
        self.service = shared.service()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.file = self.folder / 'disk'
        self.file.write_bytes(DATA)
        self.line = self.useFixture(upload_command.Line(
            self.service.client.address[1], [3 * MIB], holding=True))

    def begin(self, *arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, '-m', 'glancelite.cmd.upload', 'upload',
             str(self.file), '--name', 'disk', '--disk-format', 'raw',
             '--os-image-endpoint-override',
             f'http://127.0.0.1:{self.line.port}', *arguments],
            cwd=application.ROOT, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={
                **{name: value for name, value in os.environ.items()
                   if not name.startswith('OS_')},
                'HOME': str(self.folder), 'TERM': 'dumb',
                'XDG_CACHE_HOME': str(self.folder / 'cache'),
                **environment})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def require_uploaded(self, process):
        out, err = process.communicate(timeout=180)
        self.assertEqual(0, process.returncode, err)
        self.assertIn(hashlib.sha512(DATA).hexdigest(), out)
        self.assertNotIn(identity.PASSWORD, err)

    def sent_token(self):
        """:returns: the token of the connection that is held."""
        head = self.line.heads[-1].decode('latin-1')
        return re.search('X-Auth-Token: (.*)\r\n', head, re.IGNORECASE).group(
            1)

    def test_a_revoked_token_is_renewed(self):
        process = self.begin(**self.keystone.environment('demo'))
        self.line.wait()
        token = self.sent_token()
        self.keystone.revoke(token)
        self.assertTrue(shared.is_expired(token))
        self.line.release()
        self.require_uploaded(process)
        self.assertIn(' 401 ', self.service.log_text())

    def test_a_token_that_runs_out_is_renewed(self):
        process = self.begin(**{
            **self.keystone.environment('demo'),
            'OS_AUTH_URL': shared.short_lived()})
        self.line.wait()
        token = self.sent_token()
        application.eventually(lambda: shared.is_expired(token),
                               'The token runs out')
        self.line.release()
        self.require_uploaded(process)

    def test_clouds_yaml_says_whom_to_ask(self):
        (self.folder / 'clouds.yaml').write_text(f'''
clouds:
  here:
    auth:
      auth_url: {self.keystone.url}
      username: demo
      password: {identity.PASSWORD}
      project_name: demo
      user_domain_id: default
      project_domain_id: default
    region_name: {identity.REGION}
''')
        self.line.release()
        process = self.begin('--os-cloud', 'here', OS_CLIENT_CONFIG_FILE=str(
            self.folder / 'clouds.yaml'))
        self.require_uploaded(process)
