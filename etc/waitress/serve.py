# SPDX-License-Identifier: Apache-2.0
"""Waitress for glancelite: python serve.py [HOST:PORT]

For a test installation: Waitress receives the whole body of a request,
into a temporary file, before the service hears of it. So an upload takes its
size twice, and is sent in full before it can be refused.

Which configuration the service reads, OS_GLANCELITE_CONFIG_FILES or
OS_GLANCELITE_CONFIG_DIR tells in the environment.
"""
import sys

import waitress

from glancelite import wsgi

if __name__ == '__main__':
    waitress.serve(
        wsgi.application,
        listen=sys.argv[1] if len(sys.argv) > 1 else '127.0.0.1:9292',
        threads=32,
        # Waitress itself says 1 GiB; image_size_cap is the one to set.
        max_request_body_size=1 << 50,
        # Tokens of Keystone can be long.
        max_request_header_size=262144)
