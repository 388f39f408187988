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


def sections(name):
    """Return the settings of that name as {section: {option: value}}.

    DATA in a value is the service's directory of data, DIRECTORY that of its
    configuration.
    """
    return {section: dict(options) for section, options
            in SETTINGS[name]['options'].items()}


def write_files(directory, name):
    """Make the data directories and the files beside the configuration."""
    for folder in ('images', 'fast', 'cheap', 'staging', 'tasks'):
        (directory / 'data' / folder).mkdir(parents=True, exist_ok=True)
    for file_name in ('property-protections.conf', 'policy.yaml'):
        content = SETTINGS[name].get('files', {}).get(file_name)
        path = directory / file_name
        path.unlink(missing_ok=True)
        if content:
            path.write_text(content)


def write(directory, name, own):
    """Write ``glance-api.conf`` and what it names into ``directory``.

    :param name: which of the settings in ``settings.yaml``.
    :param own: sections that only this service gets.
    :returns: the path of the configuration file.
    """
    directory = pathlib.Path(directory)
    merged = sections(name)
    for section, options in own.items():
        merged.setdefault(section, {}).update(options)
    text = '\n'.join(_lines(merged)) + '\n'
    text = text.replace('DATA', str(directory / 'data'))
    text = text.replace('DIRECTORY', str(directory))
    write_files(directory, name)
    path = directory / 'glance-api.conf'
    path.write_text(text)
    return path
