"""Runs whose images are drawn while they train: what a run's choices say of it, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from biocurate.errors import BiocurateError
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.images.making.scaling import scaled
from zoo.learners.image_source import image_source
from zoo.runs.run_file import read_choices, run_config
from zoo.training.finetune import finetune

CHANGES = {"probability": 1.0, "noise": 0.2, "shift_s": 1.0}
FILE = f"""
model: image-cnn
manifest: holdout
sensors: [EEG]
options: {{size: 32, width: 8}}
training: {{epochs: 2, batch_size: 16, order: blocks}}
evaluation: {{draws: 50, permutations: 0}}
drawing:
  draw: [spectrogram-psd, waveform]
  augmentation: {CHANGES}
  mask: {{probability: 0.5, shape: bands}}
"""


@pytest.fixture
def store(cohort):
    """Six persons; a set of EEG that is scaled image by image, and one by the range of a train split."""
    store = cohort(6, 3.0)
    built = store.manifest("holdout")
    generate(store, built, representation("spectrogram-psd", segment=32), ["EEG"], image_set="drawn-before")
    generate(store, built, scaled(store, built, "spectrogram-psd", "EEG", "train"), ["EEG"], image_set="of-train")
    return store


def config(pairs=(), **given):
    base = {"model": "image-cnn", "manifest": "holdout", "sensors": ("EEG",)}
    small = ("size=32", "width=8", "epochs=2", "batch_size=16", "draws=50", "permutations=0")
    return run_config({}, {**base, **given}, [*small, *pairs])


def weights(folder):
    return load_file(next(folder.glob("model-*.safetensors")))


def test_a_file_names_what_is_drawn_and_what_changes_it(store, tmp_path):
    (tmp_path / "run.yaml").write_text(FILE)
    chosen = run_config(read_choices(tmp_path / "run.yaml"), {}, [])
    assert chosen.drawing.draw == ("spectrogram-psd", "waveform")
    assert chosen.drawing.augmentation.noise == 0.2
    assert chosen.drawing.mask.shape == "bands"
    finetune(store, chosen, tmp_path / "a")
    said = yaml.safe_load((tmp_path / "a" / "config.yaml").read_text())
    assert said["drawing"]["augmentation"]["shift_s"] == 1.0
    again = run_config(read_choices(tmp_path / "a" / "config.yaml"), {}, [])
    finetune(store, again, tmp_path / "b")
    first, second = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_set_drawn_live_trains_the_weights_of_the_set_that_is_read(store, tmp_path):
    read = config(("order=blocks",), images="drawn-before")
    live = config(("order=items", "live=true"), images="drawn-before")
    finetune(store, read.model_copy(update={"training": live.training}), tmp_path / "read")
    finetune(store, live, tmp_path / "live")
    stored, drawn = weights(tmp_path / "read"), weights(tmp_path / "live")
    assert all(torch.equal(stored[name], drawn[name]) for name in stored)


def test_only_training_images_are_changed(store):
    chosen = config(("draw=spectrogram-psd", f"augmentation={CHANGES}"))
    plain = config(("draw=spectrogram-psd",))
    sensors = chosen.sensors
    changed, same = (image_source(store, each, 32, sensors) for each in (chosen, plain))
    at = np.arange(len(same)).tolist()
    assert not torch.equal(changed.__getitems__(at)["image"], same.__getitems__(at)["image"])
    assert torch.equal(changed.unchanged(at)["image"], same.__getitems__(at)["image"])


@pytest.mark.parametrize(
    ("pairs", "given", "told"),
    [
        ((), {}, "--images SET; or draw them: --set draw=KIND"),
        (("draw=waveform",), {"images": "drawn-before"}, "not both"),
        (("draw=waveform",), {"sensors": ()}, "--sensors EEG"),
        (("draw=waveform", "live=true"), {}, "live draws the set's own images"),
        (("draw=waveform", "scale=train"), {}, "one fold's.*Scale by image or recording"),
        (("live=true",), {"images": "of-train"}, "one fold's.*Scale by image or recording"),
        (("augmentation={noise: 1}",), {"images": "drawn-before"}, "live=true"),
        (("scale=recording",), {"images": "drawn-before"}, "of what `draw` names"),
        (("draw=waveform", "augmentation={horizontal_flip: true}"), {}, "time has a direction"),
        (("draw=waveform", "augmentation={flip: 1}"), {}, "flip"),
        (("draw=wave-form",), {}, "no representation 'wave-form'"),
    ],
)
def test_choices_that_make_no_sense_are_refused_with_the_mend(store, tmp_path, pairs, given, told):
    with pytest.raises(BiocurateError, match=told):
        finetune(store, config(pairs, **given), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_model_that_takes_no_images_is_given_none(store, tmp_path):
    base = {"model": "features-logreg", "manifest": "holdout", "sensors": ("EEG",)}
    with pytest.raises(BiocurateError, match="it takes no images"):
        finetune(store, run_config({}, base, ["draw=waveform"]), tmp_path / "run")
