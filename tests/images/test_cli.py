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
    assert "12 images are in" in run("show", "m-spectrogram-psd", "-o", str(sheet), "--per-label", "3")
    # A row for each sensor type and each of the labels rest and task, of 3 images 2.6 inches wide.
    assert matplotlib.image.imread(sheet).shape[:2] == (1160, 780)


def test_a_parameter_reaches_the_representation(run):
    arguments = ("generate", "--manifest", "m", "--sensor", "GSR", "--workers", "0", "--set", "s")
    run(*arguments, "--parameter", "segment=16", "--parameter", "overlap=0.75")
    (row,) = json.loads(run("list", "--json"))
    assert row["representation"] == representation("spectrogram-psd", "GSR", segment=16, overlap=0.75).id
    with pytest.raises(UsageError, match="segment: Input should be a valid integer"):
        run(*arguments, "--parameter", "segment=short")
    with pytest.raises(UsageError, match="gives no value"):
        run(*arguments, "--parameter", "segment")


def test_each_sensor_type_is_drawn_with_its_own_defaults(run):
    arguments = ("generate", "--manifest", "m", "--sensor", "EEG", "--sensor", "EDA", "--workers", "0")
    drawn = run(*arguments, "--representation", "spectrogram-phase", "--json")
    outcome = json.loads(drawn[drawn.index("{") : drawn.rindex("}") + 1])
    assert set(outcome["representations"]) == {
        representation("spectrogram-phase", sensor).id for sensor in ("EEG", "EDA")
    }
    assert "nothing to do; 32 images" in run(*arguments, "--representation", "spectrogram-phase")
    listed = json.loads(run("list", "--json"))
    assert {row["sensor_type"]: row["images"] for row in listed} == {"EEG": 24, "GSR": 8}


def test_a_band_that_the_rate_does_not_reach_ends_before_anything_is_drawn(run):
    with pytest.raises(UsageError, match="high_hz = 60 Hz is not below 50 Hz"):
        run("generate", "--manifest", "m", "--sensor", "EEG", "--representation", "scalogram", "--workers", "0",
            "--parameter", "high_hz=60")  # fmt: skip
    assert json.loads(run("list", "--json")) == []


def test_show_without_a_set_draws_every_representation_of_every_sensor_type(run, tmp_path):
    sheet = tmp_path / "sheet.png"
    said = run("show", "-o", str(sheet), "--representation", "waveform", "--representation", "recurrence",
               "--sensor", "EEG", "--sensor", "EDA", "--length", "8", "--size", "32")  # fmt: skip
    assert "4 images are in" in said
    # A row for each of the two sensor types, a column for each of the two representations.
    assert matplotlib.image.imread(sheet).shape[:2] == (520, 480)
    chosen = ("--sensor", "EEG", "--recording", "a/one", "--recording", "a/two", "--channel", "cz")
    assert "2 images are in" in run("show", "-o", str(sheet), "--representation", "scalogram", *chosen)
    with pytest.raises(UsageError, match="choose what is drawn anew"):
        run("show", "m-waveform", "--length", "8")
    with pytest.raises(UsageError, match="choose what is drawn anew"):
        run("show", "m-waveform", "--channel", "cz")


def test_several_representations_and_manifests_in_one_command(run, build, store):
    build(store, "twenty", windows={"length": "20s"})
    arguments = ("generate", "--manifest", "m", "--manifest", "twenty", "--sensor", "GSR", "--workers", "0", "--json",
                 "--representation", "waveform", "--representation", "recurrence", "--render", "32")  # fmt: skip
    expected = json.loads(run(*arguments, "--estimate"))
    assert (expected["images"], expected["fits"], json.loads(run("list", "--json"))) == (24, True, [])
    drawn = run(*arguments)
    outcomes = json.loads(drawn[drawn.index("{") : drawn.rindex("}") + 1])
    assert {name: outcome["drawn"] for name, outcome in outcomes.items()} == {"m": 16, "twenty": 8}
    assert {(row["set"], row["images"]) for row in json.loads(run("list", "--json"))} == {("m", 8), ("twenty", 4)}
    assert "sound" in run("verify", "--deep", "--workers", "0")
    with pytest.raises(UsageError, match="a set is of one manifest"):
        run(*arguments, "--set", "s")
    with pytest.raises(UsageError, match="no device"):
        run(*arguments, "--device", "abacus")
