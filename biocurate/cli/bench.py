"""`biocurate bench`: codecs, edf, wfdb, csv, again, views, size, reads, batches, windows, clocks, and of images."""

from __future__ import annotations

from typing import Annotated

import typer

from biocurate.cli.options import AsJson, RootDir, StoreOption, Workers

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


Repeats = Annotated[int, typer.Option(min=1, help="Runs of each contender, in turn.")]
Load = Annotated[float | None, typer.Option(help="Before each run, wait for a load below this (ten minutes at most).")]
Copies = Annotated[int, typer.Option(min=1, help="Copies of each recording, under other subject numbers.")]


@app.command()
def edf(root: RootDir, copies: Copies = 8, repeats: Repeats = 3, load: Load = None, as_json: AsJson = False) -> None:
    """Ingest of eegmat against MNE into float32 HDF5 gzip-4, and against only hashing and compressing its bytes.

    biocurate bench edf --root ~/data/eegmat
    """
    from biocurate.bench.speed import edf as compare
    from biocurate.cli.output import show

    show(compare(root, copies, repeats, load), as_json)


@app.command()
def wfdb(
    root: RootDir,
    records: Annotated[int, typer.Option(min=1, help="Records, made of copies under other numbers.")] = 500,
    repeats: Repeats = 3,
    load: Load = None,
    as_json: AsJson = False,
) -> None:
    """Ingest of 12-lead records against a loop of `wfdb.rdrecord` into float32 HDF5 gzip-4.

    biocurate bench wfdb --root ~/data/ludb/data
    """
    from biocurate.bench.speed import wfdb as compare
    from biocurate.cli.output import show

    show(compare(root, records, repeats, load), as_json)


@app.command()
def csv(root: RootDir, repeats: Repeats = 3, load: Load = None, as_json: AsJson = False) -> None:
    """Ingest of stress-predict's Empatica E4 exports against `pandas.read_csv` into float32 HDF5 gzip-4.

    biocurate bench csv --root ~/data/stress-predict
    """
    from biocurate.bench.speed import csv as compare
    from biocurate.cli.output import show

    show(compare(root, repeats, load), as_json)


@app.command()
def again(root: RootDir, copies: Copies = 8, repeats: Repeats = 3, load: Load = None, as_json: AsJson = False) -> None:
    """A rerun over a finished corpus, and two workers, against a first run in one process.

    biocurate bench again --root ~/data/eegmat
    """
    from biocurate.bench.speed import again as compare
    from biocurate.cli.output import show

    show(compare(root, copies, repeats, load), as_json)


@app.command()
def views(
    root: RootDir,
    records: Annotated[int, typer.Option(min=1, help="Recordings of 22 channels at 250 Hz.")] = 2,
    minutes: Annotated[int, typer.Option(min=1, help="Length of each.")] = 30,
    workers: Annotated[int, typer.Option(min=2, help="Worker processes that are set against one.")] = 2,
    repeats: Repeats = 3,
    load: Load = None,
    as_json: AsJson = False,
) -> None:
    """Band-pass, notch and another rate over long EEG, reading and writing included, against MNE and scipy.

    biocurate bench views --root ~/data/eegmat
    """
    from biocurate.bench.views import compare
    from biocurate.cli.output import show

    show(compare(root, records, minutes, repeats, load, workers), as_json)


@app.command()
def size(
    recipe: Annotated[str, typer.Argument(help="Name of a recipe, or a recipe file.")],
    root: RootDir,
    codec: Annotated[str, typer.Option(help="Codec of the store.")] = "pcodec-5",
    as_json: AsJson = False,
) -> None:
    """Bytes of a corpus in a store against float32 HDF5 gzip-4 and gzip-6 of its integers.

    biocurate bench size ludb --root ~/data/ludb
    """
    from biocurate.bench.size import compare
    from biocurate.cli.output import show

    show(compare(recipe, root, codec), as_json)


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


