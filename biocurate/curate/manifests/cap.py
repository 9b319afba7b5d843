"""At most so many windows of each person or recording, so that long recordings do not outweigh short ones.

```yaml
cap: {windows: 100, per: person, seed: 0}
```
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import polars as pl
from pydantic import PositiveInt

from biocurate.curate.fields import Part
from biocurate.curate.splits.persons import person_hash


class CapRule(Part):
    """How many windows are kept, of whom, and which draw."""

    windows: PositiveInt
    per: Literal["person", "recording"] = "person"
    seed: int = 0

    def __str__(self) -> str:
        return f"at most {self.windows:,} windows a {self.per}, seed {self.seed}"


def capped(rows: pl.DataFrame, rule: CapRule | None) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Keep a random draw of each person's or recording's windows.

    A window's place in the draw is a hash of seed, recording and time, so that it depends on neither the order of the
    rows nor on what else is selected: of a store that has grown, the same windows are drawn of those who were there.

    Parameters
    ----------
    rows : DataFrame
        Windows, before they are split.
    rule : CapRule or None
        None keeps all.

    Returns
    -------
    rows : DataFrame
        Those that are kept, in their order.
    dropped : list of dict
        by (cap), value, windows, dropped; empty without a rule.
    """
    if rule is None:
        return rows, []
    of = "person" if rule.per == "person" else "recording_id"
    # Equal places do not happen by chance, but two windows may begin at one moment.
    drawn = rows.with_columns(place=_places(rows, rule.seed), row=pl.int_range(pl.len()))
    order = pl.struct("place", "recording_id", "t0_ns", "duration_ns", "row").rank("ordinal").over(of)
    kept = rows.filter(drawn.select(order <= rule.windows).to_series())
    line = {"by": "cap", "value": str(rule), "windows": rows.height, "dropped": rows.height - kept.height}
    return kept, [line]


def _places(rows: pl.DataFrame, seed: int) -> pl.Series:
    """Hash seed, recording and time of each window to 64 bits, the same on every machine.

    Source: the finaliser of SplitMix64, Steele et al., OOPSLA 2014, figure 16, over sha256 of seed and recording.
    """
    known = {each: person_hash(each, seed) for each in rows["recording_id"].unique()}
    of_recording = rows["recording_id"].replace_strict(known, return_dtype=pl.UInt64).to_numpy()
    mixed = _mix(of_recording ^ _mix(rows["t0_ns"].to_numpy().astype(np.uint64)))
    return pl.Series(mixed, dtype=pl.UInt64)


def _mix(number: np.ndarray) -> np.ndarray:
    """Spread the bits of 64-bit numbers; arithmetic is modulo 2**64."""
    number = number + np.uint64(0x9E3779B97F4A7C15)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))
