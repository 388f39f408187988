# SPDX-License-Identifier: Apache-2.0
"""How Sphinx builds the documentation."""

from importlib import metadata
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]

project = 'glancelite'
author = 'The glancelite developers'
copyright = author
release = metadata.version('glancelite')
version = release

extensions = [
    'oslo_config.sphinxext',
    'oslo_policy.sphinxext',
]
exclude_patterns = []
nitpicky = True
html_theme = 'furo'
html_title = f'glancelite {release}'
html_show_copyright = False
