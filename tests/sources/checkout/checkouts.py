"""Checkouts with a git history, and the findings in them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from anchor_tui.config.model import Config
from anchor_tui.domain.model import Finding
from anchor_tui.domain.policy.engine import evaluate_policy
from anchor_tui.sources.checkout.reader import Checkout
from tests.domain.policy.sample_repo import CONFIG
from tests.values import NOW

STAGING_RELEASE = "environments/staging/release.yaml"
PROD_RELEASE = "environments/prod/release.yaml"
ENVIRON = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}


def run_git(root: Path, *arguments: str) -> str:
    if shutil.which("git") is None:
        pytest.skip("git is not on the PATH")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *arguments], cwd=root, env=ENVIRON, check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit_all(root: Path, message: str = "change") -> str:
    run_git(root, "add", "--all")
    run_git(root, "commit", "--quiet", "--message", message)
    return run_git(root, "rev-parse", "HEAD")


def edit_file(root: Path, path: str, old: str, new: str) -> None:
    file = root / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def create_promotion_history(root: Path) -> None:
    """Create a history: staging had the present release of production and has a newer one now."""
    sample = (root / STAGING_RELEASE).read_text()
    prod = (root / PROD_RELEASE).read_text()
    run_git(root, "init", "--quiet")
    (root / PROD_RELEASE).write_text(prod.replace("1.43.1", "1.42.0").replace("c3d4e5f6", "00000000"))
    (root / STAGING_RELEASE).write_text(sample.replace("1.43.2", "1.42.9"))
    commit_all(root, "initial releases")
    (root / STAGING_RELEASE).write_text(prod.replace("environment: prod", "environment: staging"))
    commit_all(root, "staging to 1.43.1")
    (root / STAGING_RELEASE).write_text(sample)
    (root / PROD_RELEASE).write_text(prod)
    commit_all(root, "newer staging, prod to 1.43.1")


def find_finding(
    checkout: Checkout, environment: str, check: str, evidence: str = "git", config: Config = CONFIG
) -> Finding:
    findings = evaluate_policy(config, checkout.facts, NOW).environments[environment]
    return next(finding for finding in findings if (finding.check, finding.evidence) == (check, evidence))
