# SPDX-License-Identifier: Apache-2.0
"""Tests of the application under real WSGI servers, as etc/ configures them.
"""
