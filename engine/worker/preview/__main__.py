"""Show what a model will see: `python -P engine/worker/preview/__main__.py SCRIPT OUTPUT LIMIT`.

JSON lines on stdout: `phase`, `progress`, `note`, `row`, `totals`, `cut`, `failed`. Every number on a line of stdin is
answered with that row, and the end of stdin ends it.
"""

import json
import os
import queue
import runpy
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

WORKER = Path(__file__).resolve().parents[1] / "__main__.py"


class Voice:
    """Writes JSON lines; it can stand where libraries' progress is told to a journal."""

    def __init__(self, stream: IO[str]) -> None:
        """Write to a stream."""
        self.stream = stream

    def write(self, kind: str, **fields: Any) -> None:
        """Write one line."""
        print(json.dumps({"type": kind, **fields}), file=self.stream, flush=True)


def asked(stream: IO[str]) -> "queue.Queue[int | None]":
    """Return the numbers that arrive on a stream, and None at its end."""
    numbers: queue.Queue[int | None] = queue.Queue()

    def listen() -> None:
        for line in stream:
            if line.strip().isdigit():
                numbers.put(int(line))
        numbers.put(None)

    threading.Thread(target=listen, daemon=True).start()
    return numbers


def show(script: Path, output: Path, limit: int, voice: Voice, numbers: "queue.Queue[int | None]") -> None:
    """Rehearse the script, then answer with rows; totals are counted while none is asked for."""
    voice.write("phase", name="libraries")
    import datasets

    from engine.worker.model_code import guard_model_code
    from engine.worker.preview.hollow import hollow
    from engine.worker.preview.rehearsal import Rehearsal
    from engine.worker.preview.source import of_prompts, of_texts, of_trainer
    from engine.worker.preview.texts import row
    from engine.worker.progress import report_bars
    from engine.worker.time_limit import limit_chat_templates

    datasets.disable_caching()  # what is made here is of other settings than the training's
    hollow()
    guard_model_code()
    limit_chat_templates()
    report_bars(voice)  # type: ignore[arg-type]
    seen = Rehearsal(script, output, limit, voice.write)
    reached = seen.run("baseline")
    if reached is None:
        source = of_trainer(seen.trainer, seen.module)
    else:
        source = (of_prompts if hasattr(seen.module, "make_learner") else of_texts)(reached, seen.module)
    voice.write("ready", rows=source.count)
    work: Iterator[Any] | None = count(source, seen, script, voice)
    while True:
        try:
            number = numbers.get(block=work is None)
        except queue.Empty:
            work = work if next(work, MARK) is not MARK else None  # type: ignore[arg-type]
            continue
        if number is None:
            break
        voice.write("row", **row(source, min(number, source.count - 1)))
    for _ in work or ():
        pass


MARK = object()


def count(source: Any, seen: Any, script: Path, voice: Voice) -> Iterator[None]:
    """Count all rows, a step at a time, and tell the totals."""
    from engine.worker.preview.rehearsal import Rehearsal
    from engine.worker.preview.totals import cuts, measure

    for place, found in enumerate(measure(source, seen, int(seen.module.BATCH))):
        if found is not None:
            voice.write("totals", **found)
        elif place % 200 == 199:
            voice.write("progress", name="counting tokens", done=place + 1, total=None, unit="row")
        yield
    whole = Rehearsal(script, Path(seen.module.OUTPUT), seen.limit, lambda *_, **__: None, uncut=True)
    voice.write("cut", **cuts(source, seen, whole))


def work(script: Path, output: Path, limit: int) -> int:
    """Answer on what was stdout; all that libraries print goes to stderr."""
    voice = Voice(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    numbers = asked(sys.stdin)
    try:
        show(script, output, limit, voice, numbers)
    except BaseException as error:  # noqa: BLE001 - whatever ends it is told to the person who waits for it
        from engine.worker.failures import explain

        traceback.print_exc()
        failure = explain(error)
        voice.write("failed", code=failure.code, message=failure.message, advice=failure.advice)
        return 1
    return 0


if __name__ == "__main__":
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    runpy.run_path(str(WORKER), run_name="worker")["own_package"]()
    sys.exit(work(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
