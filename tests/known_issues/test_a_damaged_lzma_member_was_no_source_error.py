"""zlib's errors became SourceErrors; those of lzma, and of bzip2 (an OSError), reached the user as they were."""

from __future__ import annotations

import zipfile

import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_damage_inside_a_member_is_named_whatever_it_is_packed_with(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("x.csv", bytes(range(256)) * 40)
    raw = bytearray((tmp_path / "a.zip").read_bytes())
    begin = 30 + len("x.csv") + (9 if method == zipfile.ZIP_LZMA else 0)  # after lzma's own properties
    raw[begin : begin + 60] = bytes(byte ^ 0xFF for byte in raw[begin : begin + 60])
    (tmp_path / "a.zip").write_bytes(bytes(raw))
    with pytest.raises(SourceError, match=r"a\.zip/x\.csv: is damaged in its archive"):
        Source(tmp_path, "a.zip", "x.csv").sha256()
