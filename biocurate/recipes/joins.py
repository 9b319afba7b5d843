"""How a recipe's labels fall on a corpus' recordings, and what its tables and files do not share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from biocurate.recipes.keyed import keyed_rows
from biocurate.recipes.labelling import (
    AnnotationLabel,
    BesideLabel,
    CommentLabel,
    IntervalLabel,
    Key,
    NameLabel,
    TableLabel,
    TextLabel,
    Words,
)
from biocurate.recipes.labels import as_cut, row_key, texts_of
from biocurate.recipes.recipe import Recipe
from biocurate.recipes.tables import column_of, is_there, keys_of, read_rows, table_source
from biocurate.recipes.text_blocks import list_notes, read_blocks
from biocurate.recipes.units import Unit
from biocurate.recipes.words import is_unknown, label_of

LISTED = 8
"""Keys that a note lists."""

Counted = tuple[str, str, Counter[str], set[str]]
"""Kind of a label, what is counted, value -> count, and the texts that the recipe does not know."""


Comments = Mapping[str, Sequence[str]]
"""Name of a recording -> the comments in its header; without those whose header cannot be read."""


def count_labels(recipe: Recipe, units: Sequence[Unit], comments: Comments) -> Iterator[Counted]:
    """Count each label's values, as far as file names, headers and tables tell."""
    for kind, label in recipe.definition.labels.items():
        if isinstance(label, AnnotationLabel):
            yield kind, "known once files are read", Counter({"?": 0}), set()
        elif isinstance(label, TextLabel):
            yield kind, "rows", _blocks(kind, label, units), set()
        elif isinstance(label, BesideLabel):
            beside = sum(kind in unit.beside for unit in units)
            yield kind, "files", Counter({label.file[0]: beside}), set()
        elif isinstance(label, IntervalLabel):
            yield _rows(kind, label, units)
        else:
            yield _recordings(kind, label, units, comments)


def _blocks(kind: str, label: TextLabel, units: Sequence[Unit]) -> Counter[str]:
    """Rows of the lists beside recordings, each list once."""
    sources = {unit.beside[kind] for unit in units if kind in unit.beside}
    rows = sum(read_blocks(source, label).height for source in sources)
    return Counter({label.value or "of any value": rows})


def _recordings(
    kind: str, label: NameLabel | TableLabel | CommentLabel, units: Sequence[Unit], comments: Comments
) -> Counted:
    texts = [text for unit in units for text in texts_of(label, unit, comments.get(unit.name, ())) or ()]
    return kind, "recordings", *_valued(as_cut(label), Counter(texts))


def _rows(kind: str, label: IntervalLabel, units: Sequence[Unit]) -> Counted:
    table = keyed_rows(units[0].root, label)
    rows = None if table is None else table.of_any(row_key(label, unit) for unit in units)
    if table is None or rows is None or rows.is_empty():
        return kind, "rows", Counter(), set()
    if label.column is None:
        return kind, "rows", *_valued(label, Counter({label.value or "": rows.height}))
    cells = rows.get_column(column_of(rows, label.column, table.source)).drop_nulls()
    return kind, "rows", *_valued(label, Counter(dict(cells.value_counts(name="n").iter_rows())))


def _valued(label: Words, texts: Counter[str]) -> tuple[Counter[str], set[str]]:
    values: Counter[str] = Counter()
    for text, count in texts.items():
        value = label_of(text, label)
        if value is not None:
            values[value] += count
    return values, {text for text in texts if is_unknown(text, label)}


def comment_notes(recipe: Recipe, units: Sequence[Unit], comments: Comments) -> list[str]:
    """Labels that the header of some recordings says nothing of."""
    notes = []
    read = [unit for unit in units if unit.name in comments]
    for kind, label in recipe.definition.labels.items():
        if isinstance(label, CommentLabel):
            silent = [unit.name for unit in read if texts_of(label, unit, comments[unit.name]) is None]
            if silent:
                notes.append(f"labels.{kind}: no comment says it in {len(silent)} of {len(read)}: {_listed(silent)}")
    return notes


def join_notes(recipe: Recipe, units: Sequence[Unit]) -> list[str]:
    """What each table or list and the recordings do not share, on both sides; each join is told once."""
    joins: dict[tuple[str, Key], tuple[list[str], str]] = {}
    lists = [(kind, label) for kind, label in recipe.definition.labels.items() if isinstance(label, TextLabel)]
    notes = [note for kind, label in lists for note in list_notes(kind, label, units)]
    for keyed in recipe.keyed.values():
        if (keyed.file, keyed.key) in joins or not is_there(units[0].root, keyed):
            continue
        joins[keyed.file, keyed.key] = ([], "")
        source = table_source(units[0].root, keyed.file)
        keys = keys_of(read_rows(source, keyed.separator, (keyed.key.column,)), keyed.key, source)
        stated = set(keys.drop_nulls())
        wanted = {row_key(keyed, unit) for unit in units}
        if keys.null_count():
            notes.append(f"{keyed.file}: {keys.null_count()} rows have no key in the form that the recipe states")
        if absent := sorted(wanted - stated):
            notes.append(f"{keyed.file}: no row for {len(absent)} of {len(wanted)}: {_listed(absent)}")
        if spare := sorted(stated - wanted):
            notes.append(f"{keyed.file}: rows of {len(spare)} that no recording has: {_listed(spare)}")
    return notes


def _listed(keys: Sequence[str]) -> str:
    return ", ".join(keys[:LISTED]) + (", …" if len(keys) > LISTED else "")
