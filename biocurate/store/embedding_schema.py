"""Rows of embeddings: which vector is of which image or window, and whose weights made it."""

from __future__ import annotations

import pyarrow as pa

from biocurate.store.schema import column

EMBEDDINGS = pa.schema(
    [
        column("image_id", pa.int64(), "image, or window as samples, that was embedded; unique in the set"),
        column("window_id", pa.int64(), "its window"),
        column("recording_id", pa.string(), "recording"),
        column("revision", pa.string(), "revision of the recording"),
        column("t0_ns", pa.int64(), "start of the window, from the recording's start"),
        column("duration_ns", pa.int64(), "length of the window"),
        column("stream_no", pa.int32(), "stream of the image; null of samples"),
        column("channel", pa.string(), "canonical channel name; null of samples"),
        column("representation", pa.string(), "what was drawn, or samples: kind and hash of its parameters"),
        column("part", pa.string(), "the part that holds the vector, below embeddings/"),
        column("row", pa.int64(), "row in the part"),
        column("part_digest", pa.string(), "sha256 of the part's list of objects"),
        column("image_set", pa.string(), "set of the images; null of samples"),
        column("manifest", pa.string(), "the manifest whose windows were embedded"),
        column("model", pa.string(), "model"),
        column("weights", pa.string(), "sha256 of the weights that made the vector"),
        column("source", pa.string(), "folder and file of their checkpoint, or random and a seed"),
        column("sensor_types", pa.list_(pa.string()), "sensor types that samples are of, together; null of an image"),
    ]
)
