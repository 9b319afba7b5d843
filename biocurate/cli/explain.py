"""`biocurate explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biocurate.cli.options import AsJson, At, StoreOption, folder_of

if TYPE_CHECKING:
    import polars as pl


def explain(
    window: Annotated[str, typer.Argument(help="SET/ID, or the name of a window set or manifest.", show_default=False)],
    store: StoreOption,
    window_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="Number of the window in it.", show_default=False)
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option("--root", help="Folder of the raw corpus, for the lines of Python.", parser=folder_of),
    ] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Tell where a window comes from: files, samples, scale, corrections, labels, view, split; and how to check it.

    biocurate explain w20/0 --store ~/store

    biocurate explain eegmat-rest-task 12 --root ~/data/eegmat --store ~/store
    """
    from biocurate.cli.output import show_facts
    from biocurate.curate.explain.explain import explain as told
    from biocurate.store.store import open_store

    facts = told(open_store(store, at), window, window_id, "ROOT" if root is None else str(root))
    if as_json:
        show_facts(facts, as_json=True)
    else:
        _print(facts, "" if root else "ROOT stands for the folder of the raw corpus; --root DIR puts it in.")


def _print(facts: dict[str, Any], note: str) -> None:
    import polars as pl

    from biocurate.cli.output import console, show, show_facts

    out = console()
    show_facts(_head(facts))
    files = pl.DataFrame(facts["files"]).select("path", "member", "format", "bytes", "sha256")
    show(files, title="Files")
    for stream in facts["streams"]:
        _print_stream(stream)
    for label in facts["labels"]:
        out.print(f"\nLabel {label['column']}: {label['value']}", style="bold", markup=False)
        show_facts({"rule": label["rule"], "source": label["source"]})
        if label["annotations"]:
            show(pl.DataFrame(label["annotations"]), title=f"{label['n_annotations']:,} annotations on it")
    if note and any(stream["lines"] for stream in facts["streams"]):
        out.print(f"\n{note}", markup=False)


def _head(facts: dict[str, Any]) -> dict[str, Any]:
    window, recording, recipe = facts["window"], facts["recording"], facts["recipe"]
    readers = [f"{name} {version}" for name, version in recipe["readers"].items()]
    head = {
        "window": f"{window['table']} {window['window_id']}",
        "recording": recording["recording_id"],
        "revision": recording["revision"],
        "person": recording["person"],
        "licence": recording["licence"],
        "from s": window["t0_s"],
        "length s": window["duration_s"],
        "view": window["view"],
        "recipe": f"{recipe['name']}, metadata {recipe['metadata_revision']}, signals {recipe['signal_revision']}",
        "readers": readers,
        "ingest run": recipe["run"],
        "warnings": recording["warnings"],
    }
    if "manifest" in facts:
        manifest = facts["manifest"]
        head |= {"manifest": f"{manifest['name']} {manifest['hash']}", "label": manifest["label"]}
        head |= {"split": manifest["split"], "split by": str(manifest["split_by"])}
    return head


def _print_stream(stream: dict[str, Any]) -> None:
    import polars as pl

    from biocurate.cli.output import console, show, show_facts

    out = console()
    out.print(f"\n{stream['stream_id']}: {stream['sensor_type']} at {stream['rate_hz']:g} Hz", style="bold")
    show_facts(_samples(stream))
    show(_brief(pl.DataFrame(stream["channels"], infer_schema_length=None)))
    for each in stream["corrections"]:
        said = f"{each['field']} of {', '.join(each['channels'])} is {each['value']}"
        out.print(f"Corrected: {said}: {each['reason']} ({each['source']})", markup=False)
    if stream["view"]:
        show_facts({f"view {key}": str(value) for key, value in stream["view"].items()})
    for line in stream["lines"]:
        out.print(f"  {line}", markup=False, soft_wrap=True)
    if stream["note"]:
        out.print(f"No lines to check it by: {stream['note']}.", markup=False)


def _samples(stream: dict[str, Any]) -> dict[str, Any]:
    samples = stream["samples"]
    if samples is None:
        return {"samples": None, "digest": stream["digest"]}
    first, stop = samples["first"], samples["first"] + samples["count"]
    begin = f"{samples['into_segment']:,} samples into segment {samples['segment'] + 1} of {samples['of_segments']}"
    return {"samples": f"[{first:,}, {stop:,}) of the file's channel, {begin}", "digest": stream["digest"]}


def _brief(channels: pl.DataFrame) -> pl.DataFrame:
    """Columns that a terminal has room for; --json has all."""
    columns = ("label", "name", "unit", "gain", "offset", "invalid", "canonical_unit", "scale", "unit_status", "reason")
    return channels.select(columns)
