# SPDX-License-Identifier: Apache-2.0
"""Volumes of Cinder as images: how one is found, and what is left of one.

Cinder itself chooses the id by which a volume is known, and a URL has that id
alone. What is known beforehand is the name: by it, and what the library notes
about the image, an upload that died is found. A volume takes no more data once
it is marked as read-only, which is the last that an upload does.

To read or to write one it is attached to this host, by os-brick. What a dead
process has left attached is detached where the volume is to go.
"""
import contextlib
import copy
import datetime
import importlib
import os
import re
import threading
import time
import types

from glancelite.stores.kinds import kind

_GIB = 1024 ** 3

#: What the library puts before the name of an image.
_PREFIX = 'image-'

_URL = re.compile('cinder://(?:(?P<store>[^/]+)/)?(?P<volume>[0-9a-f-]{36})')

#: Statuses of a volume that is on its way out, or of which nobody knows how
#: much is left.
_GOING = ('deleting', 'error_deleting')

#: Statuses of a volume that has been written, attached or not.
_USABLE = ('available', 'in-use', 'reserved', 'attaching', 'detaching',
           'maintenance', 'backing-up', 'downloading')

#: Statuses of a volume that somebody has attached, or nearly so.
_ATTACHED = ('in-use', 'reserved', 'attaching', 'detaching')

#: Seconds for Cinder to delete a volume, or to find that it cannot; and
#: between two looks.
_DELETION = 5
_LOOK = 0.2

#: The library keeps one session of a client for all stores.
_SESSIONS = threading.Lock()


class Busy(Exception):
    """A volume is not to be deleted now."""