@app.command()
def batches(
    root: RootDir,
    threads: Annotated[int, typer.Option(min=1, help="Threads that read, on every side.")] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each way; the median counts.")] = 3,
    as_json: AsJson = False,
) -> None:
    """`read_windows` of random unaligned 10 s windows in batches, against HDF5 and a memory map of the same output.

    biocurate bench batches --root ~/data/ludb/data
    """
    from biocurate.bench.batches import compare
    from biocurate.bench.material import end_to_end
    from biocurate.cli.output import show

    samples, rate = end_to_end(root)
    show(compare(samples, rate, threads=threads, rounds=rounds), as_json)


@app.command("windows")
def cutting(
    windows: Annotated[int, typer.Option(min=10_000, help="How many, about.")] = 10_000_000,
    as_json: AsJson = False,
) -> None:
    """Cut, group by SQL and pair windows by the million: rows a second and the peak of memory.

    biocurate bench windows
    """
    from biocurate.bench.cutting import compare
    from biocurate.cli.output import show

    show(compare(windows), as_json)


@app.command()
def clocks(
    store: StoreOption,
    corpus: Annotated[list[str] | None, typer.Option(help="With ECG or PPG; may be repeated.")] = None,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs of different persons, at most.")] = 1000,
    recordings: Annotated[int, typer.Option(min=1, help="Recordings of each corpus to inject lags into.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Clocks of two devices: false alarms on different persons, and recovery of injected lags and drifts.

    biocurate bench clocks --store ~/store
    """
    from biocurate.bench.clocks import false_alarms, hearts, recovery
    from biocurate.cli.output import show
    from biocurate.store.store import open_store

    opened = open_store(store)
    found = hearts(opened, tuple(corpus or ("bidmc", "cogwear", "eegmat", "stress-predict")))
    show(false_alarms(found, pairs), as_json, "Different persons")
    show(recovery(opened, found, recordings), as_json, "Injected lags, drifts of -50 to 50 ppm")


@app.command()
def leakage(store: StoreOption, as_json: AsJson = False) -> None:
    """The search for near copies and crops on a store's recordings: copies found, others taken for one, seconds.

    biocurate bench leakage --store ~/store
    """
    from biocurate.bench.crops import closest_shapes, making, mistaken_crops, planted_crops, search_crops
    from biocurate.bench.leakage import mistaken, planted, search
    from biocurate.cli.output import show, show_facts
    from biocurate.store.store import open_store

    opened = open_store(store)
    tables = {
        "copies that were made of each stream": planted(opened),
        "different recordings": mistaken(opened),
        "search": search(opened),
        "crops that were made of each stream": planted_crops(opened),
        "shapes of different recordings": closest_shapes(opened),
        "streams that are read whole": making(opened),
        "search for crops among 100,000 recordings of a minute": search_crops(opened),
        "different recordings that share a stretch": mistaken_crops(opened),
    }
    if as_json:
        show_facts({title: table.to_dicts() for title, table in tables.items()}, as_json=True)
        return
    for title, table in tables.items():
        show(table, title=title)


@app.command()
def images(
    root: RootDir,
    batch: Annotated[int, typer.Option(min=1, help="Windows drawn together.")] = 64,
    seconds: Annotated[float, typer.Option(min=0.01, help="Processor time that each way is given.")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Images a second of each representation against matplotlib, scipy, and pywt and pyts where they are installed.

    biocurate bench images --root ~/data/ludb/data
    """
    from biocurate.bench.images import compare
    from biocurate.bench.material import end_to_end
    from biocurate.cli.output import show

    show(compare(end_to_end(root)[0], batch, seconds), as_json)


@app.command()
def shuffled(
    store: StoreOption,
    image_set: Annotated[str, typer.Option("--set", help="Set of images to read.", show_default=False)],
    batch: Annotated[int, typer.Option(min=1, help="Images read together.")] = 64,
    size: Annotated[int | None, typer.Option(min=1, help="Resize them, too; only decoded where left out.")] = None,
    seconds: Annotated[float, typer.Option(min=0.01, help="How long each order is read.")] = 5.0,
    warm: Annotated[bool, typer.Option("--warm", help="Leave files in the system's cache.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stored images read for training: in random order, block by block, and as they lie.

    biocurate bench shuffled --set m-spectrogram-psd --store ~/store
    """
    from biocurate.bench.shuffled import compare
    from biocurate.cli.output import show
    from biocurate.store.store import open_store

    show(compare(open_store(store), image_set, batch, size, seconds, cold=not warm), as_json)


@app.command("drawn")
def drawn_in_training(
    store: StoreOption,
    manifest: Annotated[str, typer.Option(help="Whose windows are drawn.")],
    sensor: Annotated[str, typer.Option(help="Sensor type; all its channels are drawn.")],
    representation: Annotated[str, typer.Option(help="How windows are drawn.")] = "spectrogram-psd",
    batch: Annotated[int, typer.Option(min=1, help="Images drawn together.")] = 64,
    size: Annotated[int, typer.Option(min=1, help="Side in pixels.")] = 224,
    seconds: Annotated[float, typer.Option(min=0.01, help="How long each order is drawn.")] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Images drawn while one trains, from the store's samples: in random order, window by window, and as they lie.

    biocurate bench drawn --manifest every-10s --sensor EEG --store ~/store
    """
    from biocurate.bench.shuffled import drawn
    from biocurate.cli.output import show
    from biocurate.store.store import open_store

    opened = open_store(store)
    show(drawn(opened, opened.manifest(manifest), sensor, representation, batch, size, seconds), as_json)


@app.command("generate")
def generating(
    store: StoreOption,
    manifest: Annotated[str, typer.Option(help="Whose windows are drawn.")],
    sensor: Annotated[list[str], typer.Option(help="Sensor type; once for each.")],
    images: Annotated[int, typer.Option(min=1, help="Of each representation and sensor type, about.")] = 2048,
    codecs: Annotated[bool, typer.Option("--codecs", help="Compare codecs of images instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Images a second from a store into a store, on one core, against drawing alone; nothing of it stays.

    biocurate bench generate --manifest every-10s --sensor ECG --store ~/store
    """
    from biocurate.bench.generate import codecs as compare_codecs
    from biocurate.bench.generate import compare
    from biocurate.cli.output import show
    from biocurate.store.store import open_store

    opened = open_store(store)
    built = opened.manifest(manifest)
    if codecs:
        for each in sensor:
            show(compare_codecs(opened, built, each, images), as_json, each)
        return
    show(compare(opened, built, sensor, images), as_json)


@app.command()
def million(
    store: StoreOption,
    manifest: Annotated[str, typer.Option(help="Whose windows are drawn.")],
    sensor: Annotated[list[str], typer.Option(help="Sensor type; once for each.")],
    representation: Annotated[list[str] | None, typer.Option(help="Once for each; spectrogram-psd.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Images of each representation; all that there are, if fewer.")] = (
        1_000_000
    ),
    workers: Workers = 2,
    as_json: AsJson = False,
) -> None:
    """Generate a million images whole, from a store into one that is removed again, and count the seconds.

    biocurate bench million --manifest every-10s --sensor EEG --sensor ECG --limit 20000 --workers 2 --store ~/store
    """
    from biocurate.bench.million import whole
    from biocurate.cli.output import show
    from biocurate.cli.progress import progress
    from biocurate.engine import engine
    from biocurate.store.store import open_store

    opened = open_store(store)
    kinds = representation or ["spectrogram-psd"]
    with progress("Generating", "images") as bar, engine(workers) as pool:
        found = whole(opened, opened.manifest(manifest), sensor, kinds, limit, pool, bar)
    show(found, as_json)
