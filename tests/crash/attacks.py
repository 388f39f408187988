# SPDX-License-Identifier: Apache-2.0
"""What clients do, and what is done to the service meanwhile."""
import http.client
import os
import random
import signal
import threading

from tests.crash import arena as arena_module
from tests.functional import application
from tests.functional import client
from tests.functional import uploading

MIB = 1024 * 1024

#: Bytes of an upload that takes several blocks.
SIZE = 2 * MIB + MIB // 2


def attempt(method, *args, **kwargs):
    """:returns: the answer to a request, or None when there was none."""
    try:
        return method(*args, **kwargs)
    except (http.client.HTTPException, ConnectionError):
        return None


def create(arena, **values):
    """:returns: the id of a new image with ``values``."""
    image_id = arena.patiently('create', **values)['id']
    arena.expectations[image_id] = arena_module.Expectation()
    return image_id


def upload(arena, image_id, data, chunked=False):
    """Upload once, and note what came of it.

    :param data: bytes, or an iterable of them to be sent chunked.
    :returns: the answer, or None.
    """
    expected = arena.expectations[image_id]
    if isinstance(data, bytes):
        expected.sent.add(arena_module.digest(data))
        whole = data
        if chunked:
            data = _pieces(data)
    else:
        whole = b''.join(data.blocks)
        expected.sent.add(arena_module.digest(whole))
    answer = arena.ask('upload', image_id, data)
    if answer is not None and answer.status == 204:
        expected.kept = arena_module.digest(whole)
    return answer


def stage(arena, image_id, data):
    """Stage once, and note what came of it. :returns: the answer or None."""
    arena.expectations[image_id].sent.add(arena_module.digest(data))
    return arena.ask('request', 'PUT', f'/v2/images/{image_id}/stage',
                     body=data,
                     headers={'Content-Type': client.OCTET_STREAM})


def delete(arena, image_id):
    """Delete once, and note what came of it. :returns: the answer or None."""
    expected = arena.expectations[image_id]
    expected.deletion = expected.deletion or 'tried'
    answer = arena.ask('request', 'DELETE', f'/v2/images/{image_id}')
    if answer is not None and answer.status == 204:
        expected.deletion = 'acknowledged'
    return answer


def _pieces(data):
    """Yield pieces of ``data`` of odd sizes."""
    size = MIB // 3 * 2 + 1
    for start in range(0, len(data), size):
        yield data[start:start + size]


class HeldBody(client.HeldBody):
    """As there.

    :ivar blocks: all of them.
    """

    def __init__(self, *blocks):
        super().__init__(*blocks)
        self.blocks = blocks


class HeldUp(Exception):
    """A process that is stopped holds up another one."""


class Errand:
    """What clients do, in three parts; the middle one is attacked.

    :param arena: an :class:`~tests.crash.arena.Arena`.
    :param other: another one beside it, or None.
    """

    def __init__(self, arena, other=None):
        self.arena = arena
        self.other = other

    def prepare(self):
        """Do what comes before the attack."""
        self.image_id = create(self.arena)

    def run(self):
        """Do what is attacked. :returns: the last answer, or None."""

    def resume(self):
        """Do what a client does after the attack."""

    def go_on_elsewhere(self):
        """Have the other arena recover the image, and upload anew there.

        :returns: whether there was a new upload.
        """
        try:
            self.other.eventually(lambda: not self.other.held(),
                                  'The other one recovers')
        except AssertionError:
            raise HeldUp() from None
        shown = self.other.patiently('get', f'/v2/images/{self.image_id}')
        if shown.status != 200 or shown.json['status'] != 'queued':
            return False
        answer = upload(self.other, self.image_id, os.urandom(MIB))
        if answer.status != 204:
            raise AssertionError(f'{answer.status} {answer.body}')
        return True


class UploadOfKnownLength(Errand):
    chunked = False

    def run(self):
        return upload(self.arena, self.image_id, os.urandom(SIZE),
                      self.chunked)


class ChunkedUpload(UploadOfKnownLength):
    chunked = True


