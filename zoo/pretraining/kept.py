"""The checkpoints of a pre-training: the last step, and the best one where it was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from zoo.pretraining.best import Best, held_out
from zoo.pretraining.course import Course
from zoo.pretraining.names import BEST
from zoo.runs import checkpoint


def keep(
    course: Course, curve: Sequence[Mapping[str, Any]], best: Best | None, folder: Path, about: Mapping[str, Any]
) -> Any:  # noqa: ANN401  a dataclass of the course's own
    """Write what a pre-training made, each checkpoint with its own figures.

    Parameters
    ----------
    course : Course
        Trained; where there is a best step, it has that step's weights afterwards.
    curve : sequence of mapping
        All rows that its looks gave.
    best : Best, optional
    folder : Path
    about : mapping
        What all checkpoints tell of themselves.

    Returns
    -------
    What `Course.found` gives of the last step; its ``best`` says where the other one is: file, step, held_out_loss, and
    of the last step last_step and last_held_out_loss.
    """
    found = course.found(curve)
    if best is None or not best.step:
        _save(folder / f"model-{found.name}.safetensors", course, {**about, "pretraining": asdict(found)})
        return found
    file = f"{BEST}-{found.name}.safetensors"
    last = curve[-1]["step"]
    ending = held_out([row for row in curve if row["step"] == last])
    told = {"file": file, "step": best.step, "held_out_loss": best.loss}
    found = replace(found, best={**told, "last_step": last, "last_held_out_loss": ending})
    _save(folder / f"model-{found.name}.safetensors", course, {**about, "pretraining": asdict(found)})
    course.network.load_state_dict(best.network)
    own = course.found([row for row in curve if row["step"] <= best.step])
    _save(folder / file, course, {**about, "pretraining": asdict(replace(own, best=found.best)), "step": best.step})
    return found


def _save(file: Path, course: Course, about: Mapping[str, Any]) -> None:
    tensors = {name: each.detach().cpu().numpy() for name, each in course.backbone.state_dict().items()}
    checkpoint.save(file, tensors, about)
