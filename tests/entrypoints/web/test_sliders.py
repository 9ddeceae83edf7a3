"""How far a slider goes, and by which steps."""

import pytest

from app.entrypoints.web.sliders import Slider, round_above, round_below, slider_up_to


@pytest.mark.parametrize(
    ("number", "below", "above"),
    [(1, 1, 1), (3, 2, 5), (5, 5, 5), (9, 5, 10), (1_000, 1_000, 1_000), (2_001, 2_000, 5_000)],
)
def test_round_numbers_stand_around_every_other(number: int, below: int, above: int) -> None:
    assert (round_below(number), round_above(number)) == (below, above)


@pytest.mark.parametrize(("whole", "step"), [(1, 1), (99, 1), (100_000, 1_000), (331_115, 2_000)])
def test_a_slider_goes_over_all_tokens_in_round_steps(whole: int, step: int) -> None:
    assert slider_up_to(whole) == Slider(most=whole, step=step)
