# SPDX-License-Identifier: Apache-2.0
"""Imports that users ask for become tasks that wait to be run."""
import dataclasses

from glancelite import exception
from glancelite.data import leases
from glancelite.objects import image as image_object
from glancelite.objects import import_request
from glancelite.objects import lease as lease_object
from glancelite.objects import task as task_object

KIND = 'api_image_import'


class Imports:
    """Takes imports on.

    :param images: the repository of images.
    :param tasks: the repository of tasks.
    :param executor: woken when there is something to run.
    :param notifier: a :class:`~glancelite.notifier.Notifier`.
    """

    def __init__(self, images, tasks, executor, notifier):
        self._images = images
        self._tasks = tasks
        self._executor = executor
        self._notifier = notifier

    def submit(self, context, image, request, kind=KIND, shown=None,
               **detail):
        """Let ``request`` be done to ``image``.

        The lock and the lease by which a process finds the task come into
        being together.

        :param kind: the type of task.
        :param shown: its input, unless it is that of an import call.
        :param detail: what else who runs it has to know.
        :returns: the task.
        :raises Conflict: the image is not in the status that the method
            needs.
        :raises ImageHeld: something is done to the image already.
        """
        self.require_status(image, request.method)
        task = task_object.Task.new(
            kind, context, context.project_id or image.owner, image.id,
            shown or _shown(image, request))
        host = image.properties.get(import_request.STAGE_HOST_PROPERTY)
        if host:
            detail['host'] = host
        lease = lease_object.Lease(image.id, lease_object.IMPORT, {
            'task_id': task.id, 'request': dataclasses.asdict(request),
            'stores': request.stores, 'attempts': 0,
            'token': lease_object.new_token(),
            'project_id': context.project_id, 'user_id': context.user_id,
            'roles': context.roles, **detail})
        image.properties.update({
            import_request.TASK_PROPERTY: task.id,
            import_request.IMPORTING_PROPERTY: ','.join(request.named),
            import_request.FAILED_PROPERTY: ''})
        self._tasks.add(context, task)
        try:
            leases.after_import(image, self._images.save, context, image,
                                acquire=lease, idle=True, permitted=True)
        except exception.GlanceliteError as error:
            task.fail(str(error), image_object.now())
            self._tasks.save(context, task)
            raise
        self._notifier.task('create', task)
        self._executor.wake()
        return task

    @staticmethod
    def require_status(image, method):
        """Require of ``image`` the status that ``method`` needs.

        :raises Conflict: it has another one.
        """
        status, sentence = import_request.REQUIRED_STATUS[method]
        if image.status != status:
            raise exception.Conflict(sentence)


def _shown(image, request):
    """:returns: the input of the task as Glance shows it."""
    return {'image_id': image.id, 'import_req': request.shown,
            'backend': [None] if request.single else request.stores}
