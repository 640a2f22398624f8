"""The two axes of a picture: round numbers along steps, epochs or time, and upwards on either scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tui.widgets.figures import clock, count
from tui.widgets.lens import Window

SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Axis:
    """The range of one axis, and where its labels stand."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]


def across(window: Window, width: int) -> Axis:
    """Return the axis of a window, with a label about every 20 columns."""
    many = max(1, width // 16)
    gap = _seconds(window.length / many) if window.along == "times" else nice(window.length / many)
    if window.along == "steps":
        gap = max(1.0, gap)
    start = math.ceil(window.first / gap - 1e-9)
    ticks = tuple(gap * index for index in range(start, math.floor(window.last / gap + 1e-9) + 1))
    return Axis(window.first, window.last, ticks, tuple(_place(tick, window) for tick in ticks))


def steps_axis(last: float, width: int) -> Axis:
    """Return an axis from 0 to the last planned step."""
    return across(Window(0.0, last), width)


def _place(tick: float, window: Window) -> str:
    return {"steps": count, "epochs": "{:.6g}".format, "times": clock}[window.along](tick)


def _seconds(gap: float) -> float:
    return next((float(each) for each in SECONDS if each >= gap), DAY * nice(max(gap, DAY / 2) / DAY))


def values_axis(low: float, high: float, height: int) -> Axis:
    """Return an axis around the values whose ends move in coarse jumps, so that the picture stands still."""
    if not high > low:
        low, high = low - (abs(low) or 1) * 0.05, high + (abs(high) or 1) * 0.05
    gap = nice((high - low) / max(1, (height - 1) // 3))
    start, end = math.floor(low / gap * 2) * gap / 2, math.ceil(high / gap * 2) * gap / 2
    first = math.ceil(start / gap - 1e-9)
    ticks = tuple(gap * index for index in range(first, math.floor(end / gap + 1e-9) + 1))
    return Axis(start, end, ticks, tuple(_label(tick, gap) for tick in ticks))


def powers_axis(low: float, high: float, height: int) -> Axis:
    """Return an axis of logarithms to base 10 from `low` to `high`; its labels are the values themselves."""
    start, end = math.floor(low * 4 + 1e-9) / 4, math.ceil(high * 4 - 1e-9) / 4
    end = end if end > start else start + 0.25
    powers = range(math.floor(start), math.ceil(end) + 1)
    most = max(2, height // 2)
    for factors in ((1, 2, 5), (1,)):
        ticks = [power + math.log10(factor) for power in powers for factor in factors]
        ticks = [tick for tick in ticks if start - 1e-9 <= tick <= end + 1e-9]
        if len(ticks) <= most:
            break
    if len(ticks) < 3:
        ticks = [math.log10(tick) for tick in values_axis(10**start, 10**end, height).ticks if tick > 0]
    ticks = _thin(ticks, most)
    return Axis(start, end, tuple(ticks), tuple(f"{10**tick:.3g}" for tick in ticks))


def _thin(ticks: Sequence[float], most: int) -> list[float]:
    return list(ticks[:: -(-len(ticks) // most)]) if ticks else []


def nice(gap: float) -> float:
    """Return the smallest of 1, 2, 2.5 and 5 times a power of ten that is no smaller."""
    power: float = 10.0 ** math.floor(math.log10(gap))
    return next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= gap * 0.999), 10 * power)


def _label(tick: float, gap: float) -> str:
    decimals = next((places for places in range(5) if math.isclose(gap, round(gap, places))), 5)
    return f"{tick:.{decimals}f}" if decimals < 5 and abs(tick) < 1e5 else f"{tick:.1e}"
