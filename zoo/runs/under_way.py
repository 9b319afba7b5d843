"""A run that is under way: a hidden folder beside the one that it will be, which a killed run leaves to go on from."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from biocurate.errors import UsageError

CHOICES = "choices.yaml"
LOCK = ".lock"
STATES = "*.ckpt"
"""What trainings leave in the folders of their logs, and only that is worth going on from."""


@contextmanager
def folder_of(run: Path, choices: Mapping[str, Any], resume: bool = False, force: bool = False) -> Iterator[Path]:
    """The folder in which a run is made, of this process alone; it is left behind only where it can be gone on from.

    Parameters
    ----------
    run : Path
        Where the run will be.
    choices : mapping
        All that decides the run, in plain values.
    resume : bool
        Go on in the folder that a killed run of the same choices left; begin anew where there is none.
    force : bool
        Begin anew, whatever a killed run left.

    Raises
    ------
    UsageError
        Where no folder can be made, another process is making the run, or a killed run had other choices or left
        what can be gone on from and neither is asked for.
    """
    aside = run.with_name(f".{run.name}.unfinished{_node()}")
    try:
        aside.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"no folder can be made here: {error.strerror}.", where=str(run)) from error
    with (aside / LOCK).open("w") as lock:
        _hold(lock.fileno(), run)
        if (aside / CHOICES).exists():
            _go_on(aside, run, choices) if resume else _clear(aside, run, force)
        (aside / CHOICES).write_text(yaml.safe_dump(dict(choices), sort_keys=True))
        try:
            yield aside
        except BaseException:
            if not any(aside.rglob(STATES)):
                shutil.rmtree(aside, ignore_errors=True)
            raise


def tidy(aside: Path) -> None:
    """Take away what only a killed run needs."""
    for path in [*aside.rglob(STATES), aside / CHOICES, aside / LOCK]:
        path.unlink()


def is_first_node() -> bool:
    """Whether this machine's run is the one that is kept, of those that train together."""
    return not _node()


def _node() -> str:
    """Number of this machine, as torchrun, Slurm and Lightning give it; nothing for the first one."""
    number = next((os.environ[name] for name in ("NODE_RANK", "GROUP_RANK", "SLURM_NODEID") if name in os.environ), "0")
    return "" if number == "0" else f"-{number}"


def _hold(lock: int, run: Path) -> None:
    """Lock the folder; whoever is killed lets go of it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError("another process is making this run.", where=str(run), mend="Choose another --run.") from error


def _go_on(aside: Path, run: Path, choices: Mapping[str, Any]) -> None:
    before = yaml.safe_load((aside / CHOICES).read_text()) or {}
    now = yaml.safe_load(yaml.safe_dump(dict(choices)))
    if changed := sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)):
        mend = "Give the same choices, or --force in the place of --resume to begin anew."
        raise UsageError(f"the run that was killed had another {', '.join(changed)}.", where=str(run), mend=mend)


def _clear(aside: Path, run: Path, force: bool) -> None:
    if not force and any(aside.rglob(STATES)):
        mend = "Go on with --resume, or begin anew with --force."
        raise UsageError("a run of this name was killed, and its training is kept.", where=str(run), mend=mend)
    for path in aside.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            with suppress(FileNotFoundError):
                path.unlink()
