"""A function as a model: shipped by value, named by its content, unpickled by workers alone."""

from __future__ import annotations

import functools
import logging
import pickle
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pandas
import pytest

import samplerbench
from samplerbench.errors import UsageError
from samplerbench.harness.campaign import programs
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.fingerprint import digest_values
from samplerbench.harness.campaign.plan import Plan
from samplerbench.models.loading.model_names import load_model
from samplerbench.models.loading.program import check_arguments
from samplerbench.reports import report

DATA = {"y": np.array([1.0, 2.0, 3.0])}


def make_program(scale, used=None):
    """A program that closes over a scale, and over what it is given beside it."""

    def growth(y):
        return y, scale, used

    return growth


class Program:
    """A program that is an object."""

    def __init__(self, scale):
        self.scale = scale

    def __call__(self, y):
        return y, self.scale


def decorate(program):
    @functools.wraps(program)
    def inner(y):
        return program(y)

    return inner


KINDS = {
    "closure": make_program,
    "partial": lambda scale: functools.partial(lambda y, scale: (y, scale), scale=scale),
    "object": Program,
    "method": lambda scale: Program(scale).__call__,
    "lambda": lambda scale: lambda y: (y, scale),
    "decorated": lambda scale: decorate(make_program(scale)),
    "default": lambda scale: eval(f"lambda y, scale={scale}: (y, scale)"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_equal_programs_have_one_digest_and_changed_ones_another(kind):
    make = KINDS[kind]
    assert digest_values(make(2.0)) == digest_values(make(2.0)) != digest_values(make(3.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "taken"),
    [
        (lambda y: None, ["y"]),
        (lambda y, scale=1.0: None, ["y"]),
        (lambda **rest: None, ["y", "note"]),
        (lambda data: None, ["data"]),
    ],
)
def test_of_a_frame_a_function_gets_what_it_takes_as_a_files_program_does(program, taken):
    frame = pandas.DataFrame({"y": [1.0, 2.0], "note": ["a", "b"]})
    _, (shipped,), left = programs.ship_models(program, frame)
    assert [*pickle.loads(shipped.content)["data"]] == taken and left is None


def test_a_frame_that_lacks_what_a_function_takes_is_refused_with_all_its_columns():
    frame = pandas.DataFrame({"y": [1.0, 2.0], "note": ["a", "b"]})
    with pytest.raises(UsageError, match="missing: x; not taken: note\n  the data hold: y, note"):
        programs.ship_models(lambda x, y: None, frame)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_program_loads_as_it_was(kind, tmp_path):
    shipped = programs.ship(KINDS[kind](2.5), DATA)
    programs.save_programs(tmp_path, [shipped])
    model = load_model(str(tmp_path / programs.FOLDER / shipped.model), {})
    assert model.program(**model.data)[1] == 2.5
    np.testing.assert_array_equal(model.data["y"], DATA["y"])


def test_a_program_under_a_handler_of_numpyro_is_called_as_it_is_itself():
    handlers = pytest.importorskip("numpyro.handlers")
    handled = handlers.reparam(config={})(functools.partial(make_program(1.0)))
    assert programs.ship(handled, DATA).model.endswith(".pkl:growth")


def test_other_data_are_another_trial():
    one, other = ({"y": np.ones(size)} for size in (2, 3))
    program = make_program(1.0)
    assert programs.ship(program, one).model != programs.ship(program, other).model


CODE = """
from samplerbench.harness.campaign.fingerprint import digest_values
import numpy as np
scale = {"b": {1, "a", (2.0, None)}, "a": np.arange(3)}
def inner(y): return y in {"p", "q", "r"}
def outer(y): return inner(y), scale, [x for x in y]
print(digest_values(outer, {"y": np.ones(2)}))
"""


def test_a_program_with_a_logger_has_one_digest_whatever_other_loggers_there_are():
    one = digest_values(make_program(2.0, logging.getLogger("mine")))
    logging.getLogger("mine.part"), logging.getLogger("another")
    assert digest_values(make_program(2.0, logging.getLogger("mine"))) == one
    assert digest_values(make_program(2.0, logging.getLogger("another"))) != one


def test_what_holds_itself_as_a_key_has_a_digest():
    thing = Program(2.0)
    thing.known, thing.all = {thing: 1}, {thing}
    assert len(digest_values(thing)) == 16


@pytest.mark.process
def test_a_digest_is_the_same_in_every_session_and_wherever_the_function_stands():
    answers = {
        subprocess.run(
            [sys.executable, "-c", "\n" * lines + CODE],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for lines, seed in ((0, "1"), (5, "2"))
    }
    assert len(answers) == 1


class Dependent(property):
    """A property of a library's own kind, as ``dependent_property`` of NumPyro's constraints."""

    def __init__(self, function=None, *, event_dim=0):
        super().__init__(function)
        self.event_dim = event_dim


def test_a_class_with_properties_of_a_kind_of_its_own_is_shipped():
    class Distribution:
        support = Dependent(lambda self: "positive", event_dim=1)

    shipped = programs.ship(make_program(2.0, Distribution), DATA)
    used = pickle.loads(shipped.content)["program"](1.0)[2]
    assert used().support == "positive" and vars(used)["support"].event_dim == 1


def test_a_class_with_a_cached_property_is_shipped():
    class Design:
        @functools.cached_property  # which holds a lock up to Python 3.11
        def rows(self):
            return [1.0, 2.0]

    shipped = programs.ship(make_program(2.0, Design), DATA)
    design = pickle.loads(shipped.content)["program"](1.0)[2]()
    assert design.rows == [1.0, 2.0] and design.rows is design.rows


class Registry:
    """Of JAX what registers nodes of pytrees; a leaf is what is not among them."""

    config = SimpleNamespace(jax_enable_x64=False)

    def __init__(self):
        self.nodes, self.tree_util = [], self

    def all_leaves(self, values):
        if type(values[0]) in self.nodes:
            raise AttributeError("an empty node has no attributes to flatten")
        return True

    def register_pytree_node_class(self, kind):
        if kind in self.nodes:
            raise ValueError(f"duplicate {kind}")
        self.nodes.append(kind)


@pytest.mark.parametrize("is_registered", [True, False])
def test_a_class_that_jax_knows_as_a_pytree_is_registered_where_it_is_read(
    is_registered, monkeypatch
):
    class Pair:
        def tree_flatten(self):
            return (self.first, self.second), None

        @classmethod
        def tree_unflatten(cls, _, children):
            return cls(*children)

    here, there = Registry(), Registry()
    monkeypatch.setitem(sys.modules, "jax", here)
    if is_registered:
        here.register_pytree_node_class(Pair)
    shipped = programs.ship(make_program(2.0, Pair), DATA)
    monkeypatch.setitem(sys.modules, "jax", there)
    for _ in range(2):
        read = pickle.loads(shipped.content)["program"](1.0)[2]
    assert there.nodes == [read] * is_registered


def test_a_changed_property_of_a_class_is_another_digest():
    def make(kind, text):
        return type("Thing", (), {"support": kind(lambda self: text)})

    for kind in (property, functools.cached_property, Dependent):
        one, same, other = (digest_values(make(kind, text)) for text in ("a", "a", "b"))
        assert one == same != other


def test_looking_at_data_is_no_change_of_them():
    frame, other = (pandas.DataFrame({"x": [1.0, 2.0], "group": ["a b", "c"]}) for _ in range(2))
    before = digest_values(frame)
    assert frame.x.sum() == 3.0 and frame["group"].nunique() == 2  # which the frame keeps
    assert digest_values(frame) == before == digest_values(other)


def test_a_kept_result_of_a_property_is_no_change_of_its_object():
    class Lazy:
        """As NumPyro's ``lazy_property``."""

        def __get__(self, owner, kind=None):
            return self if owner is None else vars(owner).setdefault("spread", 2.0)

    class Design:
        spread = Lazy()

        @functools.cached_property
        def rows(self):
            return [1.0, 2.0]

    design = Design()
    before = digest_values(design)
    assert design.rows and design.spread and len(vars(design)) == 2
    assert digest_values(design) == before
    design.scale = 2.0
    assert digest_values(design) != before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pandas.Series([1, 2]), pandas.Series([1, 2], index=[2, 3])),
        (pandas.Series([1, 2]), pandas.Series([1.0, 2.0])),
        (pandas.Series([1, None], dtype="Int64"), pandas.Series([1, 2], dtype="Int64")),
        (pandas.Categorical(["a"], ["a", "b"]), pandas.Categorical(["a"], ["b", "a"])),
        (pandas.Categorical(["a"]), pandas.Categorical(["a"], ordered=True)),
        (pandas.CategoricalDtype(["a", "b"]), pandas.CategoricalDtype(["b", "a"])),
        (pandas.CategoricalIndex(["a"], name="x"), pandas.CategoricalIndex(["a"], name="y")),
        (pandas.DataFrame({"a": [1], "b": [2]}), pandas.DataFrame({"b": [2], "a": [1]})),
        (pandas.DataFrame({"a": [1]}), pandas.DataFrame({"a": [1]}, index=[4])),
        (pandas.Index([1], name="a"), pandas.Index([1], name="b")),
        (pandas.MultiIndex.from_tuples([(1, "a")]), pandas.MultiIndex.from_tuples([(1, "b")])),
        (pandas.Timestamp("2026-01-01"), pandas.Timestamp("2026-01-02")),
        (pandas.Interval(0, 1), pandas.Interval(0, 2)),
    ],
)
def test_other_values_of_pandas_are_another_digest(one, other):
    again = pickle.loads(pickle.dumps(one))
    assert digest_values(one) == digest_values(again) != digest_values(other)


