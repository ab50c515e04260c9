"""What is kept of a result: plain JSON without secrets, no larger and no deeper than a run can carry."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel

from activities.action import Result
from activities.attempt.pick import picked
from activities.attempt.scrubber import Scrubber
from activities.bounds import cut
from activities.errors import ResultTooLarge
from activities.exchange.headers import thinned
from trunkline.wire import DEEPEST, EVERY_HEADER, Answer, LookAnswer, Pick, UsedHeaders, nests_deeper

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""What may be half of a character in JSON that is ASCII."""

FEW, SMALL = 300, 16 * 1024
"""Values and characters up to which a result is written at once."""

MOST_WARNINGS = 5
LONGEST_WARNING = 300

CARRIED_OUT = "The action was carried out, but its result"


def kept(result: Any, pick: Pick | None, headers: UsedHeaders = EVERY_HEADER) -> Answer:
    """Return a result as it is kept.

    Args:
        result: what the action gave.
        pick: what the step keeps of it, and nothing else; the answer says which of its paths found nothing.
        headers: headers of an answer that the run uses, where it keeps the result whole.
    """
    plain = result.model_dump(mode="json", by_alias=True) if isinstance(result, BaseModel) else result
    answer: Answer = {"result": plain}
    if pick is not None:
        answer["result"], missing = picked(plain, pick)
        if missing:
            answer["missing"] = missing
    elif isinstance(result, BaseModel):
        answer["result"] = thinned(type(result), plain, headers)
    if isinstance(result, Result) and result.warnings:
        answer["warnings"] = [cut(sentence, LONGEST_WARNING) for sentence in result.warnings[:MOST_WARNINGS]]
    return answer


def written(answer: Answer | LookAnswer, scrubber: Scrubber, limit: int, *, what: str = CARRIED_OUT) -> str:
    """Return the JSON text of what is said about a result, with whole characters and without secrets.

    Args:
        answer: the result, and what belongs to it.
        scrubber: removes what must never be seen.
        limit: most bytes that are kept.
        what: how the sentence of an error begins.

    Raises:
        ResultTooLarge: it is no plain JSON, takes more bytes, or nests too deeply.
    """
    try:
        data = json.dumps(answer, separators=(",", ":"), allow_nan=False)
    except (RecursionError, ValueError, TypeError) as error:
        raise ResultTooLarge(f"{what} is no plain JSON: {error}.") from None
    if SURROGATE.search(data):
        answer = whole(answer)
        data = json.dumps(answer, separators=(",", ":"))
    scrubbed = scrubber.scrub_json(answer)
    if scrubbed is not answer:
        data = json.dumps(scrubbed, separators=(",", ":"))
    if len(data) > limit:
        raise ResultTooLarge(
            f"{what} takes {len(data):,} bytes; {limit:,} is the most that is kept (TRUNKLINE_RESULT_LIMIT)."
        )
    if nests_deeper(answer, DEEPEST):
        raise ResultTooLarge(f"{what} nests deeper than {DEEPEST} levels.")
    return data


def is_small(value: Any) -> bool:
    """Say whether a JSON value is written in no time: it has few values, and no long texts."""
    waiting, values, room = [value], 1, SMALL
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict | list):
            values += len(one)
            if values > FEW:
                return False
            waiting.extend((*one, *one.values()) if isinstance(one, dict) else one)
        elif isinstance(one, str):
            room -= len(one)
    return room >= 0


def whole(value: Any) -> Any:
    """Return a value with U+FFFD for every half of a character, which nothing after this could show or send on."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
