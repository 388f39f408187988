# SPDX-License-Identifier: Apache-2.0
"""The service is killed, stopped and failed at every step of its work.

``tox -e crash`` is the long form; a short one is in the functional tests.
``faults`` is what goes into the service's process, by way of the start
scripts ``server`` and ``gunicorn_application``; ``arena`` is one service
under attack, with what must be true of it afterwards; ``attacks`` is what
clients and faults do to it; ``campaign`` does them all.
"""
