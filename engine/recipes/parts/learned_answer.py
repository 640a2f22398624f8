"""One answer to be learned: its tokens and labels, cut where they are too long."""

from engine.recipes.parts.reading import MAX_LENGTH


def example(asked: list[int], whole: list[int], end: int) -> tuple[list[int], list[int]]:
    """Return tokens of one answer and its labels: its end is marked, and what is too long loses the prompt first."""
    same = 0
    while same < min(len(asked), len(whole)) and asked[same] == whole[same]:
        same += 1
    prompt, answer = whole[:same], whole[same:]
    length = len(answer) - answer[::-1].index(end) if end in answer else len(answer)
    answer = [*answer[:length], *([] if end in answer else [end])][:MAX_LENGTH]
    room = MAX_LENGTH - len(answer)
    prompt = prompt if len(prompt) <= room else [*prompt[:1], *prompt[len(prompt) - room + 1 :]][:room]
    return prompt + answer, [-100] * len(prompt) + answer
