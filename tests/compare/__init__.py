# SPDX-License-Identifier: Apache-2.0
"""The same scripted requests to glancelite and to a peer, answers compared.

``scenarios/*.yaml`` hold the requests, ``settings.yaml`` what both services
are configured with, ``recorded/*.json`` the peer's normalized answers, so
that they can be held against glancelite where no peer is at hand.
``tools/compare`` is the command.
"""
