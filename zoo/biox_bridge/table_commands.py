"""`biocurate zoo bridges`. Heavy imports stay inside the function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biocurate.cli.options import AsJson, path_of

Runs = Annotated[
    list[Path], typer.Argument(help="Folder of a run of zoo bridge.", parser=path_of, metavar="RUN", show_default=False)
]
To = Annotated[
    Path | None,
    typer.Option(help="Folder for systems.csv, and of sweeps sweep.csv and sweep.png.", parser=path_of, metavar="DIR"),
]


def bridges(run: Runs, to: To = None, as_json: AsJson = False) -> None:
    """Print bridge runs that differ in their seed as one table: every system, the bridge's lead, and what each took.

    biocurate zoo bridges runs/ecg-to-eeg-0 runs/ecg-to-eeg-1 runs/ecg-to-eeg-2 --to tables/ecg-to-eeg
    """
    import json

    from biocurate.cli.output import console, show
    from zoo.biox_bridge.over_seeds import join_seeds

    found = join_seeds(run)
    if to is not None:
        found.write(to)
    if as_json:
        print(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    show(found.table(), title=f"means of {len(run)} seeds")
    if (swept := found.swept()) is not None:
        show(swept, title="with other options, or elsewhere")
    for note in found.notes:
        console().print(f"- {note}", markup=False)
