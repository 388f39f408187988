# SPDX-License-Identifier: Apache-2.0
"""Who is told: events of images, members, tasks and metadata definitions, for
a message broker.

Types and payloads are Glance's. Nobody waits for the broker: events queue up
and are sent in the background, in their order.
"""
import logging
import os
import warnings

from oslo_log import log

from glancelite import exception
from glancelite.conf import notifications
from glancelite.objects import image as image_object
from glancelite.objects import import_request

LOG = log.getLogger(__name__)

#: Who says that a notification could not be sent.
_LIBRARY_LOG = logging.getLogger('oslo_messaging.notify.messaging')

#: The exchange, unless control_exchange names another one: Glance's.
_EXCHANGE = 'glance'

#: What the payload of every event of an image has, as the image has it.
_OF_IMAGE = ('id', 'name', 'status', 'min_disk', 'min_ram', 'protected',
             'checksum', 'owner', 'disk_format', 'container_format', 'size',
             'virtual_size', 'visibility')
_OF_MEMBER = ('image_id', 'member_id', 'status')
_OF_TASK = ('id', 'type', 'status', 'owner')

#: Of metadata definitions.
_OF_NAMESPACE = ('display_name', 'protected', 'visibility', 'owner',
                 'description')
_OF_PROPERTY = (
    'type', 'title', 'description', 'default', 'minimum', 'maximum', 'enum',
    'pattern', 'minLength', 'maxLength', 'confidential', 'items',
    'uniqueItems', 'minItems', 'maxItems', 'additionalItems')
_OF_RESOURCE_TYPE = ('prefix', 'properties_target')

#: Of images: lists of stores that some events tell besides.
_STORES = (import_request.IMPORTING_PROPERTY, import_request.FAILED_PROPERTY)


class Notifier:
    """Tells of events; without a driver, or with ``noop``, it does nothing.

    :param conf: a loaded ``ConfigOpts``.
    :param background: runs one job at a time, and refuses when too many
        wait: a :class:`~glancelite.data.background.Background`.
    :raises ConfigurationError: there is no such transport.
    """

    def __init__(self, conf, background):
        self._disabled = frozenset(conf.disabled_notifications)
        self._background = background
        self._outlet = _Outlet(conf) if notifications.drivers(conf) else None
        self._lost = 0

    @property
    def active(self):
        """:returns: whether anybody is told anything."""
        return self._outlet is not None

    def image(self, action, image):
        """Tell that ``action`` (create, update, delete, ...) was done."""
        if self._wants(f'image.{action}'):
            self._submit('info', f'image.{action}', _image(image))

    def prepare(self, image, store):
        """Tell that data begins to come into ``store``, an identifier."""
        if self._wants('image.prepare'):
            self._submit('info', 'image.prepare', {
                **_image(image), **_stores(image), 'backend': store})

    def upload(self, image, importing=()):
        """Tell that data has come into stores.

        :param importing: identifiers of the stores it is imported into.
        """
        if self._wants('image.upload'):
            self._submit('info', 'image.upload', {
                **_image(image), **_stores(image),
                import_request.IMPORTING_PROPERTY: list(importing)})

    def upload_failed(self, image, error):
        """Tell why data has not come; users may read the reason."""
        if self._wants('image.upload'):
            reason = (str(error)
                      if isinstance(error, exception.GlanceliteError)
                      else 'unexpected error')
            self._submit('error', 'image.upload',
                         f'Failed to upload image data for image {image.id}: '
                         f'{reason}')

    def send(self, context, image, count):
        """Tell that ``count`` bytes of its data were sent to the caller."""
        if self._wants('image.send'):
            self._submit('info', 'image.send', {
                'bytes_sent': count, 'image_id': image.id,
                'owner_id': image.owner,
                'receiver_tenant_id': context.project_id,
                'receiver_user_id': context.user_id})

    def member(self, action, member):
        """Tell of a create, update or delete of a member, just done."""
        if self._wants(f'image.member.{action}'):
            gone = image_object.now() if action == 'delete' else None
            self._submit('info', f'image.member.{action}', {
                **_fields(member, _OF_MEMBER), **_times(member),
                **_deletion(gone)})

    def task(self, action, task):
        """Tell that a task was created, or what became of it."""
        if self._wants(f'task.{action}'):
            self._submit('info', f'task.{action}', {
                **_fields(task, _OF_TASK), **_times(task), **_deletion(None),
                'expires_at': image_object.timestamp(task.expires_at),
                # Glance keeps these to those who may see the task.
                'result': None, 'message': None})

    def namespace(self, action, namespace, former_name=None):
        """Tell what was done to a namespace of metadata definitions."""
        if self._wants(f'metadef_namespace.{action}'):
            self._submit('info', f'metadef_namespace.{action}', {
                'namespace': namespace.name,
                'namespace_old': former_name or namespace.name,
                **_fields(namespace, _OF_NAMESPACE), **_times(namespace),
                **_deletion(_gone(action))})

    def definition(self, noun, action, namespace, defined, former_name=None):
        """Tell what was done to one thing in a namespace.

        :param noun: object, property, tag or resource_type.
        """
        if self._wants(f'metadef_{noun}.{action}'):
            self._submit('info', f'metadef_{noun}.{action}', {
                'namespace': namespace.name, 'name': defined.name,
                'name_old': former_name or defined.name,
                **_DEFINED[noun](defined, action),
                **_deletion(_gone(action))})

    def stop(self, patience):
        """Let what waits be sent, for at most ``patience`` seconds."""
        left = self._background.drain(patience)
        if left:
            LOG.warning('%d notifications are lost: the message broker did '
                        'not take them in time', left)

    def _wants(self, event):
        return self._outlet is not None and not (
            event in self._disabled
            or event.rpartition('.')[0] in self._disabled)

    def _submit(self, priority, event, payload):
        if self._background.submit(self._outlet.send, priority, event,
                                   payload):
            if self._lost:
                LOG.warning('%d notifications were lost: too many waited '
                            'for the message broker', self._lost)
                self._lost = 0
            return
        if not self._lost:
            LOG.error('The message broker takes no notifications, and '
                      'notification_queue_size are waiting: further ones '
                      'are lost')
        self._lost += 1


