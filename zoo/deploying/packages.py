"""Packages that an extra brings, asked for before anything is done."""

from __future__ import annotations

from importlib.util import find_spec

from biocurate.errors import UsageError


def require(*modules: str, extra: str) -> None:
    """Refuse, with the extra that brings them, what needs packages that are not installed."""
    if missing := [name for name in modules if find_spec(name) is None]:
        mend = f"pip install 'biocurate[{extra}]'"
        raise UsageError(f"this needs {', '.join(missing)}, which is not installed.", mend=mend)
