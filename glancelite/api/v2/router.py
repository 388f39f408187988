# SPDX-License-Identifier: Apache-2.0
"""The route table of the Image API v2, and its application."""
from glancelite import service as service_module
from glancelite.api import router
from glancelite.api.v2 import cached_images
from glancelite.api.v2 import discovery
from glancelite.api.v2 import image_actions
from glancelite.api.v2 import image_data
from glancelite.api.v2 import image_import
from glancelite.api.v2 import image_locations
from glancelite.api.v2 import image_members
from glancelite.api.v2 import image_tags
from glancelite.api.v2 import image_tasks
from glancelite.api.v2 import images
from glancelite.api.v2 import metadef_namespaces
from glancelite.api.v2 import metadef_objects
from glancelite.api.v2 import metadef_properties
from glancelite.api.v2 import metadef_resource_types
from glancelite.api.v2 import metadef_tags
from glancelite.api.v2 import schemas
from glancelite.api.v2 import stores
from glancelite.api.v2 import tasks
from glancelite.api.v2 import uploads
from glancelite.api.v2 import usage

_IMAGE = '/images/{image_id}'
_NAMESPACE = '/metadefs/namespaces/{namespace_name}'
_UPLOAD = f'{_IMAGE}/uploads/{{upload_id}}'

#: (method, path, resource, action)
ROUTES = (
    ('GET', '/schemas/{name}', 'schemas', 'show'),

    ('GET', '/images', 'images', 'index'),
    ('POST', '/images', 'images', 'create'),
    ('GET', _IMAGE, 'images', 'show'),
    ('HEAD', _IMAGE, 'images', 'show'),
    ('PATCH', _IMAGE, 'images', 'update'),
    ('DELETE', _IMAGE, 'images', 'delete'),

    ('GET', f'{_IMAGE}/file', 'image_data', 'download'),
    ('HEAD', f'{_IMAGE}/file', 'image_data', 'download'),
    ('PUT', f'{_IMAGE}/file', 'image_file', 'upload'),
    ('POST', f'{_IMAGE}/file', 'image_file', 'upload'),
    ('OPTIONS', f'{_IMAGE}/file', 'uploads', 'options'),

    ('GET', _UPLOAD, 'uploads', 'show'),
    ('HEAD', _UPLOAD, 'uploads', 'show'),
    ('PATCH', _UPLOAD, 'uploads', 'update'),
    ('DELETE', _UPLOAD, 'uploads', 'delete'),
    ('OPTIONS', _UPLOAD, 'uploads', 'options'),

    ('PUT', f'{_IMAGE}/stage', 'image_import', 'stage'),
    ('POST', f'{_IMAGE}/import', 'image_import', 'submit'),

    ('POST', f'{_IMAGE}/actions/deactivate', 'image_actions', 'deactivate'),
    ('POST', f'{_IMAGE}/actions/reactivate', 'image_actions', 'reactivate'),

    ('PUT', f'{_IMAGE}/tags/{{tag}}', 'image_tags', 'update'),
    ('DELETE', f'{_IMAGE}/tags/{{tag}}', 'image_tags', 'delete'),

    ('GET', f'{_IMAGE}/locations', 'image_locations', 'index'),
    ('POST', f'{_IMAGE}/locations', 'image_locations', 'create'),

    ('GET', f'{_IMAGE}/members', 'image_members', 'index'),
    ('POST', f'{_IMAGE}/members', 'image_members', 'create'),
    ('GET', f'{_IMAGE}/members/{{member_id}}', 'image_members', 'show'),
    ('PUT', f'{_IMAGE}/members/{{member_id}}', 'image_members', 'update'),
    ('DELETE', f'{_IMAGE}/members/{{member_id}}', 'image_members', 'delete'),

    ('GET', f'{_IMAGE}/tasks', 'image_tasks', 'index'),

    ('GET', '/tasks', 'tasks', 'index'),
    ('POST', '/tasks', 'tasks', 'create'),
    ('GET', '/tasks/{task_id}', 'tasks', 'show'),
    ('DELETE', '/tasks/{task_id}', 'tasks', 'delete'),

    ('DELETE', '/stores/{store_id}/{image_id}', 'stores', 'delete'),

    ('GET', '/cache', 'cached_images', 'index'),
    ('DELETE', '/cache', 'cached_images', 'clear'),
    ('POST', '/cache/clean', 'cached_images', 'clean'),
    ('POST', '/cache/prune', 'cached_images', 'prune'),
    ('GET', '/cache/nodes/{image_id}', 'cached_images', 'nodes'),
    ('DELETE', '/cache/{image_id}', 'cached_images', 'delete'),
    ('PUT', '/cache/{image_id}', 'cached_images', 'update'),

    ('GET', '/info/import', 'discovery', 'import_methods'),
    ('GET', '/info/stores', 'discovery', 'stores'),
    ('GET', '/info/stores/detail', 'discovery', 'stores_detail'),
    ('GET', '/info/usage', 'usage', 'show'),

    ('GET', '/schemas/metadefs/{name}', 'metadef_schemas', 'show'),

    ('GET', '/metadefs/namespaces', 'metadef_namespaces', 'index'),
    ('POST', '/metadefs/namespaces', 'metadef_namespaces', 'create'),
    ('GET', _NAMESPACE, 'metadef_namespaces', 'show'),
    ('PUT', _NAMESPACE, 'metadef_namespaces', 'update'),
    ('DELETE', _NAMESPACE, 'metadef_namespaces', 'delete'),

    ('GET', '/metadefs/resource_types', 'metadef_resource_types', 'all'),
    ('GET', f'{_NAMESPACE}/resource_types', 'metadef_resource_types',
     'index'),
    ('POST', f'{_NAMESPACE}/resource_types', 'metadef_resource_types',
     'create'),
    ('DELETE', f'{_NAMESPACE}/resource_types/{{name}}',
     'metadef_resource_types', 'delete'),

    *((method, f'{_NAMESPACE}/{noun}{name}', f'metadef_{noun}', action)
      for noun in ('objects', 'properties')
      for method, name, action in (
          ('GET', '', 'index'), ('POST', '', 'create'),
          ('DELETE', '', 'clear'), ('GET', '/{name}', 'show'),
          ('PUT', '/{name}', 'update'), ('DELETE', '/{name}', 'delete'))),

    ('GET', f'{_NAMESPACE}/tags', 'metadef_tags', 'index'),
    ('POST', f'{_NAMESPACE}/tags', 'metadef_tags', 'create_all'),
    ('DELETE', f'{_NAMESPACE}/tags', 'metadef_tags', 'clear'),
    ('GET', f'{_NAMESPACE}/tags/{{name}}', 'metadef_tags', 'show'),
    ('POST', f'{_NAMESPACE}/tags/{{name}}', 'metadef_tags', 'create'),
    ('PUT', f'{_NAMESPACE}/tags/{{name}}', 'metadef_tags', 'update'),
    ('DELETE', f'{_NAMESPACE}/tags/{{name}}', 'metadef_tags', 'delete'),
)


