"""The colours of states are distinguishable, also for colour-blind readers."""

from __future__ import annotations

import itertools
import re

import pytest

from osimages.windows.report.template_environment import style

# Severity 1.0 of Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency" (2009), on linear RGB.
_SIGHT = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_WHITE = (0.9505, 1.0, 1.089)
_LEAST_DIFFERENCE = 20.0  # of CIE 1976; about 2.3 is just noticeable side by side

Vector = tuple[float, ...]


def lab(colour: str, sight: str) -> Vector:
    """CIE L*a*b* of a colour such as `#1a7f4b`, as somebody sees it."""
    linear = [_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5)]
    seen = [min(1.0, max(0.0, each)) for each in _times(_SIGHT[sight], linear)]
    x, y, z = (_cube(each / white) for each, white in zip(_times(_XYZ, seen), _WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _cube(value: float) -> float:
    return float(value ** (1 / 3)) if value > 0.008856 else 7.787 * value + 16 / 116


def _times(matrix: tuple[Vector, ...], vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def palettes() -> list[dict[str, str]]:
    """The colours by name: in light, in dark, and on paper."""
    blocks = re.findall(r":root \{(.*?)\}", style(), re.DOTALL)
    assert len(blocks) == 3
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", each)) for each in blocks]


@pytest.mark.parametrize("sight", _SIGHT)
@pytest.mark.parametrize("number", range(3), ids=["light", "dark", "print"])
def test_states_of_support_differ_in_colour(number: int, sight: str) -> None:
    colours = palettes()[number]
    for one, other in itertools.combinations(("good", "extended", "unsure", "bad", "unknown"), 2):
        first, second = lab(colours[one], sight), lab(colours[other], sight)
        difference = sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5
        assert difference > _LEAST_DIFFERENCE, (one, other)
