# SPDX-License-Identifier: Apache-2.0
"""``glancelite upload``: what it is asked for, does and prints."""
import argparse
import sys
import uuid

from keystoneauth1 import exceptions as ksa_exceptions

from glancelite.cmd.transfer import progress as progress_module
from glancelite.cmd.transfer import saved as saved_module
from glancelite.cmd.transfer import service as service_module
from glancelite.cmd.transfer import session
from glancelite.cmd.transfer import source as source_module
from glancelite.cmd.transfer import transfer

#: Seconds without a sign of life from the service. Before the last answer it
#: may have to read everything again.
_TIMEOUT = 600

_FAILURES = (service_module.Refused, service_module.Broken,
             source_module.SourceError, transfer.Unverified,
             transfer.UploadLost, session.SessionError,
             ksa_exceptions.ClientException)


def run(arguments):
    """:returns: the exit code.

    :raises KeyboardInterrupt: with what to tell the user, if there is any.
    """
    options = _parse(_parser(arguments), arguments)
    try:
        return _upload(options)
    except _FAILURES as error:
        print(f'glancelite: {error}', file=sys.stderr)
        return 1


def _parser(arguments):
    parser = argparse.ArgumentParser(
        prog='glancelite', description='Client of the image service.')
    commands = parser.add_subparsers(dest='command', required=True)
    upload = commands.add_parser(
        'upload', help='upload a file, and resume after any cut',
        description='Upload the data of an image. What cuts the upload off, '
        'a broken connection or a restart of the service, is waited for; '
        'and after an end of this command, --resume goes on.')
    upload.add_argument('file', metavar='FILE', help='the data')
    target = upload.add_argument_group('the image')
    target.add_argument('--image', metavar='ID',
                        help='an image that has no data yet')
    target.add_argument('--name', help='name of an image to create')
    target.add_argument('--disk-format', metavar='FORMAT',
                        help='such as qcow2 or raw, of an image to create')
    target.add_argument('--container-format', metavar='FORMAT',
                        default='bare', help='by default bare')
    target.add_argument('--property', metavar='KEY=VALUE', action='append',
                        default=[], help='of an image to create')
    target.add_argument('--store', metavar='ID', help='where the data goes')
    target.add_argument('--resume', action='store_true',
                        help='go on with the unfinished upload of FILE')
    upload.add_argument('--retries', type=int, default=10, metavar='N',
                        help='give up after so many failures in a row; by '
                        'default 10')
    upload.add_argument('--quiet', action='store_true',
                        help='print the id of the image alone')
    session.add_arguments(upload, arguments)
    return parser


def _parse(parser, arguments):
    options = parser.parse_args(arguments)
    ways = [bool(options.image), bool(options.name or options.disk_format),
            options.resume]
    if ways.count(True) != 1:
        parser.error('one of --image, --name with --disk-format, and '
                     '--resume is needed')
    if ways[1] and not options.disk_format:
        parser.error('--name needs --disk-format')
    if any('=' not in pair for pair in options.property):
        parser.error('--property wants KEY=VALUE')
    return options


def _upload(options):
    source = source_module.Source(options.file)
    progress = progress_module.Progress(sys.stderr, source.size,
                                        options.quiet)
    try:
        image = _transfer(options, source, progress)
    finally:
        progress.end()
        source.close()
    if options.quiet:
        print(image['id'])
        return 0
    print(f'{image["id"]}  {image["name"] or ""}  {image["status"]}, '
          f'{progress_module.amount(image["size"])}')
    print(f'verified {image["os_hash_algo"]} {image["os_hash_value"]}')
    return 0


def _transfer(options, source, progress):
    """:returns: the image, which has its data."""
    service = service_module.Service(
        *session.load(options), timeout=float(options.timeout or _TIMEOUT))
    saved = saved_module.Saved(source, service.endpoint)
    known = saved.load()
    carrier = transfer.Transfer(service, source, saved, progress,
                                options.retries)
    try:
        return _carry(options, service, carrier, known, progress)
    except KeyboardInterrupt:
        # What was known before is a former run's, unless we went on with it.
        if saved.load() in (None, () if options.resume else known):
            raise
        raise KeyboardInterrupt('stopped; go on with --resume') from None


def _carry(options, service, carrier, known, progress):
    if options.resume:
        if known is None:
            raise source_module.SourceError(
                f'no unfinished upload of {options.file}, as it is now, is '
                'known here')
        return carrier.resume(*known)
    if known:
        progress.say('Another upload of this file is unfinished: image '
                     f'{known[0]}. It is no longer known to --resume.')
    if options.image:
        return carrier.upload(options.image, options.store)
    image = carrier.create({
        'id': str(uuid.uuid4()), 'name': options.name,
        'disk_format': options.disk_format,
        'container_format': options.container_format,
        **dict(pair.split('=', 1) for pair in options.property)})
    progress.say(f'Created image {image["id"]}.')
    return carrier.upload(image['id'], options.store)
