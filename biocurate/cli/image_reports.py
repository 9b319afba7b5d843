"""How image sets that were drawn, estimated or verified are printed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import polars as pl

from biocurate.cli.output import console, show, show_facts

if TYPE_CHECKING:
    from biocurate.images.checking.check import Checks
    from biocurate.images.making.estimate import Estimate
    from biocurate.images.making.generate import Outcome


def print_outcomes(outcomes: list[Outcome], as_json: bool) -> None:
    """Say what was drawn into each set."""
    if not as_json:
        for outcome in outcomes:
            _tell(outcome)
    elif len(outcomes) == 1:
        show_facts(asdict(outcomes[0]), as_json=True)
    else:
        show_facts({outcome.image_set: asdict(outcome) for outcome in outcomes}, as_json=True)


def _tell(outcome: Outcome) -> None:
    out = console()
    if not outcome.drawn:
        out.print(f"{outcome.image_set}: nothing to do; {outcome.there_before:,} images are there.", markup=False)
    else:
        rate = outcome.drawn / max(outcome.seconds, 1e-9)
        ways = outcome.representations[0] if len(outcome.representations) == 1 else "several representations"
        out.print(
            f"{outcome.image_set}: {outcome.drawn:,} images of {ways} in {outcome.seconds:.1f} s "
            f"({rate:,.0f}/s), stored in {outcome.stored_bytes / 1e6:,.1f} MB; {outcome.there_before:,} were there "
            f"before; snapshot {outcome.snapshot_id}.",
            markup=False,
        )
    if outcome.windows_without:
        out.print(
            f"{outcome.windows_without:,} windows of the manifest have none of the sensor types and channels.",
            markup=False,
        )
    for status, count in sorted(outcome.status.items()):
        if status != "ok":
            out.print(f"{count:,} images show nothing: {status}.", markup=False)
    if outcome.all_blank:
        out.print("None of them shows anything: take longer windows, or other parameters.", markup=False)


def print_estimate(found: Estimate, as_json: bool) -> None:
    """Say what a generation would take, by sensor type and in all."""
    facts = {
        "images": found.images,
        "GB to be stored": round(found.stored_bytes / 1e9, 3),
        "hours": round(found.seconds / 3600, 3),
        "workers": found.workers,
        "GB free": None if found.free_bytes is None else round(found.free_bytes / 1e9, 3),
        "fits": found.fits,
    }
    if as_json:
        show_facts({**facts, "shares": [asdict(share) for share in found.shares]}, as_json=True)
        return
    show(
        pl.DataFrame(
            [
                {
                    "set": share.image_set,
                    "sensor_type": share.sensor_type,
                    "images": share.images,
                    "bytes each": share.stored_bytes / share.images,
                    "images/s on one worker": share.images / max(share.seconds, 1e-9),
                }
                for share in found.shares
            ],
            infer_schema_length=None,
        )
    )
    show_facts(facts)


def print_checks(found: Checks, as_json: bool) -> None:
    """Print what was verified, a row a set and representation, and what was found wrong."""
    if as_json:
        show_facts({"checked": found.table().to_dicts(), "problems": found.problems}, as_json=True)
        return
    show(found.table())
    if found.problems:
        show(pl.DataFrame(found.problems), title="Problems")
    else:
        console().print("Everything that was looked at is sound.")
