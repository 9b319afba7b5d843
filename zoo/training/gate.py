"""The gate before training and before judging: what must not be shared is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from biocurate.engine import Progress
from biocurate.errors import ManifestError

if TYPE_CHECKING:
    from biocurate.curate.leakage.check import Leaks
    from biocurate.store.store import Store

NAMED = 3
"""Leaks that an error names."""


def passed(
    store: Store,
    rows: pl.DataFrame,
    where: str,
    allowed: Sequence[str] = (),
    seen: Mapping[str, pl.DataFrame] | None = None,
    progress: Progress | None = None,
) -> Leaks:
    """Let rows pass whose splits share nothing, but for what is allowed by name.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows of a manifest.
    where : str
        What an error is of.
    allowed : sequence of str
        Kinds of leak that are let pass: person, overlap, copy, near copy, crop.
    seen : mapping of str to DataFrame, optional
        By run, the streams that a model was trained on.
    progress : Progress, optional

    Returns
    -------
    Leaks
        What was found and let pass, and what was looked at.

    Raises
    ------
    ManifestError
        Where anything else is shared.
    """
    from biocurate.curate.leakage.check import find_leaks

    leaks = find_leaks(store, rows, seen, progress)
    refused = leaks.found.filter(~pl.col("kind").is_in(list(allowed)))
    if refused.height:
        kinds = refused.group_by("kind").len().sort("kind").rows()
        counts = ", ".join(f"{count:,} of kind {kind}" for kind, count in kinds)
        named = "; ".join(
            f"{a} ({split_a}) and {b} ({split_b})"
            for split_a, a, split_b, b in refused.select("split_a", "a", "split_b", "b").head(NAMED).iter_rows()
        )
        options = " ".join(f"--allow-leakage '{kind}'" for kind, _ in kinds)
        raise ManifestError(
            f"its splits leak: {counts}, such as {named}.",
            where=where,
            mend=f"See `biocurate check leakage`; split again, or train all the same, which is recorded: {options}.",
        )
    return leaks
