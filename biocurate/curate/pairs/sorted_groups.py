"""Values in groups, each group rising: the last one up to a value, for many groups and values at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class SortedGroups:
    """Rising values of group 0, then of group 1, and so on; each group has one at least.

    Parameters
    ----------
    values : array, shape (values,)
    first : array, shape (groups + 1,)
        Where each group begins, and the end.
    keys : array, shape (values,)
        Values moved so that they rise over all groups.
    low, reach : array, shape (groups,)
        Least value of each group, and what moves it.
    """

    values: Ints
    first: Ints
    keys: Ints
    low: Ints
    reach: Ints

    @classmethod
    def of(cls, values: Ints, sizes: Ints) -> SortedGroups:
        """From the values, and how many are of each group."""
        first = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)]).astype(np.int64)
        low, high = values[first[:-1]], values[first[1:] - 1]
        # One more than the span, so that a value before a group stays behind the group before it.
        reach = np.concatenate([np.zeros(1, np.int64), np.cumsum(high - low + 1)])[:-1]
        group = np.repeat(np.arange(sizes.size), sizes)
        return cls(values, first, values - low[group] + reach[group], low, reach)

    def last_up_to(self, group: Ints, value: Ints) -> Ints:
        """Index of the last of the group's values that is at most a value; the group's first where none is."""
        if self.values.size == self.low.size:
            return group  # one value a group, as of recordings without a gap
        begin, end = self.first[group], self.first[group + 1]
        inside = np.clip(value, self.low[group], self.values[end - 1])
        found = np.searchsorted(self.keys, inside - self.low[group] + self.reach[group], side="right") - 1
        return np.asarray(np.maximum(found, begin))
