"""An error in a page is said in a sentence, and ends nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import samplerbench
from samplerbench.cli import run as run_command
from samplerbench.cli.common import EXIT_OK
from samplerbench.harness.campaign.store import Store
from samplerbench.reports import report
from samplerbench.reports.figures import style
from samplerbench.reports.figures.figure_data import load_scene, name_rows
from tests.support import damage, stored

DRAWS_UNDER = """
import os
from samplerbench.reports.figures import style
with style.use_style():
    figure, _ = style.make_grid([1.0])
    figure.savefig(os.devnull, format="svg")
print(os.environ["MPLBACKEND"])
"""


@pytest.fixture
def campaign(tmp_path):
    damage.make_campaign(tmp_path / "c", 1)
    with samplerbench.load(tmp_path / "c") as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("error", [ValueError("what\never"), OSError(28, "No space left")])
def test_an_error_in_a_page_leaves_the_exit_code_and_says_why(campaign, monkeypatch, capsys, error):
    def fail(_):
        raise error

    monkeypatch.setattr(report, "write_page", fail)
    assert run_command.report_campaign(campaign, ()) == EXIT_OK
    said = capsys.readouterr().out
    assert f"not made: {type(error).__name__}: " in said
    assert "`samplerbench report DIR --format html` tries it again" in said


@pytest.mark.process
@pytest.mark.parametrize("backend", ["nonsense", "pdf"])
def test_pictures_are_drawn_whatever_backend_is_asked_for(backend):
    variables = {**os.environ, "MPLBACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", DRAWS_UNDER], env=variables, capture_output=True, text=True
    )
    assert done.stdout.split() == [backend], done.stderr


def test_a_model_that_is_registered_no_more_leaves_out_what_needs_it(tmp_path):
    store = Store.create(tmp_path / "c")
    gone = stored.trial("exact_iid", model="gone_model", draws=20, replicates=16)
    store.add_trials([gone])
    damage.commit(store, gone)
    store.close()
    with samplerbench.load(tmp_path / "c") as campaign:
        (row,) = campaign.rows()
        assert "no model is called 'gone_model'" in row["verdict_reason"]
        assert campaign.exact(gone) is None
        assert campaign.store.scores(0) == {} and not campaign.store.score(gone.id, 1)
        scene = load_scene(campaign, gone, [row], style.number_looks(name_rows([row])))
    assert scene.model is None and scene.exact is None and len(scene.series) == 1
