# SPDX-License-Identifier: Apache-2.0
"""Headers made by hand, as no tool makes them."""
import struct

SECTOR = 512

_VHDX_METADATA = bytes.fromhex('06a27c8b90479a4bb8fe575f050f886e')
_VHDX_SIZE = bytes.fromhex('2442a52f1bcd7648b2115dbed83bf4b8')
VHDX_PARENT = bytes.fromhex('2d5fd3a80bb34d45abf7d3d84834ab0c')

_DESCRIPTOR = '''# Disk DescriptorFile
version=1
CID=deadbeef
parentCID=ffffffff
createType="{kind}"
{more}
# Extent description
{extents}
ddb.adapterType = "ide"
'''


def qcow2(version=3, backing=(0, 0), features=0, size=1 << 20, tail=b'',
          length=4096):
    """:returns: a qcow2 header of ``length`` bytes.

    :param backing: where the name of the backing file lies, and its length.
    :param features: the incompatible ones.
    :param tail: what follows the first 104 bytes.
    """
    header = struct.pack('>4sIQIIQ', b'QFI\xfb', version, *backing, 16, size)
    header = header.ljust(72, b'\0') + struct.pack('>QQQII', features, 0, 0,
                                                   4, 104)
    return (header + tail).ljust(length, b'\0')[:length]


