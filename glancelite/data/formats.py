# SPDX-License-Identifier: Apache-2.0
"""oslo.utils' inspectors of disk formats, and what they let pass.

Each subclass refuses an image that makes its reader open another file, or
takes one that is harmless; what and why stands at each.
"""
import struct

from oslo_utils.imageutils import format_inspector

from glancelite import exception

#: Bytes after which a vhdx is looked at: what it names next must still come.
_SLICE = 32768

_SECTOR = 512


def inspectors(vmdk, nonfatal):
    """:returns: a new inspector of each format that has one.

    :param vmdk: as ``allowed`` of :class:`Vmdk`.
    :param nonfatal: as of :class:`Gpt`.
    """
    return [Qcow2(), Vmdk(vmdk), Vhd(), Vhdx(), Vdi(), Gpt(nonfatal),
            format_inspector.ISOInspector(), format_inspector.QEDInspector(),
            format_inspector.LUKSInspector()]


def require_safe(inspector):
    """:raises UnsafeImage: the image refers outside itself, or ends early."""
    try:
        inspector.safety_check()
    except format_inspector.SafetyCheckFailed:
        raise exception.UnsafeImage() from None
    except format_inspector.ImageFormatError:
        raise exception.UnsafeImage(
            'Incomplete file cannot be safety checked') from None


class Qcow2(format_inspector.QcowInspector):
    """Knows bit 4 as well: extended L2 entries, which name no other file."""

    I_FEATURES_MAX_BIT = 5


class Vmdk(format_inspector.VMDKInspector):
    """Refuses parents, and descriptors that go on behind their end.

    :param allowed: kinds (createType) of vmdk, in small letters.
    """

    def __init__(self, allowed):
        self._allowed = allowed
        super().__init__()

    def _initialize(self):
        super()._initialize()
        self.add_safety_check(
            format_inspector.SafetyCheck('kind', self._check_kind))
        self.add_safety_check(
            format_inspector.SafetyCheck('parent', self._check_parent))

    def _check_kind(self):
        if self.vmdktype not in self._allowed:
            raise format_inspector.SafetyViolation('Kind not allowed')

    def _check_parent(self):
        # Some read on until there is a NUL, wherever the region ends.
        if b'\0' not in self.region('descriptor').data:
            raise format_inspector.SafetyViolation('Endless descriptor')
        for line in self.desc_text.splitlines():
            name, _, value = line.strip().partition('=')
            name, value = name.strip(), value.strip(' \t"')
            if name.startswith('parentfilenamehint') or (
                    name == 'parentcid' and value != 'ffffffff'):
                raise format_inspector.SafetyViolation('Image has a parent')


class Vhd(format_inspector.VHDInspector):
    """Knows fixed ones, which have a footer alone; refuses differences."""

    _FIXED, _DYNAMIC = 2, 3

    def _initialize(self):
        super()._initialize()
        self.new_region('footer', _Tail(_SECTOR))
        self.add_safety_check(
            format_inspector.SafetyCheck('kind', self._check_kind))

    @property
    def is_fixed(self):
        """:returns: whether all but the footer is what the disk holds."""
        return (not super().format_match
                and self._is_footer(self.region('footer'))
                and self._kind(self.region('footer')) == self._FIXED)

    @property
    def format_match(self):
        return super().format_match or self._is_footer(self.region('footer'))

    @property
    def virtual_size(self):
        if super().format_match or not self.format_match:
            return super().virtual_size
        return struct.unpack('>Q', self.region('footer').data[40:48])[0]

    def _check_kind(self):
        kinds = {self._kind(region)
                 for region in (self.region('header'), self.region('footer'))
                 if self._is_footer(region)}
        if kinds not in ({self._FIXED}, {self._DYNAMIC}):
            raise format_inspector.SafetyViolation('Kind not allowed')

    @staticmethod
    def _is_footer(region):
        return region.complete and region.data.startswith(b'conectix')

    @staticmethod
    def _kind(region):
        return struct.unpack('>I', region.data[60:64])[0]


class Vhdx(format_inspector.VHDXInspector):
    """Refuses parents, and what does not tell where its metadata are."""

    _PARENT = 'A8D35F2D-B30B-454D-ABF7-D3D84834AB0C'

    def _initialize(self):
        super()._initialize()
        self.add_safety_check(
            format_inspector.SafetyCheck('metadata', self._check_metadata))

    def eat_chunk(self, chunk):
        """Take the next bytes, in so small pieces that what they name lies
        in later ones."""
        for start in range(0, len(chunk), _SLICE):
            if not self.has_region('vds') or not self.complete:
                super().eat_chunk(chunk[start:start + _SLICE])

    def _check_metadata(self):
        if not self.has_region('vds'):
            raise format_inspector.SafetyViolation('No metadata')
        table = self.region('metadata').data
        count, = struct.unpack('<H', table[10:12])
        for start in range(32, 32 * (count + 1), 32):
            if self._guid(table[start:start + 16]) == self._PARENT:
                raise format_inspector.SafetyViolation('Image has a parent')


class Vdi(format_inspector.VDIInspector):
    """Refuses undo and differencing images."""

    _KINDS = (1, 2)

    def _initialize(self):
        super()._initialize()
        self.add_safety_check(
            format_inspector.SafetyCheck('kind', self._check_kind))

    def _check_kind(self):
        kind, = struct.unpack('<I', self.region('header').data[0x4c:0x50])
        if kind not in self._KINDS:
            raise format_inspector.SafetyViolation('Kind not allowed')


class Gpt(format_inspector.GPTInspector):
    """Lets the operator say which checks do not count.

    :param nonfatal: their names.
    """

    def __init__(self, nonfatal):
        self._nonfatal = set(nonfatal)
        super().__init__()

    def safety_check(self):
        """As of the base class."""
        try:
            super().safety_check()
        except format_inspector.SafetyCheckFailed as error:
            if not error.failures.keys() <= self._nonfatal:
                raise


class _Tail(format_inspector.EndCaptureRegion):
    """As its base class, which copies all that passes."""

    def capture(self, chunk, current_position):
        self.data = (bytes(self.data)
                     + bytes(chunk[-self.length:]))[-self.length:]
        self.offset = current_position - len(self.data)
        return b''
