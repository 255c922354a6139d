"""``python -m samplerbench``: the command line, as ``samplerbench`` is."""

import sys

from samplerbench.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
