"""Odd and spoiled files, looked at and read as scripts read them: `python benchmarks/fuzz_reader.py [seconds] [seed]`.

Every file ends in rows or in one sentence, none takes long, and a script reads what the look saw. What does not is
printed with its seed, and the exit code is 1.
"""

import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.fuzzing import SUFFIXES, check_look, content, spoiled

SLOW = 5.0


def main() -> int:
    end = time.monotonic() + float(sys.argv[1] if len(sys.argv) > 1 else 3600)
    seed = int(sys.argv[2] if len(sys.argv) > 2 else 0)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            seed += 1
            chance = random.Random(seed)
            path = Path(folder) / f"file{chance.choice(SUFFIXES)}"
            path.write_bytes(spoiled(content(chance), chance))
            begin = time.monotonic()
            try:
                found[check_look(path)] += 1
            except Exception:  # noqa: BLE001 - whatever ends a look is what is looked for
                found["wrong"] += 1
                print(f"seed {seed}, {path.name}:\n{traceback.format_exc()}")
            if time.monotonic() - begin > SLOW:
                found["slow"] += 1
                print(f"seed {seed}, {path.name}: {time.monotonic() - begin:.0f} s")
    print(f"{found.total():,} files up to seed {seed}: " + ", ".join(f"{n:,} {kind}" for kind, n in found.items()))
    return int(found["wrong"] + found["slow"] > 0)


if __name__ == "__main__":
    sys.exit(main())
