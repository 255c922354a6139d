"""A model from a program and its data as they are, and refusals that say why."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from samplerbench.errors import UsageError
from samplerbench.models.loading.model_names import check_model, load_model
from samplerbench.models.loading.program import list_arguments, make_model


def program(y, size, scale=1.0):
    """Takes an array, a whole number, and a scale that it may do without."""
    return y, size, scale


def test_a_program_is_handed_its_data_as_they_are():
    data = {"y": [1.0, 2.0], "size": np.int64(2), "scale": {"deep": (1, None)}}
    model = make_model(program, data, "mine")
    assert model.name == "mine" and model.program is program
    assert all(model.data[name] is value for name, value in data.items())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"y": [1.0]}, "missing: size"),
        ({"y": [1.0], "sise": 1}, "missing: size; not taken: sise; did you mean 'size' by 'sise'"),
        ({"y": [1.0], "size": 1, "x": 2}, "not taken: x"),
        ({"z": 1}, r"missing: y, size; not taken: z\n  the data hold: z"),
    ],
)
def test_data_that_do_not_fit_are_refused_with_what_is_missing_and_what_is_not_taken(data, reason):
    with pytest.raises(UsageError, match=reason):
        make_model(program, data, "mine")


def test_arguments_by_position_only_are_refused_unless_they_have_defaults():
    with pytest.raises(UsageError, match="mine takes x, y by position only.*\n.*without `/`"):
        make_model(lambda x, y, /, z=1: None, {"x": 1, "y": 2}, "mine")
    make_model(lambda x=1, /, z=1: None, {"z": 2}, "mine")


numpyro = pytest.importorskip("numpyro")


class Fit:
    """Programs whose arguments a decorator fills in."""

    @staticmethod
    def fill(program):
        @functools.wraps(program)
        def inner(*args, **kwargs):
            return program(*args, scale=kwargs.pop("width", 1.0), **kwargs)

        return inner

    def line(self, x, *, scale, y=None):
        return x, scale, y

    method = fill(line)


def plain(x, *, scale, y=None):
    return x, scale, y


@pytest.mark.parametrize(
    "program",
    [
        Fit.fill(plain),
        Fit().method,
        functools.partial(Fit.fill(plain), y=2),
        numpyro.handlers.reparam(Fit.fill(plain), config={}),
        Fit.fill(functools.wraps(plain)(lambda *args, **kwargs: plain(*args, **kwargs))),
    ],
)
def test_what_a_decorator_may_fill_in_is_not_missing(program):
    for data, scale in (({"x": 1}, 1.0), ({"x": 1, "width": 2.0}, 2.0)):
        model = make_model(program, data, "line")
        assert model.program(**model.data)[:2] == (1, scale)
    names, open_ended = list_arguments(program)
    assert {*names} == {"x", "scale", "y"} and not open_ended


def test_a_compiled_program_takes_what_it_does_itself():
    jax = pytest.importorskip("jax")
    with pytest.raises(UsageError, match="missing: size"):
        make_model(jax.jit(program), {"y": 1}, "mine")


def test_a_decorators_own_arguments_count_where_it_names_them():
    program = functools.wraps(plain)(lambda x: plain(x, scale=1.0))
    assert make_model(program, {"x": 1}, "line").data == {"x": 1}
    with pytest.raises(UsageError, match="missing: x\n"):
        make_model(program, {}, "line")


def test_a_program_that_takes_anything_is_given_all():
    model = make_model(lambda y, **rest: (y, rest), {"y": [1.0], "extra": [2.0]}, "open")
    assert model.data.keys() == {"y", "extra"}


@pytest.mark.parametrize(
    ("signature", "data", "taken"),
    [
        ("x, y", "pd.DataFrame({'x': [1.0], 'y': [2.0], 'note': ['a']})", {"x", "y"}),
        ("**rest", "pd.DataFrame({'x': [1.0], 'y': [2.0]})", {"x", "y"}),
        ("data", "pd.DataFrame({'x': [1.0]})", {"data"}),
        ("data", "{'x': [1.0]}", {"data"}),
        ("df, scale=1.0", "pd.DataFrame({'x': [1.0]})", {"df"}),
        ("x, data=None", "{'x': 1.0}", {"x"}),
        ("data, x", "{'data': 1.0, 'x': 2.0}", {"data", "x"}),
        ("x", "lambda: {'x': [1.0]}", {"x"}),
    ],
)
def test_data_of_a_file_reach_its_program_whole_by_name_or_by_column(
    signature, data, taken, tmp_path
):
    file = tmp_path / "mine.py"
    file.write_text(f"import pandas as pd\ndata = {data}\ndef model({signature}): pass\n")
    model = load_model(f"{file}:model", {})
    assert model.data.keys() == taken
    if len(taken) == 1 and not taken & {"x"}:
        assert list(model.data[taken.pop()]["x"]) == [1.0]


def test_a_file_without_data_lacks_what_its_program_takes(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def model(data): pass\n")
    with pytest.raises(UsageError, match="missing: data"):
        load_model(f"{file}:model", {})


BOUND = """
import sys
from shapes import *
unpacked, (data, *rest) = (lambda: 1), ({}, 2)
if sys.version_info >= (3, 8):
    def branched(): pass
