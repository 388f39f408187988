# SPDX-License-Identifier: Apache-2.0
"""glancelite: a client that uploads images and resumes after any cut.

It authenticates as other OpenStack clients do: by --os-cloud, by --os-...
options, or by OS_... variables.
"""
import sys


def main():
    """Console command. :returns: the exit code."""
    try:
        # The libraries take their time to load; an interrupt may come then.
        from glancelite.cmd.transfer import command
        return command.run(sys.argv[1:])
    except KeyboardInterrupt as interrupt:
        print(f'glancelite: {str(interrupt) or "stopped"}', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
