# SPDX-License-Identifier: Apache-2.0
"""What a disk is, told from its bytes while they pass.

Every inspector sees every byte: an image that is of two formats is one to
us and another to whoever boots it.
"""
from glancelite import exception

#: Containers that wrap the disk, so that their content is of no disk format.
_WRAPPING = ('ovf', 'ova', 'docker', 'compressed')

#: What is no format of its own: any disk may begin with a partition table.
_PARTITIONS = 'gpt'

#: Pairs that are one image nonetheless, by its disk_format: installers are
#: an iso and a disk.
_TOGETHER = {'iso': {'iso', _PARTITIONS}, 'raw': {'iso', _PARTITIONS}}

#: What fits into the database.
_LARGEST = 2 ** 63 - 1

#: Bytes that tell every format there is, but for what stands at the end.
_TELLING = 1024 ** 2


class Rules:
    """What the operator asks of the content of images.

    :param conf: for the options of the group ``image_format``.
    :param match: whether content of another format is refused, instead of
        what ``require_image_format_match`` says.
    """

    def __init__(self, conf, match=None):
        options = conf.image_format
        self.match = (options.require_image_format_match if match is None
                      else match)
        self._vmdk = {kind.lower() for kind in options.vmdk_allowed_types}
        self._nonfatal = options.gpt_safety_checks_nonfatal

    def inspectors(self):
        """:returns: a new inspector of each format that has one."""
        return _formats().inspectors(self._vmdk, self._nonfatal)


class Inspection:
    """A consumer that tells the format of a disk while its bytes pass.

    Raw means that the bytes are the disk, whatever they hold; so any safe
    image may be called raw, and its virtual size is its size.

    :param image: its disk_format is what the content must be.
    :param rules: a :class:`Rules`.
    """

    def __init__(self, image, rules):
        self._disk_format = image.disk_format
        self._wrapped = image.container_format in _WRAPPING
        self._match = rules.match and not self._wrapped
        self._inspectors = rules.inspectors()
        self._broken = set()
        self._size = 0
        self._expected = next(
            (each for each in self._inspectors
             if each.NAME == self._disk_format), None)
        self._decided = self._expected is None
        self._refuted = False

    def write(self, block):
        """Take the next block.

        :raises FormatMismatch, UnsafeImage: as soon as it tells its format.
        """
        self._size += len(block)
        for inspector in self._inspectors:
            if inspector not in self._broken:
                try:
                    inspector.eat_chunk(block)
                except Exception:
                    # No such disk; if it looks like one, it is none to have.
                    self._broken.add(inspector)
                    if not self._matches(inspector):
                        _forget(inspector)
        if not self._decided:
            self._decide(self._expected)
        if self._refuted and self._size >= _TELLING:
            raise self._mismatch()

    def _decide(self, expected):
        if expected in self._broken or expected.complete:
            self._decided = True
            if self._matches(expected):
                self._require_safe(expected)
            else:
                self._refuted = self._match

    def finish(self):
        """:returns: the virtual size in bytes, None where it is not known.

        :raises FormatMismatch: the content is of another format.
        :raises UnsafeImage: it refers outside itself, or is of two formats.
        """
        try:
            return self._finish()
        finally:
            for inspector in self._inspectors:
                _forget(inspector)

    def _finish(self):
        for inspector in self._inspectors:
            inspector.finish()
        if self._refuted:
            raise self._mismatch()
        found = self._found()
        if found is not None:
            self._require_safe(found)
        if self._match and self._disk_format != 'raw':
            self._require_match(found)
        if self._disk_format == 'raw':
            size = 0 if self._wrapped else self._size
        elif found is None or found.NAME != self._disk_format:
            size = 0
        else:
            size = found.virtual_size
        if size > _LARGEST:
            raise exception.UnsafeImage()
        return size or None

    def _found(self):
        """:returns: the inspector of what it is, None if nobody knows it."""
        found = {each.NAME: each for each in self._inspectors
                 if self._matches(each)}
        if self._wrapped:
            # What is compressed looks like anything now and then.
            found.pop(_PARTITIONS, None)
        if found.keys() == _TOGETHER.get(self._disk_format):
            return found['iso']
        vhd = found.get('vhd')
        if vhd and vhd.is_fixed:
            # Its footer ends a raw disk, and is nothing to who reads it so.
            if self._disk_format != 'vhd':
                del found['vhd']
            else:
                found.pop(_PARTITIONS, None)
        if len(found) > 1:
            raise exception.UnsafeImage()
        return next(iter(found.values()), None)

    def _require_match(self, found):
        name = found.NAME if found else None
        if name == self._disk_format:
            return
        if self._expected is None and name in (None, _PARTITIONS):
            return
        raise self._mismatch()

    def _mismatch(self):
        """:returns: the error, which names what was found."""
        found = sorted(each.NAME for each in self._inspectors
                       if self._matches(each))
        return exception.FormatMismatch(
            format=self._disk_format, found=', '.join(found or ['raw']))

    def _require_safe(self, inspector):
        if inspector in self._broken:
            raise exception.UnsafeImage()
        _formats().require_safe(inspector)

    @staticmethod
    def _matches(inspector):
        try:
            return bool(inspector.format_match)
        except Exception:
            return False


def _forget(inspector):
    """Let go of what it has read, up to a mebibyte.

    It refers to itself, so that Python would keep it for long.
    """
    for name in inspector.context_info:
        inspector.region(name).data = b''


def _formats():
    """:returns: what knows formats, loaded with the first image that comes.

    The library beneath loads cryptography, 7 MiB that a worker which only
    sends data does without.
    """
    from glancelite.data import formats
    return formats


def inspect_file(path, image, rules):
    """:returns: the virtual size of the disk in a file, None if not known.

    Parameters and errors as of :class:`Inspection`.
    """
    inspection = Inspection(image, rules)
    with open(path, 'rb') as file:
        while block := file.read(_TELLING):
            inspection.write(block)
    return inspection.finish()
