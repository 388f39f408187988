# SPDX-License-Identifier: Apache-2.0
"""Several processes over one database: no task is run twice, none by a project
beyond its share, on every kind of server.
"""
import collections
import os
import subprocess
import sys
import uuid

import fixtures
import sqlalchemy
import testscenarios
import testtools

from glancelite import conf as configuration
from glancelite.db import api as db_api
from glancelite.db import leases
from glancelite.db import migration
from glancelite.db import tasks
from glancelite.objects import lease as lease_object
from glancelite.objects import task as task_object
from tests import databases
from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios

_WORKERS = 3
_PROJECTS = 3
_TASKS = 5
_SHARE = 2


class ManyWorkersTest(testtools.TestCase):

    scenarios = [(name, {'backend': name}) for name in databases.BACKENDS]

    def setUp(self):
        super().setUp()
        url = databases.use(self, self.backend)
        conf = configuration.new()
        conf([], default_config_files=[])
        conf.set_override('connection', url, group='database')
        self.url = url
        self.database = db_api.Database(conf)
        self.addCleanup(self.database.dispose)
        migration.sync(self.database)
        self.leases = leases.Leases(self.database, 60)

    def add(self, project, before=None):
        """Let a task of ``project`` wait. :returns: the image's id.

        :param before: a project whose task of the same image has ended.
        """
        image_id = str(uuid.uuid4())
        if before:
            self.add_task(before, image_id, task_object.SUCCESS)
        task = self.add_task(project, image_id)
        lease = lease_object.Lease(image_id, lease_object.IMPORT,
                                   {'task_id': task.id})
        with self.database.writer() as connection:
            self.leases.take(connection, lease, idle=True)
        return image_id

    def add_task(self, project, image_id, status=task_object.PENDING):
        context = _Context(project)
        task = task_object.Task.new('api_image_import', context, project,
                                    image_id, {})
        task.status = status
        tasks.Tasks(self.database).add(context, task)
        return task

    def claim(self):
        """:returns: the id of the next image, claimed; None when all wait.
        """
        for lease in self.leases.waiting(lease_object.IMPORT, _SHARE):
            claimed = self.leases.claim(lease, _SHARE)
            if claimed:
                return claimed.image_id
        return None

    def test_copies_by_an_administrator_count_for_nobody_else(self):
        copies = [self.add('operators', before='zoe')
                  for _number in range(_SHARE + 1)]
        for image_id in copies[:_SHARE]:
            self.assertEqual(image_id, self.claim())
        # Those have their share, and the owner of the images all of its own.
        own = [self.add('zoe', before='operators') for _number in range(3)]
        self.assertEqual([*own[:_SHARE], None],
                         [self.claim() for _number in range(_SHARE + 1)])

    def test_what_has_no_open_task_any_more_is_finished(self):
        """Whether it has ended or was purged; whatever else runs."""
        for _number in range(_SHARE):
            self.add('zoe')
            self.claim()
        left = [self.add('zoe', before='zoe'), self.add('zoe')]
        with self.database.writer() as connection:
            connection.execute(sqlalchemy.text(
                "UPDATE tasks SET status = 'failure' WHERE image_id = :image"),
                {'image': left[0]})
            connection.execute(sqlalchemy.text(
                'DELETE FROM task_info WHERE task_id IN (SELECT id FROM tasks '
                'WHERE image_id = :image)'), {'image': left[1]})
            connection.execute(sqlalchemy.text(
                'DELETE FROM tasks WHERE image_id = :image'),
                {'image': left[1]})
        self.assertEqual({left[1]}, {self.claim()})
        # The other is of zoe, who has her share.
        self.assertIsNone(self.claim())

    def test_who_has_many_tasks_waiting_hides_nobodys(self):
        # More than are looked at in one go.
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.db.leases._WAITING', 6))
        greedy = {self.add('greedy') for _number in range(9)}
        modest = [self.add(f'modest-{number}') for number in range(2)]
        claimed = []
        for _number in range(2 * _SHARE):
            waiting = self.leases.waiting(lease_object.IMPORT, _SHARE)
            claimed.append(self.leases.claim(waiting[0], _SHARE).image_id)
        self.assertIn(claimed[0], greedy)
        self.assertEqual(modest, claimed[1:3])
        self.assertIn(claimed[3], greedy)
        # It has its share, and others have nothing left.
        self.assertEqual([], self.leases.waiting(lease_object.IMPORT,
                                                 _SHARE))

    def test_each_task_is_run_once_and_projects_keep_to_their_share(self):
        waiting = {self.add(f'project-{number % _PROJECTS}'): number
                   for number in range(_TASKS * _PROJECTS)}
        workers = [subprocess.Popen(
            [sys.executable, '-c', _WORKER, self.url, str(_SHARE)],
            cwd=application.ROOT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, 'PYTHONWARNINGS': 'ignore'})
            for _ in range(_WORKERS)]
        output = [worker.communicate(timeout=application.PATIENCE)[0]
                  for worker in workers]
        self.assertEqual([0] * _WORKERS, [each.returncode
                                          for each in workers])
        lines = [line.split() for text in output for line in text.split('\n')
                 if line]
        run = [image_id for word, image_id, *_ in lines if word == 'ran']
        self.assertEqual(sorted(waiting), sorted(run))
        most = collections.Counter()
        for _word, project, count in (line for line in lines
                                     if line[0] == 'held'):
            most[project] = max(most[project], int(count))
        self.assertEqual(_PROJECTS, len(most))
        self.assertLessEqual(max(most.values()), _SHARE)


class _Context:
    """As much of a context as a task asks for."""

    request_id = user_id = None
    is_admin = True

    def __init__(self, project_id):
        self.project_id = project_id


#: Claims what it can get, looks who holds what, and lets go; until all is
#: done.
_WORKER = '''
import collections
import sys
import sqlalchemy
from glancelite import conf as configuration
from glancelite.db import api, leases
from glancelite.objects import lease as lease_object

url, share = sys.argv[1], int(sys.argv[2])
conf = configuration.new()
conf([], default_config_files=[])
conf.set_override('connection', url, group='database')
database = api.Database(conf)
repository = leases.Leases(database, 60)
QUERY = sqlalchemy.text(
    'SELECT t.owner FROM image_leases l JOIN tasks t ON t.image_id = '
    'l.image_id WHERE l.expires_at > :now')


def look():
    with database.reader() as connection:
        owners = connection.execute(
            QUERY, {'now': database.clock()} if database.dialect == 'sqlite'
            else {'now': database.now()}).scalars()
        for owner, count in collections.Counter(owners).items():
            print('held', owner, count)


mine = []
while True:
    waiting = repository.waiting(lease_object.IMPORT, share)
    claimed = None
    for lease in waiting:
        claimed = repository.claim(lease, share)
        if claimed:
            break
    if claimed:
        mine.append(claimed)
        look()
    if len(mine) > 1 or mine and not claimed:
        done = mine.pop(0)
        repository.release(done)
        print('ran', done.image_id)
    if not claimed and not mine:
        with database.reader() as connection:
            left = connection.execute(sqlalchemy.text(
                'SELECT count(*) FROM image_leases')).scalar()
        if not left:
            break
'''
