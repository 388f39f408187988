# SPDX-License-Identifier: Apache-2.0
"""Rules for tasks."""
from glancelite.policies import roles

RULES = [
    roles.guards('get_task', 'rule:default', 'Show a task.',
                 'GET /v2/tasks/{task_id}'),
    roles.guards('get_tasks', 'rule:default', 'List tasks.',
                 'GET /v2/tasks'),
    roles.guards('add_task', 'rule:default', 'Create a task.',
                 'POST /v2/tasks'),
    roles.guards('modify_task', 'rule:default', 'Change a task.',
                 'DELETE /v2/tasks/{task_id}'),
    roles.guards('tasks_api_access', roles.ADMIN,
                 'Use the tasks calls at all.', 'GET /v2/tasks/{task_id}',
                 'GET /v2/tasks', 'POST /v2/tasks',
                 'DELETE /v2/tasks/{task_id}'),
]
