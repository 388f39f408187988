# SPDX-License-Identifier: Apache-2.0
"""glancelite: an image service that speaks the OpenStack Image API v2."""
