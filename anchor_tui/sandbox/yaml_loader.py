"""YAML text as plain values."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML


@lru_cache(maxsize=1024)
def load_yaml(text: str) -> Any:  # noqa: ANN401 - YAML
    """Parse YAML text; raises ruamel's YAMLError. The result is shared between calls: do not change it."""
    return YAML(typ="safe").load(text)
