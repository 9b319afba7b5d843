"""What every ingest checks, on small WFDB corpora: suspect where the samples say so, and only there."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import wfdb

from biocurate.audit import at_ingest
from biocurate.audit.run import audit
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan, revision
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store

RECIPE = """
name: twelve
title: Limb leads
licence: CC0-1.0
access: open
citation: none
url: https://example.org/twelve
mains_hz: 50
files: {{pattern: '(?P<subject>\\w+)\\.hea', reader: wfdb}}
channels:
  - {{match: 'I+|aV[RLF]', sensor: ECG{more}}}
expect: {{duration_s: [10]}}
"""


class Corpus:
    """Records of the six limb leads, each with gains of its own."""

    def __init__(self, folder, leads):
        self.root, self.leads, self.recipe = folder / "raw", leads, folder / "twelve.yaml"
        self.root.mkdir()
        self.recipe.write_text(RECIPE.format(more=""))

    def write(self, name, true=1000.0, declared=None, unit="mV", seconds=10):
        """Digitise at the true gain, in steps a millivolt, and declare another."""
        digital = np.stack([np.round(x * true) for x in self.leads.values()], axis=1).astype(np.int64)
        digital = np.tile(digital, (-(-seconds // 10), 1))[: seconds * 500]
        gains = [float(each) for each in np.broadcast_to(true if declared is None else declared, 6)]
        wfdb.wrsamp(
            name, fs=500, units=[unit] * 6, sig_name=list(self.leads), d_signal=digital, fmt=["16"] * 6,
            adc_gain=gains, baseline=[0] * 6, write_dir=str(self.root),
        )  # fmt: skip

    def ingest(self, store):
        outcome = ingest(make_plan(load_recipe(self.recipe), self.root, store), InProcess(), store)
        assert outcome.failures == []
        return outcome


@pytest.fixture
def made(tmp_path, leads):
    return Corpus(tmp_path, leads)


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def states(store, recording_id):
    rows = store.channels.filter(pl.col("recording_id") == recording_id).collect()
    return dict(zip(rows["name"], rows["unit_status"], strict=True))


def warnings(store, recording_id):
    return store.recording(recording_id).row["warnings"]


def test_right_gains_are_not_touched(made, store):
    made.write("right")
    made.ingest(store)
    assert set(states(store, "twelve/right").values()) == {"declared"}
    assert warnings(store, "twelve/right") == []


def test_a_normalisation_lead_by_lead_is_found_without_a_recipe_that_says_so(made, store, leads):
    steps = [int(np.ptp(np.round(x * 1000))) for x in leads.values()]
    made.write("scaled", declared=steps)
    made.ingest(store)
    assert set(states(store, "twelve/scaled").values()) == {"suspect"}
    said = warnings(store, "twelve/scaled")
    assert any("exactly 1 mV" in text for text in said)
    assert any("II = I + III" in text for text in said)


def test_one_wrong_gain_makes_the_leads_of_its_identities_suspect(made, store):
    made.write("one", declared=[1000, 1000, 1000, 1000, 1000, 400])
    made.ingest(store)
    assert states(store, "twelve/one") == dict.fromkeys(("I", "II", "aVF"), "suspect") | dict.fromkeys(
        ("III", "aVR", "aVL"), "declared"
    )


def test_a_recipe_that_says_suspect_keeps_its_reason(made, store):
    made.recipe.write_text(RECIPE.format(more=", unit_status: suspect, reason: the authors say so"))
    made.write("one", declared=[1000, 1000, 1000, 1000, 1000, 400])
    made.ingest(store)
    assert set(states(store, "twelve/one").values()) == {"suspect"}
    assert warnings(store, "twelve/one") == ["ECG: unit is suspect: the authors say so"]


def test_a_long_recording_is_looked_at_in_its_middle(made, store):
    made.write("long", declared=[1000, 1000, 1000, 1000, 1000, 400], seconds=90)
    made.ingest(store)
    assert states(store, "twelve/long")["aVF"] == "suspect"
    assert states(store, "twelve/long")["aVL"] == "declared"


def test_integers_are_never_touched(made, store, leads):
    made.write("one", declared=[1000, 1000, 1000, 1000, 1000, 400])
    made.ingest(store)
    digital = store.recording("twelve/one").read("ECG", digital=True)
    np.testing.assert_array_equal(digital, np.stack([np.round(x * 1000) for x in leads.values()]))


def test_another_version_of_the_rules_gives_the_rows_anew(made, store, monkeypatch):
    made.write("one")
    made.ingest(store)
    before = store.recording("twelve/one").row["revision"]
    assert made.ingest(store).recordings == 0
    monkeypatch.setattr(revision, "AUDIT", at_ingest.VERSION + 1)
    outcome = made.ingest(store)
    assert (outcome.recordings, outcome.rewritten) == (0, 1)
    assert store.recording("twelve/one").row["revision"] != before


def test_the_audit_of_a_store_says_what_it_means_and_what_is_marked(made, store):
    made.write("right")
    made.write("spelt", unit="mv")
    made.write("one", declared=[1000, 1000, 1000, 1000, 1000, 400])
    made.write("long", seconds=30)
    made.ingest(store)
    done = audit(store, InProcess())
    found = {row["finding"]: row for row in done.findings()}
    assert set(found) == {"gains", "unit-spelling", "length"}
    gains = found["gains"]
    assert (gains["all"], gains["of recordings"], gains["marked suspect"]) == (["twelve/one"], 4, 1)
    assert set(gains["channels"]) == {"I", "II", "aVF"}
    assert found["unit-spelling"]["of"] == "ECG 'mv'"
    assert (found["length"]["all"], found["length"]["median"]) == (["twelve/long"], 30.0)
    looked = {row["check"]: row["looked at"] for row in done.table().to_dicts()}
    assert looked["lead identities"] == looked["lead ranges"] == looked["length"] == 4
    assert "heart rates" not in looked


def test_the_audit_is_the_same_on_workers(made, store):
    from biocurate.engine import engine

    made.write("right")
    made.write("one", declared=[1000, 1000, 1000, 1000, 1000, 400])
    made.ingest(store)
    with engine(workers=1) as pool:
        assert audit(store, pool).findings() == audit(store, InProcess()).findings()


def test_the_command_prints_a_table_or_json(made, store, monkeypatch, capsys):
    import sys

    from biocurate.cli.main import main

    made.write("one", declared=[1000, 1000, 1000, 1000, 1000, 400])
    made.ingest(store)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["biocurate", "audit", *arguments, "--store", store.url, "--workers", "0"])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    code, out, _ = run()
    assert code == 0
    assert "marked suspect in the store: 1 of 1" in out
    assert "for example: twelve/one" in out
    code, out, _ = run("twelve", "--json")
    assert code == 0
    assert [row["finding"] for row in json.loads(out)["findings"]] == ["gains"]
    code, _, err = run("nothing")
    assert code == 1
    assert "The store has twelve" in err


def test_a_damaged_part_is_a_finding_and_the_others_are_audited(made, store):
    from biocurate.store.arrays import open_array

    made.write("one", declared=[1000, 1000, 1000, 1000, 1000, 400])
    made.ingest(store)
    next(store.objects.folder.rglob("c/0/0")).unlink()
    open_array.cache_clear()
    done = audit(store, InProcess())
    assert [row["finding"] for row in done.findings()] == ["unread"]
    assert done.unread == 1
