"""The table of derived streams as an Arrow schema, as `biocurate.store.schema` has the others."""

from __future__ import annotations

import pyarrow as pa

from biocurate.store.schema import STREAM, column

SPAN = pa.struct(
    [
        column("first", pa.int64(), "index in the stream of the first sample"),
        column("n_samples", pa.int64(), "length in samples"),
    ]
)

DERIVED_STREAMS = pa.schema(
    [
        *STREAM,
        column("recording_id", pa.string(), "recording"),
        column("revision", pa.string(), "revision that it was made from"),
        column("corpus", pa.string(), "corpus"),
        column("person", pa.string(), "person"),
        column("subject", pa.string(), "subject"),
        column("source_digest", pa.string(), "digest of the raw stream that it was made from"),
        column("view_id", pa.string(), "name and hash of the view, by which windows name it"),
        column("chain", pa.string(), "the chain as JSON, with every default"),
        column("mains_hz", pa.float64(), "mains frequency that the corpus declares"),
        column("input", pa.string(), "hash of the chain and of all that it was carried out on"),
        column("status", pa.string(), "ok, or refused, empty, invalid, short, flat, infinite"),
        column("reason", pa.string(), "what the status means here; empty where it is ok"),
        column("dropped", pa.list_(pa.string()), "what of the chain was left out, and why"),
        column("settled", pa.list_(SPAN), "stretches that no edge and no gap reaches; windows lie in these"),
        column("flat", pa.list_(pa.string()), "channels that are constant: centred at most, never divided"),
        column("scope", pa.string(), "whose mean and spread normalise it; null where nothing does"),
        column(
            "method", pa.string(), "zscore, centre or minmax; its factor is in gain and offset, but of window, train"
        ),
        column("clip", pa.list_(pa.float64()), "least and greatest value that is read; null where none is cut off"),
        column("transductive", pa.bool_(), "whether other samples of a test subject normalise it"),
        column("floor", pa.list_(pa.float64()), "of each channel: a standard deviation up to this is flat"),
        column("count", pa.list_(pa.float64()), "of each channel: settled samples"),
        column("mean", pa.list_(pa.float64()), "of each channel: their mean, as stored"),
        column("std", pa.list_(pa.float64()), "of each channel: their standard deviation, of the population"),
        column("low", pa.list_(pa.float64()), "of each channel: the least"),
        column("high", pa.list_(pa.float64()), "of each channel: the greatest"),
        column("run_id", pa.string(), "the run that made it"),
    ]
)
"""Streams of views, whose stream_id is that of the raw one with ``@<view>``; the table begins with `preprocess`."""