@pytest.mark.parametrize(
    ("program", "data", "words"),
    [
        (make_program(1.0, threading.Lock()), DATA, "'used' can't be pickled"),
        (make_program(1.0), {"y": threading.Lock()}, "'y' in data can't be pickled"),
    ],
)
def test_what_can_not_be_shipped_is_refused_by_its_name(program, data, words):
    with pytest.raises(
        UsageError, match=f"(?s)'growth' can't be sent .*{words}.*expected.*file.py"
    ):
        programs.ship(program, data)


@pytest.mark.parametrize("data", [{}, {"y": 1.0, "x": 2.0}])
def test_data_that_do_not_fit_the_signature_are_refused_before_any_work(data):
    with pytest.raises(UsageError, match=r"do not fit growth\(y\): (missing: y|not taken: x)"):
        samplerbench.run(model=make_program(1.0), data=data, sampler="numpyro_nuts")


def test_a_function_runs_in_the_running_python_and_is_refused_in_another(monkeypatch):
    shipped = programs.ship(make_program(1.0), DATA)
    monkeypatch.setattr(programs, "default_environment", lambda: "current")
    plan = Plan(model=[shipped.model], sampler=["numpyro_nuts"])
    (trial,) = expand(plan)
    assert (trial.environment, trial.model_label) == ("current", "growth")
    assert trial.model_digest in shipped.model
    monkeypatch.setattr(programs.environments, "python_version", lambda name: "3.99")
    with pytest.raises(UsageError, match=r"(?s)has Python 3.99\n  expected: .*save it to a file"):
        expand(plan)


