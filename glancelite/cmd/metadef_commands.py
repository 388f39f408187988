# SPDX-License-Identifier: Apache-2.0
"""glancelite-manage db load_metadefs, unload_metadefs and export_metadefs.

Metadata definitions come in JSON files, one for each namespace, as they are
shipped with Glance: the document that creates a namespace.
"""
import dataclasses
import functools
import json
import pathlib
import re
import sys

from glancelite import context as context_module
from glancelite import exception
from glancelite.api.schemas import metadef as metadef_schema
from glancelite.api.v2 import metadef_access
from glancelite.api.v2 import metadef_namespaces
from glancelite.db import metadefs as metadefs_module

#: Whose the namespaces are that tell no owner, as Glance has it.
_OWNER = 'admin'

#: More than there are.
_ALL = 2 ** 31 - 1
_ORDER = [('namespace', 'asc'), ('id', 'asc')]

#: What file names are free of.
_ODD = re.compile(r'[^\w.-]+')


def add_commands(actions, conf):
    """Add the commands to those of ``glancelite-manage db``."""
    parser = actions.add_parser(
        'load_metadefs', help='load metadata definitions from JSON files')
    parser.add_argument('--path', required=True, type=pathlib.Path,
                        help='a file, or a directory of files')
    parser.add_argument(
        '--merge', action='store_true',
        help='add to namespaces that are there what they do not have yet; '
             'otherwise they stay as they are')
    parser.add_argument(
        '--prefer_new', action='store_true',
        help='with --merge: replace what is called the same')
    parser.add_argument(
        '--overwrite', action='store_true',
        help='with --merge: replace namespaces as a whole')
    parser.set_defaults(run=functools.partial(_load, conf))
    parser = actions.add_parser(
        'unload_metadefs', help='delete all metadata definitions')
    parser.set_defaults(run=_unload)
    parser = actions.add_parser(
        'export_metadefs', help='write metadata definitions to JSON files')
    parser.add_argument('--path', required=True, type=pathlib.Path,
                        help='the directory of the files')
    parser.set_defaults(run=functools.partial(_export, conf))


def _load(conf, database):
    options = conf.command
    if (options.prefer_new or options.overwrite) and not options.merge:
        print('--prefer_new and --overwrite go with --merge',
              file=sys.stderr)
        return 1
    loader = _Loader(conf, metadefs_module.Metadefs(database), options)
    bad = 0
    for path in _files(options.path):
        try:
            print(f'{path.name}: {loader.load(_read(path))}')
        except (OSError, ValueError, exception.GlanceliteError) as error:
            bad += 1
            print(f'{path.name}: {error}', file=sys.stderr)
    return int(bool(bad))


def _files(path):
    if path.is_dir():
        return sorted(path.glob('*.json'))
    return [path]


def _read(path):
    document = json.loads(path.read_text(encoding='utf-8'))
    if not isinstance(document, dict):
        raise ValueError('it is not a JSON object')
    return document


class _Loader:
    """Stores namespaces that documents describe.

    :param options: ``merge``, ``prefer_new``, ``overwrite``.
    """

    def __init__(self, conf, metadefs, options):
        self._reader = metadef_access.DocumentReader(
            conf, metadef_schema.NAMESPACE_REQUEST)
        self._metadefs = metadefs
        self._options = options
        self._context = _administrator()

    def load(self, document):
        """:returns: what was done, in a word or two."""
        namespace, contents = metadef_namespaces.described(
            self._reader.checked(document), _OWNER)
        try:
            stored = self._metadefs.namespaces.get(self._context,
                                                   namespace.name)
        except exception.NamespaceNotFound:
            self._metadefs.namespaces.add(self._context, namespace, contents)
            return 'loaded'
        if not self._options.merge:
            return 'is there already'
        if self._options.overwrite:
            self._remove(stored)
            self._metadefs.namespaces.add(self._context, namespace, contents)
            return 'overwritten'
        if self._options.prefer_new:
            namespace.id = stored.id
            self._metadefs.namespaces.save(self._context, namespace)
        self._merge(stored, contents)
        return 'merged'

    def _remove(self, namespace):
        self._metadefs.namespaces.save(
            self._context, dataclasses.replace(namespace, protected=False))
        self._metadefs.namespaces.remove(self._context, namespace)

    def _merge(self, namespace, contents):
        stored = self._metadefs.namespaces.contents(self._context, namespace)
        for kind in ('properties', 'objects', 'tags'):
            self._merge_kind(namespace, getattr(self._metadefs, kind),
                             getattr(stored, kind), getattr(contents, kind))
        there = {each.name for each in stored.resource_types}
        for each in contents.resource_types:
            if each.name not in there:
                self._metadefs.resource_types.add(self._context, namespace,
                                                  each)

    def _merge_kind(self, namespace, repository, stored, given):
        there = {each.name: each for each in stored}
        repository.add(self._context, namespace, [
            each for each in given if each.name not in there])
        if self._options.prefer_new:
            for each in given:
                if each.name in there:
                    each.id = there[each.name].id
                    repository.save(self._context, namespace, each)


def _unload(database):
    """Delete all metadata definitions."""
    metadefs = metadefs_module.Metadefs(database)
    metadefs.namespaces.remove_everything(_administrator())
    print('There are no metadata definitions any more.')


def _export(conf, database):
    metadefs = metadefs_module.Metadefs(database)
    context = _administrator()
    folder = conf.command.path
    folder.mkdir(parents=True, exist_ok=True)
    page = metadefs.namespaces.list(context, {}, _ORDER, None, _ALL)
    for namespace, _types in page.items:
        path = folder / f'{_ODD.sub("-", namespace.name)}.json'
        document = metadef_namespaces.description(
            namespace, metadefs.namespaces.contents(context, namespace))
        path.write_text(json.dumps(document, indent=4) + '\n',
                        encoding='utf-8')
        print(path)


def _administrator():
    context = context_module.RequestContext(overwrite=False)
    context.is_admin = True
    return context
