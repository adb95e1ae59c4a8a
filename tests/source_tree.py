"""The package as a tree of parsed modules: who imports whom, which names exist, and where they are imported from.

Used by `tests/test_architecture.py` and by `tests/benchmarks/house.py`.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "anchor_tui"


class Module:
    """One parsed module: its dotted name, its tree and its number of lines."""

    def __init__(self, root: Path, file: Path) -> None:
        parts = file.relative_to(root).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.text = file.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        self.lines = self.text.count("\n")

    def imported_names(self, known: set[str], *, type_checking: bool) -> Iterator[str]:
        """Yield the modules of the package that this one imports, those inside functions included."""
        for node in _nodes(self.tree, type_checking=type_checking):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name in known)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    if whole in known:
                        yield whole
                    elif node.module in known:
                        yield node.module


def _nodes(tree: ast.AST, *, type_checking: bool) -> Iterator[ast.AST]:
    """Walk a tree; without the bodies of `if TYPE_CHECKING` unless they are asked for."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not type_checking:
            continue
        yield node
        yield from _nodes(node, type_checking=type_checking)


def read_modules(root: Path) -> list[Module]:
    """Parse every module of the package."""
    return [Module(root, file) for file in sorted((root / PACKAGE).rglob("*.py"))]


def cycles(modules: list[Module], *, type_checking: bool) -> list[list[str]]:
    """Find the groups of modules that import each other (strongly connected components of two or more)."""
    known = {module.name for module in modules}
    graph = {
        module.name: sorted(set(module.imported_names(known, type_checking=type_checking)) - {module.name})
        for module in modules
    }
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in graph[name]:
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            group = [stack.pop()]
            while group[-1] != name:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    sys.setrecursionlimit(10_000)
    for name in graph:
        if name not in index:
            visit(name)
    return found


def top_level_classes(modules: list[Module]) -> Counter[str]:
    """Count the names of module-level classes."""
    return Counter(node.name for module in modules for node in module.tree.body if isinstance(node, ast.ClassDef))


def docstrings(modules: list[Module]) -> Iterator[str]:
    """Yield the docstrings of modules, classes and functions."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    yield text


def module_functions(modules: list[Module]) -> Iterator[str]:
    """Yield the names of module-level functions."""
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name


def indirect_imports(modules: list[Module]) -> Iterator[str]:
    """Yield each `from module import name` whose name the module itself imports from another module of the package."""
    defined = {module.name: set(_defined_names(module.tree)) for module in modules}
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.module in defined:
                for alias in node.names:
                    is_module = f"{node.module}.{alias.name}" in defined
                    if not is_module and alias.name not in defined[node.module]:
                        yield f"{module.name}: {alias.name} from {node.module}"


def _defined_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
