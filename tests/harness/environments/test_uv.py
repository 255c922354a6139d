"""What uv says of a failure comes with what to do about it."""

from __future__ import annotations

import pytest

from samplerbench.harness.environments.uv import advise

MESSAGES = {
    "error: [Errno 2] No such file or directory: 'gcc'": "install a C compiler",
    "      error: command '/usr/bin/x86_64-linux-gnu-gcc' failed with exit code 1": "C compiler",
    "fatal error: Python.h: No such file or directory": "Python's headers",
    "Because a==1 depends on b==2 and b==3": "exclude each other",
    "No space left on device (os error 28)": "free disk",
    "something else": "read it",
}


@pytest.mark.parametrize("message", MESSAGES)
def test_a_failure_has_an_advice_by_what_it_says(message):
    said = f"  x failed\n{message}\n\nhint: a hint\n"
    assert MESSAGES[message] in advise(said, "read it").text


def test_a_missing_compiler_says_nothing_of_the_pins():
    assert advise("command 'cc' failed: No such file", "").transient
    assert not advise("b was not found in the package registry", "").transient
