"""A recording replayed: answers of a causal chain are the offline ones, and latencies are those that there are."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate import read_windows
from biocurate.errors import ModelError, UsageError, ViewError
from biocurate.recording import ns_to_samples
from biocurate.store.signal_reader import SignalReader
from zoo.cli import app
from zoo.judging.judge import judge_again
from zoo.judging.noisy import judge_with_noise
from zoo.streaming.arriving import open_feed
from zoo.streaming.chosen import choose
from zoo.streaming.replay import replay
from zoo.streaming.stream import stream

RECORDING = "twin/p01_task"


@pytest.mark.parametrize("name", ["causal", "running", "folds", "images", "samples"])
def test_answers_of_a_causal_chain_are_the_offline_ones(viewed, trained, name):
    found = stream(viewed, choose(viewed, str(trained / name), RECORDING), RECORDING)
    manifest = {"images": "causal", "samples": "fast"}.get(name, name)
    assert found.windows == viewed.manifest(manifest).rows.filter(recording_id=RECORDING).height
    assert found.unanswered == 0
    assert found.largest_difference < 1e-4
    assert found.agree == 1
    assert found.notes == ()
    assert found.p50_ms <= found.p99_ms <= found.worst_ms


@pytest.mark.parametrize("name", ["causal", "running"])
def test_a_window_is_the_offline_one_and_reads_nothing_that_comes_later(viewed, name):
    rows = viewed.manifest(name).rows.filter(recording_id=RECORDING)
    row = SignalReader.of(viewed, rows).streams.filter(recording_id=RECORDING).row(0, named=True)
    feed = open_feed(viewed, row)
    read = read_windows(viewed, rows, "EEG")
    samples = ns_to_samples(rows["duration_ns"][0], row["rate_hz"])
    for place, window in enumerate(rows.iter_rows(named=True)):
        first = window["streams"][0]["start"]
        np.testing.assert_allclose(feed.window(first, samples).x, read[place], atol=2e-5)
        ends = window["t0_ns"] + window["duration_ns"]
        assert 0 <= feed.ready_ns(first, samples) - ends <= feed.look_ahead_s * 1e9 + 2e7


class Garbled:
    """A part whose samples from some place on are noise; it remembers what was read of it."""

    def __init__(self, reader, first):
        self.reader, self.first, self.dtype, self.spans = reader, first, reader.dtype, []

    def read(self, start, stop):
        self.spans.append(stop - start)
        found = self.reader.read(start, stop).copy()
        found[:, np.arange(start, stop) >= self.first] = 12345
        return found


@pytest.mark.parametrize("name", ["causal", "running", "fast"])
def test_what_has_not_come_yet_changes_nothing_and_late_windows_read_no_more_than_early_ones(viewed, name):
    rows = viewed.manifest(name).rows.filter(recording_id=RECORDING)
    row = SignalReader.of(viewed, rows).streams.filter(recording_id=RECORDING).row(0, named=True)
    feed = open_feed(viewed, row)
    (source,) = feed.sources
    samples = ns_to_samples(rows["duration_ns"][0], row["rate_hz"])
    longest = []
    for window in rows.iter_rows(named=True):
        first = window["streams"][0]["start"]
        come = round(feed.ready_ns(first, samples) / 1e9 * feed.plan.raw.rate_hz)
        reader = Garbled(source.reader, source.first + come)
        blind = replace(feed, sources=(replace(source, reader=reader),))
        np.testing.assert_array_equal(blind.window(first, samples).x, feed.window(first, samples).x)
        longest.append(max(reader.spans))
    assert max(longest[-3:]) <= 64 * (4 + 5 + 5)  # the window, the mean of five seconds, and what the filter remembers
    assert max(longest) < source.n_samples / 2


def test_look_ahead_is_what_resampling_needs_and_filters_add_none(viewed, trained):
    found = stream(viewed, choose(viewed, str(trained / "causal"), RECORDING), RECORDING)
    assert 10 / 64 <= found.look_ahead_ms / 1e3 <= 20 / 64  # 10 samples of the lower rate, 64 Hz
    raw = stream(viewed, choose(viewed, str(trained / "folds"), RECORDING), RECORDING)
    assert raw.look_ahead_ms == 0


def test_a_view_that_runs_backward_is_refused_with_the_mend_or_run_forward_and_told(viewed, trained):
    chosen = choose(viewed, str(trained / "both-ways"), RECORDING)
    with pytest.raises(ViewError, match=r"EEG runs band backward .* causal: true.* --forward"):
        stream(viewed, chosen, RECORDING)
    found = stream(viewed, chosen, RECORDING, forward=True)
    assert found.largest_difference > 1e-3
    assert any("FORWARD ALONE" in note for note in found.notes)


def test_a_view_normalised_over_the_recording_is_refused(viewed, trained):
    with pytest.raises(ViewError, match="normalised over the whole recording"):
        stream(viewed, choose(viewed, str(trained / "whole"), RECORDING), RECORDING, forward=True)


def test_the_model_is_one_that_never_saw_the_person(viewed, trained):
    chosen = choose(viewed, str(trained / "causal"), RECORDING)
    assert "twin/p01" not in chosen.about["persons"]
    assert chosen.notes == ()


def test_a_recording_that_the_manifest_has_not_is_refused_with_others(viewed, trained):
    with pytest.raises(UsageError, match=r"no window of it\. It has, for example, twin/p00_rest"):
        choose(viewed, str(trained / "causal"), "twin/nobody")


def test_a_model_with_random_weights_is_timed_and_says_so(viewed):
    chosen = choose(viewed, "test-image-cnn", RECORDING, "causal", "pictures")
    found = stream(viewed, chosen, RECORDING)
    assert found.largest_difference < 1e-4
    assert any(note.startswith("RANDOM weights") for note in found.notes)
    with pytest.raises(ModelError, match="no weights before it is trained"):
        choose(viewed, "features-logreg", RECORDING, "causal")


class Machine:
    """A clock that moves when something is waited for or worked on."""

    def __init__(self):
        self.now = 100.0

    def clock(self):
        return self.now

    def wait(self, seconds):
        assert seconds > 0
        self.now += seconds


def test_latencies_are_the_delays_that_are_known():
    delays = np.linspace(0.001, 0.1, 100)
    machine = Machine()

    def answer(number):
        machine.now += delays[number]
        return np.array([0.5, 0.5])

    found = replay(np.arange(100.0), answer, None, machine.clock, machine.wait)
    np.testing.assert_allclose(found.latency_s, delays)
    assert found.percentile_ms(50) == pytest.approx(50.5)
    assert found.percentile_ms(99) == pytest.approx(np.percentile(delays, 99) * 1e3)
    assert found.late == 0


def test_what_piles_up_at_real_speed_is_latency():
    """Windows each second, one of which takes 2.5 s: the next two wait for it."""
    machine, delays = Machine(), np.array([0.1, 2.5, 0.1, 0.1, 0.1, 0.1])

    def answer(number):
        machine.now += delays[number]
        return np.array([1.0])

    found = replay(np.arange(6.0), answer, 1.0, machine.clock, machine.wait)
    np.testing.assert_allclose(found.latency_s, [0.1, 2.5, 1.6, 0.7, 0.1, 0.1])
    assert found.late == 2
    machine.now = 0.0
    delays = np.full(6, 0.1)
    began = machine.now
    replay(np.arange(6.0), answer, 10.0, machine.clock, machine.wait)
    assert machine.now - began == pytest.approx(0.1 + 0.5 + 0.1)  # the untimed first, then ten times as fast


def test_the_command_prints_latencies_and_differences(viewed, trained):
    given = ["stream", str(trained / "causal"), RECORDING, "--store", viewed.url]
    done = CliRunner().invoke(app, [*given, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert {"p50_ms", "p99_ms", "largest_difference", "look_ahead_ms", "rows", "notes"} <= set(found)
    assert len(found["rows"]) == found["windows"]
    plain = CliRunner().invoke(app, [*given, "--speed", "1000"], catch_exceptions=False)
    assert "p99_ms" in plain.stdout
    assert pl.DataFrame(found["rows"])["ready_s"].is_sorted()


def test_noise_goes_into_samples_behind_their_view_and_at_infinity_figures_are_those_of_the_run(viewed, trained):
    """A network of samples is trained here already: a file of its own would train it once more in another process."""
    found = judge_with_noise(trained / "samples", viewed, ["white"], [float("inf"), -20.0])
    none, infinite, loud = found.rows
    plain = judge_again(trained / "samples").metrics["auroc"].value
    assert none.metrics["auroc"].value == infinite.metrics["auroc"].value == pytest.approx(plain)
    assert loud.metrics["auroc"].value != none.metrics["auroc"].value
