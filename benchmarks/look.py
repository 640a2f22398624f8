"""How long a look at a large file takes: until there is something to show, and the whole of it; and its memory.

`python benchmarks/look.py [GIGABYTES]`
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LOOK = """
import resource, sys, time
from engine.data import look
began, cpu, first = time.monotonic(), time.process_time(), []
def tell(news):
    first[:] = first or [time.monotonic() - began]
facts = look(sys.argv[1], tell)
spent, busy = time.monotonic() - began, time.process_time() - cpu
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{facts.rows} {spent:.2f} {busy:.2f} {most:.0f} {facts.format} {[*first, spent][0]:.2f}")
"""
WORDS = re.findall(r"\w+", "the invoice shows a price that was paid in two parts and nobody knows why it went away")


def write(file: Path, size: int) -> int:
    """Write rows of prompt and completion, all of them different, until there are `size` bytes; return how many."""
    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(30, 200))) for _ in range(2000)]
    written = rows = 0
    with file.open("w", encoding="utf-8") as out:
        while written < size:
            row = {"prompt": f"{rows}: {draw.choice(texts)[:400]}?", "completion": f"{draw.choice(texts)} {rows}."}
            written += out.write(json.dumps(row) + "\n")
            rows += 1
    return rows


def main() -> None:
    """Make the file, look at it, and remove it."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("gigabytes", nargs="?", type=float, default=2.0)
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "rows.jsonl"
        rows = write(file, int(asked.gigabytes * 1e9))
        size = file.stat().st_size
        done = subprocess.run([sys.executable, "-c", LOOK, file], check=True, capture_output=True, text=True)
        found, spent, busy, most, kind, first = done.stdout.split()
        assert int(found) == rows, f"{found} of {rows} rows were counted"
        print(
            f"{size / 1e9:.1f} GB, {rows:,} rows of {kind}: {float(spent):.1f} s, {size / 1e6 / float(busy):.0f} MB/s"
        )
        print(f"on one core ({float(busy):.1f} s of it), {most} MiB at most")
        print(f"something to show after {first} s")


if __name__ == "__main__":
    main()
