# SPDX-License-Identifier: Apache-2.0
"""Policy: defaults, an operator's file, and remembered answers."""
import itertools
import os
import pathlib
import subprocess
import sys

import fixtures
from oslo_policy import policy as oslo_policy
import testtools

from glancelite import conf as conf_package
from glancelite import context as context_module
from glancelite import exception
from glancelite import policies
from glancelite import policy
from glancelite.objects import image as image_object


def caller(project, *roles):
    return context_module.RequestContext(
        user_id=f'user of {project}', project_id=project, roles=list(roles))


CALLERS = [caller(project, *roles) for project in ('a', 'b')
           for roles in ((), ('reader',), ('member', 'reader'),
                         ('admin', 'member', 'reader'), ('service',))]


def images():
    """Yield images as callers may meet them."""
    for visibility, owner, member in itertools.product(
            image_object.VISIBILITIES, ('a', 'b', None),
            (None, 'pending', 'accepted')):
        image = image_object.Image({'visibility': visibility,
                                    'owner': owner, 'id': 'x'})
        image.member_status = member
        yield image


class _PolicyTestCase(testtools.TestCase):

    def make(self, text=None):
        """:returns: a policy with the operator's rules ``text``."""
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        conf = conf_package.new()
        conf([], project='glancelite', default_config_files=[],
             default_config_dirs=[])
        self.path = folder / 'policy.yaml'
        if text is not None:
            self.path.write_text(text)
        conf.set_override('policy_file', str(self.path), 'oslo_policy')
        self.conf = conf
        return policy.Policy(conf)


class DeciderTest(_PolicyTestCase):
    """A decider answers as check does, however often it is asked."""

    def assert_decides_as_check(self, rules):
        names = [rule.name for rule in policies.list_rules()]
        for context in CALLERS:
            for name in names:
                decide = rules.decider(context, name)
                for image in images():
                    target = image.policy_target(context)
                    self.assertEqual(
                        rules.check(context, name, target), decide(target),
                        f'{name} {context.project_id} {context.roles} '
                        f'{target}')

    def test_with_the_default_rules(self):
        self.assert_decides_as_check(self.make())

    def test_with_rules_of_an_operator(self):
        self.assert_decides_as_check(self.make('''
"get_image": "project_id:%(owner)s and not 'private':%(visibility)s"
"get_images": "@"
"modify_image": "!"
"delete_image": "rule:get_image or role:service"
"download_image": "rule:nothing_of_that_name or role:member"
"upload_image": "user_id:%(nothing)s or (role:reader and None:%(owner)s)"
"add_image": ""
'''))


class CompiledTest(_PolicyTestCase):
    """Rules answer as the library's own do."""

    def assert_as_the_library(self, text=None):
        ours = self.make(text)
        library = oslo_policy.Enforcer(self.conf)
        library.register_defaults(policies.list_rules())
        scopes = [{}, {'system_scope': 'all'}, {'domain_id': 'd'}]
        contexts = CALLERS + [context_module.RequestContext(
            user_id='s', roles=['admin'], **scope) for scope in scopes]
        for context, rule, image in itertools.product(
                contexts, policies.list_rules(), list(images())[::5]):
            target = image.policy_target(context)
            self.assertEqual(
                library.enforce(rule.name, target,
                                context.to_policy_values()),
                ours.check(context, rule.name, target),
                f'{rule.name} {context} {target}')

    def test_by_default(self):
        self.assert_as_the_library()

    def test_with_rules_of_an_operator(self):
        self.assert_as_the_library('''
"own": "project_id:%(owner)s"
"get_image": "rule:own and not 'private':%(visibility)s"
"modify_image": "rule:nothing_of_that_name or not rule:own"
"delete_image": "(role:admin or role:member) and not (rule:own or !)"
"upload_image": "@"
"download_image": "!"
"add_member": "not role:%(nothing)s"
''')

    def test_for_a_rule_that_is_not_there_stands_the_default_one(self):
        made = self.make('"default": "role:reader"')
        self.assertTrue(made.check(CALLERS[1], 'nothing', {}))
        self.assertFalse(made.check(CALLERS[0], 'nothing', {}))

    def test_rules_in_a_circle_let_nobody_through(self):
        made = self.make('''
"one": "rule:two or role:nobody"
"two": "rule:get_image or rule:one"
"get_image": "rule:one"
''')
        # The library runs out of stack, here or there.
        self.assertRaises((RecursionError, TypeError), made.check,
                          CALLERS[3], 'get_image', {})


