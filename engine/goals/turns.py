"""Which parts read rows of text to imitate, by the roles of their columns."""

from collections.abc import Iterable, Sequence

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
            return {"tokens": "chat", "turns": name, "chat.tools": "given" if "tools" in known else "none"}
    advice = "map prompt and completion, messages, instruction and output, or text, as in {prompt: question, ...}"
    raise Problem("the columns do not say what is learned from a row", where="data.columns", advice=advice)


def mixture(tasks: Sequence[Iterable[str]]) -> dict[str, str]:
    """Return the parts that read several tasks at once; a task of plain texts has no answer to learn."""
    for number, roles in enumerate(tasks):
        where = f"data.train.{number}.columns"
        try:
            found = turns(roles)
        except Problem as problem:
            raise Problem(problem.what, where=where, advice=problem.advice) from None
        if found["tokens"] == "text":
            advice = "map prompt and completion, or let the model read the texts in a run of the goal pretrain first"
            raise Problem("a task of plain texts has no answer to learn", where=where, advice=advice)
    tools = "given" if any("tools" in roles for roles in tasks) else "none"
    return {"mixture": "tasks", "turns": "messages", "tokens": "chat", "chat.tools": tools}