class SmallUpload(Errand):

    def run(self):
        return upload(self.arena, self.image_id, b'a few bytes')


class ResumableUpload(Errand):
    """Two parts; and after a crash as many more as it takes."""

    def prepare(self):
        super().prepare()
        self._data = os.urandom(SIZE)
        self._upload = None
        expected = self.arena.expectations[self.image_id]
        expected.sent.add(arena_module.digest(self._data))

    def run(self):
        self._begin()
        return self._upload and self._append(MIB)

    def resume(self):
        """Ask how far it is and send the rest, until it is all there."""
        self.arena.eventually(self._goes_on, 'The upload is complete')
        expected = self.arena.expectations[self.image_id]
        expected.kept = arena_module.digest(self._data)

    def go_on_elsewhere(self):
        """Send the rest there, if the file is not locked by who is stopped.
        """
        self.arena = self.other
        self.arena.revive()
        self._upload = None
        self._goes_on()
        self._goes_on()
        return False

    def _goes_on(self):
        """:returns: whether the upload is complete."""
        if self._upload is None:
            self._begin()
            return False
        answer = attempt(self._upload.head)
        if answer is None or answer.status != 204:
            return False
        if answer.headers['Upload-Complete'] == '?1':
            return True
        self._append(int(answer.headers['Upload-Offset']))
        return False

    def _begin(self):
        """Begin, or learn where an upload is whose answer was lost."""
        answer = attempt(uploading.begin, self.arena.client, self.image_id,
                         self._data[:MIB])
        if answer is not None and 'Location' in answer.headers:
            answer.status = 201
            self._upload = uploading.Upload(self.arena.client, answer)

    def _append(self, offset):
        answer = attempt(self._upload.append, offset, self._data[offset:],
                         '?1')
        if answer is not None and answer.status == 413:
            # Without room an upload is over, and may be begun anew.
            self._upload = None
        return answer


class Staging(Errand):

    def run(self):
        return stage(self.arena, self.image_id, os.urandom(SIZE))


class Import(Errand):
    """Of staged data."""

    def prepare(self):
        super().prepare()
        while stage(self.arena, self.image_id, os.urandom(SIZE)) is None:
            pass

    def run(self):
        self.arena.patiently(
            'request', 'POST', f'/v2/images/{self.image_id}/import',
            json={'method': {'name': 'glance-direct'}})
        wait_until_idle(self.arena)


class Deletion(Errand):

    def prepare(self):
        super().prepare()
        while upload(self.arena, self.image_id, os.urandom(MIB)) is None:
            pass

    def run(self):
        return delete(self.arena, self.image_id)


class DeletionDuringUpload(Errand):
    """The upload goes on when the deletion is answered, or is not."""

    def run(self):
        body = HeldBody(os.urandom(2 * MIB), os.urandom(MIB))
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            upload(self.arena, self.image_id, body)))
        thread.start()
        answer = None
        try:
            if body.begun.wait(client.TIMEOUT):
                self._wait_until_saving()
                answer = delete(self.arena, self.image_id)
        finally:
            body.release()
            thread.join()
        if answer is not None and answer.status == 204:
            return answers[0]
        return None

    def _wait_until_saving(self):
        def saving():
            answer = self.arena.ask('get', f'/v2/images/{self.image_id}')
            return (answer is None or self.arena.fired()
                    or answer.status != 200
                    or answer.json['status'] == 'saving')
        application.eventually(saving, 'The upload begins')


class Recovery(Errand):
    """A recovery is what is attacked.

    :cvar victim: what was killed before, and ``step`` where.
    """

    victim = UploadOfKnownLength
    step = 'upload/os.fsync'

    def prepare(self):
        arena = self.other or self.arena
        victim = self.victim(arena)
        victim.prepare()
        self.image_id = victim.image_id
        # With the other one dead it is for this one to recover.
        arena.order(self.step, 'kill_all' if self.other else 'kill')
        victim.run()

    def run(self):
        wait_until_idle(self.arena)


class RecoveryOfSealedUpload(Recovery):
    step = 'upload/os.rename'


