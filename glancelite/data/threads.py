# SPDX-License-Identifier: Apache-2.0
"""Native threads for work on bytes, wherever the request itself runs.

Under native threads a blocking call is just made. The standalone server
hands in its own object of this shape, which makes blocking calls off its
event loop.
"""
import queue
import subprocess
import threading


class NativeThreads:
    """What the pump asks of the kind of threads a server uses.

    :cvar native: whether requests run in native threads too.
    """

    native = True

    Queue = queue.Queue
    Full = queue.Full
    Empty = queue.Empty
    lock = threading.Lock
    subprocess = subprocess

    @staticmethod
    def start(function, *args):
        """:returns: a started native thread running ``function``."""
        thread = threading.Thread(target=function, args=args, daemon=True)
        thread.start()
        return thread

    @classmethod
    def background(cls, function, *args):
        """Run ``function``, which sleeps and asks the database."""
        cls.start(function, *args)

    @staticmethod
    def wait(function, *args):
        """:returns: what the blocking call ``function(*args)`` returns."""
        return function(*args)
