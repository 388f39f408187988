# SPDX-License-Identifier: Apache-2.0
"""The adapter to glance_store, over a driver of that library in memory."""
import fixtures
import testtools

from glancelite import conf as conf_package
from glancelite import exception
from glancelite.data import threads
from glancelite.stores import glance_store
from glancelite.stores import kinds
from tests.contract import store_driver

_SECRET = 'https://user:password@store'


class Library:
    """A driver of the library, whose objects are in a dict.

    :ivar failure: what calls raise, if anything.
    :ivar failures: how many of them do so, None for all.
    """

    def __init__(self):
        self.objects = {}
        self.failure = None
        self.failures = None

    def get_schemes(self):
        """:returns: those of locations."""
        return ('memory',)


class MemoryKind(kinds.Kind):
    """What is known of stores in memory."""

    def configure(self):
        self._configured = self._pristine

    def _do(self):
        library, failure = self.library, self.library.failure
        if failure and library.failures is not None:
            library.failures -= 1
            library.failure = failure if library.failures else None
        if failure:
            raise failure

    def add(self, name, source, size, digest):
        self._do()
        block = source.read(100000)
        self.library.objects[f'{name}-1'] = block
        data = block + source.read()
        self.library.objects[name] = data

    def parsed(self, url):
        return url.partition('://')[2]

    def owns(self, parsed):
        return '/' not in parsed

    def url(self, name):
        return f'memory://{name}'

    def size(self, url):
        return len(self._data(url))

    def read(self, url, offset, stack):
        data = self._data(url)
        for start in range(offset, len(data), 77777):
            self._do()
            yield data[start:start + 77777]

    def key(self, parsed):
        return parsed

    def names(self, prefix=''):
        for name, data in list(self.library.objects.items()):
            if name.startswith(prefix) and not name.endswith('-1'):
                yield kinds.Found(name, len(data), 0)

    def _data(self, url):
        self._do()
        try:
            return self.library.objects[self.parsed(url)]
        except KeyError:
            raise kinds.Missing() from None

    def delete(self, url):
        self._do()
        self._remove(self.parsed(url))

    def remove(self, name):
        self._do()
        return self._remove(name)

    def _remove(self, name):
        objects = self.library.objects
        gone = [each for each in (name, f'{name}-1') if each in objects]
        for each in gone:
            del objects[each]
        return bool(gone)


class AwayKind(MemoryKind):
    """A store that the library asks when it is configured; it is away."""

    offline = False

    def configure(self):
        raise OSError(_SECRET)


def make(test, kind=MemoryKind):
    """:returns: a driver and its library."""
    library = Library()
    test.useFixture(fixtures.MonkeyPatch(
        'glancelite.stores.library.load',
        lambda *args: kind(library, 'far')))
    conf = conf_package.new()
    conf([], default_config_files=[], default_config_dirs=[])
    return glance_store.GlanceStoreDriver(
        'far', conf, 'glance_store', 'memory', threads.NativeThreads), library


class ContractTest(store_driver.StoreDriverContract, testtools.TestCase):
    """The adapter keeps the contract if the library does its part."""

    def make_driver(self):
        driver, self.library = make(self)
        return driver

    def contents(self):
        return sorted(self.library.objects)


class AwayTest(testtools.TestCase):
    """A store that is down when the service starts."""

    def test_it_does_not_take_the_service_with_it(self):
        driver, _library = make(self, AwayKind)
        self.assertIsNone(driver.check())
        self.assertEqual(('memory',), driver.schemes)
        self.assertRaises(exception.StoreUnavailable, driver.answer)


class FailureTest(testtools.TestCase):
    """What libraries raise."""

    def setUp(self):
        super().setUp()
        self.logged = self.useFixture(fixtures.FakeLogger())
        self.driver, self.library = make(self)

    def fail_with(self, failure):
        """:returns: errors of every way to ask the store."""
        self.library.failure = failure
        return [self.assertRaises(exception.GlanceliteError, ask)
                for ask in (
                    lambda: self.driver.size('memory://x'),
                    lambda: self.driver.open('memory://x'),
                    lambda: self.driver.delete('memory://x'),
                    lambda: self.driver.discard('x', 'y'),
                    self.upload)]

    def upload(self):
        writer = self.driver.writer('id', 'token')
        try:
            writer.write(b'x')
            writer.finish()
        except exception.GlanceliteError:
            self.library.failure = None
            writer.cancel()
            raise

    def test_what_a_library_says_is_told_to_nobody(self):
        for error in self.fail_with(ValueError(_SECRET)):
            self.assertEqual(503, error.code)
            self.assertNotIn(_SECRET, str(error))
        self.assertNotIn(_SECRET, self.logged.output)
        self.assertIn('Store far failed: ValueError', self.logged.output)

    def test_one_bad_object_does_not_make_a_store_unavailable(self):
        self.fail_with(ValueError(_SECRET))
        self.assertEqual('true', self.driver.properties()['available'])
        self.upload()
        self.driver.size('memory://id.token')

    def test_a_store_that_is_away_is_marked(self):
        self.fail_with(ConnectionError(_SECRET))
        self.assertEqual('false', self.driver.properties()['available'])
        self.assertRaises(exception.StoreUnavailable, self.driver.writer,
                          'id', 'token')

    def test_an_upload_that_is_given_up_says_nothing_of_the_store(self):
        writer = self.driver.writer('id', 'token')
        writer.write(b'x')
        writer.cancel()
        self.assertEqual('', self.logged.output)
        self.assertEqual({}, self.library.objects)

    def test_more_than_was_announced_does_not_reach_the_library(self):
        writer = self.driver.writer('id', 'token', 3)
        writer.write(b'12')
        writer.write(b'345')
        writer.finish()
        self.assertEqual(b'123', self.library.objects['id.token'])

    def test_a_reader_goes_on_where_a_store_has_broken_off(self):
        data = bytes(range(256)) * 1000
        writer = self.driver.writer('id', 'token')
        writer.write(data)
        writer.finish()
        file = self.driver.open(self.driver.commit('id', 'token'))
        self.addCleanup(file.close)
        read = file.read(77777)
        self.library.failures = 2
        self.library.failure = ValueError()
        self.assertTrue(data == read + file.read())

    def test_a_reader_gives_up_in_the_end(self):
        self.upload()
        self.library.objects['id.token'] = bytes(200000)
        file = self.driver.open('memory://id.token')
        self.library.failure = ValueError()
        self.assertRaises(exception.StoreUnavailable, file.read)
