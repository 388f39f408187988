# SPDX-License-Identifier: Apache-2.0
"""A resumable upload, as a client of the draft makes it."""
import base64
import hashlib
import logging
import threading
import urllib.parse

from tests.functional import application
from tests.functional import client

PARTIAL = 'application/partial-upload'
PROBLEMS = 'https://iana.org/assignments/http-problem-types#'


def repr_digest(data, algorithm='sha-512'):
    """:returns: the value of Repr-Digest, or Content-Digest, of ``data``."""
    name = algorithm.replace('-', '', 1) if algorithm != 'md5' else 'md5'
    digest = hashlib.new(name, data, usedforsecurity=False).digest()
    return f'{algorithm}=:{base64.b64encode(digest).decode()}:'


def another(test, started):
    """:returns: a client of a second application of the service started.

    What it does not share with the first one, another process would not
    either.
    """
    handlers = list(logging.root.handlers)
    second = application.loaded(test, started.load_conf())
    logging.root.handlers[:] = handlers
    other = client.WsgiClient(second)
    other.personas = started.client.personas
    return other


def limits(answer):
    """:returns: the members of Upload-Limit."""
    pairs = (member.strip().split('=')
             for member in answer.headers['Upload-Limit'].split(','))
    return {name: int(value) for name, value in pairs}


def begin(service_client, image_id, body=b'', complete='?0', length=None,
          headers=None, method='PUT', **more):
    """:returns: the answer to the creation of an upload."""
    return service_client.request(
        method, f'/v2/images/{image_id}/file', body=body,
        headers={'Content-Type': client.OCTET_STREAM,
                 'Upload-Complete': complete,
                 **({} if length is None else {'Upload-Length': str(length)}),
                 **(headers or {})}, **more)


class Upload:
    """An upload that was begun.

    :param service_client: talks to the service.
    :ivar path: of the upload.
    """

    def __init__(self, service_client, answer):
        if answer.status != 201:
            raise AssertionError(f'{answer.status} {answer.body}')
        self.client = service_client
        self.path = urllib.parse.urlsplit(answer.headers['Location']).path

    @classmethod
    def at(cls, service_client, path):
        """:returns: the upload at ``path``."""
        upload = cls.__new__(cls)
        upload.client, upload.path = service_client, path
        return upload

    def request(self, method, **more):
        return self.client.request(method, self.path, **more)

    def head(self, **more):
        return self.request('HEAD', **more)

    def offset(self):
        """:returns: how far an upload is that is not complete."""
        answer = self.head()
        if answer.status != 204 or answer.headers['Upload-Complete'] != '?0':
            raise AssertionError(f'{answer.status} {answer.headers}')
        return int(answer.headers['Upload-Offset'])

    def append(self, offset, body, complete='?0', headers=None, **more):
        """:returns: the answer to a part that begins at ``offset``."""
        return self.request('PATCH', body=body, headers=self.headers(
            offset, complete, headers), **more)

    def cut(self, offset, blocks, complete='?0', headers=None):
        """Send ``blocks`` of a longer part, and go away."""
        return self.client.cut('PATCH', self.path, blocks, self.headers(
            offset, complete, headers))

    @staticmethod
    def headers(offset, complete, headers):
        return {'Content-Type': PARTIAL, 'Upload-Offset': str(offset),
                'Upload-Complete': complete, **(headers or {})}

    def hang(self, test, offset, first, rest=b'', complete='?0'):
        """Send ``first``, then nothing until the result is called.

        :returns: a function that sends ``rest`` and returns the answer.
        """
        body = client.HeldBody(first, rest)
        test.addCleanup(body.release)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            self.append(offset, body, complete)))
        thread.start()
        test.addCleanup(thread.join)
        if not body.begun.wait(application.PATIENCE):
            raise AssertionError('the part is not on its way')

        def finish():
            body.release()
            thread.join()
            return answers.pop()
        return finish


def at_once(functions):
    """:returns: the results of ``functions``, run side by side."""
    start = threading.Barrier(len(functions))
    results = []

    def run(function):
        start.wait()
        results.append(function())
    threads = [threading.Thread(target=run, args=(function,))
               for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
