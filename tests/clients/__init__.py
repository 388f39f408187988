# SPDX-License-Identifier: Apache-2.0
"""Real clients against the service: as ``tools/run`` starts it, and behind
Apache httpd with a real Keystone.

Each test of commands, or calls, fails when the client has one that it does
not use.
"""
