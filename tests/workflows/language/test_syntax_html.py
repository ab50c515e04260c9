from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.attempt.secrets import ESCAPES
from tests.together import together
from tests.workflows.language.render import NOW, text
from workflows.language.template import TemplateError, compile_template

SIGNS = st.text(st.sampled_from("<>&\"'/=! -;:#axsong\n"), max_size=30)
TEXTS = st.one_of(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30), SIGNS)


class Seen(HTMLParser):
    """What a browser makes of a document."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.data = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.data += data


@given(TEXTS, TEXTS)
def test_in_html_a_value_is_text_and_stays_in_its_quotes(first: str, second: str) -> None:
    seen = Seen(text("<p title=\"{{a}}\" lang='x{{b}}'>{{a}}</p>{{b}}", "html", a=first, b=second))
    assert seen.tags == [("p", [("title", first), ("lang", f"x{second}")])]
    assert seen.data == first + second


@pytest.mark.parametrize(
    ("template", "address"),
    [
        ('<a href="{{web}}">', "https://x.example/?a=1&b=2"),
        ('<a href=" {{web}}">', " https://x.example/?a=1&b=2"),
        ('<a href="{{script}}">', "javascript%3Aalert%281%29"),
        ('<a href="{{space}}{{script}}">', "%20javascript%3Aalert%281%29"),
        ('<a href="{% if web %}{{script}}{% endif %}">', "javascript%3Aalert%281%29"),
        ('<a\nhref = "https://x.example/{{path}}?q={{web}}">', "https://x.example/..%2F%22a%26?q=https%3A%2F%2Fx.example%2F%3Fa%3D1%26b%3D2"),
        ('<a href="https://shop.example{{host}}/">', "https://shop.example%40evil.example/"),
        ('<a href="mailto:{{mail}}">', "mailto:a@b.example%3Fbcc%3Dc@d"),
        ("<a class='x' HREF='{{script}}'>", "javascript%3Aalert%281%29"),
    ],
)  # fmt: skip
def test_in_html_a_value_leads_to_web_pages_and_mailboxes_alone(template: str, address: str) -> None:
    roots = {
        "web": "https://x.example/?a=1&b=2",
        "script": "javascript:alert(1)",
        "path": '../"a&',
        "host": "@evil.example",
        "mail": "a@b.example?bcc=c@d",
        "space": " ",
    }
    [(_, attributes)] = Seen(text(template, "html", **roots)).tags
    assert dict(attributes)["href"] == address


@together(
    "template",
    [
        "<a href={{v}}>",
        "<a {{v}}>",
        "<{{v}}>",
        "</{{v}}>",
        "<h{{v}}>",
        '<a "{{v}}">',
        '<a onclick="f({{v}})">',
        "<iframe srcdoc='{{v}}'>",
        '<p style="color: {{v}}">',
        "<script>{{v}}</script>",
        "<STYLE>p { color: {{v}} }</STYLE>",
    ],
)
def test_in_html_a_value_where_escaping_does_not_help_is_an_error(template: str) -> None:
    with pytest.raises(TemplateError, match=r"cannot stand|quotes of an attribute"):
        text(template, "html", v="red;x:url(y)")


def test_in_html_the_author_s_own_text_stays_and_one_whole_value_is_text() -> None:
    assert text('<b>1 < {{v}}</b><!-- {{v}} --><td style="width: {{n}}%">', "html", v="<", n=5) == (
        '<b>1 < &lt;</b><!-- &lt; --><td style="width: 5%">'
    )
    assert text("{{v}}", "html", v="<b>'x'</b>") == "&lt;b&gt;&#x27;x&#x27;&lt;/b&gt;"
    assert text("<script>x</script><p>{{v}}", "html", v="&") == "<script>x</script><p>&amp;"


def test_a_secret_in_html_is_escaped_for_its_place() -> None:
    template = compile_template(
        '<p>{{secrets.a}}<a href="https://x.example/?k={{secrets.a}}">', {"": "html"}, secrets=True
    )
    assert [place["escape"] for place in template.render({}, NOW).secrets] == ["html", "url"]
    assert ESCAPES["html"]('<"') == "&lt;&quot;"
