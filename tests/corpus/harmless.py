# SPDX-License-Identifier: Apache-2.0
"""Images as good tools make them, of every format; each is to be taken."""
import functools
import pathlib
import random
import struct
import tempfile

from tests.corpus import crafted
from tests.corpus import sample

_MIB = 1024 * 1024

_QCOW2_OPTIONS = (
    ('compat=0.10',), ('compat=1.1',), ('cluster_size=512',),
    ('cluster_size=2M',), ('lazy_refcounts=on',), ('refcount_bits=1',),
    ('refcount_bits=64',), ('preallocation=metadata',),
    ('preallocation=falloc',), ('extended_l2=on', 'cluster_size=128k'),
    ('compression_type=zlib',), ('compression_type=zstd',),
    ('compat=0.10', 'preallocation=metadata'))

_VMDK_OPTIONS = (
    (), ('subformat=monolithicSparse',), ('subformat=streamOptimized',),
    ('compat6=on',), ('adapter_type=lsilogic',), ('zeroed_grain=on',),
    ('adapter_type=buslogic', 'hwversion=7'))

_DATA = bytes(range(256)) * 256 + bytes(15 * 65536)

#: The same every time: one in 65536 looks like a partition table.
_NOISE = random.Random(6).randbytes(70000)


def _made(name, disk_format, *args, **kwargs):
    return sample.Sample(name, disk_format, functools.partial(
        sample.qemu, *args, **kwargs))


def _qemu_formats():
    for options in _QCOW2_OPTIONS:
        yield _made(f'qcow2 {options}', 'qcow2', 'qcow2', *options)
    yield _made('qcow2 of 4 TiB', 'qcow2', 'qcow2', size='4T')
    yield _made('qcow2 of no size', 'qcow2', 'qcow2', size='0')
    yield _made('qcow2 with data', 'qcow2', 'qcow2', source=_DATA)
    yield sample.Sample('encrypted qcow2', 'qcow2', _encrypted)
    yield sample.Sample('qcow2 with a snapshot', 'qcow2', _with_snapshot)
    for options in _VMDK_OPTIONS:
        yield _made(f'vmdk {options}', 'vmdk', 'vmdk', *options)
    for options in ((), ('subformat=streamOptimized',)):
        yield _made(f'vmdk {options} with data', 'vmdk', 'vmdk', *options,
                    source=_DATA)
    for options in ((), ('static=on',)):
        yield _made(f'vdi {options}', 'vdi', 'vdi', *options)
    yield _made('vdi with data', 'vdi', 'vdi', source=_DATA)
    for options in ((), ('subformat=dynamic',), ('subformat=fixed',),
                    ('subformat=fixed', 'force_size=on')):
        yield _made(f'vhd {options}', 'vhd', 'vpc', *options)
    yield _made('vhd with data', 'vhd', 'vpc', source=_DATA)
    for options in ((), ('subformat=dynamic',), ('subformat=fixed',),
                    ('block_size=2M',), ('log_size=2M',)):
        yield _made(f'vhdx {options}', 'vhdx', 'vhdx', *options)
    yield _made('vhdx with data', 'vhdx', 'vhdx', source=_DATA)
    yield _made('parallels', 'ploop', 'parallels')
    yield _made('raw by qemu-img', 'raw', 'raw')


def _encrypted():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'image')
        sample.run('qemu-img', 'create', '-q', '-f', 'qcow2', '--object',
            'secret,id=key,data=word', '-o',
            'encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10',
            path, '1M')
        return path.read_bytes()


def _with_snapshot():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'image')
        sample.run('qemu-img', 'create', '-q', '-f', 'qcow2', path, '1M')
        sample.run('qemu-img', 'snapshot', '-c', 'one', path)
        return path.read_bytes()


def _luks():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'image')
        sample.run('qemu-img', 'create', '-q', '-f', 'luks', '--object',
            'secret,id=key,data=word', '-o',
            'key-secret=key,iter-time=10', path, '1M')
        return path.read_bytes()


def _iso(*options):
    with tempfile.TemporaryDirectory() as folder:
        content = pathlib.Path(folder, 'content')
        content.mkdir()
        (content / 'meta-data').write_text('instance-id: 1\n')
        path = pathlib.Path(folder, 'image.iso')
        sample.run('genisoimage', '-quiet', *options, '-o', path, content)
        return path.read_bytes()


def _hybrid():
    """:returns: an iso that is also a disk, as installers are."""
    image = bytearray(_iso('-J', '-r'))
    image[:512] = crafted.mbr((0x80, 0x17, b'\0\1\0', 0, 128))[:512]
    return bytes(image)


def _gpt():
    """:returns: a disk with a partition table and its copy at the end."""
    header = b'EFI PART' + struct.pack('<II', 0x10000, 92)
    return (crafted.gpt()[:512] + header).ljust(_MIB - 512, b'\0') + (
        header.ljust(512, b'\0'))


def _file_system():
    """:returns: a FAT, whose first sector looks like a partition table."""
    sector = bytearray(512)
    sector[:11] = b'\xeb\x3c\x90mkfs.fat'
    struct.pack_into('<HBHBHHB', sector, 11, 512, 4, 1, 2, 512, 2048, 0xf8)
    sector[510:] = b'\x55\xaa'
    return bytes(sector).ljust(_MIB, b'\0')


def _others():
    for options in ((), ('-J',), ('-r',), ('-J', '-r'), ('-udf',),
                    ('-V', 'config-2', '-J', '-r')):
        yield sample.Sample(f'iso {options}', 'iso',
                     functools.partial(_iso, *options))
    yield sample.Sample('iso that is a disk too', 'iso', _hybrid)
    yield sample.Sample('luks as raw', 'raw', _luks)
    yield sample.Sample('gpt as raw', 'raw', _gpt)
    yield sample.Sample('mbr as raw', 'raw', functools.partial(
        crafted.mbr, (0x80, 0x83, b'\0\2\0', 63, 64),
        (0, 0x82, b'\0\3\0', 127, 1)))
    yield sample.Sample('FAT as raw', 'raw', _file_system)
    for name, data in (('nothing', b''), ('a byte', b'x'),
                       ('zeros', bytes(_MIB)), ('noise', _NOISE),
                       ('text', b'#!/bin/sh\n' * 100)):
        yield sample.Sample(f'{name} as raw', 'raw',
                            functools.partial(bytes, data))
    for kind in ('ami', 'ari', 'aki', 'ploop'):
        yield sample.Sample(f'noise as {kind}', kind, functools.partial(
            bytes, _NOISE))
    for made in ('qcow2', 'vdi', 'vhdx'):
        yield _made(f'{made} as raw', 'raw', made)


SAMPLES = (*_qemu_formats(), *_others())
