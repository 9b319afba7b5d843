"""Weights that others published, as a checkpoint of ours: what became of every name, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from biocurate.curate.leakage.check import CONTENT
from biocurate.curate.leakage.seen import write_seen
from biocurate.curate.leakage.stored import BYTES
from biocurate.errors import ModelError, UsageError
from zoo.models.published import read_published
from zoo.models.registry import create_model, model_config
from zoo.runs import checkpoint
from zoo.runs import folder as runs

FILE = "model-published.safetensors"
"""The checkpoint in the folder that an import makes; `--from` takes the folder."""

UNKNOWN = "not known"


@dataclass(frozen=True)
class Imported:
    """What became of a published file."""

    model: str
    file: str
    """Name of the file that was read."""
    sha256: str
    source: str
    licence: str
    paper: str | None
    trained_on: str
    parameters: int
    left_over: tuple[str, ...]
    """Weights of the file that the model has no place for."""
    beside: tuple[str, ...]
    """What else the file holds, such as an optimiser's state."""

    @property
    def notes(self) -> list[str]:
        """What has to be said of such weights wherever they are used."""
        told = [f"Whom {self.model} was trained on is not told person by person: leaks cannot be looked for."]
        if self.left_over:
            told.append(f"{len(self.left_over)} weights of the file have no place: {', '.join(self.left_over[:5])}.")
        if self.beside:
            told.append(f"Beside the weights the file holds {', '.join(self.beside[:5])}: not read.")
        return told


def import_weights(
    name: str,
    file: Path,
    out: Path,
    options: Mapping[str, Any],
    source: str | None = None,
    licence: str | None = None,
) -> Imported:
    """Read a published file and write it as a checkpoint, whole or not at all.

    Only tensors and plain values are read from the file, no code.

    Parameters
    ----------
    name : str
        A registered model.
    file : Path
        A file of `torch.save`, or safetensors.
    out : Path
        A new folder: ``model-published.safetensors`` and what a run's folder has for leaks to be looked for.
    options : mapping
        The model's own.
    source, licence : str, optional
        Where the file is from and its terms; what is registered of the model's published weights where left out.

    Raises
    ------
    UsageError
        Where something is at `out` already.
    ModelError
        Where the file cannot be read, holds no weights of the model, or not all of them, or is another file than the
        one that was published.
    """
    if out.exists():
        raise UsageError("something is here already.", where=str(out), mend="Choose another --out.")
    network = create_model(name, **options)
    mark = getattr(network, "published_mark", None)
    if mark is None:
        raise ModelError("no published weights of it are known.", where=name)
    state, beside = read_published(file, mark)
    left_over = network.load_published(state)
    found = _told(name, file, network, left_over, beside, source, licence)
    out.mkdir(parents=True)
    about: dict[str, Any] = {
        "model": name,
        "options": model_config(name).options(**options).model_dump(),
        "imported": asdict(found),
        # Nobody can be told from others here: what the file was trained on is not known person by person.
        "persons": [],
        "content": [],
        "parents": [],
        "manifest": None,
        "fold": None,
        "versions": runs.versions(),
    }
    tensors = {key: tensor.cpu().numpy() for key, tensor in network.state_dict().items()}
    checkpoint.save(out / FILE, tensors, about)
    write_seen(out, nobody())
    return found


def nobody() -> pl.DataFrame:
    """No stream at all, with the columns of what a model was shown."""
    kinds = {"stream_no": pl.Int32, **dict.fromkeys(BYTES, pl.Binary)}
    return pl.DataFrame(schema={column: kinds.get(column, pl.String) for column in CONTENT})


def _told(
    name: str,
    file: Path,
    network: Any,  # noqa: ANN401
    left_over: list[str],
    beside: list[str],
    source: str | None,
    licence: str | None,
) -> Imported:
    """Hold the file against what is registered of the published weights."""
    config = model_config(name)
    known = config.weights[0] if config.weights else None
    digest = sha256(file.read_bytes()).hexdigest()
    if known and known.sha256 and source is None and known.sha256 != digest:
        raise ModelError(
            f"it is not the file that was published as {known.name}: sha256 {digest[:12]}, not {known.sha256[:12]}.",
            where=str(file),
            mend="Say where it is from: --source, and --licence.",
        )
    return Imported(
        name,
        file.name,
        digest,
        source or (known.source if known else UNKNOWN),
        licence or (known.licence if known and source is None else UNKNOWN),
        config.paper,
        known.trained_on if known and source is None else UNKNOWN,
        sum(each.numel() for each in network.parameters()),
        tuple(left_over),
        tuple(beside),
    )
