"""Files that may join a recording later, known by their names alone."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from biocurate.formats.source import Source


@runtime_checkable
class Foreseeing(Protocol):
    """A reader that can tell whether an unchanged file would now be read together with others than before.

    It spares a rerun over a finished corpus from opening every header. Of a reader that is none, `companions` is asked.
    """

    def latecomers(self, source: Source, options: Any) -> list[Source] | None:  # noqa: ANN401
        """Files that a read would open if they were there, besides those that the file itself names.

        Nothing is opened. None where only opening the file tells.
        """
        ...
