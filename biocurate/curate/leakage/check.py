"""What two splits of a manifest share, or one of them and what a model has seen: persons, times, content.

- person: one person, by namespace and id, on two sides;
- overlap: windows of one recording in two splits that share an instant;
- copy: recordings on two sides of which a stream has equal samples, whatever they are called;
- near copy: recordings on two sides of which a channel is the other's after resampling or scaling;
- crop: recordings on two sides that share a stretch which begins elsewhere in the other, equal or resampled or scaled.

Labels are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from biocurate.curate.leakage.crops import sharing_numbers, sharing_shapes
from biocurate.curate.leakage.near import near_copies
from biocurate.curate.leakage.stored import BYTES, KEY, stored_fingerprints, vectors_of
from biocurate.engine import Progress
from biocurate.store.store import Store

FOUND = pl.Schema(
    {
        "kind": pl.String,
        "split_a": pl.String,
        "a": pl.String,
        "split_b": pl.String,
        "b": pl.String,
        "alike": pl.Float64,
    }
)

CONTENT = ["recording_id", "person", "stream_no", "sensor_type", "digest", *BYTES]
"""What is kept of a stream that a model was trained on, beside its samples: enough to know it again."""

TRAIN = "train"
"""The split that may share everything with what a model has seen."""


@dataclass(frozen=True)
class Leaks:
    """What was found, and what was looked at."""

    found: pl.DataFrame
    """kind, split_a, a, split_b, b, alike: ``a`` and ``b`` are persons or recordings; alike is 1 for equal samples."""
    persons: int
    recordings: int
    streams: int
    """That have fingerprints."""
    unseen: int
    """Streams whose beginning is too short or too still, or of a type without fingerprints: of these equal samples are
    found, and, but for such types, equal stretches."""
    uncropped: tuple[str, ...]
    """Runs of ``seen`` from before crops were looked for: they are compared from their beginnings alone."""
    content: pl.DataFrame
    """The streams of the manifest, with the columns `CONTENT` and ``split``: what a run keeps of what it was shown."""

    @property
    def notes(self) -> list[str]:
        """What could not be looked for."""
        return [
            f"{run} was trained before stretches were kept: copies that begin elsewhere are not found in what it saw. "
            "Train it again to have them compared."
            for run in self.uncropped
        ]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return self.found.is_empty()

    def counted(self) -> pl.DataFrame:
        """How many of each kind."""
        return self.found.group_by("kind").len("found").sort("kind")


def content_of(store: Store, rows: pl.DataFrame, progress: Progress | None = None) -> pl.DataFrame:
    """Every stream that covers a window: whose it is, its digest, its fingerprints, and the splits that it is in.

    Returns
    -------
    DataFrame with the columns `CONTENT` and ``split`` (list)
    """
    used = (
        rows.lazy()
        .select("recording_id", "revision", "person", "split", "streams")
        .explode("streams")
        .with_columns(stream_no=pl.col("streams").struct.field("stream_no"))
        .group_by(*KEY, "person")
        .agg(pl.col("split").unique().sort())
        .collect()
    )
    prints = stored_fingerprints(store, progress, used)
    streams = store.streams.select(*KEY, "sensor_type", "digest")
    found = used.lazy().join(streams, on=KEY, how="inner").sort(KEY).collect()
    return found.join(prints.select(*KEY, *BYTES), on=KEY, how="left").select(*CONTENT, "split")


def find_leaks(
    store: Store,
    rows: pl.DataFrame,
    seen: Mapping[str, pl.DataFrame] | None = None,
    progress: Progress | None = None,
) -> Leaks:
    """Find what splits share with each other and, but for the split ``train``, with what models have seen.

    Parameters
    ----------
    store : Store
    rows : DataFrame
        Windows: recording_id, revision, person, t0_ns, duration_ns, streams, split.
    seen : mapping of str to DataFrame, optional
        By the name of a run, the streams that it was trained on, with the columns `CONTENT`.
    progress : Progress, optional
        Is told of streams whose fingerprints are made.

    Raises
    ------
    StaleError
        Where a recording has been replaced since the windows were cut.
    """
    store.check_live(rows.lazy())
    own = content_of(store, rows, progress)
    others = [
        streams.select(CONTENT).with_columns(split=pl.concat_list(pl.lit(f"trained on by {run}")))
        for run, streams in (seen or {}).items()
    ]
    sides = pl.concat([own.with_columns(trained=False), *(each.with_columns(trained=True) for each in others)])
    vectors, row = vectors_of(sides)
    near = near_copies(vectors)
    alike = pl.DataFrame({"row_a": row[near.a], "row_b": row[near.b], "alike": near.cosine})
    content = {
        "copy": _equal(sides),
        "near copy": alike,
        "crop": pl.concat([sharing_numbers(sides), sharing_shapes(sides)]),
    }
    found = _first_kind(pl.concat([_crossing(sides, pairs, kind) for kind, pairs in content.items()]))
    told = pl.concat([_persons(sides), _overlaps(rows), found])
    printed = len(set(row.tolist()))
    before = tuple(run for run, streams in (seen or {}).items() if streams["grams"].null_count() == streams.height > 0)
    unseen = sides.height - printed
    return Leaks(told, rows["person"].n_unique(), rows["recording_id"].n_unique(), printed, unseen, before, own)


def _first_kind(found: pl.DataFrame) -> pl.DataFrame:
    """Two recordings that are copies share their stretches, too: only the first kind of each two is told."""
    order = pl.col("kind").cast(pl.Enum(["copy", "near copy", "crop"]))
    return found.filter(order == order.min().over("a", "b"))


def _persons(sides: pl.DataFrame) -> pl.DataFrame:
    of = sides.select("person", "split", "trained").explode("split").unique().sort("person", "trained", "split")
    found = [
        ("person", one, person, other, person, 1.0)
        for (person,), places in of.filter(pl.len().over("person") > 1).group_by("person", maintain_order=True)
        for (_, one, _), (_, other, trained) in combinations(places.iter_rows(), 2)
        if not trained or one != TRAIN
    ]
    return pl.DataFrame(found, schema=FOUND, orient="row")


def _overlaps(rows: pl.DataFrame) -> pl.DataFrame:
    """Recordings in which a window begins before one of another split has ended."""
    spans = rows.select("recording_id", "split", "t0_ns", end=pl.col("t0_ns") + pl.col("duration_ns"))
    mixed = spans.filter(pl.col("split").n_unique().over("recording_id") > 1).sort("recording_id", "t0_ns")
    found = set()
    for split in mixed["split"].unique():
        reached = pl.when(pl.col("split") == split).then("end").cum_max().forward_fill().over("recording_id")
        late = (pl.col("split") != split) & (pl.col("t0_ns") < pl.col("reached"))
        met = mixed.with_columns(reached=reached).filter(late)
        for recording, other in met.select("recording_id", "split").unique().iter_rows():
            one, two = sorted([split, other])
            found.add(("overlap", one, recording, two, recording, 1.0))
    return pl.DataFrame(sorted(found), schema=FOUND, orient="row")


def _equal(sides: pl.DataFrame) -> pl.DataFrame:
    """Pairs of streams of equal samples."""
    rows = sides.select("digest", "recording_id").with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    same = rows.filter(pl.col("digest").is_duplicated()).select("digest", "row")
    pairs = same.rename({"row": "row_a"}).join(same.rename({"row": "row_b"}), on="digest")
    return pairs.filter(pl.col("row_a") < pl.col("row_b")).select("row_a", "row_b", alike=pl.lit(1.0))


def _crossing(sides: pl.DataFrame, pairs: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Of pairs of streams, those of one type that are on two sides, each pair of recordings once."""
    of = sides.select("recording_id", "sensor_type", "split", "trained").with_row_index("row")
    of = of.with_columns(pl.col("row").cast(pl.Int64)).explode("split")
    ends = [of.rename({name: f"{name}_{end}" for name in of.columns if name != "sensor_type"}) for end in "ab"]
    both = pairs.join(ends[0], on="row_a").join(ends[1], on=["row_b", "sensor_type"])
    both = both.rename({"recording_id_a": "a", "recording_id_b": "b"})
    # Rows of the manifest come before those that were trained on.
    across = (pl.col("split_a") != pl.col("split_b")) & ~pl.col("trained_a")
    across &= ~(pl.col("trained_b") & (pl.col("split_a") == TRAIN))
    crossing = both.filter(across & ((pl.col("a") != pl.col("b")) | pl.col("trained_b")))
    best = crossing.group_by("a", "split_a", "b", "split_b").agg(pl.col("alike").max())
    return best.with_columns(kind=pl.lit(kind)).select(list(FOUND)).sort("a", "b", "split_a", "split_b")
