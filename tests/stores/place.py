# SPDX-License-Identifier: Apache-2.0
"""What an engine has for a test."""
import dataclasses


@dataclasses.dataclass
class Place:
    """A new, empty store in an engine.

    :ivar kind: what enabled_backends calls it.
    :ivar options: of its section, by name.
    :ivar contents: a function that returns the names of all in it.
    """

    kind: str
    options: dict
    contents: object
