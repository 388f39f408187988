# SPDX-License-Identifier: Apache-2.0
"""Tests through the door: HTTP against the real application."""
