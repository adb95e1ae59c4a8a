"""The cutover scenario is finished with the commands that the refused cutover names."""

from __future__ import annotations

import re
import shlex

from ruamel.yaml import YAML

from tests.services.sandbox_operator import Operator, operator_at, wait_until

NAMES = ("staging", "prod")
COMMAND = re.compile(r": ((?:kubectl|anchor-tui) [a-z-]+ .+)$")
REASON = ("--reason", "cutover")


def apply_manifest(op: Operator, path: str) -> None:
    """Do what `kubectl apply -f` does with an Application."""
    manifest = YAML(typ="safe").load(op.read(path))
    op.box.kubectl.patch_application(manifest["metadata"]["name"], {"spec": manifest["spec"]})


def open_lines(text: str) -> list[tuple[str, list[str]]]:
    """Return (line, words of its command) for each open line of the refused cutover."""
    lines = [line for line in text.splitlines() if re.search(r"\d\. (staging|prod): ", line)]
    return [(line, shlex.split(found[1]) if (found := COMMAND.search(line)) else []) for line in lines]


def is_settled(op: Operator) -> bool:
    return all(op.app(name).revision == op.box.git.head and not op.app(name).is_busy for name in NAMES)


def has_mock(op: Operator) -> bool:
    return any("mock" in resource for name in NAMES for resource in op.live(name))


def test_the_commands_it_names_finish_the_cutover(tmp_path, cli):
    with operator_at("cutover", tmp_path) as op:
        command = cli(op)
        code, out, _ = command("cutover", "--dry-run")
        found = open_lines(out)
        assert (code, [words[:2] for _, words in found]) == (
            4,
            [["kubectl", "apply"], ["kubectl", "apply"], ["kubectl", "apply"], ["anchor-tui", "fix"]],
        )
        assert "finish step 3 of prod first: with prune on, Argo CD deletes the mocks that prod still calls" in out
        fix = found[-1][1][1:]
        code, out, err = command(*fix, "--confirm", "prod", *REASON)
        assert code == 0, out + err
        number = op.pulls[-1].number
        code, out, err = command("merge", str(number), "--confirm", "prod", *REASON)
        assert code == 0, out + err
        wait_until(lambda: is_settled(op))
        assert b"EGI_CONTROL_CENTER_URL: https://control.anchor.example/egi\n" in op.read(
            "infra/helm/platform/environments/prod/values.yaml"
        )

        code, out, _ = command("cutover", "--dry-run")
        for _, words in open_lines(out):
            assert words[:3] == ["kubectl", "apply", "-f"]
            apply_manifest(op, words[3])
        wait_until(lambda: is_settled(op) and not has_mock(op))  # Argo CD prunes automatically now

        code, out, err = command("cutover", "--dry-run")
        assert code == 0, out + err
        phrase = shlex.split(out.splitlines()[-1])[-1]
        code, out, err = command("cutover", "--confirm", phrase, *REASON, "--wait")
        assert code == 0, out + err
        assert out.count("none among") == 2
        assert not has_mock(op)
