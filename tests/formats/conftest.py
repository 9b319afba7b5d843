"""Raw files for tests, written byte by byte from the standards and not by the code under test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from biocurate.formats import Source


@dataclass
class EdfFile:
    """An EDF or BDF file to be: field by field, in the order of the standard's header record."""

    samples: list[np.ndarray] = field(default_factory=list)  # one a signal, shape (records, samples of a record)
    labels: list[str] | None = None
    units: list[str] | None = None
    physical: tuple[str, str] = ("-3200", "3200")
    digital: tuple[str, str] | None = None
    prefilter: str = "HP:0.1Hz LP:75Hz"
    record_s: str = "1"
    reserved: str = ""
    patient: str = "X X X X"
    recording: str = "Startdate 02-MAR-2020 X X X"
    date: str = "02.03.20"
    time: str = "10.20.30"
    n_records: str | None = None
    lists: list[list[bytes]] = field(default_factory=list)  # annotation signals, one block of bytes a record
    wide: bool = False  # BDF
    tail: bytes = b""

    def __post_init__(self) -> None:
        count = len(self.samples)
        self.labels = self.labels or [f"EEG C{i + 1}" for i in range(count)]
        self.units = self.units or ["uV"] * count
        self.digital = self.digital or (("-8388608", "8388607") if self.wide else ("-32768", "32767"))

    @property
    def width(self) -> int:
        return 3 if self.wide else 2

    def encode(self) -> bytes:
        blocks = [max(-(-max(map(len, lists)) // self.width), 1) for lists in self.lists]
        n_records = len(self.samples[0]) if self.samples else len(self.lists[0])
        columns = [[each.shape[1] for each in self.samples] + blocks][0]
        head = (
            (b"\xffBIOSEMI" if self.wide else b"0       ")
            + _pad(self.patient, 80) + _pad(self.recording, 80) + _pad(self.date, 8) + _pad(self.time, 8)
            + _pad(256 * (1 + len(columns)), 8) + _pad(self.reserved, 44)
            + _pad(n_records if self.n_records is None else self.n_records, 8)
            + _pad(self.record_s, 8) + _pad(len(columns), 4)
        )  # fmt: skip
        own = "BDF Annotations" if self.wide else "EDF Annotations"
        rows = [[*self.labels, *[own] * len(blocks)], [""] * len(columns), [*self.units, *[""] * len(blocks)]]
        for limit in (*self.physical, *self.digital):
            rows.append([limit] * len(self.samples) + ["-1" if limit.startswith("-") else "1"] * len(blocks))
        rows += [[self.prefilter] * len(columns), columns, [""] * len(columns)]
        for row, width in zip(rows, (16, 80, 8, 8, 8, 8, 8, 80, 8, 32), strict=True):
            head += b"".join(_pad(cell, width) for cell in row)
        body = b""
        for record in range(n_records):
            for each in self.samples:
                body += _bytes(each[record], self.wide)
            for lists, length in zip(self.lists, blocks, strict=True):
                body += lists[record].ljust(length * self.width, b"\x00")
        return head + body + self.tail


def _pad(value: object, width: int) -> bytes:
    text = str(value).encode("latin-1")
    assert len(text) <= width, value
    return text.ljust(width)


def _bytes(values: np.ndarray, wide: bool) -> bytes:
    """Two's complement, least significant byte first."""
    return b"".join(int(value).to_bytes(3 if wide else 2, "little", signed=True) for value in values)


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Source]:
    """Write a file below a root and give its source."""

    def write(content: bytes, name: str = "recording.edf") -> Source:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return Source(tmp_path, name)

    return write


@pytest.fixture(scope="session")
def edf_file() -> type[EdfFile]:
    """The writer of EDF and BDF files."""
    return EdfFile
