"""What each guard keeps of a model's old ability while it learns something else, and what that costs the new one.

`python benchmarks/retention.py MODEL [TEXT]`: a small model of stories (the figures in README.md are those of
stories260K) reads on in lines of keys and values that are made up here, or in a text of yours. What should be kept is
drawn from the untouched model, once for all runs.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

GUARDS = ("none", "replay", "ewc", "si", "distill")
METHODS: dict[str, dict[str, Any]] = {"full": {"learning_rate": 5e-4}, "lora": {"learning_rate": 1e-3}}
DRAWN = 256
LINES = 1500


def write_lines(file: Path) -> Path:
    """Write lines that are nothing like a story."""
    chance = random.Random(0)
    towns, colours = ("Ghent", "Lund", "Graz", "Bergen"), ("red", "teal", "ochre")
    lines = (
        f"id={chance.randrange(10**5):05d};town={chance.choice(towns)};kg={chance.randrange(90)};"
        f"paint={chance.choice(colours)};paid={chance.choice('yn')}"
        for _ in range(LINES)
    )
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def write_kept(model: str, file: Path) -> Path:
    """Write texts that the untouched model draws from its own probabilities."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(0)
    tokenizer, loaded = AutoTokenizer.from_pretrained(model), AutoModelForCausalLM.from_pretrained(model)
    begun = torch.full((32, 1), tokenizer.bos_token_id)
    with file.open("w", encoding="utf-8") as rows:
        for _ in range(DRAWN // len(begun)):
            drawn = loaded.generate(
                begun, max_new_tokens=255, do_sample=True, top_k=0, pad_token_id=tokenizer.eos_token_id
            )
            for text in tokenizer.batch_decode(drawn, skip_special_tokens=True):
                rows.write(json.dumps({"text": text}) + "\n")
    return file


def train(model: str, text: Path, kept: Path, place: Path, kind: str, guard: str) -> dict[str, Any]:
    """Train one run through the command line, as a person would, and return its results."""
    described = {
        "goal": "pretrain",
        "model": {"id": model},
        "data": {"train": str(text), "columns": {"text": "text"}, "keep": str(kept), "keep_rows": DRAWN},
        "method": {"kind": kind},
        "objective": {"samples": 0},
        "training": {"epochs": 3, "batch": 8, "accumulate": 1, "max_length": 256, "seed": 1, **METHODS[kind]},
        "retention": {"kind": guard},
        "output": {"name": f"{kind}-{guard}"},
    }
    file = place / f"{kind}-{guard}.yaml"
    file.write_text(json.dumps(described), "utf-8")
    command = [sys.executable, "-m", "tui.cli", "run", str(file), "--runs", str(place / "runs")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    folder = next((place / "runs").glob(f"{kind}-{guard}-*"))
    return dict(json.loads((folder / "output" / "results.json").read_text("utf-8")))


def row(kind: str, guard: str, results: dict[str, Any]) -> str:
    """Return one line of the table."""
    found = {each["name"]: each for each in results["metrics"]}
    old, new = found["keep_perplexity"], found["perplexity"]
    before_after = (f"{each['baseline']:.2f} → {each['tuned']:.2f}" for each in (old, new))
    return f"| {kind} | {guard} | {' | '.join(before_after)} | {results['seconds']:.0f} s |"


def main() -> None:
    """Print the table."""
    model = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        text = Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else write_lines(place / "lines.txt")
        kept = write_kept(model, place / "kept.jsonl")
        print("| method | guard | perplexity on its own stories | perplexity on the new text | time |")
        print("| --- | --- | --- | --- | --- |")
        for kind in METHODS:
            for guard in GUARDS:
                print(row(kind, guard, train(model, text, kept, place, kind, guard)), flush=True)


if __name__ == "__main__":
    main()
