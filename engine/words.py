"""Numbers as a person reads them."""

import math
from collections.abc import Sequence


def count(number: int) -> str:
    """Return 6,738,415,616 as 6.7 B, 22,713,216 as 22.7 M, 1,772 as 1,772."""
    for size, letter in ((1e9, "B"), (1e6, "M")):
        if number >= size:
            return f"{number / size:.1f} {letter}"
    return f"{number:,}"


def value(number: float | None) -> str:
    """Return a measured value with about four digits: 1.214, 2.1e-05, – for none."""
    if number is None or not math.isfinite(number):
        return "–"
    size = abs(number)
    if number == 0 or 1e-3 <= size < 1e5:
        return f"{number:.{4 if size < 1 else max(0, 3 - int(math.log10(size)))}f}"
    return f"{number:.3g}"


def gib(size: float) -> str:
    """Return GiB with one decimal, large ones without: 9.8, 118."""
    return f"{size:.0f}" if size >= 99.5 else f"{size:.1f}" if size >= 0.95 else f"{size:.2f}"


def percent(share: float) -> str:
    """Return a share such as 0.042 as 4 %, small ones with the decimals that they need."""
    value = 100 * share
    return f"{value:.0f} %" if value >= 9.5 else f"{value:.2g} %"


def at_most(share: float) -> str:
    """Return an upper bound of a share in words: none, up to 1 %, up to half, more than half."""
    return {0.0: "none", 0.5: "up to half", 1.0: "more than half"}.get(share, f"up to {percent(share)}")


def rate(number: float) -> str:
    """Return a learning rate as people write it: 2e-5."""
    mantissa, _, exponent = f"{number:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def model(name: str) -> str:
    """Return a hub id as it is, and of a folder the last two names of its path."""
    return "/".join(name.rstrip("/").split("/")[-2:])


def duration(seconds: float) -> str:
    """Return 9,600 as 2 h 40 min, 95 as 2 min, 40 as 40 s, two days and more as days."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 10:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(minutes / 60)} h" if hours < 48 else f"{round(minutes / 60 / 24)} days"


def joined(parts: Sequence[str]) -> str:
    """Return several things as one: a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
