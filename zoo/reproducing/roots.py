"""Where the corpora of an experiment lie, or small twins of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from biocurate.errors import UsageError
from biocurate.testing.twins import write_twin


def roots_of(corpora: Sequence[str], root: Path) -> dict[str, Path]:
    """Folder of each corpus: the root, or where there are several its folder of each one's name; UsageError."""
    if len(corpora) == 1:
        return {corpora[0]: root}
    lacking = [corpus for corpus in corpora if not (root / corpus).is_dir()]
    if lacking:
        raise UsageError(f"it has no folder {lacking[0]}.", where=str(root), mend="Put each corpus into one.")
    return {corpus: root / corpus for corpus in corpora}


def twins_of(corpora: Sequence[str], persons: int, out: Path) -> dict[str, Path]:
    """Write what is not there yet; a twin is the same every time."""
    roots = {corpus: out / "twin" / corpus for corpus in corpora}
    for corpus, root in roots.items():
        if not root.is_dir():
            aside = root.with_name(f"{corpus}.part")
            write_twin(corpus, aside, persons)
            aside.rename(root)
    return roots
