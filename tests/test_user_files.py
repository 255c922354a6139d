"""Files of a user's are read within limits, and what can't be read says why."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from samplerbench import files, user_files
from samplerbench.cli.common import refuse_same_folder
from samplerbench.errors import UsageError
from samplerbench.harness.campaign import toml_file
from samplerbench.harness.campaign.plan_options import read_campaign_file
from samplerbench.harness.campaign.tables.read_table import read_table
from samplerbench.harness.compatibility import matrix_file
from samplerbench.harness.environments import environments, pins
from samplerbench.harness.ground_truth import reference_formats
from samplerbench.models.loading import data_files, model_names
from samplerbench.models.loading.program_signature import read_signature
from samplerbench.models.posteriordb import folder
from samplerbench.reports import pytest_benchmark
from samplerbench.reports.report import write_text
from samplerbench.samplers.loading import sampler_file

#: what reads a file that a user names -> an ending that it takes
READERS = {
    ".toml": read_campaign_file,
    "matrix.toml": matrix_file.read,
    "pins.txt": pins.read_pin_file,
    "data.npz": data_files.read_arrays,
    "bench.json": pytest_benchmark.read,
    **{f"r{ending}": reference_formats.read_sites for ending in reference_formats.READERS},
    **{
        f"t{ending}": lambda path: read_table(path, {})
        for ending in (".csv", ".txt", ".json", ".jsonl")
    },
    "program.py": lambda path: model_names.check_model(f"{path}:program", {}),
    "sampler.py": lambda path: sampler_file.read_item(f"{path}:Kernel"),
    "notebook.ipynb": lambda path: model_names.check_model(f"{path}:program", {}),
    "posterior.json": lambda path: folder.read_json(path),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_what_is_no_file_is_refused_at_once(tmp_path, name, kind):
    path = tmp_path / name
    {"pipe": os.mkfifo, "folder": os.mkdir, "device": lambda p: os.symlink("/dev/zero", p)}[kind](
        path
    )
    with pytest.raises(UsageError, match="no file"):
        READERS[name](path)


@pytest.mark.parametrize("name", ["r.npz", "data.npz", "r.json.zip", "posterior.json.zip"])
def test_an_archive_that_claims_more_than_is_read_is_refused_unread(tmp_path, name):
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("draws.json", "[]")
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (2**32 - 2).to_bytes(4, "little")  # the size it claims
    path.write_bytes(content)
    reader = READERS.get(name, folder.read_json)
    with pytest.raises(UsageError, match="claims to hold 4,294,967,294 bytes"):
        reader(path)


def test_an_array_that_claims_terabytes_is_refused(tmp_path):
    header = np.lib.format.magic(1, 0)
    text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }"
    text += b" " * (117 - len(text)) + b"\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("m.npy", header + len(text).to_bytes(2, "little") + text)
    with pytest.raises(UsageError, match="can't be (read|used)"):
        data_files.read_arrays(tmp_path / "a.npz")
    with pytest.raises(UsageError, match="can't be (read|used)"):
        reference_formats.read_sites(tmp_path / "a.npz")


def test_an_encrypted_archive_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, m=np.zeros(3))
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(content)
    with pytest.raises(UsageError, match="encrypted"):
        reference_formats.read_sites(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.json", "[" * 100_000),
        ("t.jsonl", "[" * 100_000),
        ("r.json", "[" * 100_000),
        ("bench.json", "[" * 100_000),
        ("posterior.json", "[" * 100_000),
        ("notebook.ipynb", "[" * 100_000),
        (".toml", "a = " + "[" * 100_000),
        ("matrix.toml", "a = " + "[" * 100_000),
        ("program.py", "program = " + "-" * 100_000 + "1"),
        ("sampler.py", "program = " + "(" * 100_000),
    ],
)
def test_what_is_nested_deep_is_refused_in_a_sentence(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as refusal:
        READERS[name](tmp_path / name)
    assert len(str(refusal.value)) < 1000


def test_a_key_of_very_many_dots_is_refused_at_once(tmp_path):
    (tmp_path / "c.toml").write_text("a" + ".a" * 100_000 + " = 1\n")
    with pytest.raises(UsageError, match="more than 100 dots"):
        read_campaign_file(tmp_path / "c.toml")


def test_a_word_of_very_many_dots_is_refused_too(tmp_path):
    (tmp_path / "c.toml").write_text(f'model = "{"." * 200}"\n')
    with pytest.raises(ValueError, match="more than 100 dots"):
        toml_file.read_toml(tmp_path / "c.toml")


def test_many_decimal_numbers_on_a_line_are_no_dots_of_a_key(tmp_path):
    numbers = ", ".join(f"0.{i}" for i in range(300))
    (tmp_path / "c.toml").write_text(f"[sweep]\nnoise = [{numbers}]\n")
    assert "0.299" in read_campaign_file(tmp_path / "c.toml")["sweep"][0]


@pytest.mark.parametrize("index", ["999999999", "99999999999999999", "1e20", "1" * 5000])
def test_an_index_of_a_component_is_not_believed(tmp_path, index):
    (tmp_path / "draws.csv").write_text(f"m[1],m[{index}]\n" + "1,2\n" * 5)
    try:
        sites = reference_formats.read_sites(tmp_path / "draws.csv")
    except UsageError as refusal:
        assert "m[2] is not there" in str(refusal)
    else:
        assert set(sites) == {"m", f"m[{index}]"}  # no index, but a name


def test_components_of_a_matrix_come_in_their_places(tmp_path):
    (tmp_path / "draws.csv").write_text('"L[2,1]","L[1,1]","L[1,2]","L[2,2]"\n3,1,2,4\n3,1,2,4\n')
    sites = reference_formats.read_sites(tmp_path / "draws.csv")
    assert sites["L"].tolist() == [[[1, 2], [3, 4]]] * 2


# -- a user without a home -------------------------------------------------------------------------


@pytest.fixture
def homeless(monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME", "PYENV_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: os.fspath(path))  # as the library does


def test_a_user_without_a_home_runs_in_the_current_environment(homeless):
    assert environments.resolve("current").python
    assert environments.is_ready("current")


def test_a_cache_without_a_home_is_refused_with_what_to_set(homeless):
    with pytest.raises(UsageError, match="XDG_CACHE_HOME or HOME"):
        files.find_cache()


def test_a_path_in_a_home_that_is_not_there_is_a_file_that_is_not_there():
    with pytest.raises(UsageError, match="there is no file"):
        model_names.check_model("~no_such_user_here/model.py:program", {})


def test_a_loop_of_links_is_refused(tmp_path):
    os.symlink(tmp_path / "b.npz", tmp_path / "a.npz")
    os.symlink(tmp_path / "a.npz", tmp_path / "b.npz")
    path = user_files.full_path(tmp_path / "a.npz")
    with pytest.raises(UsageError, match="[Ll]evels of symbolic links|is no file"):
        data_files.read_arrays(path)


def test_a_name_that_json_has_twice_is_refused():
    assert user_files.parse_json('[{"x": 1}, {"x": 2, "y": {"x": 3}}]')
    with pytest.raises(ValueError, match="the name 'x' is there twice"):
        user_files.parse_json('{"x": [1], "y": 2, "x": [3]}')


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16"])
def test_a_campaign_file_is_read_with_the_mark_of_its_encoding(tmp_path, code):
    path = tmp_path / "c.toml"
    path.write_bytes("draws = 10\r\n".encode(code))
    assert toml_file.read_toml(path) == {"draws": 10}
    path.write_bytes(b"# \xe9\n")
    with pytest.raises(ValueError, match="no text in UTF-8: byte 0xe9 in line 1"):
        toml_file.read_toml(path)


def test_a_loop_of_links_is_one_folder_of_a_comparison_and_may_be_written_over(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(UsageError, match="is named twice"):
        refuse_same_folder(loop, loop)
    refuse_same_folder(loop, tmp_path)
    with files.write_beside(loop) as part:
        part.write_text("whole")
    assert loop.read_text() == "whole"


def test_a_signature_is_read_of_no_pipe(tmp_path):
    os.mkfifo(tmp_path / "m.py")
    with pytest.raises(OSError, match="pipe"):
        read_signature(f"{tmp_path / 'm.py'}:program")


# -- what is written -------------------------------------------------------------------------------


def test_a_file_that_can_not_be_written_whole_keeps_what_it_held(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("before")

    def pieces():
        yield "after"
        raise OSError(28, "No space left on device")

    with pytest.raises(UsageError, match="can't be written: No space left on device"):
        write_text(path, pieces())
    assert path.read_text() == "before" and [*tmp_path.iterdir()] == [path]
    write_text(path, ["after"])
    assert path.read_text() == "after" and [*tmp_path.iterdir()] == [path]


def test_a_link_stays_one_and_a_pipe_is_written_as_it_is(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_text(tmp_path / "link", ["text"])
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_text() == "text"
    write_text(Path("/dev/null"), ["text"])
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize(
    ("text", "file", "rest"),
    [
        ("a b.py:K:word=x.py:y", "a b.py", "K:word=x.py:y"),
        ("dir.py/mine.ipynb:name", "dir.py/mine.ipynb", "name"),
        ("mine.py", "mine.py", ""),
        ("numpyro_hmc:path=x", "", "numpyro_hmc:path=x"),
    ],
)
def test_a_file_of_python_ends_where_its_ending_does(text, file, rest):
    assert user_files.split_file(text) == (file, rest)
