"""Errors that say what happened, where, and how to mend it."""

from __future__ import annotations


class BiocurateError(Exception):
    """Base of every error that a user can mend.

    Parameters
    ----------
    what : str
        What happened, as one sentence.
    where : str, optional
        The file, table, recipe field or column it happened at.
    mend : str, optional
        What the user can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what, where, mend)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head} {self.mend}".rstrip()

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.mend)


def _rebuild(kind: type[BiocurateError], what: str, where: str, mend: str) -> BiocurateError:
    """Unpickle an error that crossed a process boundary."""
    return kind(what, where=where, mend=mend)


class UsageError(BiocurateError):
    """The command or call itself cannot be carried out as given."""

    exit_code = 2


class SourceError(BiocurateError):
    """A raw file cannot be read as what it claims to be.

    Parameters
    ----------
    what, where, mend : str
        As for every error.
    unfinished : bool
        Whether a copy that is still being made would look like this: cut off, empty, without its companion.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "", unfinished: bool = False) -> None:
        super().__init__(what, where=where, mend=mend)
        self.unfinished = unfinished

    def __reduce__(self) -> tuple[object, ...]:
        return (*super().__reduce__(), {"unfinished": self.unfinished})


class IncompleteError(SourceError):
    """A raw file is shorter than its header says, or is still being written: the next run tries it again."""


class RecipeError(UsageError):
    """A recipe is not valid, or does not fit the corpus it is used on."""


class UnitError(BiocurateError):
    """A unit is unknown, or is none that the sensor type can have."""


class StoreError(BiocurateError):
    """A store is missing, too new, locked, or lacks what was asked of it."""


class NoSuchSetError(StoreError):
    """A set is named that the store does not have: as with a manifest, the command cannot be carried out as given."""

    exit_code = 2


class DamageError(StoreError):
    """Stored bytes are missing or differ from what was written."""


class StaleError(StoreError):
    """A row was made from a revision of a recording that has been replaced."""


class LeaseError(StoreError):
    """Another process is writing to the store."""


class ExportError(BiocurateError):
    """A recording cannot be written in the format asked for without saying something else than the store."""


class QueryError(UsageError):
    """A query is no single SELECT, or names what does not exist."""


class ManifestError(UsageError):
    """A manifest definition is not valid or selects nothing."""


class ViewError(UsageError):
    """A view is not valid, or does not fit the stream it is asked for."""


class ModelError(UsageError):
    """A model does not fit the data or the configuration it was given."""
