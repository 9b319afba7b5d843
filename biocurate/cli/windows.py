"""`biocurate windows`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, At, StoreOption

if TYPE_CHECKING:
    from biocurate.curate.windows.summary import Summary

app = typer.Typer(help="Cut windows over recordings.", no_args_is_help=True)


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="Name of the set; in SQL it is windows_NAME.", show_default=False)],
    store: StoreOption,
    length: Annotated[str, typer.Option(help="Length, such as 10s, 500ms or 1min.", show_default=False)],
    hop: Annotated[str | None, typer.Option(help="From start to start; the length where left out.")] = None,
    require: Annotated[str | None, typer.Option(help="Only windows that all these cover: ECG,PPG.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Kind to label by: KIND, KIND:RULE or KIND:fraction=VALUE.")
    ] = None,
    share: Annotated[float, typer.Option(help="A label covers more than this share of its window.")] = 0.5,
    corpus: Annotated[list[str] | None, typer.Option(help="Only this corpus; may be repeated.")] = None,
    align: Annotated[str | None, typer.Option(help="Windows tile each annotation of this kind.")] = None,
    within: Annotated[
        str | None, typer.Option(help="Only from the first to the last annotation: KIND, or KIND-VALUE+MARGIN.")
    ] = None,
    where: Annotated[str | None, typer.Option(help="Only recordings that meet a SQL condition: 'age >= 18'.")] = None,
    view: Annotated[str, typer.Option(help="Of the streams that a view made: biocurate preprocess VIEW.")] = "",
    edges: Annotated[bool, typer.Option("--edges", help="Of a view: also windows that an edge reaches into.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a set of the same name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Cut windows of a fixed length that cross no gap, and label them. No signal is copied.

    biocurate windows build w10 --length 10s --require EEG,ECG --label condition --store ~/store

    biocurate windows build sleep --length 30s --align stage --within stage-W+30min --label stage --store ~/store
    """
    from biocurate.curate.windows.build import build_set
    from biocurate.curate.windows.rule import parse_rule
    from biocurate.store.store import open_store

    rule = parse_rule(
        {
            "length": length,
            "hop": hop,
            "require": _words(require),
            "labels": tuple(map(_label, label or ())),
            "align": align,
            "within": _within(within) if within else None,
            "corpora": tuple(corpus or ()),
            "share": share,
            "view": view,
            "edges": edges,
        }
    )
    _print(build_set(open_store(store), name, rule, where=where, overwrite=overwrite), as_json)


@app.command("list")
def list_sets(store: StoreOption, at: At = None, as_json: AsJson = False) -> None:
    """List the window sets of a store.

    biocurate windows list --store ~/store
    """
    from biocurate.cli.output import show
    from biocurate.curate.windows.build import list_windows
    from biocurate.store.store import open_store

    show(list_windows(open_store(store, at)), as_json)


def _label(text: str) -> str | dict[str, str]:
    """Take ``rhythm``, ``rhythm:list`` or ``rhythm:fraction=AFIB`` apart."""
    kind, colon, rule = text.partition(":")
    if not colon:
        return kind
    rule, equals, value = rule.partition("=")
    return {"kind": kind, "rule": rule, **({"value": value} if equals else {})}


def _within(text: str) -> dict[str, object]:
    """Take ``stage`` or ``stage-W+30min`` apart."""
    text, _, margin = text.partition("+")
    kind, _, value = text.partition("-")
    return {"kind": kind, "leave_out": (value,) if value else (), **({"margin": margin} if margin else {})}


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip()) if text else ()


def _print(made: Summary, as_json: bool) -> None:
    from biocurate.cli.output import console, show, show_facts

    facts = {
        "set": made.name,
        "windows": made.windows,
        "recordings": made.recordings,
        "persons": made.persons,
        "snapshot": made.snapshot_id,
    }
    if as_json:
        tables = {"combinations": made.combinations.to_dicts(), "labels": made.labels.to_dicts()}
        show_facts(facts | tables | {"contradicted": made.contradicted}, as_json=True)
        return
    show_facts(facts)
    show(made.combinations)
    if made.labels.height:
        show(made.labels)
    for kind, count in made.contradicted.items():
        if count:
            console().print(f"{count:,} windows have no {kind}: several values have a claim to them.", markup=False)
