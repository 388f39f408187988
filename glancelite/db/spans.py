# SPDX-License-Identifier: Apache-2.0
"""Statements as spans of a trace: told of when they begin and end."""
import contextlib

import sqlalchemy

from glancelite import masking

#: What is told as it is.
_PLAIN = (int, float, type(None))


class Spans:
    """Tells a tracer of every statement that an engine sends.

    It stands around what sends them, for of SQLAlchemy's events the one of
    errors comes to oslo.db alone.

    :param current: returns the tracer of this thread, or None: an object
        with ``start(name, info)`` and ``stop(info)``.
    """

    def __init__(self, current):
        self._current = current

    def listen(self, engine):
        """Tell of what ``engine`` sends from now on; twice is as once."""
        for name, function in (('do_execute', self._execute),
                               ('do_executemany', self._execute_many),
                               ('do_execute_no_params', self._execute_bare)):
            sqlalchemy.event.listen(engine, name, function)

    # Each returns True when it has done what SQLAlchemy would do now.

    def _execute(self, cursor, statement, parameters, context):
        with self._span(statement, parameters):
            context.dialect.do_execute(
                cursor, statement, parameters, context)
        return True

    def _execute_many(self, cursor, statement, parameters, context):
        with self._span(statement, parameters):
            context.dialect.do_executemany(
                cursor, statement, parameters, context)
        return True

    def _execute_bare(self, cursor, statement, context):
        with self._span(statement, ()):
            context.dialect.do_execute_no_params(cursor, statement, context)
        return True

    @contextlib.contextmanager
    def _span(self, statement, parameters):
        tracer = self._current()
        if tracer is None:
            yield
            return
        tracer.start('db', {'db': {'statement': statement,
                                   'params': _shown(parameters)}})
        end = {}
        try:
            yield
        except BaseException as error:
            end = _told(error)
            raise
        finally:
            tracer.stop(end)


def _told(error):
    kind = type(error)
    return {'etype': f'{kind.__module__}.{kind.__qualname__}',
            'message': masking.mask(str(error))}


def _shown(value):
    """:returns: a parameter, or some, as plain data without secrets."""
    if isinstance(value, dict):
        return {name: _shown(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shown(each) for each in value]
    return value if isinstance(value, _PLAIN) else masking.mask(str(value))
