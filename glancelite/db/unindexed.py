# SPDX-License-Identifier: Apache-2.0
"""Columns by which nothing is to be looked up.

SQLite knows nothing of the values in a database that was never analyzed: of
two indexes that fit it may take the one on ``deleted``, which leads to
nearly every row. A plus sign before the column keeps it from that. The other
databases know better.
"""
from sqlalchemy import sql
from sqlalchemy.ext import compiler
from sqlalchemy.sql import functions


class Unindexed(functions.FunctionElement):
    """A column without its indexes."""

    inherit_cache = True

    def __init__(self, column):
        super().__init__(column)
        self.type = column.type


@compiler.compiles(Unindexed)
def _as_it_is(element, compiler, **options):
    return compiler.process(element.clauses, **options)


@compiler.compiles(Unindexed, 'sqlite')
def _with_a_plus(element, compiler, **options):
    return f'+{compiler.process(element.clauses, **options)}'


def columns(table):
    """:returns: the columns of ``table`` by name, without their indexes."""
    return {column.name: Unindexed(column) for column in table.c}


def not_deleted(table):
    """:returns: the condition that a row, found by other columns, counts."""
    return Unindexed(table.c.deleted) == sql.false()
