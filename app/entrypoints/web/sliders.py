"""How far a slider beside a field goes, and by which round steps. Pure."""

from dataclasses import dataclass

STEPS = 100


@dataclass(frozen=True, slots=True)
class Slider:
    """From 0 to where a threshold can be moved, and by how much at a time."""

    most: int
    step: int


def slider_up_to(whole: int) -> Slider:
    """Return a slider over so many tokens, in about a hundred steps."""
    return Slider(most=whole, step=round_below(max(whole // STEPS, 1)))


def round_below(number: int) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50, … that is not above the number."""
    power: int = 10 ** (len(str(number)) - 1)
    return max(power * step for step in (1, 2, 5) if power * step <= number)


def round_above(number: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50, … that is not below the number."""
    below = round_below(number)
    if below == number:
        return number
    return below * 5 // 2 if str(below)[0] == "2" else below * 2
