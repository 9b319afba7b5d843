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
from biocurate.formats.outline import Held
from biocurate.recipes.channel_table import rules_of, states_of
from biocurate.recipes.channels import Rulings, regroup
from biocurate.recipes.correcting import correct_channels, correct_rates
from biocurate.recipes.labelling import Keyed
from biocurate.recipes.labels import annotate
from biocurate.recipes.merge import merged, merged_header
from biocurate.recipes.naming import hashed, hide
from biocurate.recipes.outlines import outlined
from biocurate.recipes.partners import notes_of, refuse_without_signal
from biocurate.recipes.schema import ChannelRule, Definition, Expect
from biocurate.recipes.subjects import subject_of
from biocurate.recipes.tables import is_there, read_rows, table_source
from biocurate.recipes.units import CHANNEL_TABLE, Unit, find_units
from biocurate.recording import Annotation, Recording

_NOT_IN_ROWS = {"title", "citation", "url", "obtain", "verified", "mains_hz", "expect", "ignore", "files"}
_EMPTY = "it holds no signal that the recipe reads: there are labels at most"
_SIGNAL_FIELDS = ("match", "recordings", "sensor", "skip")


@dataclass(frozen=True)
class Recipe:
    """A valid recipe, and what it makes of files."""

    definition: Definition
    path: Path
    """File that it was read from."""
    text: str
    """The file's text."""
    options: Mapping[str | None, BaseModel]
    """The reader's options for each signal; for None where the files are not told apart by signal. Where there are
    several readers: each one's options by its name."""

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
    def readers(self) -> list[str]:
        """Names of the formats that its files have."""
        readers = self.definition.files.reader
        return [readers] if isinstance(readers, str) else sorted(set(readers.values()))

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
                **self._later_signal_fields,
            }
        )

    @property
    def _later_signal_fields(self) -> dict[str, Any]:
        """Fields that joined later; a recipe without them keeps the hash that it had."""
        table = self.definition.channel_table
        rates = [_plain(item) for item in self.definition.corrections if item.field == "rate_hz"]
        said = {"channel_table": _plain(table) if table else None, "rates": rates}
        return {field: value for field, value in said.items() if value}

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

    @property
    def hashes_names(self) -> bool:
        """Whether names of files stay out of the store."""
        return self.definition.files.hash_names

    def stored_name(self, name: str) -> str:
        """What a store calls a file."""
        return hashed(name) if self.hashes_names else name

    def stored_text(self, text: str, unit: Unit, sources: Sequence[Source]) -> str:
        """A sentence about a recording as a store holds it.

        The readers name files in an error's ``where`` only; this is for those that do not keep to it. What stands in
        the file pattern is no secret: the store keeps the recipe.
        """
        if not self.hashes_names:
            return text
        pattern = self.definition.files.pattern.pattern
        return hide(text, [name for name in unit.names(sources) if name not in pattern])

    def unit_sources(self, unit: Unit) -> list[Source]:
        """Every file that a recording is read from: signals, their companions, and event files beside them."""
        read = [found for source, name, options in unit.files for found in reader(name).companions(source, options)]
        return list(dict.fromkeys([*read, *unit.beside.values()]))

    def read_header(self, unit: Unit) -> Header:
        """What a recording's files say about themselves; no samples are read.

        Raises
        ------
        SourceError
            A file is damaged or missing.
        """
        header = merged_header([reader(name).read_header(source, options) for source, name, options in unit.files])
        if not header.signals:
            refuse_without_signal(self.definition, unit)
        return header

    def rules(self, unit: Unit) -> tuple[ChannelRule, ...]:
        """What a recording's channels are: the recipe's own rules, then those of the table beside it."""
        table = self.definition.channel_table
        source = unit.beside.get(CHANNEL_TABLE)
        own = self.definition.channels
        own = tuple(rule for rule in own if rule.recordings is None or rule.recordings.fullmatch(unit.name))
        return own + (rules_of(table, source) if table and source else ())

    def rulings(self, unit: Unit) -> Rulings:
        """The rules of a recording; those of the recipe alone remember what they said."""
        if self.definition.channel_table:
            return Rulings(self.rules(unit))
        own = enumerate(self.definition.channels)
        places = tuple(i for i, rule in own if rule.recordings is None or rule.recordings.fullmatch(unit.name))
        if places not in self._rulings:
            self._rulings[places] = Rulings(self.rules(unit))
        return self._rulings[places]

    @cached_property
    def _rulings(self) -> dict[tuple[int, ...], Rulings]:
        """By the places of the rules among the recipe's."""
        return {}

    def read(self, unit: Unit) -> Recording:
        """Read a recording: all its files on one clock, its channels named and typed, its labels as annotations.

        Raises
        ------
        SourceError
            A file is damaged or missing.
        RecipeError
            A table or column that the recipe names is not there.
        """
        return self.told(unit, self.read_raw(unit))

    def read_raw(self, unit: Unit) -> Recording:
        """Read a recording as its files have it, on one clock.

        Raises
        ------
        SourceError
            A file is damaged or missing.
        """
        raw = merged([reader(name).read(source, options) for source, name, options in unit.files])
        if not raw.streams:
            refuse_without_signal(self.definition, unit)
        return raw

    def outline_raw(self, unit: Unit, held: Mapping[str, Held]) -> Recording | None:
        """As `read_raw`, without looking at a sample; None where a reader cannot do that.

        Parameters
        ----------
        unit : Unit
        held : mapping of str to Held
            Label -> what a store knows of that channel.
        """
        return outlined(unit, held)

    def told(self, unit: Unit, raw: Recording) -> Recording:
        """Put what the recipe says onto a recording: names and types of its channels, corrections, labels, subject.

        Raises
        ------
        RecipeError
            A table or column that the recipe names is not there.
        """
        named = regroup(correct_rates(self.definition.corrections, unit.name, raw), self.rulings(unit))
        named = correct_channels(self.definition.corrections, unit.name, named)
        annotations, label_notes = annotate(self.definition, unit, named)
        annotations += self._states(unit, named)
        lacking = notes_of(self.definition, unit) if named.streams else []
        age, sex, subject_notes = subject_of(self.definition.subject, unit, raw.comments, raw.header, raw.age, raw.sex)
        return replace(
            named,
            annotations=tuple(annotations),
            age=age,
            sex=sex,
            warnings=(*named.warnings, *lacking, *label_notes, *subject_notes, *([] if named.streams else [_EMPTY])),
        )

    def _states(self, unit: Unit, recording: Recording) -> list[Annotation]:
        table, source = self.definition.channel_table, unit.beside.get(CHANNEL_TABLE)
        return states_of(table, source, recording) if table and table.status and source else []

    def table_sources(self, root: Path) -> list[Source]:
        """The sidecar tables that labels and subjects are read from; what they hold ends in rows, too."""
        there = [keyed.file for keyed in self.keyed.values() if is_there(root, keyed)]
        return [table_source(root, file) for file in dict.fromkeys(there)]

    def tables(self, root: Path) -> dict[str, pl.DataFrame]:
        """The sidecar tables by their path below the root, every cell as text; each is read once a process."""
        separators = {keyed.file: keyed.separator for keyed in self.keyed.values() if is_there(root, keyed)}
        return {file: read_rows(table_source(root, file), separator) for file, separator in separators.items()}

    @property
    def keyed(self) -> dict[str, Keyed]:
        """The fields that are joined from a table: kind of label, ``id``, ``age`` or ``sex`` -> its join."""
        said = self.definition.subject
        subject = {"id": said.id, "age": said.age, "sex": said.sex}
        spoken: Sequence[tuple[str, object]] = [*self.definition.labels.items(), *subject.items()]
        return {kind: label for kind, label in spoken if isinstance(label, Keyed)}


def _plain(model: BaseModel) -> dict[str, Any]:
    """A model as JSON values without its defaults, so that a field that joins later changes no hash."""
    return model.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
