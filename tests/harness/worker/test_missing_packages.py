"""What a row and an inspection say of a package that the environment lacks."""

from __future__ import annotations

from samplerbench.harness.worker.missing_packages import (
    advise_install,
    advise_release,
    explain_absence,
    list_absent,
)
from tests.support.trials import small

ABSENT = ModuleNotFoundError("No module named 'no_such'", name="no_such.part")


def test_a_package_that_is_absent_is_named_with_the_environment_and_what_to_do():
    text = explain_absence(ABSENT, small(environment="latest"), "backends")
    assert text.startswith("environment 'latest' lacks it; next: leave --env out, which takes")
    assert "'backends', the sampler's own; or install it there" in text


def test_an_environment_that_the_sampler_names_itself_is_not_advised():
    for own in ("", "latest"):
        text = explain_absence(ABSENT, small(environment="latest"), own)
        assert "lacks it; next: --with no_such" in text and "leave --env out" not in text


def test_all_that_a_file_imports_and_is_absent_is_named_at_once(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import numpy, near, also_absent.part\ntry:\n    import spared\nexcept ImportError: ...\n"
        "if numpy:\n    from no_such import part\ndef program():\n    import later\n"
        "if __name__ == '__main__':\n    import ending\n"
    )
    (tmp_path / "near.py").write_text("import absent_below")
    packages = list_absent(ABSENT, file)
    assert packages == ["no_such", "also_absent", "absent_below"]
    assert advise_install(packages, "pinned").startswith(f"--with {' '.join(packages)} installs t")
    assert list_absent(ABSENT, None) == ["no_such"] and list_absent(ValueError(), file) == []


def test_a_module_that_a_package_has_no_longer_is_no_absence():
    gone = ModuleNotFoundError("No module named 'numpy.no_more'", name="numpy.no_more")
    for error in (gone, ModuleNotFoundError("a word of one's own"), ValueError("else")):
        assert explain_absence(error, small(), "backends") == ""


def test_into_an_interpreter_a_user_installs_it_himself(tmp_path):
    python = tmp_path / "python"
    python.touch()
    for environment in ("current", str(python)):
        assert advise_install(["x"], environment).startswith("uv pip install x there")
    assert advise_install(["x"], "pinned").startswith("--with x installs it")


def test_what_with_named_already_and_the_names_of_pypi_stand_in_what_to_type():
    advice = advise_install(["arviz", "sklearn"], "pinned+corner")
    assert advice.startswith("--with corner arviz scikit-learn installs them")


def test_what_numpyro_or_jax_lacks_is_left_to_who_asks_the_environments():
    for name in ("numpyro", "numpyro.distributions", "jax.ops"):
        assert advise_release(ImportError("cannot import name 'Levy'", name=name)) == ""
    assert "numpy is " in advise_release(ImportError("cannot import name 'levy'", name="numpy"))
