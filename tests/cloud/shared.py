# SPDX-License-Identifier: Apache-2.0
"""What tests of this folder share: a Keystone, and a service that knows it.
"""
import atexit
import functools
import urllib.error
import urllib.request

from tests.cloud import identity
from tests.cloud import keys
from tests.cloud import service as service_module
from tests.functional import application


def _for_good(fixture):
    """:returns: ``fixture``, set up until this process ends."""
    fixture.setUp()
    atexit.register(fixture.cleanUp)
    return fixture


@functools.cache
def keystone():
    """:returns: an :class:`identity.Keystone`."""
    return _for_good(identity.Keystone())


@functools.cache
def service():
    """:returns: a service that asks Keystone for each token anew."""
    return _for_good(service_module.CloudService(
        keystone(), 'eventlet', keystone_authtoken=keystone().authtoken(
            token_cache_time=-1)))


@functools.cache
def barbican():
    """:returns: a :class:`keys.Barbican`, known to the Keystone."""
    return _for_good(keys.Barbican(keystone()))


def signed_service(**options):
    """:returns: a service that asks Barbican for certificates, not set up;
        for imports as the user glance.
    """
    barbican()
    return service_module.CloudService(
        keystone(), 'eventlet', node_staging_uri='file://{folder}/staging',
        task={'poll_interval': 1},
        barbican={'auth_endpoint': keystone().url,
                  'barbican_region_name': identity.REGION},
        key_manager={
            'backend': 'barbican', 'auth_type': 'keystone_password',
            'auth_url': keystone().url, 'username': 'glance',
            'password': identity.PASSWORD, 'project_name': 'service',
            'user_domain_id': 'default', 'project_domain_id': 'default'},
        **options)


@functools.cache
def usual_signed_service():
    """:returns: a :func:`signed_service` that believes any certificate."""
    return _for_good(signed_service())


@functools.cache
def short_lived():
    """:returns: the URL of a Keystone whose tokens last for 15 seconds."""
    return keystone().short_lived(15)


def expired_token(user):
    """:returns: a token that has run out."""
    token = keystone().token(user, url=short_lived())
    application.eventually(lambda: is_expired(token), 'The token runs out')
    return token


def is_expired(token):
    """:returns: whether Keystone does not take a token of a user."""
    request = urllib.request.Request(
        f'{keystone().url}/auth/tokens', headers={'X-Auth-Token': token,
                                                  'X-Subject-Token': token})
    try:
        with urllib.request.urlopen(request):
            return False
    except urllib.error.HTTPError as error:
        # Of Keystone's two answers one may come from its cache.
        return error.code in (401, 404)


@functools.cache
def _limit():
    keystone().limit(image_size_total=1000, image_stage_total=1000,
                     image_count_total=1000, image_count_uploading=1000)


@functools.cache
def limited_service(server):
    """:returns: a service whose limits are kept by Keystone."""
    _limit()
    return _for_good(service_module.CloudService(
        keystone(), server,
        use_keystone_limits=True,
        node_staging_uri='file://{folder}/staging',
        keystone_authtoken=keystone().authtoken(token_cache_time=-1),
        oslo_limit={
            'auth_url': keystone().url, 'auth_type': 'password',
            'username': 'glance', 'password': identity.PASSWORD,
            'user_domain_id': 'default', 'system_scope': 'all',
            'endpoint_service_type': 'image',
            'endpoint_region_name': identity.REGION,
            'endpoint_interface': 'internal'}))
