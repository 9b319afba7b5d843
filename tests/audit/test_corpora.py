"""Real corpora: the faults that are known are found, from the files alone."""

from __future__ import annotations

import pytest

from biocurate.audit.run import audit
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recipes.catalogue import recipe_folder
from biocurate.store.store import create_store

PLAIN = """
name: {name}
title: As the files have it
licence: none
access: open
citation: none
url: https://example.org
files: {{pattern: '{pattern}', reader: {reader}}}
"""


def wfdb(name):
    return PLAIN.format(name=name, pattern=r"(?P<subject>\w+)\.hea", reader="wfdb")


@pytest.fixture
def findings(corpora, tmp_path):
    """Ingest a corpus by a recipe's text and audit it; returns kind -> findings, and the store."""

    def run(folder, text):
        if not (corpora / folder).is_dir():
            pytest.skip(f"{folder} is not among the real recordings")
        recipe = tmp_path / "recipe.yaml"
        recipe.write_text(text)
        store = create_store(str(tmp_path / "store"))
        outcome = ingest(make_plan(load_recipe(recipe), corpora / folder, store), InProcess(), store)
        assert outcome.failures == []
        found = {}
        for row in audit(store, InProcess()).findings():
            found.setdefault(row["finding"], []).append(row)
        return found, store

    return run


def test_ludb_is_found_with_its_rule_removed(findings):
    text = (recipe_folder() / "ludb.yaml").read_text()
    lines = text.splitlines(keepends=True)
    kept = "".join(line for line in lines if not line.lstrip().startswith(("unit_status:", "reason:")))
    assert len(kept.splitlines()) == len(lines) - 2
    found, store = findings("ludb", kept)
    channels = store.channels.collect()
    assert channels.height == 816
    assert channels["unit_status"].unique().to_list() == ["suspect"]
    for kind in ("gains", "equal-ranges"):
        [row] = found[kind]
        assert (row["recordings"], row["of recordings"], row["marked suspect"]) == (68, 68, 68)
    [row] = found["equal-ranges"]
    assert (row["least"], row["most"]) == (pytest.approx(1, abs=1e-9), pytest.approx(1, abs=1e-9))
    assert len(row["channels"]) == 12


def test_ludb_keeps_the_reason_of_its_recipe(findings):
    found, store = findings("ludb", (recipe_folder() / "ludb.yaml").read_text())
    assert found["equal-ranges"][0]["marked suspect"] == 68
    warnings = store.recordings.select("warnings").explode("warnings").unique().collect().to_series().to_list()
    assert [text for text in warnings if "suspect" in text] == [
        "ECG: unit is suspect: the gains scale each lead to a peak-to-peak of 1; they give no millivolts"
    ]


def test_ptb_xl_spells_its_unit_mv_and_is_read_as_millivolts(findings):
    found, store = findings("cinc2021-12lead", wfdb("cinc"))
    [row] = found["unit-spelling"]
    assert row["of"] == "ECG 'mv'"
    assert row["recordings"] == 6
    assert all(name.startswith("cinc/HR") for name in row["all"])
    channels = store.channels.collect()
    assert channels["canonical_unit"].unique().to_list() == ["mV"]
    assert channels["unit_status"].unique().to_list() == ["declared"]
    assert "gains" not in found
    assert "equal-ranges" not in found


def test_cpsc2018_has_right_gains(findings):
    found, _ = findings("cpsc2018-12lead", wfdb("cpsc"))
    assert not found.keys() & {"gains", "leads", "equal-ranges"}


def test_eegmat_has_the_opposite_sex_in_every_header_and_one_recording_of_80_s(findings):
    found, _ = findings("eegmat", (recipe_folder() / "eegmat.yaml").read_text())
    [sex] = found["header"]
    assert sex["of"] == "sex: subject-info.csv"
    assert sex["recordings"] == sex["of recordings"] == 44
    [length] = found["length"]
    assert (length["all"], length["median"]) == (["eegmat/Subject31_1"], 80.0)
    assert not found.keys() & {"mains", "amplitude", "flat", "gains"}


def test_bidmc_states_no_unit_for_its_ecg_and_heart_and_pulse_agree(findings):
    pattern = "(?P<subject>.+)_Signals\\.csv"
    text = PLAIN.format(name="bidmc", pattern=pattern, reader="csv, options: {rate_hz: 125}")
    found, _ = findings("bidmc-sample", text)
    assert "ECG ''" in {row["of"] for row in found["unknown-unit"]}
    assert "heart-rates" not in found


def test_bidmc_read_at_128_hz_in_its_pulse_alone_is_found(corpora):
    """The same samples, the pulse's rate declared wrong: 128 for 125 Hz."""
    import polars as pl

    from biocurate.audit.hearts import heart_rates, pulse_rates, rates_differ

    [path] = (corpora / "bidmc-sample").glob("*_Signals.csv")
    table = pl.read_csv(path)
    n = table.height // 3750
    lead, pulse = (table[name].to_numpy()[: n * 3750].reshape(n, 1, 3750) for name in (" II", " PLETH"))
    heart = heart_rates(lead, 125.0)
    assert rates_differ(heart, pulse_rates(pulse, 125.0)) is None
    assert rates_differ(heart, pulse_rates(pulse, 128.0)) == pytest.approx(1.024, rel=0.003)
