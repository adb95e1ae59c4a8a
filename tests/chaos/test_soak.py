"""The judgement of a soak: growth in its second half."""

from __future__ import annotations

import pytest

from tests.chaos.soak import COUNTS, MAX_MEMORY_GROWTH, SoakLog

SAMPLES = 40


def soak_log(**last: float) -> SoakLog:
    """Return a log whose values begin at 10 and grow evenly to `last`."""
    values = dict.fromkeys(("resident", *COUNTS), 10.0)
    samples = []
    for place in range(SAMPLES):
        part = place / (SAMPLES - 1)
        grown = {name: 10.0 + (end - 10.0) * part for name, end in last.items()}
        samples.append({"at": 2.0 * place, **values, **grown})
    return SoakLog(samples)


def test_a_steady_client_passes():
    assert soak_log().find_growth() == []


@pytest.mark.parametrize("name", COUNTS)
def test_a_growing_count_fails(name):
    (found,) = soak_log(**{name: 20.0}).find_growth()
    assert found.startswith(f"{name} grows by 5 in 38 s")


def test_growing_memory_fails():
    assert soak_log(resident=1.5 * MAX_MEMORY_GROWTH).find_growth() == []
    (found,) = soak_log(resident=3.0 * MAX_MEMORY_GROWTH).find_growth()
    assert found.startswith("resident grows by")


def test_growth_in_the_first_half_is_a_warm_up():
    log = soak_log()
    for sample in log.samples[: SAMPLES // 2]:
        sample["resident"] = 0.0
    assert log.find_growth() == []


def test_a_client_that_ended_at_once_fails():
    assert SoakLog().find_growth() == ["too few samples"]
