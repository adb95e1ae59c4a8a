"""The parts of a YAML file that an edit of scalars must not change."""

from __future__ import annotations

from anchor_tui.domain.yaml.document import parse_document


def read_outside_scalars(text: str) -> list[str | bool]:
    """Return the text between the scalars, and whether there is a byte order mark."""
    document = parse_document(text, "f.yaml")
    kept: list[str | bool] = []
    position = 0
    for _, scalar in sorted(document.iterate_scalars(), key=lambda item: item[1].start):
        kept.append(document.text[position : scalar.start])
        position = scalar.end
    return [*kept, document.text[position:], document.has_bom]
