# SPDX-License-Identifier: Apache-2.0
"""Image data that lies on web servers of others: read, never written.

What may be read is for the fetcher to say, which is handed in: it stands on
a higher floor.
"""
from glancelite import exception
from glancelite.stores import driver


class HttpDriver(driver.Driver):
    """Images at http and https URLs.

    :param fetcher: a :class:`~glancelite.fetch.fetcher.Fetcher`.
    """

    kind = 'http'
    schemes = ('http', 'https')
    writable = False

    def __init__(self, identifier, options, fetcher):
        super().__init__(identifier, options)
        self._fetcher = fetcher

    def check(self):
        """Nothing of it is ours; each URL is asked when it is needed."""

    def owns(self, url):
        return url.startswith(('http://', 'https://'))

    def admit(self, url):
        self._fetcher.check(url)

    def writer(self, image_id, token, size=None):
        raise exception.UnknownStore(store=self.identifier)

    def discard(self, image_id, token):
        """Nothing: nobody writes here."""

    def open(self, url, offset=0):
        try:
            return self._fetcher.open(url, offset)
        except (exception.InvalidLocation, exception.FetchRefused):
            raise exception.StoreUnavailable() from None

    def size(self, url):
        """:raises SizeUnknown: the server does not tell.

        Else as of any driver.
        """
        try:
            size = self._fetcher.size(url)
        except (exception.InvalidLocation, exception.FetchRefused):
            raise exception.StoreUnavailable() from None
        if size is None:
            raise exception.SizeUnknown()
        return size

    def delete(self, url):
        """Nothing: the data is not ours to delete."""

    def properties(self):
        return {}
