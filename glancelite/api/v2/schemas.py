# SPDX-License-Identifier: Apache-2.0
"""The JSON schemas the API serves, with the operator's own properties.

The library that judges documents is loaded with the first one: it takes an
eighth of the time in which the service starts.
"""
import functools
import hashlib
import json

from glancelite import exception
from glancelite import service as service_module
from glancelite.api import resource
from glancelite.api.schemas import image
from glancelite.api.schemas import member
from glancelite.api.schemas import metadef
from glancelite.api.schemas import task

#: Longest reason of a refusal, in characters: it may quote the request.
_LONGEST_REASON = 400

#: SHA-256 of the file of further properties that comes with the service,
#: which nobody has to judge at each start; a test holds it to the file.
SHIPPED = '6a550a149f4cee3cb6c31543b30b3db467f2716d0d801b75afbd1a31794e1602'


def load(conf):
    """:returns: the image schema in force.

    :raises ConfigurationError: schema_image_file is not a JSON object.
    """
    return image.image(conf.image_format.container_formats,
                       conf.image_format.disk_formats, _extra(conf))


def _extra(conf):
    path = service_module.find_file(conf, conf.schema_image_file)
    if not path:
        return {}
    try:
        with open(path, 'rb') as file:
            content = file.read()
        extra = json.loads(content)
    except (OSError, ValueError) as error:
        raise exception.ConfigurationError(
            f'schema_image_file {path}: {error}') from None
    if not isinstance(extra, dict):
        raise exception.ConfigurationError(
            f'schema_image_file {path}: not a JSON object')
    if hashlib.sha256(content).hexdigest() != SHIPPED:
        _check(path, extra)
    return extra


def _check(path, extra):
    import jsonschema
    for name, schema in extra.items():
        try:
            jsonschema.Draft4Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            raise exception.ConfigurationError(
                f'schema_image_file {path}: {name}: {error.message}'
            ) from None


def validator(schema):
    """:returns: a function that raises InvalidImage for a bad document."""
    @functools.cache
    def compiled():
        import jsonschema
        return jsonschema.Draft7Validator(schema)

    def validate(document):
        if compiled().is_valid(document):
            return
        from jsonschema import exceptions
        error = exceptions.best_match(compiled().iter_errors(document))
        path = '.'.join(str(step) for step in error.absolute_path)
        reason = f'{path}: {error.message}' if path else error.message
        if len(reason) > _LONGEST_REASON:
            reason = f'{reason[:_LONGEST_REASON]}...'
        raise exception.InvalidImage(schema=schema['name'], reason=reason)
    return validate


class SchemasController:
    """Shows schemas.

    :param served: dict of them by the last part of their paths.
    """

    def __init__(self, served):
        self._schemas = served

    def show(self, context, name):
        """:raises NotFound: there is no schema of that name."""
        if name not in self._schemas:
            raise exception.NotFound('The resource could not be found.')
        return self._schemas[name]


def create_resource(image_schema):
    """:returns: the resource that serves ``/v2/schemas``."""
    return resource.Resource(SchemasController({
        'image': image_schema,
        'images': image.collection('images', image_schema, paged=True),
        'member': member.MEMBER,
        'members': image.collection('members', member.MEMBER, paged=False),
        'task': task.TASK,
        'tasks': image.collection('tasks', task.TASK_IN_LIST, paged=False),
    }))


def create_metadef_resource():
    """:returns: the resource that serves ``/v2/schemas/metadefs``."""
    return resource.Resource(SchemasController(metadef.SERVED))
