"""The definitions at hand: those that came with the program, and files of one's own."""

from __future__ import annotations

from pathlib import Path

from biocurate.curate.manifests.definition import Definition, load_definition
from biocurate.errors import ManifestError
from biocurate.store.sql import nearest

_PACKAGE = Path(__file__).parents[2]


def shipped() -> list[Path]:
    """Files of the definitions that came with the program: a wheel carries them inside, a checkout beside."""
    inside = _PACKAGE / "_manifests"
    return sorted((inside if inside.is_dir() else _PACKAGE.parent / "manifests").glob("*.yaml"))


def find_definition(name: Path | str) -> Definition:
    """Read a definition: a file, or by name one that came with the program.

    Raises
    ------
    ManifestError
        Where there is none, or it is not valid.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1 or path.is_file():
        return load_definition(path)
    known = {file.stem: file for file in shipped()}
    if path.name not in known:
        mend = f"{nearest(path.name, known)} A file of your own: give its path."
        raise ManifestError(f"there is no definition {path.name!r}.", mend=mend)
    return load_definition(known[path.name])
