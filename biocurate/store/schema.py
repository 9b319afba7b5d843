"""Every table of a store as an Arrow schema; `docs/store.md` is made from this file.

The names are a contract: columns may join, none is renamed. The comment of a column is its documentation.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa

FORMAT = 1
"""Format version of the stores that this code writes; each older one has a migration."""


def column(name: str, kind: pa.DataType, comment: str) -> pa.Field:
    """A column with its documentation in the field's metadata."""
    return pa.field(name, kind, metadata={"comment": comment})


SOURCE = pa.struct(
    [
        column("path", pa.string(), "path of the raw file below the corpus' root"),
        column("member", pa.string(), "member of a zip archive, null for a plain file"),
        column("bytes", pa.int64(), "size"),
        column("mtime_ns", pa.int64(), "hash of the time of last change, by which unchanged files are skipped"),
        column("sha256", pa.string(), "hash of the bytes"),
    ]
)

SEGMENT = pa.struct(
    [
        column("t0_ns", pa.int64(), "start, from the recording's start"),
        column("n_samples", pa.int64(), "length in samples; segments lie end to end in the part"),
    ]
)

CHANNEL = pa.struct(
    [
        column("index", pa.int32(), "row in the stream"),
        column("label", pa.string(), "as written in the file"),
        column("name", pa.string(), "canonical name: Fp1, V1, PPG"),
        column("unit", pa.string(), "as written in the file"),
        column("canonical_unit", pa.string(), "unit that `read` returns"),
        column("gain", pa.float64(), "physical = digital * gain + offset, in `unit`"),
        column("offset", pa.float64(), "see gain"),
        column("invalid", pa.int64(), "digital value that means 'no sample', or null"),
        column("position", pa.string(), "electrode or lead name in its montage, or body site"),
        column("reference", pa.string(), "reference electrode as the file or recipe states it"),
        column("prefilter", pa.string(), "hardware filter as the file states it"),
        column("unit_status", pa.string(), "declared, recipe, unknown, suspect or corrected"),
    ]
)

STREAM = pa.struct(
    [
        column("stream_id", pa.string(), "<recording_id>#<stream_no>"),
        column("stream_no", pa.int32(), "number in the recording, from 0"),
        column("sensor_type", pa.string(), "EEG, ECG, PPG, GSR, ..."),
        column("rate_hz", pa.float64(), "native sampling rate"),
        column("n_channels", pa.int32(), "rows of the array"),
        column("n_samples", pa.int64(), "samples of each channel, over all segments"),
        column("dtype", pa.string(), "numpy name of the stored type"),
        column("t0_ns", pa.int64(), "first sample, from the recording's start"),
        column("segments", pa.list_(SEGMENT), "stretches without a gap, in order"),
        column("view", pa.string(), "the view that made it; null for a raw stream"),
        column("band_hz", pa.list_(pa.float64()), "low and high cut-off of hardware filter and view, where known"),
        column("digest", pa.string(), "sha256 of the decoded samples, whatever the packing or codec"),
        column("part", pa.string(), "the part that holds it, below signals/"),
        column("start", pa.int64(), "its first sample's index in the part"),
        column("part_digest", pa.string(), "sha256 of the part's list of objects"),
        column("channels", pa.list_(CHANNEL), "its channels, in order"),
    ]
)

IDENTIFIER = pa.struct(
    [
        column("field", pa.string(), "patient, recording (EDF header), comment (WFDB header), start (of any file)"),
        column("text", pa.string(), "as the file has it; a start as ISO date and time, UTC where it names no zone"),
    ]
)

RECORDINGS = pa.schema(
    [
        column("recording_id", pa.string(), "<corpus>/<name from the recipe>, [A-Za-z0-9._/-]"),
        column("revision", pa.string(), "hash of the three revisions below; what is made from it is stale with it"),
        column("corpus", pa.string(), "name of the recipe"),
        column("person", pa.string(), "<namespace>/<id>: the same over corpora that share persons"),
        column("subject", pa.string(), "subject as the corpus numbers it"),
        column("session", pa.string(), "session, or null"),
        column("run", pa.string(), "run, or null"),
        column("sources", pa.list_(SOURCE), "raw files that it was read from"),
        column("start_ns", pa.int64(), "start after the subject's first recording began, where the files tell"),
        column("duration_ns", pa.int64(), "end of the last stream"),
        column("age", pa.float64(), "years; over 89 is 90"),
        column("sex", pa.string(), "F, M or null"),
        column("licence", pa.string(), "licence of the corpus"),
        column("access", pa.string(), "open, registered or credentialed"),
        column("redistribute", pa.bool_(), "whether the licence lets others pass the files on; null: not known"),
        column("share_alike", pa.bool_(), "whether what is derived must stay under the licence"),
        column("warnings", pa.list_(pa.string()), "what the reader and the recipe noticed"),
        column("signal_revision", pa.string(), "hash of sources, readers' versions and their options"),
        column("metadata_revision", pa.string(), "hash of recipe, sidecar tables, readers' versions, audit's rules"),
        column("label_revision", pa.string(), "hash of the labels that `annotate` added; null where there are none"),
        column("reader_warnings", pa.list_(pa.string()), "the first of the warnings: what the reader noticed"),
        column("audit_revision", pa.string(), "hash of what the audit at ingest goes by: its rules, leads and scales"),
        column("audit_warnings", pa.list_(pa.string()), "the last of the warnings: what that audit found"),
        column("run_id", pa.string(), "the ingest run that wrote the row"),
        column("streams", pa.list_(STREAM), "its streams, in order"),
        column("clocks", pa.list_(pa.string()), "device whose clock timed each stream; null: the recording's own"),
        column("identifiers", pa.list_(IDENTIFIER), "names and dates; null but for `ingest --keep-identifiers`"),
        column(
            "places",
            pa.list_(pa.list_(pa.int32())),
            "place of each stream's channels among those of their file, from 0; null: not known, or an old row",
        ),
    ]
)

