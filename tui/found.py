"""What a look at data found, in one line."""

from engine.data import DataFacts, DataProblem
from engine.token_lengths import AnyTokens, CountedTokens
from tui.words import roughly


def found(facts: DataFacts, tokens: AnyTokens | None = None) -> str:
    """Return what the rows are and how many; an estimate of a file that is still being counted looks like one."""
    sizes = f"{roughly(facts.rows * facts.lengths.mean / 4)} tokens"
    if isinstance(tokens, CountedTokens):
        sizes = f"{roughly(facts.rows * tokens.whole)} tokens, 99 % of rows up to {tokens.p99:,}"
    certain = "" if facts.confidence >= 0.8 else f", probably ({facts.confidence:.0%})"
    name = facts.format.replace("_", " ")
    parts = f"{len(facts.parts)} files" if facts.parts else f"{len(facts.columns)} columns"
    rows = (
        f"{facts.rows:,} rows" if facts.counted is None else f"{roughly(facts.rows)} rows ({facts.counted:,} counted)"
    )
    return f"{name}{certain} · {rows} · {parts} · {sizes}"


def stops(problem: DataProblem) -> bool:
    """Return whether rows with this problem can't be trained on; columns without a goal can be given roles by hand."""
    return problem.severity == "wrong" and problem.code != "no_goal_fits"
