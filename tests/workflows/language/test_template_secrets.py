from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.together import together
from tests.workflows.language.render import NOW, ROOTS, render
from workflows.language.template import SecretUse, TemplateSyntaxError, compile_expression, compile_template


def place(path: str, name: str, start: int, **more: str) -> dict[str, Any]:
    return {"path": path, "name": name, "start": start, **more}


@pytest.mark.parametrize(
    ("template", "value", "places"),
    [
        ("{{secrets.shop_token}}", "{{secrets.shop_token}}", [place("", "shop_token", 0)]),
        ("{{ secrets['shop-token'] }}", "{{secrets.shop-token}}", [place("", "shop-token", 0)]),
        ("{{ secrets[“shop_token”] }}", "{{secrets.shop_token}}", [place("", "shop_token", 0)]),
        ("Bearer {{ secrets.shop_token }}", "Bearer {{secrets.shop_token}}", [place("", "shop_token", 7)]),
        (
            "Basic {{secrets.user|basic:secrets.password}}",
            "Basic {{secrets.user | basic: secrets.password}}",
            [place("", "user", 6, filter="basic", password="password")],
        ),
        (
            "{{secrets.user | basic: secrets['password']}}",
            "{{secrets.user | basic: secrets.password}}",
            [place("", "user", 0, filter="basic", password="password")],
        ),
        (
            "{{contact.name}}\U0001f600{{secrets.a}}{{contact.name}}{{secrets.a}}",
            "Ann\U0001f600{{secrets.a}}Ann{{secrets.a}}",
            [place("", "a", 4), place("", "a", 20)],
        ),
    ],
)
def test_a_secret_stays_a_placeholder_and_its_place_goes_along(
    template: str, value: str, places: list[dict[str, Any]]
) -> None:
    rendered = render(template, secrets=True)
    assert rendered.value == value
    assert rendered.secrets == places
    assert rendered.missing == []


def test_places_are_json_pointers_into_the_tree() -> None:
    tree = {"headers": {"X/Y~": "k {{secrets.a}}"}, "list": ["{{secrets.b}}", {"c": "{{secrets.c}}"}]}
    assert render(tree, secrets=True).secrets == [
        place("/headers/X~1Y~0", "a", 2),
        place("/list/0", "b", 0),
        place("/list/1/c", "c", 0),
    ]


@pytest.mark.parametrize(
    ("template", "syntax", "places"),
    [
        ('{"a": "x{{secrets.a}}"}', "json", [place("", "a", 8, escape="json")]),
        ('{"a": {{secrets.a}}}', "json", [place("", "a", 6, escape="json-value")]),
        ('{"a": {{secrets.a | basic: secrets.b}}}', "json",
         [place("", "a", 6, filter="basic", password="b", escape="json-value")]),
        ("no json {{secrets.a}}", "json", [place("", "a", 8)]),
        ("{{secrets.a}}", "json", [place("", "a", 0)]),
        ("https://x.example/{{secrets.a}}", "url", [place("", "a", 18, escape="url")]),
        ("{{secrets.a}}/{{secrets.b}}", "url", [place("", "a", 0), place("", "b", 14, escape="url")]),
        ("{{secrets.a}}", "url", [place("", "a", 0)]),
        ("x {{secrets.a}}", "slack", [place("", "a", 2, escape="slack")]),
        ("x {{secrets.a}}", "markdown", [place("", "a", 2, escape="markdown")]),
    ],
)  # fmt: skip
def test_a_place_says_how_the_secret_is_escaped(template: str, syntax: str, places: list[dict[str, Any]]) -> None:
    assert render(template, syntax, secrets=True).secrets == places


def test_a_bare_secret_in_json_with_tags_does_not_spoil_the_check() -> None:
    rendered = render('{"a": {{secrets.a}}{% if contact %}, "b": {{contact.name}}{% endif %}}', "json", secrets=True)
    assert rendered.value == '{"a": {{secrets.a}}, "b": "Ann"}'
    assert rendered.secrets == [place("", "a", 6, escape="json-value")]


FORBIDDEN = [
    "{{secrets}}",
    "{{secrets.a.b}}",
    "{{secrets[0]}}",
    "{{secrets[contact.name]}}",
    "{{secrets['a b']}}",
    "{{secrets['1a']}}",
    "{{secrets['']}}",
    "{{secrets.a | upcase}}",
    "{{secrets.a | default: 'x'}}",
    "{{secrets.a | json}}",
    "{{secrets.a | basic}}",
    "{{secrets.a | basic: 'x'}}",
    "{{secrets.a | basic: contact.name}}",
    "{{secrets.a | basic: secrets.b | upcase}}",
    "{{secrets.a | upcase | basic: secrets.b}}",
    "{{secrets.a | basic: secrets.b, secrets.c}}",
    "{{contact.name | append: secrets.a}}",
    "{{contact.name | basic: secrets.a}}",
    "{{contact[secrets.a]}}",
    "{% echo secrets.a %}",
    "{% if secrets.a %}{% endif %}",
    "{% if contact.name == secrets.a %}{% endif %}",
    "{% unless secrets.a contains 'x' %}{% endunless %}",
    "{% case secrets.a %}{% when 1 %}{% endcase %}",
    "{% case contact %}{% when secrets.a %}{% endcase %}",
    "{% for x in secrets %}{% endfor %}",
    "{% for x in contact.tags limit: secrets.a %}{% endfor %}",
    "{% for x in contact.tags %}{{secrets.a}}{% endfor %}",
    "{% if contact %}{{secrets.a}}{% endif %}",
    "{% if contact %}{% if contact %}x{% endif %}{{secrets.a}}{% endif %}",
    "{% assign x = secrets.a %}",
    "{% capture x %}{{secrets.a}}{% endcapture %}",
    "{% liquid echo secrets.a %}",
    "{% liquid\n if contact\n echo secrets.a\n endif %}",
    "{{ ['secrets'] }}",
    "{{ ['secrets'].a | upcase }}",
    "{% assign secrets = contact %}",
    "{% for secrets in contact.tags %}{% endfor %}",
]  # fmt: skip


