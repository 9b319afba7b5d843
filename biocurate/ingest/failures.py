"""Rows of recordings that could not be taken in."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import Any

from biocurate.errors import BiocurateError, IncompleteError, SourceError
from biocurate.ingest.job import Job, stamp
from biocurate.recipes import Recipe, Unit

RECENT_S = 60
"""A file that cannot be read and changed less than so many seconds ago may still be written."""
STILL_WRITTEN = (
    "It changed less than a minute ago; if it is still being copied, run the same command again when it is all there."
)


def failure_row(recipe: Recipe, job: Job, error: Exception, run_id: str) -> dict[str, Any]:
    """Make a row of ``failures``; no text in it is quoted from a file."""
    unit, error = job.unit, as_incomplete(job, error)
    # What a library says may quote the file, and a name with it: only where it happened is kept.
    place = traceback.extract_tb(error.__traceback__)[-1]
    message = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}."
    mend = "Check that the file opens elsewhere; if it does, this is a fault of the reader: report it."
    if isinstance(error, BiocurateError):
        message, mend = (recipe.stored_text(text, unit, job.sources) for text in (error.what, error.mend))
        # A companion such as the missing .dat is named where it is not the file that the row is about.
        if not any(error.where in source.virtual for source, _, _ in unit.files):
            message = f"{recipe.stored_name(error.where)}: {message}"
    return {
        "run_id": run_id,
        "corpus": recipe.name,
        "source": _names(recipe, unit),
        "recording_id": unit.recording_id,
        "error": type(error).__name__,
        "message": message,
        "mend": mend,
        "signature": job.signature,
    }


def as_incomplete(job: Job, error: Exception) -> Exception:
    """Take what is wrong with a file for its being incomplete, where that explains it and it changed a moment ago."""
    if not isinstance(error, SourceError) or isinstance(error, IncompleteError) or not error.unfinished:
        return error
    stamps = [found for source in job.sources if (found := stamp(source)) is not None]
    if not any(abs(time.time() - mtime_ns / 1e9) < RECENT_S for _, mtime_ns in stamps):
        return error
    made = IncompleteError(error.what, where=error.where, mend=f"{error.mend} {STILL_WRITTEN}".lstrip())
    return made.with_traceback(error.__traceback__)


def _names(recipe: Recipe, unit: Unit) -> str:
    names = [recipe.stored_name(source.virtual) for source, _, _ in unit.files]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
