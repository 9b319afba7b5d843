"""`--label rhythm:fraction=AFBI` cut windows whose share of it was 0 everywhere, and said nothing."""

from __future__ import annotations

import pytest

from biocurate.curate.windows.build import build_windows
from biocurate.errors import UsageError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put


@pytest.fixture
def stored(tmp_path):
    """One person, at rest for half of a minute."""
    store = create_store(str(tmp_path / "s"))
    put(store, {"a/p": Recording((noise_stream("ECG", 100, [(0, 6000)]),), (interval(0, 30, "rest"),))})
    return store


def share_of(value):
    return [{"kind": "condition", "rule": "fraction", "value": value, "name": "share"}]


def test_a_value_that_is_nowhere_is_refused_with_the_nearest(stored):
    with pytest.raises(UsageError, match="'rset'") as raised:
        build_windows(stored, "w", length_s=10, labels=share_of("rset"))
    assert "rest" in raised.value.mend
    assert "windows/w" not in stored.tables.names()


def test_a_value_that_is_there_is_shared_out(stored):
    build_windows(stored, "w", length_s=10, labels=share_of("rest"))
    assert stored.windows("w").collect()["share"].to_list() == [1, 1, 1, 0, 0, 0]
