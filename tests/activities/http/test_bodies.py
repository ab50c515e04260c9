"""Bodies that no rendering can mend; what an author writes and the receiver gets is in cases/http_request.yml."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from activities.http.http_request import HttpRequest


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"a": "{{x}}", "a.b": "{{y}}"}, "keys_clash"),
        ([{"key": "a", "value": "{{x}}"}, {"key": "a.b", "value": "{{y}}"}], "keys_clash"),
        ([{"key": "{{x}}", "value": 1}, {"key": "{{x}}", "value": 2}], "value_error"),
    ],
)
def test_a_clash_that_no_rendering_can_undo_is_told_apart(body: Any, kind: str) -> None:
    with pytest.raises(ValidationError) as invalid:
        HttpRequest.model_validate({"method": "POST", "url": "https://example.com/", "body": body})
    assert [error["type"] for error in invalid.value.errors()] == [kind]
