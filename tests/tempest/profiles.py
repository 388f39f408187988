# SPDX-License-Identifier: Apache-2.0
"""What Tempest is told, and the service with it.

Some of Tempest's tests contradict each other, so that there are profiles:
each pair is the service's options and what Tempest is told of them.
"""
import pathlib
import textwrap

from glancelite.conf import imports
from tests.cloud import identity
from tests.functional import application

#: name: (options of the service, sections of tempest.conf).
PROFILES = {
    'default': ({}, {}),
    'relaxed': (
        {'do_secure_hash': False,
         'image_format': {'require_image_format_match': False},
         'image_cache_dir': '{folder}/cache',
         'paste_deploy': {'flavor': 'keystone+cachemanagement'}},
        {'image-feature-enabled': {'do_secure_hash': False,
                                   'image_format_enforcement': False},
         'image': {'image_caching_enabled': True}}),
    'convert': (
        {'image_import_opts': {'image_import_plugins': '[image_conversion]'},
         'image_conversion': {'output_format': 'raw'}},
        # The format tests inherit from the compute tests, and are skipped
        # where there is no Nova; those that run never call it.
        {'image-feature-enabled': {'image_conversion': True},
         'service_available': {'nova': True}}),
}

#: The weights put an image's stores in the order cheap, fast: Tempest's
#: import waiter compares them with the stores' names in that order. The http
#: store is what lets a location be a URL; Tempest wants it to be called web.
_SERVICE = application.merged(application.THREE_STORES, {
    'enabled_import_methods': f'[{",".join(imports.METHODS)}]',
    'show_image_direct_url': True,
    'fast': {'store_description': 'fast', 'weight': 100},
    'cheap': {'store_description': 'cheap', 'weight': 200},
    'web': {'store_description': 'read-only HTTP'},
    'oslo_policy': {'policy_file':
                    pathlib.Path(__file__).with_name('policy.yaml')},
    'import_filtering_opts': {'allowed_hosts': '[127.0.0.1,localhost]'},
})


def service_options(profile, stores='{folder}'):
    """:returns: the options of the service, of a profile.

    :param stores: the directory where the stores of files are.
    """
    shared = {name: {'filesystem_store_datadir': f'{stores}/{name}'}
              for name in ('fast', 'cheap')}
    return application.merged(
        {**_SERVICE, **PROFILES[profile][0]}, shared)


def tempest_conf(profile, keystone, samples, folder, with_remote):
    """:returns: the text of tempest.conf.

    :param with_remote: whether the catalogue has a second service, of type
        image_remote, which shares everything but the staging area.
    """
    sections = {
        'DEFAULT': {'log_file': f'{folder}/tempest.log',
                    'use_stderr': False},
        'oslo_concurrency': {'lock_path': f'{folder}/lock'},
        'auth': {
            'use_dynamic_credentials': True,
            'create_isolated_networks': False, 'tempest_roles': 'member',
            'admin_username': 'admin', 'admin_password': identity.PASSWORD,
            'admin_project_name': 'admin', 'admin_domain_name': 'Default'},
        'identity': {'auth_version': 'v3', 'uri_v3': keystone.url,
                     'region': identity.REGION},
        'identity-feature-enabled': {'api_v2': False, 'api_v3': True},
        'enforce_scope': {'glance': True, 'keystone': True},
        'service_available': dict.fromkeys(
            ('nova', 'cinder', 'neutron', 'swift', 'horizon'), False),
        'volume-feature-enabled': {'enable_volume_image_dep_tests': False},
        'image': {
            'region': identity.REGION,
            # Registered as what the first of disk_formats names, which the
            # service holds against the data.
            'http_image': f'{samples.url}/plain.qcow2',
            'http_qcow2_image': f'{samples.url}/plain.qcow2',
            'images_manifest_file': (samples.manifest
                                     if profile == 'convert' else None),
            'build_timeout': 60, 'build_interval': 1,
            'image_caching_enabled': False,
            'alternate_image_endpoint': (
                'image_remote' if with_remote else None)},
        'image-feature-enabled': {
            'api_v2': True, 'import_image': True, 'os_glance_reserved': True,
            'manage_locations': True, 'http_store_enabled': True,
            'store_weight_enabled': True, 'do_secure_hash': True,
            'image_format_enforcement': True, 'image_conversion': False},
    }
    sections['service_available']['glance'] = True
    for name, options in PROFILES[profile][1].items():
        sections[name].update(options)
    return '\n'.join(_section(*item) for item in sections.items())


def _section(name, options):
    return textwrap.dedent('''\
        [{}]
        {}
        ''').format(name, '\n'.join(
            f'{option} = {value}' for option, value in options.items()
            if value is not None))
