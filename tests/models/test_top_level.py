"""Names at the top of a file are read from its text; those of inner scopes are not among them."""

from __future__ import annotations

import ast

from samplerbench.models.loading import top_level


def read(text):
    return top_level.find_names(ast.parse(text))


def test_names_are_those_that_running_the_file_may_bind():
    assert read("a, (b, *c) = d = 1, [2]\ne: int = 3\nimport f.g, h as i") == set("abcdefi")
    assert read("if x:\n    def a(): b = 1\nelse:\n    class c: d = 1") == {"a", "c"}
    assert read("for a in []: b = 1\nwith x as c: pass\n[d for d in x]\n(e := 1)") == set("abce")
    assert read("from x import *\ny.z = y[0] = 1") == {top_level.ANY}
    assert read("if __name__ == '__main__':\n    a = 1") == set()
