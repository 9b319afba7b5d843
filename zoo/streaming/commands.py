"""`biocurate zoo stream`. Heavy imports stay inside the function."""

from __future__ import annotations

from typing import Annotated

import typer

from biocurate.cli.options import AsJson, At, StoreOption


def stream(
    source: Annotated[
        str,
        typer.Argument(metavar="MODEL|RUN", help="Folder of a run; a model has random weights.", show_default=False),
    ],
    recording: Annotated[str, typer.Argument(help="Id of a recording.", show_default=False)],
    store: StoreOption,
    manifest: Annotated[
        str | None, typer.Option(help="Whose windows are answered.", show_default="the run's own")
    ] = None,
    images: Annotated[str | None, typer.Option("--images", help="Image set, for a MODEL of images.")] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            min=1e-6,
            help="Seconds of the recording in a second: 1 is as it was recorded.",
            show_default="as fast as it goes",
        ),
    ] = None,
    forward: Annotated[
        bool, typer.Option("--forward", help="Let filters run forward alone that the view runs backward too.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of a MODEL's random weights.")] = 0,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Replay a recording as if it were being made, and answer each window when its last sample has come.

    Latency is from the moment that a window can be computed to its answer; the difference is from what the same model
    says of the stored window.

    biocurate zoo stream runs/eegmat eegmat/Subject00_1 --store ~/store

    biocurate zoo stream runs/eegmat eegmat/Subject00_1 --speed 1 --store ~/store
    """
    from biocurate.cli.output import console, show, show_facts
    from biocurate.cli.progress import progress
    from biocurate.store.store import open_store
    from zoo.streaming.chosen import choose
    from zoo.streaming.stream import stream as run

    opened = open_store(store, at)
    chosen = choose(opened, source, recording, manifest, images, seed)
    with progress("Streaming", "windows") as bar:
        found = run(opened, chosen, recording, speed, forward, bar)
    if as_json:
        show_facts({**found.facts(), "notes": list(found.notes), "rows": found.rows.to_dicts()}, as_json)
        return
    show(found.rows, title=f"{found.model}: {recording}", most=20)
    show_facts(found.facts())
    for note in found.notes:
        console().print(f"- {note}", markup=False)
