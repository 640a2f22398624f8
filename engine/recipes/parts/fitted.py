"""A prompt and its answers, cut so that they fit together."""

from engine.recipes.parts.reading import MAX_LENGTH


def fitted(prompt: list[int], answers: list[list[int]]) -> tuple[list[int], list[list[int]], int]:
    """Return a prompt and the answers to it that fit together, and what was cut: 1 the prompt, 2 an answer, 3 both.

    A prompt keeps at least half of the length: its first token and its end. An answer loses its end, and the
    end-of-text token with it, so that no end is learned where the answer goes on.
    """
    longest = max(map(len, answers))
    kept = min(len(prompt), max(MAX_LENGTH - longest, MAX_LENGTH // 2))
    room = MAX_LENGTH - kept
    begun = prompt if len(prompt) <= kept else [*prompt[:1], *prompt[len(prompt) - kept + 1 :]]
    return begun, [answer[:room] for answer in answers], (len(prompt) > kept) + 2 * (longest > room)
