"""``python -m samplerbench``: the command line."""

import sys

from samplerbench.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
