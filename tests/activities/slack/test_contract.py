from typing import Any

import pytest
from pydantic import ValidationError

from activities.action import Credential, Static, marked
from activities.slack.message import SlackMessage
from activities.slack.send_slack_message import send_slack_message
from tests.together import together


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


MESSAGE = {"channel": "#support-alerts", "text": "Hello"}


def test_words_of_all_seeds_are_understood() -> None:
    seed = SlackMessage.model_validate(
        {
            "connectorId": "team-slack",
            "channel": "#support-alerts",
            "message": "Hello",
            "icon_emoji": ":ghost:",
            "icon_url": "https://example.com/ghost.png",
            "use_markdown": "True",
            "thread_ts": "1503435956.000247",
        }
    )
    ours = SlackMessage.model_validate(
        {
            "connection": "team-slack",
            "channel": "#support-alerts",
            "text": "Hello",
            "iconEmoji": ":ghost:",
            "iconUrl": "https://example.com/ghost.png",
            "useMarkdown": True,
            "threadTs": "1503435956.000247",
        }
    )
    assert seed == ours


@together(
    ("changes", "sentence"),
    [
        ({"text": None}, "needs `text` or `blocks`"),
        ({"text": ""}, "needs `text` or `blocks`"),
        ({"channel": ""}, "at least 1 character"),
        ({"text": "a" * 40_001}, "at most 40000"),
        ({"text": "a" * 12_001, "use_markdown": True}, "at most 12000"),
        ({"use_markdown": True, "blocks": [{"type": "divider"}]}, "goes with `text` alone"),
        ({"blocks": [{"type": "divider"}] * 51}, "at most 50"),
        ({"blocks": []}, "at least 1 item"),
        ({"icon": ":ghost:"}, "Extra inputs"),
        ({"blocks": [section("a" * 3_001)]}, "`blocks/0/text/text` has 3,001 characters; Slack takes at most 3,000"),
        ({"blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "a" * 2_001}]}]}, "at most 2,000"),
        ({"blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "a"}] * 11}]}, "at most 10"),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "a" * 151}}]}, "at most 150"),
        ({"blocks": [{"type": "markdown", "text": "a" * 7_000}] * 2}, "at most 12,000"),
    ],
)
def test_what_slack_would_not_take_is_a_problem(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        SlackMessage.model_validate({**MESSAGE, **changes})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"text": "{{contact.name}}"}, {"/text": "slack"}),
        ({"message": "{{contact.name}}"}, {"/message": "slack"}),
        ({"text": "x", "use_markdown": False}, {"/text": "slack"}),
        ({"text": "x", "use_markdown": True}, {"/text": "markdown"}),
        ({"text": "x", "useMarkdown": "yes"}, {"/text": "markdown"}),
        ({"text": "x", "use_markdown": "{{input.markdown}}"}, {"/text": "markdown"}),
        ({"text": "x", "use_markdown": "perhaps"}, {"/text": "slack"}),
    ],
)
def test_customers_words_are_escaped_for_what_shows_them(raw: dict[str, Any], expected: dict[str, str]) -> None:
    assert SlackMessage.syntaxes(raw) == expected


def test_customers_words_inside_blocks_are_escaped_where_slack_reads_markup() -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "{{a}}"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "{{a}}"},
            "fields": [{"type": "mrkdwn", "text": "{{a}}"}],
        },
        {"type": "markdown", "text": "{{a}}"},
        {"type": "context", "elements": [{"type": "{{b}}", "text": "{{a}}"}]},
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "{{a}}"}]}],
        },
    ]
    assert SlackMessage.syntaxes({"blocks": blocks}) == {
        "/blocks/1/text/text": "slack",
        "/blocks/1/fields/0/text": "slack",
        "/blocks/2/text": "markdown",
        "/blocks/3/elements/0/type": "slack-blocks",
        "/blocks/3/elements/0/text": "slack",
    }


@pytest.mark.parametrize(
    ("blocks", "places"),
    [
        ("{{variables.blocks}}", ["/blocks"]),
        (["{{d.block}}", {"type": "divider"}], ["/blocks/0"]),
        ([{"type": "context", "elements": "{{d.elements}}"}], ["/blocks/0/elements"]),
        (
            [{"type": "section", "text": "{{d.text}}", "accessory": "{{d.a}}"}],
            ["/blocks/0/text", "/blocks/0/accessory"],
        ),
    ],
)
def test_whatever_of_the_blocks_comes_from_data_as_a_whole_is_escaped(blocks: Any, places: list[str]) -> None:
    assert SlackMessage.syntaxes({"blocks": blocks}) == dict.fromkeys(places, "slack-blocks")


def test_contract_says_that_it_is_never_repeated_and_what_is_confidential() -> None:
    raw = {**MESSAGE, "token": "xoxb-1", "connectorId": "team-slack"}
    assert send_slack_message.repeats(raw) == "never"
    assert [key for key, _ in marked(SlackMessage, raw, Credential)] == ["token"]
    assert [key for key, _ in marked(SlackMessage, raw, Static)] == ["connectorId"]


def test_documented_names_are_the_seeds() -> None:
    assert list(SlackMessage.model_json_schema()["properties"]) == [
        "channel",
        "text",
        "blocks",
        "use_markdown",
        "icon_emoji",
        "icon_url",
        "threadTs",
        "connection",
        "token",
    ]