class RecoveryOfRenamedUpload(Recovery):
    step = 'upload/os.rename:done'


class RecoveryOfDeletion(Recovery):
    victim = Deletion
    step = 'delete/os.unlink'


#: Everything that is killed at each of its steps.
ERRANDS = (UploadOfKnownLength, ChunkedUpload, SmallUpload, ResumableUpload,
           Staging, Import, Deletion, DeletionDuringUpload, Recovery,
           RecoveryOfSealedUpload, RecoveryOfRenamedUpload,
           RecoveryOfDeletion)


def wait_until_idle(arena):
    """Wait until no lease is left, or until what was ordered happened."""
    arena.eventually(lambda: arena.fired() or not arena.held(),
                     'All is recovered')


def steps(arena, errand_class):
    """:returns: [(step, time)] that an errand reaches when all is well."""
    errand = errand_class(arena)
    errand.prepare()
    arena.record()
    errand.run()
    recorded = arena.recorded()
    errand.resume()
    arena.settle()
    counts = {}
    found = []
    for step in recorded:
        if step.startswith('renew/'):
            continue
        counts[step] = counts.get(step, 0) + 1
        found.append((step, counts[step]))
    return found


def strike(arena, errand_class, step, time, action='kill', **more):
    """Run an errand, and have ``action`` done at a step of it.

    :returns: (whether the step was reached, the answer or None).
    """
    errand = errand_class(arena)
    errand.prepare()
    arena.order(step, action, time, **more)
    answer = errand.run()
    reached = arena.withdraw()
    errand.resume()
    return reached, answer


def outrun(slow, quick, errand_class, step, time):
    """Stop a process at a step for longer than its lease holds.

    Meanwhile another one recovers the image, and takes a new upload; unless
    the one that is stopped was in a transaction in another of its threads,
    which nobody can end for it.

    :returns: 'stop', or 'stop, in a transaction', or None when the step was
        not reached.
    """
    errand = errand_class(slow, quick)
    # Or it would be quicker at tasks.
    quick.take_tasks(False)
    errand.prepare()
    slow.order(step, 'stop', time)
    answers = []

    def run():
        try:
            answers.append(errand.run())
        except TimeoutError:
            # It was stopped for longer than its client waited.
            answers.append(None)
    thread = threading.Thread(target=run)
    thread.start()
    pid = anew = None
    kind = 'stop'
    try:
        pid = application.eventually(
            lambda: slow.fired() or not thread.is_alive(), 'It is stopped')
        quick.take_tasks(True)
        if pid is not True:
            anew = errand.go_on_elsewhere()
    except (HeldUp, TimeoutError):
        kind = 'stop, in a transaction'
    finally:
        quick.take_tasks(True)
        if pid not in (None, True):
            os.kill(pid, signal.SIGCONT)
        thread.join()
    slow.withdraw()
    errand.resume()
    answer, = answers
    if anew and answer is not None and answer.status == 204:
        raise AssertionError('two uploads were acknowledged')
    quick.settle()
    slow.settle()
    return None if pid is True else kind


class Turmoil:
    """Clients that do things at random until they are told to stop."""

    def __init__(self, arena, seed, clients=3):
        self._arena = arena
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run,
                             args=(random.Random(f'{seed}-{number}'),))
            for number in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self, chance):
        while not self._stopped.is_set():
            image_id = self._create()
            if image_id is None:
                continue
            self._busy(chance, image_id)
            if chance.random() < 0.3:
                delete(self._arena, image_id)

    def _busy(self, chance, image_id):
        body = chance.randbytes(chance.randrange(4 * MIB))
        upload(self._arena, image_id, body, chance.random() < 0.5)

    def _create(self):
        """:returns: the id of a new image, or None while nobody answers."""
        answer = self._arena.ask('request', 'POST', '/v2/images', json={
            'disk_format': 'raw', 'container_format': 'bare'})
        if answer is None or answer.status != 201:
            self._stopped.wait(0.05)
            return None
        image_id = answer.json['id']
        self._arena.expectations[image_id] = arena_module.Expectation()
        return image_id
