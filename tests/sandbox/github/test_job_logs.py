"""The files of a pull request and the logs of its jobs, as GitHub's REST API serves them."""

from __future__ import annotations

import httpx
import pytest

from anchor_tui.sandbox.server import Sandbox, run_sandbox_in_thread

REPO = "/repos/anchor/anchor-msp-ops"


@pytest.fixture(scope="module")
def box():
    with run_sandbox_in_thread("failed-check") as running:
        yield running


def get(box: Sandbox, path: str, **options) -> httpx.Response:
    headers = {"authorization": f"Bearer {box.github_token}"}
    return httpx.get(f"{box.github_url}{path}", headers=headers, trust_env=False, **options)


def find_job(box: Sandbox, number: int) -> int:
    head = box.github_repo.pull_requests[number].head
    return box.github_repo.check_runs(head, box.clock.now())[0].id


def test_a_changed_file_has_its_patch(box):
    files = get(box, f"{REPO}/pulls/232/files").json()
    assert [file["status"] for file in files] == ["modified", "modified"]
    assert files[0]["patch"].startswith("@@ -2,15 +2,15 @@\n")
    lines = files[0]["patch"].split("\n")[1:]
    assert sum(line.startswith("+") for line in lines) == files[0]["additions"]
    assert get(box, f"{REPO}/pulls/232/files", params={"per_page": 1, "page": 2}).json() == files[1:]
    assert get(box, f"{REPO}/pulls/9999/files").status_code == 404


def test_a_log_is_a_redirect_to_another_host(box):
    response = get(box, f"{REPO}/actions/jobs/{find_job(box, 232)}/logs")
    assert (response.status_code, response.content) == (302, b"")
    target = httpx.URL(response.headers["location"])
    assert target.host not in {"127.0.0.1", ""}
    assert "sig" in target.params


def test_the_log_host_refuses_a_token_and_a_wrong_signature(box):
    location = get(box, f"{REPO}/actions/jobs/{find_job(box, 232)}/logs").headers["location"]
    log = httpx.get(location, trust_env=False)
    assert log.status_code == 200
    assert "##[error]Process completed with exit code 1." in log.text
    assert httpx.get(location, headers={"authorization": "Bearer x"}, trust_env=False).status_code == 401
    assert httpx.get(location.replace("sig=", "sig=0"), trust_env=False).status_code == 401


def test_a_passed_job_has_a_log_without_errors(box):
    location = get(box, f"{REPO}/actions/jobs/{find_job(box, 231)}/logs").headers["location"]
    assert "##[error]" not in httpx.get(location, trust_env=False).text


def test_a_running_job_has_no_log():
    with run_sandbox_in_thread("release-day") as box:
        assert get(box, f"{REPO}/actions/jobs/{find_job(box, 235)}/logs").status_code == 404
