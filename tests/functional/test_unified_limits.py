# SPDX-License-Identifier: Apache-2.0
"""Limits that a real Keystone keeps.

``GLANCELITE_TEST_KEYSTONE`` is its URL (``http://127.0.0.1:5000/v3``), with
``GLANCELITE_TEST_KEYSTONE_PASSWORD`` (``secret``) of the user admin in the
project admin, who has a role on the system. Without it these tests are
skipped. Everything they make there is removed again.
"""
import os
import threading
import unittest
import uuid

import openstack
import testtools

from tests.functional import application

URL = os.environ.get('GLANCELITE_TEST_KEYSTONE')
PASSWORD = os.environ.get('GLANCELITE_TEST_KEYSTONE_PASSWORD', 'secret')

MIB = 1024 * 1024

LIMITS = {'image_size_total': 3, 'image_stage_total': 2,
          'image_count_total': 5, 'image_count_uploading': 2}

_OVER = ('The request returned a 413 Request Entity Too Large. This generally '
         'means that rate limiting or a quota threshold was breached.\n\n'
         'The response body:\nProject {} is over a limit for [Resource {} is '
         'over limit of {} due to current usage {} and delta {}]')


class UnifiedLimitsTest(testtools.TestCase):
    """A service, an endpoint and registered limits of the tests' own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not URL:
            raise unittest.SkipTest('GLANCELITE_TEST_KEYSTONE is not set')
        name = f'glancelite-{uuid.uuid4().hex[:12]}'
        cls.identity = openstack.connect(
            auth_url=URL, username='admin', password=PASSWORD,
            project_name='admin', user_domain_id='default',
            project_domain_id='default', load_yaml_config=False,
            load_envvars=False).identity
        cls.project = cls.made(
            'project', cls.identity.create_project(name=name))
        cls.service = cls.made('service', cls.identity.create_service(
            name=name, type=name))
        cls.endpoint = cls.made('endpoint', cls.identity.create_endpoint(
            service_id=cls.service.id, interface='public',
            region_id='RegionOne', url='http://127.0.0.1:9'))
        cls.registered = {
            resource: cls.made(
                'registered_limit', cls.identity.create_registered_limit(
                    service_id=cls.service.id, region_id='RegionOne',
                    resource_name=resource, default_limit=number))
            for resource, number in LIMITS.items()}

    @classmethod
    def made(cls, kind, thing):
        """:returns: ``thing``, removed after all tests."""
        cls.addClassCleanup(getattr(cls.identity, f'delete_{kind}'), thing)
        return thing

    def start(self, **options):
        """:returns: a client of glancelite-api, which knows Keystone."""
        self.application = self.useFixture(application.Application(
            'eventlet', **{
                'workers': 2, 'use_keystone_limits': True,
                'keystone_limits_cache_seconds': 0,
                'oslo_limit': {
                    'auth_type': 'password', 'auth_url': URL,
                    'username': 'admin', 'password': PASSWORD,
                    'user_domain_id': 'default', 'system_scope': 'all',
                    'endpoint_id': self.endpoint.id},
                **options}))
        client = self.application.client
        client.personas = _Personas(client.personas, self.project.id)
        return client

    def usage(self, client, **more):
        """:returns: {resource: (usage, limit)}"""
        answer = client.get('/v2/info/usage', **more)
        self.assertEqual(200, answer.status)
        return {name: (each['usage'], each['limit'])
                for name, each in answer.json['usage'].items()}

    def assert_over(self, answer, resource, *numbers):
        self.assertEqual(413, answer.status)
        self.assertEqual(
            _OVER.format(self.project.id, resource, *numbers),
            answer.json['message'].split('<br')[0])

    def at_once(self, calls):
        results = [None] * len(calls)

        def run(number, call):
            results[number] = call()
        threads = [threading.Thread(target=run, args=each)
                   for each in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_usage_is_shown_beside_the_limits(self):
        client = self.start()
        image_id = client.create()['id']
        client.create()
        self.assertEqual(204, client.upload(image_id,
                                            b'x' * (3 * MIB // 2)).status)
        self.assertEqual({
            'image_size_total': (1, 3), 'image_stage_total': (0, 2),
            'image_count_total': (2, 5), 'image_count_uploading': (0, 2)},
            self.usage(client))

    def test_images_created_at_once_fill_the_limit_and_no_more(self):
        client = self.start()
        answers = self.at_once([
            lambda: client.request('POST', '/v2/images', json={})
            for _number in range(9)])
        self.assertEqual(5 * [201] + 4 * [413],
                         sorted(answer.status for answer in answers))
        self.assert_over(client.request('POST', '/v2/images', json={}),
                         'image_count_total', 5, 5, 1)
        self.assertEqual((5, 5), self.usage(client)['image_count_total'])

    def test_uploads_at_once_keep_within_both_limits(self):
        client = self.start()
        ids = [client.create()['id'] for _number in range(5)]
        answers = self.at_once([
            lambda image_id=each: client.upload(image_id, b'x' * MIB)
            for each in ids])
        stored = [answer.status for answer in answers].count(204)
        self.assertEqual(len(self.application.files()), stored)
        self.assertIn(stored, (1, 2, 3))
        for image_id, answer in zip(ids, answers):
            if answer.status != 204:
                self.assertEqual(413, answer.status)
                self.assertEqual('queued', client.show(image_id)['status'])
                client.upload(image_id, b'x' * MIB)
        self.assertEqual((3, 3), self.usage(client)['image_size_total'])
        full = next(each for each in ids
                    if client.show(each)['status'] == 'queued')
        self.assert_over(client.upload(full, b'x' * (2 * MIB)),
                         'image_size_total', 3, 3, 2)
        self.assertEqual(413, client.upload(full, iter([b'x'])).status)

    def test_a_project_may_have_limits_of_its_own(self):
        client = self.start()
        limit = self.identity.create_limit(
            project_id=self.project.id, service_id=self.service.id,
            region_id='RegionOne', resource_name='image_count_total',
            resource_limit=1)
        self.addCleanup(self.identity.delete_limit, limit)
        client.create()
        self.assert_over(client.request('POST', '/v2/images', json={}),
                         'image_count_total', 1, 1, 1)
        # Others have what is registered.
        self.assertEqual((0, 5), self.usage(
            client, persona='bob')['image_count_total'])

    def test_a_limit_below_zero_is_none_and_an_absent_one_is_zero(self):
        client = self.start()
        limit = self.identity.create_limit(
            project_id=self.project.id, service_id=self.service.id,
            region_id='RegionOne', resource_name='image_size_total',
            resource_limit=-1)
        self.addCleanup(self.identity.delete_limit, limit)
        self.identity.delete_registered_limit(
            self.registered['image_count_uploading'])
        self.addCleanup(self._register_again)
        image_id = client.create()['id']
        self.assert_over(client.upload(image_id, b'x'),
                         'image_count_uploading', 0, 0, 1)
        self.assertEqual((0, -1), self.usage(client)['image_size_total'])

    def _register_again(self):
        name = 'image_count_uploading'
        type(self).registered[name] = self.made(
            'registered_limit', self.identity.create_registered_limit(
                service_id=self.service.id, region_id='RegionOne',
                resource_name=name, default_limit=LIMITS[name]))

    def test_limits_are_remembered_for_a_while(self):
        client = self.start(keystone_limits_cache_seconds=3600, workers=1)
        client.create()
        limit = self.identity.create_limit(
            project_id=self.project.id, service_id=self.service.id,
            region_id='RegionOne', resource_name='image_count_total',
            resource_limit=1)
        self.addCleanup(self.identity.delete_limit, limit)
        client.create()

    def test_without_keystone_only_what_needs_a_limit_is_unavailable(self):
        port = self.useFixture(application.Port())
        client = self.start(oslo_limit={
            'auth_type': 'password', 'username': 'admin',
            'auth_url': f'http://127.0.0.1:{port.number}',
            'password': PASSWORD, 'user_domain_id': 'default',
            'system_scope': 'all', 'endpoint_id': self.endpoint.id})
        answer = client.request('POST', '/v2/images', json={})
        self.assertEqual(503, answer.status)
        self.assertIn('Retry-After', answer.headers)
        self.assertNotIn(b'127.0.0.1', answer.body)
        self.assertEqual(503, client.get('/v2/info/usage').status)
        self.assertEqual(200, client.get('/v2/images').status)


class _Personas:
    """Personas, of whom alice is in a project that Keystone knows."""

    def __init__(self, personas, project):
        self._personas = personas
        self._project = project

    def project(self, persona):
        return (self._project if persona == 'alice'
                else self._personas.project(persona))

    def headers(self, persona):
        headers = self._personas.headers(persona)
        if persona == 'alice':
            headers['X-Project-Id'] = self._project
        return headers
