"""Files of long tables: row groups of bounded size, numbers as differences, the same rows for every reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.curate.windows.build import build_windows
from biocurate.recording import Recording
from biocurate.store.objects import Objects
from biocurate.store.parquet import ROW_GROUP
from biocurate.store.store import create_store
from biocurate.store.tables import Tables
from biocurate.testing.memory import noise_stream, put

ANY = st.integers(-(2**63), 2**63 - 1)


def file_of(url: str) -> pq.ParquetFile:
    (file,) = Path(url).glob("*.parquet")
    return pq.ParquetFile(file)


@settings(max_examples=10, deadline=None)
@given(values=st.lists(st.none() | ANY, min_size=1, max_size=300))
def test_parquet_encoding_5_holds_every_integer(tmp_path_factory, values):
    """Parquet's DELTA_BINARY_PACKED wraps around where a difference leaves 64 bits."""
    tables = Tables(Objects(str(tmp_path_factory.mktemp("store"))))
    rows = pa.table({"window_id": pa.array(values, pa.int64()), "note": ["x"] * len(values)})
    tables.write("windows/w", rows)
    assert tables.scan("windows/w").collect()["window_id"].to_list() == values
    assert file_of(tables.url("windows/w")).read()["window_id"].to_pylist() == values


def test_row_groups_are_bounded_and_rising_numbers_are_differences(tmp_path):
    tables = Tables(Objects(str(tmp_path)))
    rows = pa.table({"window_id": np.arange(ROW_GROUP + 5), "corpus": ["a"] * (ROW_GROUP + 5)})
    tables.write("windows/w", pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches()))
    metadata = file_of(tables.url("windows/w")).metadata
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [ROW_GROUP, 5]
    assert metadata.row_group(0).column(0).encodings == ("RLE", "DELTA_BINARY_PACKED")
    assert "RLE_DICTIONARY" in metadata.row_group(0).column(1).encodings


def test_a_window_set_is_written_so(tmp_path):
    store = create_store(str(tmp_path / "store"))
    put(store, {"a/r": Recording((noise_stream("ECG", 10, [(0, 400)]),))})
    build_windows(store, "w", length_s=2)
    column = file_of(store.tables.url("windows/w")).metadata.row_group(0).column(0)
    assert (column.path_in_schema, column.encodings[-1]) == ("window_id", "DELTA_BINARY_PACKED")
