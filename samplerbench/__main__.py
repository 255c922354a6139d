"""The command ``samplerbench``, and ``python -m samplerbench``."""

import sys


def main() -> int:
    """Run the command line; returns the exit code.

    Ctrl-C while its modules load ends it as it does later.
    """
    try:
        from samplerbench.cli.main import main as run
    except KeyboardInterrupt:
        print("samplerbench: stopped", file=sys.stderr)
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
