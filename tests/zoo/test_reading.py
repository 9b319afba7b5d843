"""Images of a set that does not fit in memory: each once an epoch, block by block, and gone on with in mid-epoch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import Subset

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import DamageError, UsageError
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.images.reading.order import dealt
from biocurate.images.reading.stored import read_images
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put
from zoo import ImageDataset, dealt_loader
from zoo.data import images as module


@pytest.fixture(autouse=True)
def nothing_is_held(monkeypatch):
    """A set is larger than memory."""
    monkeypatch.setattr(module, "HELD_BYTES", 0)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """360 images in several parts, two native grids among them, of 7 images a block at most."""
    made = create_store(str(tmp_path_factory.mktemp("s") / "s"))
    labels = (interval(0, 60, "rest"), interval(60, 60, "task"))
    recordings = {
        f"a/{number}": Recording((noise_stream("EEG", rate, [(0, 120 * rate)], ["Cz", "Oz"], seed=number),), labels)
        for number, rate in enumerate([64, 64, 100])
    }
    put(made, recordings, {name: name for name in recordings})
    fields = {"name": "m", "windows": {"length": "2s"}, "label": {"column": "condition"}}
    manifest = build_manifest(made, parse_definition({**fields, "split": {"method": "kfold", "folds": 2}}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("biocurate.images.making.plan.PART_IMAGES", 100)
        patch.setattr("biocurate.images.making.part.CHUNK_BYTES", 2000)
        generate(made, manifest, representation("spectrogram-psd"), ["EEG"], image_set="set")
    return made


@pytest.fixture
def data(store):
    return ImageDataset(store.url, "m", None, "set", size=32)


def test_a_block_is_read_as_the_slow_path_reads_it(store, data):
    at = np.random.default_rng(0).permutation(len(data))[:50]
    np.testing.assert_array_equal(
        data.__getitems__(at.tolist())["image"][:, 0], read_images(store, data.images[at], 32)
    )


def test_each_block_is_decoded_once_where_a_random_order_decodes_it_for_every_image(data):
    blocks = len(np.unique(data.block))
    assert blocks > 25
    data._set.kept_bytes = 8 * data.block_bytes
    seen = [batch["row"] for batch in dealt_loader(data, 16, seed=1, buffer_bytes=4 * data.block_bytes)]
    assert torch.cat(seen).bincount().tolist() == np.bincount(data.row).tolist()
    # A buffer's cut, and that of a batch over two buffers, cost no block twice while both are kept.
    assert data._set.decoded == blocks
    data._set.decoded = 0
    order = np.random.default_rng(0).permutation(len(data))
    for at in np.array_split(order, 23):
        data.__getitems__(at.tolist())
    assert data._set.decoded > 3 * blocks


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_an_epoch_that_was_cut_short_goes_on_where_it_stood(data, workers):
    def make():
        found = dealt_loader(data, 16, seed=1, workers=workers, buffer_bytes=4 * data.block_bytes)
        found.set_epoch(3)
        return found

    cut, first = make(), []
    sampler = cut.batch_sampler
    whole = [data.row[batch].tolist() for batch in dealt(sampler.block, sampler.deal, 3)]
    for batch in cut:
        first.append(batch["row"].tolist())
        if len(first) == 7:
            state = cut.state_dict()
            break
    assert all(isinstance(value, int) for value in state.values())
    again = make()
    again.load_state_dict(state)
    rest = [batch["row"].tolist() for batch in again]
    assert first + rest == whole
    assert again.state_dict()["given"] == len(whole)


def test_after_an_epoch_the_next_one_begins(data):
    batches = dealt_loader(data, 16, seed=1)
    first = [batch["row"].tolist() for batch in batches]
    ended = batches.state_dict()
    batches.set_epoch(1)
    assert batches.state_dict()["given"] == 0
    assert first != [batch["row"].tolist() for batch in batches]
    again = dealt_loader(data, 16, seed=1)
    again.load_state_dict(ended)
    assert list(again) == []


def test_a_state_of_another_deal_is_refused(data):
    state = dealt_loader(data, 16, seed=1).state_dict()
    with pytest.raises(UsageError, match="dealt otherwise: batch_size 16"):
        dealt_loader(data, 8, seed=1).load_state_dict(state)


def test_ranks_share_the_images_and_have_as_many_batches(data):
    fold = Subset(data, list(range(5, 340)))
    ranks = [list(dealt_loader(fold, 16, seed=1, rank=rank, ranks=3)) for rank in range(3)]
    assert len({len(batches) for batches in ranks}) == 1
    seen = torch.cat([batch["row"] for batches in ranks for batch in batches])
    assert sorted(seen.tolist()) == sorted(data.row[5:340].tolist())


def test_a_damaged_block_says_how_to_draw_it_again(store, tmp_path):
    import shutil
    from pathlib import Path

    other = tmp_path / "copy"
    shutil.copytree(store.url, other)
    shard = sorted((other / "images").rglob("c/0/0/0"))[0]
    shard.write_bytes(bytes(Path(shard).stat().st_size))
    data = ImageDataset(str(other), "m", None, "set", size=32)
    with pytest.raises(DamageError) as caught:
        data.__getitems__(list(range(len(data))))
    assert "images generate" in caught.value.mend
