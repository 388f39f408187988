# SPDX-License-Identifier: Apache-2.0
"""Quotas: what one image and one project may hold."""
