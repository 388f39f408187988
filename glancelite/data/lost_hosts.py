# SPDX-License-Identifier: Apache-2.0
"""Hosts that are away, and with them what only they can do.

Where every host has a staging area of its own, what is about staged data waits
for its host. Not for ever, where that does not even answer.
"""
import time

from glancelite import exception

#: Leases looked at in one go.
_BATCH = 100

#: Seconds for which it is believed whether a host answers; never longer than
#: there is patience with it.
_BELIEVED = 60


class LostHosts:
    """Finds leases for hosts that have not been there for a long time.

    :param leases: the repository of leases.
    :param peers: a :class:`~glancelite.fetch.peer.Peers`.
    :param patience: seconds for which a lease must have been over.
    """

    def __init__(self, leases, peers, patience):
        self._leases = leases
        self._peers = peers
        self._patience = patience
        self._believed = min(_BELIEVED, patience)
        self._asked = {}

    def leases(self, purpose):
        """:returns: leases of ``purpose`` that any host may claim now."""
        if self._peers.own is None:
            return []
        return [lease for lease in self._leases.of_others(
                    [purpose], self._patience, _BATCH)
                if not self._answers(lease.detail['host'])]

    def require_ours(self, lease):
        """:raises HostUnavailable: its staged data is on another host."""
        if self._peers.is_other(lease.detail.get('host')):
            raise exception.HostUnavailable()

    def _answers(self, host):
        moment, answers = self._asked.get(host, (None, None))
        if moment is None or time.monotonic() - moment > self._believed:
            answers = self._ask(host)
            self._asked[host] = time.monotonic(), answers
        return answers

    def _ask(self, host):
        try:
            self._peers.ask(host, 'GET', '/healthcheck', {}, None)
        except exception.HostUnavailable:
            return False
        return True
