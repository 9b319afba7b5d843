"""`zoo finetune features-logreg` trained on windows of replaced recordings, and exited 0.

The rows' revisions were gone, so that no stream was found for them: `WindowDataset` gave NaN with ``present`` False,
the features were filled in by medians, and a run folder was written. Design, section 4: a row whose revision is gone
is stale, an error that names ``--at`` or a rebuild.
"""

from __future__ import annotations

import pytest

from biocurate.curate.manifests.build import build_manifest, list_manifests
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import StaleError
from biocurate.recording import Recording
from biocurate.sensors import SensorType
from biocurate.store.store import create_store, open_store
from biocurate.testing.memory import interval, noise_stream, put

pytest.importorskip("torch")

HALVES = (interval(0, 20, "rest"), interval(20, 20, "task"))
PERSONS = [f"c/p{number}" for number in range(6)]
RUN = {"model": "features-logreg", "manifest": "m", "sensors": ("EEG",)}


def recording(seed):
    return Recording((noise_stream("EEG", 64, [(0, 40 * 64)], seed=seed),), HALVES)


def build(store, **changes):
    fields = {"name": "m", "windows": {"length": "5s"}, "label": {"column": "condition"}}
    split = {"split": {"method": "kfold", "folds": 3}}
    return build_manifest(store, parse_definition({**fields, **split, **changes}))


@pytest.fixture
def store(tmp_path):
    made = create_store(str(tmp_path / "store"))
    put(made, {name: recording(number) for number, name in enumerate(PERSONS)})
    return made


@pytest.fixture
def stale(store):
    """A manifest, one recording of which is replaced afterwards."""
    built = build(store)
    put(store, {PERSONS[2]: recording(99)})
    return built


def test_a_stale_manifest_is_refused_with_its_snapshot_and_the_command_that_builds_it(store, stale):
    says = rf"manifest 'm'.* 1 recordings .*c/p2.*biocurate manifest build FILE.*--at {stale.snapshot_id}\b"
    with pytest.raises(StaleError, match=says):
        store.manifest("m")
    assert store.manifest_as_built("m").hash == stale.hash
    assert list_manifests(store).select("name", "stale").rows() == [("m", True)]


def test_no_model_is_trained_on_it(store, stale, tmp_path):
    from zoo.runs.config import RunConfig
    from zoo.training.finetune import finetune

    with pytest.raises(StaleError):
        finetune(store, RunConfig(**RUN), tmp_path / "run")
    assert list(tmp_path.iterdir()) == [tmp_path / "store"]


def test_rows_that_were_opened_before_are_refused_where_samples_are_read(store, stale):
    from zoo.data.images import ImageDataset
    from zoo.data.windows import WindowDataset
    from zoo.features.table import extract

    with pytest.raises(StaleError):
        WindowDataset(store.url, stale, None, ["EEG"])
    with pytest.raises(StaleError):
        ImageDataset(store.url, stale, None, "m-spectrogram-psd")
    with pytest.raises(StaleError):
        extract(store, stale.rows, [SensorType.EEG])


def test_at_its_own_snapshot_it_is_read_and_trained_on(store, stale, tmp_path):
    from zoo.data.windows import WindowDataset
    from zoo.runs.config import Evaluation, RunConfig
    from zoo.training.finetune import finetune

    then = open_store(store.url, at=stale.snapshot_id)
    assert then.manifest("m").hash == stale.hash
    assert list_manifests(then).select("name", "hash", "stale").rows() == [("m", stale.hash, False)]
    batch = WindowDataset(store.url, "m", None, ["EEG"], at=stale.snapshot_id).__getitems__([0, 17, 40])
    assert batch["present"]["EEG"].all()
    assert batch["signals"]["EEG"].isfinite().all()
    finetune(then, RunConfig(**RUN, evaluation=Evaluation(draws=100, permutations=0)), tmp_path / "run")
    assert f"at: {stale.snapshot_id}\n" in (tmp_path / "run" / "config.yaml").read_text()


def test_each_build_of_a_name_is_found_at_its_own_snapshot(store, stale):
    again = build(store, windows={"length": "10s"})
    assert store.manifest("m").hash == again.hash
    put(store, {PERSONS[3]: recording(98)})
    for built in (stale, again):
        assert open_store(store.url, at=built.snapshot_id).manifest("m").hash == built.hash


def test_a_manifest_does_not_choose_windows_by_a_stale_set(store):
    from biocurate.curate.windows.build import build_windows

    build_windows(store, "w", length_s=5.0)
    put(store, {PERSONS[0]: recording(97)})
    with pytest.raises(StaleError, match="biocurate windows build w"):
        build(store, query="SELECT window_id FROM windows JOIN windows_w USING (recording_id, t0_ns)")


def test_an_image_model_reads_images_of_the_snapshot_too(store, tmp_path):
    from biocurate.images import representation
    from biocurate.images.making.generate import generate
    from zoo.data.images import ImageDataset

    built = build(store)
    drawn = generate(store, built, representation("spectrogram-psd"), ["EEG"], image_set="s")
    put(store, {PERSONS[2]: recording(99)})
    with pytest.raises(StaleError):
        ImageDataset(store.url, "m", None, "s", size=32)
    assert len(ImageDataset(store.url, "m", None, "s", size=32, at=drawn.snapshot_id)) == built.rows.height
