"""Progress in a notebook: a bar, a line for each result, and plain lines where tqdm is missing."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from samplerbench import notebook_progress
from samplerbench.cli.progress import LineProgress
from samplerbench.harness.records import Result
from tests.support import stored

TRIAL = stored.trial("numpyro_nuts")
FAILURE = Result("failed", "no such disk")


@pytest.fixture
def notebook(monkeypatch):
    """A process that looks like a notebook's kernel."""
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_only_a_notebook_is_one(monkeypatch, notebook):
    assert notebook_progress.is_notebook()
    for shell in (None, SimpleNamespace()):  # Python alone; IPython on a terminal
        module = SimpleNamespace(get_ipython=lambda shell=shell: shell)
        monkeypatch.setitem(sys.modules, "IPython", module)
        assert not notebook_progress.is_notebook()
        assert type(notebook_progress.choose_watcher()) is notebook_progress.Watcher


def test_it_speaks_before_the_first_trial_and_tells_each_result(notebook, capsys):
    pytest.importorskip("tqdm")
    watcher = notebook_progress.choose_watcher()
    assert "inspecting the model" in capsys.readouterr().out
    watcher.on_start(SimpleNamespace(), [TRIAL, stored.trial("numpyro_nuts", chains=2)])
    watcher.on_phase(TRIAL, "cold")
    assert "numpyro_nuts, linear on pinned, 1 chain: cold" in capsys.readouterr().out
    watcher.on_result(TRIAL, FAILURE, 3.2)
    assert (
        "numpyro_nuts, linear on pinned, 1 chain: failed: no such disk; took 3 s\n"
        in capsys.readouterr().out
    )
    watcher.on_result(TRIAL, FAILURE, 3.2)
    told = capsys.readouterr().out
    assert "finished" in told and "2/2" in told
    watcher.on_round([stored.trial("numpyro_nuts", block=2)])
    watcher.on_block(TRIAL, FAILURE, 1.0)
    told = capsys.readouterr().out
    assert "block 2" in told and "1/1" in told
    watcher.on_interrupt()


def test_without_tqdm_there_are_plain_lines(notebook, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert isinstance(notebook_progress.choose_watcher(), LineProgress)
