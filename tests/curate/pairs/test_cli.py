"""`biocurate pairs`, on recordings of two devices on one simulated heart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.errors import UsageError
from biocurate.recording import NS, ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.testing.memory import put

LAG_S = 4.0


def run(*arguments):
    outcome = CliRunner().invoke(app, ["pairs", *arguments], catch_exceptions=False)
    assert outcome.exit_code == 0
    return outcome.stdout


def pulse(beats, rate, seconds, seed):
    t = np.arange(int(seconds * rate)) / rate
    x = np.random.default_rng(seed).normal(0, 0.02, t.size)
    for beat in beats:
        near = slice(*np.searchsorted(t, [beat, beat + 1.5]))
        since = t[near] - beat
        x[near] += (1 - np.exp(-since / 0.06)) * np.exp(-since / 0.25)
    return x


def stream(x, rate, clock):
    channel = Channel("bvp", "PPG", "NU", gain=0.001, position="wrist")
    samples = ArraySamples(np.round(x[None] * 1000).astype(np.int16))
    return Stream(SensorType.PPG, rate, (channel,), (Segment(0, x.size),), samples, clock=clock)


@pytest.fixture
def two_devices(store):
    """Person 1: a band, and a watch that is 4 s behind. Person 2: a watch that another person wore."""
    random = np.random.default_rng(3)
    hearts = [
        np.cumsum(0.85 + 0.05 * random.standard_normal(300) + 0.05 * np.sin(np.arange(300) / 1.7 + n)) for n in (0, 2)
    ]
    one, other = hearts
    made = {
        "duo/1": Recording(
            (stream(pulse(one, 64, 200, 1), 64.0, None), stream(pulse(one - LAG_S, 25, 200, 2), 25.0, "watch"))
        ),
        "duo/2": Recording(
            (stream(pulse(one, 64, 200, 3), 64.0, None), stream(pulse(other, 25, 200, 4), 25.0, "watch"))
        ),
    }
    put(store, made)
    return store.url


def test_clocks_are_estimated_and_pairs_laid_on_each_other(two_devices):
    rows = {row["recording_id"]: row for row in json.loads(run("clocks", "duo", "--store", two_devices, "--json"))}
    right, wrong = rows["duo/1"], rows["duo/2"]
    assert (right["status"], right["method"]) == ("estimated", "beats")
    assert abs(right["offset_ns"] / NS - LAG_S) < 0.03
    # Both are at the wrist: what the pulse's transit may be is a part of the uncertainty.
    assert right["transit_ns"] == 20_000_000
    assert right["uncertainty_ns"] >= right["transit_ns"]
    assert (wrong["status"], wrong["offset_ns"], wrong["method"]) == ("no confidence", None, None)
    assert "no confidence" in run("clocks", "duo", "--store", two_devices)


def test_sets_of_pairs_say_how_far_their_clocks_are_known(two_devices, store):
    from biocurate.curate.windows.build import build_windows

    build_windows(store, "w", length_s=10)
    said = run("build", "w", "--sensors", "PPG,PPG", "--store", two_devices)
    assert "declared" in said
    assert "biocurate pairs clocks" in said
    run("clocks", "duo", "--store", two_devices)
    run("build", "w", "--sensors", "PPG,PPG", "--overwrite", "--store", two_devices)
    methods = {row["method"]: row["pairs"] for row in json.loads(run("show", "w", "--store", two_devices, "--json"))}
    assert methods == {"beats": 19, "declared": 20}
    near = store.sql("SELECT DISTINCT recording_id FROM pairs_w WHERE uncertainty_ns < 50000000")
    assert near["recording_id"].to_list() == ["duo/1"]


def test_hours_together_are_shown(two_devices):
    (row,) = json.loads(run("show", "--store", two_devices, "--json"))
    assert (row["sensors"], row["clocks"], row["subjects"]) == ("PPG", 2, 2)
    assert row["hours"] == pytest.approx(400 / 3600)
    assert "less than 1h each: 1," in run("show", "--least", "1h", "--store", two_devices)


def test_an_estimate_and_a_refusal_are_drawn(two_devices, tmp_path):
    run("clocks", "duo", "--store", two_devices)
    for name in ("1", "2"):
        file = tmp_path / f"{name}.png"
        run("plot", f"duo/{name}", "-o", str(file), "--store", two_devices)
        assert file.read_bytes().startswith(b"\x89PNG")


def test_what_has_one_clock_needs_none(store):
    one = Recording((stream(np.zeros(6400), 64.0, None),))
    put(store, {"a/r": one})
    with pytest.raises(UsageError, match="clock of its own"):
        run("clocks", "a", "--store", store.url)
    with pytest.raises(UsageError, match="no corpus 'b'"):
        run("clocks", "b", "--store", store.url)
    with pytest.raises(UsageError, match="no clock was compared"):
        run("plot", "a/r", "-o", "x.png", "--store", store.url)


def test_a_declared_offset_lays_pairs_and_is_kept(two_devices, store):
    from biocurate.curate.windows.build import build_windows

    build_windows(store, "w", length_s=10)
    rows = json.loads(run("clocks", "duo", "--offset", "watch=4s±40ms", "--store", two_devices, "--json"))
    assert {(row["status"], row["offset_ns"], row["uncertainty_ns"]) for row in rows} == {
        ("declared", 4 * NS, 40_000_000)
    }
    run("build", "w", "--sensors", "PPG,PPG", "--store", two_devices)
    (shown,) = json.loads(run("show", "w", "--store", two_devices, "--json"))
    assert (shown["method"], shown["median_uncertainty_ms"]) == ("declared", 40)
    first = store.sql("SELECT start_a, start_b FROM pairs_w WHERE t0_ns = 10000000000 LIMIT 1").row(0)
    assert first == (640, 150)


@pytest.fixture
def two_recordings(store):
    """Person p: a band, and a watch that is 4 s behind as a recording of its own. Person q: another heart."""
    random = np.random.default_rng(3)
    one, other = (
        np.cumsum(0.85 + 0.05 * random.standard_normal(300) + 0.05 * np.sin(np.arange(300) / 1.7 + n)) for n in (0, 2)
    )
    made = {
        "duo/band": stream(pulse(one, 64, 200, 1), 64.0, None),
        "duo/watch": stream(pulse(one - LAG_S, 25, 200, 2), 25.0, None),
        "duo/later": stream(pulse(other, 25, 200, 4), 25.0, None),
        "duo/q": stream(pulse(other, 25, 200, 4), 25.0, None),
    }
    put(store, {name: Recording((each,)) for name, each in made.items()}, dict.fromkeys(list(made)[:3], "p"))
    return store.url


def test_two_recordings_of_one_person_are_aligned(two_recordings):
    found = json.loads(run("align", "duo/band", "duo/watch", "--store", two_recordings, "--json"))
    assert (found["status"], found["method"]) == ("estimated", "beats")
    assert abs(found["offset_ns"] / NS - LAG_S) < 0.03
    back = json.loads(run("align", "duo/watch", "duo/band", "--store", two_recordings, "--json"))
    assert abs(back["offset_ns"] / NS + LAG_S) < 0.03


def test_recordings_that_share_no_signal_give_no_confidence(two_recordings):
    found = json.loads(run("align", "duo/band", "duo/later", "--store", two_recordings, "--json"))
    assert found["status"] == "no confidence"
    assert "no confidence" in run("align", "duo/band", "duo/later", "--store", two_recordings)


@pytest.mark.parametrize(
    ("other", "message"),
    [("duo/q", "not known to be of one person"), ("duo/band", "one recording"), ("duo/x", "no rec")],
)
def test_what_cannot_be_aligned_is_said(two_recordings, other, message):
    with pytest.raises(UsageError, match=message):
        run("align", "duo/band", other, "--store", two_recordings)