@pytest.mark.process
def test_a_closure_runs_is_resumed_and_is_read_without_unpickling(tmp_path, monkeypatch):
    import cloudpickle

    def line(y, n):
        import numpyro
        import numpyro.distributions as dist

        m = numpyro.sample("m", dist.Normal(0.0, width))
        numpyro.sample("y", dist.Normal(m, 1.0).expand([n]).to_event(1), obs=y)

    width = 3.0
    options = {
        "model": line,
        "data": {**DATA, "n": 3},
        "samplers": ["numpyro_nuts"],
        "replicates": 16,
        "warmup": 200,
        "draws": 300,
        "out": tmp_path / "c",
    }
    with samplerbench.run(**options) as campaign:
        (row,) = campaign.rows()
    assert (row["status"], row["model"]) == ("ok", "line"), row["reason"]
    with samplerbench.run(**options) as again:
        assert [each["trial"] for each in again.rows()] == [row["trial"]]
    with pytest.raises(UsageError, match="'line' has changed since .* its code, its data or what"):
        samplerbench.run(**{**options, "data": {**DATA, "n": 2}})

    def refuse(*_, **__):
        raise AssertionError("a program was unpickled")

    for module in (pickle, cloudpickle):
        monkeypatch.setattr(module, "loads", refuse)
        monkeypatch.setattr(module, "load", refuse)
    with samplerbench.load(tmp_path / "c") as campaign:
        assert campaign.rows()[0]["answer"] == "quadrature"
        assert "line" in report.render(campaign, report.ReportOptions("html"))


def test_data_of_a_function_that_lack_a_name_are_told_the_nearest_and_no_file():
    def program(dose, size):
        numpyro.sample("size", size)  # noqa: F821 (read, never called)

    with pytest.raises(UsageError) as caught:
        programs.ship(program, {"Dose": [1.0], "sise": [2.0]})
    text = str(caught.value)
    assert "did you mean 'dose' by 'Dose'?" in text and "did you mean 'size' by 'sise'?" in text
    assert "in data={'name': value}" in text and "file" not in text.lower()


def test_a_log_density_is_told_how_it_becomes_a_program_and_a_program_is_not():
    def log_prob(theta):
        return -0.5 * theta**2

    with pytest.raises(UsageError, match=r"missing: theta.*(?s:.)*factor\('log_density', log_prob"):
        check_arguments(log_prob, "log_prob", {})

    def program(y):
        numpyro.sample("y", y)  # noqa: F821 (read, never called)

    for data in ({}, {"x": 1}):
        with pytest.raises(UsageError) as caught:
            check_arguments(program, "program", data)
        assert "factor" not in str(caught.value)


@pytest.mark.process
def test_a_function_of_a_64_bit_session_runs_in_64_bits_where_the_library_must_be_told_first(
    tmp_path,
):
    jax, dist = pytest.importorskip("jax"), pytest.importorskip("numpyro.distributions")
    sample = pytest.importorskip("numpyro").sample

    def program(y):
        m = sample("m", dist.Normal(0.0, 3.0))
        sample("y", dist.Normal(m, 1.0), obs=y)

    jax.config.update("jax_enable_x64", True)
    try:
        options = {"replicates": 2, "draws": 50, "blocks": 1, "out": tmp_path / "out"}
        data = {"y": np.array([1.0, 2.0])}
        with samplerbench.run(
            model=program, data=data, sampler="jaxns_nested", **options
        ) as campaign:
            [row] = campaign.rows()
    finally:
        jax.config.update("jax_enable_x64", False)
    assert (row["status"], row["precision"]) == ("ok", 64), row["reason"]


def test_data_that_are_no_table_are_refused_as_such_for_a_function_too():
    with pytest.raises(UsageError, match="data is of type list\n  expected: a pandas DataFrame"):
        programs.ship_models(lambda x: x, [1, 2])
