# SPDX-License-Identifier: Apache-2.0
"""Tests of single rooms; the folders mirror those of the package."""
