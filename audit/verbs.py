"""The registry of verbs: every kind of event that apps record, each with the sentence that tells it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

_sentences: dict[str, Any] = {}


def define(verb: str, sentence: Any) -> str:
    """Register `verb` (`noun.past_participle`) with its lazily translated sentence, and return the verb.

    The sentence may name {actor}, {person}, {package}, {target} and any key of the event's details.
    """
    if verb in _sentences:
        raise ValueError(f"The verb {verb} is defined twice.")
    _sentences[verb] = sentence
    return verb


def is_defined(verb: str) -> bool:
    """Whether an installed app defines this verb."""
    return verb in _sentences


def choices() -> list[tuple[str, str]]:
    """Every verb with itself in plain words, in alphabetical order, for filters."""
    return [(verb, in_words(verb)) for verb in sorted(_sentences)]


def in_words(verb: str) -> str:
    """The verb as people read it: “Group member added”."""
    return verb.replace(".", " ").replace("_", " ").capitalize()


def tell(verb: str, facts: Mapping[str, Any]) -> str:
    """The sentence of an event; a fact that the event lacks reads as an ellipsis, an unknown verb as itself."""
    sentence = _sentences.get(verb)
    if sentence is None:
        return _("{actor}: {verb} {target}").format_map(_Facts({**facts, "verb": verb}))
    return str(sentence).format_map(_Facts(facts))


def tell_event(verb: str, *, details: Mapping[str, Any], actor: str, person: str, package: str, target: str) -> str:
    """The sentence of an event from its details and its labels as they were."""
    labels = {"actor": actor, "person": person or "…", "package": package or "…", "target": target}
    return tell(verb, {**details, **labels})


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"
