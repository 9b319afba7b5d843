"""What the header of a GDF file says and MNE does not pass on: each signal's unit and number of samples.

Source: Schloegl, "GDF - A general data format for biosignals", version 2.51, https://arxiv.org/abs/cs/0608052, tables 1
to 3; codes of units: ISO/IEEE 11073-10101, where the lowest five bits are the decimal factor.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from biocurate.errors import SourceError
from biocurate.formats.impostors import refuse_impostor
from biocurate.formats.source import Source

_FIXED = 256  # bytes of the fixed header, and of each signal's
_VOLT, _MILLI, _MICRO = 4256, 4256 + 18, 4256 + 19
SEGMENT_START = "32766"
"""Event 0x7FFE, "start of a new segment": MNE gives it as this text."""


@dataclass(frozen=True)
class GdfSignals:
    """The signals of a file, in its order."""

    in_volts: tuple[bool, ...]
    """Whether MNE's scaling to volts is what the file states."""
    per_record: tuple[int, ...]
    """Samples in a data record; unequal where signals have unequal rates."""
    n_bytes: int
    """That header and records take up."""


_WIDTHS = np.array([0, 1, 1, 2, 2, 4, 4, 8, 8] + [0] * 7 + [4, 8, 16])
"""Bytes of a sample, by the code of its type; 24-bit integers have codes 279 and 535."""


def gdf_signals(source: Source) -> GdfSignals:
    """Read units and lengths from the header.

    Raises
    ------
    SourceError
        It is no GDF file, or ends inside its header.
    """
    with source.open() as stream:
        fixed = stream.read(_FIXED)
        refuse_impostor(fixed, source.virtual)
        if fixed[:4] != b"GDF " or len(fixed) < _FIXED:
            raise SourceError("is no GDF file.", where=source.virtual, mend="Check the recipe's reader.")
        old = fixed[4:5] == b"1"
        n_signals = int.from_bytes(fixed[252:256] if old else fixed[252:254], "little")
        signals = stream.read(_FIXED * min(n_signals, 2**16))
    if not n_signals or len(signals) < _FIXED * n_signals:
        raise SourceError(
            "ends inside its header.", where=source.virtual, mend="The file looks cut off; download it again."
        )
    header_bytes = struct.unpack_from("<q", fixed, 184)[0] if old else 256 * struct.unpack_from("<H", fixed, 184)[0]
    per_record, kinds = np.frombuffer(signals, "<i4", 2 * n_signals, 216 * n_signals).reshape(2, n_signals)
    record_bytes = int((_width(kinds) * per_record.astype(np.int64)).sum())
    return GdfSignals(
        in_volts=_texts(signals, n_signals) if old else _codes(signals, n_signals),
        per_record=tuple(per_record.tolist()),
        n_bytes=header_bytes + max(struct.unpack_from("<q", fixed, 236)[0], 0) * record_bytes,
    )


def _width(kinds: np.ndarray[tuple[int], np.dtype[np.int32]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    plain = np.where((kinds > 0) & (kinds < len(_WIDTHS)), kinds, 0)
    return np.where(np.isin(kinds, (279, 535)), 3, _WIDTHS[plain])


def _texts(signals: bytes, n_signals: int) -> tuple[bool, ...]:
    """Version 1 spells units out; MNE takes for volts whatever does not begin with ``uV``."""
    units = [signals[96 * n_signals + 8 * i :][:8].strip(b" \x00") for i in range(n_signals)]
    return tuple(unit.startswith(b"uV") or unit == b"V" for unit in units)


def _codes(signals: bytes, n_signals: int) -> tuple[bool, ...]:
    """Version 2 has codes; MNE knows milli- and microvolts and takes every other for volts."""
    codes = np.frombuffer(signals, "<u2", n_signals, 102 * n_signals)
    return tuple(np.isin(codes, (_VOLT, _MILLI, _MICRO)).tolist())
