# SPDX-License-Identifier: Apache-2.0
"""Deliberate differences that show in many answers, each a rule.

A rule takes the peer's answer and ours, normalized, and returns both without
the one difference it is about. It holds as long as its name stands in the
table of ``differences.rst``.
"""
import re

WORDING = 'wording of error messages'

_TITLE = re.compile(r'<title>(.*?)</title>', re.DOTALL)
_NEW_ON_DATA = ('accept-ranges', 'cache-control', 'content-disposition',
                'etag', 'last-modified', 'repr-digest')


def _with_headers(form, headers):
    return {**form, 'headers': headers}


def _unworded(form):
    """Leave of an error's body what programs go by."""
    if form['status'] < 400:
        return form
    form = dict(form)
    if isinstance(form.get('json'), dict) and 'message' in form['json']:
        form['json'] = {**form['json'], 'message': '...'}
    elif 'text' in form:
        title = _TITLE.search(form['text'])
        form['text'] = title[1] if title else form['text'].split('\n')[0]
    return form


def without_wording(peer, ours):
    """Forget the sentences of errors; code and title stay."""
    return _unworded(peer), _unworded(ours)


def without_new(names):
    """Return a rule that forgets headers which only we send."""
    def rule(peer, ours):
        headers = {name: value for name, value in ours['headers'].items()
                   if name not in names or name in peer['headers']}
        return peer, _with_headers(ours, headers)
    return rule


def without_type_of_nothing(peer, ours):
    """Forget the media type that the peer gives an answer without body."""
    if peer['status'] != 204:
        return peer, ours
    headers = {name: value for name, value in peer['headers'].items()
               if name not in ('content-type', 'content-length')
               or name in ours['headers']}
    return _with_headers(peer, headers), ours


def without_head(peer, ours):
    """Forget HEAD among the methods that we allow."""
    allowed = ours['headers'].get('allow')
    if not allowed or 'HEAD' in peer['headers'].get('allow', ''):
        return peer, ours
    methods = [name for name in allowed.split(', ') if name != 'HEAD']
    return peer, _with_headers(
        ours, {**ours['headers'], 'allow': ', '.join(methods)})


def _typeless(form):
    headers = {name: value for name, value in form['headers'].items()
               if name not in ('content-type', 'content-length')}
    form = _with_headers(form, headers)
    form.pop('text', None)
    return form


def without_type_of_refused_head(peer, ours):
    """Forget the media type of an error that has no body."""
    bodies = ('json', 'text', 'sha256')
    if peer['status'] < 400 or any(peer.get(name) or ours.get(name)
                                   for name in bodies):
        return peer, ours
    return _typeless(peer), _typeless(ours)


#: Names in the table of differences, and their rules.
RULES = (
    (WORDING, without_wording),
    ('request ids', without_new(('x-openstack-request-id',))),
    ('conditional requests', without_new(_NEW_ON_DATA)),
    ('answers without a body', without_type_of_nothing),
    ('HEAD of images and image data', without_head),
    ('refusals of HEAD', without_type_of_refused_head),
)
