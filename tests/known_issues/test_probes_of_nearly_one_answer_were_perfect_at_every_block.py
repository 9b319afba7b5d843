"""A mean over folds is 1.0 where each fold of persons has one answer, whatever is probed: all blocks were alike."""

from __future__ import annotations

import numpy as np

from zoo.biox_bridge.positions import probe

PERSON = np.repeat(np.arange(12), 20)


def test_folds_of_one_answer_no_longer_make_all_blocks_alike():
    """Answers that differ for one person alone, and features of nothing but noise."""
    rng = np.random.default_rng(0)
    answers = ((PERSON == 3) & (np.arange(len(PERSON)) % 2 == 0)).astype(np.intp)
    blind = np.zeros((len(PERSON), 2)), rng.standard_normal((len(PERSON), 2))
    published = [probe(each, answers, PERSON, judged="mean-of-folds") for each in blind]
    pooled = [probe(each, answers, PERSON) for each in blind]
    assert min(published) > 0.95
    assert max(pooled) < 0.6
