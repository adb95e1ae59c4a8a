"""Snapshots are read back as recorded; nothing is written twice; a recording is bounded and survives damage."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from anchor_tui.domain.model import Snapshot
from anchor_tui.services.recording import encoder
from anchor_tui.services.recording import writer as writer_module
from anchor_tui.services.recording.encoder import join_numbers
from anchor_tui.services.recording.errors import RecordingError
from anchor_tui.services.recording.folder import LOCK_NAME, MARK_NAME, list_segments
from anchor_tui.services.recording.recording import Recording, SingleSnapshot, find_change, find_place
from anchor_tui.services.recording.writer import RecordingLimits, RecordingWriter
from tests import rich
from tests.cli.process import ROOT, surroundings
from tests.services.recording.sample_snapshots import (
    change_application,
    incident,
    large,
    later,
    make_application,
    replace_environment,
    steady,
)
from tests.values import NOW


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recording"


def record(folder: Path, *snapshots: Snapshot, limits: RecordingLimits | None = None) -> list[str]:
    """Record snapshots as one process. Return the warnings."""
    warnings: list[str] = []
    writer = RecordingWriter(folder, limits)
    writer.listen(warnings.append)
    for snapshot in snapshots:
        writer.record(snapshot)
    writer.close()
    return warnings


def load_all(folder: Path) -> list[Snapshot]:
    recording = Recording(folder)
    return [recording.load(place) for place in range(len(recording.instants))]


def size_of(folder: Path) -> int:
    return sum(segment.size for segment in list_segments(folder))


# --- what is read back ----------------------------------------------------------------------------------


def test_recorded_snapshots_are_read_back(folder: Path) -> None:
    snapshots = [steady(), incident(), later(steady(), 700), replace(rich.snapshot(), taken_at=NOW + timedelta(1))]
    assert record(folder, *snapshots) == []
    assert load_all(folder) == snapshots


def test_any_order_of_reading_returns_the_same_snapshots(folder: Path) -> None:
    base = large(20)
    series = [base]
    for index in range(30):
        series.append(change_application(later(series[-1], 5), 2, index % 20, sync="OutOfSync", health=f"H{index}"))
    record(folder, *series)
    recording = Recording(folder)
    for place in (30, 0, 17, 16, 29, 1, 30):
        assert recording.load(place) == series[place]


def test_adjacent_snapshots_share_their_unchanged_objects(folder: Path) -> None:
    first = large(50)
    second = change_application(later(first, 5), 2, 7, health="Degraded")
    record(folder, first, second)
    recording = Recording(folder)
    one, other = recording.load(0), recording.load(1)
    assert one.environments[0] is other.environments[0]
    applications = [snapshot.environments[2].applications for snapshot in (one, other)]
    differing = [place for place, pair in enumerate(zip(*applications, strict=True)) if pair[0] is not pair[1]]
    assert differing == [7]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 9), st.sampled_from(["Healthy", "Degraded", "Missing"])),
        max_size=15,
    )
)
def test_every_written_snapshot_equals_its_original(tmp_path_factory: Any, steps: list[tuple[int, int, str]]) -> None:
    folder = tmp_path_factory.mktemp("any") / "recording"
    current, written = large(10), []
    for action, place, health in steps:
        current = later(current, 5)
        prod = current.environments[2]
        match action:
            case 0:
                current = change_application(current, 2, place % len(prod.applications), health=health)
            case 1 if len(prod.applications) > 1:
                kept = tuple(app for index, app in enumerate(prod.applications) if index != place)
                current = replace_environment(current, 2, replace(prod, applications=kept or prod.applications[:1]))
            case 2:
                added = (*prod.applications, make_application(100 + place))
                current = replace_environment(current, 2, replace(prod, applications=added))
            case 3:
                current = replace(current, findings=current.findings[: place % 3])
        written.append(current)
    record(folder, large(10), *written)
    originals = {snapshot.taken_at: snapshot for snapshot in (large(10), *written)}
    for snapshot in load_all(folder):
        assert snapshot == originals[snapshot.taken_at]


@given(st.lists(st.integers(0, 30)))
def test_ranges_contain_the_numbers_in_their_order(numbers: list[int]) -> None:
    assert [number for first, count in join_numbers(numbers) for number in range(first, first + count)] == numbers


def test_tokens_are_not_recorded(folder: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    prod = steady().environments[2]
    hostile = replace_environment(
        steady(), 2, replace(prod, problems=(replace(rich.snapshot().problems[0], message=token),))
    )
    record(folder, hostile)
    assert token not in str(load_all(folder))


# --- what is not written --------------------------------------------------------------------------------


def test_nothing_is_written_when_only_ages_change(folder: Path) -> None:
    writer = RecordingWriter(folder)
    writer.record(rich.snapshot())
    size = size_of(folder)
    verdict = replace(rich.snapshot().verdict, reasons=("prod Degraded 12 min",))
    aged = replace(later(rich.snapshot(), 60), verdict=verdict)
    writer.record(aged)
    assert size_of(folder) > size
    size = size_of(folder)
    writer.record(replace(later(aged, 60), verdict=replace(verdict, reasons=("prod Degraded 1 h",))))
    reconciled = change_application(later(aged, 120), 0, 0, reconciled_at=NOW + timedelta(minutes=9))
    writer.record(replace(reconciled, verdict=replace(verdict, reasons=("prod Degraded 2 h",))))
    writer.close()
    assert size_of(folder) == size
    assert len(load_all(folder)) == 2


def test_a_restart_without_a_change_writes_nothing(folder: Path) -> None:
    record(folder, steady())
    record(folder, later(steady(), 900))
    assert len(load_all(folder)) == 1


def test_a_snapshot_that_only_loads_is_not_recorded(folder: Path) -> None:
    from anchor_tui.domain.snapshot_builder import SourceReadings, build_snapshot
    from tests.values import config

    record(folder, build_snapshot(config(), SourceReadings(), NOW), later(steady(), 1))
    assert load_all(folder) == [later(steady(), 1)]


def count_parts(folder: Path, monkeypatch: pytest.MonkeyPatch, *snapshots: Snapshot) -> list[int]:
    """Return how many parts each snapshot adds."""
    counts: list[int] = []
    encode = writer_module.encode_frame

    def count(lines: list[bytes], *arguments: Any, **options: Any) -> bytes:
        counts.append(len(lines) - 1)
        return encode(lines, *arguments, **options)

    monkeypatch.setattr(writer_module, "encode_frame", count)
    record(folder, *snapshots)
    return counts


def test_one_changed_application_adds_two_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = large(500)
    second = change_application(later(first, 5), 2, 250, health="Degraded")
    counts = count_parts(folder, monkeypatch, first, second)
    assert counts[1] == 2  # the application, and the environment that refers to it
    assert counts[0] > 500


def test_unchanged_applications_are_not_compared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    is_same = encoder.is_same_application
    monkeypatch.setattr(
        encoder, "is_same_application", lambda one, other: compared.append(other.name) or is_same(one, other)
    )
    first = large(500)
    record(folder, first, change_application(later(first, 5), 2, 250, health="Degraded"))
    assert compared == ["app-00250"]


# --- changes to move to ---------------------------------------------------------------------------------


def test_changes_are_marked_and_first_values_are_not(folder: Path) -> None:
    note = replace(steady().problems[0], message="x") if steady().problems else None
    other = replace(later(steady(), 5), problems=(note,) if note else rich.snapshot().problems)
    record(folder, steady(), other, later(incident(), 10), later(steady(), 900))
    assert [instant.is_change for instant in Recording(folder).instants] == [False, False, True, True]


def test_places_are_found_by_time_and_by_change() -> None:
    from anchor_tui.services.recording.recording import Instant

    instants = [Instant(NOW + timedelta(minutes=place), place in {2, 4}) for place in range(6)]
    assert find_place(instants, NOW + timedelta(minutes=3, seconds=59)) == 3
    assert find_place(instants, NOW - timedelta(seconds=1)) is None
    assert find_place([Instant(NOW + timedelta(milliseconds=700), False)], NOW) == 0
    assert find_place(instants, NOW + timedelta(days=1)) == 5
    assert [find_change(instants, place, 1) for place in range(6)] == [2, 2, 4, 4, None, None]
    assert [find_change(instants, place, -1) for place in range(6)] == [None, None, None, 2, 2, 4]


def test_a_single_snapshot_is_a_series() -> None:
    series = SingleSnapshot(rich.snapshot())
    assert series.load(0) == rich.snapshot()
    assert [instant.taken_at for instant in series.instants] == [NOW]
    assert series.environment_names == ("dev", "staging", "prod")


# --- limits ---------------------------------------------------------------------------------------------


def varied(count: int, minutes: float = 1) -> Iterator[Snapshot]:
    """Yield snapshots that compress badly: each has another text from random bytes."""
    problem = rich.snapshot().problems[0]
    for index in range(count):
        noise = replace(problem, message=os.urandom(400).hex())
        yield replace(steady(), taken_at=NOW + timedelta(minutes=minutes * index), problems=(noise,))


def test_the_oldest_segments_are_deleted_first(folder: Path) -> None:
    limits = RecordingLimits(max_bytes=160_000)
    snapshots = list(varied(300))
    record(folder, *snapshots, limits=limits)
    assert size_of(folder) <= limits.max_bytes
    kept = load_all(folder)
    assert 20 < len(kept) < 300
    assert kept == snapshots[-len(kept) :]


def test_segments_older_than_the_limit_are_deleted(folder: Path) -> None:
    limits = RecordingLimits(max_age=timedelta(days=3))
    snapshots = list(varied(100, minutes=120))
    record(folder, *snapshots, limits=limits)
    kept = load_all(folder)
    span = kept[-1].taken_at - kept[0].taken_at
    assert timedelta(days=3) <= span <= timedelta(days=5)


def test_another_set_of_environments_begins_a_segment(folder: Path) -> None:
    fewer = replace(later(steady(), 5), environments=steady().environments[:2])
    record(folder, steady(), fewer)
    assert len(list_segments(folder)) == 2
    assert Recording(folder).environment_names == ("dev", "staging", "prod")
    assert load_all(folder) == [steady(), fewer]


def test_ten_thousand_snapshots_are_opened_by_their_headers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from anchor_tui.services.recording import frames, segment_reader

    record(folder, steady())
    (segment,) = list_segments(folder)
    with segment.path.open("ab") as file:
        for index in range(10_000):
            file.write(frames.encode_frame([b"{}"], NOW + timedelta(seconds=index), 9, is_change=False))
    monkeypatch.setattr(segment_reader, "read_lines", lambda *_: pytest.fail("a payload was read"))
    assert len(Recording(folder).instants) == 10_001


# --- safety ---------------------------------------------------------------------------------------------


def test_files_are_private(folder: Path) -> None:
    record(folder, steady())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_two_recorders_do_not_share_a_folder(folder: Path) -> None:
    first = RecordingWriter(folder)
    with pytest.raises(RecordingError, match=f"the process {os.getpid()} is recording there: name another folder"):
        RecordingWriter(folder)
    first.close()
    RecordingWriter(folder).close()


def test_a_folder_with_other_files_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(RecordingError, match="contains other files: name a new or an empty folder"):
        RecordingWriter(folder)


def test_a_folder_that_others_can_write_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(RecordingError, match="other accounts can write"):
        RecordingWriter(folder)


def test_a_file_in_place_of_the_folder_is_explained(folder: Path) -> None:
    folder.write_text("x")
    with pytest.raises(RecordingError, match="cannot record into"):
        RecordingWriter(folder)


def fail_to_write(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left")


def test_a_full_disk_is_one_warning_and_the_recording_continues(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    writer = RecordingWriter(folder)
    writer.listen(warnings.append)
    writer.record(steady())
    write = os.write
    monkeypatch.setattr(
        writer_module.os, "write", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left"))
    )
    for minute in range(1, 5):
        writer.record(replace(incident(), taken_at=NOW + timedelta(minutes=minute)))
    monkeypatch.setattr(writer_module.os, "write", write)
    again = replace(incident(), taken_at=NOW + timedelta(minutes=9))
    writer.record(again)
    writer.close()
    assert len(warnings) == 1
    assert "No space left" in warnings[0]
    assert load_all(folder) == [steady(), again]
    assert [instant.is_change for instant in Recording(folder).instants] == [False, True]


def test_a_short_write_is_undone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = RecordingWriter(folder)
    writer.record(steady())
    size = size_of(folder)
    write = os.write
    monkeypatch.setattr(writer_module.os, "write", lambda handle, content: write(handle, content[: len(content) // 2]))
    writer.record(incident())
    assert size_of(folder) == size
    writer.close()
    assert load_all(folder) == [steady()]
    assert Recording(folder).problems == ()


def test_a_real_file_size_limit_is_survived(folder: Path, tmp_path: Path) -> None:
    code = f"""
