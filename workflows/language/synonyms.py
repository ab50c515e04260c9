"""What other tools call the words of conditions, so that a refusal can name ours."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

OPERATORS = {
    "equals": ("eq", "==", "===", "=", "is", "equal", "equal_to", "equals_to", "same_as"),
    "not_equals": ("ne", "neq", "!=", "!==", "<>", "is_not", "not_equal", "not_equal_to", "isnt", "differs"),
    "greater_than": ("gt", ">", "greater", "more_than", "above", "after"),
    "greater_or_equal": ("gte", "ge", ">=", "=>", "at_least", "greater_than_or_equal", "greater_than_equals", "min"),
    "less_than": ("lt", "<", "less", "fewer_than", "below", "before"),
    "less_or_equal": ("lte", "le", "<=", "=<", "at_most", "less_than_or_equal", "less_than_equals", "max"),
    "contains": ("includes", "include", "has", "contain", "like", "contains_any"),
    "not_contains": ("does_not_contain", "excludes", "not_includes", "doesnt_contain", "not_like"),
    "in": ("one_of", "any_of", "is_in", "is_one_of", "among"),
    "not_in": ("nin", "none_of", "is_not_in", "not_one_of"),
    "starts_with": ("startswith", "begins_with", "prefix", "start_with"),
    "ends_with": ("endswith", "suffix", "end_with"),
    "matches": ("regex", "regexp", "match", "=~", "~", "matches_regex", "pattern", "re"),
    "older_than": ("older", "age_greater_than", "age_more_than", "before_ago", "longer_ago_than", "not_within"),
    "newer_than": ("newer", "age_less_than", "younger_than", "younger", "within_last", "since_last"),
    "during": ("within_hours", "in_hours", "is_business_hours", "business_hours", "at_hours", "in_schedule"),
    "exists": ("present", "is_present", "defined", "is_defined", "is_set", "not_null", "is_not_null", "any_value"),
    "is_empty": ("empty", "blank", "is_blank", "null", "is_null", "absent"),
}
OPPOSITES = {
    "exists": ("not_exists", "does_not_exist", "missing", "is_missing", "undefined", "is_not_set"),
    "is_empty": ("is_not_empty", "not_empty", "not_blank"),
    "matches": ("not_matches", "!~", "does_not_match", "not_regex"),
    "starts_with": ("not_starts_with", "does_not_start_with"),
    "ends_with": ("not_ends_with", "does_not_end_with"),
}
"""Words for the opposite of an operator of ours, which `not` around it says."""

KEYS = {
    "field": ("path", "key", "variable", "var", "left", "lhs", "property", "attribute", "fact"),
    "operator": ("op", "comparator", "comparison", "test", "condition"),
    "value": ("right", "rhs", "expected", "to", "values", "than", "with"),
    "all": ("and", "allof", "all_of", "every", "must", "&&"),
    "any": ("or", "anyof", "any_of", "some", "should", "one_of", "||"),
    "not": ("none", "must_not", "none_of", "!", "unless"),
}


def operator_hint(name: object) -> str:
    """Return what to write instead of an operator that does not exist."""
    word = _plain(name)
    for ours, others in OPPOSITES.items():
        if word in map(_plain, others):
            value = "" if ours in ("exists", "is_empty") else ", value: …"
            return f"Write `not: {{field: …, operator: {ours}{value}}}`."
    near = _ours(word, OPERATORS) or _nearest(word, OPERATORS)
    return f"Did you mean `{near}`?" if near else f"There are {', '.join(OPERATORS)}."


def key_hint(key: object) -> str | None:
    """Return what to write instead of a key that conditions do not have."""
    if _plain(key) in OPERATORS:
        return f"Write `operator: {_plain(key)}`, and what to compare with under `value`."
    if ours := _ours(_plain(key), OPERATORS):
        return f"Write `operator: {ours}`, and what to compare with under `value`."
    near = _ours(_plain(key), KEYS) or _nearest(str(key), KEYS)
    return (
        f"Did you mean `{near}`?"
        if near
        else "A test has `field`, `operator` and `value`; groups are `all`, `any`, `not`."
    )


def _plain(word: object) -> str:
    return str(word).strip().lower().replace("-", "_").replace(" ", "_")


def _ours(word: str, table: dict[str, tuple[str, ...]]) -> str | None:
    joined = word.replace("_", "")
    return next(
        (
            ours
            for ours, others in table.items()
            if word in others or joined in {one.replace("_", "") for one in (ours, *others)}
        ),
        None,
    )


def _nearest(word: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, list(known), 1)), None)
