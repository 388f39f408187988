# SPDX-License-Identifier: Apache-2.0
"""Stores of other projects, started for the tests."""
