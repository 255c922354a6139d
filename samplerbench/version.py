"""The version of this package, and the folder that holds it."""

from pathlib import Path

__version__ = "0.1.0"
#: not resolved: in a checkout it holds links to models/, samplers/, harness/ and reports/
ROOT = Path(__file__).absolute().parent
