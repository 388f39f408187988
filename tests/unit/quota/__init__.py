# SPDX-License-Identifier: Apache-2.0
"""Tests of glancelite.quota that need no database."""
