# SPDX-License-Identifier: Apache-2.0
"""``application``, for mod_wsgi, uWSGI, gunicorn and other WSGI servers."""
import gc

# What is loaded now stays, and processes that a server forks share it.
# Looking through it for garbage again and again would take an eighth of the
# start, later slow every request down, and have each process copy it.
gc.disable()

from glancelite import deploy  # noqa: E402

application = deploy.load_app(deploy.load_conf(),
                              forks=deploy.server_forks())

gc.freeze()
gc.enable()
