"""`biocurate bench codecs | ingest | reads`."""

from __future__ import annotations

from typing import Annotated

import typer

from biocurate.cli.options import AsJson, RootDir

app = typer.Typer(help="Measure against the peers, side by side in one run (extra: bench).", no_args_is_help=True)


@app.command()
def codecs(
    root: RootDir,
    limit: Annotated[int | None, typer.Option(help="Read only the first N files.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bytes and speed of each codec on the EDF and WFDB files below a folder.

    biocurate bench codecs --root ~/data/eegmat
    """
    from biocurate.bench.codecs import compare
    from biocurate.cli.output import show

    show(compare(root, limit), as_json)


@app.command()
def ingest(
    recipe: Annotated[str, typer.Argument(help="Recipe of an EDF corpus.")],
    root: RootDir,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each contender, in turn.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Ingest of an EDF corpus against MNE with preload into float32 HDF5 gzip-4, one pinned core each.

    biocurate bench ingest eegmat --root ~/data/eegmat
    """
    from biocurate.bench.ingest import compare
    from biocurate.cli.output import show

    show(compare(recipe, root, repeats), as_json)


@app.command()
def reads(
    root: RootDir,
    seconds: Annotated[float, typer.Option(help="Length of a window.")] = 10.0,
    batch: Annotated[int, typer.Option(help="Windows read together.")] = 64,
    as_json: AsJson = False,
) -> None:
    """Random unaligned windows of the first sensor type of a folder's recordings, laid end to end.

    biocurate bench reads --root ~/data/ludb/data
    """
    from biocurate.bench.material import end_to_end
    from biocurate.bench.reads import compare
    from biocurate.cli.output import show

    samples, rate = end_to_end(root)
    show(compare(samples, round(seconds * rate), batch), as_json)
