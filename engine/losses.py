"""The losses of an embedding model: which fit rows of a shape, the best first with why, and what each of them needs."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from engine.tables import table


@dataclass(frozen=True, slots=True)
class Loss:
    """One loss of presets/losses.yaml; what the fields mean is said there."""

    name: str
    part: str
    why: str
    least: int
    even: bool = False
    matryoshka: bool = False
    cached: bool = False
    guide: bool = False
    own: bool = False
    in_batch: bool = False
    scale: float = 20.0
    rows: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of a row: its roles in order, and the parts and losses that go with it."""

    name: str
    roles: tuple[str, ...]
    words: str
    rows: str
    evaluator: str
    measure: str
    losses: tuple[str, ...]
    labels: str = ""

    def takes(self, roles: Iterable[str]) -> bool:
        """Say whether a row with these roles has this shape."""
        return {_many(role) for role in roles} == set(self.roles)


def _many(role: str) -> str:
    return re.sub(r"^negative_\d+$", "negative_*", role)


@cache
def losses() -> dict[str, Loss]:
    """Return every loss by its name."""
    return {name: Loss(name=name, **values) for name, values in table("losses")["losses"].items()}


@cache
def shapes() -> tuple[Shape, ...]:
    """Return every shape that a row may have, the usual one first."""
    listed = table("losses")["shapes"].items()
    made = ({**values, "roles": tuple(values["roles"]), "losses": tuple(values["losses"])} for _, values in listed)
    return tuple(Shape(name=name, **values) for (name, _), values in zip(listed, made, strict=True))


def shape_of(roles: Iterable[str], loss: str) -> Shape | None:
    """Return the shape of rows with these roles under a loss; None where the loss does not fit them."""
    given = tuple(roles)
    fitting = (shape for shape in shapes() if loss in shape.losses)
    return next((shape for shape in fitting if not given or shape.takes(given)), None)


def offers(roles: Iterable[str], *, binary: bool | None = None) -> list[tuple[str, str]]:
    """Return the losses that fit rows with these roles and why, the best first.

    `binary` says whether every label is 0 or 1; where that is not known, the loss that takes any label comes first.
    """
    given = tuple(roles)
    fitting = [shape for shape in shapes() if shape.takes(given) and not (binary is False and shape.labels)]
    fitting.sort(key=lambda shape: bool(shape.labels) and binary is None)
    return [(name, losses()[name].why) for shape in fitting for name in shape.losses]
