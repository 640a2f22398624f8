"""Which parts read rows of text to imitate, by the roles of their columns."""

from collections.abc import Iterable

from engine.problem import Problem


def turns(roles: Iterable[str]) -> dict[str, str]:
    """Return the siblings of `tokens` and `turns` that read rows with these roles."""
    known = set(roles)
    if known == {"text"}:
        return {"tokens": "text"}
    for needed, name in (
        ({"messages"}, "messages"),
        ({"instruction", "output"}, "instruction"),
        ({"prompt", "completion"}, "prompt_completion"),
    ):
        if needed <= known:
            return {"tokens": "chat", "turns": name}
    advice = "map prompt and completion, messages, instruction and output, or text, as in {prompt: question, ...}"
    raise Problem("the columns do not say what is learned from a row", where="data.columns", advice=advice)
