"""Tables of clocks and of pairs as Arrow schemas, as `biocurate.store.schema` has the others."""

from __future__ import annotations

import pyarrow as pa

from biocurate.store.schema import column

STREAM_CLOCK = column("clock", pa.string(), "device whose clock timed it; null: the recording's own")
"""Column of the relation ``streams``, from ``recordings.clocks``."""

KNOT = pa.struct(
    [
        column("t_ns", pa.int64(), "time on the device's clock, from the recording's start"),
        column("offset_ns", pa.int64(), "what is added there to be on the recording's clock; on the line in between"),
    ]
)

CLOCKS = pa.schema(
    [
        column("recording_id", pa.string(), "recording"),
        column("revision", pa.string(), "revision that it was estimated from"),
        column("corpus", pa.string(), "corpus"),
        column("person", pa.string(), "person"),
        column("clock", pa.string(), "the device, as `recordings.clocks` names it"),
        column(
            "status",
            pa.string(),
            "estimated, declared by a person, or no confidence: nothing is known but what the files say",
        ),
        column("method", pa.string(), "beats, heart-rate, events or declared; null without confidence"),
        column(
            "offset_ns", pa.int64(), "a of t = a + b t': added to the device's time 0; of the line through all pieces"
        ),
        column("drift_ppm", pa.float64(), "(b - 1) in parts in a million, of the line through all pieces"),
        column("knots", pa.list_(KNOT), "the estimate: a line, or several that meet"),
        column("precision_ns", pa.int64(), "95 % of what the residuals leave unknown"),
        column("transit_ns", pa.int64(), "what is allowed for the pulse's transit, which is a part of the offset"),
        column("uncertainty_ns", pa.int64(), "both together, root of squares"),
        column("confidence", pa.float64(), "how much better than the best other offset; see docs/pairs.md"),
        column("beats", pa.int64(), "beats, or events, that fall together"),
        column("stream_no", pa.int32(), "the device's stream whose beats were taken"),
        column("against", pa.int32(), "the stream on the recording's clock that they were compared with"),
        column("reason", pa.string(), "why there is no confidence"),
        column("run_id", pa.string(), "the run that estimated it"),
    ]
)
"""Clocks of devices against the recording's; the table is there from the first estimate on."""

PAIRS = pa.schema(
    [
        column("pair_id", pa.int64(), "number, unique in its set"),
        column("window_id", pa.int64(), "window, in the window set of the same name"),
        column("recording_id", pa.string(), "recording"),
        column("revision", pa.string(), "revision that it was made from"),
        column("person", pa.string(), "person, the unit of every split"),
        column("t0_ns", pa.int64(), "start of the window, from the recording's start"),
        column("duration_ns", pa.int64(), "length"),
        column("sensor_a", pa.string(), "sensor type of the first stream"),
        column("sensor_b", pa.string(), "sensor type of the second stream"),
        column("rate_a_hz", pa.float64(), "native sampling rate of the first stream"),
        column("rate_b_hz", pa.float64(), "native sampling rate of the second stream"),
        column("stream_a", pa.int32(), "number of the first stream"),
        column("stream_b", pa.int32(), "number of the second stream"),
        column("start_a", pa.int64(), "the window's first sample in the first stream"),
        column("start_b", pa.int64(), "the sample of the second stream that is nearest to it in time"),
        column("residual_ns", pa.int64(), "what remains: time of the first sample of a less that of b, on one clock"),
        column("offset_ns", pa.int64(), "what was added to times of b to be on a's clock, here"),
        column("drift_ppm", pa.float64(), "what b's clock loses against a's, here"),
        column(
            "uncertainty_ns",
            pa.int64(),
            "of the offset, 95 %; 0 on one clock, null where only declared or far from the estimate",
        ),
        column("method", pa.string(), "shared-clock, declared, events, heart-rate or beats"),
    ]
)
"""Columns of every set of pairs, ``pairs/<set>``: windows that two sensor types cover at once."""
