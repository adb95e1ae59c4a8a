"""The store of trusted configuration files."""

from __future__ import annotations

import os
import stat

import pytest

from anchor_tui.config.trust import TrustError, TrustStore


@pytest.fixture
def file(tmp_path):
    """Return a file that is trusted in the state folder "state"."""
    file = tmp_path / "a.toml"
    file.write_bytes(b"a")
    TrustStore(tmp_path / "state").trust(file, b"a")
    return file


def is_trusted(file, content=b"a"):
    return TrustStore(file.parent / "state").is_trusted(file, content)


def entry_of(file):
    (entry,) = (file.parent / "state" / "trust").iterdir()
    return entry


def test_only_the_trusted_content_of_the_file_is_trusted(file, tmp_path):
    assert is_trusted(file)
    assert not is_trusted(file, b"b")
    assert not is_trusted(tmp_path / "b.toml")


def test_a_link_to_the_file_is_the_same_file(file, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    assert TrustStore(tmp_path / "state").is_trusted(tmp_path / "link" / "a.toml", b"a")


def test_entries_and_their_folder_are_private(file):
    entry = entry_of(file)
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert stat.S_IMODE(entry.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("part", ["entry", "folder"])
def test_an_entry_that_others_may_change_does_not_count(file, part):
    entry = entry_of(file)
    (entry if part == "entry" else entry.parent).chmod(0o770)
    assert not is_trusted(file)


def test_a_linked_entry_does_not_count(file, tmp_path):
    entry = entry_of(file)
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")
    assert not is_trusted(file)


def test_a_pipe_as_entry_does_not_count(file):
    entry = entry_of(file)
    entry.unlink()
    os.mkfifo(entry, 0o600)
    assert not is_trusted(file)


def test_untrusted_files_are_forgotten(file, tmp_path):
    store = TrustStore(tmp_path / "state")
    assert store.untrust(file)
    assert not is_trusted(file)
    assert not store.untrust(file)


def test_a_new_content_replaces_the_old_one(file, tmp_path):
    TrustStore(tmp_path / "state").trust(file, b"b")
    assert is_trusted(file, b"b")
    assert not is_trusted(file, b"a")


def test_a_shared_folder_of_trust_is_refused(file, tmp_path):
    (tmp_path / "state" / "trust").chmod(0o777)
    with pytest.raises(TrustError, match="not a private folder"):
        TrustStore(tmp_path / "state").trust(file, b"a")


def test_a_state_folder_that_cannot_exist_is_an_error(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(TrustError, match="cannot write"):
        TrustStore(tmp_path / "state").trust(tmp_path / "a", b"a")
