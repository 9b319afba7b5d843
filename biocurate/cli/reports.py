"""How outcomes, findings and the state of a store are put into words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from biocurate.cli.output import console, show_facts

if TYPE_CHECKING:
    from biocurate.ingest import Outcome, Plan
    from biocurate.ingest.estimate import Estimate
    from biocurate.store.verify import Findings
    from biocurate.verify import Compared

INCOMPLETE = "IncompleteError"
MOST_TOLD = 20
"""Files, or reasons, that are told one by one."""


def print_plan(plan: Plan, as_json: bool) -> None:
    """Say what an ingest would read."""
    if as_json:
        names = [job.unit.recording_id for job in plan.todo]
        show_facts({**plan.summary(), "recordings": names, "gone": list(plan.gone)}, as_json=True)
        return
    show_facts(plan.summary())
    for job in plan.todo[:10]:
        file = f"  {job.unit.files[0][0].virtual}" if plan.recipe.hashes_names else ""
        console().print(f"  {job.unit.recording_id}{file}  {job.n_bytes / 1e6:,.1f} MB", markup=False)
    if len(plan.todo) > 10:
        console().print(f"  and {len(plan.todo) - 10} more")


def print_estimate(expected: Estimate, as_json: bool) -> None:
    """Say what an ingest would take."""
    if as_json:
        show_facts({**asdict(expected), "fits": expected.fits}, as_json=True)
        return
    stored, free = expected.stored_bytes, expected.free_bytes
    show_facts(
        {
            "recordings to read": expected.recordings,
            "MB to read": round(expected.n_bytes / 1e6, 1),
            "MB stored": None if stored is None else round(stored / 1e6, 1),
            "time": None if expected.seconds is None else _time(expected.seconds),
            "MB free": None if free is None else round(free / 1e6, 1),
            "fits": expected.fits,
            "measured on": f"{expected.tried} recordings",
        }
    )


def _time(seconds: float) -> str:
    """A time in the unit that people would say it in."""
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def print_outcome(outcome: Outcome, as_json: bool) -> None:
    """Say how an ingest ended, with one paragraph a failed file, or a reason where they are many."""
    if as_json:
        show_facts(asdict(outcome), as_json=True)
        return
    out = console()
    tried = outcome.recordings + len(outcome.failures)
    if outcome.failures:
        incomplete = sum(failure["error"] == INCOMPLETE for failure in outcome.failures)
        arriving = f" ({incomplete} of them incomplete: the next run tries those again)" if incomplete else ""
        out.print(
            f"{outcome.corpus}: {len(outcome.failures)} of {tried} recordings "
            f"{'was' if len(outcome.failures) == 1 else 'were'} not read{arriving}; "
            f"{_rest(outcome)}",
            style="bold yellow",
            markup=False,
        )
        for line in _faults(outcome.failures):
            out.print(line, markup=False)
    elif tried:
        out.print(_sentence(outcome), markup=False)
    elif not outcome.rewritten:
        out.print(f"{outcome.corpus}: nothing to do; {outcome.done_before} recordings are in the store.", markup=False)
    if outcome.rewritten:
        out.print(f"{outcome.corpus}: rows of {outcome.rewritten} recordings were written anew; no sample was read.")
    if outcome.failed_before:
        have, them = ("has", "it") if outcome.failed_before == 1 else ("have", "them")
        out.print(f"{outcome.failed_before} failed before and {have} not changed; --retry-failed tries {them} again.")
    _print_aside(outcome)


def _faults(failures: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Say of each file why it was not read; of many, each reason once."""
    if len(failures) <= MOST_TOLD:
        yield from (f"  {each['source']}  {each['message']}\n      {each['mend']}" for each in failures)
        return
    from biocurate.ingest.reasons import reason_of

    files = Counter(reason_of(each["message"]) for each in failures)
    example = {reason_of(each["message"]): each for each in reversed(failures)}
    for reason, count in files.most_common(MOST_TOLD):
        each = example[reason]
        yield f"  {count:,} such as {each['source']}  {each['message']}\n      {each['mend']}"
    if len(files) > MOST_TOLD:
        yield f"  and {len(files) - MOST_TOLD:,} reasons more"
    yield '  Each file: biocurate query "SELECT source, message, mend FROM failures"'


def _rest(outcome: Outcome) -> str:
    """What the store has beside what was not read."""
    if outcome.recordings == 1:
        return "the other one is in the store."
    if outcome.recordings:
        return f"the other {outcome.recordings:,} are in the store."
    if outcome.done_before:
        return f"none was read; the store keeps its {_recordings(outcome.done_before)} of earlier runs."
    return "none was read."


def _recordings(count: int) -> str:
    return f"{count:,} recording" + ("" if count == 1 else "s")


def _print_aside(outcome: Outcome) -> None:
    """Say what is worth knowing beside what was read."""
    out = console()
    if outcome.pruned:
        out.print(f"{len(outcome.pruned)} recordings without a file below the root were removed; snapshots have them.")
    elif outcome.gone:
        kept = "they are kept (--prune removes them)."
        out.print(f"{len(outcome.gone)} recordings of the store have no file below the root any more; {kept}")
    if outcome.vanished:
        count = len(outcome.vanished)
        out.print(f"{_recordings(count)} that failed before {'is' if count == 1 else 'are'} no longer below the root.")
    if outcome.forgotten:
        out.print(f"{outcome.forgotten} recordings are of persons whom the store has forgotten; they were left out.")
    if outcome.identifiers_dropped:
        out.print(
            f"Names and dates of {outcome.identifiers_dropped} recordings were taken out; older snapshots have them "
            "until `biocurate forget --identifiers`.",
            style="yellow",
            markup=False,
        )
    if outcome.duplicates:
        example = " = ".join(outcome.duplicates[0][:3])
        out.print(
            f"{len(outcome.duplicates)} times the same samples are there under several names, such as {example}. "
            "All: biocurate check duplicates",
            style="yellow",
            markup=False,
        )


def _sentence(outcome: Outcome) -> str:
    rate = outcome.n_bytes / 1e6 / max(outcome.seconds, 1e-9)
    share = outcome.stored_bytes / max(outcome.n_bytes, 1)
    return (
        f"{outcome.corpus}: {outcome.recordings} recordings, {outcome.n_bytes / 1e6:,.1f} MB "
        f"in {outcome.seconds:.1f} s ({rate:,.0f} MB/s), stored in {outcome.stored_bytes / 1e6:,.1f} MB ({share:.0%}); "
        f"snapshot {outcome.snapshot_id}."
    )


def print_findings(found: Findings, as_json: bool, all_snapshots: bool = False) -> None:
    """Say what a verification found, of older snapshots too where all were looked at."""
    if as_json:
        show_facts(asdict(found), as_json=True)
        return
    out = console()
    if found.problems:
        out.print(f"{len(found.problems)} problems in {found.parts} parts:", style="bold red")
        for problem in found.problems:
            out.print(f"  {problem['where']}: {problem['problem']}", markup=False)
    else:
        size = f"{found.n_bytes / 1e6:,.1f} MB"
        out.print(f"{found.parts} parts ({size}) are whole; {found.streams} streams match their digests.")
    if found.unchecked:
        older = "" if all_snapshots else "--all-snapshots checks those that older snapshots name; "
        named = "no kept snapshot names" if all_snapshots else "the tables as they stand do not name"
        out.print(
            f"{found.unchecked} parts that {named} were not checked: {older}biocurate vacuum lists those that nothing "
            "names.",
            markup=False,
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
