# SPDX-License-Identifier: Apache-2.0
"""What cannot be left out of a request: its SQL, and its JSON.

The same statement is sent by the database's driver alone, and the same
document written by the JSON library alone.
"""
import statistics
import time

import orjson

from glancelite import conf as conf_package
from glancelite import context as context_module
from glancelite.api import query
from glancelite.db import api
from glancelite.db import image_query
from glancelite.db import image_record
from glancelite.db import image_shape
from tests.bench import requests

_TIMES = 30

#: What is measured, by title: the query string.
_LISTS = {'list of 25': '', 'list of 1000': 'limit=1000'}
_SHOW = 'show'


class Floor:
    """One database, asked without the service.

    :param url: SQLAlchemy's.
    :param client: asks the service, for the documents.
    """

    def __init__(self, url, client):
        conf = conf_package.new()
        conf([], default_config_files=[])
        conf.set_override('connection', url, 'database')
        self._database = api.Database(conf)
        self._client = client
        dialect = self._database.dialect
        self._statements = image_query.Statements(
            image_record.Reader(dialect), dialect)
        self._context = context_module.RequestContext(
            project_id=requests.MEMBER[0], roles=['member'])

    def measure(self):
        """:returns: {title: {'sql': ms, 'json': ms}}, the medians."""
        results = {}
        with self._database.reader() as connection:
            for title, text in _LISTS.items():
                document = self._ask(f'/v2/images?{text}')
                pairs = [tuple(text.split('='))] if text else []
                asked = query.parse_images(pairs, 25, 1000)
                shape = image_shape.of(self._context, asked)
                results[title] = _both(
                    connection, self._statements.page(shape),
                    image_shape.parameters(self._context, asked), document)
            image_id = document['images'][0]['id']
            results[_SHOW] = _both(
                connection, self._statements.one(image_shape.PROJECT),
                {'image_id': image_id,
                 'project_id': self._context.project_id},
                self._ask(f'/v2/images/{image_id}'))
        self._database.dispose()
        return results

    def _ask(self, path):
        return self._client.ask('GET', path, requests.MEMBER).document


def _both(connection, statement, values, document):
    compiled = statement.compile(connection.engine)
    cursor = connection.connection.cursor()
    text, parameters = str(compiled), compiled.construct_params(values)

    def send():
        cursor.execute(text, parameters)
        cursor.fetchall()

    return {'sql': _median(send),
            'json': _median(lambda: orjson.dumps(document))}


def _median(function):
    """:returns: milliseconds."""
    times = []
    for _each in range(_TIMES):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000
