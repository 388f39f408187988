# SPDX-License-Identifier: Apache-2.0
"""Which library writes, and reads, the JSON of a list soonest.

Those that are installed are compared, on pages of images as the API shows
them; figures are processor time.
"""
import importlib
import json
import statistics
import time

from glancelite.db import models
from glancelite.objects import image as image_object
from tests.bench import catalogue_rows
from tests.bench import table

#: By module: what writes, and what reads.
_LIBRARIES = {
    'json': ('json', 'dumps', 'loads'),
    'simplejson': ('simplejson', 'dumps', 'loads'),
    'ujson': ('ujson', 'dumps', 'loads'),
    'rapidjson': ('rapidjson', 'dumps', 'loads'),
    'msgspec': ('msgspec.json', 'encode', 'decode'),
    'orjson': ('orjson', 'dumps', 'loads'),
}
_PAGES = (1, 25, 1000)

#: Documents written for one figure, and figures of which the median counts.
_IMAGES, _ROUNDS = 5000, 9


def run(options):
    """:returns: the results, as JSON may have them."""
    results = {}
    for name, (module, write, read) in _LIBRARIES.items():
        try:
            library = importlib.import_module(module)
        except ImportError:
            continue
        results[name] = {
            str(count): _measure(getattr(library, write),
                                 getattr(library, read), _page(count))
            for count in _PAGES}
    return {'encoders': results}


def of_encoders(results):
    """:returns: header and rows: microseconds for each page."""
    header = ['library', *(f'{what} {count}' for count in _PAGES
                           for what in ('write', 'read'))]
    rows = [[name, *(table.number(pages[str(count)][what])
                     for count in _PAGES for what in ('write', 'read'))]
            for name, pages in results['encoders'].items()]
    return header, rows


def _page(count):
    """:returns: a list of so many images, as the API would show it."""
    return {'images': [_image(number) for number in range(count)],
            'first': '/v2/images', 'schema': '/v2/schemas/images',
            'next': '/v2/images?marker=of-the-last-one'}


def _image(number):
    rows = catalogue_rows.rows(number)
    (values,) = rows[models.images]
    image = {row['name']: row['value']
             for row in rows[models.image_properties]}
    image |= {name: values[name] for name in image_object.FIELDS}
    for name in ('created_at', 'updated_at'):
        image[name] = image_object.timestamp(values[name])
    path = f'/v2/images/{values["id"]}'
    image |= {'tags': [row['value'] for row in rows[models.image_tags]],
              'self': path, 'file': f'{path}/file',
              'schema': '/v2/schemas/image', 'stores': 'fast',
              'locations': [
                  {'url': row['value'], 'metadata': json.loads(
                      row['meta_data'])}
                  for row in rows[models.image_locations]]}
    return image


def _measure(write, read, page):
    """:returns: {'write': microseconds, 'read': microseconds}."""
    times = max(1, _IMAGES // len(page['images']))
    text = write(page)
    return {'write': _median(lambda: write(page), times),
            'read': _median(lambda: read(text), times)}


def _median(function, times):
    figures = []
    for _round in range(_ROUNDS):
        began = time.process_time()
        for _each in range(times):
            function()
        figures.append((time.process_time() - began) / times)
    return statistics.median(figures) * 1e6
