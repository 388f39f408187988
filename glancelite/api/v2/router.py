# SPDX-License-Identifier: Apache-2.0
"""The route table of the Image API v2, and its application."""
from glancelite import service as service_module
from glancelite.api import router
from glancelite.api.v2 import image_data
from glancelite.api.v2 import images
from glancelite.api.v2 import schemas

_IMAGE = '/images/{image_id}'

#: (method, path, resource, action)
ROUTES = (
    ('GET', '/schemas/{name}', 'schemas', 'show'),

    ('GET', '/images', 'images', 'index'),
    ('POST', '/images', 'images', 'create'),
    ('GET', _IMAGE, 'images', 'show'),
    ('PATCH', _IMAGE, 'images', 'update'),
    ('DELETE', _IMAGE, 'images', 'delete'),

    ('GET', f'{_IMAGE}/file', 'image_data', 'download'),
    ('PUT', f'{_IMAGE}/file', 'image_data', 'upload'),
)


def app_factory(global_conf, **local_conf):
    """For Paste: the application of the service being built."""
    return create(service_module.current())


def create(service):
    """:returns: the WSGI application that serves ``ROUTES``."""
    schema = schemas.load(service.conf)
    return router.Router(ROUTES, {
        'schemas': schemas.create_resource(schema),
        'images': images.create_resource(service, schema),
        'image_data': image_data.create_resource(service),
    })
