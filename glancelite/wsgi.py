# SPDX-License-Identifier: Apache-2.0
"""``application``, for mod_wsgi, uWSGI, gunicorn and other WSGI servers."""
from glancelite import deploy

application = deploy.load_app(
    deploy.load_conf(files=deploy.files_from_environment()))
