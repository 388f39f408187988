# SPDX-License-Identifier: Apache-2.0
"""What an engine has for a test."""
import dataclasses

from glancelite.stores import kinds


@dataclasses.dataclass
class Place:
    """A new, empty store in an engine.

    :ivar kind: what enabled_backends calls it.
    :ivar options: of its section, by name.
    :ivar contents: a function that returns the names of all in it.
    :ivar sections: options of other sections, by name.
    :ivar remove: a function that removes it, where the engine has not room
        for very many of them.
    :ivar name_of: a function of a URL that returns a text with the name of
        what lies there.
    """

    kind: str
    options: dict
    contents: object
    sections: dict = dataclasses.field(default_factory=dict)
    remove: object = None
    name_of: object = str

    @property
    def server(self):
        """:returns: the name of a server that can serve it."""
        return 'gunicorn' if kinds.KINDS[self.kind].native else 'eventlet'
