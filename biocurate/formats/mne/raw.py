"""Open a file by MNE: its words to the console are kept back, its errors told as ours, its files looked at."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biocurate.errors import BiocurateError, SourceError, UsageError
from biocurate.formats.mne.kinds import kind_of
from biocurate.formats.source import Source
from biocurate.formats.timeline import Span

_TOLD = ("The data contains 'boundary' events", "This filename ")
"""Beginnings of MNE's warnings that the recording's own say better, or that are about a name."""
_EXACT_IN_FLOAT32 = ("single", "short")
_AGAIN = "Check that MNE opens it elsewhere; if it does not, download it again."


def library() -> Any:  # noqa: ANN401 - the package itself, which has no types
    """Import MNE.

    Raises
    ------
    UsageError
        It is not installed.
    """
    try:
        return import_module("mne")
    except ImportError as error:
        raise UsageError(
            "the reader `mne` needs MNE-Python, which is not installed.",
            mend="Install the extra: pip install 'biocurate[interop]'.",
        ) from error


@contextmanager
def refusing(source: Source) -> Iterator[None]:
    """Tell whatever MNE raises as a `SourceError`: of a damaged file, it may raise anything.

    Its message may quote the file, and a name with it: only its type is kept. A damaged length can ask for more memory
    than any machine has, so that `MemoryError` is the file's fault, too.
    """
    try:
        yield
    except BiocurateError:
        raise
    except Exception as error:
        raise SourceError(
            f"MNE cannot read it ({type(error).__name__}).", where=source.virtual, mend=_AGAIN, unfinished=True
        ) from error


@dataclass(frozen=True)
class MneFile:
    """A file as MNE opens it: its header is read when it is first asked for, its samples range by range."""

    source: Source

    @cached_property
    def opened(self) -> tuple[Any, int]:
        """MNE's ``Raw``, without its samples, and how many warnings it gave."""
        read = getattr(library().io, kind_of(self.source).function)
        with warnings.catch_warnings(record=True) as said, refusing(self.source):
            warnings.simplefilter("always")
            raw = read(self.source.local(), preload=False, verbose="warning")
        ours = [str(warning.message) for warning in said if not issubclass(warning.category, DeprecationWarning)]
        return raw, sum(not text.startswith(_TOLD) for text in ours)

    @property
    def raw(self) -> Any:  # noqa: ANN401
        """MNE's ``Raw``."""
        return self.opened[0]

    @property
    def n_warnings(self) -> int:
        """Warnings that MNE gave, which may quote the file and are only counted."""
        return self.opened[1]

    def files(self) -> list[Source]:
        """Every file that MNE reads samples from, the source itself first.

        Raises
        ------
        SourceError
            One lies outside the root, or is not there.
        """
        root, found = self.source.root.resolve(), [self.source]
        for name in self.raw.filenames:
            path = Path(name).resolve() if name is not None else root / self.source.path
            if not path.is_relative_to(root):
                raise SourceError(
                    "refers to a file that lies outside the folder that is read.",
                    where=self.source.virtual,
                    mend="Give a root that holds both files.",
                )
            found.append(self._named(Path(name), root) if name is not None else self.source)
        return list(dict.fromkeys(found))

    def _named(self, path: Path, root: Path) -> Source:
        if path.resolve() == self.source.local().resolve():
            return self.source
        absolute = path.parent.resolve() / path.name
        below = absolute if absolute.is_relative_to(root) else path.resolve()
        return Source(self.source.root, below.relative_to(root).as_posix())

    def read(self, rows: tuple[int, ...], start: int, stop: int) -> NDArray[np.float64]:
        """Samples ``[start, stop)`` of MNE's array, in SI units, shape (rows, stop - start)."""
        with warnings.catch_warnings(), refusing(self.source):
            warnings.simplefilter("ignore")
            block: NDArray[np.float64] = self.raw[list(rows), start:stop][0]
        return block

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self.source}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


@dataclass(frozen=True)
class MneSamples:
    """Samples of some channels, without those that were never acquired."""

    file: MneFile
    rows: tuple[int, ...]
    spans: tuple[Span, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Channels, samples."""
        return len(self.rows), sum(span.stop - span.first for span in self.spans)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 where the file's own numbers have no more than its 24 bits, else float64."""
        exact = self.file.raw.orig_format in _EXACT_IN_FLOAT32
        return np.dtype(np.float32 if exact else np.float64)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Samples ``[start, stop)``, shape (channels, stop - start)."""
        start, stop, _ = slice(start, stop).indices(self.shape[1])
        out = np.empty((len(self.rows), max(stop - start, 0)), self.dtype)
        before = filled = 0
        for span in self.spans:
            length = span.stop - span.first
            first, last = max(start - before, 0), min(stop - before, length)
            if first < last:
                out[:, filled : filled + last - first] = self.file.read(
                    self.rows, span.first + first, span.first + last
                )
                filled += last - first
            before += length
        return out
