"""Fuzz one boundary with atheris: `python -m tests.fuzz.harness NAME [OPTIONS OF LIBFUZZER] CORPUS`.

The product is instrumented, so that atheris finds inputs which reach new code. `tests.fuzz` runs every boundary.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["anchor_tui"]):
    from tests.fuzz.boundaries import BOUNDARIES


def main() -> None:
    """Fuzz the boundary that the first argument names."""
    boundary = BOUNDARIES[sys.argv[1]]

    def read(content: bytes) -> None:
        try:
            boundary.read(content)
        except boundary.errors as error:
            str(error).encode()  # an error text without lone surrogates

    atheris.Setup([sys.argv[0], *sys.argv[2:]], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
