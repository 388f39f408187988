# SPDX-License-Identifier: Apache-2.0
"""Tests of the service in a cloud: a real Keystone, Apache, real clients.

Everything is started, and stopped, by the tests.
"""
