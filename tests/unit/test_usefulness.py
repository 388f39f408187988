# SPDX-License-Identifier: Apache-2.0
"""What is declared has an effect: errors, options and policy rules."""
import re

import testtools

from glancelite import conf
from glancelite import policies
from glancelite.api.v2 import router
from tests.unit import test_exception
from tests.unit import test_floors

#: Rules that others are made of.
_PARTS = {'default', 'service_api', 'metadef_admin', 'metadef_default'}

#: Calls that everybody may make.
_OPEN = {
    'GET /v2/schemas/{name}', 'GET /v2/schemas/metadefs/{name}',
    'GET /v2/info/import', 'GET /v2/info/stores', 'GET /v2/info/usage'}


def text(*rooms):
    """:returns: the code of the package, less what is in ``rooms``."""
    return '\n'.join(source.text for source in test_floors.read('glancelite')
                     if not source.path.startswith(rooms))


class EffectTest(testtools.TestCase):

    def test_every_error_is_raised_or_caught_somewhere(self):
        code = text('exception/')
        families = {base for each in test_exception.classes()
                    for base in each.__mro__[1:]}
        for each in test_exception.classes():
            if each not in families:
                self.assertRegex(code, rf'exception\.{each.__name__}\b')

    def test_every_option_is_read_somewhere(self):
        code = text('conf/')
        unread = [option.name for group, options in conf.list_opts()
                  for option in options
                  if not re.search(rf'\b{option.dest}\b', code)]
        self.assertEqual([], unread)


class RuleTest(testtools.TestCase):
    """Rules guard what they say they do."""

    def test_every_rule_is_asked_somewhere(self):
        code = text('policies/')
        for rule in policies.list_rules():
            if rule.name not in _PARTS:
                self.assertRegex(code, rf"'{rule.name}'")

    def operations(self):
        """:returns: {'METHOD path'} that documented rules name."""
        return {f'{operation["method"]} {operation["path"].split("?")[0]}'
                for rule in policies.list_rules()
                for operation in getattr(rule, 'operations', ())}

    def routes(self):
        return {f'{method} /v2{path}'
                for method, path, _resource, _action in router.ROUTES
                if method not in ('HEAD', 'OPTIONS')}

    def test_what_rules_guard_are_calls_that_there_are(self):
        self.assertEqual(set(), self.operations() - self.routes())

    def test_every_call_has_a_rule_or_is_open(self):
        self.assertEqual(_OPEN, self.routes() - self.operations())


class ReferenceTest(testtools.TestCase):

    def test_every_call_is_in_the_reference(self):
        reference = (test_floors.ROOT / 'doc/source/reference/api/index.rst'
                     ).read_text()
        rows = reference.split('   * - ')
        for method, path, _resource, _action in router.ROUTES:
            self.assertTrue(any(
                method in re.split(r'[,\s]+', row.partition('- ``')[0])
                and f'``/v2{path}``' in row for row in rows),
                f'{method} {path}')
