"""The command about this machine."""

from tui.commands.options import Json, Python, Runs

SIGNS = {"good": "ok", "warning": "!", "wrong": "wrong"}


def doctor(as_json: Json = False, runs_folder: Runs = None, python: Python = None) -> None:
    """Say what this machine has, and what to fix."""
    from dataclasses import asdict

    from engine.doctor import examine
    from engine.interpreter import interpreter, torch_facts
    from engine.machine import describe, look
    from engine.roots import root
    from tui.commands.say import emit, say
    from tui.commands.words import columns

    machine, found = look(root(runs_folder)), interpreter(python)
    lines = examine(machine, found, torch_facts(found) if "torch" in found.versions else None)
    if as_json:
        emit({"machine": describe(machine), "python": asdict(found), "lines": [asdict(line) for line in lines]})
        return
    say(describe(machine))
    advised = [(line, f" -> {line.advice}" if line.advice else "") for line in lines]
    for text in columns([(SIGNS[line.level], line.name, f"{line.value}{advice}") for line, advice in advised]):
        say(text)
    faults = [line for line in lines if line.level == "wrong"]
    say(f"{len(faults)} to fix: {', '.join(line.name for line in faults)}" if faults else "nothing stands in the way")
