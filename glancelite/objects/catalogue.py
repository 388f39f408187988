# SPDX-License-Identifier: Apache-2.0
"""Where the image services of other regions are, as Keystone tells."""
import json

_TYPE = 'image'


def endpoint(catalogue, region, interface):
    """:returns: the URL of the image service of ``region``, or None.

    :param catalogue: the header X-Service-Catalog, as keystonemiddleware
        writes it; or None.
    :param interface: public, internal or admin.
    """
    try:
        services = json.loads(catalogue or '[]')
        for service in services:
            if service.get('type') != _TYPE:
                continue
            for each in service.get('endpoints', ()):
                url = each.get(f'{interface}URL')
                if each.get('region') == region and isinstance(url, str):
                    return url.rstrip('/').removesuffix('/v2').rstrip('/')
    except (ValueError, AttributeError, TypeError):
        pass
    return None
