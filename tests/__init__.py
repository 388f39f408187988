# SPDX-License-Identifier: Apache-2.0
"""Everything that proves the service: unit, functional and larger runs."""
