"""The formats that people bring and the goals that they suit, as data.

The first rule whose needs are met names the format: the order runs from the most to the least particular. A need is
written `role=names:kinds`: the column has one of these names (`*`: any) and holds one of these kinds (`text` when left
out); words in capitals stand for the groups below. `?` makes the role optional, `!` wants few and short values.
"""

from dataclasses import dataclass

NAMES: dict[str, str] = {
    "PROMPT": "prompt instruction input query question user problem source src request article document",
    "COMPLETION": "completion response output target tgt assistant reply answer summary highlights translation",
    "QUESTION": "question query problem",
    "ANSWER": "answer answers final_answer correct_answer long_answer solution final_decision response",
    "CONTEXT": "context contexts passage passages paragraph article story document background ctx abstract",
    "ANCHOR": "anchor query question search_query",
    "PASSAGE": "positive pos passage positive_passage document doc context answer_passage text corpus paragraph",
    "POSITIVE": "positive pos positives positive_passages positive_ctxs entailment",
    "NEGATIVE": "negative neg negatives negative_passages negative_ctxs hard_negative hard_negatives contradiction",
    "CHOSEN": "chosen chosen_messages chosen_response response_chosen preferred winner better response_j accepted",
    "REJECTED": "rejected rejected_messages rejected_response response_rejected dispreferred loser worse response_k",
    "ONE": "answer1 answer_1 answer_a response1 response_1 response_a output1 output_1 output_a response_0",
    "OTHER": "answer2 answer_2 answer_b response2 response_2 response_b output2 output_2 output_b response_1",
    "LABEL": "label labels category intent class sentiment topic label_text emotion target stars rating tag",
    "GOOD": "label kto_tag is_good desirable thumbs_up",
    "GOLD": "gold_label label labels gold",
    "FIRST": "sentence1 sentence_1 sentence_a text1 text_1 text_a s1 question1 premise",
    "SECOND": "sentence2 sentence_2 sentence_b text2 text_2 text_b s2 question2 hypothesis",
    "SCORE": "score similarity similarity_score relatedness_score label labels is_duplicate sim",
    "BODY": "text sentence content review comment utterance tweet question query message title document body",
    "TRUTH": "ground_truth reward_model verifiable_answer verification_info gold_answer tests test_cases unit_tests",
    "MEDIA": "image images img video videos audio audios image_path",
    "LINK": "answer_html link url source_url faq_url question_html href",
    "CHAT": "messages conversation conversations chat dialog dialogue",
}
KINDS: dict[str, str] = {
    "TURNS": "messages parts strange_turns",
    "SPOKEN": "messages parts strange_turns sharegpt message sharegpt_message json_messages",
    "ASKED": "text messages asked parts json_messages",
    "CLASS": "text integer boolean",
    "NUMBER": "number integer",
    "TEXTS": "text texts",
    "PASSAGES": "text texts objects",
    "VALUE": "text texts object boolean integer number",
}


@dataclass(frozen=True, slots=True)
class Need:
    """A column that a format wants; empty `names` or `kinds` stand for any."""

    role: str
    names: tuple[str, ...]
    kinds: frozenset[str]
    optional: bool
    label: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """What makes a format, how sure that is, why, and the name of a further test of the content."""

    label: str
    confidence: float
    needs: tuple[Need, ...]
    why: str
    test: str = ""


def _words(text: str, groups: dict[str, str]) -> tuple[str, ...]:
    return tuple(word for part in text.split("|") for word in groups.get(part, part).split() if word != "*")


def _need(text: str) -> Need:
    role, _, column = text.partition("=")
    names, _, kinds = column.rstrip("!").partition(":")
    return Need(
        role=role.rstrip("?"),
        names=_words(names, NAMES),
        kinds=frozenset(_words(kinds or "text", KINDS)),
        optional=role.endswith("?"),
        label=column.endswith("!"),
    )


def _rule(label: str, confidence: float, needs: str, why: str, test: str = "") -> Rule:
    return Rule(label, confidence, tuple(map(_need, needs.split())), why, test)


