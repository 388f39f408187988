# SPDX-License-Identifier: Apache-2.0
"""The image service as the client sees it: requests, and what may fail."""
import re

from keystoneauth1 import exceptions as ksa_exceptions

_VERSION = re.compile(r'/v\d+(\.\d+)?/*$')

OCTET_STREAM = 'application/octet-stream'
PARTIAL_UPLOAD = 'application/partial-upload'


class Refused(Exception):
    """The service says no; asking again would not help.

    :param answer: the response.
    """

    def __init__(self, answer):
        self.answer = answer
        super().__init__(f'the service answered {answer.status_code}: '
                         f'{_reason(answer)}')


class Broken(Exception):
    """No answer, or one that asks for another attempt."""


class Service:
    """Sends requests, authenticated by a keystoneauth session.

    :param session: a keystoneauth1 ``Session``.
    :param endpoint: of the image service, with or without a version.
    :param timeout: seconds without any progress after which a connection
        counts as broken.
    """

    def __init__(self, session, endpoint, timeout):
        self.endpoint = _VERSION.sub('', endpoint).rstrip('/')
        self._session = session
        self._timeout = timeout

    def url(self, path):
        """:returns: the URL of ``path`` below the version."""
        return f'{self.endpoint}/v2/{path}'

    def request(self, method, url, body=None, headers=None, json=None):
        """:returns: the response, of any status below 500 but 429.

        :raises Broken: there is none.
        """
        try:
            answer = self._session.request(
                url, method, data=body, json=json, headers={
                    'Accept': 'application/json', **(headers or {})},
                raise_exc=False, redirect=False, log=False,
                timeout=self._timeout)
        except ksa_exceptions.ConnectionError as error:
            if 'CERTIFICATE_VERIFY_FAILED' in str(error):
                raise
            raise Broken(str(error)) from None
        if answer.status_code >= 500 and answer.status_code != 501 or (
                answer.status_code == 429):
            raise Broken(f'the service answered {answer.status_code}: '
                         f'{_reason(answer)}')
        return answer

    def expect(self, *statuses, **arguments):
        """As :meth:`request`. :raises Refused: another status came."""
        answer = self.request(**arguments)
        if answer.status_code not in statuses:
            raise Refused(answer)
        return answer

    def create_image(self, document):
        """:returns: a new image."""
        return self.expect(201, method='POST', url=self.url('images'),
                           json=document).json()

    def image(self, image_id):
        """:returns: an image that is there."""
        return self.expect(200, method='GET',
                           url=self.url(f'images/{image_id}')).json()


def limits(answer):
    """:returns: the numbers in Upload-Limit, by name."""
    members = re.findall(r'([a-z-]+)=(\d+)',
                         answer.headers.get('Upload-Limit', ''))
    return {name: int(value) for name, value in members}


def is_complete(answer):
    """:returns: what Upload-Complete says, None when it is not there."""
    value = answer.headers.get('Upload-Complete', '').partition(';')[0]
    return {'?1': True, '?0': False}.get(value.strip())


def offset(answer):
    """:returns: what Upload-Offset says, None when it is not there."""
    value = answer.headers.get('Upload-Offset', '').partition(';')[0].strip()
    return int(value) if value.isdecimal() else None


def _reason(answer):
    """:returns: the sentence of an error, in one line."""
    try:
        document = answer.json()
        text = (document.get('title') if 'type' in document
                else document.get('message'))
    except (ValueError, AttributeError):
        text = None
    text = re.sub(r'<[^>]*>', ' ', text or answer.reason or 'no reason')
    return ' '.join(text.split())
