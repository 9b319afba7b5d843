"""Tables of splits: who was placed where, and the fingerprints that prove two sides apart."""

from __future__ import annotations

import pyarrow as pa

from biocurate.store.schema import column

SPLITS = pa.schema(
    [
        column("name", pa.string(), "the manifest whose builds placed the person"),
        column("person", pa.string(), "person"),
        column("split", pa.string(), "where the person stays"),
    ]
)
"""Persons placed by the method `balanced`; the table is there from the first such build on."""

FINGERPRINTS = pa.schema(
    [
        column("recording_id", pa.string(), "recording"),
        column("revision", pa.string(), "revision that it was made from"),
        column("stream_no", pa.int32(), "stream"),
        column("sensor_type", pa.string(), "its sensor type"),
        column("version", pa.int64(), "of the rules that made it"),
        column("vectors", pa.binary(), "of its beginning, a vector of int8 for each of its first channels, end to end"),
        column("grams", pa.binary(), "of its whole, hashes of runs of stored numbers as int64, rising"),
        column("shapes", pa.binary(), "of its whole, a vector of int8 around each of its marks, end to end"),
    ]
)
"""Made by `check leakage`, once a stream that a checked manifest covers; the table is there from the first check on."""
