"""How curves are looked at: along what, which part of it, on which scale, and where the cursor stands."""

from dataclasses import dataclass, replace
from typing import get_args

from engine.series import Along

CLOSEST = 4.0  # steps that are seen at least; nothing is between them


@dataclass(frozen=True, slots=True)
class Window:
    """The part of an axis that is seen; `origin` is where its zero lies: a run's begin, where time is the axis."""

    first: float
    last: float
    along: Along = "steps"
    origin: float = 0.0

    @property
    def length(self) -> float:
        """Return how much is seen, never nothing."""
        return max(self.last - self.first, 1e-9)

    def share(self, place: float) -> float:
        """Return where a place lies in the window: 0 at its first, 1 at its last."""
        return (place - self.first) / self.length


@dataclass(frozen=True, slots=True)
class Lens:
    """A way of looking at curves; every change gives a new one. `part` None is all of it."""

    along: Along = "steps"
    logarithmic: bool = False
    part: tuple[float, float] | None = None
    cursor: float | None = None

    def window(self, whole: float, origin: float = 0.0) -> Window:
        """Return what is seen of an axis from 0 to `whole`."""
        first, last = self.part or (0.0, whole)
        return Window(first, last, self.along, origin if self.along == "times" else 0.0)

    def turned(self) -> "Lens":
        """Look along the next of steps, epochs and time: all of it, without a cursor."""
        ways = get_args(Along)
        return Lens(ways[(ways.index(self.along) + 1) % len(ways)], self.logarithmic)

    def zoomed(self, factor: float, whole: float, place: float, closest: float = CLOSEST) -> "Lens":
        """See `factor` times as much around a place, which stays where it is."""
        seen = self.window(whole)
        length = max(seen.length * factor, min(closest, whole))
        if length >= whole:
            return replace(self, part=None)
        return self._placed(place - seen.share(place) * length, length, whole)

    def panned(self, share: float, whole: float) -> "Lens":
        """Move the window by a share of itself, up to the ends."""
        seen = self.window(whole)
        return self if self.part is None else self._placed(seen.first + share * seen.length, seen.length, whole)

    def pointed(self, place: float, reach: float) -> "Lens":
        """Put the cursor on a place up to the newest one at `reach`; a window that does not hold it follows."""
        place = min(max(place, 0.0), reach)
        if self.part is None or self.part[0] <= place <= self.part[1]:
            return replace(self, cursor=place)
        shift = place - self.part[place > self.part[0]]
        return replace(self, cursor=place, part=(self.part[0] + shift, self.part[1] + shift))

    def _placed(self, first: float, length: float, whole: float) -> "Lens":
        first = min(max(first, 0.0), max(0.0, whole - length))
        return replace(self, part=(first, first + length))
