"""Times from keys to their frames, as text."""

from __future__ import annotations

from collections.abc import Sequence


def describe_times(times_ms: Sequence[float], name: str = "key to paint") -> str:
    """Return median, 99th percentile and worst of some times in milliseconds."""
    ordered = sorted(times_ms)
    middle, high = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"{name} {middle:.1f} ms (p50), {high:.1f} ms (p99), {ordered[-1]:.1f} ms (worst of {len(ordered)})"
