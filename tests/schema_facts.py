# SPDX-License-Identifier: Apache-2.0
"""The schema of a database as plain data, through SQLAlchemy's inspector.

As a program it prints the facts of one database as JSON::

    tools/dump-schema mysql+pymysql://root@127.0.0.1/glance > facts.json
"""
import json
import sys

import sqlalchemy

_TABLE_OPTIONS = ('mysql_engine', 'mysql_default charset', 'mysql_collate')

#: Alembic makes this one in the character set of the database.
_OF_ALEMBIC = 'alembic_version'


def read(engine):
    """:returns: a mapping of table name to what the table is made of."""
    with engine.connect() as connection:
        present = sqlalchemy.inspect(connection)
        return {name: _table(engine, present, name)
                for name in sorted(present.get_table_names())}


def _table(engine, present, name):
    facts = {
        'columns': [_column(engine, each)
                    for each in present.get_columns(name)],
        'primary_key': _plain(present.get_pk_constraint(name)),
        'foreign_keys': _by_name(present.get_foreign_keys(name)),
        'unique': _by_name(present.get_unique_constraints(name)),
        'indexes': _by_name(present.get_indexes(name)),
        'checks': _by_name(present.get_check_constraints(name)),
    }
    options = present.get_table_options(name)
    if name != _OF_ALEMBIC:
        facts['options'] = {key: options[key] for key in _TABLE_OPTIONS
                            if key in options}
    return facts


def _column(engine, column):
    facts = _plain(column)
    facts['type'] = column['type'].compile(engine.dialect)
    # A type has a name of its own on PostgreSQL: what does it stand for?
    labels = getattr(column['type'], 'enums', None)
    return {**facts, 'enum': labels} if labels else facts


def _by_name(found):
    """Sorted, since no database promises an order."""
    return sorted((_plain(each) for each in found),
                  key=lambda each: json.dumps(each, sort_keys=True))


def _plain(facts):
    """Without what is empty or false, comments and likes of a dialect."""
    return {key: value for key, value in facts.items()
            if value and key not in ('comment', 'dialect_options')}


def _text(tables):
    """:returns: JSON with a line for each column, index and so on."""
    lines = []
    for name, facts in tables.items():
        parts = []
        for part, value in facts.items():
            items = [value] if isinstance(value, dict) else value
            text = ',\n   '.join(json.dumps(item) for item in items)
            if not isinstance(value, dict):
                text = f'[\n   {text}]' if items else '[]'
            parts.append(f'  {json.dumps(part)}: {text}')
        lines.append(f' {json.dumps(name)}: {{\n' + ',\n'.join(parts) + '}')
    return '{\n' + ',\n'.join(lines) + '}'


def main():
    (url,) = sys.argv[1:]
    print(_text(read(sqlalchemy.create_engine(url))))


if __name__ == '__main__':
    main()
