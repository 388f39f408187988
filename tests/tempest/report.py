# SPDX-License-Identifier: Apache-2.0
"""What came of the tests: counts, and why some were skipped."""
import collections
import io

import subunit
import testtools

#: What subunit calls it, and we.
_KINDS = {'success': 'passed', 'skip': 'skipped', 'fail': 'failed',
          'inprogress': 'failed'}


def tell(stream):
    """Print what came of the tests.

    :param stream: bytes, in subunit's format.
    :returns: whether some passed, and none failed.
    """
    tests = {'passed': [], 'failed': [], 'skipped': []}
    reasons = collections.defaultdict(list)

    def note(test):
        kind = _KINDS.get(test['status'])
        if kind is None or '.' not in test['id']:
            return
        name = test['id'].partition('[')[0]
        tests[kind].append(name)
        if kind == 'skipped':
            reason = test['details'].get('reason')
            reasons[reason and reason.as_text()].append(name)

    result = testtools.StreamToDict(note)
    result.startTestRun()
    subunit.ByteStreamToStreamResult(io.BytesIO(stream)).run(result)
    result.stopTestRun()
    print(', '.join(f'{len(names)} {kind}' for kind, names in tests.items()))
    for name in sorted(tests['failed']):
        print('  failed:', name)
    for reason, names in sorted(reasons.items()):
        print(f'  skipped {len(names)}: {reason}')
        for name in sorted(set(names)):
            print('   ', name)
    return bool(tests['passed']) and not tests['failed']
