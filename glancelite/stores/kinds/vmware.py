# SPDX-License-Identifier: Apache-2.0
"""Files in datastores of VMware: where one lies, and how it is listed.

The name of a file is known beforehand. In which of several datastores it
comes the library finds out when it knows the size, so it is looked for in all
of them.
"""
import contextlib
import importlib
import itertools
import os
import urllib.parse

from glancelite.stores.kinds import kind

#: Where a server has the files of its datastores.
_FOLDER = '/folder/'


class Vmware(kind.Kind):
    """Files in one folder of some datastores.

    The session with the server stays. Locks that the library has between
    threads do not work between the native threads of a server that is not
    native itself.
    """

    module = 'glance_store._drivers.vmware_datastore'
    modules = ('oslo_vmware',)
    required = ('vmware_server_host', 'vmware_server_username',
                'vmware_server_password', 'vmware_datastores')
    offline = False
    native = True
    silent = True

    def __init__(self, library, identifier):
        super().__init__(library, identifier)
        self._process = None
        options = library.store_conf
        self._host = options.vmware_server_host
        self._path = '/'.join(
            part for part in (_FOLDER.strip('/'),
                              options.vmware_store_image_dir.strip('/'))
            if part)
        self._places = [library._parse_datastore_info_and_weight(each)[:2]
                        for each in options.vmware_datastores]

    @property
    def library(self):
        # Connections that came along through a fork are not ours.
        if self._process != os.getpid():
            self._configured = None
            configured = super().library
            self._process = os.getpid()
            return configured
        return self._configured

    def add(self, name, source, size, digest):
        super().add(name, _Begun(source), size, digest)

    def owns(self, parsed):
        folder, _slash, name = parsed.path.strip('/').rpartition('/')
        return (_bare(parsed.server_host) == _bare(self._host)
                and folder == self._path
                and name not in ('', '.', '..') and _place(parsed) in (
                    _without_slash(each) for each in self._places))

    def key(self, parsed):
        return '/'.join((*_place(parsed), parsed.path.strip('/')))

    def url(self, name):
        """:raises Missing: it is in none of several datastores."""
        urls = self._urls(name)
        if len(urls) == 1:
            return urls[0]
        for url in urls:
            with contextlib.suppress(kind.Missing):
                self.size(url)
                return url
        raise kind.Missing()

    def _urls(self, name):
        """:returns: where an upload of this name may have come."""
        return [self._url(name, *each) for each in self._places]

    def _url(self, name, datacenter, datastore):
        library = self._pristine
        return self.load().StoreLocation(
            {'scheme': library.get_schemes()[0], 'server_host': self._host,
             'image_dir': library.store_conf.vmware_store_image_dir,
             'datacenter_path': datacenter, 'datastore_name': datastore,
             'image_id': name}, library.conf,
            backend_group=library.backend_group).get_uri()

    def size(self, url):
        from glance_store import exceptions
        try:
            return self.library.get_size(self.located(url))
        except exceptions.NotFound:
            raise kind.Missing() from None

    def read(self, url, offset, stack):
        library = self.library
        session = stack.enter_context(self.load().new_session(
            library.api_insecure, library.ca_file))
        answer = self._get(session, self.parsed(url).https_url, offset)
        if answer.status_code == 401:
            library.reset_session()
            answer = self._get(session, self.parsed(url).https_url, offset)
        stack.callback(answer.close)
        if answer.status_code == 404:
            raise kind.Missing()
        if answer.status_code == 416:
            return iter(())
        answer.raise_for_status()
        blocks = answer.iter_content(kind.BLOCK)
        # Not every server gives what is asked for.
        return blocks if answer.status_code == 206 else _beyond(blocks, offset)

    def _get(self, session, url, offset):
        headers = {'Cookie': self.library._build_vim_cookie_header()}
        if offset:
            headers['Range'] = f'bytes={offset}-'
        return session.get(url, headers=headers, stream=True)

    def names(self, prefix=''):
        for datastore in itertools.chain.from_iterable(
                self.library.datastores.values()):
            for file in self._listed(datastore):
                if file.path.startswith(prefix):
                    yield kind.Found(
                        file.path, getattr(file, 'fileSize', 0),
                        file.modification.timestamp(), url=self._url(
                            file.path, datastore.datacenter.path,
                            datastore.name))

    def _listed(self, datastore):
        """:returns: the files in the folder of images of a datastore."""
        errors = importlib.import_module('oslo_vmware.exceptions')
        vim_util = importlib.import_module('oslo_vmware.vim_util')
        session = self.library.session
        browser = session.invoke_api(
            vim_util, 'get_object_property', session.vim, datastore.ref,
            'browser')
        factory = session.vim.client.factory
        wanted = factory.create('ns0:HostDatastoreBrowserSearchSpec')
        wanted.details = factory.create('ns0:FileQueryFlags')
        wanted.matchPattern = ['*']
        for name, value in (('fileSize', True), ('modification', True),
                            ('fileType', False), ('fileOwner', False)):
            setattr(wanted.details, name, value)
        folder = self._path.partition('/')[2]
        task = session.invoke_api(
            session.vim, 'SearchDatastore_Task', browser,
            datastorePath=f'[{datastore.name}] {folder}', searchSpec=wanted)
        try:
            found = session.wait_for_task(task).result
        except errors.FileNotFoundException:
            # It comes with the first upload.
            return ()
        return getattr(found, 'file', ())

    def remove(self, name):
        from glance_store import exceptions
        found = False
        for url in self._urls(name):
            with contextlib.suppress(exceptions.NotFound):
                self.library.delete(self.located(url))
                found = True
        return found

    def is_outage(self, error):
        # What the library says of a connection that failed is behind it.
        return (super().is_outage(error)
                or isinstance(error.__context__, OSError)
                or type(error).__name__ in ('VimConnectionException',
                                            'VimSessionOverLoadException'))


class _Begun:
    """A source of which there is something, or nothing at all, to be read.

    What is given up before the first byte makes no file: who removes it
    might come before the server has made it.
    """

    def __init__(self, source):
        self._first = source.read(1)
        self._source = source

    def read(self, size=-1):
        """:returns: as the source."""
        first, self._first = self._first, b''
        if size < 0:
            return first + self._source.read()
        return first + self._source.read(size - len(first))


def _bare(host):
    return host.strip('[]')


def _place(parsed):
    """:returns: the datacenter and the datastore of a parsed URL."""
    query = urllib.parse.parse_qs(parsed.query)
    return _without_slash((query['dcPath'][0], query['dsName'][0]))


def _without_slash(place):
    return tuple(each.strip('/') for each in place)


def _beyond(blocks, offset):
    """Yield what follows the first ``offset`` bytes."""
    for block in blocks:
        if offset < len(block):
            yield block[offset:]
        offset = max(0, offset - len(block))
