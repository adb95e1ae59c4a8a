"""The amount of evidence that an observation requests besides the states of the applications and the ops repo."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

EvidenceScope: TypeAlias = Literal["none", "git", "budget", "all"]
"""none: no check is evaluated. git: only the files in git. budget: also manifests and causes of failures, of the most
important applications. all: of every application."""
EVIDENCE_SCOPES: tuple[EvidenceScope, ...] = get_args(EvidenceScope)