@together("template", FORBIDDEN)
@together("syntax", [None, "json", "url"])
def test_any_other_use_of_a_secret_is_refused(template: str, syntax: str | None) -> None:
    for text in (template, f"x {template}"):
        with pytest.raises(TemplateSyntaxError):
            compile_template(text, {"": syntax} if syntax else None, secrets=True)


@together("template", [*FORBIDDEN, "{{secrets.a}}", "x{{secrets.a}}", "{{secrets.a | basic: secrets.b}}"])
def test_where_secrets_have_no_place_every_use_is_refused(template: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        compile_template({"label": template})


def test_the_refusal_says_how_to_do_it_right() -> None:
    for template, secrets in (("{{secrets.a}}", False), ("{% if secrets.a %}{% endif %}", True)):
        with pytest.raises(TemplateSyntaxError) as caught:
            compile_template(template, secrets=secrets)
        assert "`{{secrets.name}}`" in str(caught.value.hint)
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_expression("{{secrets.a}}")
    assert "`{{secrets.name}}`" in str(caught.value.hint)


def test_a_root_of_the_data_with_that_name_is_out_of_reach() -> None:
    rendered = compile_template("{{secrets.a}} {{contact.name}}", secrets=True).render(
        {**ROOTS, "secrets": {"a": "from data"}}, NOW
    )
    assert rendered.value == "{{secrets.a}} Ann"


def test_uses_are_listed_with_their_places_and_are_no_references() -> None:
    template = compile_template(
        {"a": "\n{{secrets.one}}", "b": "{{secrets.two | basic: secrets.three}}", "c": "{{contact.name}}"}, secrets=True
    )
    assert template.secrets == (SecretUse(("one",), "/a", 1), SecretUse(("two", "three"), "/b", 0))
    assert [reference.path for reference in template.references] == [("contact", "name")]


@pytest.mark.parametrize(
    ("url", "templated"),
    [
        ("https://api.example.com/{{contact.name}}?k={{secrets.a}}", False),
        ("https://api.example.com?x={{contact.name}}&k={{secrets.a}}", False),
        ("//api.example.com/{{contact.name}}{{secrets.a}}", False),
        ("/v1/{{contact.name}}?k={{secrets.a}}", False),
        ("v1/{{contact.name}}?k={{secrets.a}}", False),
        ("{{secrets.a}}/x", False),
        ("{{secrets.a}}", False),
        ("https://{{secrets.a}}/{{contact.name}}", False),
        ("https://{{contact.name}}/?k={{secrets.a}}", True),
        ("https://{{contact.name}}.example.com/?k={{secrets.a}}", True),
        ("https://api.example.com{{contact.name}}/{{secrets.a}}", True),
        ("https://api.example.com:{{contact.port}}/{{secrets.a}}", True),
        ("{{contact.base}}/x?k={{secrets.a}}", True),
        (" {{contact.base}}/x?k={{secrets.a}}", True),
        ("{{contact.scheme}}://example.com/{{secrets.a}}", True),
        ("//{{contact.name}}/{{secrets.a}}", True),
        ("{% if contact %}https://a.example{% else %}https://b.example{% endif %}/{{secrets.a}}", True),
        ("https://a.example{% if contact %}.evil{% endif %}/{{secrets.a}}", True),
        ("https://a.example/{% if contact %}x{% endif %}{{secrets.a}}", False),
    ],
)
def test_a_template_says_which_addresses_have_a_host_decided_by_data(url: str, *, templated: bool) -> None:
    template = compile_template({"url": url, "h": "{{secrets.b}}"}, {"/url": "url"}, secrets=True)
    assert template.templated_hosts == (("/url",) if templated else ())


def test_an_address_that_is_one_whole_value_has_a_templated_host() -> None:
    template = compile_template({"url": "{{contact.url}}", "h": "{{secrets.b}}"}, {"/url": "url"}, secrets=True)
    assert template.templated_hosts == ("/url",)


@given(
    st.text(max_size=20),
    st.sampled_from(["{{secrets.a}}", "{{secrets.a | basic: secrets.b}}", "{{ secrets['a'] }}", ""]),
)
def test_data_that_looks_like_a_placeholder_gets_no_place(noise: str, imitation: str) -> None:
    hostile = noise + imitation
    rendered = render("{{x}}{{secrets.real}}{{x}}", secrets=True, x=hostile)
    assert rendered.value == f"{hostile}{{{{secrets.real}}}}{hostile}"
    assert rendered.secrets == [place("", "real", len(hostile))]