else:
    def other_branch(): pass
try:
    import nothing_of_this_name as tried
except ImportError:
    def tried(): pass
for looped in [unpacked]: pass
(named := unpacked)
class Owner:
    def method(self): hidden = 1
def outer():
    def inner(): pass
if __name__ == "__main__":
    def guarded(): pass
"""


def test_a_program_is_found_however_its_name_is_bound_at_the_top_of_its_file(tmp_path):
    file = tmp_path / "mine.py"
    (tmp_path / "shapes.py").write_text("def starred(): pass\n")
    file.write_text(BOUND)
    for name in ("unpacked", "branched", "tried", "looped", "named", "starred"):
        assert load_model(check_model(f"{file}:{name}", {})[0], {}).data == {}
    for name in ("other_branch", "inner", "guarded", "method"):  # another module may hold them
        with pytest.raises(UsageError, match=f"no name in .* is called '{name}'"):
            load_model(check_model(f"{file}:{name}", {})[0], {})
    file.write_text(BOUND.replace("from shapes import *", ""))
    for name in ("starred", "inner", "guarded", "method", "hidden"):
        with pytest.raises(UsageError, match=rf"'{name}'(.|\n)*branched, data, looped, named"):
            check_model(f"{file}:{name}", {})


METHODS = """
class Growth:
    def __init__(self, order): self.order = order
    def model(self, x): pass
class Fit: growth = Growth(3)
data = {"x": [1.0]}
"""


def test_a_method_is_a_program_by_the_name_of_its_object_with_dots(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(METHODS)
    model = load_model(check_model(f"{file}:Fit.growth.model", {})[0], {})
    assert model.program.__self__.order == 3 and model.data.keys() == {"x"}
    with pytest.raises(UsageError, match=r"missing: self(.|\n)*next: .* = Growth\(.*thing.model"):
        load_model(check_model(f"{file}:Growth.model", {})[0], {})
    with pytest.raises(UsageError, match=r"no name in .* is called 'fit'; did you mean 'Fit'"):
        check_model(f"{file}:fit.growth", {})
    wrong = r"no attribute of 'growth' in .* is called 'modle'; did you mean 'model'\?\n.* order"
    with pytest.raises(UsageError, match=wrong):
        load_model(check_model(f"{file}:Fit.growth.modle", {})[0], {})


BESIDE = """
import numpyro
x, y, later = [1.0], [2.0], print
def model(x, y=None, later=None): numpyro.sample("y", 1)
def other(x, z): numpyro.sample("y", 1)
def log_prob(theta): return -(theta**2)
def potential_fn(params): return params**2
"""


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("model", r"next: the file binds x, y; in it, data = \{'x': x, 'y': y\} hands them over$"),
        ("other", r"--data FILE$"),
        ("log_prob", r"is a log density: .* numpyro.factor\('log_density', log_prob\(theta\)\)"),
        ("potential_fn", r"is a negative log density: .*'log_density', -potential_fn\(params\)\)"),
    ],
)
def test_a_file_without_data_is_refused_with_what_would_hand_them_over(name, advice, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(BESIDE)
    with pytest.raises(UsageError, match=advice):
        load_model(f"{file}:{name}", {})


def test_data_of_other_names_beside_arguments_that_the_file_binds_are_told_so(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(f'{BESIDE}\ndata = {{"Height (cm)": x, "Weight": y}}')
    with pytest.raises(UsageError, match=r"not taken: Height(.|\n)*the file binds x, y; in it"):
        load_model(f"{file}:model", {})
    file.write_text(f'{BESIDE}\ndata = {{"x": x, "Weight": y}}')
    with pytest.raises(UsageError, match="in --data FILE$"):
        load_model(f"{file}:other", {})


@pytest.mark.slow  # imports NumPyro
def test_a_seed_around_a_program_is_left_out_and_other_handlers_stay():
    """It would give every run the same numbers; whoever calls a program seeds it."""
    numpyro = pytest.importorskip("numpyro")
    jax = pytest.importorskip("jax")
    handlers = numpyro.handlers

    def program(y):
        numpyro.sample("m", numpyro.distributions.Normal(0.0, 1.0))
        numpyro.sample("s", numpyro.distributions.Normal(0.0, 1.0))

    fixed = handlers.condition(handlers.seed(program, 0), data={"s": 2.0})
    model = make_model(fixed, {"y": 1.0}, "mine")
    runs = [
        handlers.trace(handlers.seed(model.program, jax.random.PRNGKey(key))).get_trace(
            **model.data
        )
        for key in (1, 2)
    ]
    assert [float(run["s"]["value"]) for run in runs] == [2.0, 2.0]
    assert float(runs[0]["m"]["value"]) != float(runs[1]["m"]["value"])
    assert fixed.fn.fn is program, "the user's own handlers are as they were"
    assert make_model(handlers.seed(program, 0), {"y": 1.0}, "mine").program is program
