# SPDX-License-Identifier: Apache-2.0
"""Authorization: whether a caller may do what a rule guards to a target."""
import inspect
import logging
import re
import threading
import time

from oslo_config import cfg
from oslo_log import log
from oslo_policy import opts
from oslo_policy import policy

from glancelite import exception
from glancelite import policies
from glancelite.conf import files as conf_files

LOG = log.getLogger(__name__)

#: Seconds between looks at the policy files.
_LOOK_INTERVAL = 1

_LIBRARY_LOG = logging.getLogger(policy.__name__)

_REFERENCE = re.compile(r'rule:([^\s()]+)')

_TARGET_ATTRIBUTE = re.compile(r'%\(([^)]+)\)s')


class Policy:
    """The rules in force: defaults, changed by the operator's policy file.

    :param conf: the ``ConfigOpts`` of the service.
    :raises ConfigurationError: the policy files are not usable.
    """

    def __init__(self, conf):
        self._file = conf.oslo_policy.policy_file
        self._enforcer = policy.Enforcer(conf)
        self._enforcer.register_defaults(policies.list_rules())
        self._loaded = self._compiled = {}
        self._lock = threading.Lock()
        self._next_look = 0
        self._look()

    def _look(self):
        """Read the policy files anew if they changed.

        The enforcer would look for them at every question asked; once a
        second is soon enough. A file at fault changes nothing.
        """
        now = time.monotonic()
        if now < self._next_look or not self._lock.acquire(blocking=False):
            return
        try:
            self._next_look = now + _LOOK_INTERVAL
            self._enforcer.use_conf = True
            self._enforcer.load_rules()
            if self._enforcer.rules != self._loaded:
                self._loaded = dict(self._enforcer.rules)
                self._compiled = {name: _Rule(name, self._enforcer)
                                  for name in self._loaded}
        except Exception as error:
            # YAML that is none, or no mapping, or may not be read.
            reason = f'[oslo_policy] policy_file {self._file}: {error}'
            if not self._loaded:
                raise exception.ConfigurationError(reason) from None
            LOG.error('%s; the rules stay as they were', reason)
        finally:
            self._enforcer.use_conf = False
            self._lock.release()

    def defines(self, rule):
        """:returns: whether there is such a rule; ``default`` decides for
            others.
        """
        return rule in self._compiled

    def unasked(self):
        """:returns: sorted names of rules in the policy file that no call and
            no other rule asks: misspelt ones, or those of another service.
        """
        asked = {rule.name for rule in policies.list_rules()}
        for check in self._loaded.values():
            asked.update(_REFERENCE.findall(str(check)))
        return sorted(set(self._enforcer.file_rules) - asked)

    def check(self, context, rule, target):
        """:returns: whether ``rule`` lets the caller act on ``target``."""
        self._look()
        known = self._compiled.get(rule)
        credentials = context.policy_credentials()
        if known is None or _LIBRARY_LOG.isEnabledFor(logging.DEBUG):
            # For a rule of no known name another one may stand; and to whom
            # it may concern the library tells what it is asked.
            return self._enforcer.enforce(rule, target, credentials)
        return known.allows(target, credentials)

    def authorize(self, context, rule, target):
        """Raise unless ``rule`` lets the caller act on ``target``.

        :raises RuleForbids: names the rule.
        """
        if not self.check(context, rule, target):
            raise exception.RuleForbids(rule=rule)

    def decider(self, context, rule):
        """:returns: a function of a target that remembers its answers.

        A rule depends on the caller, who stays the same in one request, and
        on the target attributes it names; so a list of a thousand images
        asks the enforcer once for each different set of those.
        """
        names = self._compiled[rule].attributes
        if names is None:
            return lambda target: self.check(context, rule, target)
        answers = {}

        def decide(target):
            key = tuple([target.get(name) for name in names])
            if key not in answers:
                answers[key] = self.check(context, rule, target)
            return answers[key]
        return decide


class _Rule:
    """A rule with the rules it refers to and what connects them resolved.

    The library looks up the signature of each check it comes to, whenever
    it does; that is most of the time it takes.

    :ivar attributes: names of the target attributes that the rule reads;
        None when it cannot be told.
    """

    def __init__(self, name, enforcer):
        self._name = name
        self._enforcer = enforcer
        registered = enforcer.registered_rules.get(name)
        self._scopes = registered and registered.scope_types
        check = enforcer.rules[name]
        self._decide = self._function(check)
        self.attributes = _attributes_of(check, enforcer.rules)

    def allows(self, target, credentials):
        """:returns: whether the rule lets the caller act on ``target``."""
        if self._scopes and _scope(credentials) not in self._scopes:
            return False
        return self._decide(target, credentials)

    def _function(self, check, within=()):
        """:returns: a function of target and credentials: the check.

        :param within: names of the rules that lead to it.
        """
        if type(check) in (policy.AndCheck, policy.OrCheck):
            every = all if type(check) is policy.AndCheck else any
            parts = [self._function(each, within) for each in check.rules]
            return lambda *asked: every(part(*asked) for part in parts)
        if type(check) is policy.NotCheck:
            part = self._function(check.rule, within)
            return lambda *asked: not part(*asked)
        # One that leads back to itself stays as it is, and fails.
        if type(check) is policy.RuleCheck and check.match not in within:
            try:
                return self._function(self._enforcer.rules[check.match],
                                      (*within, check.match))
            except KeyError:
                return lambda *asked: False
        more = [self._enforcer, self._name]
        if len(inspect.getfullargspec(check.__call__).args) <= 4:
            # A plug-in of the kind that is not told which rule was asked.
            more.pop()
        return lambda target, creds: check(target, creds, *more)


def _scope(credentials):
    """:returns: what the caller's token is for."""
    if credentials.get('system'):
        return 'system'
    return 'domain' if credentials.get('domain_id') else 'project'


#: Kinds of checks that read the target only where their text says so.
_PLAIN_CHECKS = ('RoleCheck', 'GenericCheck')


def _attributes_of(check, rules, seen=frozenset()):
    if isinstance(check, policy.RuleCheck):
        if check.match in seen:
            return None
        return _attributes_of(rules.get(check.match), rules,
                              seen | {check.match})
    if isinstance(check, (policy.AndCheck, policy.OrCheck)):
        parts = [_attributes_of(part, rules, seen) for part in check.rules]
        return None if None in parts else tuple(sorted(set().union(*parts)))
    if isinstance(check, policy.NotCheck):
        return _attributes_of(check.rule, rules, seen)
    if str(check) in ('@', '!'):
        return ()
    if type(check).__name__ in _PLAIN_CHECKS:
        return tuple(_TARGET_ATTRIBUTE.findall(str(check)))
    return None


def get_enforcer():
    """For the oslo.policy command line tools: an enforcer of our rules.

    The policy file is that of the service: the tools pass on no arguments.
    """
    conf = cfg.ConfigOpts()
    for group, options in opts.list_opts():
        conf.register_opts(options, group=group)
    conf([], project='glancelite',
         default_config_files=conf_files.usual())
    enforcer = policy.Enforcer(conf)
    enforcer.register_defaults(policies.list_rules())
    return enforcer
