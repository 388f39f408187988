# SPDX-License-Identifier: Apache-2.0
"""Options of tasks: how many run, where, and how long they are kept."""
from oslo_config import cfg

GROUP = 'task'

OPTIONS = [
    cfg.IntOpt(
        'task_time_to_live', default=48, min=1,
        deprecated_opts=[cfg.DeprecatedOpt('task_time_to_live',
                                           group='DEFAULT')],
        help='Hours after which a finished task may be forgotten.'),
    cfg.IntOpt(
        'concurrency', default=4, min=0,
        help='Tasks that one process runs at a time. 0 leaves them to '
             'other processes, such as glancelite-worker.'),
    cfg.IntOpt(
        'concurrency_per_project', default=2, min=0,
        help='Tasks of one project that all processes together run at a '
             'time; 0 for any number. Further ones wait, so that one '
             'project cannot hold up the others.'),
    cfg.IntOpt(
        'attempts', default=3, min=1,
        help='Times a task is begun when the process that runs it dies; '
             'after that it fails.'),
    cfg.StrOpt(
        'work_dir', default='/var/lib/glance/work',
        help='Directory for what imports need while plugins convert or '
             'unpack data, when enabled_backends is unset; otherwise '
             '[os_glance_tasks_store] filesystem_store_datadir names it. '
             'Each host may have its own. It needs room for the largest '
             'image, times concurrency; what a crash leaves in it is '
             'removed.'),
    cfg.StrOpt(
        'drain_file', default='/var/lib/glance/drain_tasks',
        help='While this file exists, the processes of this host finish the '
             'tasks they run and take no more. glancelite-manage tasks drain '
             'makes it, glancelite-manage tasks resume removes it.'),
    cfg.IntOpt(
        'poll_interval', default=5, min=1,
        help='Seconds between looks for tasks that wait or were cut off.'),
]
