"""Which goals a format serves, and which column plays which role; as data, held against the rows at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.data.convert import CONVERSIONS, WORDS, tried
from engine.data.facts import DataProblem, Suit
from engine.data.kinds import Seen, columns
from engine.data.negatives import with_negatives
from engine.data.recognise import ENTAILMENT, Match, Sheet, matches

CONVERTED = 300
"""Rows on which a conversion is tried."""
REPEATED = 0.5
"""Share of the rows whose answers begin with their prompt, above which it is cut off there."""
KINDS_OF_ROLE: dict[str, frozenset[str]] = {
    "messages": frozenset({"messages"}),
    "prompt": frozenset({"text", "asked", "messages"}),
    "completion": frozenset({"text", "messages"}),
    "chosen": frozenset({"text", "messages"}),
    "rejected": frozenset({"text", "messages"}),
    "ranked": frozenset({"texts"}),
    "label": frozenset({"text", "integer", "boolean"}),
    "score": frozenset({"number", "integer"}),
    "answer": frozenset({"text", "integer", "number"}),
    "input": frozenset({"text", "empty"}),
    "tools": frozenset({"text", "texts", "objects", "object", "mixed", "empty_list", "empty"}),
}
"""What a column must hold to play a role; every other role wants text."""
OPTIONAL = frozenset({"input", "tools", "answer"})


@dataclass(frozen=True, slots=True)
class Use:
    """A goal that a format serves: `columns` maps the goal's roles to those of the format's rule."""

    goal: str
    columns: dict[str, str]
    why: str
    unless: str = ""
    """A role of the rule that makes this the wrong use when the rows have it."""
    only_entailed: bool = False


def _same(*roles: str) -> dict[str, str]:
    return {role: role for role in roles}


_PAIR = _same("prompt", "completion")
_TASK = {"instruction": "prompt", "input": "input", "output": "completion"}
_CHOICE = _same("prompt", "chosen", "rejected")
_LABELLED = _same("text", "label")
_ANSWERS = Use("sft", _PAIR, "the model learns to give the answer to its question")
_PLAIN = Use("sft", _same("text"), "the model learns to write such texts")
_DOMAIN = Use("pretrain", _same("text"), "the model reads on in such texts and learns their words")
_PREFERENCES = (
    Use("prefer", _CHOICE, "the model learns to prefer the better answers"),
    Use("prefer", _same("chosen", "rejected"), "the model learns to prefer the better transcripts", unless="prompt"),
    Use("prefer", _same("prompt", "ranked"), "the model learns to prefer the answers that rank higher"),
    Use("reward", _same("prompt", "ranked"), "a model learns to tell the better answers from the worse"),
    Use("reward", _CHOICE, "a model learns to tell the better answer from the worse"),
    Use("reward", _same("chosen", "rejected"), "a model learns to tell the better from the worse", unless="prompt"),
    Use("sft", {"prompt": "prompt", "completion": "chosen"}, "the model imitates the better answers"),
)

_FORMATS: dict[str, tuple[Use, ...]] = {
    "sft_messages": (Use("sft", _same("messages"), "the model learns the assistant's turns"),),
    "sft_messages_tools": (
        Use("sft", _same("messages", "tools"), "the model learns the assistant's turns and when to call a tool"),
    ),
    "sft_alpaca": (Use("sft", _TASK, "the model learns to give the output for instruction and input"),),
    "sft_dolly": (
        Use("sft", _TASK, "the model learns to respond to the instruction, with its context where there is one"),
    ),
    "sft_prompt_completion": (Use("sft", _PAIR, "the model learns to complete the prompt"),),
    "sft_text": (Use("sft", _same("text"), "the model learns the whole text, questions included"), _DOMAIN),
    "pretrain_text": (_DOMAIN, _PLAIN),
    "text_classification": (
        Use("classify", _LABELLED, "a model learns to give each text its label"),
        Use("sft", {"prompt": "text", "completion": "label"}, "the model learns to answer a text with its label"),
        Use("embed", _LABELLED, "texts of one class come together, those of others move apart"),
        Use("baseline", _LABELLED, "the untouched model is asked for the label of each text"),
    ),
    "qa_pairs": (
        _ANSWERS,
        Use("embed", {"anchor": "prompt", "positive": "completion"}, "a question and its answer belong together"),
    ),
    "qa_context": (
        Use("embed", {"anchor": "question", "positive": "context"}, "a question should find the text that it is about"),
        Use(
            "sft",
            {"instruction": "question", "input": "context", "output": "answer"},
            "the model learns to answer a question from its text",
        ),
    ),
    "retrieval_pairs": (
        Use("embed", _same("anchor", "positive"), "a question should find the text that belongs to it"),
        Use(
            "sft", {"prompt": "anchor", "completion": "positive"}, "the model would learn to answer with the whole text"
        ),
    ),
    "triplets": (
        Use("embed", _same("anchor", "positive", "negative"), "each text comes closer to its match than to the other"),
        Use("embed", _same("anchor", "positive"), "each text and its match belong together"),
    ),
    "sts_scored_pairs": (
        Use(
            "embed",
            {"sentence1": "one", "sentence2": "other", "score": "score"},
            "two texts come as close as their score says",
        ),
    ),
    "nli_pairs": (
        Use("embed", _same("anchor", "positive"), "every second sentence follows from the first", only_entailed=True),
        Use(
            "classify",
            {"text": "anchor", "text_pair": "positive", "label": "label"},
            "a model learns whether the second sentence follows from the first",
        ),
        Use(
            "embed",
            {"sentence1": "anchor", "sentence2": "positive", "label": "label"},
            "the vectors of two sentences learn to tell how they belong together",
        ),
    ),
    "preference_plain": (
        *_PREFERENCES,
        Use("sft", {"text": "chosen"}, "the model imitates the better transcripts", unless="prompt"),
    ),
    "preference_conversational": (
        *_PREFERENCES,
        Use("sft", {"messages": "chosen"}, "the model imitates the better conversations", unless="prompt"),
    ),
    "kto_unpaired": (
        Use("prefer", _same("prompt", "completion", "label"), "the model learns which answers are good"),
        Use("prefer", _same("messages", "label"), "the model learns which conversations are good", unless="prompt"),
    ),
    "grpo_verifiable": (
        Use("reinforce", {"prompt": "prompt", "answer": "truth"}, "answers are tried, and a rule checks them"),
    ),
    "prompt_only": (
        Use("reinforce", _same("prompt"), "answers are tried and rewarded"),
        Use("distill", _same("prompt"), "a teacher's answers to the prompts are learned"),
    ),
}


def _with_followers(uses: tuple[Use, ...]) -> tuple[Use, ...]:
    """Add what rows to imitate serve as well: a teacher, a policy that earns a reward, a measurement alone."""
    found = list(uses)
    for use in uses:
        if use.goal == "sft":
            found.append(Use("distill", use.columns, "a small model learns to answer as a large one", use.unless))
        if use.goal == "sft" and "prompt" in use.columns:
            prompt = {"prompt": use.columns["prompt"]}
            found.append(Use("reinforce", prompt, "answers are tried and rewarded", use.unless))
        if use.goal in ("sft", "embed") and set(use.columns) not in ({"text"}, {"text", "label"}):
            found.append(Use("baseline", use.columns, "the untouched model is measured on these rows", use.unless))
    return tuple(found)


USES: dict[str, tuple[Use, ...]] = {label: _with_followers(uses) for label, uses in _FORMATS.items()}

_CHAT_ADVICE = "write each conversation as messages: [{role: user, content: …}, {role: assistant, content: …}]"
ADVICE: dict[str, str] = {
    "sft_messages": "make the content of every turn one text, and every role system, user, assistant or tool",
    "sft_messages_tools": "make the content of every turn one text, and every role system, user, assistant or tool",
    "sft_sharegpt": f"{_CHAT_ADVICE}; from human becomes user, from gpt becomes assistant",
    "sft_sharegpt_tools": f"{_CHAT_ADVICE}; from human becomes user, from gpt becomes assistant",
    "sft_sharegpt_pairs": _CHAT_ADVICE,
    "sft_text_of_json_messages": "write the list of messages itself, not a text that holds it",
    "sft_nested_instances": "write one row per instance, with instruction, input and output",
    "sft_multimodal": "only text can be learned: leave the pictures out, or choose other data",
    "preference_conversational": "give the better conversations as messages with role and content",
    "preference_unlabelled": "say which answer is better: name the columns chosen and rejected",
    "kto_unpaired": "keep the rows that are marked as good, and drop the label",
    "grpo_verifiable": "to imitate answers, add a column with the whole answer",
    "prompt_only": "add a column with the answers",
    "nli_pairs": "keep the rows with the label entailment: only there the two sentences belong together",
    "text_classification": "write the labels as words; then a model can learn to answer with them",
    "sts_scored_pairs": "keep the pairs with a high score, as anchor and positive",
    "qa_pairs": "write each answer as one text",
    "qa_context": "write one row per question with question, context and answer as plain texts",
    "qa_context_nested": "write one row per question with question, context and answer",
    "qa_squad": "write one row per question with question, context and answer",
    "not_a_dataset": "give rows with named columns, such as prompt and completion, or question and passage",
}
_ANY_ADVICE = "sft wants prompt and completion, messages, or text; embed wants anchor and positive"


def suits(match: Match, sheet: Sheet) -> tuple[Suit, ...]:
    """Return the goals that the rows serve as they are, the best first and each once."""
    if sheet.shape == "values":
        return ()
    found = _direct(match, sheet)
    for name in CONVERSIONS.get(match.label, ()):
        rows = tried(name, sheet.sample[:CONVERTED])
        if not rows:
            continue
        after = Sheet(columns(rows, typed=True), rows, "rows")
        for goal, suit in _direct(matches(after)[0], after).items():
            positive = after.columns.get(suit.columns.get("positive", ""))
            if goal == "embed" and positive is not None and positive.distinct < min(2, len(rows)):
                continue  # one passage for all questions tells nothing apart
            found.setdefault(goal, replace(suit, convert=name, why=f"{suit.why}; first: {WORDS[name]}"))
    if _repeated(match, sheet):
        rows = tried("answers_alone", sheet.sample)
        again = _direct(match, Sheet(columns(rows, typed=True), rows, "rows"))
        why = f"; first: {WORDS['answers_alone']}"
        found |= {goal: replace(suit, convert="answers_alone", why=suit.why + why) for goal, suit in again.items()}
    order = [use.goal for use in USES.get(match.label, ())]
    return tuple(sorted(found.values(), key=lambda suit: order.index(suit.goal) if suit.goal in order else len(order)))


def _repeated(match: Match, sheet: Sheet) -> bool:
    """Return whether in most rows all answers begin with the whole prompt."""
    asked = match.columns.get("prompt")
    answers = [match.columns[role] for role in ("completion", "chosen", "rejected") if role in match.columns]
    if asked is None or not answers:
        return False
    whole = [row for row in sheet.sample if all(isinstance(row.get(name), str) for name in (asked, *answers))]
    hits = sum(all(repeats(row[asked], row[name]) for name in answers) for row in whole)
    return hits > REPEATED * len(sheet.sample)


def repeats(prompt: str, answer: str) -> bool:
    """Return whether an answer begins with the whole prompt and goes on after it."""
    asked, said = prompt.strip(), answer.strip()
    return bool(asked) and len(said) > len(asked) and said.startswith(asked)


def _direct(match: Match, sheet: Sheet) -> dict[str, Suit]:
    found: dict[str, Suit] = {}
    for use in USES.get(match.label, ()):
        suit = _suit(use, match, sheet)
        if suit is not None:
            found.setdefault(suit.goal, suit)
    return found


def _suit(use: Use, match: Match, sheet: Sheet) -> Suit | None:
    if use.unless in match.columns or (use.only_entailed and not _all_entailed(match, sheet.columns)):
        return None
    played = {}
    for role, source in use.columns.items():
        name = match.columns.get(source)
        if name is None and role in OPTIONAL:
            continue
        if name is None or sheet.columns[name].kind not in KINDS_OF_ROLE.get(role, {"text"}):
            return None
        played[role] = name
    if use.goal == "embed" and {"anchor", "positive"} <= set(played):
        played = with_negatives(sheet.columns, played)
    return Suit(use.goal, played, use.why)


def _all_entailed(match: Match, columns: Mapping[str, Seen]) -> bool:
    """Only where every label says entailment do the two sentences belong together."""
    label = match.columns.get("label")
    values = columns[label].values if label else frozenset()
    return bool(values) and {value.lower() for value in values} <= ENTAILMENT


def obstacles(match: Match, found: tuple[Suit, ...], sheet: Sheet) -> list[DataProblem]:
    """Say why no goal can learn from the rows as they are, and what would help."""
    names = ", ".join(list(sheet.columns)[:8])
    if match.label == "not_a_dataset":
        what = match.why if sheet.shape == "values" else f"{match.why} ({names})"
        return [DataProblem("no_goal_fits", what, None, "wrong", ADVICE["not_a_dataset"])]
    if found:
        return []
    what = f"these are {match.label} rows ({names}); no goal can learn from them as they are"
    code = "needs_conversion" if match.label in CONVERTIBLE else "no_goal_fits"
    return [DataProblem(code, what, None, "wrong", ADVICE.get(match.label, _ANY_ADVICE))]


CONVERTIBLE = frozenset(label for label in ADVICE if label.startswith(("sft_", "qa_")))
"""Formats that hold what a goal wants, in another form."""
