"""The campaign of ``tests.support.stored``, for all tests of reports."""

from __future__ import annotations

import pytest

from tests.support import stored


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    with stored.campaign(tmp_path_factory.mktemp("reports") / "c") as made:
        yield made


@pytest.fixture(scope="module")
def rows(campaign):
    return campaign.rows()
