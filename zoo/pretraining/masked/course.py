"""Hidden patches of several corpora at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn

from biocurate.errors import ModelError
from biocurate.store.store import Store
from zoo.data.thinning import thinned
from zoo.panluna.objective import Loss, reconstruction_loss
from zoo.pretraining.loop import arithmetic
from zoo.pretraining.masked import judged
from zoo.pretraining.masked.autoregressive import Autoregressive, Rows, fit
from zoo.pretraining.masked.batches import Batch, batch_of, batches, mixed, seeded
from zoo.pretraining.masked.config import MaskedConfig
from zoo.pretraining.masked.corpora import Corpus, prepare, spaced
from zoo.pretraining.names import named
from zoo.pretraining.sampling import Mixed
from zoo.pretraining.tasks import hours, persons

STEP, LOOK, FIT = range(2, 5)
"""Purposes of random numbers; `Mixed` has the first ones."""


@dataclass(frozen=True)
class Reconstructing:
    """How a pre-training by hidden patches ended."""

    name: str
    """Of the weights: ``demo-<hours>h-<persons>s``."""
    hours: float
    """Of recording that was trained on, each moment counted once."""
    persons: int
    windows: int
    """Different windows that were trained on."""
    passes: int
    """Windows that the steps saw, each as often as it came."""
    corpora: list[dict[str, Any]]
    """Of each corpus: its sizes, and its losses at the end."""
    held_out: list[dict[str, Any]]
    """By sensor type: errors on hidden samples of held-out persons; see `judged.table`."""
    orders: list[int]
    """Of the autoregressive models, one a channel."""
    notes: list[str]
    best: dict[str, Any] | None = None
    """Where the step of the lowest held-out loss is kept, too: see `zoo.pretraining.kept`."""


@dataclass
class Reconstruction:
    """A course over corpora; see `zoo.pretraining.course.Course`.

    Each corpus of a step passes through the network by itself, so that none is padded to the channels of another; the
    step's loss is the mean over its windows.

    Source: PanLUNA, arXiv 2604.04297, and its published criterion: smooth L1 of hidden samples, 0.05 of visible ones,
    0.8 of the queries' likeness. Masks are each window's own, persons are held out, and every step mixes the corpora.
    """

    network: nn.Module
    sources: Sequence[Corpus]
    config: MaskedConfig
    mixed: Mixed
    flat: list[int]
    """Windows of each corpus that steps have passed over, since none of their channels had a signal."""

    @classmethod
    def of(cls, store: Store, network: nn.Module, config: MaskedConfig) -> Self:
        """Open the corpora.

        Raises
        ------
        ModelError
            Where the model reconstructs nothing, or a corpus has nothing to train on or to hold out.
        """
        if getattr(network, "decoder", None) is None:
            mend = "Take a model such as panluna, without num_classes."
            raise ModelError("it does not reconstruct hidden patches.", where=config.model, mend=mend)
        sources = prepare(store, config, network.architecture)  # type: ignore[arg-type]
        options = config.pretraining
        dealt = Mixed(sources, options.batch_size, options.power, config.seed)
        return cls(network, sources, config, dealt, [0] * len(sources))

    @property
    def backbone(self) -> nn.Module:
        """All of it is kept: its decoder, too."""
        return self.network

    @property
    def betas(self) -> tuple[float, float]:
        """As the configuration has them."""
        return self.config.pretraining.betas

    @property
    def patch(self) -> int:
        """Samples of a patch."""
        return int(self.network.architecture.patch)  # type: ignore[union-attr, arg-type]

    def loss(self, step: int) -> tuple[Tensor, list[float]]:
        """Mean loss of a step's windows."""
        torch.manual_seed(mixed([self.config.seed, STEP, step]))  # of dropout and noise
        generator = seeded([self.config.seed, STEP, step, 1])
        read = [self._read(number, at, generator) for number, at in enumerate(self.mixed.step(step))]
        count = sum(len(batch.places) for batch in read if batch is not None)
        total, each = torch.zeros((), requires_grad=True), []
        for batch in read:
            if batch is None:
                each.append(float("nan"))
                continue
            found = self._passed(batch)[1]
            total = total.to(found.total.device) + found.total * (len(batch.places) / count)
            each.append(float(found.total.detach()))
        return total, each

    def look(self, step: int, means: Sequence[float | None]) -> list[dict[str, Any]]:
        """Losses of every corpus on held-out persons, beside that of 0 in place of all that is hidden."""
        rows = []
        for number, corpus in enumerate(self.sources):
            sums, count = np.zeros(3), 0
            for batch in self._held(number):
                with torch.inference_mode():
                    found = self._passed(batch)[1]
                    x, mask = batch.input["x"], batch.mask & batch.input["present"][..., None]
                    nothing = torch.nn.functional.smooth_l1_loss(torch.zeros_like(x), x, reduction="none")
                    of_nothing = float(nothing[mask].mean())
                sums += np.array([float(found.total), float(found.hidden), of_nothing]) * len(batch.places)
                count += len(batch.places)
            names = ("val_loss", "val_hidden_loss", "mean_hidden_loss")
            values = dict(zip(names, (sums / max(count, 1)).tolist(), strict=True))
            told = {"step": step, "corpus": corpus.name, "train_loss": means[number], **values}
            rows.append({**told, "flat": self.flat[number]})
        return rows

    def state(self) -> dict[str, Any]:
        """How many windows of each corpus were seen, and how many were passed over."""
        return {"taken": list(self.mixed.taken), "flat": list(self.flat)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on after the windows that were seen."""
        self.mixed.taken, self.flat = state["taken"], state["flat"]

    def found(self, curve: Sequence[Mapping[str, Any]]) -> Reconstructing:
        """Sizes and last losses of every corpus, and how held-out persons' patches were reconstructed."""
        self.network.eval()
        length, people = hours(self.sources), persons(self.sources)
        last = {row["corpus"]: row for row in curve}
        options = self.config.pretraining
        return Reconstructing(
            named(length, len(people)),
            length,
            len(people),
            sum(len(corpus.train) for corpus in self.sources),
            curve[-1]["step"] * options.batch_size,
            [self._told(corpus, last[corpus.name]) for corpus in self.sources],
            judged.table(self._errors(self._models), self._kinds, options.draws, self.config.seed),
            self._models.orders,
            [f"{corpus.name}: {note}" for corpus in self.sources for note in corpus.windows.layout.notes()],
        )

    @cached_property
    def _models(self) -> Autoregressive:
        return fit(self._training, self.patch)

    @property
    def _kinds(self) -> tuple[str, ...]:
        return tuple(str(kind) for kind in self.network.architecture.sensors)  # type: ignore[union-attr]

    def _told(self, corpus: Corpus, last: Mapping[str, Any]) -> dict[str, Any]:
        rows = corpus.used
        people = {side: rows.filter(pl.col("split") == side)["person"].n_unique() for side in ("train", "val")}
        sizes = {"persons": people["train"], "held_out": people["val"], "windows": len(corpus.train)}
        losses = {name: value for name, value in last.items() if name not in ("step", "corpus")}
        return {"corpus": corpus.name, **sizes, "held_out_windows": len(corpus.val), **losses}

    def _read(self, number: int, places: Any, generator: torch.Generator) -> Batch | None:  # noqa: ANN401
        """Windows of one corpus for a step, with what is left out and hidden of them."""
        if not len(places):
            return None
        options, corpus = self.config.pretraining, self.sources[number]
        batch = batch_of(corpus, places, self.patch, options.hidden, generator)
        self.flat[number] += len(places) - len(batch.places)
        if not len(batch.places):
            return None
        given, sensor = batch.input["present"], batch.input["sensor"]
        present = thinned(given, sensor, options.drop_sensors, options.drop_channels, generator)
        return Batch({**batch.input, "present": present}, batch.hidden & present[..., None], batch.places)

    def _passed(self, batch: Batch) -> tuple[Tensor, Loss]:
        """Reconstruction and loss, on the device that trains."""
        options = self.config.pretraining
        there = batch.to(torch.device(options.device))
        x, mask, present = there.input["x"], there.mask, there.input["present"]
        with arithmetic(options):
            found, attention = self.network(
                x, locations=there.input["locations"], sensor=there.input["sensor"], present=present, mask=mask
            )
        return found, reconstruction_loss(found.float(), x, mask, attention.float(), present)

    def _held(self, number: int) -> Iterator[Batch]:
        options, corpus = self.config.pretraining, self.sources[number]
        seed = [self.config.seed, LOOK, number]
        return batches(corpus, corpus.val, options.batch_size, self.patch, options.hidden, seed)

    def _training(self) -> Iterator[Rows]:
        """Training windows for the autoregressive models."""
        options = self.config.pretraining
        for number, corpus in enumerate(self.sources):
            some = spaced(corpus.train, options.fit_windows)
            seed = [self.config.seed, FIT, number]
            for batch in batches(corpus, some, options.batch_size, self.patch, options.hidden, seed):
                yield judged.rows_of(batch)

    def _errors(self, models: Autoregressive) -> Iterator[pl.DataFrame]:
        for number, corpus in enumerate(self.sources):
            people = corpus.windows.rows["person"].to_numpy().astype(np.str_)
            for batch in self._held(number):
                with torch.inference_mode():
                    yield judged.errors(
                        batch, lambda given: self._passed(given)[0].float().cpu(), models, people[batch.places]
                    )
