"""The upkeep commands on a store that lies on S3 (issue 3; design, section 4: everything takes ``s3://…``)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from biocurate.ingest import plan as planning
from biocurate.store.store import create_store, open_store
from biocurate.store.vacuum import vacuum
from biocurate.testing.conformance import check_store, contents
from biocurate.testing.object_server import object_server
from biocurate.upkeep import compact, forget, forget_identifiers, merge


@pytest.fixture
def bucket(monkeypatch):
    """An object store's URL, and what it holds."""
    with object_server() as (url, objects):
        for name, value in (("ENDPOINT_URL", url), ("ALLOW_HTTP", "true"), ("REGION", "us-east-1")):
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anyone")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
        yield "s3://bucket", objects


@pytest.fixture
def filled(bucket, corpus, take, monkeypatch):
    """The tiny corpus on S3, in three batches."""
    monkeypatch.setattr(planning, "BATCH_BYTES", 1)
    monkeypatch.setattr(planning, "BATCH_RECORDINGS", 4)
    monkeypatch.setattr(planning, "SMALLEST_BATCH_BYTES", 10**9)
    store = create_store(f"{bucket[0]}/a")
    for path in sorted(corpus.root.iterdir())[4:]:
        path.unlink()
    assert take(corpus, store, limit=2).recordings == 2
    assert take(corpus, store).recordings == 2
    return store


def in_two_days() -> datetime:
    return datetime.now(UTC) + timedelta(days=2)


def test_each_command_keeps_the_store_whole(filled, bucket, corpus, take, tmp_path):
    before = contents(filled)
    samples = filled.recording("tiny/s01_rest").read("EEG")
    done = compact(filled)
    assert done.parts_after < done.parts_before
    check_store(filled)
    assert contents(filled) == before

    assert forget(filled, "tiny/00").recordings == ["tiny/s00_rest", "tiny/s00_task"]
    held = b"".join(data for key, (data, _) in bucket[1].items() if "/tables/recordings/" in key)
    assert b"s00_rest" not in held
    check_store(filled)

    other = create_store(f"{bucket[0]}/b")
    for path in corpus.root.iterdir():
        path.rename(tmp_path / path.name)
    corpus.write("s05_task", seed=5)
    take(corpus, other, keep_identifiers=True)
    for name in ("s01_rest", "s01_task"):
        (tmp_path / f"{name}.edf").rename(corpus.root / f"{name}.edf")
    assert merge(filled, other).recordings == 1
    assert forget_identifiers(other).recordings > 0

    (corpus.root / "s05_task.edf").unlink()
    assert take(corpus, filled, prune=True).pruned == ("tiny/s05_task",)

    assert vacuum(filled, keep_snapshots=1).parts == []
    swept = vacuum(filled, keep_snapshots=1, dry_run=False, now=in_two_days())
    assert swept.parts
    assert vacuum(filled, now=in_two_days()).parts == []
    again = open_store(filled.url)
    check_store(again)
    assert sorted(again.recordings.collect()["recording_id"]) == ["tiny/s01_rest", "tiny/s01_task"]
    np.testing.assert_array_equal(again.recording("tiny/s01_rest").read("EEG"), samples)
