"""The results: a table before and after, kept as JSON and in the model's card."""

import json
from typing import Any

from engine.recipes.parts.output import output


def measured_once(name: str, measure: Any) -> Any:
    """Return what `measure()` gives, kept in the output folder so that a resumed run has the same baseline."""
    file = output() / name
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(measure()))
        partial.replace(file)
    return json.loads(file.read_text())


def short(name: str) -> str:
    """Return how a measure is called in the results."""
    return name if name == "eval_loss" else name.removeprefix("eval_")


def compare(before: dict[str, float], after: dict[str, float], higher: dict[str, bool]) -> list[dict[str, Any]]:
    """Return a row per metric; improvement in percent, positive when it became better."""
    rows = []
    for name, is_higher in higher.items():
        change = (after[name] - before[name]) / abs(before[name]) * 100 if before[name] else None
        gain = change if is_higher or change is None else -change
        rows.append(
            {
                "name": short(name),
                "baseline": before[name],
                "tuned": after[name],
                "improvement": gain,
                "higher_is_better": is_higher,
            }
        )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Return the comparison as a Markdown table."""
    lines = ["| metric | before | after | better by |", "| --- | --- | --- | --- |"]
    for row in rows:
        gain = "-" if row["improvement"] is None else f"{row['improvement']:+.2f} %"
        lines.append(f"| {row['name']} | {row['baseline']:.4f} | {row['tuned']:.4f} | {gain} |")
    return "\n".join(lines)


def report(results: dict[str, Any]) -> dict[str, Any]:
    """Write results.json, put the table into the saved model's card, print it, and return the results."""
    comparison, card = table(results["metrics"]), output() / "model" / "README.md"
    known = card.read_text("utf-8") if card.exists() else "# Tuned model\n"
    card.write_text(
        f"{known.rstrip()}\n\n## Measured on {results['test_rows']} held-out rows\n\n{comparison}\n", "utf-8"
    )
    (output() / "results.json").write_text(json.dumps(results, indent=2, ensure_ascii=False), "utf-8")
    print(comparison)
    return results
