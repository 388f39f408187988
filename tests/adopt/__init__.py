# SPDX-License-Identifier: Apache-2.0
"""From a real Glance to glancelite and back, on Glance's own data."""
