# SPDX-License-Identifier: Apache-2.0
"""Discovery: the stores there are, and the ways to import."""
from glancelite import exception
from glancelite.api import resource


class DiscoveryController:
    """Tells what this deployment offers.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._stores = service.stores
        self._policy = service.policy
        self._methods = service.conf.enabled_import_methods

    def import_methods(self, context):
        """:returns: the import methods, as Glance wraps them."""
        return {'import-methods': {
            'description': 'Import methods available.', 'type': 'array',
            'value': self._methods}}

    def stores(self, context):
        """:returns: the stores an image may be put in or found in.

        :raises NotFound: there is only one, without a name.
        """
        return {'stores': [self._describe(driver)
                           for driver in self._named()]}

    def stores_detail(self, context):
        """:returns: the stores with their properties, for administrators."""
        stores = self._named()
        self._policy.authorize(context, 'stores_info_detail', {})
        return {'stores': [
            {**self._describe(driver), 'type': driver.kind,
             'weight': driver.weight, 'properties': driver.properties()}
            for driver in stores]}

    def _named(self):
        if not self._stores.multiple:
            raise exception.NotFound(
                'Multi backend is not supported at this site.')
        return self._stores

    def _describe(self, driver):
        shown = {'id': driver.identifier}
        if driver.description is not None:
            shown['description'] = driver.description
        if driver is self._stores.default:
            shown['default'] = 'true'
        if not driver.writable:
            shown['read-only'] = 'true'
        return shown


def create_resource(service):
    """:returns: the resource for ``/v2/info``."""
    return resource.Resource(DiscoveryController(service))
