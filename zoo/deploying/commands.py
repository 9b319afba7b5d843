"""`biocurate zoo export`. Heavy imports stay inside the functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biocurate.cli.options import AsJson, At, StoreOption, path_of

if TYPE_CHECKING:
    from onnx import ModelProto
    from polars import DataFrame

    from zoo.deploying.calibrating import Calibration
    from zoo.deploying.network import Deployed


def export(
    name: Annotated[str, typer.Argument(metavar="MODEL|RUN|WEIGHTS", help="A model, a run or a checkpoint.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="File to write, such as m.onnx.", parser=path_of)],
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An option of a MODEL.")] = None,
    int8: Annotated[str | None, typer.Option("--int8", help="dynamic, or static with --store and --manifest.")] = None,
    store: Annotated[str | None, typer.Option("--store", envvar="BIOCURATE_STORE", help="To calibrate by.")] = None,
    manifest: Annotated[str | None, typer.Option(help="To calibrate by; only persons trained on are read.")] = None,
    sensors: Annotated[str | None, typer.Option(help="Sensor types to calibrate by, such as EEG,ECG.")] = None,
    windows: Annotated[int, typer.Option(min=1, help="Windows to calibrate by.")] = 128,
    measure: Annotated[bool, typer.Option("--measure", help="Time and memory of every form, on one thread.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Write a network as an ONNX file that needs no torch, and hold it against torch.

    biocurate zoo export panluna --set num_classes=5 -o panluna.onnx
    biocurate zoo export runs/both/model-fold0.safetensors --int8 static --manifest both --store ~/store -o both.onnx
    """
    import json

    import polars as pl

    from biocurate.cli.output import show, writing
    from biocurate.errors import UsageError
    from zoo.deploying.network import open_network, refuse_changes
    from zoo.deploying.onnx_file import parity, traced, write
    from zoo.runs.config import setting

    if int8 not in (None, "dynamic", "static"):
        raise UsageError(f"there is no {int8!r}.", where="--int8", mend="dynamic or static.")
    if out.exists() and not force:
        raise UsageError("a file is here already.", where=str(out), mend="Choose another -o, or --force.")
    if not out.absolute().parent.is_dir():
        raise UsageError("its folder does not exist.", where=str(out), mend="Make it, or choose another -o.")
    deployed = open_network(name, dict(setting(pair) for pair in set_ or []))
    if int8 is not None:
        refuse_changes(deployed)
    chosen = _calibration(deployed, store, manifest, sensors, windows, at) if int8 == "static" else None
    plain = traced(deployed)
    model = plain if int8 is None else _quantised(deployed, plain, chosen)
    with writing(out):
        write(model, out, force)
    found = parity(deployed, model)
    row: dict[str, Any] = {
        "file": out.name,
        "precision": "float32" if int8 is None else f"int8 {int8}",
        "licence": deployed.licence,
        "size_mb": round(model.ByteSize() / 1e6, 2),
        "of_float": round(model.ByteSize() / plain.ByteSize(), 4),
        "from_torch": float(f"{found.largest:.2g}"),
        "largest_score": float(f"{found.answer:.3g}"),
    }
    costs = _cost(deployed, plain, model if int8 == "static" else None) if measure else None
    if as_json:
        print(json.dumps({"file": row} | ({} if costs is None else {"cost": costs.to_dicts()}), indent=2))
        return
    show(pl.DataFrame([row]), title=f"{deployed.model}, {deployed.origin}")
    _say(deployed, chosen)
    if costs is not None:
        show(costs, title="one item at a time, one thread")


def _calibration(
    deployed: Deployed, store: str | None, manifest: str | None, sensors: str | None, windows: int, at: str | None
) -> Calibration:
    from biocurate import open_store
    from biocurate.errors import UsageError
    from biocurate.sensors import SensorType
    from zoo.deploying.calibrating import choose

    if store is None or manifest is None:
        mend = "Give --store and --manifest, or take --int8 dynamic."
        raise UsageError("scales of activations come from windows.", where="--int8 static", mend=mend)
    named = tuple(str(SensorType.parse(each.strip())) for each in (sensors or "").split(",") if each.strip())
    return choose(deployed, open_store(store, at), manifest, windows, named)


def _quantised(deployed: Deployed, plain: ModelProto, chosen: Calibration | None) -> ModelProto:
    from zoo.deploying.int8 import dynamic, static

    return dynamic(plain) if chosen is None else static(plain, chosen.batches(deployed))


def _say(deployed: Deployed, chosen: Calibration | None) -> None:
    from biocurate.cli.output import console

    notes = []
    if chosen is not None:
        of = "that it was trained on" if deployed.about.get("persons") else "of the split train"
        notes.append(f"Calibrated by {len(chosen.at)} windows of {chosen.persons} persons {of}.")
    if deployed.inherited:
        notes.append(f"Its weights started from others' under {deployed.inherited}: read that before passing it on.")
    for note in notes:
        console().print(f"- {note}", markup=False)


def _cost(deployed: Deployed, plain: ModelProto, static: ModelProto | None) -> DataFrame:
    from zoo.deploying.cost import FLOAT, cost
    from zoo.deploying.draws import draw
    from zoo.deploying.int8 import dynamic
    from zoo.deploying.int8 import static as with_scales

    if static is None:
        # Scales from noise: good for times, which do not depend on them, and for nothing else.
        noise = ({name: each.numpy() for name, each in draw(deployed, seed=seed).items()} for seed in range(4))
        static = with_scales(plain, noise)
    forms = {FLOAT: plain, "onnx int8 dynamic": dynamic(plain), "onnx int8 static": static}
    return cost(deployed, forms)


def quantise(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", parser=path_of, metavar="RUN", show_default=False)],
    store: StoreOption,
    epochs: Annotated[int, typer.Option(min=0, help="Of further training, on grids and in float.")] = 0,
    windows: Annotated[int, typer.Option(min=1, help="Windows to calibrate by, of training persons.")] = 128,
    metric: Annotated[
        str, typer.Option(help="Of each person: balanced_accuracy, accuracy, auroc.")
    ] = "balanced_accuracy",
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Try every smaller form of a run's networks on the persons that it held out.

    biocurate zoo quantise runs/eegmat
    biocurate zoo quantise runs/eegmat --epochs 15
    """
    import json

    from biocurate import open_store
    from biocurate.cli.output import console, show
    from biocurate.errors import UsageError
    from zoo.deploying.packages import require
    from zoo.judging.comparing.by_person import BY_PERSON

    if metric not in BY_PERSON:
        raise UsageError(f"there is no {metric!r}.", where="--metric", mend=f"There are {', '.join(BY_PERSON)}.")
    require("onnx", "onnxscript", "onnxruntime", extra="export")
    from zoo.deploying.trial import Asked, trial

    found = trial(run, open_store(store, at), Asked(epochs, windows, metric))
    if as_json:
        print(json.dumps({"forms": found.table.to_dicts(), "notes": found.notes}, indent=2))
        return
    show(found.table, title=f"{run.name}: smaller forms")
    for note in found.notes:
        console().print(f"- {note}", markup=False)