import resource, signal
from pathlib import Path
from anchor_tui.services.recording.writer import RecordingWriter
from tests.services.recording.test_recording import varied
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))  # after the imports, which write files too
writer, warnings = RecordingWriter(Path({str(folder)!r})), []
writer.listen(warnings.append)
for snapshot in varied(40):
    writer.record(snapshot)
writer.close()
print(len(warnings))
"""
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        env=surroundings(tmp_path),
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == b"1\n"
    recording = Recording(folder)
    assert len([recording.load(place) for place in range(len(recording.instants))]) >= 3
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 6000


# --- damage ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_cut_last_frame_is_left_out_with_a_message(folder: Path, cut: int) -> None:
    record(folder, steady(), incident())
    (segment,) = list_segments(folder)
    os.truncate(segment.path, segment.size - cut)
    recording = Recording(folder)
    assert [recording.load(0)] == [steady()]
    assert len(recording.instants) == 1
    assert "is cut or damaged" in recording.problems[0]


def test_a_damaged_payload_is_an_error_of_that_snapshot(folder: Path) -> None:
    record(folder, steady(), incident())
    (segment,) = list_segments(folder)
    with segment.path.open("r+b") as file:
        file.seek(-10, os.SEEK_END)
        file.write(b"\x00" * 10)
    recording = Recording(folder)
    assert recording.load(0) == steady()
    with pytest.raises(RecordingError, match="is damaged: go to another snapshot"):
        recording.load(1)


def test_a_damaged_segment_does_not_hide_the_others(folder: Path) -> None:
    record(folder, steady())
    record(folder, incident())
    first = list_segments(folder)[0]
    first.path.write_bytes(b"\xff\n" + first.path.read_bytes())
    recording = Recording(folder)
    assert [recording.load(place) for place in range(len(recording.instants))] == [incident()]
    assert "its first line is damaged" in recording.problems[0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 3000), byte=st.integers(0, 255))
def test_any_damaged_byte_is_an_error_and_never_a_crash(tmp_path_factory: Any, place: int, byte: int) -> None:
    folder = tmp_path_factory.mktemp("damaged") / "recording"
    record(folder, steady(), incident())
    (segment,) = list_segments(folder)
    content = bytearray(segment.path.read_bytes())
    content[place % len(content)] = byte
    segment.path.write_bytes(content)
    try:
        snapshots = load_all(folder)
    except RecordingError:
        return
    assert all(snapshot in (steady(), incident()) for snapshot in snapshots)


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda folder: None, "it has no recording.json"),
        (lambda folder: (folder / MARK_NAME).write_text("{"), "the schema of recording.json is None"),
        (
            lambda folder: (folder / MARK_NAME).write_text('{"schema": "anchor-tui/recording/v2"}'),
            "upgrade anchor-tui",
        ),
    ],
)
def test_a_folder_without_a_recording_is_explained(folder: Path, prepare: Any, words: str) -> None:
    folder.mkdir()
    prepare(folder)
    with pytest.raises(RecordingError, match=words):
        Recording(folder)


def test_an_empty_recording_is_explained(folder: Path) -> None:
    RecordingWriter(folder).close()
    with pytest.raises(RecordingError, match="contains no complete snapshot: record longer"):
        Recording(folder)
    assert {path.name for path in folder.iterdir()} == {LOCK_NAME, MARK_NAME}


def test_a_snapshot_of_a_later_version_is_read(folder: Path) -> None:
    changed = change_application(steady(), 0, 0, presence="hidden")
    record(folder, changed)
    (read,) = load_all(folder)
    assert read.environments[0].applications[0].presence == "forbidden"
    assert read.problems[-1].kind == "later-version"


# --- killed processes -----------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from anchor_tui.services.recording.writer import RecordingWriter
from tests.services.recording.test_recording import varied
writer = RecordingWriter(Path(sys.argv[1]))
for snapshot in varied(100_000):
    writer.record(snapshot)
    print(snapshot.taken_at.isoformat(), flush=True)
"""


def test_a_killed_process_loses_at_most_the_last_snapshot(folder: Path, tmp_path: Path) -> None:
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], env=surroundings(tmp_path), cwd=ROOT, stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(25)]
        os.kill(writer.pid, signal.SIGKILL)
        lines += writer.stdout.read().splitlines(keepends=True)
        writer.wait()
        writer.stdout.close()
        complete = [line.decode().strip() for line in lines if line.endswith(b"\n")]
        recording = Recording(folder)
        times = [instant.taken_at.isoformat() for instant in recording.instants]
        assert set(complete) <= set(times)
        recording.load(len(times) - 1)
        for path in folder.glob("*.segment"):
            path.unlink()
