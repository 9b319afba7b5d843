"""`biocurate zoo`: models, their training and their results. Heavy imports stay inside the functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, get_args

import typer

from biocurate.cli.options import AsJson, At, StoreOption, path_of
from biocurate.curate.leakage.kinds import Kind
from zoo.biox_bridge.commands import bridge
from zoo.biox_bridge.joining.commands import join
from zoo.biox_bridge.table_commands import bridges
from zoo.deploying.commands import export, quantise
from zoo.embedding import commands as embedding
from zoo.pretraining.commands import pretrain
from zoo.reproducing.commands import reproduce
from zoo.streaming.commands import stream
from zoo.timing.commands import bench

if TYPE_CHECKING:
    import polars as pl

    from biocurate.store.store import Store
    from zoo.judging.report import Report

app = typer.Typer(
    help="Models: train them on a manifest, judge them on persons that they never saw.", no_args_is_help=True
)
embedding.join(app)
app.command()(pretrain)
app.command()(export)
app.command()(quantise)
app.command()(bridge)
app.command()(bridges)
app.command()(join)
app.command()(bench)
app.command()(stream)
app.command()(reproduce)

Run = Annotated[
    Path, typer.Option("--run", help="Folder of the run.", parser=path_of, metavar="DIR", show_default=False)
]
RunFolders = Annotated[
    list[Path], typer.Argument(help="Folder of a run.", parser=path_of, metavar="RUN", show_default=False)
]
Sensors = Annotated[
    str | None, typer.Option(help="Sensor types, such as EEG,ECG; all that the model takes by default.")
]
Channels = Annotated[
    list[str] | None,
    typer.Option("--channels", metavar="SENSOR=NAMES", help="Only these of a model of samples, such as EEG=Fz,Cz."),
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Of model, training, evaluation or drawing.")
]
Noise = Annotated[
    str | None,
    typer.Option(help="Kinds of noise in the windows held out: wander, muscle, motion, mains, white, dropout."),
]
Ratios = Annotated[
    str | None, typer.Option(help="With --noise: ratios of signal to noise, in decibels.", show_default="30,20,10,0")
]
Weights = Annotated[
    Path | None,
    typer.Option(help="With --noise: where the weights are now that made a run's vectors.", parser=path_of),
]
Images = Annotated[str | None, typer.Option(help="Image set, for models of images.")]
Embeddings = Annotated[
    list[str] | None, typer.Option("--embeddings", help="Set of embeddings, for a head on them; can be repeated.")
]
Size = Annotated[int | None, typer.Option(min=32, help="Side of the images; the same as --set size=N.")]
Devices = Annotated[int | None, typer.Option(min=1, help="Processes of a machine that train together.")]
Nodes = Annotated[int | None, typer.Option(min=1, help="Machines that train together, each with this command.")]
Folds = Annotated[bool, typer.Option("--folds", help="Insist on a k-fold manifest: one model a fold.")]
OneFold = Annotated[list[str] | None, typer.Option("--fold", help="Hold out only this fold; can be repeated.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed of everything that is random.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a run of the same name.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where a killed run of the same choices stopped.")]
AllowLeakage = Annotated[
    list[str] | None, typer.Option("--allow-leakage", help="Train although splits share this; it is recorded.")
]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the models, and what each takes.

    biocurate zoo list
    """
    import polars as pl

    from biocurate.cli.output import show
    from zoo.models.registry import list_models, model_config
    from zoo.runs.card import summary

    rows = [summary(model_config(name)) for name in list_models()]
    show(pl.DataFrame(rows), as_json, title="models")


@app.command()
def card(
    name: Annotated[str, typer.Argument(metavar="MODEL|RUN", help="A model, or the folder of a run.")],
    as_json: AsJson = False,
) -> None:
    """Print all that is known of a model, or of a run with its figures and what weakens them.

    biocurate zoo card image-cnn
    """
    import json

    from zoo.runs.card import as_markdown, model_card, run_card
    from zoo.runs.weights_card import weights_card, weights_file

    folder = path_of(name)
    weights = weights_file(folder)
    if weights is not None:
        found = weights_card(weights)
    else:
        found = run_card(folder) if (folder / "config.yaml").is_file() else model_card(name)
    print(json.dumps(found, indent=2, ensure_ascii=False, default=str) if as_json else as_markdown(found))


