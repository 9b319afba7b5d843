"""Gaps, as MNE's annotations tell of them: samples that were made up, stretches that were cut out, and seams.

MNE keeps one unbroken array. Where acquisition was skipped it puts zeros or a constant and the annotation
``BAD_ACQ_SKIP`` (`mne.io.read_raw_fif`); EEGLAB's event ``boundary`` says that so many samples were cut out before it;
``New Segment`` (BrainVision), event 0x7FFE (GDF) and ``EDGE boundary`` (`mne.concatenate_raws`) are seams of which
nobody knows how long the gap was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from biocurate.formats.mne.gdf import SEGMENT_START
from biocurate.formats.timeline import Span, Timeline, cut, from_start
from biocurate.recording import NS, samples_to_ns

_NEAR = 1e-3  # of a sample: MNE's times are float seconds


@dataclass(frozen=True)
class Mark:
    """One of MNE's annotations, its place and length in samples of the unbroken array."""

    onset: float
    length: float
    """Not finite where the file does not state it."""
    text: str
    channel: str | None = None

    @property
    def is_filler(self) -> bool:
        """Whether its samples were never acquired."""
        return self.text.casefold() == "bad_acq_skip"

    @property
    def is_cut(self) -> bool:
        """Whether samples were cut out before it: their number is its length."""
        return self.text.casefold() == "boundary"

    @property
    def is_seam(self) -> bool:
        """Whether what follows was acquired at another time."""
        text = self.text.casefold()
        return text.startswith("new segment") or text in ("edge boundary", "bad boundary", SEGMENT_START)

    @property
    def is_gap(self) -> bool:
        """Whether it is one of these."""
        return self.is_filler or self.is_cut or self.is_seam


@dataclass(frozen=True)
class Gaps:
    """The samples that are kept, and what the recording must say of the others."""

    timeline: Timeline
    lead_ns: int
    """From the first sample of the array to the first that is kept."""
    warnings: tuple[str, ...]


def place(marks: Sequence[Mark], n_samples: int, rate_hz: float) -> Gaps:
    """Lay the samples of MNE's array on the recording's clock.

    Parameters
    ----------
    marks : sequence of Mark
    n_samples : int
        Of each channel in the array.
    rate_hz : float
    """
    # A set, as MNE tells of a skip twice: from the data, and as an annotation that was saved with them.
    filler = {(_first(mark.onset), _first(mark.onset + _finite(mark.length))) for mark in marks if mark.is_filler}
    removed: dict[int, float] = {}
    for mark in marks:
        if mark.is_cut:
            at = _first(mark.onset)
            removed[at] = removed.get(at, 0.0) + _finite(mark.length)
    seams = {_first(mark.onset) for mark in marks if mark.is_seam}
    edges = {edge for pair in filler for edge in pair} | set(removed) | seams
    spans: list[Span] = []
    shift_ns = 0
    for first, stop in cut(n_samples, edges):
        # What was cut out before the first sample is before the recording.
        shift_ns += round(removed.get(first, 0.0) * NS / rate_hz) if first else 0
        if not any(start <= first < end for start, end in filler):
            spans.append(Span(first, stop, samples_to_ns(first, rate_hz) + shift_ns))
    n_unknown = sum(0 < at < n_samples for at in seams) + sum(0 < at < n_samples and not removed[at] for at in removed)
    timeline = Timeline(rate_hz, tuple(spans))
    return Gaps(from_start(timeline), spans[0].t0_ns if spans else 0, tuple(_said(len(spans), len(filler), n_unknown)))


def _first(position: float) -> int:
    """Index of the first sample at or behind a place."""
    return math.ceil(position - _NEAR)


def _finite(length: float) -> float:
    return length if math.isfinite(length) and length > 0 else 0.0


def _said(n_spans: int, n_filler: int, n_unknown: int) -> list[str]:
    noted = []
    if n_filler:
        noted.append(f"Where acquisition was skipped, the samples that MNE puts there are left out (gaps: {n_filler}).")
    if n_spans > 1:
        noted.append(f"Recording was paused, or the data were cut (gaps: {n_spans - 1}); each part is a segment.")
    if n_unknown:
        noted.append(f"It does not say how long its gaps last (gaps: {n_unknown}); what follows is laid close.")
    return noted
