"""`biocurate compact | forget | merge`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from biocurate.cli.options import AsJson, StoreOption, Workers

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from biocurate.upkeep import Forgotten

SHOWN = 10
"""Names that a person is shown; JSON has them all."""


def compact(
    store: StoreOption,
    workers: Workers = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be repacked; write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pack small parts and parts with holes into parts of the normal size; no id, digest or revision changes.

    The old parts stay for the snapshots that name them; then: biocurate vacuum --keep-snapshots 1

    biocurate compact --store ~/store --workers 2
    """
    from biocurate.cli.output import show_facts
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from biocurate.store.store import open_store
    from biocurate.upkeep import compact as run

    opened = open_store(store)
    with progress("Compacting", "MB") as bar, engine(0 if dry_run else workers) as pool:
        done = run(opened, pool, bar, dry_run=dry_run)
    if as_json:
        show_facts(asdict(done), as_json=True)
        return
    show_facts(
        {
            "parts before": done.parts_before,
            "parts after": done.parts_after,
            "with holes": done.with_holes,
            "MB to copy, decoded" if dry_run else "MB copied, decoded": round(done.n_bytes / 1e6, 1),
            "files of tables before": done.files_before,
            **({} if dry_run else {"files of tables after": done.files_after, "seconds": round(done.seconds, 1)}),
        }
    )


def forget(
    store: StoreOption,
    subject: Annotated[
        str | None, typer.Option(help="CORPUS/SUBJECT, or a person: NAMESPACE/ID.", show_default=False)
    ] = None,
    identifiers: Annotated[
        bool, typer.Option("--identifiers", help="Take out what `ingest --keep-identifiers` put in; recordings stay.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    workers: Workers = 0,
    as_json: AsJson = False,
) -> None:
    """Take a person out for good, whose consent was withdrawn: samples, rows, and every older version of them.

    There is no way back: snapshots and manifests that hold the person are dropped, and the next ingest leaves them out.
    What lies outside of the store, such as exports, models and copies, is not known here. With --identifiers, all
    persons stay, and only what names them goes.

    biocurate forget --subject eegmat/07 --store ~/store
    """
    from biocurate.cli.output import console, show_facts
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from biocurate.errors import UsageError
    from biocurate.store.store import open_store
    from biocurate.upkeep import forget as run
    from biocurate.upkeep.withdraw import survey

    opened = open_store(store)
    if identifiers == (subject is not None):
        raise UsageError("say what to forget.", mend="Give one of --subject CORPUS/SUBJECT and --identifiers.")
    if subject is None:
        _forget_identifiers(opened, yes, as_json)
        return
    if not yes:
        for line in _lines(survey(opened, subject)):
            console(stderr=True).print(line, markup=False)
        typer.confirm("Take all of this out of the store, for good?", abort=True, err=True)
    with progress("Writing shared parts again", "MB") as bar, engine(workers) as pool:
        done = run(opened, subject, pool, bar)
    if as_json:
        show_facts(asdict(done), as_json=True)
        return
    for line in _lines(done):
        console().print(line, markup=False)
    what = "Forgotten" if done.persons else "Nothing more to forget"
    console().print(f"{what}; {done.files} files of the tables' history were removed. Snapshot {done.snapshot_id}.")


def _forget_identifiers(opened: Store, yes: bool, as_json: bool) -> None:
    from biocurate.cli.output import console, show_facts
    from biocurate.upkeep import forget_identifiers

    if not yes:
        question = "Take names, dates and header text out of all rows, and drop every snapshot that holds some?"
        typer.confirm(question, abort=True, err=True)
    done = forget_identifiers(opened)
    if as_json:
        show_facts(asdict(done), as_json=True)
        return
    console().print(
        f"Names and dates of {done.recordings} recordings are forgotten; {len(done.snapshots_dropped)} snapshots that "
        f"held some were dropped, and {done.files} files of the table's history removed. Snapshot {done.snapshot_id}.",
        markup=False,
    )


def _lines(found: Forgotten) -> list[str]:
    if not found.persons:
        return ["No recording of theirs is left: this person was forgotten before."]
    lines = [
        f"{len(found.recordings)} recordings of {found.persons} person: {_few(found.recordings)}",
        f"{found.parts} parts held samples, images or embeddings of theirs.",
        f"{len(found.snapshots_dropped)} snapshots are dropped, {len(found.snapshots_kept)} kept.",
    ]
    for name, stood in found.manifests.items():
        again = "build it again: biocurate manifest build FILE (--json shows its definition)"
        lines.append(f"Manifest {name} ({stood['hash'][:12]}) lists them and is dropped; {again}")
    for person, names in found.copies.items():
        again = f"forget them, too: biocurate forget --subject {person}"
        lines.append(f"The same samples stay under {person} ({_few(names)}); if this is the same person, {again}")
    return lines


def _few(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def merge(
    other: Annotated[str, typer.Argument(help="The store whose recordings come over.", show_default=False)],
    store: StoreOption,
    prefer: Annotated[
        str | None, typer.Option(help="mine or theirs: whose recording stays where both have one of the same name.")
    ] = None,
    workers: Workers = 0,
    as_json: AsJson = False,
) -> None:
    """Take over the recordings of another store; run it again and it goes on where it stopped.

    Window sets, manifests and images of the other store are left out: make them anew from the whole.

    biocurate merge ~/site-b/store --store ~/store
    """
    from biocurate.cli.output import console, show_facts
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from biocurate.errors import UsageError
    from biocurate.store.store import open_store
    from biocurate.upkeep import merge as run

    chosen: Literal["mine", "theirs"] | None = "mine" if prefer == "mine" else "theirs" if prefer == "theirs" else None
    if chosen != prefer:
        raise UsageError(f"--prefer {prefer} says nothing.", mend="Write --prefer mine or --prefer theirs.")
    here, there = open_store(store), open_store(other)
    with progress("Merging", "MB") as bar, engine(workers) as pool:
        done = run(here, there, pool, bar, prefer=chosen)
    if as_json:
        show_facts(asdict(done), as_json=True)
        return
    facts = {
        "recordings taken over": done.recordings,
        "in both before": done.there_before,
        f"in both, but not the same ({prefer} stayed)": len(done.conflicts),
        "left out: forgotten here": done.forgotten_here,
        "persons here whom the other has forgotten": done.forgotten_there,
        "starts that cannot be told any more": done.starts_unknown,
        "came over without their identifiers": done.identifiers_left_out,
        "streams of views": done.derived,
        "left out: make them anew": done.left_out,
        "views left out, defined otherwise here": done.views_left_out,
        "same samples under several names": done.duplicates,
    }
    show_facts({name: value for name, value in facts.items() if value or name == "recordings taken over"})
    if done.forgotten_there:
        console().print("Forget them here, too: biocurate forget --subject NAMESPACE/ID", style="yellow")
