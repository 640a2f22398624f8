"""The door: the full screen without arguments, a command otherwise; whatever goes wrong becomes one sentence."""

import os
import sys

from engine.problem import Problem


def main() -> None:
    """Run what the command line asks for and exit: 0 done, 1 failed, 2 wrong usage, 130 stopped."""
    sys.exit(_guarded())


def _guarded() -> int:
    try:
        status = _run()
        sys.stdout.flush()
    except Problem as problem:
        from tui.commands.say import complain

        complain(problem.sentence)
        # a place such as --gpu is a word of the command line
        return 2 if problem.code == "usage" or problem.where.startswith("--") else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # who read along has left: say no more
        return 1
    return status


def _run() -> int:
    if len(sys.argv) == 1:
        from tui.commands.fullscreen import full_screen

        return full_screen()
    from tui.commands.program import program
    from tui.harmless import Guarded

    sys.stdout, sys.stderr = Guarded(sys.stdout), Guarded(sys.stderr)
    try:
        program(prog_name="tunewright")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


if __name__ == "__main__":
    main()
