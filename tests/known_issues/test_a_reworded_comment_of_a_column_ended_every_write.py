"""A column's comment was worded anew, and a table that was made before took no row any more.

Delta keeps the comments of the rows that a table began with and refuses others: "Cannot merge metadata with different
values for key comment".
"""

from __future__ import annotations

import polars as pl
import pyarrow as pa

from biocurate.store.schema import cast, column
from biocurate.store.store import create_store


def test_a_table_takes_rows_after_a_comment_of_its_schema_was_reworded(tmp_path):
    store = create_store(str(tmp_path / "store"))
    before, after = (
        pa.schema([column("id", pa.string(), "name"), column("n", pa.int64(), comment)]) for comment in ("old", "new")
    )
    store.tables.create("notes", before)
    for schema in (before, after):
        rows = cast(pl.DataFrame({"id": ["a"], "n": [1]}).to_arrow(), schema)
        store.tables.replace("notes", rows, "id", ["a"])
    assert store.tables.scan("notes").collect().to_dicts() == [{"id": "a", "n": 1}]
