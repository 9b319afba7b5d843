"""`biocurate pairs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biocurate.cli.options import AsJson, At, StoreOption, path_of

if TYPE_CHECKING:
    import polars as pl

Most = Annotated[str, typer.Option(help="Offsets to both sides that are looked at.")]

app = typer.Typer(help="Sensors at the same time: pairs of streams in windows, and clocks.", no_args_is_help=True)


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="A window set; in SQL its pairs are pairs_NAME.", show_default=False)],
    store: StoreOption,
    sensors: Annotated[str, typer.Option(help="Two or more sensor types: EEG,ECG.", show_default=False)],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the pairs of the same set.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pair the streams that cover the windows of a set, each at its own rate. No signal is copied.

    biocurate pairs build w10 --sensors EEG,ECG --store ~/store

    A type twice pairs two streams of it: PPG,PPG. A window counts where every two of the types make a pair. Streams of
    devices with clocks of their own are laid on each other by `biocurate pairs clocks`, run first.
    """
    from biocurate.cli.output import console, show, show_facts
    from biocurate.curate.pairs.build import build_pairs, combinations
    from biocurate.store.store import open_store

    opened = open_store(store)
    made = build_pairs(opened, name, [word.strip() for word in sensors.split(",") if word.strip()], overwrite=overwrite)
    found = combinations(opened.pairs(name))
    facts = {
        "set": made.name,
        "pairs": made.pairs,
        "windows": made.windows,
        "windows without": made.windows_without,
        "snapshot": made.snapshot_id,
    }
    if as_json:
        show_facts(facts | {"combinations": found.to_dicts()}, as_json=True)
        return
    show_facts(facts)
    show(found)
    if "declared" in found["method"]:
        console().print(
            "declared: the clocks are those of two devices and nothing but their own times is known of them; the "
            "uncertainty is null. biocurate pairs clocks CORPUS estimates it.",
            markup=False,
        )


@app.command()
def clocks(
    corpus: Annotated[str, typer.Argument(help="Corpus whose devices have clocks of their own.", show_default=False)],
    store: StoreOption,
    most: Most = "60s",
    offset: Annotated[
        list[str] | None,
        typer.Option(help="DEVICE=DURATION, added to its times; with ± and a 95 % uncertainty: watch=-1.2s±50ms."),
    ] = None,
    events: Annotated[
        list[str] | None,
        typer.Option(help="DEVICE=KIND,KIND: an event as the recording's clock and as the device's has it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate the clocks of devices against their recording's, by the heart that both feel.

    biocurate pairs clocks cogwear --store ~/store

    Offset and drift from heart rate and beats, in pieces where one line is not enough, with a 95 % uncertainty; "no
    confidence" where the beats do not fall together. The pulse's transit between the sensors is a part of the offset.
    A device with --offset goes by it, one with --events by annotations of these kinds (or kind=value, kind@channel).
    """
    from biocurate.cli.output import show
    from biocurate.curate.clocks.asked import rules_of
    from biocurate.curate.clocks.run import estimate_clocks
    from biocurate.curate.durations import parse_duration
    from biocurate.store.store import open_store

    said = rules_of(offset or (), events or ())
    rows = estimate_clocks(open_store(store), corpus, parse_duration(most) / 1e9, said)
    show(rows if as_json else _told(rows), as_json)


@app.command()
def align(
    recording: Annotated[str, typer.Argument(help="A recording, whose clock is kept.", show_default=False)],
    other: Annotated[str, typer.Argument(help="Another one of the same person.", show_default=False)],
    store: StoreOption,
    most: Most = "60s",
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Estimate the clock of one recording against another's of the same person, by the heart that both feel.

    biocurate pairs align cogwear/14_pre_baseline cogwear/14_pre_cognitive_load --store ~/store

    Two devices may be two recordings. Offsets are looked for around the difference of their starts, where the store
    knows it. "No confidence" where they do not feel the same heart at the same time. Nothing is written.
    """
    from biocurate.cli.output import show_facts
    from biocurate.curate.clocks.across import align_recordings
    from biocurate.curate.durations import parse_duration
    from biocurate.store.store import open_store

    found = align_recordings(open_store(store, at), recording, other, parse_duration(most) / 1e9)
    show_facts(found, as_json=as_json)


@app.command("show")
def show_together(
    store: StoreOption,
    name: Annotated[str | None, typer.Argument(help="A set of pairs; what the streams have where left out.")] = None,
    corpus: Annotated[list[str] | None, typer.Option(help="Only this corpus; may be repeated.")] = None,
    least: Annotated[str, typer.Option(help="Combinations of less time are summed up in a line.")] = "1min",
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Hours and subjects of each combination of sensor types: of the whole store, or of a set of pairs.

    biocurate pairs show --store ~/store
    """
    from biocurate.cli.output import console, show
    from biocurate.curate.durations import parse_duration
    from biocurate.curate.pairs.build import combinations
    from biocurate.curate.pairs.together import together
    from biocurate.store.store import open_store

    opened = open_store(store, at)
    if name is not None:
        show(combinations(opened.pairs(name)), as_json)
        return
    found = together(opened, tuple(corpus or ()))
    short = found["hours"] * 3600e9 < parse_duration(least)
    show(found if as_json else found.filter(~short), as_json)
    if short.any() and not as_json:
        hours = found.filter(short)["hours"].sum()
        console().print(f"Combinations of less than {least} each: {short.sum()}, with {hours:.3g} hours.")


@app.command()
def plot(
    recording: Annotated[str, typer.Argument(help="A recording whose clocks were estimated.", show_default=False)],
    store: StoreOption,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="PNG file.", parser=path_of, metavar="FILE", show_default=False)
    ],
    clock: Annotated[str | None, typer.Option(help="The device, where there are several.")] = None,
) -> None:
    """Draw heart rate by two devices before and after, and the beats that the estimate rests on.

    biocurate pairs plot cogwear/2__baseline -o clock.png --store ~/store
    """
    from biocurate.cli.output import console, writing
    from biocurate.curate.clocks.plot import plot_clock
    from biocurate.store.store import open_store

    opened = open_store(store)
    with writing(output):
        plot_clock(opened, recording, output, clock)
    console().print(f"{output}", markup=False)


def _told(rows: pl.DataFrame) -> pl.DataFrame:
    """Times in units that a person reads."""
    import polars as pl

    return rows.select(
        "recording_id",
        "clock",
        "status",
        "method",
        (pl.col("offset_ns") / 1e9).round(3).alias("offset_s"),
        pl.col("drift_ppm").round(0),
        (pl.col("knots").list.len() - 1).alias("pieces"),
        (pl.col("precision_ns") / 1e6).round(1).alias("precision_ms"),
        (pl.col("uncertainty_ns") / 1e6).round(1).alias("uncertainty_ms"),
        pl.col("confidence").round(2),
        "beats",
        "reason",
    )