ANNOTATIONS = pa.schema(
    [
        column("recording_id", pa.string(), "recording"),
        column("revision", pa.string(), "revision that it was read with"),
        column("onset_ns", pa.int64(), "start, from the recording's start"),
        column("duration_ns", pa.int64(), "length; 0 for an instant"),
        column("kind", pa.string(), "what is labelled: condition, wave, rhythm, event; unlabelled: see value"),
        column("value", pa.string(), "the label; null: a text that the recipe knows and gives none (kind unlabelled)"),
        column("number", pa.float64(), "its numeric value, where it has one"),
        column("channel", pa.string(), "canonical channel name, where it is of one channel"),
        column("text", pa.string(), "the file's own text, let through by the recipe; null: it has none, or an old row"),
    ]
)

LABELS = pa.schema(
    [
        column("recording_id", pa.string(), "recording"),
        column("corpus", pa.string(), "its corpus"),
        column("onset_ns", pa.int64(), "start, from the recording's start; null: the label is of the whole recording"),
        column("duration_ns", pa.int64(), "length; 0 for an instant, null with the onset"),
        column("kind", pa.string(), "what is labelled"),
        column("value", pa.string(), "the label"),
        column("number", pa.float64(), "its numeric value, where it has one"),
        column("channel", pa.string(), "canonical channel name, where it is of one channel"),
        column("run_id", pa.string(), "the run that added it"),
    ]
)
"""What `annotate` added; each ingest joins it to ``annotations``. The table is there from the first one on."""

FAILURES = pa.schema(
    [
        column("run_id", pa.string(), "the run that met it last"),
        column("corpus", pa.string(), "name of the recipe"),
        column("source", pa.string(), "file below the corpus' root"),
        column("recording_id", pa.string(), "the recording it would have been"),
        column("error", pa.string(), "kind of the error"),
        column("message", pa.string(), "what happened"),
        column("mend", pa.string(), "what to do"),
        column("signature", pa.string(), "hash of the files' sizes and times: a changed file is tried again"),
    ]
)

ERROR = pa.struct([column("error", pa.string(), "kind of the error"), column("count", pa.int64(), "how many")])

RUNS = pa.schema(
    [
        column("run_id", pa.string(), "identity of the run"),
        column("command", pa.string(), "ingest, windows, images, ..."),
        column("target", pa.string(), "corpus, window set or image set"),
        column("config", pa.string(), "configuration as JSON, with the recipe's text"),
        column("versions", pa.string(), "versions of biocurate and what it rests on, as JSON"),
        column("started", pa.timestamp("us", tz="UTC"), "start"),
        column("finished", pa.timestamp("us", tz="UTC"), "end"),
        column("done", pa.int64(), "recordings or rows written"),
        column("failed", pa.int64(), "inputs that failed"),
        column("bytes", pa.int64(), "bytes read"),
        column("rewritten", pa.int64(), "recordings whose rows were written anew without reading a sample"),
        column("errors", pa.list_(ERROR), "inputs that failed, by kind of error"),
        column("ended", pa.string(), "done, or the kind of the error that ended the run"),
    ]
)

SNAPSHOTS = pa.schema(
    [
        column("snapshot_id", pa.int64(), "number, from 1"),
        column("time", pa.timestamp("us", tz="UTC"), "when it was published"),
        column("run_id", pa.string(), "the run that published it"),
        column(
            "tables",
            pa.list_(pa.struct([("table", pa.string()), ("version", pa.int64())])),
            "version of every table",
        ),
    ]
)

WINDOW_STREAM = pa.struct([("stream_no", pa.int32()), ("start", pa.int64())])

