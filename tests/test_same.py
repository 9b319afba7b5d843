"""What is remembered of a tuple is of that very tuple."""

from __future__ import annotations

from biocurate.same import KEPT, of_the_same


def counted():
    """A function that tells how often it was at work."""
    asked = []

    @of_the_same
    def joined(items, key):
        asked.append(key)
        return (*items, key)

    return joined, asked


def test_the_very_same_tuple_is_looked_at_once_for_each_question():
    joined, asked = counted()
    items = tuple([1, 2])
    assert [joined(items, key) for key in "aabab"] == [(1, 2, key) for key in "aabab"]
    assert asked == ["a", "b"]


def test_an_equal_tuple_is_another_one():
    """True equals 1 and 1.0, and would stand for them."""
    joined, _ = counted()
    made = [joined(tuple([number]), "a")[0] for number in (1, True, 1.0)]
    assert [type(each) for each in made] == [int, bool, float]


def test_no_more_are_remembered_than_said_and_none_is_mixed_up_with_a_later_one():
    joined, _ = counted()
    for number in range(5 * KEPT):  # each is gone when the next is made, and memory is used again
        assert joined(tuple([number]), "a") == (number, "a")
    (before,) = (cell.cell_contents for cell in joined.__closure__ if isinstance(cell.cell_contents, dict))
    assert len(before) <= KEPT
