"""Other references: differences of electrodes, or the common average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from biocurate.curate.views.form import Form, Stage
from biocurate.curate.views.signal import Floats, Over, Runs, Signal, joined
from biocurate.curate.views.step import Step
from biocurate.errors import ViewError

TCP = tuple(
    tuple(pair.split("-"))
    for pair in (
        "Fp1-F7 F7-T3 T3-T5 T5-O1 Fp2-F8 F8-T4 T4-T6 T6-O2 A1-T3 T3-C3 C3-Cz Cz-C4 C4-T4 T4-A2 "
        "Fp1-F3 F3-C3 C3-P3 P3-O1 Fp2-F4 F4-C4 C4-P4 P4-O2"
    ).split()
)
"""The 22 differences of the temporal central parasagittal montage: Lopez, Gross, Obeid & Picone, An analysis of two
common reference points for EEGs, IEEE SPMB 2016."""

SAME = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8", "M1": "A1", "M2": "A2"}
"""Older and newer names of the same places: ACNS Guideline 2, J. Clin. Neurophysiol. 33(4):308, 2016."""


class Montage(Step, step="montage"):
    """Take differences of channels, or refer every channel to the mean of some.

    Channels are found by canonical name, also by the other one of the names that an electrode has had (T3 and T7). A
    sample is missing where one that it is made of is.
    """

    kind: Literal["bipolar", "average"] = "bipolar"
    pairs: Literal["tcp"] | tuple[tuple[str, str], ...] = ()
    """Of ``bipolar``: first minus second; or ``tcp``, the 22 of Temple University's EEG corpus."""
    reference: tuple[str, ...] = ()
    """Of ``average``: the channels whose mean is taken off; all where left out."""
    absent: Literal["refuse", "drop"] = "refuse"
    """What becomes of a stream that lacks an electrode: no view of it is made, or it goes without that channel, which
    is recorded."""

    @model_validator(mode="after")
    def _own_fields(self) -> Self:
        if (self.kind == "bipolar") != bool(self.pairs):
            raise ValueError("`pairs` belongs to the kind bipolar, and that kind needs it")
        if self.reference and self.kind != "average":
            raise ValueError("`reference` belongs to the kind average")
        return self

    @property
    def needs_units(self) -> bool:
        """It does: channels that are scaled differently have no difference."""
        return True

    def plan(self, form: Form) -> Stage:
        """Find the channels."""
        if len(set(form.units)) > 1:
            raise ViewError(f"montage: the channels are in {', '.join(map(repr, sorted(set(form.units))))}")
        return self._average(form) if self.kind == "average" else self._bipolar(form)

    def _average(self, form: Form) -> Stage:
        rows, dropped = self._rows([(name,) for name in self.reference or form.names], form.names)
        places = [row[0] for row in rows]

        def over(parent: Signal) -> Signal:
            return Averaged(parent, places)

        return Stage(form, over, dropped=dropped)

    def _bipolar(self, form: Form) -> Stage:
        wanted = TCP if self.pairs == "tcp" else self.pairs
        rows, dropped = self._rows(wanted, form.names)
        plus, minus = (np.array([row[side] for row in rows]) for side in (0, 1))
        names = tuple(f"{form.names[one]}-{form.names[other]}" for one, other in rows)
        floor = tuple(max(form.floor[one], form.floor[other]) for one, other in rows)

        def over(parent: Signal) -> Signal:
            return Differences(parent, plus, minus)

        return Stage(replace(form, names=names, units=form.units[:1] * len(names), floor=floor), over, dropped=dropped)

    def _rows(
        self, wanted: Sequence[tuple[str, ...]], names: Sequence[str]
    ) -> tuple[list[tuple[int, ...]], tuple[str, ...]]:
        """Rows of the channels asked for, and what is not there."""
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ViewError(f"montage: several channels are called {twice[0]}")
        places = {_folded(name): row for row, name in enumerate(names)}
        found = {each: [places.get(_folded(name)) for name in each] for each in wanted}
        lost = ["-".join(each) for each, rows in found.items() if None in rows]
        if len(lost) == len(found) or (lost and self.absent == "refuse"):
            raise ViewError(f"montage: there is no {', '.join(lost)}")
        rows = [tuple(row for row in each if row is not None) for each in found.values() if None not in each]
        return rows, tuple(f"montage {each}: no such electrode" for each in lost)


def _folded(name: str) -> str:
    upper = name.upper()
    return SAME.get(upper, upper)


@dataclass(frozen=True)
class Differences(Over):
    """Some channels minus others."""

    plus: NDArray[np.intp]
    minus: NDArray[np.intp]

    @property
    def missing(self) -> Runs:
        """Where either of the two has no sample."""
        theirs = self.parent.missing
        return tuple(joined([theirs[one], theirs[other]]) for one, other in zip(self.plus, self.minus, strict=True))

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``."""
        values = self.parent.read(start, stop)
        found: Floats = values[self.plus] - values[self.minus]
        return found


@dataclass(frozen=True)
class Averaged(Over):
    """Every channel less the mean of some; a channel without any sample takes no part in the mean."""

    places: list[int]

    @property
    def missing(self) -> Runs:
        """Where the channel or one of the mean's has no sample."""
        theirs = self.parent.missing
        mean = joined([theirs[place] for place in self._alive])
        return tuple(joined([mine, mean]) for mine in theirs)

    @cached_property
    def _alive(self) -> list[int]:
        missing, length = self.parent.missing, self.parent.n_samples
        return [row for row in self.places if (missing[row][:, 1] - missing[row][:, 0]).sum() < length]

    def read(self, start: int, stop: int) -> Floats:
        """Samples ``[start, stop)``."""
        values = self.parent.read(start, stop)
        alive = self._alive
        if alive:
            values = values - values[alive].mean(axis=0)
        return values
