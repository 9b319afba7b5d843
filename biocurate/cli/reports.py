"""How outcomes, findings and the state of a store are put into words."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import polars as pl

from biocurate.cli.output import console, show, show_facts

if TYPE_CHECKING:
    from biocurate.ingest import Outcome, Plan
    from biocurate.store.store import Store
    from biocurate.store.verify import Findings
    from biocurate.verify import Compared

NS_PER_HOUR = 3.6e12


def print_plan(plan: Plan, as_json: bool) -> None:
    """Say what an ingest would read."""
    if as_json:
        names = [job.unit.recording_id for job in plan.todo]
        show_facts({**plan.summary(), "recordings": names, "gone": list(plan.gone)}, as_json=True)
        return
    show_facts(plan.summary())
    for job in plan.todo[:10]:
        console().print(f"  {job.unit.recording_id}  {job.n_bytes / 1e6:,.1f} MB", markup=False)
    if len(plan.todo) > 10:
        console().print(f"  and {len(plan.todo) - 10} more")


def print_outcome(outcome: Outcome, as_json: bool) -> None:
    """Say how an ingest ended, with one paragraph a failed file."""
    if as_json:
        print(json.dumps(asdict(outcome), default=str, indent=2))
        return
    out = console()
    tried = outcome.recordings + len(outcome.failures)
    if outcome.failures:
        out.print(
            f"{outcome.corpus}: {len(outcome.failures)} of {tried} recordings were not read; "
            f"the other {outcome.recordings} are in the store.",
            style="bold yellow",
            markup=False,
        )
        for failure in outcome.failures:
            out.print(f"  {failure['source']}  {failure['message']}\n      {failure['mend']}", markup=False)
    elif not tried:
        out.print(f"{outcome.corpus}: nothing to do; {outcome.done_before} recordings are in the store.", markup=False)
        if outcome.failed_before:
            out.print(f"{outcome.failed_before} failed before and have not changed; --retry-failed tries them again.")
    else:
        out.print(_sentence(outcome), markup=False)
    if outcome.gone:
        out.print(f"{len(outcome.gone)} recordings of the store have no file below the root any more; they are kept.")


def _sentence(outcome: Outcome) -> str:
    rate = outcome.n_bytes / 1e6 / max(outcome.seconds, 1e-9)
    share = outcome.stored_bytes / max(outcome.n_bytes, 1)
    return (
        f"{outcome.corpus}: {outcome.recordings} recordings, {outcome.n_bytes / 1e6:,.1f} MB "
        f"in {outcome.seconds:.1f} s ({rate:,.0f} MB/s), stored in {outcome.stored_bytes / 1e6:,.1f} MB ({share:.0%}); "
        f"snapshot {outcome.snapshot_id}."
    )


def print_status(store: Store, as_json: bool) -> None:
    """Show what a store holds."""
    corpora = (
        store.recordings.group_by("corpus")
        .agg(
            subjects=pl.col("person").n_unique(),
            recordings=pl.len(),
            hours=pl.col("duration_ns").sum() / NS_PER_HOUR,
            warnings=pl.col("warnings").list.len().sum(),
            licence=pl.col("licence").first(),
        )
        .sort("corpus")
        .collect()
    )
    sensors = (
        store.streams.group_by("corpus", "sensor_type", "rate_hz")
        .agg(
            recordings=pl.col("recording_id").n_unique(),
            channels=pl.col("n_channels").max(),
            hours=(pl.col("n_samples") / pl.col("rate_hz")).sum() / 3600,
        )
        .sort("corpus", "sensor_type", "rate_hz")
        .collect()
    )
    reasons = (
        store.failures.group_by("corpus", "error", "message").agg(files=pl.len()).sort("corpus", "error", "message")
    )
    failures = reasons.collect()
    if as_json:
        facts: dict[str, Any] = {"store": store.url, "format": store.card["format"], "snapshot": store.snapshot_id}
        show_facts(
            {
                **facts,
                **{"corpora": corpora.to_dicts(), "sensors": sensors.to_dicts(), "failures": failures.to_dicts()},
            },
            True,
        )
        return
    console().print(f"{store.url}, format {store.card['format']}, snapshot {store.snapshot_id}", markup=False)
    show(corpora, title="Corpora")
    show(sensors, title="Sensor types")
    if failures.height:
        show(failures, title="Failures")


def print_findings(found: Findings, as_json: bool) -> None:
    """Say what a verification found."""
    if as_json:
        show_facts(asdict(found), as_json=True)
        return
    out = console()
    if found.problems:
        out.print(f"{len(found.problems)} problems in {found.parts} parts:", style="bold red")
        for problem in found.problems:
            out.print(f"  {problem['where']}: {problem['problem']}", markup=False)
        return
    out.print(
        f"{found.parts} parts ({found.n_bytes / 1e6:,.1f} MB) are whole; {found.streams} streams match their digests."
    )


def print_deep(compared: Compared, as_json: bool) -> None:
    """Say how stored samples compare with the raw files."""
    if as_json:
        show_facts(asdict(compared), as_json=True)
        return
    out = console()
    out.print(
        f"{compared.corpus}: {compared.recordings} recordings, {compared.channels} channels, "
        f"{compared.samples:,} samples compared with the raw files: {compared.equal:,} equal.",
        markup=False,
    )
    for problem in compared.problems:
        out.print(f"  {problem}", style="red", markup=False)
