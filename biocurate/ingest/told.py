"""Failures as a terminal tells them: with the files' own names, which a recipe may keep out of the store."""

from __future__ import annotations

from collections.abc import Sequence

from biocurate.ingest.plan import Plan
from biocurate.recipes.naming import reveal


def told(plan: Plan, failures: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Rows of `failures` with their hashes turned back into names, as far as the plan knows them."""
    if not plan.recipe.hashes_names or not failures:
        return list(failures)
    failed = {row["recording_id"] for row in failures}
    jobs = [job for job in plan.todo if job.unit.recording_id in failed]
    names = plan.faulty.union(*(job.unit.names(job.sources) for job in jobs))
    return [
        {**row, **{field: reveal(row[field], names) for field in ("source", "message", "mend")}} for row in failures
    ]
