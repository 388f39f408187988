# SPDX-License-Identifier: Apache-2.0
"""Measurements: of a catalogue of images, and of image data."""
