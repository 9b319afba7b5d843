"""`biocurate images`, as it is typed."""

from __future__ import annotations

import json

import matplotlib.image
import pytest
from typer.testing import CliRunner

from biocurate.cli.images import app
from biocurate.errors import UsageError
from biocurate.images import representation


@pytest.fixture
def run(store, manifest):
    def call(*arguments):
        done = CliRunner().invoke(app, [*arguments, "--store", store.url])
        if isinstance(done.exception, Exception) and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    return call


def test_generate_then_list_then_show(run, tmp_path):
    drawn = run("generate", "--manifest", "m", "--sensor", "EEG", "--sensor", "EDA", "--workers", "0", "--json")
    assert json.loads(drawn[drawn.index("{") : drawn.rindex("}") + 1])["drawn"] == 32
    again = run("generate", "--manifest", "m", "--sensor", "EEG", "--sensor", "GSR", "--workers", "0")
    assert "nothing to do; 32 images" in again
    listed = json.loads(run("list", "--json"))
    assert [(row["set"], row["sensor_type"], row["images"]) for row in listed] == [
        ("m-spectrogram-psd", "EEG", 24),
        ("m-spectrogram-psd", "GSR", 8),
    ]
    sheet = tmp_path / "sheet.png"
    assert "6 images are in" in run("show", "m-spectrogram-psd", "-o", str(sheet), "--per-label", "3")
    # A row for each of the labels rest and task, of 3 images 2.6 inches wide.
    assert matplotlib.image.imread(sheet).shape[:2] == (580, 780)


def test_a_parameter_reaches_the_representation(run):
    arguments = ("generate", "--manifest", "m", "--sensor", "GSR", "--workers", "0", "--set", "s")
    run(*arguments, "--parameter", "segment=16", "--parameter", "overlap=0.75")
    (row,) = json.loads(run("list", "--json"))
    assert row["representation"] == representation("spectrogram-psd", segment=16, overlap=0.75).id
    with pytest.raises(UsageError, match="segment: Input should be a valid integer"):
        run(*arguments, "--parameter", "segment=short")
    with pytest.raises(UsageError, match="gives no value"):
        run(*arguments, "--parameter", "segment")
