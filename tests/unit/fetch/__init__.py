# SPDX-License-Identifier: Apache-2.0
"""Tests of the one fetcher, and of there being no other."""
