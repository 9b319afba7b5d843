"""Any recording of integers comes back from its files as it was: samples, scale, rates, gaps, annotations."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from biocurate.recording import NS, Annotation, ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType

KINDS = {"EEG": "uV", "ECG": "mV", "GSR": "uS", "RESP": "NU"}
STORED = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example is a publish: shrinking would take minutes
)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("|:@ 1.e-"), min_size=1, max_size=30
)


@st.composite
def recordings(draw, dtypes=(np.int16,)):
    """Streams at rates of a common tick over the same gaps, and one that begins later."""
    tick_hz = draw(st.sampled_from([Fraction(1), Fraction(4), Fraction(24989, 400), Fraction(2997, 50), Fraction(250)]))
    ticks = draw(st.lists(st.integers(1, 60), min_size=1, max_size=3))
    starts, at = [], 0
    for length in ticks:
        starts.append(at)
        at += round(length * NS / tick_hz) + draw(st.integers(2 * NS, 10**11))
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    sensors = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3, unique=True))
    streams = [
        _stream(draw, sensor, tick_hz, draw(st.sampled_from([1, 2, 5])), ticks, starts, dtype) for sensor in sensors
    ]
    if draw(st.booleans()):
        late = draw(st.integers(1, 10**12))
        streams.append(_stream(draw, "TEMP", Fraction(4), 1, [draw(st.integers(1, 50))], [late], dtype))
    marks = draw(
        st.lists(
            st.builds(
                Annotation,
                st.integers(0, at),
                st.integers(0, 10**12),
                st.sampled_from(["event", "condition", "wave_2"]),
                TEXT,
                st.none() | st.floats(allow_nan=False),
                st.none() | st.just(streams[0].channels[0].name),
            ),
            max_size=12,
        )
    )
    return Recording(tuple(streams), tuple(marks))


def _stream(draw, sensor, tick_hz, per_tick, ticks, starts, dtype):
    counts = [length * per_tick for length in ticks]
    bound = 1 << (15 if dtype.itemsize == 2 else 23)
    least = draw(st.sampled_from([1 - bound, -2048, 0]))
    names = [f"{sensor} {number}" for number in range(draw(st.integers(1, 3)))]
    random = np.random.default_rng(draw(st.integers(0, 99)))
    samples = random.integers(least, draw(st.sampled_from([2047, bound - 1])), (len(names), sum(counts)), endpoint=True)
    channels = [
        Channel(
            name,
            name,
            KINDS.get(sensor, "degC"),
            *_scale(draw, bound),
            prefilter=draw(st.sampled_from([None, "HP:0.1Hz"])),
        )
        for name in names
    ]
    spans = tuple(Segment(start, count) for start, count in zip(starts, counts, strict=True))
    rate = float(tick_hz * per_tick)
    return Stream(SensorType(sensor), rate, tuple(channels), spans, ArraySamples(samples.astype(dtype)))


def _scale(draw, bound):
    """The scale of an EDF header with limits of eight characters, or one as a WFDB header gives it."""
    if draw(st.booleans()):
        return 1 / draw(st.sampled_from([200.0, 204.8, 1000.0, 30.51, 7.0])), 0.0
    low = round(draw(st.floats(-9999, 9990)), 2)
    high = low + draw(st.sampled_from([1.0, 3.27, 400.0]))
    high = round(high, 2)
    gain = (high - low) / (2 * bound - 1)
    return gain, high - (bound - 1) * gain


def parts(recording):
    """What must be equal, by label: integers, rate, unit, segments."""
    return {
        channel.label: (stream.rate_hz, channel.unit, channel.prefilter, row.tolist())
        for stream in recording.streams
        for channel, row in zip(stream.channels, stream.digital, strict=True)
    }


def scales(recording):
    return {c.label: (c.gain, c.offset) for stream in recording.streams for c in stream.channels}


def marks(annotations, shift=0):
    return sorted(
        (each.onset_ns + shift, each.duration_ns, each.kind, each.value, str(each.number), each.channel or "")
        for each in annotations
    )


@STORED
@given(recording=recordings((np.int16, np.int32)))
def test_edf_gives_back_every_integer_rate_gap_scale_and_annotation(recording, exported, from_edf):
    written = exported(recording)
    back = {}
    for path in written.files:
        read = from_edf(path)
        gaps = any(len(stream.segments) > 1 for stream in read.streams)
        # Where eight characters cannot give a scale within the samples' range, the note says so, and the reader too.
        beyond = any("outside of the digital limits" in note for note in written.notes)
        told = [each for each in read.warnings if not (beyond and "digital limits" in each)]
        assert ["gaps without a sample" in each for each in told] == [True] * gaps
        assert {path.suffix} == ({".edf"} if recording.streams[0].samples.dtype == np.int16 else {".bdf"})
        mine = [stream for stream in recording.streams if stream.channels[0].label in parts(read)]
        first = mine[0].segments[0].t0_ns
        assert marks(read.annotations, first) == marks(recording.annotations)
        for ours, theirs in zip(mine, sorted(read.streams, key=lambda each: mine_first(mine, each)), strict=True):
            found = [(segment.t0_ns + first, segment.n_samples) for segment in theirs.segments]
            assert found == [(segment.t0_ns, segment.n_samples) for segment in ours.segments]
        back |= {label: (values, scales(read)[label]) for label, values in parts(read).items()}
    approximate = any("reads back" in note for note in written.notes)
    for label, (rate, *same) in parts(recording).items():
        (read_rate, *read_same), (gain, offset) = back[label]
        assert read_same == same
        assert read_rate == pytest.approx(rate, rel=1e-4) if approximate else read_rate == rate
        wanted_gain, wanted_offset = scales(recording)[label]
        if not any("digital step" in note for note in written.notes):
            assert gain == pytest.approx(wanted_gain, rel=2**-23)
            assert offset == pytest.approx(wanted_offset, rel=2**-23, abs=2**-23 * wanted_gain)


def mine_first(mine, stream):
    labels = [each.channels[0].label for each in mine]
    return labels.index(stream.channels[0].label)


@STORED
@given(recording=recordings((np.int16, np.int32)))
def test_wfdb_gives_back_every_integer_and_rate(recording, exported, from_wfdb):
    written = exported(recording, "wfdb")
    masters = [path for path in written.files if path.suffix == ".hea"]
    masters = [path for path in masters if not path.stem[-4:].isdigit() and not path.stem.endswith("_layout")]
    back = {}
    for path in masters:
        read = from_wfdb(path)
        gaps = any(len(stream.segments) > 1 for stream in read.streams)
        assert ["gaps without a sample" in each for each in read.warnings] == [True] * gaps
        back |= {label: values for label, values in parts(read).items()}
        for stream in read.streams:
            original = next(each for each in recording.streams if each.channels[0].label == stream.channels[0].label)
            assert [s.n_samples for s in stream.segments] == [s.n_samples for s in original.segments]
            first, half = original.segments[0].t0_ns, NS / stream.rate_hz / 2 + 1
            for ours, theirs in zip(original.segments, stream.segments, strict=True):
                assert abs(theirs.t0_ns + first - ours.t0_ns) <= half
    for label, (rate, unit, _, samples) in parts(recording).items():
        assert back[label][1] == unit
        assert back[label][3] == samples
        if not any("reads back as" in note for note in written.notes):
            assert back[label][0] == rate


@settings(max_examples=200, deadline=None)
@given(
    st.builds(
        Annotation,
        st.just(0),
        st.just(0),
        st.sampled_from(["event", "condition"]),
        TEXT,
        st.none() | st.floats(allow_nan=False),
    ),
    st.none() | st.just("EEG Cz"),
)
def test_any_annotation_is_read_back_from_its_text(annotation, channel):
    from biocurate.formats.annotation_text import from_text, to_text

    text = to_text(annotation, channel)
    assert from_text(text.strip()) == (annotation.kind, annotation.value, annotation.number, channel)


def test_an_event_stands_as_its_own_text():
    from biocurate.formats.annotation_text import to_text

    event = Annotation(0, 0, "event", "Lights off")
    assert to_text(event) == "Lights off"
    assert to_text(event, "EEG Cz") == "Lights off@@EEG Cz"
    assert to_text(replace(event, value="Lights: off")) == "event:Lights: off"
    assert to_text(Annotation(0, 0, "condition", "rest")) == "condition:rest"
    assert to_text(Annotation(0, 0, "beat", "N", 0.83)) == "beat:N|0.83"
