"""Whole lists and objects from data, and keys made of data, are data: they mention nobody and override nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.together import together
from tests.workflows.language.render import NOW
from workflows.language.template import TemplateError, compile_template

EVIL = "<!channel> <https://evil.example|your bank> & co"
ESCAPED = "&lt;!channel&gt; &lt;https://evil.example|your bank&gt; &amp; co"


def rendered(value: Any, syntaxes: dict[str, str], **roots: Any) -> Any:
    return compile_template(value, syntaxes).render(roots, NOW).value


@together(
    ("given", "kept"),
    [
        ({"type": "section", "text": {"type": "mrkdwn", "text": EVIL}}, {"type": "section", "text": {"type": "mrkdwn", "text": ESCAPED}}),
        ({"type": "header", "text": {"type": "plain_text", "text": EVIL}}, {"type": "header", "text": {"type": "plain_text", "text": EVIL}}),
        ({"type": "section", "fields": [{"type": "mrkdwn", "text": EVIL}, {"type": "plain_text", "text": EVIL}]}, {"type": "section", "fields": [{"type": "mrkdwn", "text": ESCAPED}, {"type": "plain_text", "text": EVIL}]}),
        ({"type": "markdown", "text": "[your bank](https://evil.example)"}, {"type": "markdown", "text": "\\[your bank\\]\\(https\\://evil\\.example\\)"}),
        ({"type": "context", "elements": [{"type": ["odd"], "text": EVIL}]}, {"type": "context", "elements": [{"type": ["odd"], "text": ESCAPED}]}),
        ({"type": "rich_text_section", "elements": [{"type": "text", "text": EVIL}, {"type": "broadcast", "range": "channel"}]}, {"type": "rich_text_section", "elements": [{"type": "text", "text": EVIL}, {"type": "text", "text": "@channel"}]}),
        ([{"type": "user", "user_id": "U1"}, {"type": "usergroup", "usergroup_id": "S1"}], [{"type": "text", "text": "@U1"}, {"type": "text", "text": "@S1"}]),
        ({"type": "link", "url": "https://evil.example", "text": "https://bank.example"}, {"type": "link", "url": "https://evil.example"}),
        ({"pretext": EVIL, "fallback": EVIL, "text": EVIL, "fields": [{"title": EVIL, "value": EVIL, "short": True}]}, {"pretext": ESCAPED, "fallback": ESCAPED, "text": ESCAPED, "fields": [{"title": ESCAPED, "value": ESCAPED, "short": True}]}),
        ({"type": "button", "value": "a&b", "url": "https://x.example/?a=1&b=2"}, {"type": "button", "value": "a&b", "url": "https://x.example/?a=1&b=2"}),
        ("a & b", "a & b"),
        (None, None),
    ],
)  # fmt: skip
def test_blocks_from_data_can_mention_nobody_and_fake_no_link(given: Any, kept: Any) -> None:
    before = json.dumps(given)
    assert rendered("{{d}}", {"": "slack-blocks"}, d=given) == kept
    assert rendered({"blocks": [{"a": 1}, "{{d}}"]}, {"/blocks/1": "slack-blocks"}, d=given) == {
        "blocks": [{"a": 1}, kept]
    }
    assert json.dumps(given) == before, "the run's own data stays"


LINK, SHOWN = "[bank](https://evil.example)", "\\[bank\\]\\(https\\://evil\\.example\\)"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"type": "TextBlock", "text": LINK, "color": "good"}, {"type": "TextBlock", "text": SHOWN, "color": "good"}),
        ([{"type": "FactSet", "facts": [{"title": LINK, "value": LINK}]}], [{"type": "FactSet", "facts": [{"title": SHOWN, "value": SHOWN}]}]),
        ({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": LINK}]}, {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": LINK}]}),
        ({"type": "Input.Choice", "title": LINK, "value": LINK}, {"type": "Input.Choice", "title": LINK, "value": LINK}),
        ({"type": ["odd"], "text": LINK}, {"type": ["odd"], "text": LINK}),
        ("a & b", "a & b"),
        (None, None),
    ],
)  # fmt: skip
def test_cards_from_data_fake_no_link(given: Any, kept: Any) -> None:
    assert rendered("{{d}}", {"": "adaptive-card"}, d=given) == kept
    assert rendered({"body": [{"a": 1}, "{{d}}"]}, {"/body/1": "adaptive-card"}, d=given)["body"][1] == kept


def test_what_the_author_wrote_into_blocks_stays() -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "<!here> {{d.name}}"}, "fields": "{{d.fields}}"}]
    syntaxes = {"/0/text/text": "slack", "/0/fields": "slack-blocks"}
    data = {"name": EVIL, "fields": [{"type": "mrkdwn", "text": EVIL}]}
    section = rendered(blocks, syntaxes, d=data)[0]
    assert section["text"]["text"] == f"<!here> {ESCAPED}"
    assert section["fields"] == [{"type": "mrkdwn", "text": ESCAPED}]


@pytest.mark.parametrize(
    ("template", "key"),
    [
        ('{"role": "user", "{{k}}": "admin"}', "role"),
        ('{"{{k}}": "admin", "role": "user"}', "role"),
        ('{"a": {"role": 1, "{{k}}": 2}}', "role"),
        ('[{"role": 1, "ro{{tail}}": 2}]', "role"),
        ('{"r\\u006fle": "user", "{{k}}": "admin"}', "role"),
        ('{"{{k}}": 1, "{{k}}": 2}', "role"),
        ('{"role": "user"{% if k %}, "{{k}}": "admin"{% endif %}}', "role"),
        ('{"x": 1{% for one in keys %}, "{{one}}": 1{% endfor %}}', "x"),
        ('{"ok": 1}\n{"role": 1, "{{k}}": 2}', "role"),
    ],
)
def test_a_value_in_a_key_of_json_overrides_no_key(template: str, key: str) -> None:
    with pytest.raises(TemplateError, match=f'makes the key "{key}"'):
        rendered(template, {"": "json"}, k="role", tail="le", keys=["y", "x"])


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ('{"role": "user", "{{k}}": "{{k}}"}', {"role": "user", "plan": "plan"}),
        ('{"a": {"plan": 1}, "{{k}}": 2, "b": [{"plan": {{n}}}]}', {"a": {"plan": 1}, "plan": 2, "b": [{"plan": 3}]}),
        ('{"a": "{{k}}", "b": "{{k}}"}', {"a": "plan", "b": "plan"}),
    ],
)
def test_a_value_in_a_key_of_its_own_is_written(template: str, written: Any) -> None:
    assert json.loads(rendered(template, {"": "json"}, k="plan", n=3)) == written


@pytest.mark.parametrize(
    "template",
    [
        "https://x.example/a?role=user&{{k}}=admin",
        "https://x.example/a?{{k}}=admin&role=user",
        "https://x.example/a?ro%6Ce=user&x=1&{{k}}=admin#end",
        "{{base}}?role=user&r{{rest}}=admin",
        "role=user&{{k}}=admin",
        "a=https://x.example/?&{{k}}=1&role=2",
    ],
)
def test_a_value_in_a_key_of_a_query_or_form_overrides_no_key(template: str) -> None:
    with pytest.raises(TemplateError, match='makes the key "role"'):
        rendered(template, {"": "url"}, k="role", rest="ole", base="https://x.example/a")


@pytest.mark.parametrize(
    "template",
    [
        "https://x.example/{{k}}/role?a={{k}}&b={{k}}",
        "https://x.example/a?tag={{k}}&tag={{k}}",
        "https://x.example/a?role=1&x{{k}}=2",
        "https://x.example/role=1&{{k}}=2",
        "tag={{k}}&tag={{k}}&other={{k}}",
    ],
)
def test_a_key_that_the_author_repeats_stays(template: str) -> None:
    assert rendered(template, {"": "url"}, k="role") == template.replace("{{k}}", "role")
