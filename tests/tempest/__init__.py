# SPDX-License-Identifier: Apache-2.0
"""Tempest's image API tests against the service, behind Apache and Keystone.
"""
