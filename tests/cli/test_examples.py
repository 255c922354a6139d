"""The examples run, and the table of options beside them is that of the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from samplerbench.cli import main
from samplerbench.harness.campaign import plan
from samplerbench.harness.campaign.expand import expand
from samplerbench.harness.campaign.plan_options import read_campaign_file
from samplerbench.models.loading.model_names import load_model
from tests.support.paths import EXAMPLES

README = (EXAMPLES / "README.md").read_text()
FILES = sorted(EXAMPLES.glob("*.toml"))


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_a_campaign_file_can_be_planned(file, monkeypatch):
    monkeypatch.chdir(EXAMPLES)  # as the README says to
    options = read_campaign_file(file)
    if options.get("posteriordb") and not Path(options["posteriordb"]).is_dir():
        pytest.skip(f"needs a checkout of posteriordb in {options['posteriordb']}")
    trials = expand(plan.Plan(**options))
    assert len(trials) >= len(options.get("env", ()))
    assert f"[{file.name}]({file.name})" in README


def test_every_use_has_its_file():
    uses = {"comparison", "versions", "calibration", "gate", "own_model", "sizes"}
    assert uses <= {file.stem for file in FILES}


def test_the_table_of_options_is_that_of_the_plan():
    table = README.partition("<!-- options -->\n")[2].partition("<!-- end of options -->")[0]
    assert table == options_table(), f"replace it with:\n{options_table()}"


def test_the_schema_beside_the_examples_is_that_of_the_plan(capsys):
    assert main.main(["list", "options", "--json"]) == 0
    schema = json.loads(capsys.readouterr().out)  # releases of Pydantic write 0 or 0.0
    made = "samplerbench list options --json > examples/campaign.schema.json"
    stored = json.loads((EXAMPLES / "campaign.schema.json").read_text())
    assert stored == schema, f"make it anew: {made}"


def test_the_options_are_listed_with_their_types_and_defaults(capsys):
    assert main.main(["list", "options"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["key", *plan.OPTIONS]
    assert lines[4].split()[1:3] == ["whole", "number"] and lines[5].endswith("(default: 500)")


def options_table() -> str:
    """The table of a campaign file's keys, from the same fields as the command line."""
    lines = ["| key | type | default | meaning |", "| :-- | :-- | :-- | :-- |"]
    for option in plan.OPTIONS.values():
        kind = option.kind + ", or a table" * option.table
        default = option.shown_default or "none"
        lines.append(f"| `{option.name}` | {kind} | {default} | {option.help} |")
    return "\n".join(lines) + "\n"


def test_the_command_line_takes_every_option_with_the_help_of_the_plan(capsys):
    with pytest.raises(SystemExit):
        main.main(["run", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for option in plan.OPTIONS.values():
        assert f"--{option.name.replace('_', '-')} " in text and option.help in text
        assert not option.shown_default or f"(default: {option.shown_default})" in text


@pytest.mark.slow
def test_the_model_of_ones_own_fits_its_data():
    pytest.importorskip("numpyro")
    model = load_model(f"{EXAMPLES / 'own_model.py'}:growth", {})
    assert {name: array.shape for name, array in model.data.items()} == {
        "day": (10,),
        "size": (10,),
    }


@pytest.mark.process
def test_the_notebook_keeps_no_outputs_and_runs(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="needs the extra `dev`")
    from nbclient import NotebookClient

    notebook = nbformat.read(EXAMPLES / "main_job.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    folder = shutil.copytree(EXAMPLES, tmp_path / "examples")
    resources = {"metadata": {"path": str(folder)}}
    done = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources=resources
    ).execute()
    outputs = [out for cell in done.cells for out in cell.get("outputs", ())]
    assert not [out for out in outputs if out["output_type"] == "error"]
    text = "\n".join(out.get("text", "") for out in outputs)
    assert "exact_iid: undecided" in text
    assert "control_shifted: biased" in text


MODEL_CELL = """
import numpy as np, numpyro, numpyro.distributions as dist
slope_sd = 3.0
def growth(x, y):
    slope = numpyro.sample("slope", dist.Normal(0.0, slope_sd))
    numpyro.sample("y", dist.Normal(slope * x, 1.0).to_event(1), obs=y)
"""
RUN_CELL = """
import samplerbench
x = np.arange(5.0)
campaign = samplerbench.run(
    model=growth, data={"x": x, "y": 2 * x}, samplers=["numpyro_nuts"],
    replicates=16, warmup=200, draws=300, out="growth",
)
"""
TABLE_CELL = "print(campaign.table('all')[['model', 'sampler', 'status', 'verdict']].to_string())"


@pytest.mark.process
def test_a_model_in_one_cell_is_run_in_the_next_and_its_table_stands_below(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="needs requirements/dev.txt")
    from nbclient import NotebookClient

    texts = (MODEL_CELL, RUN_CELL, TABLE_CELL, "campaign", "campaign.plot('ess')")
    cells = [nbformat.v4.new_code_cell(text) for text in texts]
    notebook = nbformat.v4.new_notebook(cells=cells)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    _, run, table, shown, figure = (cell.outputs for cell in notebook.cells)
    progress = "".join(output.get("text", "") for output in run)
    assert "numpyro_nuts, growth on " in progress and "ESS" in progress
    words = "".join(output.get("text", "") for output in table)
    assert "growth" in words and "numpyro_nuts" in words and "ok" in words
    html = shown[-1]["data"]["text/html"]
    assert '<div class="samplerbench">' in html and "numpyro_nuts" in html
    assert "image/png" in figure[-1]["data"]
    (program,) = (tmp_path / "growth" / "programs").iterdir()
    assert program.name.startswith("growth-")
