# SPDX-License-Identifier: Apache-2.0
"""Who may create, read, update and delete which property.

The rules stand in a file: sections headed by a regular expression, tried in
order; the first that matches a property decides. A property that matches
none is closed to everybody.
"""
import configparser
import functools
import re

from oslo_log import log

from glancelite import exception

LOG = log.getLogger(__name__)

OPERATIONS = ('create', 'read', 'update', 'delete')

_EVERYBODY, _NOBODY = '@', '!'


class Protections:
    """The rules of one file, compiled once.

    :param path: the file, or None: then everything is allowed.
    :param rule_format: 'roles' or 'policies'.
    :param policy: a :class:`~glancelite.policy.Policy`, for 'policies'.
    :raises ConfigurationError: names the file, and the section at fault.
    """

    def __init__(self, path, rule_format, policy):
        self._policy = policy
        self._by_policy = rule_format == 'policies'
        self._sections = None
        if path:
            self._sections = _read(path, self._by_policy)
            self._warn_of_undefined(path)
        # Names repeat from image to image; the rules never change.
        self._section_of = functools.lru_cache(4096)(self._find)

    @property
    def policies(self):
        """:returns: names of the policy rules that the file names, a set."""
        if not self._sections or not self._by_policy:
            return set()
        return {rule for _pattern, rules in self._sections
                for permitted in rules.values()
                for rule in permitted} - {_EVERYBODY, _NOBODY}

    def _warn_of_undefined(self, path):
        for rule in sorted(self.policies):
            if not self._policy.defines(rule):
                LOG.warning('property_protection_file %s names the policy '
                            '%s, which is not defined: the rule "default" '
                            'decides for it', path, rule)

    def checker(self, context):
        """:returns: a function (name, operation) -> bool for one caller.

        It remembers its answers, so a list of a thousand images asks once
        for each name.
        """
        if self._sections is None:
            return _allow_all
        answers = {}

        def allows(name, operation):
            key = name, operation
            if key not in answers:
                answers[key] = self._decide(context, name, operation)
            return answers[key]
        return allows

    def reader(self, context):
        """:returns: a function of properties: a dict of those one may read.
        """
        if self._sections is None:
            return dict
        allows = self.checker(context)
        return lambda properties: {
            name: value for name, value in properties.items()
            if allows(name, 'read')}

    def check(self, context, name, operation):
        """:raises PropertyProtected: the caller may not do that."""
        if not self.checker(context)(name, operation):
            raise exception.PropertyProtected(name=name)

    def _find(self, name):
        for pattern, rules in self._sections:
            if pattern.match(name):
                return rules
        return None

    def _decide(self, context, name, operation):
        rules = self._section_of(name)
        if rules is None:
            return False
        permitted = rules[operation]
        if _EVERYBODY in permitted:
            return True
        if _NOBODY in permitted or not permitted:
            return False
        if self._by_policy:
            return all(self._policy.check(context, rule, {})
                       for rule in permitted)
        roles = {role.lower() for role in context.roles}
        return any(role.lower() in roles for role in permitted)


def _allow_all(name, operation):
    return True


def _read(path, by_policy):
    """:returns: (compiled pattern, {operation: list}) in file order."""
    # An OrderedDict of sections is kept by order of appearance; option
    # names are lower-cased, values are taken as they stand.
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with open(path, encoding='utf-8') as file:
            parser.read_file(file)
    except (OSError, UnicodeError, configparser.Error) as error:
        raise exception.ConfigurationError(
            f'property_protection_file {path}: {error}') from None
    return [_section(path, parser[name], by_policy)
            for name in parser.sections()]


def _section(path, section, by_policy):
    def fail(reason):
        raise exception.ConfigurationError(
            f'property_protection_file {path}, line '
            f'{_line_of(path, section.name)}, section [{section.name}]: '
            f'{reason}')
    try:
        pattern = re.compile(section.name)
    except re.error as error:
        fail(f'not a regular expression: {error}')
    rules = {}
    for operation in OPERATIONS:
        if operation not in section:
            fail(f'{operation} is missing')
        permitted = [part.strip() for part in section[operation].split(',')
                     if part.strip()]
        if _EVERYBODY in permitted and _NOBODY in permitted:
            fail(f'{operation} has both @ and !')
        if by_policy and len(permitted) > 1:
            fail(f'{operation} names more than one policy')
        rules[operation] = permitted
    return pattern, rules


def _line_of(path, name):
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            if line.strip() == f'[{name}]':
                return number
    return 0