@app.command()
def finetune(
    store: StoreOption,
    run: Run,
    model: Annotated[str | None, typer.Argument(help="A name of `biocurate zoo list`.", show_default=False)] = None,
    manifest: Annotated[str | None, typer.Option(help="A built manifest.", show_default=False)] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="YAML file of choices, or config.yaml of a run.", parser=path_of)
    ] = None,
    parent: Annotated[str | None, typer.Option("--from", help="Run or checkpoint whose weights to start from.")] = None,
    sensors: Sensors = None,
    channels: Channels = None,
    images: Images = None,
    embeddings: Embeddings = None,
    size: Size = None,
    set_: Settings = None,
    folds: Folds = False,
    fold: OneFold = None,
    seed: Seed = None,
    devices: Devices = None,
    nodes: Nodes = None,
    force: Force = False,
    resume: Resume = False,
    allow_leakage: AllowLeakage = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Train a model on a manifest, and judge it on the persons held out.

    A manifest of folds gives one model a fold, and every person is held out once.

    biocurate zoo finetune features-logreg --manifest eegmat-folds --sensors EEG,ECG --run runs/eegmat
    biocurate zoo finetune --config runs/eegmat/config.yaml --set C=0.1 --run runs/weaker
    """
    from biocurate import open_store
    from biocurate.cli.progress import progress
    from biocurate.engine import Silent
    from biocurate.errors import UsageError
    from zoo.models.registry import model_config
    from zoo.runs.channels import parse_channels
    from zoo.runs.run_file import check_hash, read_choices, run_config
    from zoo.training.finetune import finetune as train
    from zoo.training.folds import has_folds

    choices = read_choices(config) if config is not None else {}
    given = {
        "model": model,
        "manifest": manifest,
        "sensors": _sensors(sensors) or None,
        "channels": parse_channels(channels or ()),
        "images": images,
        "embeddings": tuple(embeddings) if embeddings else None,
        "folds": tuple(fold) if fold else None,
        "seed": seed,
        "parent": parent,
        "allow_leakage": _leaks(allow_leakage) if allow_leakage else None,
    }
    named = {"size": size, "devices": devices, "nodes": nodes}
    pairs = [*(set_ or []), *(f"{name}={value}" for name, value in named.items() if value is not None)]
    chosen = run_config(choices, given, pairs, str(config or "finetune"))
    opened = open_store(store, at)
    built = opened.manifest(chosen.manifest)
    check_hash(choices, chosen, built.hash)
    if folds and not has_folds(built.rows):
        mend = "Leave out --folds, or build a manifest with `split: {method: kfold}`."
        raise UsageError("it has no folds.", where=f"manifest {chosen.manifest}", mend=mend)
    if model_config(chosen.model).spec.input in ("image", "window"):
        measuring = Silent()
        with progress("Training", "models") as training:
            report = train(opened, chosen, run, force, resume, measuring, training)
    else:
        with progress("Measuring", "windows") as measuring_bar:
            report = train(opened, chosen, run, force, resume, measuring_bar)
    _print(report, as_json)
    if not as_json:
        _say(f"Run folder: {run}")


@app.command()
def evaluate(
    run: RunFolders,
    compare: Annotated[bool, typer.Option("--compare", help="Test runs against each other, in pairs.")] = False,
    seeds: Annotated[bool, typer.Option("--seeds", help="Judge runs that differ in their seed as one.")] = False,
    store: Annotated[str | None, typer.Option("--store", envvar="BIOCURATE_STORE", help="With --manifest.")] = None,
    manifest: Annotated[str | None, typer.Option(help="Judge on this manifest; its persons must be new.")] = None,
    split: Annotated[str | None, typer.Option(help="Only this split of the manifest.")] = None,
    images: Annotated[str | None, typer.Option(help="Set of the manifest's images.")] = None,
    embeddings: Annotated[
        list[str] | None, typer.Option(help="Set of the manifest's vectors; once for each that the run has.")
    ] = None,
    drop: Annotated[str | None, typer.Option(help="Sensor types that may be missing, such as ECG, or all.")] = None,
    noise: Noise = None,
    snr: Ratios = None,
    weights: Weights = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Print how well a run did, computed anew from its predictions; judge it on another manifest; or compare runs.

    biocurate zoo evaluate runs/eegmat
    biocurate zoo evaluate --compare runs/eegmat runs/eegmat-cnn
    biocurate zoo evaluate --seeds runs/cnn-0 runs/cnn-1 runs/cnn-2
    biocurate zoo evaluate runs/cnn --store ~/store --manifest new-persons --images new-persons-spectrogram-psd
    biocurate zoo evaluate runs/eegmat --store ~/store --drop all
    biocurate zoo evaluate runs/eegmat --store ~/store --noise white,mains --snr 20,0
    """
    from biocurate.errors import UsageError
    from zoo.judging.judge import judge_again, judge_on, judge_seeds

    if weights is not None and noise is None:
        raise UsageError("it is for heads on stored vectors.", where="--weights", mend="Give --noise, or leave it out.")
    if snr is not None and noise is None:
        raise UsageError("it is the size of a noise.", where="--snr", mend="Give --noise KINDS, or leave it out.")
    for option, given in {"--split": split, "--images": images, "--embeddings": embeddings}.items():
        if given is not None and manifest is None:
            raise UsageError("it is of another manifest.", where=option, mend="Give --manifest NAME, or leave it out.")
    if drop is not None and noise is not None:
        raise UsageError("--drop and --noise are tried one at a time.", mend="Leave one of them out.")
    if compare or seeds:
        if manifest is not None or drop is not None or noise is not None or (compare and seeds):
            mend = "Leave out --manifest, --drop and --noise, and one of --compare and --seeds."
            raise UsageError("several runs are seen on what they were judged on.", mend=mend)
        _print_comparison(run, as_json) if compare else _print(judge_seeds(run), as_json)
        return
    if len(run) > 1:
        raise UsageError("several runs are named.", mend="Name one run, or give --compare or --seeds.")
    if drop is not None:
        if manifest is not None:
            raise UsageError("windows are those that the run held out.", where="--drop", mend="Leave out --manifest.")
        _print_dropped(run[0], store, drop, at, as_json)
        return
    if noise is not None:
        if manifest is not None:
            raise UsageError("windows are those that the run held out.", where="--noise", mend="Leave out --manifest.")
        _print_noisy(run[0], store, noise, snr or "30,20,10,0", weights, at, as_json)
        return
    if manifest is None:
        _print(judge_again(run[0]), as_json)
        return
    from biocurate.cli.progress import progress

    opened = _opened(store, at, "--manifest")
    with progress("Measuring", "windows") as bar:
        report = judge_on(run[0], opened, manifest, split, bar, images, embeddings or ())
    _print(report, as_json)


