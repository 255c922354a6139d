"""Samplers and models of other distributions are found, listed with their source, and run.

One distribution is built and installed for real, from tests/plugin_example; those that go wrong
are a module and its metadata in a folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from samplerbench import plugins
from samplerbench.errors import UsageError
from samplerbench.harness import launcher
from samplerbench.harness.records import Job, read_job, to_json
from samplerbench.harness.worker import plugin_imports
from samplerbench.plugins import Plugin, PluginError
from samplerbench.registry import Registry
from samplerbench.samplers.base import Sampler, samplers
from tests.support.paths import PLUGIN_EXAMPLE as EXAMPLE
from tests.support.trials import COMMAND, small

GOOD = """
from dataclasses import dataclass
from samplerbench.samplers.base import Sampler, add

@dataclass(frozen=True)
class Settings:
    step: float = 1.0

def prepare(model, budget, settings):
    raise NotImplementedError

SAMPLER = Sampler("{name}", Settings, prepare, "made for a test")
"""


def distribution(folder: Path, name: str, text: str, point: str, version: str = "1.0") -> None:
    """A module called ``name`` with the entry point ``point``, as an installer would leave it."""
    (folder / f"{name}.py").write_text(text)
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[samplerbench.samplers]\n{point}\n")


@pytest.fixture
def plugin_folder(tmp_path, monkeypatch):
    """A folder on Python's path for plug-ins, and a sampler registry that has not looked yet."""
    monkeypatch.syspath_prepend(tmp_path)
    plugins.find_plugins.cache_clear()
    yield tmp_path
    plugins.find_plugins.cache_clear()
    for name in {path.stem for path in tmp_path.glob("*.py")}:
        sys.modules.pop(name, None)


@pytest.fixture
def registry():
    """A registry with one name of its own."""
    registry: Registry[Sampler] = Registry("sampler", ("samplerbench.samplers",), Sampler)
    registry._loaded = True
    registry.add("own", samplers.get("exact_iid"))
    return registry


def list_reasons(registry) -> dict[str, str]:
    """Distribution -> why it can't be used; "" for one that can."""
    reason_by_name = {}
    for plugin in registry.plugins():
        try:
            registry.load_plugin(plugin)
            reason_by_name[plugin.distribution] = ""
        except PluginError as error:
            reason_by_name[plugin.distribution] = str(error)
    return reason_by_name


def test_a_plug_in_is_found_without_being_imported_and_loaded_by_its_name(plugin_folder, registry):
    distribution(plugin_folder, "walker", GOOD.format(name="walk"), "walk = walker:SAMPLER", "2.1")
    (plugin,) = registry.plugins()
    assert plugin == Plugin(
        "sampler", "walk", "walker:SAMPLER", "walker", "2.1", (str(plugin_folder),)
    )
    assert "walker" not in sys.modules
    assert registry.get("walk").summary == "made for a test"
    assert registry.names() == ["own"]
    assert plugin.source == "walker 2.1"


def test_ctrl_c_while_a_plug_in_is_imported_stops_the_command(plugin_folder, registry):
    text = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)"
    distribution(plugin_folder, "aa_slow", text, "a = aa_slow:S")
    with pytest.raises(KeyboardInterrupt):
        list_reasons(registry)


