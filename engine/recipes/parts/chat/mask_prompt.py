"""One answer to be learned: its tokens and labels, cut where they are too long."""

from typing import Any

from engine.recipes.parts.reading import MAX_LENGTH


def build_example(asked: list[int], whole: list[int], end: int) -> dict[str, Any]:
    """Return prompt and answer as tokens, of which the answer is learned up to its `end`, once.

    Too long, a prompt keeps at least half of the length: its first token and its end. An answer loses its end, so that
    none is learned where it goes on. `truncated` counts 1 for a cut prompt and 2 for a cut answer.
    """
    same = 0
    while asked[same : same + 1] == whole[same : same + 1] != []:
        same += 1
    prompt, answer = whole[:same], whole[same:]
    answer = answer[: len(answer) - answer[::-1].index(end)] if end in answer else [*answer, end]
    kept = min(len(prompt), max(MAX_LENGTH - len(answer), MAX_LENGTH // 2))
    room = MAX_LENGTH - kept
    truncated = (len(prompt) > kept) + 2 * (len(answer) > room)
    if len(prompt) > kept:
        prompt = [prompt[0], *prompt[len(prompt) - kept + 1 :]]
    tokens = prompt + answer[:room]
    return {"input_ids": tokens, "labels": [-100] * len(prompt) + answer[:room], "truncated": truncated}
