"""What a check can find, and what it means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True)
class Kind:
    """One thing that a check can find."""

    check: str
    says: str
    means: str
    unit: str = ""
    """What a finding's value counts."""
    suspect: bool = False
    """Whether it shows that the channels' unit cannot be trusted."""


@dataclass(frozen=True)
class Finding:
    """One recording that a check found something in; never a sample, a name or a text of its header."""

    kind: str
    recording_id: str
    detail: str = ""
    """What findings of one kind are told apart by: a sensor type, a unit, a label."""
    channels: tuple[str, ...] = ()
    value: float | None = None
    marked: bool = False
    """Whether the store has all these channels as suspect already."""


_RULE = "`unit_status: suspect` with a reason in the recipe's channel rule says so for every recording."

KINDS: dict[str, Kind] = {
    "gains": Kind(
        "lead identities",
        "the limb leads obey Einthoven's or Goldberger's identity in the file's integers and miss it in its unit",
        f"The gains are wrong: amplitudes cannot be compared between leads, nor with other recordings. {_RULE}",
        "% of the amplitude missed",
        suspect=True,
    ),
    "leads": Kind(
        "lead identities",
        "the limb leads obey an identity neither in the file's integers nor in its unit",
        "A lead is wrongly named, or leads were filtered, shifted or edited one by one. The unit may be right.",
        "% of the amplitude missed",
    ),
    "equal-ranges": Kind(
        "lead ranges",
        "every lead's peak-to-peak is exactly the same number",
        f"Each lead was scaled by itself: the unit is none that was measured. {_RULE}",
        "peak-to-peak",
        suspect=True,
    ),
    "amplitude": Kind(
        "amplitude",
        "the amplitude is none that this sensor type can have",
        "The unit or gain is wrong, or it is no such signal. A recipe's `unit` or `gain` mends a known factor.",
        "in the canonical unit",
        suspect=True,
    ),
    "electrode": Kind(
        "amplitude",
        "the amplitude is none that this sensor type can have, and most channels of the same unit are right",
        "No wrong unit: an electrode was off or loose. Leave the channel out of windows.",
        "in the canonical unit",
    ),
    "flat": Kind(
        "amplitude",
        "a channel never changes",
        "The sensor was off, or the channel was filled in: leave it out of windows.",
    ),
    "unknown-unit": Kind(
        "units",
        "the file states no unit, or none that this sensor type can have",
        "Amplitudes are as the file counts them and cannot be compared with other corpora.",
    ),
    "unit-spelling": Kind(
        "units",
        "the unit is not spelt as it is defined, and is read as the nearest spelling",
        "A reader that is strict about case drops the unit or takes another. Here the factor is the right one.",
    ),
    "mains": Kind(
        "mains",
        "there is no line at the declared mains frequency, and a clear one at a known factor of it",
        "The sampling rate is declared wrong by that factor, or `mains_hz` of the recipe is.",
        "Hz",
    ),
    "heart-rates": Kind(
        "heart rates",
        "the heart rate by ECG and the pulse rate by PPG differ",
        "A sampling rate is declared wrong, or the two channels are not of one person at one time.",
        "times the ECG's",
    ),
    "header": Kind(
        "header against table",
        "the file's header and the corpus' table differ",
        "One of the two is wrong for these persons; the store has the table's. Ask the authors before relying on it.",
    ),
    "length": Kind(
        "length",
        "the recording is not as long as published",
        "It was cut, is another one, or the publication errs: labels that cover a whole recording may not fit.",
        "s",
    ),
    "unexplained": Kind(
        "marks",
        "the store has channels as suspect, and no check here speaks against them",
        "The recipe, the file's header or other rules say so: the reason is among the recording's warnings.",
    ),
    "unread": Kind(
        "reading",
        "its samples could not be read from the store",
        "Stored bytes are missing or changed: `biocurate verify`, then `biocurate ingest … --repair`.",
    ),
}
"""Name of a kind -> what it says; the one list of everything that an audit can find."""


def channel_names(groups: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Every name of several lists once, in order."""
    return tuple(dict.fromkeys(chain.from_iterable(groups)))