RULES: tuple[Rule, ...] = (
    _rule(
        "preference_conversational",
        0.98,
        "chosen=CHOSEN:SPOKEN rejected=REJECTED:SPOKEN prompt?=PROMPT|CHAT:ASKED|sharegpt",
        "a better and a worse conversation stand side by side",
    ),
    _rule(
        "preference_plain",
        0.97,
        "chosen=CHOSEN rejected=REJECTED prompt?=PROMPT",
        "a better and a worse answer stand side by side",
    ),
    _rule("preference_plain", 0.95, "prompt=PROMPT:ASKED ranked=ranked|ranking:texts", "answers stand in order"),
    _rule(
        "preference_plain",
        0.9,
        "prompt=PROMPT:ASKED ranked=*:scored",
        "several answers to one prompt have a score each",
    ),
    _rule(
        "preference_unlabelled",
        0.9,
        "prompt=PROMPT:ASKED one=ONE other=OTHER",
        "two answers stand side by side and nothing says which one is better",
    ),
    _rule(
        "grpo_verifiable",
        0.95,
        "prompt=CHAT|PROMPT:ASKED truth=TRUTH:*",
        "every prompt comes with an answer that a program can check",
    ),
    _rule(
        "grpo_verifiable", 0.8, "prompt=prompt|CHAT:asked truth=solution|answer|final_answer", "prompts with solutions"
    ),
    _rule(
        "kto_unpaired",
        0.95,
        "messages=CHAT:SPOKEN label=GOOD:CLASS!",
        "every conversation is marked as good or bad",
    ),
    _rule(
        "kto_unpaired",
        0.95,
        "prompt=PROMPT:ASKED completion=COMPLETION:ASKED label=GOOD:boolean",
        "every answer is marked as good or bad",
    ),
    _rule(
        "sft_multimodal",
        0.9,
        "messages=*:SPOKEN media=MEDIA:*",
        "conversations come with pictures, sound or film",
    ),
    _rule(
        "sft_messages_tools",
        0.97,
        "messages=*:TURNS tools=tools|functions:*",
        "conversations of roles and contents come with the tools that the model may call",
    ),
    _rule(
        "sft_sharegpt_tools",
        0.97,
        "messages=*:sharegpt tools=tools|functions:*",
        "conversations in the words of ShareGPT (from, value) come with tools",
    ),
    _rule(
        "sft_prompt_completion",
        0.95,
        "prompt=prompt:asked|messages completion=completion:messages",
        "every prompt and every completion is a list of turns",
    ),
    _rule("sft_messages", 0.96, "messages=*:TURNS", "rows are conversations of roles and contents"),
    _rule("sft_sharegpt", 0.96, "messages=*:sharegpt", "rows are conversations in the words of ShareGPT (from, value)"),
    _rule("sft_sharegpt_pairs", 0.9, "messages=*:turns", "conversations are lists of question and answer pairs"),
    _rule("qa_squad", 0.97, "paragraphs=*:paragraphs", "paragraphs hold their questions and answers, as in SQuAD"),
    _rule(
        "qa_squad",
        0.95,
        "question=QUESTION context=CONTEXT answer=answers|answer:spans",
        "answers are marked by where they start in the context, as in SQuAD",
    ),
    _rule("qa_context_nested", 0.9, "questions=*:qa_list", "every row holds a list of questions about one document"),
    _rule(
        "sft_nested_instances",
        0.95,
        "prompt=instruction|task|prompt instances=instances|examples:objects",
        "every instruction holds a list of inputs and outputs",
    ),
    _rule(
        "triplets",
        0.97,
        "anchor=ANCHOR|FIRST positive=POSITIVE:PASSAGES negative=NEGATIVE:PASSAGES|empty_list",
        "a text, one that belongs to it and one that does not",
    ),
    _rule(
        "nli_pairs",
        0.95,
        "anchor=FIRST positive=SECOND label=GOLD:CLASS!",
        "pairs of sentences are marked with whether the second follows from the first",
        test="entailment_words",
    ),
    _rule(
        "nli_pairs", 0.8, "anchor=premise positive=hypothesis label?=GOLD:CLASS!", "premise and hypothesis go together"
    ),
    _rule(
        "sts_scored_pairs",
        0.93,
        "one=FIRST other=SECOND score=SCORE:NUMBER",
        "pairs of sentences have a number that says how similar they are",
    ),
    _rule(
        "sft_dolly",
        0.97,
        "prompt=instruction input=context:text|empty completion=response|output",
        "instruction, context and response, as in Dolly",
    ),
    _rule(
        "retrieval_pairs",
        0.95,
        "anchor=ANCHOR|FIRST positive=positive|pos|positive_passage",
        "every text comes with the one that belongs to it",
    ),
    _rule(
        "qa_context",
        0.92,
        "question=QUESTION context=CONTEXT:TEXTS|object answer=ANSWER:VALUE",
        "every question comes with the text that it is about and with an answer",
    ),
    _rule(
        "retrieval_pairs",
        0.8,
        "anchor=QUESTION positive=ANSWER link=LINK",
        "questions and answers come with the links of a page of frequent questions",
    ),
    _rule(
        "retrieval_pairs", 0.85, "anchor=ANCHOR positive=PASSAGE", "every question comes with the text that answers it"
    ),
    _rule("retrieval_pairs", 0.75, "anchor=title positive=abstract|body", "every title comes with its text"),
    _rule(
        "sft_alpaca",
        0.97,
        "prompt=instruction input=input:text|empty completion=output|response",
        "instruction, input and output, as in Alpaca",
    ),
    _rule("sft_alpaca", 0.75, "prompt=instruction completion=output", "instruction and output, as in Alpaca"),
    _rule(
        "qa_pairs",
        0.88,
        "prompt=question|problem completion=answer|answers|solution|final_answer:TEXTS",
        "every question comes with its answer",
    ),
    _rule(
        "sft_prompt_completion", 0.9, "prompt=PROMPT completion=COMPLETION", "every prompt comes with its completion"
    ),
    _rule("text_classification", 0.9, "text=BODY label=LABEL:CLASS!", "every text comes with one of a few labels"),
    _rule("sft_text_of_json_messages", 0.95, "text=*:json_messages", "the texts are conversations written as JSON"),
    _rule(
        "sft_text", 0.8, "text=BODY", "the texts hold questions and answers, marked inside the text", test="chat_marks"
    ),
    _rule(
        "prompt_only",
        0.85,
        "prompt=turns|prompt|prompts|instruction|question|query|problem:TEXTS",
        "prompts without answers",
    ),
    _rule("prompt_only", 0.85, "prompt=*:asked", "conversations that end with a question"),
    _rule(
        "pretrain_text", 0.9, "text=text|content|document|body|article|story|markdown|code|raw", "rows are plain texts"
    ),
    _rule(
        "text_classification",
        0.55,
        "text=* label=*:CLASS!",
        "one column is text, the other looks like labels",
        test="two",
    ),
    _rule("qa_pairs", 0.5, "prompt=* completion=*", "one column asks, the other answers", test="asking"),
    _rule(
        "sft_prompt_completion",
        0.4,
        "prompt=* completion=*",
        "two columns of text, perhaps prompt and answer",
        test="two",
    ),
    _rule("sft_text", 0.5, "text=*", "one column of text holds questions and answers", test="chat_marks"),
    _rule("pretrain_text", 0.45, "text=*", "one column of text", test="one"),
)
