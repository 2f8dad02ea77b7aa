"""What is wrong with one field of a request, in plain Dutch: by the type of error, never with the value itself."""

from collections.abc import Mapping
from typing import Any

UNKNOWN = "Deze waarde klopt niet."

SAID: Mapping[str, str] = {
    "missing": "Dit ontbreekt.",
    "extra_forbidden": "Dit kennen wij hier niet.",
    "repeated": "Dit staat er meer dan eens.",
    "since_with_cursor": "Dit gaat niet samen met cursor, die zelf al zegt waar het begint.",
    "json_invalid": "Dit is geen geldige JSON.",
    "json_type": "Dit is geen geldige JSON.",
    "model_type": "Dit moet een object zijn.",
    "model_attributes_type": "Dit moet een object zijn.",
    "dict_type": "Dit moet een object zijn.",
    "list_type": "Dit moet een lijst zijn.",
    "tuple_type": "Dit moet een lijst zijn.",
    "too_long": "Dit zijn er te veel: hoogstens {max_length}.",
    "too_short": "Dit zijn er te weinig: minstens {min_length}.",
    "string_type": "Dit moet tekst zijn.",
    "string_too_long": "Deze tekst is te lang: hoogstens {max_length} tekens.",
    "string_too_short": "Deze tekst is te kort: minstens {min_length} tekens.",
    "string_pattern_mismatch": "Deze tekst heeft niet de juiste vorm.",
    "string_unicode": "Deze tekst is geen geldige Unicode.",
    "enum": "Dit moet een van deze zijn: {expected}.",
    "literal_error": "Dit moet een van deze zijn: {expected}.",
    "bool_type": "Dit moet true of false zijn.",
    "bool_parsing": "Dit moet true of false zijn.",
    "int_type": "Dit moet een geheel getal zijn.",
    "int_parsing": "Dit moet een geheel getal zijn.",
    "int_parsing_size": "Dit getal is te groot.",
    "int_from_float": "Dit moet een geheel getal zijn.",
    "float_type": "Dit moet een getal zijn.",
    "float_parsing": "Dit moet een getal zijn.",
    "finite_number": "Dit moet een eindig getal zijn.",
    "greater_than": "Dit moet meer zijn dan {gt}.",
    "greater_than_equal": "Dit moet minstens {ge} zijn.",
    "less_than": "Dit moet minder zijn dan {lt}.",
    "less_than_equal": "Dit mag hoogstens {le} zijn.",
    "date_type": "Dit moet een datum zijn, zoals 2026-11-16.",
    "date_parsing": "Dit moet een datum zijn, zoals 2026-11-16.",
    "date_from_datetime_parsing": "Dit moet een datum zijn, zoals 2026-11-16.",
    "date_from_datetime_inexact": "Dit moet een datum zijn, zonder tijd.",
    "date_future": "Deze datum moet nog komen.",
    "date_past": "Deze datum moet voorbij zijn.",
    "datetime_type": "Dit moet een moment zijn, zoals 2026-11-15T17:00:00Z.",
    "datetime_parsing": "Dit moet een moment zijn, zoals 2026-11-15T17:00:00Z.",
    "datetime_from_date_parsing": "Dit moet een moment zijn, zoals 2026-11-15T17:00:00Z.",
    "datetime_object_invalid": "Dit moet een moment zijn, zoals 2026-11-15T17:00:00Z.",
    "timezone_aware": "Dit moment heeft een tijdzone nodig, zoals 2026-11-15T17:00:00Z.",
    "cursor": "Dit is geen cursor van deze lijst. Neem hem over uit _links.",
}


def said(error: Mapping[str, Any]) -> str:
    """Return what is wrong in one of pydantic's errors. A message that is Dutch already (``value_error``) is kept."""
    if error["type"] == "value_error" and isinstance(error.get("ctx", {}).get("error"), ValueError):
        return str(error["ctx"]["error"])
    sentence = SAID.get(error["type"], UNKNOWN)
    try:
        return sentence.format_map({name: _dutch(value) for name, value in error.get("ctx", {}).items()})
    except KeyError:
        return UNKNOWN


def _dutch(value: object) -> str:
    return str(value).replace(" or ", " of ")
