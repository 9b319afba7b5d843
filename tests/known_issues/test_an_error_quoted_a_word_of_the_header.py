"""A damaged header's words were quoted in `failures`: a shifted record line or header field holds a name or a date."""

from __future__ import annotations

import edfio
import numpy as np
import pytest

from biocurate.errors import SourceError
from biocurate.formats import Source, reader

SECRETS = ("Quintilia", "Zebedee", "1931")


def said_of(tmp_path, name: str) -> str:
    """Everything that a reader says of a file but the file's own name."""
    format_ = reader({"edf": "edf", "hea": "wfdb"}[name.rpartition(".")[2]])
    try:
        return " ".join(format_.read(Source(tmp_path, name), format_.Options()).warnings)
    except SourceError as error:
        return f"{error.what} {error.mend}"


@pytest.mark.parametrize(
    "header",
    [
        "Quintilia Zebedee 03-FEB-1931",
        "r Quintilia 100 3",
        "r 1 Zebedee 3",
        "r 1 100 03/02/1931",
        "r/Quintilia 1 100",
        "r/1931Zebedee 1 100\na 2",
        "r 1 100 3\nr.dat Zebedee",
        "r 1 100 3\nr.dat 16 Zebedee",
        "r 1 100 3\nr.dat 16 200 Zebedee",
        "r 1 100 3\nr.dat 16 200 16 0 Zebedee",
        "r 1 100 3\nQuintilia 17",
        "r 1 100\nQuintilia 508",
        "r 1 100 3\n../Zebedee 16",
        "r 2 100 3\nZebedee 16\nZebedee 80",
        "r/1 1 100 3\nZebedee 1931-02-03",
        "r/1 1 100 3\n../Zebedee 3",
        "r/2 1 100 3\nZebedee 2\n~ 2",
    ],
)
def test_no_word_of_a_wfdb_header_is_in_the_error(tmp_path, header):
    (tmp_path / "r.hea").write_text(header)
    said = said_of(tmp_path, "r.hea")
    assert said
    assert not [secret for secret in SECRETS if secret in said]


@pytest.mark.parametrize("shift", range(-90, 91, 3))
def test_no_piece_of_a_shifted_edf_header_is_in_the_error(tmp_path, shift):
    """Bytes were lost or added at the beginning: each field is read where another stands."""
    signal = edfio.EdfSignal(np.linspace(-1, 1, 512), 256, label="EEG Cz", physical_dimension="uV")
    who = edfio.Patient(name="Quintilia_Zebedee", code="Zebedee", additional=("1931",) * 8)
    edfio.Edf([signal], patient=who).write(tmp_path / "whole.edf")
    raw = (tmp_path / "whole.edf").read_bytes()
    shifted = raw[-shift:] if shift < 0 else raw[:8] + raw[8:168][-shift:] + raw[8:]
    for content in (shifted, raw[:8] + shifted[8:]):
        (tmp_path / "r.edf").write_bytes(content)
        said = said_of(tmp_path, "r.edf")
        assert not [secret for secret in SECRETS if secret in said]


@pytest.mark.parametrize("at", [184, 236, 244, 252, 256 + 216])
def test_no_field_of_an_edf_header_is_quoted(tmp_path, at):
    signal = edfio.EdfSignal(np.linspace(-1, 1, 512), 256, label="EEG Cz", physical_dimension="uV")
    edfio.Edf([signal]).write(tmp_path / "r.edf")
    raw = bytearray((tmp_path / "r.edf").read_bytes())
    raw[at : at + 4] = b"Zebe"
    (tmp_path / "r.edf").write_bytes(bytes(raw))
    said = said_of(tmp_path, "r.edf")
    assert said
    assert "Zebe" not in said
