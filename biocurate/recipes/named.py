"""What a recording's name, and its rows in tables, say of it, before a file is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from biocurate.errors import SourceError
from biocurate.recipes.keyed import cells_of
from biocurate.recipes.labelling import IdField, Keyed, NameLabel, TableLabel
from biocurate.recipes.words import label_of


def key_of(keyed: Keyed, name: str, groups: Mapping[str, str]) -> str:
    """What a recording is called in a table.

    Parameters
    ----------
    keyed : Keyed
    name : str
        Of the recording.
    groups : mapping of str to str
        Named groups of its files' pattern.
    """
    return name if keyed.key.group == "name" else groups.get(keyed.key.group, "")


def named_texts(label: NameLabel | TableLabel, root: Path, name: str, groups: Mapping[str, str]) -> list[str] | None:
    """Each text that a name or a table has for a recording, once; None where the table has no row for it."""
    if isinstance(label, NameLabel):
        text = groups.get(label.group_name)
        return [] if text is None else [text]
    key = key_of(label, name, groups)
    found = [cells_of(root, label, column, key) for column in label.cells]
    rows = [cells for cells in found if cells is not None]
    return parts([cell for cells in rows for cell in cells], label.split) if rows else None


def parts(texts: Sequence[str], split: str | None) -> list[str]:
    """Texts that each may hold several, each once and none empty."""
    cut = [part.strip() for text in texts for part in (text.split(split) if split else [text])]
    return list(dict.fromkeys(filter(None, cut)))


def subject_of_name(said: IdField | None, root: Path, name: str, groups: Mapping[str, str], where: str) -> str:
    """Id of a recording's subject: by the recipe's ``subject.id``, else the group ``subject``, else its own name.

    Where a table should say whose a recording is and does not, no person is made up: two recordings of one person
    would fall on both sides of a split.

    Parameters
    ----------
    said : NameLabel or TableLabel, optional
        The recipe's ``subject.id``.
    root : Path
        Of the corpus.
    name : str
        Of the recording.
    groups : mapping of str to str
        Named groups of its files' pattern.
    where : str
        A file of it, for the message.

    Raises
    ------
    SourceError
        There is no row, none with an id, or several that differ.
    """
    if said is None:
        return groups.get("subject", name)
    ids = {label_of(text, said) for text in named_texts(said, root, name, groups) or ()} - {None}
    if len(ids) == 1:
        return str(ids.pop())
    source = said.file if isinstance(said, Keyed) else "its name"
    raise SourceError(
        f"whose it is, is not known: {source} has {'several ids' if ids else 'no id'} for it.",
        where=where,
        mend="Get the table that goes with the files; without it one person would count as several.",
    )
