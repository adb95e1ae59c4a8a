"""One estate for the quick cells of a worker: each cell ends in the state in which it began."""

from __future__ import annotations

import pytest

from tests.chaos.estate import open_estate


@pytest.fixture(scope="module")
def estate_with_baseline(tmp_path_factory):
    with open_estate(tmp_path_factory.mktemp("chaos")) as estate:
        yield estate, estate.find_baseline()
