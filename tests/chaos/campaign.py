"""All faults singly and in all pairs of the two sources: `python -m tests.chaos.campaign [--minutes N]`.

Prints one line for each cell and a summary; the exit code is 1 if anything did not hold. Writes the tables of
`docs/reliability.md` from the faults that were run singly.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.chaos.cells import CellResult, run_cell
from tests.chaos.estate import open_estate
from tests.chaos.faults import FAULTS, FAULTS_BY_ID
from tests.chaos.reliability_page import PAGE, write_tables

CELLS_PER_ESTATE = 12
DEFAULT_MINUTES = 15.0
CellId = tuple[str, ...]


def list_singles() -> list[CellId]:
    """Return a cell for each fault."""
    return [(fault.id,) for fault in FAULTS]


def list_pairs() -> list[CellId]:
    """Return a cell for each fault of Argo CD with each of GitHub. The local clock is the same for both sides."""
    faults = [fault for fault in FAULTS if not fault.clock_shift]
    argocd = [fault.id for fault in faults if fault.side == "argocd"]
    github = [fault.id for fault in faults if fault.side == "github"]
    return [(one, other) for one in argocd for other in github]


def run_cells(cells: Sequence[CellId], until: float) -> list[CellResult]:
    """Run cells one after the other on one estate, until a time of day, and print each result."""
    if time.time() >= until:
        return []
    results: list[CellResult] = []
    with tempfile.TemporaryDirectory() as folder, open_estate(Path(folder)) as estate:
        baseline = estate.find_baseline()
        for cell in cells:
            if time.time() >= until:
                break
            results.append(run_cell(estate, tuple(FAULTS_BY_ID[id_] for id_ in cell), baseline))
            print_result(results[-1])
    return results


def run_campaign(cells: Sequence[CellId], minutes: float, jobs: int) -> list[CellResult]:
    """Run cells in several processes."""
    until = time.time() + 60 * minutes
    groups = [cells[place : place + CELLS_PER_ESTATE] for place in range(0, len(cells), CELLS_PER_ESTATE)]
    results: list[CellResult] = []
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(run_cells, group, until): group for group in groups}
        for done in as_completed(running):
            if error := done.exception():
                results.append(CellResult(running[done][0], failures=[f"the estate of this cell failed: {error!r}"]))
                print_result(results[-1])
            else:
                results += done.result()
    return results


def print_result(result: CellResult) -> None:
    """Print one line for a cell, and one for each failure."""
    noticed = max(result.noticed_s.values(), default=float("nan"))
    recovered = max(result.recovered_s.values(), default=float("nan"))
    figures = f"{noticed:6.2f} {recovered:6.2f} {result.requests_per_s:5.1f}/s {result.cpu_share:4.0%}"
    line = f"{'FAILED' if result.failures else 'held':6} {result.name:64} {figures}"
    # One write: several processes print at the same time.
    sys.stdout.write("\n".join([line, *(f"       {failure}" for failure in result.failures)]) + "\n")
    sys.stdout.flush()


def summarize(results: Iterable[CellResult], planned: int) -> str:
    """Return the summary of a campaign."""
    found = list(results)
    failed = sum(bool(result.failures) for result in found)
    noticed = max((value for result in found for value in result.noticed_s.values()), default=0.0)
    recovered = max((value for result in found for value in result.recovered_s.values()), default=0.0)
    cpu = max((result.cpu_share for result in found), default=0.0)
    left_out = f"; {planned - len(found)} were not run: the time was up" if len(found) < planned else ""
    return (
        f"{len(found)} of {planned} cells, {failed} failed{left_out}. "
        f"Longest: noticed after {noticed:.2f} s, recovered after {recovered:.2f} s; reader's processor {cpu:.0%}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the campaign and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.campaign", description=__doc__)
    parser.add_argument("--minutes", type=float, default=DEFAULT_MINUTES, help="stop after so many minutes")
    parser.add_argument("--jobs", type=int, default=4 * (os.cpu_count() or 1), help="estates at the same time")
    parser.add_argument("--singles", action="store_true", help="leave the pairs out")
    parser.add_argument("--seed", type=int, default=0, help="the order of the pairs")
    parser.add_argument("--only", default="", help="only cells whose name contains this text")
    options = parser.parse_args(arguments)
    singles, pairs = list_singles(), [] if options.singles else list_pairs()
    random.Random(options.seed).shuffle(pairs)
    cells = [cell for cell in (*singles, *pairs) if options.only in " + ".join(cell)]
    results = run_campaign(cells, options.minutes, options.jobs)
    print(summarize(results, len(cells)))
    if {result.name for result in results} >= {fault.id for fault in FAULTS}:
        write_tables(results)
        print(f"{PAGE}: tables written")
    return 1 if any(result.failures for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