def _leaks(names: list[str]) -> tuple[Kind, ...]:
    """Kinds of leak by their names."""
    from biocurate.errors import UsageError

    for name in names:
        if name not in get_args(Kind):
            raise UsageError(
                f"there is no leak {name!r}.", where="--allow-leakage", mend=f"Name one of {', '.join(get_args(Kind))}."
            )
    return tuple(kind for kind in get_args(Kind) if kind in names)


def _sensors(text: str | None) -> tuple[str, ...]:
    from biocurate.sensors import SensorType

    return tuple(str(SensorType.parse(name)) for name in _names(text or ""))


def _print(report: Report, as_json: bool) -> None:
    """A table with the controls beside, then what weakens the figures; points per person where they are few."""
    import json

    from biocurate.cli.output import show
    from zoo.judging.bootstrap import FEWEST_PERSONS

    if as_json:
        print(json.dumps(report.to_json(), indent=2, ensure_ascii=False))
        return
    show(report.table(), title=f"{report.model}: {', '.join(report.classes) or 'a number'}")
    if report.levels:
        show(report.levels_table(), title="by window, and by what windows are of")
    if report.confusion:
        show(report.confusion_table(), title="confusion of windows")
    if report.per_label:
        show(report.labels_table(), title="labels")
    if report.persons < FEWEST_PERSONS:
        show(report.persons_table(), title="held-out persons")
    for note in [*report.cautions, *report.notes]:
        _say(f"- {note}")


def _print_dropped(run: Path, store: str | None, drop: str, at: str | None, as_json: bool) -> None:
    from biocurate.cli.progress import progress
    from zoo.judging.dropped import judge_without

    opened = _opened(store, at, "--drop")
    with progress("Judging", "sets") as bar:
        found = judge_without(run, opened, _names(drop), bar)
    _print_table(found, f"{found.model}: what is left of it", as_json)


def _print_noisy(
    run: Path, store: str | None, noise: str, snr: str, weights: Path | None, at: str | None, as_json: bool
) -> None:
    import math

    from biocurate.cli.progress import progress
    from biocurate.errors import UsageError
    from zoo.judging.noisy import judge_with_noise

    opened = _opened(store, at, "--noise")
    try:
        ratios = [float(ratio) for ratio in snr.split(",")]
    except ValueError as error:
        mend = "Write decibels: --snr 30,20,10,0."
        raise UsageError(f"{snr!r} are no ratios.", where="--snr", mend=mend) from error
    if any(math.isnan(ratio) or ratio == -math.inf for ratio in ratios):
        raise UsageError(f"{snr!r} are not all ratios.", where="--snr", mend="Write decibels; inf is no noise at all.")
    with progress("Judging", "ratios") as bar:
        found = judge_with_noise(run, opened, _names(noise), ratios, bar=bar, weights=weights)
    _print_table(found, f"{found.model}: with noise", as_json)


def _print_comparison(folders: list[Path], as_json: bool) -> None:
    from zoo.judging.comparing.compare import compare

    found = compare(folders)
    _print_table(found, f"{found.windows:,} held-out windows that all runs share", as_json)


class _Told(Protocol):
    """What is one table and what is to stand beside it."""

    @property
    def notes(self) -> list[str]:
        """Sentences."""
        ...

    def table(self) -> pl.DataFrame:
        """What a person reads."""
        ...

    def to_json(self) -> dict[str, Any]:
        """What a program reads."""
        ...


def _print_table(found: _Told, title: str, as_json: bool) -> None:
    import json

    from biocurate.cli.output import show

    if as_json:
        print(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
        return
    show(found.table(), title=title)
    for note in found.notes:
        _say(f"- {note}")


def _opened(store: str | None, at: str | None, option: str) -> Store:
    """The store that an option reads windows from again."""
    from biocurate import open_store
    from biocurate.errors import UsageError

    if store is None:
        raise UsageError("windows are read from a store.", where=option, mend="Name it: --store STORE.")
    return open_store(store, at)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _say(text: str) -> None:
    from biocurate.cli.output import console

    console().print(text, markup=False)
