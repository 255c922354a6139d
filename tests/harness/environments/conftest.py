"""What tests of environments start from."""

from tests.support.wheels import index  # noqa: F401  (a fixture)
