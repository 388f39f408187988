# SPDX-License-Identifier: Apache-2.0
"""The revisions, each a frozen picture that later code does not change."""
