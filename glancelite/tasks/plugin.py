# SPDX-License-Identifier: Apache-2.0
"""What a plugin of imports is, and what it is given to work with.

A plugin changes nothing by itself. It says what is to become of the image, and
that comes true when the whole import does, in one transaction; until then a
crash, a failure or a deletion leaves the image as it was. So each may run
again, and needs no undo of its own.
"""
import subprocess

from glancelite import exception

#: Where installed packages tell of their plugins.
NAMESPACE = 'glancelite.import_plugins'


class Plugin:
    """One step of every import that brings new data.

    A subclass overrides :meth:`change`, or :meth:`transform` and
    ``reads_data``, or all three.

    :param conf: the ``ConfigOpts``, in which ``OPTIONS`` are registered.
    :cvar GROUP: name of the plugin's option group, None without options.
    :cvar OPTIONS: its oslo.config options.
    """

    GROUP = None
    OPTIONS = ()

    #: Whether it reads the data. If not, nothing is written to disk for it.
    reads_data = False

    def __init__(self, conf):
        self.options = conf[self.GROUP] if self.GROUP else None

    def change(self, job):
        """Change fields and properties of the image."""

    def transform(self, job):
        """Make other data of ``job.input``; runs in a thread of its own.

        :returns: None to leave the data as it is; or ``job.output``, written
            by now; or an object with ``read(size)`` and ``close()``.
        """


class Job:
    """One import, as a plugin sees it.

    :ivar image_id: of the image.
    :ivar method: 'glance-direct', 'web-download' and so on.
    :ivar roles: of the user who asked for the import, a list.
    :ivar project_id: his project.
    :ivar fields: disk_format and container_format, a dict to be changed.
    :ivar properties: additional properties, a dict to be changed; names that
        begin with os_glance are the service's own.
    :ivar input: path of the data as it now is, a ``pathlib.Path``. It must
        stay as it is.
    :ivar output: a path at which the plugin may make new data.
    :ivar subprocess: that module, as it is where no event loop replaces it.
    """

    subprocess = subprocess

    def __init__(self, image, lease, method):
        detail = lease.detail
        self.image_id = image.id
        self.method = method
        self.roles = list(detail.get('roles', ()))
        self.project_id = detail.get('project_id')
        self.fields = {name: image.values[name]
                       for name in ('disk_format', 'container_format')}
        self.properties = dict(image.properties)
        self.input = self.output = self.guard = None
        self._lease = lease

    def require_running(self):
        """To be called now and then, and before each block of output.

        :raises LeaseLost: the import is over; so end, and quickly.
        :raises StorageFull: the work directory has no room left.
        """
        if self._lease.lost:
            raise exception.LeaseLost(image_id=self.image_id)
        if self.guard:
            self.guard()

    @staticmethod
    def refuse(sentence, **facts):
        """Fail the import. Its owner reads ``sentence``: nothing internal."""
        raise exception.ImportRefused(sentence, **facts)


def load(conf):
    """:returns: the plugins that the options name, in that order.

    :raises ConfigurationError: one is not installed, or there twice.
    """
    names = [name for name in conf.image_import_opts.image_import_plugins
             if name != 'no_op']
    if not names:
        return []
    if len(set(names)) < len(names):
        raise exception.ConfigurationError(
            '[image_import_opts] image_import_plugins names one twice')
    # Imported where it is used: most services have no plugins.
    from stevedore import exception as stevedore_exception
    from stevedore import named

    def missing(absent):
        raise exception.ConfigurationError(
            f'[image_import_opts] image_import_plugins: no '
            f'{", ".join(sorted(absent))} under the entry points '
            f'{NAMESPACE}')

    def broken(manager, entry_point, error):
        raise exception.ConfigurationError(
            f'Import plugin {entry_point.name} cannot be loaded: {error}')
    try:
        found = named.NamedExtensionManager(
            NAMESPACE, names, name_order=True,
            on_missing_entrypoints_callback=missing,
            on_load_failure_callback=broken)
    except stevedore_exception.NoMatches:
        missing(names)
    return [_make(conf, extension.plugin) for extension in found]


def _make(conf, maker):
    if maker.GROUP:
        conf.register_opts(maker.OPTIONS, group=maker.GROUP)
    return maker(conf)
