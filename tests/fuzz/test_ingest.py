"""A whole ingest of damaged copies: every one is a recording or a failure row, and the store is sound."""

from __future__ import annotations

import pytest

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
from biocurate.testing.conformance import check_store
from biocurate.testing.fuzz.subject import case_of

pytestmark = pytest.mark.corpora

RECIPE = """
name: damaged
title: t
licence: l
access: open
citation: c
url: u
files: {{pattern: '(?P<subject>\\d+)\\.{ending}', reader: {reader}, options: {options}}}
"""


@pytest.mark.parametrize(("family", "place"), [("edf", 1), ("csv", 0), ("mat", 0)])
@pytest.mark.parametrize("n_copies", [25, pytest.param(250, marks=pytest.mark.slow)])
def test_every_copy_is_a_recording_or_a_failure_with_place_and_mend(subjects, tmp_path, family, place, n_copies):
    subject = subjects[family][place]
    (tmp_path / "raw").mkdir()
    for number in range(n_copies):
        (tmp_path / "raw" / f"{number}.{family}").write_bytes(case_of(subject, number).content)
    recipe = tmp_path / "damaged.yaml"
    recipe.write_text(RECIPE.format(ending=family, reader=subject.reader, options=dict(subject.options)))
    store = create_store(str(tmp_path / "store"))
    outcome = ingest(make_plan(load_recipe(recipe), tmp_path / "raw", store), InProcess(), store)
    failures = store.failures.collect().to_dicts()
    assert all(row["source"] and row["message"] and row["mend"] for row in failures)
    assert outcome.recordings + len({row["source"] for row in failures}) == n_copies
    assert outcome.recordings and failures
    check_store(store)
