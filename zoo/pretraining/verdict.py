"""A network's errors on hidden samples beside those of interpolation and autoregression, in a sentence."""

from __future__ import annotations

from typing import Any


def verdict(row: dict[str, Any]) -> str:
    """Say of a sensor type whether the network is better than the two others, by smooth L1."""
    said = ", ".join(
        f"{_word(row, other)} {other} by {abs(row[f'less_{other}']):.3f}{_interval(row, other)}"
        for other in ("interpolation", "autoregression")
    )
    return f"{row['sensor_type']}, {row['persons']} held-out persons, smooth L1 {row['model']:.3f}: {said}."


def _word(row: dict[str, Any], other: str) -> str:
    return "better than" if row[f"less_{other}"] < 0 else "worse than"


def _interval(row: dict[str, Any], other: str) -> str:
    low, high = row[f"less_{other}_low"], row[f"less_{other}_high"]
    if low is None:
        return ""
    sure = "" if low * high > 0 else ", which may be chance"
    return f" (difference {low:+.3f} to {high:+.3f}{sure})"
