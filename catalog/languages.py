"""In which languages somebody wants to read what administrators wrote in several."""

from collections.abc import Mapping

from django.utils.translation.trans_real import parse_accept_lang_header

MOST_LANGUAGES = 10
LONGEST_HEADER = 300


def languages_of(headers: Mapping[str, str]) -> list[str]:
    """What the browser or program accepts, the best first; the pages themselves may know fewer languages than these."""
    accepted = headers.get("Accept-Language", "")[:LONGEST_HEADER]
    return [code for code, _weight in parse_accept_lang_header(accepted)][:MOST_LANGUAGES]
