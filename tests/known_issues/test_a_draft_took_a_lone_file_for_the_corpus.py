"""A folder of seven WFDB records and one EDF file was drafted for the EDF file; the records were not read."""

from __future__ import annotations

from biocurate.recipes.draft import survey


def test_the_format_with_the_most_files_is_drafted(tmp_path):
    for number in range(7):
        (tmp_path / f"A{number}.hea").write_text(f"A{number} 1 4 16\nA{number}.dat 16 200/mV 16 0 0 0 0 ECG\n")
        (tmp_path / f"A{number}.dat").write_bytes(bytes(32))
    (tmp_path / "sample.edf").write_bytes(b"0")
    found = survey(tmp_path)
    assert (found.reader, len(found.pattern.paths), found.unread) == ("wfdb", 7, {".edf": 1})
