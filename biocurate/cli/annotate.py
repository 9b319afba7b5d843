"""`biocurate annotate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biocurate.cli.options import AsJson, StoreOption


def annotate(
    corpus: Annotated[str, typer.Argument(help="A corpus of the store.", show_default=False)],
    store: StoreOption,
    table: Annotated[Path, typer.Option("--from", help="CSV or TSV file of labels.", exists=True, dir_okay=False)],
    kind: Annotated[str | None, typer.Option(help="Kind of all labels, where the file has no column `kind`.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the file for all labels there are of its kinds.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add labels to recordings that are in the store; later ingests keep them.

    The file says in recording_id, recording or subject whose a label is, and what it is in value, number or both;
    onset_s and duration_s say when (left out: the whole recording), channel on which channel.

    biocurate annotate eegmat --from diagnoses.csv --kind diagnosis --store ~/store
    """
    from dataclasses import asdict

    from biocurate.cli.output import console, show_facts
    from biocurate.ingest.annotate import annotate as add
    from biocurate.store.store import open_store

    done = add(open_store(store), corpus, table, kind=kind, replace=replace)
    if as_json:
        show_facts(asdict(done), as_json=True)
    else:
        out = console()
        kinds = ", ".join(done.kinds)
        changed = f"{done.changed} recordings changed; snapshot {done.snapshot_id}." if done.changed else "nothing new."
        out.print(f"{corpus}: {done.labels} labels ({kinds}) of {done.recordings} recordings; {changed}", markup=False)
        if done.changed:
            out.print("Window sets, manifests and images made from these recordings before have to be built again.")
        for said, ids in (("ids that the corpus has not", done.unknown), ("recordings without one", done.unlabelled)):
            if ids:
                more = ", …" if len(ids) > 8 else ""
                out.print(f"  {len(ids)} {said}: {', '.join(ids[:8])}{more}", markup=False)
    raise typer.Exit(1 if done.unknown else 0)
