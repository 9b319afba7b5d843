"""Draw stored images anew, from the samples of their windows, and compare every byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from biocurate.curate.windows.reading import read_windows
from biocurate.images.drawing.picture import Picture, drawn_as
from biocurate.images.drawing.windows import Drawing, Status
from biocurate.images.making.ids import STREAM, image_ids
from biocurate.images.making.part import BLOCK, image_key
from biocurate.images.making.ranges import RecordingRanges, ranges_of, recording_ranges
from biocurate.images.reading.stored import image_rows
from biocurate.recording import ns_to_samples
from biocurate.store.arrays import ArrayReader, read_items
from biocurate.store.signal_reader import SignalReader, view_of
from biocurate.store.store import Store

PARTS = 64
"""Parts whose rows are looked up at once."""

WINDOW = ("recording_id", "revision", "t0_ns", "duration_ns")
IMAGE = ("image_id", "row", "status", "low", "high")
MEND = "Draw the set anew: biocurate images generate … --overwrite"


@dataclass(frozen=True)
class Redrawing:
    """Images of one part that are to be drawn anew."""

    store: Store
    representation: str
    part: str
    digest: str
    view: str | None
    rows: pl.DataFrame
    """Columns `IMAGE`, and of their windows `WINDOW`, stream_no and ``first``: null where the manifest has it not."""
    streams: pl.DataFrame
    """The catalogue of their streams."""


@dataclass
class Redrawn:
    """How they compare."""

    representation: str
    part: str
    compared: int = 0
    differ: int = 0
    unknown: int = 0
    """Images that could not be drawn, since their representation is not known any more."""
    problems: list[str] = field(default_factory=list)


def redrawings(store: Store, image_set: str, sample: int | None = None) -> Iterator[Redrawing]:
    """Tasks that draw a set's images anew: all, or so many, spread evenly over the parts.

    Parameters
    ----------
    store : Store
    image_set : str
    sample : int, optional
    """
    rows = image_rows(store, image_set)
    names = rows.select("manifest").unique().collect()["manifest"].to_list()
    parts = rows.group_by("part").agg(pl.len()).sort("part").collect(engine="streaming")
    total = int(parts["len"].sum())
    share = 1.0 if sample is None else min(1.0, sample / max(total, 1))
    # Of each part its share: whole numbers whose sum is the sample.
    until = np.floor(np.cumsum(parts["len"].to_numpy()) * share + 1e-9).astype(np.int64)
    parts = parts.with_columns(take=pl.Series(np.diff(until, prepend=0)))
    for name in names:
        windows = store.manifest(name).rows
        view = view_of(windows)
        reader = SignalReader.of(store, windows)
        for some in parts.filter(pl.col("take") > 0).iter_slices(PARTS):
            yield from _of_parts(reader, rows, name, view, windows, some)


def _of_parts(
    reader: SignalReader, rows: pl.LazyFrame, name: str, view: str | None, windows: pl.DataFrame, parts: pl.DataFrame
) -> Iterator[Redrawing]:
    columns = (*IMAGE, *WINDOW, "stream_no", "representation", "part", "part_digest")
    mine = rows.filter(pl.col("part").is_in(parts["part"].to_list()) & (pl.col("manifest") == name)).select(columns)
    spans = windows.lazy().select(*WINDOW, "streams").explode("streams").unnest("streams").rename({"start": "first"})
    found = mine.join(spans, on=[*WINDOW, "stream_no"], how="left").collect(engine="streaming")
    take = dict(parts.select("part", "take").iter_rows())
    for (part, digest, drawn), each in found.group_by("part", "part_digest", "representation", maintain_order=True):
        count = take[str(part)]
        chosen = each.sort("row")[(2 * np.arange(count) + 1) * each.height // (2 * count)]
        streams = reader.streams.join(chosen.select(STREAM).unique(), on=STREAM, how="semi", maintain_order="left")
        yield Redrawing(reader.store, str(drawn), str(part), str(digest), view, chosen, streams)


def redraw(task: Redrawing) -> Redrawn:
    """Draw a task's images anew and compare them with those that are stored."""
    done = Redrawn(task.representation, task.part)
    stored = ArrayReader(task.store.objects, image_key(task.part), task.digest)
    rows = task.rows.filter(pl.col("first").is_not_null())
    if lost := task.rows.height - rows.height:
        done.problems.append(f"{lost:,} images are of windows that the manifest does not have. {MEND}")
    if not rows.height:
        return done
    sensor, channels = task.streams.select("sensor_type", "n_channels").row(0)
    picture = drawn_as(stored.attributes, task.representation, sensor)
    if picture is None:
        done.unknown = rows.height
        return done
    numbered = image_ids(rows, range(channels), picture.numbered(task.view)) == rows["image_id"].to_numpy()[:, None]
    known = np.flatnonzero(numbered.any(axis=1))
    if strange := rows.height - known.size:
        done.differ += strange
        done.problems.append(f"the numbers of {strange:,} images are not those of their windows. {MEND}")
    _compare(task, rows[known].with_columns(index=pl.Series(numbered.argmax(axis=1)[known])), picture, stored, done)
    return done


