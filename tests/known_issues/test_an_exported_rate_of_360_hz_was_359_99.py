"""mitdb's 650,000 samples at 360 Hz are no whole number of records of a decimal duration: EDF gave 359.99999 Hz."""

from __future__ import annotations

import edfio
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.export import export, write_edf
from biocurate.export.clocks import clocks
from biocurate.export.padding import VALUE, FilledUp, filled_up, has_exact_rates
from biocurate.formats import Source, reader
from biocurate.recording import NS, ArraySamples, Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put

MITDB = 650_000


def read(path):
    edf = reader("edf")
    return edf.read(Source(path.parent, path.name), edf.Options(texts="kind:value"))


def test_filled_up_it_reads_back_as_360(tmp_path):
    stream = noise_stream("ECG", 360, [(0, MITDB)])
    made = write_edf(Recording((stream,)), tmp_path / "a.edf", pad=True)
    assert made.notes == ("samples that fill up the last record and are none (padding): ECG 16",)
    [signal] = edfio.read_edf(made.files[0]).signals
    assert signal.sampling_frequency == 360
    np.testing.assert_array_equal(signal.digital[:MITDB], stream.digital[0])
    assert set(signal.digital[MITDB:]) == {stream.digital[0, -1]}
    [mark] = read(made.files[0]).annotations
    assert (mark.kind, mark.value) == ("padding", VALUE)
    assert (mark.onset_ns, mark.duration_ns) == (
        round(MITDB * NS / 360),
        round((MITDB + 16) * NS / 360) - mark.onset_ns,
    )


def test_unless_it_is_asked_for_no_sample_is_added(tmp_path):
    made = write_edf(Recording((noise_stream("ECG", 360, [(0, MITDB)]),)), tmp_path / "a.edf")
    assert edfio.read_edf(made.files[0]).signals[0].digital.size == MITDB
    assert made.notes[0] == "with --pad (pad=True) the last record is filled up, and every rate reads back exactly"


def test_what_is_exact_already_is_not_filled_up(tmp_path):
    made = write_edf(Recording((noise_stream("ECG", 360, [(0, 3600)]),)), tmp_path / "a.edf", pad=True)
    assert made.notes == ()
    assert edfio.read_edf(made.files[0]).signals[0].digital.size == 3600


def test_where_a_gap_is_too_short_nothing_is_added():
    """The next stretch would begin within the padding."""
    [clock] = clocks([noise_stream("ECG", 360, [(0, 361), (1.01, 361)])])
    assert filled_up(clock) == (clock, [])


def test_streams_that_share_a_file_are_filled_up_to_the_same_end(tmp_path):
    streams = (noise_stream("ECG", 360, [(0, 722), (10, 362)]), noise_stream("RESP", 180, [(0, 361), (10, 181)]))
    made = write_edf(Recording(streams), tmp_path / "a.edf", pad=True)
    back = read(made.files[0])
    assert [stream.rate_hz for stream in back.streams] == [360, 180]
    assert len(back.annotations) == 2
    for ours, theirs in zip(streams, back.streams, strict=True):
        at = now = 0
        for segment, longer in zip(ours.segments, theirs.segments, strict=True):
            assert longer.t0_ns == segment.t0_ns
            there = theirs.digital[:, now : now + segment.n_samples]
            np.testing.assert_array_equal(there, ours.digital[:, at : at + segment.n_samples])
            at, now = at + segment.n_samples, now + longer.n_samples


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([360.0, 62.4725, 59.94, 1000 / 3, 7.0, 500.0]),
    st.lists(st.integers(1, 3000), min_size=1, max_size=3),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)
def test_whatever_was_there_is_there_and_rates_are_exact(rate, lengths, a, b):
    starts = np.cumsum([0.0, *(length / rate + 1000 for length in lengths[:-1])])
    [clock] = clocks([noise_stream("ECG", rate, list(zip(starts, lengths, strict=True)))])
    filled, added = filled_up(clock)
    assert has_exact_rates(filled)
    [stream], [more] = clock.streams, filled.streams
    if added:
        whole = more.digital
        low, high = sorted(place % (whole.shape[1] + 1) for place in (a, b))
        np.testing.assert_array_equal(more.samples.read(low, high), whole[:, low:high])
        at = now = 0
        for old, new in zip(stream.segments, more.segments, strict=True):
            np.testing.assert_array_equal(
                whole[:, now : now + old.n_samples], stream.digital[:, at : at + old.n_samples]
            )
            assert (whole[:, now + old.n_samples : now + new.n_samples] == whole[:, [now + old.n_samples - 1]]).all()
            at, now = at + old.n_samples, now + new.n_samples


def test_a_stretch_is_read_in_any_pieces():
    samples = FilledUp(ArraySamples(np.arange(5)[None]), (2, 3), (4, 4))
    whole = [0, 1, 1, 1, 2, 3, 4, 4]
    assert samples.shape == (1, 8)
    for start in range(9):
        for stop in range(start, 9):
            assert samples.read(start, stop).tolist() == [whole[start:stop]]


def test_an_export_out_of_a_store_fills_up_too(tmp_path):
    store = create_store(str(tmp_path / "store"))
    put(store, {"m/r": Recording((noise_stream("ECG", 360, [(0, 1001)]),))})
    [made] = export(store, ["m/r"], tmp_path / "out", pad=True).written.values()
    assert edfio.read_edf(made.files[0]).signals[0].sampling_frequency == 360
