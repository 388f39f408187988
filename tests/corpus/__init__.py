# SPDX-License-Identifier: Apache-2.0
"""Images that must be refused, and images that must be taken.

``hostile`` and ``harmless`` are tables of
:class:`~tests.corpus.sample.Sample`; what qemu-img makes is made when it is
asked for.
"""