WINDOWS = pa.schema(
    [
        column("window_id", pa.int64(), "number, unique in its set"),
        column("recording_id", pa.string(), "recording"),
        column("revision", pa.string(), "revision that it was cut from"),
        column("corpus", pa.string(), "corpus"),
        column("person", pa.string(), "person, the unit of every split"),
        column("subject", pa.string(), "subject"),
        column("t0_ns", pa.int64(), "start, from the recording's start"),
        column("duration_ns", pa.int64(), "length"),
        column("sensor_types", pa.list_(pa.string()), "sensor types that cover it without a gap, sorted"),
        column("streams", pa.list_(WINDOW_STREAM), "covering streams: number, first sample in the stream"),
        column("view", pa.string(), "id of the view whose streams these are; null: as recorded"),
        column("view_input", pa.string(), "hash of what the view's streams of the recording were made from"),
    ]
)
"""Columns of every window set; a set has one more string column for each label."""

TERMS = pa.struct(
    [
        column("corpus", pa.string(), "corpus"),
        column("licence", pa.string(), "its licence"),
        column("access", pa.string(), "open, registered or credentialed"),
        column("redistribute", pa.bool_(), "whether its files may be passed on; null: not known"),
        column("share_alike", pa.bool_(), "whether what is derived must stay under the licence"),
    ]
)

DROPPED = pa.struct(
    [
        column("by", pa.string(), "rule, label, sex or corpus; cap; unpaired, unlabelled, unsplit"),
        column("value", pa.string(), "the rule, or the group; null: not known"),
        column("windows", pa.int64(), "windows that came to that step"),
        column("dropped", pa.int64(), "of them, those that it leaves out"),
    ]
)

MANIFESTS = pa.schema(
    [
        column("name", pa.string(), "name of the definition"),
        column("hash", pa.string(), "hash of definition and rows"),
        column("snapshot_id", pa.int64(), "snapshot that it was built from"),
        column("definition", pa.string(), "the definition as canonical JSON"),
        column("labels", pa.list_(pa.string()), "labels, in the definition's order"),
        column("splits", pa.list_(pa.string()), "names of the splits, in the definition's order"),
        column("rows", pa.int64(), "number of windows"),
        column("version", pa.int64(), "version of manifests/<name> that holds the rows"),
        column("built", pa.timestamp("us", tz="UTC"), "when"),
        column("terms", pa.list_(TERMS), "licences of the corpora that its windows are from"),
        column("dropped", pa.list_(DROPPED), "what each step of a build drops, and whom thresholds do"),
    ]
)

IMAGES = pa.schema(
    [
        column("image_id", pa.int64(), "hash of window, channel and representation; unique in its set"),
        column("window_id", pa.int64(), "window"),
        column("recording_id", pa.string(), "recording"),
        column("revision", pa.string(), "revision of the recording"),
        column("t0_ns", pa.int64(), "start of the window, from the recording's start"),
        column("duration_ns", pa.int64(), "length of the window"),
        column("stream_no", pa.int32(), "stream"),
        column("channel", pa.string(), "canonical channel name"),
        column("representation", pa.string(), "kind and hash of its parameters"),
        column("part", pa.string(), "the part that holds it, below images/"),
        column("row", pa.int64(), "row in the part"),
        column("low", pa.float64(), "value drawn as 0"),
        column("high", pa.float64(), "value drawn as 255"),
        column("status", pa.string(), "ok, or why the image shows nothing"),
        column("part_digest", pa.string(), "sha256 of the part's list of objects"),
        column("manifest", pa.string(), "the manifest whose windows the set shows"),
    ]
)

FORGOTTEN = pa.schema(
    [
        column("hash", pa.string(), "sha256 of salt and person: who was forgotten is not told, only recognised"),
        column("salt", pa.string(), "id of the store that forgot"),
        column("time", pa.timestamp("us", tz="UTC"), "when"),
        column("run_id", pa.string(), "the run that forgot"),
    ]
)
"""Persons who never come back; the table is there from the first `forget` on."""

TABLES: dict[str, pa.Schema] = {
    "recordings": RECORDINGS,
    "annotations": ANNOTATIONS,
    "failures": FAILURES,
    "runs": RUNS,
    "snapshots": SNAPSHOTS,
    "manifests": MANIFESTS,
}
"""Tables that every store has from `init` on; ``windows/<set>``, ``manifests/<name>`` and ``images/<set>`` join."""

PROPERTIES = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}
"""Delta cleans its log after 30 days by default, which would end time travel; see docs/decisions."""


def completed(name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
    """A table with every column of its schema: those that joined after it was written are null."""
    if name not in TABLES:
        return rows
    there = rows.collect_schema()
    wanted = pl.Schema(TABLES[name])
    if list(there) == list(wanted):
        return rows
    return rows.select(pl.col(key) if key in there else pl.lit(None, kind).alias(key) for key, kind in wanted.items())


def cast(rows: list[dict[str, Any]] | pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows in exactly a table's columns and types; missing columns become null.

    Comments are left out: Delta refuses rows whose comments are worded otherwise than when the table was made.
    """
    if not isinstance(rows, pa.Table):
        # Through polars: pyarrow's own from_pylist imports pandas, a third of a second, to look for its objects.
        # Strings and lists have 64-bit offsets here; Delta stores them as the schema says.
        return pl.from_dicts(rows, schema=pl.Schema(schema)).to_arrow()
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, names=schema.names)