def empty_qcow2(size=1 << 20):
    """:returns: a qcow2 with all that its readers need, and no data.

    Four clusters of 512 bytes: header, table of refcounts, refcounts, table
    of tables; what the last does not lead to is zeros.
    """
    header = struct.pack('>4sIQIIQIIQQIIQ', b'QFI\xfb', 2, 0, 0, 9, size, 0,
                         size // 32768, 3 * SECTOR, SECTOR, 1, 0, 0)
    clusters = (header, struct.pack('>Q', 2 * SECTOR),
                struct.pack('>4H', 1, 1, 1, 1), b'')
    return b''.join(each.ljust(SECTOR, b'\0') for each in clusters)


def backed(name, version=3):
    """:returns: a qcow2 that has a backing file of that name."""
    return qcow2(version, backing=(512, len(name)),
                 tail=b'\0' * 408 + name.encode())


def data_file(name):
    """:returns: a qcow2 whose data lies in another file."""
    extension = struct.pack('>II', 0x44415441, len(name)) + name.encode()
    return qcow2(features=1 << 2, tail=extension)


def descriptor(kind='monolithicSparse', more='',
               extents='RW 2048 SPARSE "disk.vmdk"'):
    """:returns: the text that describes a vmdk."""
    return _DESCRIPTOR.format(kind=kind, more=more, extents=extents)


def vmdk(text=None, version=1, at=1, sectors=20, grains=0, marker=b'KDMV'):
    """:returns: a sparse vmdk.

    :param text: its descriptor.
    :param at: the sector where the header says that it lies.
    :param grains: where the header says that the directory of grains lies.
    """
    if text is None:
        text = descriptor()
    if isinstance(text, str):
        text = text.encode()
    header = _sparse(marker, version, at, sectors, grains)
    return (header + text.ljust(sectors * SECTOR, b'\0')).ljust(65536, b'\0')


def _sparse(marker, version, at, sectors, grains):
    return struct.pack('<4sIIQQQQIQQ', marker, version, 3, 2048, 128, at,
                       sectors, 512, 21, grains).ljust(SECTOR, b'\0')


def streamed(marker=b'KDMV', version=1, at=1, sectors=20, grains=26,
             kind=3, last=0, length=0):
    """:returns: a vmdk whose real header stands at its end."""
    start = vmdk(descriptor('streamOptimized'), grains=2 ** 64 - 1)
    footer = struct.pack('<QII', 1, length, kind).ljust(SECTOR, b'\0')
    end = struct.pack('<QII', 0, 0, last).ljust(SECTOR, b'\0')
    return start + footer + _sparse(marker, version, at, sectors,
                                    grains) + end


def vhd(kind, front=True, size=1 << 20, cookie=b'conectix'):
    """:returns: a vhd with a footer of that kind: 2 fixed, 3 dynamic, 4
        differencing.

    :param front: whether the footer stands in front too.
    """
    footer = struct.pack('>8sIIQI4sI4sQQIII', cookie, 2, 0x10000,
                         0xffffffffffffffff if kind == 2 else 512, 0,
                         b'test', 0, b'Wi2k', size, size, 0, kind, 0)
    footer = footer.ljust(SECTOR, b'\0')
    return (footer if front else b'') + bytes(size if kind == 2
                                              else 4096) + footer


def vhdx(items=(), regions=1, signature=b'regi', metadata=b'metadata',
         count=None):
    """:returns: a vhdx with such items of metadata.

    :param items: GUIDs as bytes; that of the size of the disk comes last.
    """
    items = [*items, _VHDX_SIZE]
    table = struct.pack('<4sIII', signature, 0, regions, 0)
    table += _VHDX_METADATA + struct.pack('<QII', 0x40000, 0x100000, 1)
    listed = struct.pack('<8sHH20x', metadata, 0,
                         len(items) if count is None else count)
    for item in items:
        listed += item + struct.pack('<III4x', 0x10000, 8, 4)
    image = bytearray(0x60000)
    image[:8] = b'vhdxfile'
    image[0x30000:0x30000 + len(table)] = table
    image[0x40000:0x40000 + len(listed)] = listed
    struct.pack_into('<Q', image, 0x50000, 1 << 20)
    return bytes(image)


def vdi(kind=1, signature=0xbeda107f, size=1 << 20):
    """:returns: a vdi: kind 1 dynamic, 2 fixed, 3 undo, 4 differencing."""
    image = bytearray(4096)
    image[:40] = b'<<< QEMU VM Virtual Disk Image >>>\n'.ljust(40, b'\0')
    struct.pack_into('<IIIII', image, 0x40, signature, 0x10001, 0x180, kind,
                     0)
    struct.pack_into('<Q', image, 0x170, size)
    return bytes(image)


def qed(features=0):
    """:returns: a qed."""
    return struct.pack('<4sIIIQQQQQ', b'QED\0', 65536, 4, 1, features, 0, 0,
                       65536, 1 << 20).ljust(4096, b'\0')


def luks(version=1):
    """:returns: the start of an encrypted disk."""
    return (b'LUKS\xba\xbe' + struct.pack('>H32s32s32sI', version, b'aes',
                                          b'xts-plain64', b'sha256', 4096)
            ).ljust(65536, b'\0')


def iso(front=b'', blocks=24):
    """:returns: an ISO 9660 file system; ``front`` is its system area."""
    volume = bytearray(2048)
    volume[:7] = b'\x01CD001\x01'
    struct.pack_into('<I', volume, 80, blocks)
    struct.pack_into('<H', volume, 128, 2048)
    return (front.ljust(32768, b'\0') + volume).ljust(blocks * 2048, b'\0')


def mbr(*partitions, signature=b'\x55\xaa', tail=b''):
    """:returns: a disk with partitions, each (boot flag, type, start CHS,
        first sector, sectors)."""
    table = b''.join(
        struct.pack('<B3sB3sII', boot, chs, kind, b'\xfe\xff\xff', first,
                    sectors)
        for boot, kind, chs, first, sectors in partitions)
    sector = b'\0' * 446 + table.ljust(64, b'\0') + signature
    return (sector + tail).ljust(65536, b'\0')


def gpt(boot=0, chs=b'\0\2\0', first=1, more=()):
    """:returns: a disk with a protective partition table."""
    return mbr((boot, 0xee, chs, first, 127), *more,
               tail=b'EFI PART\0\0\1\0\x5c\0\0\0')
