"""A contact sheet of a set of several representations once chose among them by chance, and did not say which was which.

A generation whose images are all black ended as if all were well, and a sheet called x.jpg was a PNG.
"""

from __future__ import annotations

import matplotlib.image
import pytest
from typer.testing import CliRunner

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put

pytest.importorskip("torch")

KINDS = ("recurrence", "spectrogram-psd", "waveform")


@pytest.fixture
def store(tmp_path):
    store = create_store(str(tmp_path / "store"))
    halves = (interval(0, 20, "rest"), interval(20, 20, "task"))
    put(store, {f"c/{name}": Recording((noise_stream("EEG", 100, [(0, 4000)]),), halves) for name in "ab"})
    fields = {"name": "m", "windows": {"length": "10s"}, "label": {"column": "condition"}}
    build_manifest(store, parse_definition({**fields, "split": {"method": "kfold", "folds": 2}}))
    return store


def call(store, *arguments):
    from biocurate.cli.images import app

    return CliRunner().invoke(app, [*arguments, "--store", store.url])


def test_a_sheet_has_a_row_for_each_label_and_representation(store, tmp_path):
    from biocurate.images.shown.sheet import choose

    kinds = [f"--representation={kind}" for kind in KINDS]
    assert call(store, "generate", "--manifest", "m", "--sensor", "EEG", "--workers", "0", *kinds).exit_code == 0
    chosen = choose(store, "m", 2)
    assert chosen.group_by("label", "kind").len()["len"].to_list() == [2] * 6
    assert set(chosen["kind"]) == set(KINDS)
    sheet = tmp_path / "sheet.png"
    assert "12 images are in" in call(store, "show", "m", "-o", str(sheet), "--per-label", "2").output
    assert matplotlib.image.imread(sheet).shape[:2] == (6 * 290, 520)


def test_a_sheet_is_called_what_it_is(store, tmp_path):
    done = call(store, "show", "-o", str(tmp_path / "sheet.jpg"))
    assert "a contact sheet is a PNG" in str(done.exception)
    assert not (tmp_path / "sheet.jpg").exists()


def test_a_run_whose_images_are_all_black_says_so(store):
    done = call(store, "generate", "--manifest", "m", "--sensor", "EEG", "--workers", "0", "--parameter=segment=2000")
    assert "None of them shows anything" in done.output
    assert done.exit_code == 1


def test_windows_that_lack_the_channel_are_not_said_to_lack_the_sensor_type(store):
    put(store, {"c/other": Recording((noise_stream("EEG", 100, [(0, 4000)], ("Cz",)),), ())})
    build_manifest(
        store, parse_definition({"name": "all", "windows": {"length": "10s"}, "split": {"method": "kfold", "folds": 2}})
    )
    done = call(store, "generate", "--manifest", "all", "--sensor", "EEG", "--workers", "0", "--channel", "Cz")
    assert "8 windows of the manifest have none of the sensor types and channels" in done.output
