from __future__ import annotations

import json
import re
import urllib.parse
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.together import together
from tests.workflows.language.render import NOW, text
from workflows.language.template import TemplateError, TemplateSyntaxError, compile_template

SIGNS = st.text(st.sampled_from("<>&\"'\\/{}[]()#*_-+=|!`~:;.,@%?$^ \n\r\tabz019ž\u2028\U0001f600"), max_size=30)
TEXTS = st.one_of(st.text(max_size=30), SIGNS)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=10,
)


def as_text(value: Any) -> str:
    """What a value is inside text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(VALUES, VALUES)
def test_in_json_the_author_s_quotes_decide_and_every_value_arrives_whole(x: Any, y: Any) -> None:
    template = '{"bare": {{x}}, "quoted": "{{y}}", "both": ["<{{x}}{{y}}>", {{y}}], "a\\"b{{y}}": "\\\\{{x}}"}'
    assert json.loads(text(template, "json", x=x, y=y)) == {
        "bare": x,
        "quoted": as_text(y),
        "both": [f"<{as_text(x)}{as_text(y)}>", y],
        f'a"b{as_text(y)}': "\\" + as_text(x),
    }


@given(VALUES, st.lists(VALUES, max_size=4), st.booleans())
def test_in_json_the_author_s_quotes_decide_through_tags_too(x: Any, items: list[Any], quoted: bool) -> None:
    template = (
        '{"x": {% if quoted %}"{% endif %}{{x}}{% if quoted %}"{% endif %}, "items": ['
        '{% for item in items %}{% unless forloop.first %}, {% endunless %}{"i": "{{item}}"}, {{item}}{% endfor %}]}'
    )
    expected = [part for item in items for part in ({"i": as_text(item)}, item)]
    rendered = json.loads(text(template, "json", x=x, items=items, quoted=quoted))
    assert rendered == {"x": as_text(x) if quoted else x, "items": expected}


@together(
    ("template", "value"),
    [
        ('{"a": {{nope}}}', '{"a": null}'),
        ('{"a": "{{nope}}"}', '{"a": ""}'),
        ('"{{quote}}"', '"\\""'),
        ("[{{quote}},{{quote}}]", '["\\"","\\""]'),
        (' \n {"a": {{ 1 }} }', ' \n {"a": 1 }'),
        ('{"a": {{list | json}}, "b": "{{list | json}}", "c": "{{quote | json}}"}', '{"a": [1], "b": "[1]", "c": "\\"\\\\\\"\\""}'),
        ('{"a": {{quote | json}}}', '{"a": "\\""}'),
        ('{"a": "{% raw %}{{x}}{% endraw %}{{quote}}"}', '{"a": "{{x}}\\""}'),
        ('{"a": 1}\n{"b": "{{quote}}"}\n', '{"a": 1}\n{"b": "\\""}\n'),
        ('{% assign q = quote | append: "x" %}{"a": "{{q}}"}', '{"a": "\\"x"}'),
        ('{% capture q %}"{{quote}}{% endcapture %}{"a": "{{q}}"}', '{"a": "\\"\\""}'),
        ("Say {{quote}}", 'Say "'),
        ("[urgent] {{quote}}", '[urgent] "'),
        ("[urgent] {% if list %}{{quote}}{% endif %}", '[urgent] "'),
        ("{{quote}} {}", '" {}'),
        ("{{quote}}\n", '"\n'),
        ("{{quote}}{% if list %}{}{% endif %}", '"{}'),
        ("{name} {{quote}}", '{name} "'),
        ('{"half": "{{half}}"}', '{"half": "\\ud800"}'),
        ('{"line": "{{line}}"}', '{"line": "\u2028\\u0000"}'),
    ],
)  # fmt: skip
def test_json_applies_where_the_author_s_text_is_json_around_its_variables(template: str, value: str) -> None:
    assert text(template, "json", quote='"', list=[1], half="\ud800", line="\u2028\0") == value


def test_a_whole_value_keeps_its_type_in_json_too() -> None:
    assert text("{{list}}", "json", list=[1]) == [1]


@pytest.mark.parametrize(
    "template",
    [
        '{"a": {{x}},}',
        '{"a": {{x}}',
        '{"a": {{x}} {{x}}}',
        '{"a" {{x}}}',
        '{"a": "\\{{x}}"}',
        '["a" {{x}}]',
        '{"a": "{{x}}}',
    ],
)
def test_what_begins_like_json_and_is_none_is_refused_before_anything_runs(template: str) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_template(template, {"": "json"})
    assert "JSON" in str(caught.value) or "backslash" in str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        '{"a": {% if yes %}{% endif %}}',
        "[{% for x in list %}{{x}},{% endfor %}]",
        '{"a": "\\{% if yes %}{{x}}{% endif %}"}',
    ],
)
def test_json_with_tags_that_renders_to_none_is_an_error(template: str) -> None:
    with pytest.raises(TemplateError, match=r"JSON|backslash") as caught:
        text(template, "json", yes=True, x="x", list=[1, 2])
    assert not isinstance(caught.value, TemplateSyntaxError)


def test_in_json_a_backslash_cannot_take_a_value_s_first_character() -> None:
    with pytest.raises(TemplateError, match="backslash"):
        text('{"a": "\\{% if yes %}{{x}}{% endif %}"}', "json", yes=True, x="n")


@given(TEXTS)
def test_in_slack_no_value_makes_markup(value: str) -> None:
    rendered = text("*{{v}}* <https://x.example|see {{v}}>", "slack", v=value)
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert rendered == f"*{escaped}* <https://x.example|see {escaped}>"


@given(TEXTS)
@example("!channel")
@example("@U123|all")
@example("https://evil.example|https://bank.example")
@example(">\n<!here")
def test_in_slack_a_value_inside_a_link_cannot_leave_it_mention_anybody_or_name_it(value: str) -> None:
    rendered = text("<{{v}}> <https://x.example/{{v}}|label>", "slack", v=value)
    links = re.findall(r"<([^<>]*)>", rendered)
    assert len(links) == 2
    assert rendered.count("<") == rendered.count(">") == 2
    assert not links[0].startswith(("!", "@", "#"))
    assert "|" not in links[0]
    assert links[1].count("|") == 1
    assert links[1].endswith("|label")
    assert "\n" not in rendered


def test_in_slack_the_author_s_own_markup_stays() -> None:
    assert text("<!here> <@{{id}}> a & b {{v}}", "slack", id="U1", v="&") == "<!here> <@U1> a & b &amp;"


MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def plain(rendered: str) -> list[str] | None:
    """Return the text of each line of Markdown that is nothing but text; None where it is more."""
    blocks = MARKDOWN.parse(rendered)
    if {block.type for block in blocks} - {"paragraph_open", "inline", "paragraph_close"}:
        return None
    inline = [part for block in blocks for part in block.children or []]
    if {part.type for part in inline} - {"text", "softbreak", "hardbreak", "text_special"}:
        return None
    lines = [""]
    for part in inline:
        if part.type.endswith("break"):
            lines.append("")
        else:
            lines[-1] += part.content
    return lines


MARKUP = st.lists(
    st.sampled_from(
        ["#", "# a", "- ", "* ", "1. ", "1", ". ", "+ ", "> ", "```", "~~~", "    ", "\t", "\n", "\n\n", "---", "===", "`x`", "**b**",
         "_i_", "~~s~~", "[a](http://b)", "![a](b)", "<b>", "<!channel>", "<@U1>", "&lt;", "|a|b|\n|-|-|", "\\", "https://evil.example",
         "www.evil.example", "a@b.example", ":tada:", "@here", "[x]: http://y", "a", " ", "word"]
    ),
    max_size=8,
).map("".join)  # fmt: skip


@given(st.one_of(MARKUP, TEXTS), st.one_of(MARKUP, TEXTS))
def test_in_markdown_every_value_is_plain_text(first: str, second: str) -> None:
    for template in ("{{a}}{{b}}", "Hi {{a}} and {{b}}", "{{a}} "):
        rendered = text(template, "markdown", a=first, b=second)
        found = plain(rendered)
        assert found is not None, rendered
        source = template.replace("{{a}}", first).replace("{{b}}", second)
        assert "".join("".join(found).split()) == "".join(source.replace("\0", "\ufffd").split())


@given(st.one_of(MARKUP, TEXTS))
def test_in_markdown_no_value_makes_an_address_that_slack_would_turn_into_a_link(value: str) -> None:
    rendered = text("x {{v}}", "markdown", v=value)
    assert not re.search(r"(?<!\\)[@:.]", rendered[2:])


def test_in_markdown_the_author_s_own_markup_stays() -> None:
    assert (
        text("# Hi\n\n**{{v}}** [x](https://y.example)", "markdown", v="a*b")
        == "# Hi\n\n**a\\*b** [x](https://y.example)"
    )


def test_in_markdown_a_backslash_before_a_value_is_an_error() -> None:
    with pytest.raises(TemplateError, match="backslash"):
        text("\\{{v}}", "markdown", v="*")
    assert text("\\\\{{v}}", "markdown", v="*") == "\\\\\\*"


SURROGATE = re.compile("[\ud800-\udfff]")


@given(TEXTS, TEXTS)
def test_in_an_address_a_value_changes_nothing_but_its_own_place(first: str, second: str) -> None:
    template = "https://api.example.com/a/{{x}}/b-{{y}}?q={{x}}&r=1{{y}}#f"
    if first in {".", ".."} or SURROGATE.search(first + second):
        with pytest.raises(TemplateError):
            text(template, "url", x=first, y=second)
        return
    encoded = [urllib.parse.quote(value, safe="") for value in (first, second)]
    parts = urllib.parse.urlsplit(text(template, "url", x=first, y=second))
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.example.com", "f")
    assert [urllib.parse.unquote(part) for part in parts.path.split("/")] == ["", "a", first, f"b-{second}"]
    assert parts.query.split("&") == [f"q={encoded[0]}", f"r=1{encoded[1]}"]


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{base}}/x/{{v}}", "https://api.example.com/v1?/x/a%2Fb%3F%C5%BE"),
        ("{{base}}{{v}}", "https://api.example.com/v1?a%2Fb%3F%C5%BE"),
        (" {{base}}/", " https://api.example.com/v1?/"),
        ("{{base}}", "https://api.example.com/v1?"),
        ("{{nope}}{{base}}", "https%3A%2F%2Fapi.example.com%2Fv1%3F"),
        ("https://{{host}}/", "https://eu-1.example.com/"),
        ("https://{{part}}.example.com:{{port}}/", "https://eu-1.example.com:8443/"),
        ("//{{host}}", "//eu-1.example.com"),
        ("/x/{{v}}", "/x/a%2Fb%3F%C5%BE"),
        ("https://x.example/%20{{v}}/../y?{{dots}}", "https://x.example/%20a%2Fb%3F%C5%BE/../y?.."),
        ("https://x.example/a{{dots}}/..{{dots}}", "https://x.example/a../...."),
        ("{% if base %}{{base}}{% endif %}/{{v}}", "https://api.example.com/v1?/a%2Fb%3F%C5%BE"),
        ("https://x.example/{{list}}", "https://x.example/%5B1%5D"),
    ],
)
def test_an_address_is_filled_in(template: str, value: str) -> None:
    roots = {
        "base": "https://api.example.com/v1?",
        "v": "a/b?ž",
        "host": "eu-1.example.com",
        "part": "eu-1",
        "port": 8443,
    }
    assert text(template, "url", **roots, dots="..", list=[1]) == value


@together(
    ("template", "v"),
    [
        ("https://x.example/{{v}}", ".."),
        ("https://x.example/{{v}}/y", "."),
        ("https://x.example/.{{v}}", "."),
        ("https://x.example/{{v}}.", "."),
        ("https://x.example/{{v}}{{v}}/y", "."),
        ("https://x.example/{{v}}..", ""),
        ("https://x.example/%2e{{v}}", "."),
        ("https://x.example/%2E%2{{v}}", "e"),
        ("https://x.example/%2{{v}}", "e"),
        ("/{{v}}", ".."),
        ("a/{{v}}", ".."),
        ("https://{{v}}/", ""),
        ("https://{{v}}/", "evil.example/"),
        ("https://{{v}}/", "evil.example#"),
        ("https://{{v}}/", "user@evil.example"),
        ("https://{{v}}/", "evil.example:80"),
        ("https://{{v}}.example.com/", "evil.example?"),
        ("https://{{v}}.example.com/", "a..b"),
        ("https://x.example{{v}}/", "."),
        ("https://x.example{{v}}", "@evil"),
        ("https://x.example:{{v}}/", "80@evil"),
        ("https://{{v}}@x.example/", "a:b"),
        ("//{{v}}/", "[::1]"),
        ("https://x.example/{{v}}", "\ud800"),
        ("https://x.example/{{v}}", "x" * 70_000),
    ],
)
def test_a_value_that_would_lead_elsewhere_is_an_error(template: str, v: str) -> None:
    with pytest.raises(TemplateError):
        text(template, "url", v=v)


@pytest.mark.parametrize(
    ("value", "slack", "markdown"),
    [
        ("<!channel> *b*", "&lt;!channel&gt; *b*", r"&lt;\!channel&gt; \*b\*"),
        (["<@U1>"], '["&lt;@U1&gt;"]', r'\["&lt;\@U1&gt;"\]'),
        (42, "42", "42"),
        (None, "", ""),
    ],
)
def test_one_whole_value_is_escaped_text_where_only_text_can_stand(value: Any, slack: str, markdown: str) -> None:
    assert text("{{v}}", "slack", v=value) == slack
    assert text("{{v}}", "markdown", v=value) == markdown


def test_a_text_without_a_syntax_is_not_escaped() -> None:
    assert text("x {{v}}", None, v='<&">') == 'x <&">'


def test_a_syntax_belongs_to_one_text() -> None:
    template = compile_template({"a": "x{{v}}", "b": ["x{{v}}"]}, {"/b/0": "slack", "/c": "json"})
    assert template.render({"v": "<"}, NOW).value == {"a": "x<", "b": ["x&lt;"]}
