"""A library that sets up logging when it is imported leaves no file behind."""

from __future__ import annotations

import logging.config
import sys

import pytest

from samplerbench.samplers.loading.library_imports import import_libraries

#: as jaxns 3 does
LOGGING = """
import logging.config
handler = {"class": "logging.FileHandler", "filename": "application.log"}
logging.config.dictConfig({"version": 1, "handlers": {"file": handler}})
"""


@pytest.mark.parametrize("end", ["", "raise OSError('half way')"])
def test_no_library_sets_up_the_logging_of_the_process(end, tmp_path, monkeypatch):
    configure = logging.config.dictConfig
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    name = f"logs_at_import{len(end)}"
    (tmp_path / f"{name}.py").write_text(LOGGING + end)
    if end:
        with pytest.raises(OSError, match="half way"):
            import_libraries(["json", name])
    else:
        import_libraries(["json", name])
        assert name in sys.modules
    assert not (tmp_path / "application.log").exists()
    assert logging.config.dictConfig is configure
