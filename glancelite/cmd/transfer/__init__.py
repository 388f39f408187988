# SPDX-License-Identifier: Apache-2.0
"""A client that uploads image data and goes on after whatever cuts it off."""
