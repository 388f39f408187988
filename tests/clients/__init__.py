# SPDX-License-Identifier: Apache-2.0
"""Real clients against the service that ``tools/run`` starts.

Each test of commands, or calls, fails when the client has one that it does
not use; but for metadata definitions and the image cache.
"""
