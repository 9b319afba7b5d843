"""`biocurate zoo join`. Heavy imports stay inside the function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biocurate.cli.options import AsJson, At, StoreOption, path_of


def join(
    bridges: Annotated[
        list[Path], typer.Argument(help="Runs of zoo bridge.", parser=path_of, metavar="RUN", show_default=False)
    ],
    store: StoreOption,
    run: Annotated[
        Path, typer.Option("--run", help="Folder of the run.", parser=path_of, metavar="DIR", show_default=False)
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An option of the gate or of evaluation.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a run of the same name.")] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Join bridges of several new sensors into one old model, and judge them with all sensors and with fewer.

    biocurate zoo join runs/eeg-to-ecg runs/eeg-to-emg --run runs/eeg-to-both
    """
    import json

    from biocurate import open_store
    from biocurate.cli.output import console, show
    from biocurate.cli.progress import progress
    from zoo.biox_bridge.joining.config import join_settings
    from zoo.biox_bridge.joining.run import join as train

    options, evaluation = join_settings(set_ or [])
    with progress("Joining", "gates") as bar:
        found = train(open_store(store, at), bridges, run, options, evaluation, force, bar)
    if as_json:
        told = {"subsets": found.subsets.to_dicts(), "gate": found.weights.to_dicts()}
        print(json.dumps({**found.report.to_json(), **told}, indent=2, ensure_ascii=False))
        return
    show(found.subsets, title=f"{found.report.windows:,} windows of {found.report.persons} persons")
    for note in [*found.report.cautions, *found.report.notes]:
        console().print(f"- {note}", markup=False)
    console().print(f"Run folder: {run}", markup=False)
