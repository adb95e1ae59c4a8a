"""The floor of a snapshot: one GET of the lean list with httpx, and its JSON. Run as a process: URL, then TOKEN."""

from __future__ import annotations

import json
import sys

import httpx

if __name__ == "__main__":
    url, token = sys.argv[1:]
    answer = httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    answer.raise_for_status()
    json.loads(answer.content)
