"""At most so many windows of each person or recording, so that long recordings do not outweigh short ones.

```yaml
cap: {windows: 100, per: person, seed: 0}
```
"""

from __future__ import annotations

from typing import Any, Literal

import polars as pl
from pydantic import PositiveInt

from biocurate.curate.fields import Part
from biocurate.curate.splits.draws import draws


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
    drawn = rows.with_columns(place=pl.Series(draws(rows, rule.seed)), row=pl.int_range(pl.len()))
    order = pl.struct("place", "recording_id", "t0_ns", "duration_ns", "row").rank("ordinal").over(of)
    kept = rows.filter(drawn.select(order <= rule.windows).to_series())
    line = {"by": "cap", "value": str(rule), "windows": rows.height, "dropped": rows.height - kept.height}
    return kept, [line]
