# SPDX-License-Identifier: Apache-2.0
"""Images that name other files, lie about what they are, or are unsafe.

Each is refused whatever way it comes in.
"""
import functools

from tests.corpus import crafted
from tests.corpus import sample

#: Names that a host would open in its own file system or network.
_REFERENCES = (
    '/etc/passwd', '../../../etc/shadow', 'base.img',
    'json:{"driver":"raw","file":{"filename":"/etc/passwd"}}',
    'nbd://192.0.2.1:10809/', 'http://169.254.169.254/latest/meta-data/',
    'rbd:images/secret', '/dev/sda')

#: Bits of incompatible features that no version of qcow2 has a meaning for.
_UNKNOWN_FEATURES = (5, 7, 8, 17, 31, 32, 63)

#: Kinds of vmdk that are spread over several files, or use a device.
_VMDK_KINDS = (
    'monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat',
    'fullDevice', 'partitionedDevice', 'vmfs', 'vmfsSparse', 'vmfsThin',
    'vmfsRaw', 'vmfsRDM', 'vmfsRDMP', 'seSparse', 'custom', '',
    'monolithicSparse' * 8)

_PARTITION = (0x80, 0x83, b'\0\2\0', 63, 64)


def _sample(name, disk_format, make, *args, **kwargs):
    return sample.Sample(name, disk_format, functools.partial(
        make, *args, **kwargs))


def _qcow2():
    for name in _REFERENCES:
        yield _sample(f'qcow2 over {name}', 'qcow2', crafted.backed, name)
        yield _sample(f'qcow2 with its data in {name}', 'qcow2',
                      crafted.data_file, name)
    yield _sample('old qcow2 over a file', 'qcow2', crafted.backed,
                  '/etc/passwd', version=2)
    yield _sample('qcow2 over a nameless file', 'qcow2', crafted.qcow2,
                  backing=(512, 0))
    yield _sample('qcow2 over a name beyond its end', 'qcow2', crafted.qcow2,
                  backing=(1 << 62, 1023))
    for bit in _UNKNOWN_FEATURES:
        yield _sample(f'qcow2 with feature {bit}', 'qcow2', crafted.qcow2,
                      features=1 << bit)
    for version in (0, 1, 4, 0xffffffff):
        yield _sample(f'qcow2 of version {version}', 'qcow2', crafted.qcow2,
                      version)
    for length in (4, 71, 511):
        yield _sample(f'qcow2 of {length} bytes', 'qcow2', crafted.qcow2,
                      length=length)
    yield _sample('nothing as qcow2', 'qcow2', bytes)
    yield _sample('qcow2 over a file, by qemu-img', 'qcow2', sample.qemu,
                  'qcow2', 'backing_file=/etc/passwd,backing_fmt=raw')
    yield _sample('qcow2 with a data file, by qemu-img', 'qcow2', sample.qemu,
                  'qcow2', 'data_file=other.raw,data_file_raw=on')
    yield _sample('qcow of the first version, by qemu-img', 'qcow2',
                  sample.qemu, 'qcow')


