"""`biocurate demo`: the whole way, each step as the command that a user would type."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

IMAGED = ("GSR", "ECG", "PPG", "EEG")
"""Sensor types to draw, the first that a selection has."""

SIMULATED = {
    "demo-eda": """name: demo-eda
title: Simulated rest against stress, 30 s of wrist signals
windows: {length: 30s, require: [GSR, PPG], labels: [condition]}
where: "corpus = 'sim-csv'"
label: {column: condition, keep: [rest, stress]}
split: {method: kfold, folds: 4, seed: 0}
""",
    "demo-eeg": """name: demo-eeg
title: Simulated rest against stress, 10 s of EEG and ECG
windows: {length: 10s, require: [EEG, ECG], labels: [condition]}
where: "corpus = 'sim-edf'"
label: {column: condition, keep: [rest, stress]}
split: {method: kfold, folds: 4, seed: 0}
""",
}
"""Selections on the simulated cohort."""


@dataclass(frozen=True)
class Selection:
    """A manifest to build, and what to draw and train on from it."""

    name: str
    file: Path
    sensors: tuple[str, ...]

    @property
    def drawn(self) -> str:
        """The sensor type whose images are made."""
        return next((sensor for sensor in IMAGED if sensor in self.sensors), self.sensors[0])


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything that the demo makes; replaced.")] = Path("demo-run"),
    corpus: Annotated[Path | None, typer.Option(help="Real recordings instead of simulated ones.")] = None,
    recipe: Annotated[str | None, typer.Option(help="Their recipe.")] = None,
    subjects: Annotated[int, typer.Option(min=4, help="Persons to simulate.")] = 8,
    workers: Annotated[int, typer.Option(min=0, help="Worker processes.")] = 2,
) -> None:
    """Show the whole way: raw files, store, query, manifest, images, trained and evaluated models.

    biocurate demo --out demo-run

    biocurate demo --corpus ~/data/eegmat --recipe eegmat
    """
    from biocurate.errors import UsageError

    if (corpus is None) != (recipe is None):
        raise UsageError("--corpus and --recipe go together.", mend="make demo CORPUS=DIR RECIPE=NAME")
    began = time.monotonic()
    _empty(out)
    store = out / "store"
    sources = [(str(recipe), corpus)] if corpus is not None else list(_simulated(out / "raw", subjects))
    _run("init", str(store))
    for name, root in sources:
        _run("ingest", name, "--root", str(root), "--store", str(store), "--workers", str(workers))
    _look_around(store)
    selections = list(_selections(out, recipe))
    for selection in selections:
        _curate_and_train(out, store, selection, workers)
    _say_what_to_look_at(out, store, selections, time.monotonic() - began)


def _simulated(raw: Path, subjects: int) -> Iterator[tuple[str, Path]]:
    from biocurate.cli.output import console
    from biocurate.testing import simulate, write_cohort

    console().print(f"Simulating {subjects} persons at rest and under stress, written as EDF, WFDB and CSV …")
    for root in write_cohort(simulate(subjects), raw).values():
        yield str(root / "recipe.yaml"), root


def _look_around(store: Path) -> None:
    _run("status", "--store", str(store))
    _run(
        "query",
        "SELECT corpus, sensor_type, count(DISTINCT recording_id) AS recordings, "
        "round(sum(n_samples / rate_hz) / 3600, 2) AS hours FROM streams GROUP BY corpus, sensor_type "
        "ORDER BY corpus, sensor_type",
        "--store",
        str(store),
    )
    _run("verify", "--store", str(store))


def _selections(out: Path, recipe: str | None) -> Iterator[Selection]:
    """Definitions to build: our own on simulated recordings, the shipped ones of a real corpus."""
    from biocurate.curate.manifests.catalogue import shipped
    from biocurate.curate.manifests.definition import load_definition
    from biocurate.curate.windows.rule import WindowRule

    if recipe is None:
        folder = out / "manifests"
        folder.mkdir()
        for name, text in SIMULATED.items():
            (folder / f"{name}.yaml").write_text(text)
        files = sorted(folder.glob("*.yaml"))
    else:
        files = [path for path in shipped() if path.stem.startswith(recipe)]
    for path in files:
        definition = load_definition(path)
        required = definition.windows.require if isinstance(definition.windows, WindowRule) else ()
        yield Selection(definition.name, path, tuple(map(str, required)))


def _curate_and_train(out: Path, store: Path, selection: Selection, workers: int) -> None:
    at = ("--store", str(store))
    _run("manifest", "build", str(selection.file), *at)
    _run("manifest", "show", selection.name, *at)
    runs = out / "runs"
    features, cnn = runs / f"{selection.name}-features-logreg", runs / f"{selection.name}-image-cnn"
    _run("zoo", "finetune", "features-logreg", "--manifest", selection.name, "--run", str(features), *at)
    drawn = ("--representation", "spectrogram-psd", "--sensor", selection.drawn)
    images = f"{selection.name}-{selection.drawn.lower()}"
    _run("images", "generate", "--manifest", selection.name, *drawn, "--set", images, "--workers", str(workers), *at)
    _run("images", "show", images, "-o", str(out / f"{images}.png"), *at)
    few = ("--size", "64", "--set", "epochs=20", "--set", "batch_size=16")
    _run("zoo", "finetune", "image-cnn", "--manifest", selection.name, "--images", images, *few, "--run", str(cnn), *at)


def _say_what_to_look_at(out: Path, store: Path, selections: list[Selection], seconds: float) -> None:
    from biocurate.cli.output import console

    say = console()
    say.print(f"\nDone in {seconds:.0f} s. Look at:", style="bold")
    for selection in selections:
        say.print(f"  {out}/{selection.name}-{selection.drawn.lower()}.png   the images, a row a label", markup=False)
        say.print(f"  {out}/runs/{selection.name}-*   metrics, controls, plots, checkpoints", markup=False)
    say.print(f'  biocurate query "SELECT * FROM recordings" --store {store}', markup=False)
    if not selections:
        say.print("  No selection is shipped for this recipe: write one, then `biocurate manifest build FILE.yaml`.")


def _run(*arguments: str) -> None:
    """Run one command as a user would, after printing it."""
    from biocurate.cli.output import console

    console().print(f"\n$ biocurate {shlex.join(arguments)}", style="bold cyan", markup=False)
    sys.stdout.flush()
    done = subprocess.run([sys.executable, "-m", "biocurate", *arguments])
    if done.returncode:
        raise typer.Exit(done.returncode)


def _empty(out: Path) -> None:
    """Make an empty folder; only one that an earlier demo made is replaced."""
    import shutil

    from biocurate.errors import UsageError

    mark = out / "made-by-biocurate-demo"
    if out.exists() and any(out.iterdir()):
        if not mark.exists():
            raise UsageError("the folder holds something else.", where=str(out), mend="Choose another with --out.")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    mark.touch()
