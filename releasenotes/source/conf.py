# SPDX-License-Identifier: Apache-2.0
"""How Sphinx builds the release notes."""

project = 'glancelite'
author = 'The glancelite developers'
copyright = author
# The notes are of all versions.
release = ''
version = ''

extensions = ['reno.sphinxext']
html_theme = 'furo'
html_title = 'glancelite release notes'
html_show_copyright = False
