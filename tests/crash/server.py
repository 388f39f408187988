# SPDX-License-Identifier: Apache-2.0
"""glancelite-api with faults in it: ``python -m tests.crash.server``."""
import sys
import warnings

# eventlet blames whoever imports it; here that is not to end anything.
warnings.filterwarnings('ignore', module='glancelite')

from glancelite.cmd import api  # noqa: E402
from tests.crash import faults  # noqa: E402

# Nobody is kept waiting for the test of a crash.
api._RESPAWN_DELAY = 0


def main():
    """:returns: the exit code."""
    faults.install(api.EventletThreads)
    return api.main()


if __name__ == '__main__':
    sys.exit(main())
