# SPDX-License-Identifier: Apache-2.0
"""Property protections: which rule decides, and files at fault."""
import pathlib
import textwrap
import types

import fixtures
import testtools

from glancelite import exception
from glancelite import property_protections


def caller(*roles):
    return types.SimpleNamespace(roles=list(roles))


class RulesOf:
    """A policy whose rules are those that a caller's roles name."""

    def check(self, context, rule, target):
        return rule in context.roles

    def defines(self, rule):
        return not rule.startswith('un')


class _ProtectionsTestCase(testtools.TestCase):

    def read(self, text, rule_format='roles'):
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path /= 'rules.conf'
        path.write_text(textwrap.dedent(text))
        return property_protections.Protections(
            str(path), rule_format, RulesOf())

    def assert_allowed(self, protections, name, roles, *operations):
        """Fail unless a caller may do exactly ``operations``."""
        allows = protections.checker(caller(*roles))
        self.assertEqual(
            set(operations),
            {operation for operation in property_protections.OPERATIONS
             if allows(name, operation)})


class RoleTest(_ProtectionsTestCase):
    """Rules that list roles."""

    RULES = '''
        [^own_.*]
        create = admin,member
        read = admin, member , reader
        update = admin
        delete = !

        [own_later]
        create = @
        read = @
        update = @
        delete = @

        [open.*]
        create = @
        read = @
        update = @
        delete = @

        [closed]
        create = !
        read = !
        update = !
        delete = !
    '''

    def test_each_operation_has_roles_of_its_own(self):
        rules = self.read(self.RULES)
        self.assert_allowed(rules, 'own_x', ['member'], 'create', 'read')
        self.assert_allowed(rules, 'own_x', ['reader'], 'read')
        self.assert_allowed(rules, 'own_x', ['admin'],
                            'create', 'read', 'update')
        self.assert_allowed(rules, 'own_x', [])

    def test_an_operation_that_lists_no_roles_is_for_nobody(self):
        rules = self.read('''
            [.*]
            create =
            read = @
            update =
            delete = ,
            ''')
        self.assert_allowed(rules, 'x', ['admin'], 'read')

    def test_roles_are_compared_without_regard_to_case(self):
        self.assert_allowed(self.read(self.RULES), 'own_x', ['MEMBER'],
                            'create', 'read')

    def test_the_first_section_that_matches_decides(self):
        self.assert_allowed(self.read(self.RULES), 'own_later', ['reader'],
                            'read')

    def test_at_is_everybody_and_an_exclamation_mark_nobody(self):
        rules = self.read(self.RULES)
        self.assert_allowed(rules, 'open', [],
                            *property_protections.OPERATIONS)
        self.assert_allowed(rules, 'closed', ['admin'])

    def test_what_no_section_matches_is_closed(self):
        self.assert_allowed(self.read(self.RULES), 'other', ['admin'])

    def test_a_section_matches_from_the_beginning_of_a_name(self):
        rules = self.read(self.RULES)
        self.assert_allowed(rules, 'open_more', [],
                            *property_protections.OPERATIONS)
        self.assert_allowed(rules, 'reopen', [])

    def test_answers_are_those_of_the_caller_who_asks(self):
        rules = self.read(self.RULES)
        for _ in range(2):
            self.assert_allowed(rules, 'own_x', ['reader'], 'read')
            self.assert_allowed(rules, 'own_x', ['admin'],
                                'create', 'read', 'update')

    def test_check_raises_what_names_the_property(self):
        error = self.assertRaises(
            exception.PropertyProtected, self.read(self.RULES).check,
            caller('admin'), 'closed', 'read')
        self.assertIn('closed', str(error))

    def test_without_a_file_everything_is_allowed(self):
        rules = property_protections.Protections(None, 'roles', None)
        self.assert_allowed(rules, 'x', [],
                            *property_protections.OPERATIONS)


class PolicyRuleTest(_ProtectionsTestCase):
    """Rules that name policy rules."""

    def test_a_rule_that_is_not_defined_is_told_of(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.read('''
            [.*]
            create = undefined
            read = @
            update = defined
            delete = !
            ''', 'policies')
        said, = log.output.splitlines()
        self.assertIn('the policy undefined', said)

    def test_a_policy_rule_decides(self):
        rules = self.read('''
            [.*]
            create = makers
            read = @
            update = makers
            delete = !
            ''', 'policies')
        self.assert_allowed(rules, 'x', ['makers'],
                            'create', 'read', 'update')
        self.assert_allowed(rules, 'x', [], 'read')

    def test_an_operation_that_names_no_policy_is_for_nobody(self):
        rules = self.read('''
            [.*]
            create =
            read = @
            update = ,
            delete = !
            ''', 'policies')
        self.assert_allowed(rules, 'x', ['makers'], 'read')

    def test_one_operation_names_one_policy(self):
        error = self.assertRaises(exception.ConfigurationError, self.read, '''
            [.*]
            create = a,b
            read = @
            update = @
            delete = @
            ''', 'policies')
        self.assertIn('more than one policy', str(error))


class FaultTest(_ProtectionsTestCase):
    """A file at fault stops the start with its line."""

    def fault(self, text):
        error = self.assertRaises(exception.ConfigurationError, self.read,
                                  text)
        self.assertIn('rules.conf', str(error))
        return str(error)

    def test_an_operation_that_is_missing(self):
        message = self.fault('''\
            [fine]
            create = @
            read = @
            update = @
            delete = @

            [short]
            create = @
            ''')
        self.assertIn('line 7', message)
        self.assertIn('[short]', message)

    def test_a_section_that_is_no_regular_expression(self):
        self.assertIn('line 1', self.fault('''\
            [(]
            create = @
            read = @
            update = @
            delete = @
            '''))

    def test_everybody_and_nobody_at_once(self):
        self.fault('''
            [.*]
            create = @,!
            read = @
            update = @
            delete = @
            ''')

    def test_a_file_that_has_no_sections(self):
        self.fault('create = @\n')

    def test_a_file_that_is_not_there(self):
        self.assertRaises(
            exception.ConfigurationError, property_protections.Protections,
            '/nonexistent/rules.conf', 'roles', None)
