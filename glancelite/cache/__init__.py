# SPDX-License-Identifier: Apache-2.0
"""The image cache: whole copies of image data on a disk of this host."""
