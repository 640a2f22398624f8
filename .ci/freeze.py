"""Write the installed versions down: presets/constraints.txt for what a run needs, constraints.txt for the workshop."""

from importlib.metadata import distribution, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).parents[1]
OURS = "tunewright"
HEAD = "# {what}, exactly as tested; written by `make constraints`.\n"


def closure(extras: set[str]) -> set[str]:
    """Return the names of all installed distributions that tunewright with these extras needs."""
    found: set[str] = set()
    waiting = [(OURS, frozenset(extras))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        found.add(name)
        for text in requires(name) or []:
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in wanted or {""}):
                waiting.append((canonicalize_name(needed.name), frozenset(needed.extras)))
    return found - {OURS}


def pins(names: set[str]) -> str:
    """Return one line a distribution; a build's local mark (+cpu) is no part of the version."""
    return "".join(f"{name}=={distribution(name).version.split('+')[0]}\n" for name in sorted(names))


def main() -> None:
    """Write both files."""
    run = closure({"train"})
    presets = TOP / "presets" / "constraints.txt"
    presets.write_text(HEAD.format(what="tunewright and its training libraries") + pins(run), "utf-8")
    workshop = HEAD.format(what="The tools of the workshop") + "-c presets/constraints.txt\n"
    (TOP / "constraints.txt").write_text(workshop + pins(closure({"train", "dev"}) - run), "utf-8")


if __name__ == "__main__":
    main()
