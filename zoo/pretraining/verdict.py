"""What a pre-training came to, in sentences: errors on hidden samples beside others', and the best step."""

from __future__ import annotations

from collections.abc import Mapping
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


def chosen(best: Mapping[str, Any] | None) -> list[str]:
    """Say where the step of the lowest held-out loss is, and what it is worth."""
    if best is None:
        return []
    return [
        f"The lowest held-out loss, {best['held_out_loss']:.4f}, was at step {best['step']:,}; that of step "
        f"{best['last_step']:,}, the last, is {best['last_held_out_loss']:.4f}. Its weights are kept too: "
        f"{best['file']}. They were chosen by this loss, which flatters them a little."
    ]
