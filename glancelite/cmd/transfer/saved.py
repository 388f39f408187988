# SPDX-License-Identifier: Apache-2.0
"""Unfinished uploads of this user, kept in files for a later run."""
import contextlib
import hashlib
import json
import os
import pathlib


class Saved:
    """What is known of the upload of one file to one service.

    :param source: a :class:`~glancelite.cmd.transfer.source.Source`.
    :param endpoint: of the image service.
    """

    def __init__(self, source, endpoint):
        self._source = source
        name = hashlib.sha256(
            f'{endpoint}\n{source.path}'.encode()).hexdigest()[:32]
        self._path = _folder() / f'{name}.json'

    def load(self):
        """:returns: (image id, URL of the upload), or None.

        None too when the file is not the one whose upload it was.
        """
        try:
            document = json.loads(self._path.read_text())
            if document['identity'] != self._source.identity:
                return None
            return document['image'], document['url']
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def store(self, image_id, url):
        """Remember an upload; it replaces whatever was remembered."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._path.with_suffix('.new')
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
                          0o600), 'w') as file:
            json.dump({'file': self._source.path, 'image': image_id,
                       'url': url, 'identity': self._source.identity}, file)
        temporary.replace(self._path)

    def forget(self):
        """The upload has ended."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()


def _folder():
    """:returns: where the user's caches are."""
    cache = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
    return pathlib.Path(cache).expanduser() / 'glancelite' / 'uploads'
