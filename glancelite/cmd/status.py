# SPDX-License-Identifier: Apache-2.0
"""glancelite-status: what stands in the way of starting this release.

``glancelite-status upgrade check`` prints a table, or JSON with ``--json``.
It exits with 0 when all is well, 1 with a warning, 2 with a failure, and
255 when a check itself broke.
"""

import contextlib
import sys

from oslo_upgradecheck import common_checks
from oslo_upgradecheck import upgradecheck

from glancelite import conf as configuration
from glancelite import deploy
from glancelite import exception
from glancelite import policy
from glancelite import service
from glancelite.api.middleware import library
from glancelite.conf import files as conf_files
from glancelite.conf import of_glance
from glancelite.data import threads
from glancelite.db import api as db
from glancelite.db import inventory
from glancelite.db import location_urls
from glancelite.db import migration
from glancelite.stores import registry


class Checks(upgradecheck.UpgradeCommands):
    """The checks, each a method that returns a ``Result``.

    :param conf: a ``ConfigOpts``, parsed by the time ``check`` is called.
    """

    def __init__(self, conf):
        super().__init__()
        self._conf = conf

    def policy_file(self):
        """Policy and property protections can be read, and every rule that
        is set is asked by something.
        """
        # One in JSON is refused by later releases of oslo.
        result = common_checks.check_policy_json(self, self._conf)
        if result.code != upgradecheck.Code.SUCCESS:
            return result
        try:
            rules = policy.Policy(self._conf)
            protections = service.protections_of(self._conf, rules)
        except exception.ConfigurationError as error:
            return _failure(str(error))
        unasked = set(rules.unasked()) - protections.policies
        if unasked:
            return upgradecheck.Result(
                upgradecheck.Code.WARNING,
                'Nothing asks for these rules of the policy file: '
                f'{", ".join(sorted(unasked))}.')
        return result

    def database(self):
        """The database answers, and its schema is the one we work on."""
        # One attempt: someone is waiting for the answer.
        self._conf.set_override('max_retries', 0, group='database')
        try:
            with _database(self._conf) as database:
                pending = migration.check(database)
        except Exception as error:  # whatever the driver raises
            return _failure(f'{type(error).__name__}: {error}')
        if pending:
            revisions = ', '.join(pending)
            return upgradecheck.Result(
                upgradecheck.Code.WARNING,
                'Run "glancelite-manage db sync" before the service starts. '
                f'It will bring: {revisions}.')
        return _success()

    def locations(self):
        """The URLs of all image data can be read."""
        try:
            with _database(self._conf) as database:
                database.ping()
                location_urls.require_key(database)
                found = inventory.Inventory(database, None).first_unreadable()
        except exception.ConfigurationError as error:
            return _failure(str(error))
        except Exception:  # whatever the driver raises
            # The check of the database tells.
            return _success()
        if found:
            return upgradecheck.Result(
                upgradecheck.Code.WARNING,
                f'Location {found.id} of the database, and maybe more, cannot '
                'be read. See metadata_encryption_key.')
        return _success()

    def stores(self):
        """The stores are configured, and their directories writable."""
        try:
            stores = registry.Stores(self._conf,
                                     threads=threads.NativeThreads())
        except exception.ConfigurationError as error:
            return _failure(str(error))
        missing = [driver.identifier for driver in stores
                   if driver.properties().get('available') == 'false']
        if missing:
            return _failure('The directories are not there, or cannot be '
                            f'written, of: {", ".join(missing)}')
        return _success()

    def configuration(self):
        """Everything that is set has its effect, as it has in Glance."""
        found = of_glance.compare(self._conf)
        if found.invalid:
            return _failure('; '.join(
                f'{name}: {reason}' for name, reason in found.invalid))
        if deploy.authenticates(self._conf):
            try:
                library.require_memcache(self._conf)
            except exception.ConfigurationError as error:
                return _failure(str(error))
        changes = [
            f'{title}: {", ".join(names)}.' for title, names in (
                ('Without effect here', found.ignored),
                ('Not known, to Glance neither', found.unknown)) if names]
        if changes:
            return upgradecheck.Result(
                upgradecheck.Code.WARNING,
                f'{" ".join(changes)} See "glancelite-manage config diff".')
        return _success()

    _upgrade_checks = (
        ('Configuration', configuration),
        ('Policy file', policy_file),
        ('Database', database),
        ('Locations', locations),
        ('Stores', stores),
    )


@contextlib.contextmanager
def _database(conf):
    database = db.Database(conf)
    try:
        yield database
    finally:
        database.dispose()


def _success():
    return upgradecheck.Result(upgradecheck.Code.SUCCESS)


def _failure(details):
    return upgradecheck.Result(upgradecheck.Code.FAILURE, details)


def main(arguments=None):
    """:returns: the exit status; ``arguments`` default to the command's."""
    conf = configuration.new()
    return upgradecheck.main(
        conf, 'glancelite', Checks(conf),
        argv=sys.argv[1:] if arguments is None else arguments,
        default_config_files=conf_files.usual())
