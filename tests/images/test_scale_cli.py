"""`biocurate images generate --scale`, as it is typed."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from biocurate.cli.images import app
from biocurate.errors import UsageError
from biocurate.images import representation
from biocurate.images.drawing.scale import Scale
from biocurate.images.making.fit import fitted
from biocurate.images.reading.stored import image_rows

COMMON = ("generate", "--manifest", "m", "--sensor", "EEG", "--workers", "0")


@pytest.fixture
def run(store, manifest):
    def call(*arguments):
        done = CliRunner().invoke(app, [*arguments, "--store", store.url])
        if isinstance(done.exception, Exception) and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return call


def test_a_set_scaled_by_recording_is_made_gone_on_with_and_verified(run, store):
    run(*COMMON, "--scale", "recording")
    rows = image_rows(store, "m-spectrogram-psd").collect()
    assert (
        rows["representation"].unique().item() == representation("spectrogram-psd", "EEG").scaled(Scale("recording")).id
    )
    alike = rows.group_by("recording_id", "stream_no", "channel").n_unique()
    assert alike["low"].to_list() == [1] * alike.height
    assert "nothing to do" in run(*COMMON, "--scale", "recording")
    assert "is sound" in run("verify", "--deep", "--workers", "0")


def test_a_fold_has_a_set_and_a_range_of_its_own(run, store, manifest):
    for fold in ("fold0", "fold1"):
        run(*COMMON, "--sensor", "GSR", "--scale", "train", "--fold", fold)
        rows = image_rows(store, f"m-spectrogram-psd-{fold}").collect()
        expected = {
            fitted(store, manifest, representation("spectrogram-psd", each), each, held_out=fold).id
            for each in ("EEG", "GSR")
        }
        assert set(rows["representation"]) == expected
        assert "nothing to do" in run(*COMMON, "--sensor", "GSR", "--scale", "train", "--fold", fold)
    assert "is sound" in run("verify", "--deep", "--workers", "0")
    run(*COMMON, "--scale", "train", "--fold", "fold2", "--set", "mine")
    assert image_rows(store, "mine").collect().height == 24


def test_angles_are_drawn_with_the_others_and_keep_their_range(run, store):
    run(*COMMON, "--scale", "recording", "--representation", "spectrogram-psd", "--representation", "spectrogram-angle")
    ids = set(image_rows(store, "m").collect()["representation"])
    assert representation("spectrogram-angle", "EEG").id in ids
    assert representation("spectrogram-psd", "EEG").id not in ids


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--scale", "train"), "each fold trains on other persons"),
        (("--scale", "train", "--fold", "fold9"), "no fold 'fold9'"),
        (("--scale", "image", "--fold", "fold0"), "no fold is held out"),
        (("--scale", "subject"), "images are not scaled by 'subject'"),
    ],
)
def test_what_makes_no_sense_is_refused(run, options, told):
    with pytest.raises(UsageError, match=told):
        run(*COMMON, *options)
