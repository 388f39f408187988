# SPDX-License-Identifier: Apache-2.0
"""Tasks are shown for so long after their end, and then forgotten."""
import datetime

import sqlalchemy
import testscenarios

from glancelite.db import models
from tests.functional import application
from tests.functional import test_import

load_tests = testscenarios.load_tests_apply_scenarios

_HOURS = 5


class ExpiryTest(test_import.ImportTestCase):
    scenarios = application.SCENARIOS
    options = {'task': {'task_time_to_live': _HOURS, 'poll_interval': 1}}

    def ended(self):
        """:returns: the tasks of one import that succeeds, and of another.
        """
        found = []
        for disk_format in ('raw', 'qcow2'):
            image_id = self.client.create(disk_format=disk_format)['id']
            self.stage(image_id)
            self.submit(image_id)
            self.done(image_id)
            found.append(self.task(image_id))
        self.assertEqual(['success', 'failure'],
                         [task['status'] for task in found])
        return found

    def execute(self, statement):
        engine = sqlalchemy.create_engine(
            self.application.database, poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            found = connection.execute(statement)
            return found.scalars().all() if found.returns_rows else None

    def let_pass(self, hours, task_id):
        """Have a task end so many hours earlier than it did."""
        table = models.tasks
        moment, = self.execute(sqlalchemy.select(table.c.expires_at).where(
            table.c.id == task_id))
        self.execute(table.update().where(table.c.id == task_id).values(
            expires_at=moment - datetime.timedelta(hours=hours)))

    def shown(self):
        """:returns: the ids of all tasks that are listed."""
        return {task['id'] for task in self.client.get(
            '/v2/tasks', persona='admin').json['tasks']}

    def status(self, task_id):
        return self.client.get(f'/v2/tasks/{task_id}',
                               persona='admin').status

    def test_it_is_said_when_a_task_will_expire(self):
        for task in self.ended():
            shown = self.client.get(f'/v2/tasks/{task["id"]}',
                                    persona='admin').json
            end, expiry = (datetime.datetime.fromisoformat(
                shown[name].rstrip('Z')) for name in ('updated_at',
                                                      'expires_at'))
            self.assertEqual(_HOURS, round((expiry - end).total_seconds()
                                           / 3600, 2))

    def test_it_is_there_until_then_and_no_longer(self):
        for task in self.ended():
            self.let_pass(_HOURS - 1, task['id'])
            self.assertIn(task['id'], self.shown())
            self.assertEqual(200, self.status(task['id']))
            self.let_pass(1, task['id'])
            application.eventually(
                lambda each=task['id']: self.status(each) == 404,
                'It has expired')
            self.assertNotIn(task['id'], self.shown())
            self.assertEqual([], self.tasks(task['image_id']))
        deleted = sqlalchemy.select(models.tasks.c.deleted)
        application.eventually(
            lambda: self.execute(deleted) == [True, True],
            'A sweep has marked them')

    def test_what_has_not_ended_does_not_expire(self):
        task = self.ended()[0]
        self.let_pass(2 * _HOURS, task['id'])
        self.execute(models.tasks.update().where(
            models.tasks.c.id == task['id']).values(
                status='processing', deleted=False))
        self.assertEqual(200, self.status(task['id']))