def _in_one_line(record):
    """A filter: say what is lost, and why, without payload and traceback."""
    if record.exc_info:
        error = record.exc_info[1]
        record.msg, record.args = '%s: a notification is lost: %s', (
            record.args and record.args.get('topic'), type(error).__name__)
        record.exc_info = None
    return True


class _Outlet:
    """The way out, by whatever oslo.messaging is configured to take.

    Connections belong to the process that opened them, and a server may
    fork when there are some.
    """

    def __init__(self, conf):
        self._conf = conf
        self._made = self._make()

    def send(self, priority, event, payload):
        """Send an event, or keep trying as [oslo_messaging_notifications]
        retry says.
        """
        pid, notifier = self._made
        if pid != os.getpid():
            self._former = notifier
            self._made = pid, notifier = self._make()
        # Glance tells nothing of the request either.
        getattr(notifier, priority)({}, event, payload)

    def _make(self):
        """:returns: (process id, notifier of the library)."""
        with warnings.catch_warnings():
            # It loads eventlet, whether that is used or not.
            warnings.simplefilter('ignore')
            # Imported where it is wanted: it takes long to load.
            import oslo_messaging
        _LIBRARY_LOG.addFilter(_in_one_line)
        oslo_messaging.set_transport_defaults(_EXCHANGE)
        try:
            transport = oslo_messaging.get_notification_transport(self._conf)
        except oslo_messaging.MessagingException as error:
            # Its text may hold the URL, and that a password.
            raise exception.ConfigurationError(
                'transport_url, or [oslo_messaging_notifications] '
                f'transport_url, cannot be used: {type(error).__name__}'
            ) from None
        return os.getpid(), oslo_messaging.Notifier(
            transport, publisher_id=self._conf.default_publisher_id)


def _fields(thing, names):
    return {name: getattr(thing, name) for name in names}


def _times(thing):
    return {name: image_object.timestamp(getattr(thing, name))
            for name in ('created_at', 'updated_at')}


def _deletion(moment):
    return {'deleted': moment is not None,
            'deleted_at': image_object.timestamp(moment)}


def _image(image):
    gone = image.status in ('deleted', 'pending_delete')
    return {**{name: image.values[name] for name in _OF_IMAGE},
            **_times(image), **_deletion(image.updated_at if gone else None),
            'is_public': image.visibility == 'public',
            'properties': dict(image.properties), 'tags': sorted(image.tags)}


def _stores(image):
    return {name: [store for store
                   in image.properties.get(name, '').split(',') if store]
            for name in _STORES}


def _gone(action):
    return image_object.now() if action == 'delete' else None


def _schema(document):
    return {name: document.get(name) for name in _OF_PROPERTY}


def _object(defined, action):
    document = defined.document
    required = document.get('required')
    if action == 'delete':
        # As it was stored.
        required = required or []
    return {'properties': [{'name': name, **_schema(schema)} for name, schema
                           in document.get('properties', {}).items()],
            'required': required, 'description': document.get('description'),
            **_times(defined)}


#: noun: what the payload of a definition has of its own.
_DEFINED = {
    'object': _object,
    'property': lambda defined, action: _schema(defined.document),
    'tag': lambda defined, action: _times(defined),
    'resource_type': lambda defined, action: {
        **_fields(defined, _OF_RESOURCE_TYPE), **_times(defined)},
}
