"""What a recording was made with: the run that wrote it, its recipe, and what the recipe says of a channel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import polars as pl
from pydantic import BaseModel

from biocurate.errors import BiocurateError
from biocurate.recipes import Recipe, parse_recipe
from biocurate.recipes.schema import ChannelRule
from biocurate.store.store import Store

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Origin:
    """The run and recipe behind a recording; the recipe is None where the store keeps no text of it."""

    recording: Row
    run: Row | None
    recipe: Recipe | None

    @classmethod
    def of(cls, store: Store, recording: Row) -> Origin:
        """Find the run that wrote a recording; a killed run leaves no row, and the last one of the corpus stands in."""
        runs = store.tables.scan("runs").filter(pl.col("command") == "ingest")
        own = runs.filter(pl.col("run_id").eq_missing(pl.lit(recording["run_id"], pl.String))).collect()
        if own.is_empty():
            own = runs.filter(pl.col("target") == recording["corpus"]).sort("started").tail(1).collect()
        run = own.row(0, named=True) if own.height else None
        return cls(recording, run, _recipe(run, recording["corpus"]))

    @property
    def name(self) -> str:
        """What the recipe calls the recording."""
        return str(self.recording["recording_id"]).partition("/")[2]

    @property
    def run_was_killed(self) -> bool:
        """Whether the recipe is that of another run of the corpus."""
        return self.run is not None and self.run["run_id"] != self.recording["run_id"]

    def files(self) -> list[tuple[str, str]]:
        """Files that hold its samples, and the reader of each."""
        return [
            (path, reader)
            for source in self.recording["sources"] or []
            if (path := virtual(source)) and (reader := self._reader(path))
        ]

    def options(self, path: str, reader: str) -> BaseModel | None:
        """The reader's options for one file."""
        if self.recipe is None:
            return None
        options = self.recipe.options
        if not isinstance(self.recipe.definition.files.reader, str):
            return options.get(reader)
        match = self.recipe.definition.files.pattern.fullmatch(path)
        signal = match.groupdict().get("signal") if match else None
        return options.get(None) or options.get(signal)

    def rule(self, label: str) -> ChannelRule | None:
        """The recipe's rule for a channel; a channel table beside the recording may have another."""
        if self.recipe is None:
            return None
        rules = [rule for rule in self.recipe.definition.channels if _is_of(rule, self.name)]
        return next((rule for rule in rules if rule.match.fullmatch(label)), None)

    def _reader(self, path: str) -> str | None:
        if self.recipe is None:
            return None
        files = self.recipe.definition.files
        if self.recipe.hashes_names or not files.pattern.fullmatch(path):
            return None
        return files.reader if isinstance(files.reader, str) else files.reader.get(PurePosixPath(path).suffix.lower())


def virtual(source: Row) -> str:
    """Path of a source below the root as if archives were folders."""
    return str(source["path"]) if source["member"] is None else f"{source['path']}/{source['member']}"


def _is_of(rule: ChannelRule, name: str) -> bool:
    return rule.recordings is None or rule.recordings.fullmatch(name) is not None


def _recipe(run: Row | None, corpus: str) -> Recipe | None:
    if run is None:
        return None
    try:
        return parse_recipe(json.loads(run["config"])["recipe"], Path(f"{corpus}.yaml"), corpus)
    except (BiocurateError, KeyError):
        return None  # written by an older version: what it says of files is not told
