"""A recipe: how a corpus' files become recordings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel

from biocurate.errors import SourceError
from biocurate.formats import Header, Source, reader
from biocurate.recipes.channels import regroup
from biocurate.recipes.labelling import Keyed
from biocurate.recipes.labels import annotate
from biocurate.recipes.merge import merged, merged_header
from biocurate.recipes.schema import Definition, Expect
from biocurate.recipes.subjects import subject_of
from biocurate.recipes.tables import read_rows, table_source
from biocurate.recipes.units import Unit, find_units
from biocurate.recording import Recording

_NOT_IN_ROWS = {"title", "citation", "url", "mains_hz", "expect", "ignore", "files"}
_SIGNAL_FIELDS = ("match", "sensor", "skip")


@dataclass(frozen=True)
class Recipe:
    """A valid recipe, and what it makes of files."""

    definition: Definition
    path: Path
    """File that it was read from."""
    text: str
    """The file's text."""
    options: Mapping[str | None, BaseModel]
    """The reader's options for each signal; for None where the files are not told apart by signal."""

    @property
    def name(self) -> str:
        """Name of the corpus."""
        return self.definition.name

    @property
    def title(self) -> str:
        """The corpus' own title."""
        return self.definition.title

    @property
    def licence(self) -> str:
        """Licence of the corpus."""
        return self.definition.licence

    @property
    def access(self) -> str:
        """open, registered or credentialed."""
        return self.definition.access

    @property
    def citation(self) -> str:
        """What to cite."""
        return self.definition.citation

    @property
    def url(self) -> str:
        """Where the corpus is published."""
        return self.definition.url

    @property
    def mains_hz(self) -> float | None:
        """Frequency of the mains where it was recorded."""
        return self.definition.mains_hz

    @property
    def reader(self) -> str:
        """Name of the format."""
        return self.definition.files.reader

    @property
    def expect(self) -> Expect:
        """What the corpus has as published."""
        return self.definition.expect

    @cached_property
    def signal_hash(self) -> str:
        """Hash of what decides samples and streams: reader and options, grouping of files, types of channels."""
        files = self.definition.files
        rules = [_plain(rule) for rule in self.definition.channels]
        return _hash(
            {
                "reader": files.reader,
                "options": {str(signal): _plain(options) for signal, options in self.options.items()},
                "pattern": files.pattern.pattern,
                "name": files.name,
                "channels": [{field: rule[field] for field in _SIGNAL_FIELDS if field in rule} for rule in rules],
            }
        )

    @cached_property
    def metadata_hash(self) -> str:
        """Hash of everything else that ends in a store's rows: names, units, labels, subjects, licence."""
        return _hash({field: value for field, value in _plain(self.definition).items() if field not in _NOT_IN_ROWS})

    def units(self, root: Path, problems: list[SourceError] | None = None) -> list[Unit]:
        """Recordings below a root, by the names of its files alone, sorted by id.

        Parameters
        ----------
        root : Path
        problems : list of SourceError, optional
            Takes what cannot be listed, such as a damaged archive; without it the first such thing is raised.

        Raises
        ------
        RecipeError
            No file matches, or two files claim to be the same signal of one recording.
        """
        return find_units(self.definition, self.options, root, problems)

    def unit_sources(self, unit: Unit) -> list[Source]:
        """Every file that a recording is read from: signals, their companions, and event files beside them."""
        read = [found for source, name, options in unit.files for found in reader(name).companions(source, options)]
        return list(dict.fromkeys([*read, *unit.beside.values()]))

    def read_header(self, unit: Unit) -> Header:
        """What a recording's files say about themselves; no samples are read."""
        return merged_header([reader(name).read_header(source, options) for source, name, options in unit.files])

    def read(self, unit: Unit) -> Recording:
        """Read a recording: all its files on one clock, its channels named and typed, its labels as annotations.

        Raises
        ------
        SourceError
            A file is damaged or missing.
        RecipeError
            A table or column that the recipe names is not there.
        """
        raw = merged([reader(name).read(source, options) for source, name, options in unit.files])
        named = regroup(raw, self.definition.channels)
        annotations, label_notes = annotate(self.definition, unit, named)
        age, sex, subject_notes = subject_of(self.definition.subject, unit, raw.comments, raw.age, raw.sex)
        return replace(
            named,
            annotations=tuple(annotations),
            age=age,
            sex=sex,
            warnings=(*named.warnings, *label_notes, *subject_notes),
        )

    def table_sources(self, root: Path) -> list[Source]:
        """The sidecar tables that labels and subjects are read from; what they hold ends in rows, too."""
        return [table_source(root, file) for file in dict.fromkeys(keyed.file for keyed in self.keyed.values())]

    def tables(self, root: Path) -> dict[str, pl.DataFrame]:
        """The sidecar tables by their path below the root, every cell as text; each is read once a process."""
        separators = {keyed.file: keyed.separator for keyed in self.keyed.values()}
        return {file: read_rows(table_source(root, file), separator) for file, separator in separators.items()}

    @property
    def keyed(self) -> dict[str, Keyed]:
        """The fields that are joined from a table: kind of label, ``age`` or ``sex`` -> its join."""
        subject = {"age": self.definition.subject.age, "sex": self.definition.subject.sex}
        spoken: Sequence[tuple[str, object]] = [*self.definition.labels.items(), *subject.items()]
        return {kind: label for kind, label in spoken if isinstance(label, Keyed)}


def _plain(model: BaseModel) -> dict[str, Any]:
    """A model as JSON values without its defaults, so that a field that joins later changes no hash."""
    return model.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
