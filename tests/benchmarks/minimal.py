"""A minimal Textual app to compare with: a header, a table of fifty rows and a footer."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Footer, Header


class MinimalApp(App[None]):
    """Draws without any code of anchor-tui."""

    def compose(self) -> ComposeResult:
        yield Header()
        table: DataTable[str] = DataTable()
        table.add_columns("one", "two", "three")
        for number in range(50):
            table.add_row(f"row {number}", "x" * 20, "y" * 20)
        yield table
        yield Footer()


if __name__ == "__main__":
    MinimalApp().run()
