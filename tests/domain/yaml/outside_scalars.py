"""What an edit of scalars must leave as it is."""

from __future__ import annotations

from anchor_tui.domain.yaml.document import parse_document


def outside(text: str) -> list[str]:
    """The characters that belong to no scalar."""
    document = parse_document(text, "f.yaml")
    kept, at = [], 0
    for _, scalar in sorted(document.iterate_scalars(), key=lambda item: item[1].start):
        kept.append(document.text[at : scalar.start])
        at = scalar.end
    return [*kept, document.text[at:], document.has_bom]
