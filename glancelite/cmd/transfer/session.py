# SPDX-License-Identifier: Apache-2.0
"""Authentication, as every OpenStack client has it. The user of openstack."""
from openstack import config
from openstack import exceptions


class SessionError(Exception):
    """The options do not say how to reach the service."""


def add_arguments(parser, arguments):
    """Add --os-cloud, --os-auth-type and what belongs to them.

    :param arguments: the command line, which decides what belongs to them.
    """
    try:
        _config().register_argparse_arguments(parser, arguments, ['image'])
    except exceptions.ConfigException as error:
        parser.error(str(error))
    parser.set_defaults(timeout=None)


def load(options):
    """:returns: a keystoneauth session, and the endpoint of the service.

    :param options: the parsed command line.
    :raises SessionError: they do not say enough.
    """
    try:
        region = _config().get_one(argparse=options)
        endpoint = region.get_session_endpoint('image')
    except (exceptions.ConfigException, exceptions.SDKException) as error:
        raise SessionError(str(error)) from None
    if not endpoint:
        raise SessionError('no endpoint of the image service is known: use '
                           '--os-endpoint, --os-cloud or OS_... variables')
    return region.get_session(), endpoint


def _config():
    return config.OpenStackConfig(app_name='glancelite')
