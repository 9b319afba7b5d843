"""A signal with a gain and no unit is in millivolts, says header(5). The ingest knew it, `recipes check` did not."""

from __future__ import annotations

import pytest

from biocurate.formats import Source, reader

WFDB = reader("wfdb")


@pytest.mark.parametrize(
    ("gain", "label", "unit"),
    [("200", "MLII", "mV"), ("200/uV", "MLII", "uV"), ("0", "MLII", ""), ("200", "UC", "")],
    ids=["left out", "stated", "uncalibrated", "none that has volts"],
)
def test_a_header_has_the_unit_that_its_samples_have(tmp_path, gain, label, unit):
    (tmp_path / "a.hea").write_text(f"a 1 250 4\na.dat 16 {gain} 12 0 0 0 0 {label}\n")
    (tmp_path / "a.dat").write_bytes(bytes(8))
    source = Source(tmp_path, "a.hea")
    assert [signal.unit for signal in WFDB.read_header(source, WFDB.Options()).signals] == [unit]
    [stream] = WFDB.read(source, WFDB.Options()).streams
    assert [channel.unit for channel in stream.channels] == [unit]