class Cinder(kind.Kind):
    """Volumes of one type, in the project of the service.

    Locks that the library, and what it uses, have between threads do not
    work between the native threads of a server that is not native itself.
    """

    module = 'glance_store._drivers.cinder.store'
    modules = ('cinderclient', 'os_brick', 'oslo_privsep', 'oslo_rootwrap')
    offline = False
    native = True
    slow = True

    #: Only then a volume is found by whoever looks for it.
    required = ('cinder_store_auth_address',)
    _PASSWORD = ('cinder_store_user_name', 'cinder_store_password',
                 'cinder_store_project_name')
    _CREDENTIAL = ('cinder_store_application_credential_id',
                   'cinder_store_application_credential_secret')

    def __init__(self, library, identifier):
        super().__init__(library, identifier)
        self._process = None
        self._session = None
        self._volume_type = None

    @classmethod
    def prepare(cls, conf):
        """Have the library's own configuration be that of the service.

        From there it takes where locks between processes lie, and how to do
        what only root may.
        """
        module = super().prepare(conf)
        theirs = module.CONF
        theirs([], project='glance',
               default_config_files=conf.config_file or [],
               default_config_dirs=conf.config_dir or [])
        if not theirs.oslo_concurrency.lock_path:
            raise kind.Unset('[oslo_concurrency] lock_path')
        return module

    @classmethod
    def require(cls, options):
        super().require(options)
        names = (cls._CREDENTIAL if options(cls._CREDENTIAL[0])
                 else cls._PASSWORD)
        for name in names:
            if not options(name):
                raise kind.Unset(name)

    def configure(self):
        self._pristine.get_cinderclient = self._client
        super().configure()

    def _client(self, context=None, version='3.54'):
        """:returns: a client of Cinder, in this store's session."""
        module = self.load()
        with _SESSIONS:
            if self._process != os.getpid():
                # Connections that came along through a fork are not ours.
                self._process, self._session = os.getpid(), None
            module.CINDER_SESSION = self._session
            client = module.Store.get_cinderclient(
                self._pristine, context, version)
            self._session = module.CINDER_SESSION
        return client

    def add(self, name, source, size, digest):
        # Of users the library wants no more than the owner of the image.
        copy.copy(self.library).add(
            name, source, size, digest,
            context=types.SimpleNamespace(project_id=''))

    def parsed(self, url):
        parts = _URL.fullmatch(url)
        if parts is None:
            raise ValueError()
        parsed = super().parsed(url)
        parsed.store = parts['store']
        return parsed

    def owns(self, parsed):
        return parsed.store in (None, self._pristine.backend_group)

    def key(self, parsed):
        return parsed.volume_id

    def url(self, name):
        """:raises Missing: no volume of this name has been finished."""
        return self._url(self._whole(self._volumes(name)))

    def _url(self, volume):
        group = self._pristine.backend_group
        # Glance's URLs in a single store have no name of a store.
        store = '' if group == 'glance_store' else f'{group}/'
        return f'cinder://{store}{volume.id}'

    def commit(self, name):
        """Have one volume only: a request may have been made twice."""
        volumes = self._volumes(name)
        whole = self._whole(volumes)
        for each in volumes:
            if each.id != whole.id:
                self._delete(each.id)
        return self._url(whole)

    @staticmethod
    def _whole(volumes):
        whole = [each for each in volumes if _is_whole(each)]
        if not whole:
            raise kind.Missing()
        return min(whole, key=lambda each: each.id)

    def size(self, url):
        return _size(self._volume(self.parsed(url).volume_id))

    def _volume(self, volume_id):
        with self._missing():
            volume = self._client().volumes.get(volume_id)
        if volume.status in _GOING:
            raise kind.Missing()
        return volume

    def read(self, url, offset, stack):
        size = self.size(url)
        if offset >= size:
            return iter(())
        blocks, _size_of_rest = self.library.get(self.located(url),
                                                 offset=offset)
        stack.callback(blocks.close)
        return _counted(blocks, size - offset)

    def delete(self, url):
        with contextlib.suppress(kind.Missing):
            self._delete(self._volume(self.parsed(url).volume_id).id)

    def remove(self, name):
        volumes = self._volumes(name)
        for each in volumes:
            self._delete(each.id)
        return bool(volumes)

    def _delete(self, volume_id):
        """Delete a volume, whatever has it attached.

        :raises Busy: Cinder does not, for now.
        """
        errors = importlib.import_module('cinderclient.exceptions')
        with contextlib.suppress(kind.Missing), self._missing():
            client = self._client()
            self._detach(client, volume_id)
            try:
                client.volumes.delete(volume_id)
            except errors.BadRequest:
                self._settle(client, volume_id)
                client.volumes.delete(volume_id)
            self._wait_until_gone(client, volume_id)

    def _detach(self, client, volume_id):
        for each in client.attachments.list(
                search_opts={'volume_id': volume_id}):
            with contextlib.suppress(kind.Missing), self._missing():
                client.attachments.delete(each.id)

    def _settle(self, client, volume_id):
        """Have a volume be available again that nothing has attached.

        Whoever was just attaching it has made Cinder say that it is.

        :raises Busy: it is something else that keeps it.
        """
        self._detach(client, volume_id)
        if client.volumes.get(volume_id).status not in _ATTACHED:
            raise Busy()
        client.volumes.reset_state(volume_id, 'available',
                                   attach_status='detached')

    @staticmethod
    def _wait_until_gone(client, volume_id):
        """:raises Busy: the volume stays: something has it open."""
        deadline = time.monotonic() + _DELETION
        while client.volumes.get(volume_id).status == 'deleting':
            if time.monotonic() > deadline:
                # That is Cinder's own business now.
                return
            time.sleep(_LOOK)
        raise Busy()

    def names(self, prefix=''):
        for volume in self._listed():
            name = volume.metadata.get('glance_image_id', '')
            if (name.startswith(prefix) and volume.name == _PREFIX + name
                    and volume.status != 'deleting'):
                yield kind.Found(name, _size(volume), _modified(volume),
                                 _is_whole(volume), self._url(volume))

    def _volumes(self, name):
        """:returns: the volumes of this name that are not being deleted."""
        return [each for each in self._listed(name=_PREFIX + name)
                if each.metadata.get('glance_image_id') == name
                and each.status != 'deleting']

    def _listed(self, **wanted):
        client = self._client()
        if self._volume_type is None:
            self._volume_type = (
                self._pristine.store_conf.cinder_volume_type
                or client.volume_types.default().name)
        return [each for each in client.volumes.list(search_opts=wanted)
                if each.volume_type == self._volume_type]

    @contextlib.contextmanager
    def _missing(self):
        errors = importlib.import_module('cinderclient.exceptions')
        try:
            yield
        except errors.NotFound:
            raise kind.Missing() from None

    def is_full(self, error):
        # The library says of a quota that something has failed.
        return super().is_full(error) or type(
            error.__context__).__name__ == 'OverLimit'

    def is_outage(self, error):
        identity = importlib.import_module('keystoneauth1.exceptions')
        return (super().is_outage(error)
                or isinstance(error, identity.ClientException)
                or (getattr(error, 'code', None) or 0) >= 500)


def _is_whole(volume):
    return (volume.status in _USABLE
            and volume.metadata.get('readonly') == 'True')


def _size(volume):
    return int(volume.metadata.get('image_size', volume.size * _GIB))


def _modified(volume):
    written = volume.updated_at or volume.created_at
    return datetime.datetime.fromisoformat(written).replace(
        tzinfo=datetime.timezone.utc).timestamp()


def _counted(blocks, size):
    """Yield the blocks.

    :raises OSError: they end early, which the library does not tell.
    """
    for block in blocks:
        size -= len(block)
        yield block
    if size:
        raise OSError()
