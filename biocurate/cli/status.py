"""`biocurate status`."""

from __future__ import annotations

from biocurate.cli.options import AsJson, At, StoreOption


def status(store: StoreOption, at: At = None, as_json: AsJson = False) -> None:
    """Show what a store holds of what its corpora have, what failed and why, and how the last run of each ended.

    biocurate status --store ~/store
    """
    import polars as pl

    from biocurate.cli.output import console, show, show_facts
    from biocurate.ingest.state import state_of
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    state = state_of(opened)
    if as_json:
        facts = {"store": opened.url, "format": opened.card["format"], "snapshot": opened.snapshot_id}
        show_facts({**facts, **{name: rows.to_dicts() for name, rows in vars(state).items()}}, as_json=True)
        return
    console().print(f"{opened.url}, format {opened.card['format']}, snapshot {opened.snapshot_id}", markup=False)
    show(state.corpora.drop("identified"), title="Corpora")
    for corpus, identified in state.corpora.filter(pl.col("identified") > 0).select("corpus", "identified").iter_rows():
        console().print(
            f"{corpus}: {identified} recordings hold identifiers (names, dates, header text): they were taken in with "
            "--keep-identifiers; an ingest without it takes them out.",
            style="yellow",
            markup=False,
        )
    show(state.sensors, title="Sensor types")
    if state.failures.height:
        show(state.failures.drop("error", "mend"), title="Not taken in")
    if state.runs.height:
        kinds = pl.col("errors").list.eval(pl.format("{} {}", pl.element().struct[1], pl.element().struct[0]))
        started = pl.col("started").dt.strftime("%Y-%m-%d %H:%M")
        show(state.runs.drop("left_out").with_columns(started, errors=kinds), title="Last runs")
    for corpus, left_out in state.runs.drop_nulls("left_out").select("corpus", "left_out").iter_rows():
        console().print(f"{corpus}: {left_out}", markup=False)
