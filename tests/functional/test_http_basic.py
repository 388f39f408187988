# SPDX-License-Identifier: Apache-2.0
"""HTTP Basic authentication (RFC 7617) through the shipped pipeline."""
import base64
from concurrent import futures
import os
import threading

import bcrypt
import fixtures
import testscenarios
import testtools

from glancelite import exception
from glancelite.api.middleware import http_basic
from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios


def hashed(password):
    """:returns: a bcrypt hash, cheap to check."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def credentials(user, password):
    pair = f'{user}:{password}'.encode()
    return {'Authorization': f'Basic {base64.b64encode(pair).decode()}'}


def write(path, lines):
    """Replace a file, as ``htpasswd`` and editors do."""
    with open(f'{path}.new', 'w', encoding='utf-8') as file:
        file.write('\n'.join([*lines, '']))
    os.replace(f'{path}.new', path)


class _BasicTestCase(application.SharedTestCase):
    """Against the users of etc/htpasswd, who have their names as passwords.
    """

    scenarios = application.SCENARIOS
    options = {
        'paste_deploy': {'flavor': 'http_basic', 'config_file': None},
        'http_basic': {
            'user_file': application.ETC / 'htpasswd',
            'project_id': 'rest',
            'project_map': 'ann:one,anna:one,ben:two',
            'role_map': 'ann:member+reader,anna:reader,ben:member+reader,'
                        'none:nothing'},
    }

    def ask(self, user, password=None, path='/v2/images', method='GET',
            **more):
        """:returns: the answer to a user, whose name is his password."""
        password = user if password is None else password
        return self.client.request(
            method, path, persona=None,
            headers=credentials(user, password), **more)


class HttpBasicTest(_BasicTestCase):
    """Who gets in."""

    def test_the_right_password_gets_in(self):
        self.assertEqual(200, self.ask('alice').status)

    def test_a_hash_of_apaches_variant_2y_gets_in(self):
        self.assertEqual(200, self.ask('apache').status)

    def test_names_and_passwords_are_utf_8(self):
        self.assertEqual(200, self.ask('jürgen', 'schlüssel').status)

    def test_a_password_may_have_colons(self):
        self.assertEqual(200, self.ask('colon', 'a:b:c').status)

    def test_a_wrong_password_is_401_with_a_challenge(self):
        self.assertEqual(200, self.ask('alice').status)
        for user, password in (('alice', 'wrong'), ('alice', ''),
                               ('nobody', 'nobody'), ('', ''),
                               ('apache', 'alice')):
            answer = self.ask(user, password)
            self.assertEqual(401, answer.status)
            self.assertIn('Basic realm="Image service"',
                          answer.headers['WWW-Authenticate'])

    def test_no_or_unreadable_credentials_are_401(self):
        for header in (None, 'Basic', 'Basic !!!', 'Basic YWxpY2U=',
                       'Basic /////w==', 'Bearer abc'):
            headers = header and {'Authorization': header}
            answer = self.client.get('/v2/images', persona=None,
                                     headers=headers)
            self.assertEqual(401, answer.status)
            self.assertIn('WWW-Authenticate', answer.headers)

    def test_identity_headers_of_the_client_are_not_believed(self):
        answer = self.client.get('/v2/images', persona='admin')
        self.assertEqual(401, answer.status)
        forged = {**credentials('alice', 'alice'),
                  'X-Project-Id': 'other', 'X-Tenant-Id': 'other'}
        image = self.client.request(
            'POST', '/v2/images', json={}, persona='admin',
            headers=forged).json
        self.assertEqual('rest', image['owner'])

    def test_versions_and_health_need_no_password(self):
        for path, status in (('/', 300), ('/versions', 200),
                             ('/healthcheck', 200)):
            self.assertEqual(status,
                             self.client.get(path, persona=None).status)


class MappingTest(_BasicTestCase):
    """Projects and roles of users."""

    def create(self, user, **properties):
        return self.ask(user, user, method='POST', json=properties)

    def test_images_belong_to_the_project_of_their_user(self):
        for user, project in (('root', 'rest'), ('ann', 'one'),
                              ('ben', 'two')):
            self.assertEqual(project, self.create(user).json['owner'])

    def test_users_see_their_own_projects_images(self):
        image = self.create('ann', name='ours').json
        path = f'/v2/images/{image["id"]}'
        self.assertEqual(200, self.ask('anna', 'anna', path).status)
        self.assertEqual(404, self.ask('ben', 'ben', path).status)
        self.assertEqual(200, self.ask('root', 'root', path).status)

    def test_roles_are_those_of_the_map(self):
        self.assertEqual(201, self.create('ann').status)
        self.assertEqual(403, self.create('anna').status)
        self.assertEqual(403, self.create('none').status)
        self.assertEqual(403, self.create('ann',
                                          visibility='public').status)
        self.assertEqual(201, self.create('root',
                                          visibility='public').status)


class ChangedFileTest(testtools.TestCase):
    """A file that changes while the service runs."""

    scenarios = application.SCENARIOS

    def setUp(self):
        super().setUp()
        folder = self.useFixture(fixtures.TempDir()).path
        self.path = os.path.join(folder, 'htpasswd')
        write(self.path, [f'alice:{hashed("wonder")}',
                          f'apache:{hashed("land")}'])
        self.service = self.useFixture(application.Application(
            self.mode,
            paste_deploy={'flavor': 'http_basic', 'config_file': None},
            http_basic={'user_file': self.path}))

    def ask(self, user, password):
        return self.service.client.get('/v2/images', persona=None,
                                       headers=credentials(user, password))

    def test_a_changed_file_counts_from_the_next_request(self):
        self.assertEqual(200, self.ask('alice', 'wonder').status)
        write(self.path, [f'alice:{hashed("other")}', f'new:{hashed("user")}'])
        self.assertEqual(401, self.ask('alice', 'wonder').status)
        self.assertEqual(200, self.ask('alice', 'other').status)
        self.assertEqual(200, self.ask('new', 'user').status)
        self.assertEqual(401, self.ask('apache', 'land').status)

    def test_a_file_that_became_unusable_lets_the_former_users_in(self):
        self.assertEqual(200, self.ask('alice', 'wonder').status)
        write(self.path, ['alice:plaintext'])
        self.assertEqual(200, self.ask('alice', 'wonder').status)
        self.assertEqual(401, self.ask('alice', 'plaintext').status)
        os.remove(self.path)
        self.assertEqual(200, self.ask('alice', 'wonder').status)


class GuessingTest(testtools.TestCase):
    """Whoever guesses passwords keeps nobody else from the service."""

    def setUp(self):
        super().setUp()
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 'users')
        write(path, [f'alice:{hashed("wonder")}', f'ben:{hashed("big")}'])
        self.service = self.useFixture(application.Application(
            'wsgi', paste_deploy={'flavor': 'http_basic',
                                  'config_file': None},
            http_basic={'user_file': path}))

    def ask(self, user, password):
        return self.service.client.get('/v2/images', persona=None,
                                       headers=credentials(user, password))

    def test_a_flood_of_wrong_passwords_leaves_room_for_others(self):
        self.assertEqual(200, self.ask('alice', 'wonder').status)
        begun, gate = threading.Semaphore(0), threading.Event()
        check = bcrypt.checkpw

        def slowly(*args):
            begun.release()
            self.assertTrue(gate.wait(application.PATIENCE))
            return check(*args)
        self.useFixture(fixtures.MonkeyPatch('bcrypt.checkpw', slowly))
        with futures.ThreadPoolExecutor() as pool:
            # An assertion that fails leaves nobody waiting.
            self.addCleanup(gate.set)
            guesses = [pool.submit(self.ask, 'alice', f'guess{number}')
                       for number in range(http_basic._CHECKS)]
            for _guess in guesses:
                self.assertTrue(begun.acquire(timeout=application.PATIENCE))
            refused = [self.ask('ben', 'big') for _ in range(30)]
            known = self.ask('alice', 'wonder')
            gate.set()
        self.assertEqual(200, known.status)
        self.assertEqual({(503, '1')}, {
            (answer.status, answer.headers['Retry-After'])
            for answer in refused})
        self.assertEqual({401}, {each.result().status for each in guesses})
        self.assertEqual(200, self.ask('ben', 'big').status)


class UnusableFileTest(testtools.TestCase):
    """What keeps the service from starting."""

    def test_a_missing_file_stops_the_start(self):
        error = self.assertRaises(
            exception.ConfigurationError, self.load, None)
        self.assertIn('[http_basic] user_file', str(error))

    def test_a_hash_that_is_not_bcrypt_stops_the_start_with_its_line(self):
        for line in ('bob:{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=', 'bob:secret',
                     'bob:$apr1$x$y', 'bob:$2y$05$short', 'bob'):
            error = self.assertRaises(
                exception.ConfigurationError, self.load,
                [f'alice:{hashed("x")}', line])
            self.assertIn('line 2', str(error))
            self.assertNotIn('secret', str(error))

    def load(self, lines):
        folder = self.useFixture(fixtures.TempDir()).path
        path = os.path.join(folder, 'htpasswd')
        if lines:
            write(path, lines)
        service = self.useFixture(application.Application(
            'eventlet', started=False,
            paste_deploy={'flavor': 'http_basic', 'config_file': None},
            http_basic={'user_file': path}))
        application.loaded(self, service.load_conf())