def _compare(task: Redrawing, rows: pl.DataFrame, picture: Picture, stored: ArrayReader, done: Redrawn) -> None:
    """Compare images, whose channels are in the column ``index``, block by block: in bounded memory."""
    reader = SignalReader(task.store, view=task.view, streams=task.streams)
    ranges = recording_ranges(reader, picture.representation)
    sensor, rate_hz, channels = task.streams.select("sensor_type", "rate_hz", "n_channels").row(0)
    n_samples, worst = ns_to_samples(task.rows["duration_ns"][0], rate_hz), 0
    for some in rows.iter_slices(max(1, BLOCK // (n_samples * channels))):
        drawing = picture.draw(_samples(task, some, sensor, reader), rate_hz, _ends(ranges, sensor, some, channels))
        pixels = read_items(stored, some["row"].cast(pl.Int64).to_numpy())
        apart = np.abs(pixels.astype(np.int16) - drawing.pixels.numpy()).reshape(some.height, -1).max(axis=1)
        done.compared += some.height
        done.differ += int(((apart > 0) | ~_says_the_same(some, drawing)).sum())
        worst = max(worst, int(apart.max()))
    if done.differ:
        which = f"{done.differ:,} of {done.compared:,} images differ from what is drawn now"
        levels = f"by {worst} grey levels at most" if worst else "in what their rows say of them"
        done.problems.append(f"{which}, {levels}; another machine may differ by 1. {MEND}")


def _samples(task: Redrawing, rows: pl.DataFrame, sensor: str, reader: SignalReader) -> torch.Tensor:
    """One channel of each window, shape (images, time)."""
    streams = pl.concat_list(pl.struct("stream_no", start="first"))
    windows = rows.select("recording_id", "revision", "duration_ns", view=pl.lit(task.view, pl.String), streams=streams)
    samples = read_windows(task.store, windows, sensor, reader=reader)
    return torch.from_numpy(np.ascontiguousarray(samples[np.arange(rows.height), rows["index"].to_numpy()]))


def _ends(
    ranges: RecordingRanges | None, sensor: str, rows: pl.DataFrame, channels: int
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Black and white of one channel of each window, where the images are scaled by recording."""
    found = ranges_of(ranges, sensor, rows, range(channels))
    if found is None:
        return None
    at = torch.arange(rows.height) * channels + torch.from_numpy(rows["index"].to_numpy().copy())
    return found[0][at], found[1][at]


def _says_the_same(rows: pl.DataFrame, drawing: Drawing) -> NDArray[np.bool_]:
    """Whether rows say of their images what is found now: why they show nothing, what is black and what white."""
    labels = np.array([status.label for status in Status])
    same = rows["status"].to_numpy() == labels[drawing.status.numpy()]
    for name, values in (("low", drawing.low), ("high", drawing.high)):
        stored = rows[name].fill_null(np.nan).to_numpy()
        same &= np.isclose(stored, values.numpy().astype(np.float64), rtol=0, atol=0, equal_nan=True)
    return np.asarray(same)
