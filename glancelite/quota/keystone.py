# SPDX-License-Identifier: Apache-2.0
"""Unified limits: what Keystone says a project may have.

oslo.limit is asked for the limits alone. It would compare them with what is
used as well, but not in the transaction that takes it.
"""
import time

from keystoneauth1 import exceptions as keystone_exceptions
from keystoneauth1 import loading
from openstack import exceptions as openstack_exceptions
from oslo_config import cfg
from oslo_limit import exception as limit_exceptions
from oslo_limit import limit
from oslo_limit import opts
from oslo_log import log

from glancelite import context as context_module
from glancelite import exception
from glancelite.objects import usage as usage_object

LOG = log.getLogger(__name__)

_GROUP = 'oslo_limit'

#: Each of these is enough for oslo.limit to find out what it is asked for.
_ENDPOINT_OPTIONS = ('endpoint_id', 'endpoint_service_type',
                     'endpoint_service_name')

_FAILURES = (keystone_exceptions.ClientException,
             openstack_exceptions.SDKException,
             limit_exceptions.SessionInitError, ValueError,
             NotImplementedError)


class KeystoneLimits:
    """Limits of projects, each asked for once in a while.

    :param conf: the ``ConfigOpts`` of the service.
    :raises ConfigurationError: [oslo_limit] cannot be used.
    """

    def __init__(self, conf):
        _share_options(conf)
        self._seconds = conf.keystone_limits_cache_seconds
        self._cache = {}
        self._asker = None

    def of(self, project_id, resources):
        """:returns: a list of the :class:`Limit` of each resource that is
            limited.

        :raises LimitsUnavailable: Keystone does not tell.
        """
        limits = self.report(project_id)
        return [usage_object.Limit(
                    project_id, name,
                    limits[name] * usage_object.UNITS.get(name, 1))
                for name in resources if limits[name] >= 0]

    def report(self, project_id):
        """:returns: {resource: limit as Keystone has it}.

        A limit that nobody registered is 0, as for every user of oslo.limit.

        :raises LimitsUnavailable: Keystone does not tell.
        """
        now = time.monotonic()
        until, limits = self._cache.get(project_id, (0, None))
        if now >= until:
            limits = self._ask(project_id)
            # Projects that came by once must not stay.
            self._cache = {name: entry for name, entry in self._cache.items()
                           if entry[0] > now}
            self._cache[project_id] = now + self._seconds, limits
        return limits

    def _ask(self, project_id):
        try:
            # Made when first needed: the service starts without Keystone.
            if self._asker is None:
                self._asker = limit.Enforcer(_unused, cache=False)
                _name_requests(self._asker.connection)
            found = {
                **dict(self._asker.get_registered_limits(None)),
                **dict(self._asker.get_project_limits(project_id, None))}
        except _FAILURES:
            LOG.exception('Keystone does not tell the limits of project %s',
                          project_id)
            raise exception.LimitsUnavailable() from None
        return {name: found.get(name, 0) for name in usage_object.RESOURCES}


def _name_requests(proxy):
    """Let each request of an openstacksdk proxy bear the id of ours."""
    ask = proxy.request

    def request(url, method, **more):
        fields = {**context_module.outgoing_fields(),
                  **(more.pop('headers', None) or {})}
        return ask(url, method, headers=fields, **more)
    proxy.request = request


def _unused(project_id, resources):
    """oslo.limit wants a function to ask for usage; it is never called."""
    return dict.fromkeys(resources, 0)


def _share_options(conf):
    """Register [oslo_limit], and tell oslo.limit what it says.

    That library reads its options from oslo.config's global object alone.
    """
    _register(conf)
    group = conf[_GROUP]
    if not group.auth_type and not group.auth_section:
        raise exception.ConfigurationError(
            'use_keystone_limits needs [oslo_limit] auth_type and how to '
            'reach Keystone')
    if not any(group[name] for name in _ENDPOINT_OPTIONS):
        raise exception.ConfigurationError(
            'use_keystone_limits needs [oslo_limit] endpoint_id, or '
            'endpoint_service_type or endpoint_service_name')
    credentials = group.auth_section or _GROUP
    try:
        options = loading.get_auth_plugin_conf_options(
            _auth_type(conf, credentials))
    except keystone_exceptions.NoMatchingPlugin as error:
        raise exception.ConfigurationError(f'[{credentials}]: {error}'
                                           ) from None
    for each in (conf, cfg.CONF):
        each.register_opts(options, group=credentials)
    for name in {_GROUP, credentials}:
        for option in conf[name]:
            if option in cfg.CONF[name]:
                cfg.CONF.set_override(option, conf[name][option], group=name)


def _auth_type(conf, group):
    loading.register_auth_conf_options(conf, group)
    loading.register_auth_conf_options(cfg.CONF, group)
    return conf[group].auth_type


def _register(conf):
    loading.register_auth_conf_options(conf, _GROUP)
    loading.register_session_conf_options(conf, _GROUP)
    loading.register_adapter_conf_options(conf, _GROUP,
                                          include_deprecated=False)
    _group, options = opts.list_opts()[0]
    conf.register_opts([option for option in options
                        if option.dest in _ENDPOINT_OPTIONS
                        or option.dest in ('endpoint_region_name',
                                           'endpoint_interface')],
                       group=_GROUP)
