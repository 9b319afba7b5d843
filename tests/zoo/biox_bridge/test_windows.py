"""Bridges between networks of samples: plumbing, on a few short windows."""

from __future__ import annotations

import numpy as np
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.store import create_store
from biocurate.testing import simulate, waveforms
from biocurate.testing.memory import interval, put
from zoo.biox_bridge.config import BridgeConfig, BridgeOptions
from zoo.biox_bridge.run import bridge
from zoo.runs.config import Evaluation, RunConfig, Training
from zoo.training.finetune import finetune

RATE = 256.0


def stream(person, sensor):
    x = waveforms.eeg(person, RATE)["O1"] if sensor == "EEG" else waveforms.ecg(person, RATE, "II")
    unit, gain = ("uV", 1e-2) if sensor == "EEG" else ("mV", 1e-4)
    channel = Channel(label=sensor, name="O1" if sensor == "EEG" else "II", unit=unit, gain=gain)
    samples = ArraySamples(np.round(x[None] / gain).astype(np.int32))
    return Stream(SensorType(sensor), RATE, (channel,), (Segment(0, x.size),), samples)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = create_store(str(tmp_path_factory.mktemp("placed") / "s"))
    recordings = {
        f"placed/{one.subject}": Recording(
            tuple(stream(one, sensor) for sensor in ("EEG", "ECG")),
            tuple(interval(span.start_s, span.stop_s - span.start_s, span.condition) for span in one.spans),
        )
        for one in simulate(10, minutes=1 / 3).people
    }
    put(made, recordings)
    definition = {
        "name": "pairs",
        "windows": {"length": "5s", "require": ["EEG", "ECG"]},
        "label": {"column": "condition", "keep": ["rest", "stress"]},
        "split": {"method": "kfold", "folds": 2},
    }
    build_manifest(made, parse_definition(definition))
    return made


def test_a_network_of_one_sensor_s_samples_is_bridged_to_another_s(store, tmp_path):
    told = Evaluation(draws=20, permutations=0)
    training = Training(epochs=1, batch_size=16)
    finetune(
        store,
        RunConfig(model="test-panluna", manifest="pairs", sensors=["EEG"], training=training, evaluation=told),
        tmp_path / "old",
    )
    chosen = BridgeConfig(
        old=str(tmp_path / "old"),
        new="test-panluna",
        manifest="pairs",
        new_sensors=("ECG",),
        compare=("distilled head",),
        bridge=BridgeOptions(epochs=2, rotations=2, rank=2, prototypes=4),
        evaluation=told,
    )
    found = bridge(store, chosen, tmp_path / "run")
    assert found.report.persons == 10
    assert found.report.windows == store.manifest("pairs").rows.height
    assert "encoders random" not in found.systems["system"].to_list()