class DefaultTest(_PolicyTestCase):
    """The default rules of the reader, member, admin and service personas.
    """

    def allowed(self, rule, project, *roles, owner='a',
                visibility='shared'):
        image = image_object.Image({'owner': owner, 'visibility': visibility})
        context = caller(project, *roles)
        return self.make().check(context, rule,
                                 image.policy_target(context))

    def test_a_reader_of_the_project_reads(self):
        self.assertTrue(self.allowed('get_image', 'a', 'reader'))
        for rule in ('modify_image', 'delete_image', 'upload_image'):
            self.assertFalse(self.allowed(rule, 'a', 'reader'))

    def test_a_member_of_the_project_writes(self):
        for rule in ('modify_image', 'delete_image', 'upload_image',
                     'communitize_image', 'add_member'):
            self.assertTrue(self.allowed(rule, 'a', 'member', 'reader'))
            self.assertFalse(self.allowed(rule, 'b', 'member', 'reader'))

    def test_an_administrator_does_everything(self):
        for rule in policies.list_rules():
            if rule.name in ('service_api', 'add_image_location',
                             'fetch_image_location'):
                continue
            self.assertTrue(self.allowed(rule.name, 'z', 'admin', 'reader'),
                            rule.name)

    def test_only_administrators_publish_and_deactivate(self):
        for rule in ('publicize_image', 'deactivate', 'reactivate'):
            self.assertFalse(self.allowed(rule, 'a', 'member', 'reader'))

    def test_nobody_without_a_role_does_anything(self):
        for rule in ('get_image', 'get_images', 'modify_image',
                     'delete_image', 'download_image'):
            self.assertFalse(self.allowed(rule, 'a'), rule)

    def test_every_rule_is_documented(self):
        for rule in policies.list_rules():
            self.assertTrue(rule.description, rule.name)


class FileTest(_PolicyTestCase):
    """The operator's file."""

    def test_a_changed_rule_counts(self):
        rules = self.make('"get_image": "role:auditor"\n')
        target = image_object.Image({'owner': 'b'}).policy_target(CALLERS[0])
        self.assertTrue(rules.check(caller('a', 'auditor'), 'get_image',
                                    target))
        self.assertFalse(rules.check(caller('b', 'reader'), 'get_image',
                                     target))

    def test_a_refusal_names_its_rule(self):
        rules = self.make('"get_images": "!"\n')
        error = self.assertRaises(
            exception.RuleForbids, rules.authorize,
            caller('a', 'admin'), 'get_images', {})
        self.assertIn('get_images', str(error))

    def test_a_file_at_fault_stops_the_start(self):
        for text in ('"get_images: [', '- get_images\n'):
            error = self.assertRaises(exception.ConfigurationError,
                                      self.make, text)
            self.assertIn('policy.yaml', str(error))

    def test_a_file_that_became_faulty_leaves_the_rules_as_they_were(self):
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.policy._LOOK_INTERVAL', 0))
        rules = self.make('"get_images": "role:auditor"\n')
        log = self.useFixture(fixtures.FakeLogger())
        self.path.write_text('"get_images: [')
        later = self.path.stat().st_mtime + 5
        os.utime(self.path, (later, later))
        for roles, expected in ((('auditor',), True), (('reader',), False)):
            self.assertEqual(expected, rules.check(
                caller('a', *roles), 'get_images', {}))
        self.assertIn('the rules stay as they were', log.output)


class ToolsTest(testtools.TestCase):
    """The tools of oslo.policy, on the service's own files."""

    def run_tool(self, name, *arguments, text=''):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (folder / 'rules.yaml').write_text(text)
        (folder / 'glance-api.conf').write_text(
            f'[oslo_policy]\npolicy_file = {folder}/rules.yaml\n')
        return subprocess.run(
            [sys.executable, '-c',
             f'from oslo_policy import generator; generator.{name}()',
             '--namespace', 'glancelite', *arguments],
            capture_output=True, text=True, timeout=60, cwd=folder, env={
                **os.environ, 'OS_GLANCE_CONFIG_DIR': str(folder),
                'PYTHONPATH': str(pathlib.Path(__file__).parents[2])})

    def test_the_generator_writes_the_rules_in_force(self):
        done = self.run_tool('generate_policy',
                             text='"get_images": "role:auditor"\n')
        self.assertIn('"get_images": "role:auditor"\n', done.stdout)
        self.assertIn('"get_image": ', done.stdout)

    def test_what_repeats_a_default_is_listed(self):
        done = self.run_tool('list_redundant', text=(
            '"publicize_image": "rule:context_is_admin"\n'
            '"get_images": "role:auditor"\n'))
        self.assertIn('publicize_image', done.stdout + done.stderr)
        self.assertNotIn('get_images', done.stdout + done.stderr)
