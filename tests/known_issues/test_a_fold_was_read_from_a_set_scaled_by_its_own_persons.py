"""`ImageDataset` read a fold from a set whose black and white its own persons gave, and `zoo pretrain` took such sets.

`zoo finetune` refused them already; see `test_a_set_scaled_by_one_fold_was_trained_on_all`.
"""

from __future__ import annotations

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import UsageError
from biocurate.images.making.generate import generate
from biocurate.images.making.scaling import scaled
from biocurate.store.store import create_store
from biocurate.testing.memory import put
from zoo import ImageDataset
from zoo.data.draw import Draw
from zoo.pretraining.config import PretrainConfig, Pretraining, TaskConfig
from zoo.pretraining.run import pretrain

from .test_a_set_scaled_by_one_fold_was_trained_on_all import DEFINITION, FOLDS, person


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Six persons, a set scaled with fold0 held out, and one by the train split of a manifest without folds."""
    store = create_store(str(tmp_path_factory.mktemp("store") / "s"))
    names = [(label, number) for number in range(6) for label in ("rest", "task")]
    recordings = {f"twin/p{number}_{label}": person(label, number) for label, number in names}
    put(store, recordings, {f"twin/p{number}_{label}": f"p{number}" for label, number in names})
    parts = {"fractions": {"train": 0.5, "val": 0.25, "test": 0.25}, "seed": 1}
    for name, split in {"folds": FOLDS, "other": {**FOLDS, "folds": 2}, "parts": parts}.items():
        build_manifest(store, parse_definition({"name": name, "split": split, **DEFINITION}))
    for manifest, held_out in {"folds": "fold0", "parts": None}.items():
        built = store.manifest(manifest)
        drawn = scaled(store, built, "spectrogram-psd", "EEG", "train", held_out=held_out)
        generate(store, built, drawn, ["EEG"], image_set=f"of-{manifest}")
    return store


def opened(store, split, manifest="folds", **more):
    return ImageDataset(store.url, manifest, split, "of-folds", size=32, **more)


def test_the_fold_that_is_not_in_the_range_is_read(store):
    assert len(opened(store, "fold0"))
    assert len(opened(store, None))


@pytest.mark.parametrize("live", [{}, {"stored": False, "draw": Draw()}], ids=["stored", "drawn again"])
def test_a_fold_whose_persons_gave_the_range_is_refused_unless_it_is_trained_on(store, live):
    with pytest.raises(UsageError, match=r"fold0 held out.*judge: fold1(?s:.*)held_out='fold0'"):
        opened(store, "fold1", **live)
    with pytest.raises(UsageError, match="fold0 held out"):
        opened(store, "fold0", held_out="fold1", **live)
    assert len(opened(store, "fold1", held_out="fold0", **live))


def test_a_range_of_another_manifest_is_refused(store):
    with pytest.raises(UsageError, match="of another manifest"):
        opened(store, "fold0", "other")


def pretrained(store, folder, manifest, image_set):
    training = Pretraining(steps=2, batch_size=4, evaluate=2, keep=2)
    task = TaskConfig(manifest=manifest, images=image_set, sensors=("EEG",))
    return pretrain(store, PretrainConfig(model="test-tiny-biomoe", tasks=(task,), pretraining=training), folder)


def test_a_pre_training_that_holds_out_others_refuses_such_a_set(store, tmp_path):
    with pytest.raises(UsageError, match="other persons are held out here"):
        pretrained(store, tmp_path / "run", "folds", "of-folds")
    with pytest.raises(UsageError, match="of another manifest"):
        pretrained(store, tmp_path / "run", "folds", "of-parts")
    assert not (tmp_path / "run").exists()


def test_one_by_the_manifests_own_train_split_serves(store, tmp_path):
    assert pretrained(store, tmp_path / "run", "parts", "of-parts").images
