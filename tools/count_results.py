# SPDX-License-Identifier: Apache-2.0
"""Counts the tests in a subunit stream: prints passed, failed, skipped.

The names of those that failed go to standard error, one a line, so that a
log of which only the end is kept still tells them.
"""

import collections
import sys

import subunit
import testtools

# A test that began and never ended has failed.
KINDS = {'success': 'passed', 'xfail': 'passed', 'skip': 'skipped',
         'fail': 'failed', 'uxsuccess': 'failed', 'inprogress': 'failed',
         'unknown': 'failed'}


def reason(test):
    """Return the last line that a failed test left, or ''."""
    traceback = test['details'].get('traceback')
    lines = traceback.as_text().split('\n') if traceback else []
    return next((line for line in reversed(lines) if line.strip()), '')


def main():
    counts = collections.Counter()

    def count(test):
        kind = KINDS.get(test['status'])
        if kind is None:
            return
        counts[kind] += 1
        if kind == 'failed':
            print('FAILED', test['id'], reason(test)[:300], file=sys.stderr)

    stream = subunit.ByteStreamToStreamResult(sys.stdin.buffer)
    result = testtools.StreamToDict(count)
    result.startTestRun()
    stream.run(result)
    result.stopTestRun()
    print(counts['passed'], counts['failed'], counts['skipped'])


if __name__ == '__main__':
    main()
