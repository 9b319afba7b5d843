"""A change of how tables are committed lost the size of row groups: pairs of ten million windows took 1.2 GB."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from biocurate.store.objects import Objects
from biocurate.store.parquet import ROW_GROUP
from biocurate.store.tables import Tables


def test_a_long_table_is_written_in_row_groups_of_bounded_size(tmp_path):
    tables = Tables(Objects(str(tmp_path)))
    tables.write("pairs/w", pa.table({"pair_id": pa.array(range(2 * ROW_GROUP))}))
    (file,) = tmp_path.glob("tables/pairs/w/*.parquet")
    assert pq.ParquetFile(file).metadata.num_row_groups == 2
