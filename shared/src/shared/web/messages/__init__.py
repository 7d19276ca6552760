"""The message catalogue: what users read, Chinese and English.

A code names one problem; its text names the problem and the remedy, never a personal value.
"""

from collections.abc import Mapping
from string import Formatter
from typing import Any, Literal

from shared.web.messages import edge, rules
from shared.web.messages.terms import TERMS

Lang = Literal["zh", "en"]
Text = tuple[str, str]
"""Chinese, English: ``str.format`` templates with the same fields."""

MESSAGES: dict[str, Text] = {}

_NOTHING: Text = ("无", "none")
_SEPARATOR: Text = ("、", ", ")


def register(messages: Mapping[str, Text]) -> None:
    """Add a service's own texts to the catalogue, at import.

    Raises:
        ValueError: a code has another text already, or a text is empty.
    """
    for code, texts in messages.items():
        if MESSAGES.get(code, texts) != texts:
            raise ValueError(f"message {code} has another text already")
        if not all(texts):
            raise ValueError(f"message {code} lacks a language")
        for template in texts:
            list(Formatter().parse(template))  # raises where a brace is wrong
        MESSAGES[code] = texts


for _part in (edge.MESSAGES, rules.MESSAGES):
    register(_part)


def _shown(name: str, value: Any, language: int) -> str:
    if isinstance(value, list | set | frozenset):
        values = value if isinstance(value, list) else sorted(value)
        shown = [_shown(name, item, language) for item in values]
        return _SEPARATOR[language].join(shown) if shown else _NOTHING[language]
    if isinstance(value, tuple):
        return str(value[language])
    term = TERMS.get(name, {}).get(value) if isinstance(value, str) else None
    return term[language] if term else str(value)


class _Shown(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"({name})"


def text(code: str, lang: str, params: Mapping[str, Any] | None = None) -> str:
    """Return the text of a code in a language.

    Args:
        code: key of the catalogue.
        lang: ``en…`` for English, anything else is Chinese.
        params: what the text names. A pair (Chinese, English) is shown in the language, a list is
            joined, and a code listed in ``TERMS`` under the parameter's name is put into words.

    Raises:
        KeyError: the catalogue has no such code.
    """
    language = 1 if lang.startswith("en") else 0
    template = MESSAGES[code][language]
    given = (params or {}).items()
    shown = _Shown({name: _shown(name, value, language) for name, value in given})
    return template.format_map(shown)


def language(accept_language: str | None) -> Lang:
    """Return the language to answer in, from an Accept-Language header; Chinese by default."""
    best, best_quality = "zh", 0.0
    for item in (accept_language or "").split(","):
        tag, _, options = item.strip().lower().partition(";")
        try:
            quality = float(options.strip().removeprefix("q=")) if options else 1.0
        except ValueError:
            continue
        primary = tag.split("-")[0].strip()
        if primary in {"zh", "en"} and quality > best_quality:
            best, best_quality = primary, quality
    return "en" if best == "en" else "zh"


__all__ = ["MESSAGES", "Lang", "Text", "language", "register", "text"]
