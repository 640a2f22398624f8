"""Which language a text is in, as far as its letters and its commonest words tell, and rows unlike the others."""

import re

from engine.data.checks.finding import Finding
from engine.data.checks.row import CheckedRow
from engine.data.facts import DataProblem

LETTERS = 400
"""Letters of a row that are looked at."""
ROWS = 10_000
"""Rows whose language is looked at."""
FEWEST = 20
"""Rows of a known language from which the others can be told."""
SHARE = 0.2
"""Share of the words that must be common ones of a language before a text is taken for it."""
RARE = 0.1
"""Share of the rows below which a language is the exception."""
_ALPHABETS = {
    "Cyrillic letters": re.compile(r"[\u0400-\u04ff]"),
    "Chinese characters": re.compile(r"[\u4e00-\u9fff]"),
    "Japanese letters": re.compile(r"[\u3040-\u30ff]"),
    "Korean letters": re.compile(r"[\uac00-\ud7af]"),
    "Arabic letters": re.compile(r"[\u0600-\u06ff]"),
    "Hebrew letters": re.compile(r"[\u0590-\u05ff]"),
    "Greek letters": re.compile(r"[\u0370-\u03ff]"),
    "Devanagari": re.compile(r"[\u0900-\u097f]"),
    "Thai letters": re.compile(r"[\u0e00-\u0e7f]"),
}
_COMMON = {
    "English": "the of and to is that it for was with as are this be have from not by you what how which",
    "German": "der die das und ist nicht ein eine den mit sich auf dem von zu wie auch es im wird wenn",
    "French": "le les des et est une dans que pour qui pas sur avec ce il sont au du nous vous cette",
    "Spanish": "el los las que una es por con para del se como más su al lo pero está qué este",
    "Italian": "il che di è una per non sono con del della gli si come più questo anche nel alla",
    "Portuguese": "os um uma que não é com para do da em por se mais como dos ao são você isso",
    "Dutch": "het een van en is niet dat op te zijn met voor ook er aan je wat deze naar bij",
}
_LANGUAGES: dict[str, list[str]] = {}
for _language, _words in _COMMON.items():
    for _word in _words.split():
        _LANGUAGES.setdefault(_word, []).append(_language)
_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str) -> str:
    """Return the alphabet of a text, or its language among those written in Latin letters; empty where unsure."""
    text = text[:LETTERS].lower()
    if not text.isascii():
        letters = sum(map(str.isalpha, text))
        for name, pattern in _ALPHABETS.items():
            if len(pattern.findall(text)) > max(2, letters * 0.3):
                return "Japanese letters" if name == "Chinese characters" and _kana(text) else name
    return _among_latin(_WORD.findall(text))


def _among_latin(words: list[str]) -> str:
    hits = dict.fromkeys(_COMMON, 0)
    for word in words:
        for name in _LANGUAGES.get(word, ()):
            hits[name] += 1
    first = max(hits, key=lambda name: hits[name])
    second = max(count for name, count in hits.items() if name != first)
    return first if hits[first] >= max(3, SHARE * len(words)) and hits[first] > 2 * second else ""


def _kana(text: str) -> bool:
    return bool(_ALPHABETS["Japanese letters"].search(text))


class Languages:
    """Counts the rows of each language."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def add(self, row: CheckedRow) -> None:
        """Look at one row."""
        language = language_of(row.text) if row.number <= ROWS else ""
        if language:
            self._found.setdefault(language, Finding()).add(row.number)

    def problems(self) -> list[DataProblem]:
        """Return the languages of few rows, where most rows have another one."""
        total = sum(found.count for found in self._found.values())
        if total < FEWEST:
            return []
        usual = max(self._found, key=lambda name: self._found[name].count)
        odd, rows = Finding(), []
        names = [name for name in self._found if self._found[name].count <= RARE * total]
        for name in names:
            odd.count += self._found[name].count
            rows += self._found[name].rows
        odd.rows = sorted(rows)[:5]
        what = f"{odd.many} in {', '.join(names)}, where most are in {usual}"
        return odd.problem("mixed_languages", what, "a model learns to mix them; keep that only if it is meant")