def test_what_goes_wrong_in_one_is_its_reason_and_breaks_no_other(plugin_folder, registry):
    distribution(plugin_folder, "aa_good", GOOD.format(name="good"), "good = aa_good:SAMPLER")
    distribution(
        plugin_folder, "bb_raises", "raise RuntimeError('out of order')", "b = bb_raises:S"
    )
    distribution(plugin_folder, "cc_lacks", "import no_such_library", "c = cc_lacks:S")
    distribution(plugin_folder, "dd_exits", "raise SystemExit(3)", "d = dd_exits:S")
    distribution(plugin_folder, "ee_other", "S = 5", "e = ee_other:S")
    distribution(plugin_folder, "ee_whole", GOOD.format(name="whole"), "whole = ee_whole")
    distribution(plugin_folder, "ff_nothing", "", "f = ff_nothing:S")
    distribution(plugin_folder, "gg_renamed", GOOD.format(name="x"), "g = gg_renamed:SAMPLER")
    distribution(plugin_folder, "hh_taken", GOOD.format(name="own"), "own = hh_taken:SAMPLER")
    distribution(plugin_folder, "ii_second", GOOD.format(name="good"), "good = ii_second:SAMPLER")
    distribution(plugin_folder, "jj_absent", "", "j = nowhere.to.be_found:S")
    distribution(plugin_folder, "kk_stops", "raise KeyboardInterrupt", "k = kk_stops:S")
    distribution(plugin_folder, "ll_odd", "raise BaseException('\\x1b[31m')", "l = ll_odd:S")
    reason_by_name = list_reasons(registry)
    expected = {
        "aa_good": "",
        "bb_raises": "RuntimeError: out of order",
        "cc_lacks": "ModuleNotFoundError: No module named 'no_such_library'",
        "dd_exits": "SystemExit: 3",
        "ee_other": "'ee_other:S' is a int; expected: a samplerbench.samplers.base.Sampler",
        "ee_whole": "is a module; expected: a samplerbench.samplers.base.Sampler, named after a "
        "colon, as 'ee_whole:SAMPLER'",
        "ff_nothing": "has no attribute 'S'",
        "gg_renamed": "it calls itself 'x'; expected: the entry point's name",
        "hh_taken": "the name 'own' is taken by samplerbench itself",
        "ii_second": "the name 'good' is taken by aa_good, which comes first",
        "jj_absent": "No module named 'nowhere'",
        "kk_stops": "importing 'kk_stops:S' fails: KeyboardInterrupt",
        "ll_odd": "BaseException: \\x1b[31m",
    }
    assert reason_by_name.keys() == expected.keys()
    for name, reason in expected.items():
        assert reason in reason_by_name[name], name
        assert bool(reason) == bool(reason_by_name[name]), name
    assert registry.get("own") is samplers.get("exact_iid")
    with pytest.raises(UsageError, match="of bb_raises 1.0 can't be used: .*out of order"):
        registry.get("b")


def test_one_that_adds_itself_as_the_projects_own_files_do_is_a_plug_in_all_the_same(
    plugin_folder, registry
):
    text = GOOD.format(name="walk").replace("SAMPLER = Sampler(", "SAMPLER = add(Sampler(") + ")"
    distribution(plugin_folder, "adder", text, "walk = adder:SAMPLER")
    try:
        assert samplers.plugin("walk") is None or samplers.get("walk")
        samplers._plugins = None
        assert samplers.get("walk").name == "walk"
        assert "walk" not in samplers.names()
        assert samplers.digest("walk")
    finally:
        samplers._plugins = None
        samplers._plugin_items.pop("walk", None)


def test_an_unknown_name_is_told_from_those_of_plug_ins_too(plugin_folder, registry):
    distribution(plugin_folder, "walker", GOOD.format(name="walk"), "walk = walker:SAMPLER")
    with pytest.raises(UsageError, match="did you mean 'walk'"):
        registry.get("wallk")


def test_the_digest_follows_version_and_code(plugin_folder, registry):
    distribution(plugin_folder, "walker", GOOD.format(name="walk"), "walk = walker:SAMPLER")
    first = registry.digest("walk")
    assert len(first) == 16 and registry.digest("own") == ""
    (plugin_folder / "walker.py").write_text(GOOD.format(name="walk") + "# changed\n")
    second = registry.digest("walk")
    shutil.rmtree(plugin_folder / "walker-1.0.dist-info")
    distribution(plugin_folder, "walker", GOOD.format(name="walk"), "walk = walker:SAMPLER", "1.1")
    plugins.find_plugins.cache_clear()
    registry._plugins = None
    third = registry.digest("walk")
    assert len({first, second, third}) == 3


def test_a_trial_of_the_projects_own_sampler_keeps_its_id_and_another_version_has_another():
    assert small().id == small(sampler_digest="").id
    assert small(sampler_digest="0" * 16).id != small().id


def test_a_job_carries_its_plug_ins(tmp_path):
    plugin = Plugin("sampler", "walk", "walker:SAMPLER", "walker", "1.0", ("/a", "/b"))
    job = Job(small(), str(tmp_path), 1.0, (plugin,))
    assert read_job(to_json(job)) == job
    older = json.loads(to_json(job))
    del older["plugins"]
    assert read_job(json.dumps(older)).plugins == ()


