"""Foreign text: the source code uses Textual's own ways to show text only where they are made safe."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUI = ROOT / "anchor_tui" / "tui"
MODULES = {path.relative_to(TUI).as_posix(): ast.parse(path.read_text()) for path in sorted(TUI.rglob("*.py"))}
FIELDS = {"Input", "TextArea", "MaskedInput"}
TITLES = {"border_title", "border_subtitle", "tooltip", "title", "sub_title"}
MARKUP = {"from_markup", "from_rich_text", "from_text"}
OPENERS = {"open_url", "webbrowser"}


def find_violations(modules: dict[str, ast.Module]) -> Iterator[str]:
    """Yield each use of Textual that would show a text without the function that makes it safe."""
    for name, module in modules.items():
        for node in ast.walk(module):
            for problem in (*_check_fields(name, node), *_check_texts(node), *_check_openers(name, node)):
                yield f"{name}:{getattr(node, 'lineno', 0)}: {problem}"


def _check_fields(name: str, node: ast.AST) -> Iterator[str]:
    if name in {"widgets/line_field.py", "widgets/text_field.py"}:
        return
    if isinstance(node, ast.Call) and _get_name(node.func) in FIELDS:
        yield "create a LineField or a TextField"
    if isinstance(node, ast.ClassDef) and FIELDS & {_get_name(base) for base in node.bases}:
        yield "derive from LineField or TextField"


def _check_texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign) and any(map(_is_title, node.targets)) and _may_be_foreign(node.value):
        yield "pass the title through title_text()"
    if not isinstance(node, ast.Call):
        return
    called = _get_name(node.func)
    if called in {"Static", "Label", "update"} and node.args and _may_be_foreign(node.args[0]):
        yield "pass the text through safe_text()"
    if called in MARKUP:
        yield "foreign text must not be markup"
    if called in {"Notification", "Toast"}:
        yield "use notify()"
    if called in {"DiscoveryHit", "Hit"}:
        for keyword in node.keywords:
            if keyword.arg == "help" and _may_be_foreign(keyword.value):
                yield "pass the help through title_text()"


def _check_openers(name: str, node: ast.AST) -> Iterator[str]:
    if name == "web_browser.py":
        return
    named = {alias.name for alias in node.names} if isinstance(node, ast.Import | ast.ImportFrom) else {_get_name(node)}
    if OPENERS & named:
        yield "use open_web_address()"


def _get_name(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return _get_name(value)
        case _:
            return ""


def _is_title(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in TITLES


def _may_be_foreign(node: ast.AST) -> bool:
    """Return True unless it is a constant, the result of a function, or a variable, which mypy knows as Content."""
    if isinstance(node, ast.IfExp):
        return _may_be_foreign(node.body) or _may_be_foreign(node.orelse)
    return not isinstance(node, ast.Constant | ast.Call | ast.Name) or (
        isinstance(node, ast.Call) and _get_name(node.func) in {"str", "join", "format"} and not _joins_content(node)
    )


def _joins_content(node: ast.Call) -> bool:
    """Return True for `Content(…).join(…)`."""
    return isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call)


def test_every_text_is_shown_through_a_safe_function():
    assert list(find_violations(MODULES)) == []


@pytest.mark.parametrize(
    "code",
    [
        "Input(value)",
        "class A(TextArea): ...",
        "class A(widgets.Input): ...",
        "w.border_title = f'{name}'",
        "w.border_title = job.title",
        "w.tooltip = name + 'x'",
        "Static(f'{name}')",
        "Static(job.message)",
        "w.update(job.message)",
        "w.update(str(job))",
        "w.update(', '.join(names))",
        "Content.from_markup(name)",
        "Hit(1, name, run, help=entry.help)",
        "Notification(name)",
        "app.open_url(address)",
        "import webbrowser",
    ],
)
def test_an_unsafe_use_is_found(code):
    assert len(list(find_violations({"screens/new.py": ast.parse(code)}))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "LineField(value)",
        "w.border_title = title_text(name)",
        "w.border_title = 'Help'",
        "Static(safe_text(name))",
        "w.update(Content('x').join(lines))",
        "Hit(1, name, run, help=title_text(entry.help))",
    ],
)
def test_a_safe_use_is_allowed(code):
    assert list(find_violations({"screens/new.py": ast.parse(code)})) == []
