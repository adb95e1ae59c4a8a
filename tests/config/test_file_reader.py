"""Reading of regular files: limits, and files that are not regular."""

from __future__ import annotations

import os
import socket

import pytest

from anchor_tui.config.file_reader import FileReadError, read_regular_file


def read_error(path, max_bytes=10):
    with pytest.raises(FileReadError) as caught:
        read_regular_file(path, max_bytes)
    return caught.value


def test_a_file_of_the_largest_size_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789")
    assert read_regular_file(tmp_path / "a", 10) == b"0123456789"


def test_a_larger_file_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"0" * 2049)
    assert str(read_error(tmp_path / "a", 2048)) == "the file is larger than 2 KiB"


def test_an_absent_file_is_marked_as_missing(tmp_path):
    assert read_error(tmp_path / "a").missing


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "a")
    assert "a pipe" in str(read_error(tmp_path / "a"))


def test_a_device_is_refused(tmp_path):
    (tmp_path / "a").symlink_to("/dev/zero")
    assert "a device" in str(read_error(tmp_path / "a"))


def test_a_folder_is_refused(tmp_path):
    assert "a folder" in str(read_error(tmp_path))


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a")
        assert not read_error(tmp_path / "a").missing


def test_a_loop_of_links_is_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert not read_error(tmp_path / "a").missing


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_an_impossible_name_is_refused(tmp_path, name):
    assert "character" in str(read_error(tmp_path / name))
