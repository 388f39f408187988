# SPDX-License-Identifier: Apache-2.0
"""Writes the configuration that both services are started with."""
import pathlib

import yaml

from tests.compare import scenario as scenario_file

SETTINGS = yaml.safe_load((scenario_file.HERE / 'settings.yaml').read_text())


def _lines(sections):
    for section, options in sections.items():
        yield f'[{section}]'
        for name, value in options.items():
            yield f'{name} = {value}'


def write(directory, name, own):
    """Write ``glance-api.conf`` and what it names into ``directory``.

    :param name: which of the settings in ``settings.yaml``.
    :param own: sections that only this service gets.
    :returns: the path of the configuration file.
    """
    directory = pathlib.Path(directory)
    data = directory / 'data'
    settings = SETTINGS[name]
    sections = {section: dict(options) for section, options
                in settings['options'].items()}
    for section, options in own.items():
        sections.setdefault(section, {}).update(options)
    for folder in ('images', 'fast', 'cheap', 'staging', 'tasks'):
        (data / folder).mkdir(parents=True, exist_ok=True)
    text = '\n'.join(_lines(sections)) + '\n'
    text = text.replace('DATA', str(data)).replace('DIRECTORY',
                                                   str(directory))
    for file_name in ('property-protections.conf', 'policy.yaml'):
        content = settings.get('files', {}).get(file_name)
        path = directory / file_name
        path.unlink(missing_ok=True)
        if content:
            path.write_text(content)
    path = directory / 'glance-api.conf'
    path.write_text(text)
    return path
