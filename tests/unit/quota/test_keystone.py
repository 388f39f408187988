# SPDX-License-Identifier: Apache-2.0
"""What Keystone is asked with; its answers are told in tests/cloud."""
from keystoneauth1 import adapter
from keystoneauth1 import noauth
from keystoneauth1 import session
import testtools

from glancelite import context
from glancelite.quota import keystone
from tests.unit.fetch import wire


class NamedRequestsTest(testtools.TestCase):

    def test_each_request_bears_the_id_of_ours(self):
        seen = []

        def answer(request):
            seen.append(request.headers['X-Openstack-Request-Id'])
            return wire.send(request, b'{}')
        source = self.useFixture(wire.Source(answer))
        proxy = adapter.Adapter(
            session.Session(auth=noauth.NoAuth()), endpoint_override=(
                f'http://127.0.0.1:{source.address[1]}'))
        keystone._name_requests(proxy)
        for name in ('req-one', 'req-two'):
            context.RequestContext(request_id=name)
            proxy.get('/limits')
        context.RequestContext(request_id='req-own',
                               global_request_id='req-three')
        proxy.get('/limits')
        self.assertEqual(['req-one', 'req-two', 'req-three'], seen)
