"""Persons whose brain and skin go together, or do not: a simulated cohort with a known coupling, drawn as images."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import torch

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.images import representation
from biocurate.images.drawing.scale import Scale
from biocurate.images.making.generate import generate
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.store import Store, create_store, open_store
from biocurate.testing import Truth, simulate, waveforms
from biocurate.testing.memory import interval, put
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune

RATES = {"EEG": 64.0, "GSR": 8.0, "EMG": 64.0, "TEMP": 8.0}
GAIN = {"EEG": ("uV", 1e-2), "GSR": ("uS", 1e-4), "EMG": ("uV", 1e-2), "TEMP": ("degC", 1e-3)}
BOTH = ("EEG", "GSR")
"""Sensors of a cohort where no more are asked for."""
FAILING = 4
"""Of every so many persons the electrodes on the muscle come off half-way."""
PLACES = ("Fz", "O1")


def stream(person, sensor, share=1.0):
    """What a sensor measures: muscles go with the condition as the brain does, and temperature is noise."""
    rate = RATES[sensor]
    if sensor == "EEG":
        made = waveforms.eeg(person, rate)
        names = PLACES
        x = np.stack([made[name] for name in names])
    elif sensor == "GSR":
        names, x = ("GSR",), waveforms.eda(person, rate)[None]
    elif sensor == "EMG":
        strain = np.interp(person.times(rate), person.grid, person.stress)
        names, x = ("EMG",), (waveforms.emg(person, rate) * np.exp(strain))[None]
    else:
        noise = person.generator("noise").standard_normal(len(person.times(rate)))
        names, x = ("TEMP",), 33 + 0.1 * noise[None]
    unit, gain = GAIN[sensor]
    channels = tuple(Channel(label=name, name=name, unit=unit, gain=gain) for name in names)
    x = x[:, : round(share * x.shape[1])]
    samples = ArraySamples(np.round(x / gain).astype(np.int32))
    return Stream(SensorType(sensor), rate, channels, (Segment(0, x.shape[1]),), samples)


@dataclass(frozen=True)
class Planted:
    """A store with images of both sensors, and a run whose models know the condition from the EEG."""

    store: Store
    old: Path


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Planted]:
    """Make a cohort with a truth; equal requests share one. Two persons are kept from its manifest ``pairs``.

    Of several processes the first that asks makes it, and those beside it wait and copy: it takes longest here.
    """
    made: dict[tuple[Truth, int, int, tuple[str, ...]], Planted] = {}

    def make(
        truth: Truth = Truth(effect=3.0), persons: int = 18, seed: int = 0, sensors: tuple[str, ...] = BOTH
    ) -> Planted:
        asked = (truth, persons, seed, sensors)
        if asked not in made:
            base = tmp_path_factory.getbasetemp()
            first = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / sha256(
                repr(asked).encode()
            ).hexdigest()
            with first.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not first.exists():
                    trained(cohort(create_store(str(first / "s")), *asked), first / "old")
            folder = tmp_path_factory.mktemp("planted")
            copytree(first, folder, dirs_exist_ok=True)
            made[asked] = Planted(open_store(str(folder / "s")), folder / "old")
        return made[asked]

    return make


def trained(store, folder):
    """The old model: it knows the condition from the EEG."""
    torch.manual_seed(0)
    config = RunConfig(
        model="test-image-cnn",
        manifest="pairs",
        images="brain",
        sensors=["EEG"],
        training=Training(epochs=12, batch_size=16, lr=3e-3, patience=12),
        evaluation=Evaluation(draws=50, permutations=0),
    )
    finetune(store, config, folder)


def cohort(store, truth, persons, seed, sensors):
    people = simulate(persons, seed=seed, minutes=1.0, truth=truth).people
    recordings = {
        f"planted/{one.subject}": Recording(
            tuple(stream(one, each, 0.5 if each == "EMG" and at % FAILING == 0 else 1.0) for each in sensors),
            tuple(interval(span.start_s, span.stop_s - span.start_s, span.condition) for span in one.spans),
        )
        for at, one in enumerate(people)
    }
    put(store, recordings)
    definition = {
        "windows": {"length": "10s", "require": ["EEG", "GSR"]},
        "label": {"column": "condition", "keep": ["rest", "stress"]},
        "split": {"method": "kfold", "folds": 2},
    }
    # By recording: an image scaled by itself would hide how strong the skin's responses are.
    skin = representation("spectrogram-psd", segment=16).scaled(Scale(scope="recording"))
    for name, whose in (("all", "> 'S'"), ("pairs", "> 'S02'"), ("others", "<= 'S02'")):
        build_manifest(store, parse_definition({**definition, "name": name, "where": f"subject {whose}"}))
    generate(store, store.manifest("all"), skin, ["GSR"], image_set="skin")
    brain = representation("spectrogram-psd", segment=64)
    generate(store, store.manifest("pairs"), brain, ["EEG"], image_set="brain")
    return store
