"""``--where "1=1) or (1=1"`` closed the bracket that was put around it, and reached beyond what it was to narrow."""

from __future__ import annotations

import pytest

from biocurate.curate.windows.selection import choose
from biocurate.errors import QueryError
from biocurate.export import select
from biocurate.recording import Recording
from biocurate.store.sql import condition
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put


@pytest.mark.parametrize("text", ["1=1) OR (1=1", "1=1; DROP TABLE recordings", "1=1) --", "", "age >", "(1=1"])
def test_what_is_no_condition_by_itself_is_refused(text):
    with pytest.raises(QueryError):
        condition(text)


@pytest.mark.parametrize("text", ["age >= 18", "subject = 'a)' OR (age > 3 AND sex = 'f')", "1=1 -- all of them"])
def test_a_whole_condition_stands_in_brackets(tmp_path, text):
    assert condition(text) == f"({text}\n)"


def test_windows_and_exports_ask_so(tmp_path):
    store = create_store(str(tmp_path / "s"))
    put(store, {name: Recording((noise_stream("EEG", 64, [(0, 640)]),)) for name in ("a/x", "b/x")})
    assert choose(store, ["a"], "1=1 -- all").height == 1
    assert select(store, where="corpus = 'b' -- one") == ["b/x"]
    for ask in (lambda: choose(store, ["a"], "1=1) OR (1=1"), lambda: select(store, where="1=1) OR (1=1")):
        with pytest.raises(QueryError):
            ask()