def test_what_a_plug_in_lacks_where_it_runs_is_said_with_the_environment(tmp_path):
    plugin = Plugin("sampler", "walk", "walker:SAMPLER", "walker", "1.0", ())
    job = Job(small(environment="latest"), str(tmp_path), 1.0, (plugin,))
    outer = UsageError("can't be used")
    outer.__cause__ = ModuleNotFoundError("No module named 'emcee'", name="emcee")
    text = plugin_imports.explain_missing_import(job, outer)
    assert "walker 1.0 needs 'emcee', which environment 'latest' lacks" in text
    assert plugin_imports.explain_missing_import(job, ValueError("else")) == ""
    assert plugin_imports.explain_missing_import(Job(small(), "", 1.0), outer) == ""


@pytest.mark.process
def test_a_worker_finds_a_plug_in_by_where_it_lies_and_declines_one_whose_library_is_missing(
    plugin_folder, monkeypatch
):
    distribution(
        plugin_folder, "walker", "import numpy, no_such_library\n", "walk = walker:SAMPLER"
    )
    (plugin,) = plugins.find_plugins("sampler")
    # what the coordinator can load and the worker can't
    monkeypatch.setattr(launcher, "_plugins", lambda trial, names: (plugin,))
    monkeypatch.setattr(launcher, "count_host_devices", lambda trial: 1)
    trial = small(sampler="walk", environment="current")
    result = launcher.launch(trial, sys.executable, plugin_folder / "scratch", 60.0)
    assert result.status == "declined"
    assert "walker 1.0 needs 'no_such_library'" in result.reason


# -- installed for real ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that uv has installed the example to, built from a copy of its source."""
    folder = tmp_path_factory.mktemp("installed")
    source = shutil.copytree(EXAMPLE, folder / "source")
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--no-config", "--offline"]
    command = [*uv, "--no-deps", "--no-build-isolation", "--python", sys.executable]
    subprocess.run(
        [*command, "--target", str(folder / "site"), str(source)], check=True, capture_output=True
    )
    return folder / "site"


def command(installed: Path, *words: str, cwd: Path) -> str:
    """What the command says with the example on Python's path."""
    env = {**os.environ, "PYTHONPATH": str(installed)}
    process = subprocess.run(
        [COMMAND, *words], env=env, capture_output=True, text=True, cwd=cwd, timeout=600
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.process
def test_the_example_is_listed_with_its_distribution(installed, tmp_path):
    listed = re.sub(" +", " ", command(installed, "list", cwd=tmp_path))
    assert "random_walk random-walk Metropolis [samplerbench-example 0.1.0]" in listed
    assert "coin a coin of unknown bias [samplerbench-example 0.1.0]" in listed
    (example,) = metadata.distributions(name="samplerbench-example", path=[str(installed)])
    assert example.version == "0.1.0"


@pytest.mark.process
def test_the_example_runs_and_its_version_is_recorded(installed, tmp_path):
    words = ["--model", "coin:heads=12", "--sampler", "random_walk:step=1.0", "exact_iid"]
    sizes = ["--replicates", "16", "--draws", "100", "--warmup", "20", "--quiet"]
    command(installed, "run", *words, *sizes, "--env", "current", "--out", "c", cwd=tmp_path)
    report = command(installed, "report", "c", "--format", "json", cwd=tmp_path)
    rows = json.loads(report)["rows"]
    assert [row["status"] for row in rows] == ["ok", "ok"]
    assert (rows[0]["sampler"], rows[0]["settings"]) == ("random_walk", {"step": 1.0})
    assert rows[1]["verdict"] == "undecided" and "would show it" in rows[1]["verdict_reason"]
    import samplerbench

    with samplerbench.load(tmp_path / "c") as campaign:
        trials = campaign.store.trials()
        result = campaign.store.result(trials[0].id)
    assert result.versions["samplerbench-example"] == "0.1.0"
    assert trials[0].sampler_digest and trials[0].model_digest
    assert not trials[1].sampler_digest


@pytest.mark.process
def test_the_examples_model_conforms(installed, tmp_path):
    words = ("list", "--conformance", "coin", "--env", "current")
    assert "conforms: 13 checks" in command(installed, *words, cwd=tmp_path)
