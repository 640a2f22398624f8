"""Opening the full screen, over all runs or on one; nothing is imported here that it does not need at once."""

from collections.abc import Sequence
from pathlib import Path


def full_screen(
    given: Path | None = None,
    run: Path | None = None,
    *,
    read_only: bool = False,
    slow: bool = False,
    alarm: str | None = None,
    others: Sequence[Path] = (),
) -> int:
    """Open the full screen, on a run when one is given; return the exit status."""
    from engine.problem import Problem
    from engine.roots import root
    from tui.commands.say import is_terminal

    if not is_terminal():
        raise Problem("the full screen needs a terminal", advice="for commands without one see tunewright --help")
    from tui.app import Tunewright

    app = Tunewright(root(given), watch=run, read_only=read_only, slow=slow, alarm=alarm, others=others)
    app.run()
    return app.return_code or 0
