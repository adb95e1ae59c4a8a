"""Measure the house: sizes, names, docstrings, import cycles, phrases, and what a start imports.

python -m tests.benchmarks.house                     # this checkout
python -m tests.benchmarks.house --root CHECKOUT     # another one
python -m tests.benchmarks.house --json
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.language import banned_phrases_in
from tests.source_tree import (
    PACKAGE,
    cycles,
    docstrings,
    indirect_imports,
    module_functions,
    read_modules,
    top_level_classes,
)

ROOT = Path(__file__).parents[2]
RIDDLE = re.compile(r"(What|Whether|Where)\b")
RUNS = 7


def measure_snapshot(root: Path) -> dict[str, object]:
    """Run `anchor-tui snapshot` against embedded servers: what it imports, in self time (ms, median) and modules."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "PYTHONPATH": str(root)}
        command = [sys.executable, "-m", PACKAGE, "sandbox", "serve", "--write", folder]
        servers = subprocess.Popen(command, stdout=subprocess.PIPE, env=environ, cwd=folder)
        assert servers.stdout is not None
        try:
            served = json.loads(servers.stdout.readline())
            environ |= {
                "ARGOCD_AUTH_TOKEN": served["argocd"]["token"],
                "GITHUB_TOKEN": served["github"]["token"],
                "ANCHOR_TUI_CONFIG": served["config"],
            }
            runs = [_imports_of_snapshot(folder, environ) for _ in range(RUNS)]
        finally:
            servers.terminate()
            servers.wait()
    names = runs[0][1]
    return {
        "import time, ms": round(statistics.median(took for took, _ in runs) / 1000, 1),
        "modules imported": len(names),
        "imports PyGithub": "github" in names,
    }


def _imports_of_snapshot(folder: str, environ: dict[str, str]) -> tuple[int, set[str]]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", PACKAGE, "snapshot"],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [
        line.split("|") for line in done.stderr.splitlines() if line.startswith("import time:") and "us]" not in line
    ]
    return sum(int(row[0].removeprefix("import time:")) for row in rows), {row[2].strip() for row in rows}


def measure(root: Path) -> dict[str, object]:
    """Measure one checkout."""
    modules = read_modules(root)
    lengths = [module.lines for module in modules]
    classes = top_level_classes(modules)
    functions = list(module_functions(modules))
    public = [name for name in functions if not name.startswith("_")]
    documented = list(docstrings(modules))
    texts = [file for file in _prose_files(root) if file.exists()]
    return {
        "modules": len(modules),
        "median lines of a module": int(statistics.median(lengths)),
        "longest module, lines": max(lengths),
        "modules over 300 lines": sum(length > 300 for length in lengths),
        "lines of anchor_tui": sum(lengths),
        "lines of the sandbox": sum(m.lines for m in modules if m.name.startswith(f"{PACKAGE}.sandbox")),
        "class names used twice": sum(count > 1 for count in classes.values()),
        "module-level functions": len(functions),
        "one-word function names": sum("_" not in name.strip("_") for name in functions),
        "one-word public function names": sum("_" not in name for name in public),
        "docstrings": len(documented),
        "docstrings that start with What/Whether/Where": sum(bool(RIDDLE.match(text)) for text in documented),
        "names imported from a module that does not define them": sum(1 for _ in indirect_imports(modules)),
        "import cycles": len(cycles(modules, type_checking=False)),
        "import cycles with TYPE_CHECKING": len(cycles(modules, type_checking=True)),
        "banned phrases": sum(len(list(banned_phrases_in(file))) for file in texts),
        **{f"snapshot: {name}": value for name, value in measure_snapshot(root).items()},
    }


def _prose_files(root: Path) -> Iterator[Path]:
    yield from (root / PACKAGE).rglob("*.py")
    yield from (root / "tests").rglob("*.py")
    yield from (root / name for name in ("README.md", "CONTRIBUTING.md"))
    yield from (root / "docs").glob("*.md")


def main() -> None:
    """Print the figures of one checkout, or of two beside each other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, action="append", help="a checkout; two are compared")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    roots = [root.resolve() for root in arguments.root or [ROOT]]
    figures = [measure(root) for root in roots]
    if arguments.json:
        print(json.dumps(figures, indent=2))
        return
    width = max(len(name) for name in figures[0])
    for name in figures[0]:
        print(f"{name:<{width}}", *(f"{figure[name]!s:>10}" for figure in figures))
    for root, modules in ((root, read_modules(root)) for root in roots):
        for group in cycles(modules, type_checking=True):
            print(f"cycle in {root.name}: {' ↔ '.join(group)}")


if __name__ == "__main__":
    main()
