"""A damaged header line ``r 3 100 4 8:26:9e404 26/10/1994`` ended the run: an OverflowError, found by hypothesis."""

from __future__ import annotations

from biocurate.formats import Source, reader


def test_a_start_time_that_is_none_is_no_start_time(tmp_path):
    (tmp_path / "r.hea").write_text("r 1 100 4 8:26:9e404 26/10/1994\nr.dat 16 200/mV 16 0 0 0 0 II\n")
    (tmp_path / "r.dat").write_bytes(bytes(8))
    wfdb = reader("wfdb")
    recording = wfdb.read(Source(tmp_path, "r.hea"), wfdb.Options())
    assert recording.streams[0].digital.tolist() == [[0, 0, 0, 0]]