def _vmdk():
    for kind in _VMDK_KINDS:
        yield _sample(f'vmdk of kind {kind[:24]}', 'vmdk', crafted.vmdk,
                      crafted.descriptor(kind))
    yield _sample('vmdk without kind', 'vmdk', crafted.vmdk,
                  crafted.descriptor().replace('createType', 'type'))
    for name, extents in (
            ('no extent', ''),
            ('a path for extent', 'RW 2048 FLAT "/etc/passwd" 0'),
            ('a relative path for extent', 'RW 2048 FLAT "../passwd" 0'),
            ('a second extent elsewhere',
             'RW 1 SPARSE "a.vmdk"\nRDONLY 1 FLAT "/dev/sda" 0'),
            ('an extent of unknown access', 'WRITE 2048 FLAT "a" 0')):
        yield _sample(f'vmdk with {name}', 'vmdk', crafted.vmdk,
                      crafted.descriptor(extents=extents))
    for name, more in (
            ('a parent', 'parentFileNameHint="/etc/passwd"'),
            ('a parent, shouted', 'PARENTFILENAMEHINT="base.vmdk"'),
            ('a line of no meaning', 'please open /etc/passwd')):
        yield _sample(f'vmdk with {name}', 'vmdk', crafted.vmdk,
                      crafted.descriptor(more=more))
    yield _sample('vmdk with the mark of a parent', 'vmdk', crafted.vmdk,
                  crafted.descriptor().replace('ffffffff', '12345678'))
    yield _sample('vmdk over a file, by qemu-img', 'vmdk', _vmdk_over_file)
    for kind in ('monolithicFlat', 'twoGbMaxExtentSparse',
                 'twoGbMaxExtentFlat'):
        yield _sample(f'descriptor of {kind}, by qemu-img', 'vmdk',
                      sample.qemu, 'vmdk', f'subformat={kind}')
    yield _sample('descriptor of a device', 'vmdk', lambda: (
        crafted.descriptor('fullDevice', extents='RW 63 FLAT "/dev/sda" 0')
        .encode()))
    yield _sample('descriptor alone', 'vmdk',
                  lambda: crafted.descriptor().encode())
    yield from _vmdk_headers()


def _vmdk_headers():
    for name, values in (
            ('version 0', {'version': 0}), ('version 9', {'version': 9}),
            ('a late descriptor', {'at': 2}),
            ('an endless descriptor', {'at': 2 ** 63}),
            ('no descriptor', {'text': ''}),
            ('a descriptor of other letters', {'text': b'\xff\xfe' * 64}),
            ('ESX marks', {'marker': b'COWD'})):
        yield _sample(f'vmdk with {name}', 'vmdk', crafted.vmdk, **values)
    for name, values in (
            ('mark', {'marker': b'COWD'}), ('version', {'version': 2}),
            ('descriptor', {'at': 7}), ('size', {'sectors': 1}),
            ('footer after that', {'grains': 2 ** 64 - 1}),
            ('kind', {'kind': 1}), ('length', {'length': 9}),
            ('end', {'last': 3})):
        yield _sample(f'vmdk whose footer has another {name}', 'vmdk',
                      crafted.streamed, **values)
    yield _sample('vmdk with a parent behind its descriptor', 'vmdk',
                  crafted.vmdk, _endless(), sectors=1)
    yield _sample('vmdk of 60 bytes', 'vmdk', lambda: crafted.vmdk()[:60])
    yield _sample('vmdk cut in its descriptor', 'vmdk',
                  lambda: crafted.vmdk()[:700])


def _endless():
    """:returns: a descriptor that goes on behind the one sector it has."""
    text = crafted.descriptor().ljust(crafted.SECTOR, '#')
    return text + '\nparentFileNameHint="/etc/passwd"\n'


def _vmdk_over_file():
    text = crafted.descriptor(
        more='parentFileNameHint="base.vmdk"').replace('ffffffff', 'c0ffee00')
    return crafted.vmdk(text)


def _others():
    for front in (True, False):
        yield _sample(f'vhd of differences, header in front: {front}', 'vhd',
                      crafted.vhd, 4, front)
    yield _sample('vhd whose footers differ', 'vhd', lambda: (
        crafted.vhd(3)[:-512] + crafted.vhd(4)[-512:]))
    yield _sample('vhd of an unknown kind', 'vhd', crafted.vhd, 77)
    yield _sample('vhd of 500 bytes', 'vhd', lambda: crafted.vhd(3)[:500])
    yield _sample('vhdx with a parent', 'vhdx', crafted.vhdx,
                  [crafted.VHDX_PARENT])
    yield _sample('vhdx with a parent after many items', 'vhdx', crafted.vhdx,
                  [*([bytes(16)] * 9), crafted.VHDX_PARENT])
    for name, values in (
            ('no regions', {'regions': 0}),
            ('too many regions', {'regions': 4000}),
            ('another table', {'signature': b'xxxx'}),
            ('other metadata', {'metadata': b'atadatem'}),
            ('more items than there may be', {'count': 5000})):
        yield _sample(f'vhdx with {name}', 'vhdx', crafted.vhdx, **values)
    yield _sample('vhdx cut in its header', 'vhdx',
                  lambda: crafted.vhdx()[:0x20000])
    for kind in (0, 3, 4, 9):
        yield _sample(f'vdi of kind {kind}', 'vdi', crafted.vdi, kind)
    yield _sample('vdi of another mark', 'vdi', crafted.vdi, 1, 0x7f10dabe)
    yield _sample('qed over a file as vmdk', 'vmdk', crafted.qed, 1)


