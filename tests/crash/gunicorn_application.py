# SPDX-License-Identifier: Apache-2.0
"""The WSGI application with faults in it, for servers with native threads.
"""
from glancelite import deploy
from glancelite.data import threads
from tests.crash import faults

faults.install(threads.NativeThreads)

application = deploy.load_app(deploy.load_conf())
