# SPDX-License-Identifier: Apache-2.0
"""Errors that carry their HTTP code and the sentence a user may read.

Raise them as ``exception.ImageNotFound(image_id=image_id)``; where each is
written is this package's own matter.
"""
# ruff: noqa: F403
from glancelite.exception.conflict import *
from glancelite.exception.error import *
from glancelite.exception.forbidden import *
from glancelite.exception.invalid import *
from glancelite.exception.missing import *
from glancelite.exception.refused import *
from glancelite.exception.resumable import *
