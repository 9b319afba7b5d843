"""From the samples of one window to a model's answer, by the same functions that offline answers come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import ModelError
from biocurate.sensors import SensorType
from zoo.data.coverage import covering
from zoo.features import EXTRACTORS
from zoo.features.block import Block
from zoo.features_logreg import LogregOptions
from zoo.streaming.arriving import Window

if TYPE_CHECKING:
    from biocurate.store.finish import Scaling
    from biocurate.store.store import Store
    from zoo.learners.contract import Fitted
    from zoo.learners.on_features import FittedFeatures
    from zoo.learners.on_images import FittedImages
    from zoo.learners.on_windows import FittedWindows

Signals = Mapping[int, Window]
"""By number of the stream."""


class Answering(Protocol):
    """A fitted model, one window at a time."""

    def streams(self, row: int) -> list[int]:
        """Numbers of the streams that it takes of a window."""
        ...

    def answer(self, row: int, signals: Signals) -> NDArray[np.float64]:
        """Probabilities of a window, shape (classes,); NaN where there is nothing to answer from."""
        ...

    def scaling(self, sensor: str) -> Scaling | None:
        """What samples of a sensor type are scaled by, where its view is normalised over what one trains on."""
        ...


def answering(store: Store, fitted: Fitted, rows: pl.DataFrame, catalogue: pl.DataFrame, at: int) -> Answering:
    """How a fitted model answers window by window.

    Parameters
    ----------
    store : Store
    fitted : Fitted
    rows : DataFrame
        Windows of one recording.
    catalogue : DataFrame
        Its streams, as `SignalReader` has them.
    at : int
        Place of the first of the windows among those that the model's learner was given.

    Raises
    ------
    ModelError
        Where it answers from something that is no sample of the window.
    """
    from zoo.learners.on_features import FittedFeatures

    if isinstance(fitted, FittedFeatures):
        return FromFeatures(store, fitted, rows, catalogue)
    from zoo.learners.on_images import FittedImages

    if isinstance(fitted, FittedImages):
        return FromImages(store, fitted, rows.height, catalogue, at)
    from zoo.learners.on_windows import FittedWindows

    if isinstance(fitted, FittedWindows):
        return FromSamples(fitted, at)
    mend = "Stream a run of features, of images, or of samples."
    raise ModelError("its answers come from what is stored, not from samples.", where=type(fitted).__name__, mend=mend)


class FromFeatures:
    """Features of the window, measured as it completes."""

    def __init__(self, store: Store, fitted: FittedFeatures, rows: pl.DataFrame, catalogue: pl.DataFrame) -> None:
        if LogregOptions(**fitted.model.options.model_dump()).normalisation == "subject":
            mend = "Train with --set normalisation=train."
            what = "its features are scaled over all windows of a person, which have not come yet."
            raise ModelError(what, where="features-logreg", mend=mend)
        self.fitted = fitted
        self.place = {name: at for at, name in enumerate(fitted.names)}
        self._streams: list[list[int]] = [[] for _ in range(rows.height)]
        for sensor in sorted({name.split(".")[0] for name in fitted.names}):
            for row, number in covering(store, rows, SensorType(sensor)).select("row", "stream_no").iter_rows():
                self._streams[row].append(number)
        self.about = {row["stream_no"]: row for row in catalogue.iter_rows(named=True)}

    def streams(self, row: int) -> list[int]:
        """The first stream of each sensor type."""
        return self._streams[row]

    def answer(self, row: int, signals: Signals) -> NDArray[np.float64]:
        """Measure and decide."""
        values = np.full((1, len(self.place)), np.nan)
        for number in self._streams[row]:
            about = self.about[number]
            block = Block(signals[number].x[None], float(about["rate_hz"]), tuple(about["names"]))
            found = EXTRACTORS[SensorType(about["sensor_type"])](block)
            for name, value in zip(found.names, found.values[0], strict=True):
                column = self.place.get(f"{about['sensor_type']}.{name}")
                if column is not None:
                    values[0, column] = value
        return np.asarray(self.fitted.model.predict(values)[0])

    def scaling(self, sensor: str) -> Scaling | None:
        """As it was fitted."""
        return self.fitted.scalings.get(sensor)


class FromImages:
    """Images of the window, drawn as it completes; their answers are averaged."""

    def __init__(self, store: Store, fitted: FittedImages, count: int, catalogue: pl.DataFrame, at: int) -> None:
        self.fitted = fitted
        self.about = {row["stream_no"]: row for row in catalogue.iter_rows(named=True)}
        window = pl.col("window_row")
        mine = fitted.images.images.filter((window >= at) & (window < at + count))
        kinds = catalogue.select("stream_no", "sensor_type")
        if "sensor_type" not in mine.columns:
            mine = mine.join(kinds, on="stream_no", how="left", maintain_order="left")
        self._drawn: list[list[dict[str, Any]]] = [[] for _ in range(count)]
        self.pictures = self._pictures(store, mine)
        for row in mine.iter_rows(named=True):
            self._drawn[row["window_row"] - at].append(row)

    def _pictures(self, store: Store, images: pl.DataFrame) -> dict[tuple[str, str], Any]:
        from biocurate.images.drawing.picture import Picture
        from zoo.data.pictures import pictures_of

        drawn = self.fitted.images.drawn
        if drawn:
            kinds = images.select("representation", "sensor_type", "drawn").unique().iter_rows()
            found = {(kind, sensor): Picture(drawn[number]) for kind, sensor, number in kinds}
        else:
            found = pictures_of(store, images)
        if any(each.representation.scale.scope == "recording" and each.representation.ends is None
               for each in found.values()):  # fmt: skip
            mend = "Draw with --scale image or train, and train on those."
            what = "its images are scaled by the whole recording, which has not come yet."
            raise ModelError(what, where="images", mend=mend)
        return found

    def streams(self, row: int) -> list[int]:
        """Streams that images are drawn of."""
        return sorted({image["stream_no"] for image in self._drawn[row]})

    def answer(self, row: int, signals: Signals) -> NDArray[np.float64]:
        """Draw, resize and decide; the mean over the images that show something."""
        import torch

        from biocurate.images.drawing.render import resize
        from biocurate.images.drawing.windows import Status

        pixels = []
        for (number, kind), channels in self._grouped(row).items():
            about = self.about[number]
            picture = self.pictures[kind, about["sensor_type"]]
            x = signals[number].x[[about["names"].index(name) for name in channels]]
            made = picture.draw(torch.from_numpy(np.ascontiguousarray(x)), float(about["rate_hz"]))
            shown = made.pixels[made.status == Status.OK]
            pixels.append(resize(shown, self.fitted.images.size, picture.representation.resizing))
        images = torch.cat(pixels) if pixels else torch.empty(0)
        if not len(images):
            return np.full(self.fitted.answers.columns, np.nan)
        network = self.fitted.network.eval()
        with torch.inference_mode():
            said = self.fitted.answers.said(network(images[:, None].to(next(network.parameters()).device)))
        return np.asarray(said.mean(dim=0).cpu().numpy())

    def _grouped(self, row: int) -> dict[tuple[int, str], list[str]]:
        """Channels of a window by stream and representation: each group is drawn at once."""
        found: dict[tuple[int, str], list[str]] = {}
        for image in self._drawn[row]:
            found.setdefault((image["stream_no"], image["representation"]), []).append(image["channel"])
        return found

    def scaling(self, sensor: str) -> Scaling | None:
        """Images of such views are not trained on."""
        return None


class FromSamples:
    """Samples of the window, each channel standardised, with the places of the channels."""

    def __init__(self, fitted: FittedWindows, at: int) -> None:
        from zoo.training.fed import Fed

        self.fitted, self.at = fitted, at
        self.layout = fitted.windows.placed.layout
        self.fed = Fed(fitted.network).eval()
        self._streams = [each[0]["stream_no"] for each in self.layout.entries["streams"].to_list()]
        self._forms = self.layout.entries["form"].to_list()

    def streams(self, row: int) -> list[int]:
        """All of the sensor types that the network takes."""
        return [self._streams[entry] for entry in self._entries(row)]

    def answer(self, row: int, signals: Signals) -> NDArray[np.float64]:
        """Standardise and decide."""
        import torch

        from zoo.data.placed import standardised

        entries = self._entries(row)
        windows = [signals[self._streams[entry]] for entry in entries]
        forms = [self.layout.forms[self._forms[entry]] for entry in entries]
        present = ~np.concatenate([window.flat for window in windows] or [np.empty(0, bool)])
        if not present.any():
            return np.full(self.fitted.answers.columns, np.nan)
        there = torch.from_numpy(present)[None]
        x = torch.from_numpy(np.concatenate([window.x for window in windows]))[None]
        kinds = np.concatenate([np.full(len(form.channels), form.row) for form in forms])
        inputs = {
            "x": standardised(x, there),
            "locations": torch.from_numpy(np.concatenate([form.places for form in forms]))[None],
            "sensor": torch.from_numpy(kinds)[None],
            "present": there,
        }
        device = next(self.fed.parameters()).device
        with torch.inference_mode():
            said = self.fitted.answers.said(self.fed({name: each.to(device) for name, each in inputs.items()}))
        return np.asarray(said[0].cpu().numpy())

    def scaling(self, sensor: str) -> Scaling | None:
        """Views of that kind are refused when windows are laid out."""
        return None

    def _entries(self, row: int) -> list[int]:
        """In the order of the window's channels."""
        return list(self.layout.of(np.array([self.at + row]))[0])