def app_factory(global_conf, **local_conf):
    """For Paste: the application of the service being built."""
    return create(service_module.current())


def create(service):
    """:returns: the WSGI application that serves ``ROUTES``."""
    schema = schemas.load(service.conf)
    data = image_data.create_resource(service)
    parts = uploads.create_resource(service)
    return router.Router(ROUTES, {
        'schemas': schemas.create_resource(schema),
        'metadef_schemas': schemas.create_metadef_resource(),
        'images': images.create_resource(service, schema),
        'image_data': data,
        'image_file': uploads.Entry(data, parts),
        'uploads': parts,
        'image_import': image_import.create_resource(service),
        'image_actions': image_actions.create_resource(service),
        'image_tags': image_tags.create_resource(service),
        'image_locations': image_locations.create_resource(service),
        'image_members': image_members.create_resource(service),
        'image_tasks': image_tasks.create_resource(service),
        'tasks': tasks.create_resource(service, schema),
        'stores': stores.create_resource(service),
        'cached_images': cached_images.create_resource(service),
        'discovery': discovery.create_resource(service),
        'usage': usage.create_resource(service),
        'metadef_namespaces': metadef_namespaces.create_resource(service),
        'metadef_objects': metadef_objects.create_resource(service),
        'metadef_properties': metadef_properties.create_resource(service),
        'metadef_resource_types':
            metadef_resource_types.create_resource(service),
        'metadef_tags': metadef_tags.create_resource(service),
    })
