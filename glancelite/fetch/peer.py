# SPDX-License-Identifier: Apache-2.0
"""Requests to the other hosts of this very service.

Their URLs are what operators have set as worker_self_reference_url; no user
names one. So they may be addresses that the fetcher refuses.
"""
import http.client
import ssl
import urllib.parse

from oslo_log import log

from glancelite import exception

LOG = log.getLogger(__name__)

#: Bytes that the answer to an import or a deletion may have.
_LARGEST_ANSWER = 1024 * 1024


class Peers:
    """Passes requests on to whoever can serve them.

    :param conf: for our own URL, and ``[fetch]``.
    :ivar own: the URL of this host, or None where all are alike.
    """

    def __init__(self, conf):
        self.own = (conf.worker_self_reference_url or '').rstrip('/') or None
        self._limits = conf.fetch

    def is_other(self, host):
        """:returns: whether only another host can do it.

        :param host: a URL, or None for any of them.
        """
        return bool(host and self.own) and host.rstrip('/') != self.own

    def ask(self, host, method, path, fields, body):
        """:returns: (status, media type, body) that ``host`` answers.

        :param fields: header fields of the request.
        :raises HostUnavailable: it does not answer.
        """
        target = urllib.parse.urlsplit(host)
        connection = self._connection(target)
        try:
            connection.request(method, target.path.rstrip('/') + path,
                               body, fields)
            answer = connection.getresponse()
            return (answer.status, answer.headers.get('Content-Type'),
                    answer.read(_LARGEST_ANSWER))
        except (OSError, http.client.HTTPException) as error:
            LOG.warning('Host %s does not answer: %s', target.hostname, error)
            raise exception.HostUnavailable() from None
        finally:
            connection.close()

    def _connection(self, target):
        if target.scheme == 'https':
            return http.client.HTTPSConnection(
                target.hostname, target.port,
                timeout=self._limits.read_timeout,
                context=ssl.create_default_context(
                    cafile=self._limits.ca_file))
        return http.client.HTTPConnection(
            target.hostname, target.port, timeout=self._limits.read_timeout)
