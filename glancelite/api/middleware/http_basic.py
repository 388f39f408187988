# SPDX-License-Identifier: Apache-2.0
"""HTTP Basic authentication (RFC 7617) against an htpasswd file of bcrypt.

A verified password is remembered as a keyed digest, because bcrypt is slow
by design and every request carries the password.
"""
import base64
import binascii
import collections
import hashlib
import hmac
import os
import re
import secrets
import threading

import bcrypt
from oslo_log import log
import webob.exc

from glancelite import exception
from glancelite import service as service_module
from glancelite.api import resource
from glancelite.api.middleware import context

LOG = log.getLogger(__name__)

#: Passwords that one process checks at a time. It takes a thread and a good
#: part of a second each: whoever guesses must leave the rest to others.
_CHECKS = 4

#: Verified passwords remembered.
_REMEMBERED = 1024

#: Variant, cost, salt and digest, as bcrypt writes them.
_HASH = re.compile(r'\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}')

#: What an unknown user's password is checked against, so that the time of
#: an answer does not tell which users there are.
_NOBODY = b'$2b$12$C6UzMDM.H6dfI/f/IKcEeO7u2JbO6TNkqZ8J1k7h0WjFqkV8qG0uK'


class PasswordFile:
    """Users of an htpasswd file, read again when it changes.

    :param path: the file.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :raises ConfigurationError: it cannot be read or has other hashes.
    """

    def __init__(self, path, threads):
        self._path = path
        self._threads = threads
        self._stamp = ()
        self._hashes = {}
        self._key = secrets.token_bytes(32)
        self._verified = collections.OrderedDict()
        self._lock = threading.Lock()
        self._checks = threading.BoundedSemaphore(_CHECKS)
        self._load()

    def verify(self, user, password):
        """:returns: whether ``password`` (bytes) is that of ``user``.

        :raises TooManyPasswords: it is none that was verified before, and
            others are being checked.
        """
        self._refresh()
        stored = self._hashes.get(user)
        seal = hmac.new(self._key, b'\0'.join(
            (user.encode(), stored or b'', password)), hashlib.sha256).digest()
        with self._lock:
            if stored and seal in self._verified:
                self._verified.move_to_end(seal)
                return True
        if not self._check(password[:72], stored or _NOBODY) or not stored:
            return False
        with self._lock:
            self._verified[seal] = True
            while len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)
        return True

    def _check(self, password, stored):
        if not self._checks.acquire(blocking=False):
            raise exception.TooManyPasswords()
        try:
            return self._threads.wait(bcrypt.checkpw, password, stored)
        finally:
            self._checks.release()

    def _refresh(self):
        """Read the file if it changed; one at fault changes nothing."""
        try:
            self._load()
        except exception.ConfigurationError as error:
            LOG.error('%s; the users stay as they were', error)

    def _load(self):
        stamp = self._find_stamp()
        if stamp == self._stamp:
            return
        try:
            self._hashes = self._read()
        except OSError as error:
            raise exception.ConfigurationError(
                f'[http_basic] user_file {self._path}: {error.strerror}'
            ) from None
        except UnicodeError:
            raise exception.ConfigurationError(
                f'[http_basic] user_file {self._path}: not in UTF-8'
            ) from None
        finally:
            # A fault is told once, not at every request.
            self._stamp = stamp

    def _find_stamp(self):
        """:returns: what differs when the file changed, None without it."""
        try:
            status = os.stat(self._path)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self):
        hashes = {}
        with open(self._path, encoding='utf-8') as file:
            for number, line in enumerate(file, 1):
                user, _, stored = line.strip().partition(':')
                if not line.strip() or user.startswith('#'):
                    continue
                if not _HASH.fullmatch(stored):
                    raise exception.ConfigurationError(
                        f'[http_basic] user_file {self._path}, line '
                        f'{number}: not user:bcrypt-hash')
                # bcrypt of Apache names its variant 2y; it is the same.
                hashes[user] = stored.replace('$2y$', '$2b$', 1).encode()
        return hashes


class HttpBasic:
    """Authenticates by the Authorization header, or answers 401."""

    def __init__(self, application, options, threads):
        self._application = application
        self._options = options
        self._passwords = PasswordFile(options.user_file, threads)
        realm = options.realm.replace('"', "'")
        self._challenge = f'Basic realm="{realm}", charset="UTF-8"'

    def __call__(self, environ, start_response):
        try:
            user = self._user(environ.get('HTTP_AUTHORIZATION', ''))
        except exception.TooManyPasswords as error:
            return resource.respond(resource.error_response(error), environ,
                                    start_response)
        if user is None:
            refusal = webob.exc.HTTPUnauthorized(
                headers={'WWW-Authenticate': self._challenge})
            return resource.respond(refusal, environ, start_response)
        context.identify(
            environ, user,
            self._options.project_map.get(user, self._options.project_id),
            self._roles(user))
        return self._application(environ, start_response)

    def _user(self, header):
        scheme, _, encoded = header.partition(' ')
        if scheme.lower() != 'basic':
            return None
        try:
            decoded = base64.b64decode(encoded.strip(), validate=True)
            user, separator, password = decoded.partition(b':')
            user = user.decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        if not separator or not self._passwords.verify(user, password):
            return None
        return user

    def _roles(self, user):
        mapped = self._options.role_map.get(user)
        return mapped.split('+') if mapped else list(self._options.roles)


def filter_factory(global_conf, **local_conf):
    """For Paste."""
    service = service_module.current()
    return lambda application: HttpBasic(
        application, service.conf.http_basic, service.threads)
