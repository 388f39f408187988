# SPDX-License-Identifier: Apache-2.0
"""Counts the tests in a subunit stream: prints passed, failed, skipped."""

import collections
import sys

import subunit
import testtools

# A test that began and never ended has failed.
KINDS = {'success': 'passed', 'xfail': 'passed', 'skip': 'skipped',
         'fail': 'failed', 'uxsuccess': 'failed', 'inprogress': 'failed',
         'unknown': 'failed'}


def main():
    counts = collections.Counter()

    def count(test):
        if test['status'] in KINDS:
            counts[KINDS[test['status']]] += 1

    stream = subunit.ByteStreamToStreamResult(sys.stdin.buffer)
    result = testtools.StreamToDict(count)
    result.startTestRun()
    stream.run(result)
    result.stopTestRun()
    print(counts['passed'], counts['failed'], counts['skipped'])


if __name__ == '__main__':
    main()
