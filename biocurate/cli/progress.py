"""Progress of long work: a bar with rate and time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from biocurate.engine import Progress

LINE_EVERY_S = 10.0
"""Seconds between plain lines where there is no terminal."""


class _Lines:
    def __init__(self, title: str, unit: str) -> None:
        self._title, self._unit = title, unit
        self._total = self._done = 0.0
        self._began = self._said = time.monotonic()

    @property
    def has_begun(self) -> bool:
        """Whether there was anything to do."""
        return bool(self._total or self._done)

    def start(self, total: float) -> None:
        self._total = total

    def advance(self, amount: float) -> None:
        self._done += amount
        if time.monotonic() - self._said >= LINE_EVERY_S:
            self._said = time.monotonic()
            self.say()

    def say(self) -> None:
        from biocurate.cli.output import console

        spent = max(time.monotonic() - self._began, 1e-9)
        rate = self._done / spent
        left = f", {(self._total - self._done) / rate:.0f} s left" if rate and self._done < self._total else ""
        text = f"{self._title}: {self._done:,.0f} of {self._total:,.0f} {self._unit}, {rate:,.1f} {self._unit}/s{left}"
        console(stderr=True).print(text, markup=False)


class _Terminal:
    def __init__(self, title: str, unit: str) -> None:
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        from biocurate.cli.output import console

        rate = TextColumn("{task.fields[rate]}")
        done = TextColumn("{task.completed:,.0f}/{task.total:,.0f} " + unit)
        self.progress = RichProgress(
            TextColumn(title),
            BarColumn(),
            TaskProgressColumn(),
            done,
            rate,
            TimeRemainingColumn(),
            console=console(stderr=True),
        )
        self._unit = unit
        self._task = self.progress.add_task(title, total=1, rate="")
        self._began, self._done = time.monotonic(), 0.0

    def start(self, total: float) -> None:
        self.progress.update(self._task, total=total)

    def advance(self, amount: float) -> None:
        self._done += amount
        rate = self._done / max(time.monotonic() - self._began, 1e-9)
        self.progress.update(self._task, advance=amount, rate=f"{rate:,.1f} {self._unit}/s")


@contextmanager
def progress(title: str, unit: str = "") -> Iterator[Progress]:
    """Show progress while the block runs.

    Parameters
    ----------
    title : str
    unit : str
        What is counted: ``MB``, ``images``.
    """
    from biocurate.cli.output import console

    if console(stderr=True).is_terminal:
        bar = _Terminal(title, unit)
        with bar.progress:
            yield bar
        return
    lines = _Lines(title, unit)
    yield lines
    if lines.has_begun:
        lines.say()