def _polyglots():
    """Two formats in one image: each reader sees another."""
    for name, front in (
            ('qcow2', crafted.qcow2()), ('qcow2 over a file',
                                         crafted.backed('/etc/passwd')),
            ('vmdk', crafted.vmdk()[:32768]), ('vhd', crafted.vhd(3)[:4096]),
            ('vdi', crafted.vdi()), ('qed', crafted.qed()),
            ('luks', crafted.luks()[:32768])):
        yield _sample(f'{name} and iso as iso', 'iso', crafted.iso, front)
        yield _sample(f'{name} and iso as raw', 'raw', crafted.iso, front)
    for disk_format in ('qcow2', 'vdi'):
        both = bytearray(getattr(crafted, disk_format)())
        both[440:512] = crafted.mbr(_PARTITION)[440:512]
        for said in (disk_format, 'raw'):
            yield _sample(f'{disk_format} with partitions as {said}', said,
                          bytes, both)


def _lies():
    """Good images of another format than they are said to be."""
    for said in ('raw', 'iso', 'ami', 'ari', 'aki', 'ploop', 'vdi', 'vmdk'):
        if said != 'raw':
            yield _sample(f'qcow2 as {said}', said, crafted.qcow2)
        yield _sample(f'qcow2 over a file as {said}', said, crafted.backed,
                      '/etc/passwd')
    for name, make in (
            ('vmdk', crafted.vmdk), ('vhdx', crafted.vhdx),
            ('qed', crafted.qed), ('luks', crafted.luks),
            ('vdi', crafted.vdi), ('iso', crafted.iso),
            ('partitions', functools.partial(crafted.mbr, _PARTITION)),
            ('text', lambda: b'no disk at all\n' * 200)):
        for said in ('qcow2', 'vhd'):
            yield _sample(f'{name} as {said}', said, make)
    yield _sample('qed as raw', 'raw', crafted.qed)
    for kind in ('vhd', 'vdi'):
        yield _sample(f'{kind} with a parent as raw', 'raw',
                      getattr(crafted, kind), 4)
    yield _sample('vmdk with a parent as raw', 'raw', _vmdk_over_file)
    yield _sample('vmdk of several files as raw', 'raw', crafted.vmdk,
                  crafted.descriptor('monolithicFlat'))
    for kind in ('qcow2', 'vhd', 'vdi'):
        for size in (2 ** 63, 2 ** 64 - 1):
            yield _sample(f'{kind} of {size} bytes', kind, functools.partial(
                getattr(crafted, kind), **({} if kind != 'vhd' else
                                           {'kind': 3}), size=size))


def _partitions():
    for name, values in (
            ('boot flag', {'boot': 0x42}), ('start', {'chs': b'\0\1\0'}),
            ('first sector', {'first': 9}), ('second', {'more': [_PARTITION]}),
            ):
        yield _sample(f'gpt of an odd {name} as raw', 'raw', crafted.gpt,
                      **values)
    yield _sample('mbr without partition as raw', 'raw', crafted.mbr)


SAMPLES = (*_qcow2(), *_vmdk(), *_others(), *_polyglots(), *_lies(),
           *_partitions())
