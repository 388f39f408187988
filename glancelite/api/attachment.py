# SPDX-License-Identifier: Apache-2.0
"""Content-Disposition: under which name a browser saves image data."""
import re
import unicodedata
import urllib.parse

#: What separates folders, or has a meaning to a file system or a shell.
_UNSAFE = re.compile(r'[/\\:*?"<>|%]')

#: Bytes of UTF-8; file systems allow 255, and browsers add to a name.
_LONGEST = 200

#: attr-char of RFC 8187, section 3.2.1, beyond letters and digits.
_PLAIN = "!#$&+-.^_`|~"


def header(name, default):
    """:returns: the value of Content-Disposition (RFC 6266).

    Control, format and private characters go, so that no name shows as
    another one; so do leading dots, which hide files.

    :param name: what somebody called the image, or None.
    :param default: the file name when nothing is left of ``name``.
    """
    cleaned = _cleaned(name or '') or default
    plain = re.sub(r'[^ !#-\[\]-~]', '_', cleaned)
    value = f'attachment; filename="{plain}"'
    if plain != cleaned:
        encoded = urllib.parse.quote(cleaned, safe=_PLAIN)
        value += f"; filename*=UTF-8''{encoded}"
    return value


def _cleaned(name):
    kept = ''.join(character for character in name
                   if unicodedata.category(character)[0] != 'C')
    kept = _UNSAFE.sub('_', ' '.join(kept.split()))
    kept = kept.encode()[:_LONGEST].decode(errors='ignore')
    return kept.strip(' .')
