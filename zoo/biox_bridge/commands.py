"""`biocurate zoo bridge`. Heavy imports stay inside the function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from biocurate.cli.options import AsJson, At, StoreOption, path_of

Run = Annotated[
    Path, typer.Option("--run", help="Folder of the run.", parser=path_of, metavar="DIR", show_default=False)
]
Old = Annotated[str, typer.Option("--old", help="Run whose models know the labels.", metavar="RUN", show_default=False)]
New = Annotated[
    str, typer.Option("--new", help="Model, or run with weights, of the new sensor.", metavar="MODEL|RUN",
                      show_default=False)
]  # fmt: skip
Compare = Annotated[
    list[str] | None,
    typer.Option(help="What is trained beside the bridge; once for each, or none. All of them by default."),
]


def bridge(
    store: StoreOption,
    run: Run,
    old: Old,
    new: New,
    manifest: Annotated[str, typer.Option(help="A manifest of windows that both sensors cover.", show_default=False)],
    images: Annotated[str | None, typer.Option(help="Image set that the new model sees.")] = None,
    sensors: Annotated[str | None, typer.Option(help="Sensor types that the new model sees, such as ECG.")] = None,
    old_images: Annotated[str | None, typer.Option(help="Image set that the old model sees; its run's own.")] = None,
    positions: Annotated[str, typer.Option(help="auto, or NEW,OLD: blocks run, and block entered.")] = "auto",
    compare: Compare = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(help="Values of rank, prototypes, lr or positions to try beside, such as rank=2,8,32."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An option of bridge or evaluation.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything that is random.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a run of the same name.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a killed run of the same choices stopped.")
    ] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Carry what a model knows of one sensor over to another, by windows that both cover; no label of them is read.

    biocurate zoo bridge --old runs/ecg --new runs/eeg --manifest eegmat-bridge --images eeg --run runs/ecg-to-eeg
    """
    import json

    from biocurate import open_store
    from biocurate.cli.output import console, show
    from biocurate.cli.progress import progress
    from biocurate.sensors import SensorType
    from zoo.biox_bridge.config import BASELINES, BridgeConfig, bridge_settings, parse_positions, parse_sweep
    from zoo.biox_bridge.run import bridge as train
    from zoo.models.registry import list_models, model_config, validated

    named = [str(SensorType.parse(name.strip())) for name in (sensors or "").split(",") if name.strip()]
    given = {
        "old": str(path_of(old)),
        "new": new if new in list_models() else str(path_of(new)),
        "manifest": manifest,
        "old_images": old_images,
        "new_images": images,
        "new_sensors": tuple(named),
        "positions": parse_positions(positions),
        "sweep": parse_sweep(sweep or []),
        "seed": seed,
        "compare": BASELINES if compare is None else tuple(name for name in compare if name != "none"),
        **bridge_settings(model_config(new) if new in list_models() else None, set_ or []),
    }
    config = validated(BridgeConfig, given, "bridge")
    with progress("Bridging", "bridges") as bar:
        found = train(open_store(store, at), config, run, force, bar, resume)
    if as_json:
        print(json.dumps({**found.report.to_json(), "systems": found.systems.to_dicts()}, indent=2, ensure_ascii=False))
        return
    show(found.systems, title=f"{config.manifest}: {found.report.windows:,} windows of {found.report.persons} persons")
    for note in [*found.report.cautions, *found.report.notes]:
        console().print(f"- {note}", markup=False)
    console().print(f"Run folder: {run}", markup=False)
