"""EDF's prefiltering field is free text; a name that stood in it was stored with the channel."""

from __future__ import annotations

import pytest

from biocurate.formats.edf.header import stated_filter


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("HP:0.1Hz LP:75Hz N:50Hz", "HP:0.1Hz LP:75Hz N:50Hz"),  # the example of EDF+, section 2.1.3
        ("HP:0.1Hz Zaphod", "HP:0.1Hz"),
        ("HP: DC; LP: 417 Hz", "HP: DC LP: 417 Hz"),
        ("HP:0.5Hz LP:100Hz [enhanced cassette BW]", "HP:0.5Hz LP:100Hz"),
        ("Mrs N Smith", ""),
        ("", ""),
    ],
)
def test_only_filters_are_kept(text, kept):
    assert stated_filter(text) == kept
