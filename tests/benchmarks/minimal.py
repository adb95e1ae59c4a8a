"""The least that Textual can draw: Header, a table of fifty rows, Footer. What we compare ourselves with."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Footer, Header


class Minimal(App[None]):
    """Nothing of ours."""

    def compose(self) -> ComposeResult:
        yield Header()
        table: DataTable[str] = DataTable()
        table.add_columns("one", "two", "three")
        for number in range(50):
            table.add_row(f"row {number}", "x" * 20, "y" * 20)
        yield table
        yield Footer()


if __name__ == "__main__":
    Minimal().run()
