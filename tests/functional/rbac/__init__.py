# SPDX-License-Identifier: Apache-2.0
"""Who may do what: every persona, every kind of image, every image call.

``matrix.py`` asks a service, ``pinned.yaml`` holds what a real Glance
answered (``tools/compare --personas --record`` asks it anew), and
``differences.yaml`` where glancelite answers otherwise on purpose.
"""
