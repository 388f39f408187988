# SPDX-License-Identifier: Apache-2.0
"""Answers without what no two runs share: ids, times, hosts, request ids."""
import hashlib
import json
import re

_IGNORED_HEADERS = {'connection', 'date', 'keep-alive', 'server',
                    'transfer-encoding'}

_UUID = re.compile(
    r'\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b')
_REQUEST_ID = re.compile(r'\breq-<uuid>')
_TIME = re.compile(
    r'\b\d{4}-\d\d-\d\d(T|\+|%20| )\d\d(:|%3A)\d\d(?::|%3A)\d\d'
    r'(\.\d+)?(Z|(?:[+-]|%2B)\d\d(?::|%3A)\d\d)?', re.ASCII)
# A long run of one character: what a scenario writes as ${x*256}.
_RUN = re.compile(r'(.)\1{63,}')
# Lists whose order means nothing: Glance keeps them in sets.
_UNORDERED = ('members', 'tags')
_TEXT_TYPES = ('application/json', 'text/')


def _time_label(found):
    """Keep the shape of a time: its separator, fraction and zone."""
    separator, _colon, fraction, zone = found.groups()
    label = '<time' if separator == 'T' else f'<time with {separator}'
    return f'{label}{".digits" if fraction else ""}{zone or ""}>'


def _run_label(found):
    return f'<{found[1]}*{len(found[0])}>'


class NormalForm:
    """Makes answers comparable.

    :param host: host and port under which the service was asked.
    """

    def __init__(self, host):
        self._host = host

    def _text(self, text, labels):
        for value, label in labels:
            text = text.replace(value, label)
        text = text.replace(self._host, '<host>')
        text = _UUID.sub('<uuid>', text)
        text = _REQUEST_ID.sub('<request id>', text)
        text = _TIME.sub(_time_label, text)
        return _RUN.sub(_run_label, text)

    def _data(self, data, labels):
        if isinstance(data, str):
            return self._text(data, labels)
        if isinstance(data, list):
            return [self._data(item, labels) for item in data]
        if isinstance(data, dict):
            return {self._text(key, labels): self._value(key, value, labels)
                    for key, value in data.items()}
        return data

    def _value(self, key, value, labels):
        value = self._data(value, labels)
        if key in _UNORDERED and isinstance(value, list):
            value = sorted(value, key=str)
        return value

    def _headers(self, pairs, labels):
        headers = {}
        for name, value in pairs:
            name = name.lower()
            if name in _IGNORED_HEADERS:
                continue
            value = self._text(value, labels)
            if name in headers:
                value = f'{headers[name]}, {value}'
            headers[name] = value
        kind = headers.get('content-type', '')
        if kind.startswith(_TEXT_TYPES):
            # The length depends on the JSON writer and on what is replaced.
            headers.pop('content-length', None)
        return headers

    def of(self, answer, labels):
        """Return a dict of ``answer``: status, headers, and json or text."""
        headers = self._headers(answer.headers, labels)
        form = {'status': answer.status, 'headers': headers}
        try:
            text = answer.body.decode('utf-8')
        except UnicodeDecodeError:
            form['sha256'] = hashlib.sha256(answer.body).hexdigest()
            return form
        if '\0' in text:
            form['sha256'] = hashlib.sha256(answer.body).hexdigest()
        elif headers.get('content-type', '').startswith('application/json'):
            try:
                form['json'] = self._data(json.loads(text), labels)
            except ValueError:
                form['text'] = self._text(text, labels)
        elif text:
            form['text'] = self._text(text, labels)
        return form
