"""Sets of items of one kind: which there are, and the rows of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from biocurate.errors import NoSuchSetError
from biocurate.store.sql import nearest

if TYPE_CHECKING:
    import polars as pl

    from biocurate.store.store import Store
    from biocurate.store.tables import Tables


def sets_of(tables: Tables, prefix: str) -> list[str]:
    """Names of the sets of one kind, such as ``images/``."""
    return [name.removeprefix(prefix) for name in tables.names() if name.startswith(prefix)]


def rows_of(store: Store, prefix: str, name: str, *, called: str, make: str) -> pl.LazyFrame:
    """Rows of a set.

    Parameters
    ----------
    store : Store
    prefix : str
        Of its kind, such as ``images/``.
    name : str
    called : str
        What a set of the kind is called in an error.
    make : str
        The command that makes it.

    Raises
    ------
    NoSuchSetError
        Where there is none of this name.
    StaleError
        Where it was made from recordings that have been replaced.
    """
    known = sets_of(store.tables, prefix)
    if name not in known:
        mend = f"Make it: {make} {nearest(name, known)}"
        raise NoSuchSetError(f"there {called} {name!r}.", where=store.url, mend=mend)
    rows = store.tables.scan(prefix + name)
    store.check_live(rows, prefix + name)
    return rows
