"""`ingest --keep-identifiers`, what `status` says of it, and `forget --identifiers`, as they are typed."""

from __future__ import annotations

import json


def test_what_names_a_person_is_told_of_until_it_is_forgotten(cli, corpus, tmp_path):
    url = tmp_path / "store"
    cli("init", url)
    ingest = ("ingest", corpus.recipe, "--root", corpus.root, "--store", url, "--workers", 0, "--limit", 2)
    assert cli(*ingest, "--keep-identifiers").code == 0
    assert "2 recordings hold identifiers" in " ".join(cli("status", "--store", url).out.split())
    assert json.loads(cli("status", "--store", url, "--json").out)["corpora"][0]["identified"] == 2
    done = cli(*ingest)
    assert "Names and dates of 2 recordings were taken out" in " ".join(done.out.split())
    assert "identifiers" not in cli("status", "--store", url).out
    done = cli("forget", "--identifiers", "--store", url, "--yes")
    assert done.code == 0
    assert "1 snapshots that held some were dropped" in " ".join(done.out.split())
    assert cli("verify", "--store", url).code == 0


def test_forget_wants_to_know_what(cli, corpus, tmp_path):
    cli("init", tmp_path / "store")
    for words in ((), ("--identifiers", "--subject", "tiny/00")):
        refused = cli("forget", *words, "--store", tmp_path / "store", "--yes")
        assert refused.code == 2
        assert "Give one of --subject CORPUS/SUBJECT and --identifiers." in " ".join(refused.err.split())
