"""Write `docs/store.md` from the schemas: `python -m biocurate.store.document > docs/store.md`."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from biocurate.store.embedding_schema import EMBEDDINGS
from biocurate.store.pair_schema import CLOCKS, PAIRS
from biocurate.store.quality_schema import QUALITY
from biocurate.store.schema import FORGOTTEN, FORMAT, IMAGES, LABELS, TABLES, WINDOWS
from biocurate.store.view_schema import DERIVED_STREAMS

HEAD = f"""# The store's format, version {FORMAT}

This page is made from `biocurate/store/schema.py` by `python -m biocurate.store.document`; a test holds it to that.

```
STORE/
  biocurate.json                    format version, store id
  tables/<name>/                    Delta Lake tables
  tables/windows/<set>/             one table a window set, with a string column for each of its labels
  tables/pairs/<set>/               the pairs of a window set
  tables/manifests/<name>/          the rows of a built manifest
  tables/quality/<set>/             what was measured of each channel of each window of a set
  tables/images/<set>/              the rows of an image set
  tables/embeddings/<set>/          which vector is of which image or window
  signals/<corpus>/<part>.zarr      Zarr v3, sharded, (channels, samples); streams end to end, each on a chunk boundary
  signals/<corpus>/<part>.objects.json   every object of the part with its size and sha256
  images/<set>/<part>.zarr          Zarr v3, sharded, (image, height, width), uint8
  embeddings/<set>/<part>.zarr      Zarr v3, sharded, (image or window, numbers), float32
  leases/write.json                 who is writing now, with a heartbeat
  leases/numbers/<number>           the newest lease's number, which each table keeps as its Delta transaction `lease`
```

A stream is `part[:, start : start + n_samples]`. Physical values are `digital * gain + offset`, in `unit`; `invalid` is
the digital value that means "no sample". Chunks end in a crc32c; a missing chunk is damage, never zeros.

## Reading without biocurate

Tables need polars and deltalake; samples need zarr 3.1.3 or newer and numcodecs with pcodec (`numcodecs[pcodec]`).

```python
import polars as pl
import zarr

recordings = pl.read_delta(f"{{STORE}}/tables/recordings")
streams = recordings.select("recording_id", "streams").explode("streams").unnest("streams")
stream = streams.row(0, named=True)
part = zarr.open_array(f"{{STORE}}/signals/{{stream['part']}}.zarr", mode="r")
digital = part[:, stream["start"] : stream["start"] + stream["n_samples"]]
channel = stream["channels"][0]
physical = digital[0] * channel["gain"] + channel["offset"]  # in channel["unit"]
```

The same tables in DuckDB, through polars:

```python
import duckdb

duckdb.sql("SELECT corpus, count(*) AS recordings FROM recordings GROUP BY corpus").show()
```
"""


def markdown() -> str:
    """Make the page."""
    sections = [HEAD, "## Tables\n"]
    sets = {
        "windows/<set>": WINDOWS,
        "pairs/<set>": PAIRS,
        "quality/<set>": QUALITY,
        "images/<set>": IMAGES,
        "embeddings/<set>": EMBEDDINGS,
        "derived_streams": DERIVED_STREAMS,
        "clocks": CLOCKS,
    }
    for name, schema in {**TABLES, **sets, "labels": LABELS, "forgotten": FORGOTTEN}.items():
        rows = [f"| `{path}` | {kind} | {comment} |" for path, kind, comment in _columns(schema)]
        sections.append("\n".join([f"### {name}\n", "| column | type | meaning |", "|---|---|---|", *rows, ""]))
    return "\n".join(sections)


def _columns(fields: pa.Schema | pa.StructType, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Walk the columns, those of nested lists of structs below their own."""
    for field in fields:
        comment = (field.metadata or {}).get(b"comment", b"").decode()
        inner = field.type.value_type if pa.types.is_list(field.type) else field.type
        nested = pa.types.is_struct(inner)
        kind = "list" if nested and inner is not field.type else "struct" if nested else str(field.type)
        yield prefix + field.name, kind, comment
        if nested:
            yield from _columns(inner, f"{prefix}{field.name}.")


if __name__ == "__main__":
    print(markdown(), end="")
