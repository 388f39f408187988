# SPDX-License-Identifier: Apache-2.0
"""Preconditions of GET and HEAD (RFC 9110, section 13).

WebOb answers some of them by itself; not If-Match and If-Unmodified-Since,
and it overlooks a tag that no space precedes.
"""
import datetime
import email.utils
import re

from glancelite import exception

#: The headers that make a request conditional.
HEADERS = ('If-Match', 'If-Unmodified-Since', 'If-None-Match',
           'If-Modified-Since', 'If-Range')

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def not_modified(headers, tag, modified=None):
    """Evaluate the preconditions in the order of section 13.2.2.

    :param headers: of the request.
    :param tag: the strong entity tag, without quotes; None if there is none.
    :param modified: when the representation last changed, an aware datetime
        in whole seconds; None if that is not known.
    :returns: whether the client has the representation already (304).
    :raises PreconditionFailed: the client wants another one.
    """
    if 'If-Match' in headers:
        if not _matches(headers['If-Match'], tag, strong=True):
            raise exception.PreconditionFailed()
    else:
        since = _date(headers, 'If-Unmodified-Since')
        if since and modified and modified > since:
            raise exception.PreconditionFailed()
    if 'If-None-Match' in headers:
        return _matches(headers['If-None-Match'], tag, strong=False)
    since = _date(headers, 'If-Modified-Since')
    return bool(since and modified and modified <= since)


def range_applies(headers, tag, modified):
    """:returns: whether If-Range leaves a Range in force (13.1.5).

    Parameters as in :func:`not_modified`.
    """
    header = headers.get('If-Range')
    if header is None:
        return True
    found = _TAG.fullmatch(header.strip())
    if found:
        weak, value = found.groups()
        return not weak and value == tag
    since = _date(headers, 'If-Range')
    return bool(since) and since == modified


def make_not_modified(response):
    """Turn a 200 into the 304 that takes its place (15.4.5)."""
    response.status_int = 304
    response.app_iter = ()
    del response.content_length
    del response.content_type


def _matches(header, tag, strong):
    if header.strip() == '*':
        return True
    return tag is not None and any(
        value == tag and not (strong and weak)
        for weak, value in _TAG.findall(header))


def _date(headers, name):
    """:returns: the aware datetime in a header, None if it is none.

    A recipient ignores what is not a date; section 13.1.3.
    """
    try:
        moment = email.utils.parsedate_to_datetime(headers.get(name, ''))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return (moment if moment.tzinfo
            else moment.replace(tzinfo=datetime.timezone.utc))
