"""What an HDF5 file says of its own size, against the size that it has.

Source: HDF5 File Format Specification 3.0, II.A, "Disk Format: Level 0A - Format Signature and Superblock".
"""

from __future__ import annotations

import struct

SIGNATURE = b"\x89HDF\r\n\x1a\n"
FIRST = 1024
"""Bytes that the superblock lies in, at 0 or behind MATLAB's 512."""


def stated_size(first: bytes) -> int | None:
    """Bytes that a file should have; None where the superblock is at none of the usual places, or of a rare kind."""
    at = next((at for at in (0, 512) if first[at : at + 8] == SIGNATURE), None)
    if at is None or len(first) < at + 56 or first[at + (13 if first[at + 8] < 2 else 9)] != 8:
        return None
    end = {0: 40, 1: 44}.get(first[at + 8], 28)
    size: int = struct.unpack_from("<Q", first, at + end)[0]
    return size if size < 2**62 else None


def doubts(first: bytes, n_file: int) -> tuple[str, ...]:
    """Say where a file is longer than it states: bytes that were put into it move the samples behind them."""
    stated = stated_size(first)
    if stated is None or n_file <= stated:
        return ()
    return (f"The file has {n_file - stated:,} bytes more than it states; it may be damaged.",)
