# ruff: noqa: RUF001  # typographic quotes are what is tested
from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.starts import Processes
from tests.together import together
from tests.workflows.language.render import NOW, ROOTS, render, text
from workflows.language.template import (
    Reference,
    TemplateError,
    TemplateSyntaxError,
    compile_expression,
    compile_template,
    is_template,
)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{contact.tags}}", ["Vip", "CampaignA"]),
        ("{{ contact.tags }}", ["Vip", "CampaignA"]),
        ("{{-contact.tags-}}", ["Vip", "CampaignA"]),
        ("{{contact.custom_fields}}", ROOTS["contact"]["custom_fields"]),
        ("{{call.waiting_time}}", 75),
        ("{{number}}", 3.0),
        ("{{flag}}", False),
        ("{{nothing}}", None),
        ("{{contact.nope}}", None),
        ("{{nope}}", None),
        ("{{nope.at.all[3]}}", None),
        ("{{contact.tags | first}}", "Vip"),
        ("{{call.waiting_time | plus: 1}}", 76),
        ("{{ 'plain' }}", "plain"),
        ("{{ 7 }}", 7),
        ("{{ true }}", True),
        ("{{ nil }}", None),
    ],
)
def test_one_whole_expression_keeps_the_type_of_its_value(template: str, value: Any) -> None:
    rendered = text(template)
    assert rendered == value
    assert type(rendered) is type(value)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        (" {{call.waiting_time}}", " 75"),
        ("{{call.waiting_time}}\n", "75\n"),
        ("{{call.waiting_time}}{{call.waiting_time}}", "7575"),
        ("{{call.waiting_time}}{% comment %}x{% endcomment %}", "75"),
        ("{% raw %}{% endraw %}{{call.waiting_time}}", "75"),
        ("{% echo call.waiting_time %}", "75"),
        ("tags: {{contact.tags}}", 'tags: ["Vip","CampaignA"]'),
        ("lines: {{order.lines}}", 'lines: [{"sku":"a","qty":2},{"sku":"b","qty":1}]'),
        ("x{{contact.nope}}x", "xx"),
        ("x{{nothing}}x", "xx"),
        ("x{{flag}}{{ true }}", "xfalsetrue"),
        ("x{{number}}", "x3.0"),
        ("x{{ small }}", "x1e-07"),
        ("x{{ accents }}", 'x["žluť"]'),
        ("x{{ half }}", 'x["\\ud800"]'),
        ("x{{ empty }}{{ blank }}", "x"),
    ],
)
def test_anything_else_renders_to_text_and_lists_and_objects_in_it_are_json(template: str, value: str) -> None:
    assert text(template, small=1e-7, accents=["žluť"], half=["\ud800"]) == value


@together(
    ("template", "value"),
    [
        ('{{contact.custom_fields["MRR"]}}', 12.5),
        ("{{contact.custom_fields['first name']}}", "Ann"),
        ("{{contact.emails[0]}}", "ann@example.com"),
        ("{{contact.emails[-1]}}", "a@example.org"),
        ("{{contact.emails[2]}}", None),
        ("{{contact.emails[-3]}}", None),
        ("{{contact.emails['0']}}", None),
        ("{{input[123].value}}", "5"),
        ("{{input['123'].value}}", "5"),
        ("{{input[-1]}}", "minus"),
        ("{{input[contact.nope]}}", None),
        ("{{order.lines[order.index].sku}}", None),
        ("{{['contact'].name}}", "Ann"),
        ("{{a-b}}", "dash"),
        ("{{contact.tags.size}}", 2),
        ("{{contact.tags.first}}", "Vip"),
        ("{{contact.tags.last}}", "CampaignA"),
        ("{{contact.name.size}}", 3),
        ("{{contact.name.first}}", "A"),
        ("{{contact.name.last}}", "n"),
        ("{{contact.empty.first}}", None),
        ("{{words.limit}}{{words.for}}{{words.empty.nil}}", "123"),
        ("{{words.empty.nil}}", 3),
        ("{{order.size}}", "XL"),
        ("{{order.first}}", "one"),
        ("{{order.last}}", None),
        ("{{contact.custom_fields.size}}", 3),
        ("{{contact.custom_fields.first}}", ["MRR", 12.5]),
        ("{{contact.name[0]}}", None),
        ("{{contact.__class__}}", None),
        ("{{contact.name.upper}}", None),
        ("{{contact.keys}}", None),
        ("{{contact.tags[flag]}}", None),
        ("{{call.uuid.more}}", None),
    ],
)
def test_a_path_finds_keys_and_indexes_and_nothing_of_python(template: str, value: Any) -> None:
    assert text(template, **{"a-b": "dash"}, words={"limit": 1, "for": 2, "empty": {"nil": 3}}) == value


def test_a_key_that_data_gives_is_looked_up() -> None:
    assert text("{{lists[which]}}", lists={"a": 1, "7": 2}, which="a") == 1
    assert text("{{lists[which]}}", lists={"a": 1, "7": 2}, which=7) == 2
    assert text("{{order[which]}}", which="size") == "XL"
    assert text("{{order[which]}}", which="first") == "one"
    assert text("{{lists[which[0]].x}}", lists={"a": {"x": 1}}, which=["a"]) == 1


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{contact.custom_fields[“MRR”]}}", 12.5),
        ("{{contact.custom_fields[„MRR“]}}", 12.5),
        ("{{contact.custom_fields[«MRR»]}}", 12.5),
        ("{{contact.custom_fields[‘MRR’]}}", 12.5),
        ('{{contact.custom_fields["Bob’s"]}}', 1),
        ("{{contact.custom_fields[“Bob’s”]}}", 1),
        ("{% assign x = ‘a’ %}{{x}}“b”", "a“b”"),
        ("{% if contact.name == “Ann” %}“yes”{% endif %}", "“yes”"),
        ('{{ "“quoted”" }}', "“quoted”"),
        ("{{ '“' | append: ’b’ }}", "“b"),
        ("“{{contact.name}}”", "“Ann”"),
    ],
)
def test_typographic_quotes_are_plain_only_inside_markup_and_never_inside_a_literal(template: str, value: Any) -> None:
    assert text(template) == value


@pytest.mark.parametrize(
    "hostile",
    [
        "{{secrets.shop_token}}",
        "{{contact.name}}",
        "{% for i in (1..9) %}x{% endfor %}",
        "{{ 'now' | date: '%s' }}",
        "{% raw %}",
    ],
)
def test_rendered_text_is_never_rendered_again(hostile: str) -> None:
    roots: dict[str, Any] = {"contact": {"name": hostile, "list": [hostile]}}
    assert text("{{contact.name}}", **roots) == hostile
    assert text("Hi {{contact.name}}!", **roots) == f"Hi {hostile}!"
    assert text("{% assign x = contact.name %}{{x}}", **roots) == hostile
    assert text("{% capture x %}{{contact.name}}{% endcapture %}{{x}}", **roots) == hostile
    assert text("{{contact.list}}", **roots) == [hostile]
    assert render("{{contact.name}} ", secrets=True, **roots).secrets == []


@together(
    ("template", "missing"),
    [
        ("{{contact.emails[3]}}", ["contact.emails[3]"]),
        ("{{contact.nope.deeper}}", ["contact.nope.deeper"]),
        ("a {{ contact['no such'] }}", ['contact["no such"]']),
        ("{{input[9].value}} {{b}} {{a}} {{b}}", ["input[9].value", "b", "a"]),
        ("{{contact.nope | upcase}}", ["contact.nope"]),
        ("{{contact.nope | default: 'x'}}", []),
        ("{{contact.nope | upcase | default: 'x'}}", []),
        ("{{contact.nope | append: '!' | default: 'x'}}", ["contact.nope"]),
        ("{{contact.nope | default: other}}", ["other"]),
        ("{{contact.name | append: other}}", ["other"]),
        ("{{nothing}}{{call.uuid}}", []),
        ("{% if contact.nope %}{% endif %}", []),
        ("{% unless contact.nope == 'a' or contact.no > 3 %}{% endunless %}", []),
        ("{% case contact.nope %}{% when 'a' %}{% endcase %}", []),
        ("{% assign x = contact.nope %}", []),
        ("{% assign x = contact.nope %}{{ x }}{{ x }}", ["contact.nope"]),
        ("{% for x in contact.nope %}{% endfor %}", ["contact.nope"]),
        ("{% for x in contact.tags %}{{ x.y }}{% endfor %}", ["x.y"]),
        ("{{ contact.emails[index] }}", ["contact.emails[7]"]),
        ("{{ contact.emails[nope] }}", ["nope"]),
    ],
)
def test_a_missing_value_that_is_used_is_recorded_as_its_author_wrote_it(template: str, missing: list[str]) -> None:
    assert render(template, index=7).missing == missing


def test_missing_values_are_recorded_over_the_whole_tree_once_each_in_order() -> None:
    assert render({"b": "{{z}}", "a": ["{{y}}", "{{z}}"]}).missing == ["z", "y"]


def test_the_clock_is_the_run_s_and_wins_over_everything() -> None:
    roots: dict[str, Any] = {"now": "never", "today": {"x": 1}}
    assert text("{{now}}", **roots) == "2026-11-21T10:15:30.123Z"
    assert text("{{today}}", **roots) == "2026-11-21"
    later = datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    template = compile_template("{{now}} {{today}}")
    assert template.render({}, later).value == "2025-12-31T22:30:00.000Z 2025-12-31"
    assert compile_template("{{now}}").render({}, datetime(1, 1, 1, tzinfo=UTC)).value == "0001-01-01T00:00:00.000Z"
    for tag in ("{% assign now = 1 %}", "{% for today in x %}{% endfor %}", "{% capture secrets %}{% endcapture %}"):
        with pytest.raises(TemplateSyntaxError, match="its own meaning"):
            compile_template(tag)


def test_the_machine_s_clock_and_zone_change_nothing(processes: Processes) -> None:
    program = (
        "import sys, json; from datetime import datetime, UTC; from workflows.language.template import compile_template;"
        't = compile_template(\'{{now}} {{today}} {{"now" | date: "%c %Z %s"}} {{1700000000 | date: "%H"}} '
        '{{"2026-03-29" | date: "%F %T%z", "Europe/Berlin"}}\');'
        "print(t.render({}, datetime(2026, 11, 21, 10, 15, tzinfo=UTC)).value)"
    )
    outputs = [
        processes.run(
            [sys.executable, "-c", program],
            env={**os.environ, "TZ": zone, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone in ("UTC", "Asia/Kolkata")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].strip() == (
        "2026-11-21T10:15:00.000Z 2026-11-21 Sat Nov 21 10:15:00 2026 UTC 1795256100 22 2026-03-29 01:00:00+0100"
    )


def test_constant_parts_of_a_tree_are_returned_as_they_are() -> None:
    constant = {"deep": [1, {"x": "no braces"}], "n": None}
    tree = {"constant": constant, "text": "{{contact.name}}", "key {{x}}": "y"}
    template = compile_template(tree)
    first, second = template.render(ROOTS, NOW).value, template.render(ROOTS, NOW).value
    assert first == {"constant": constant, "text": "Ann", "key {{x}}": "y"}
    assert first["constant"] is constant
    assert list(first) == list(tree)
    assert first is not second
    assert not template.constant
    whole = compile_template(constant)
    assert whole.constant
    assert whole.render({}, NOW).value is constant
    assert tree["text"] == "{{contact.name}}"


def test_names_that_one_text_makes_are_unknown_to_the_next() -> None:
    rendered = render({"a": "{% assign x = 1 %}{{x}}", "b": "{% if flag %}{% assign x = 2 %}{% endif %}{{x}}"})
    assert rendered.value == {"a": "1", "b": ""}
    assert rendered.missing == ["x"]


def test_references_are_the_roots_a_tree_uses_and_where() -> None:
    template = compile_template(
        {
            "a/b": ["{{contact.custom_fields['MRR']}}"],
            "t~": "x\n{% assign who = call.uuid %}{{who}}\n{% for tag in contact.tags %}{{tag}}{{forloop.index}}{% endfor %}",
            "d": "{{input[call.digit].value}} {{tag}} {{now}}",
        }
    )
    assert template.references == (
        Reference("/a~1b/0", ("contact", "custom_fields", "MRR"), 0),
        Reference("/t~0", ("call", "uuid"), 1),
        Reference("/t~0", ("contact", "tags"), 2),
        Reference("/d", ("input",), 0),
        Reference("/d", ("call", "digit"), 0),
        Reference("/d", ("tag",), 0),
        Reference("/d", ("now",), 0),
    )


def test_references_include_tests_filter_arguments_and_loop_limits() -> None:
    source = "{% if a.b == c %}{% elsif d contains e %}{% endif %}{{ 1 | plus: f }}{% for x in (1..g) limit: h %}{% endfor %}"
    assert [reference.path for reference in compile_template(source).references] == [
        ("a", "b"),
        ("c",),
        ("d",),
        ("e",),
        ("f",),
        ("g",),
        ("h",),
    ]


@together(
    ("template", "sentence", "line"),
    [
        ("{{ contact.name", "never closed", 0),
        ("a\n{% if x %}", "This is no valid Liquid", 0),
        ("a\nb {{ x | upcas }}", "There is no filter `upcas`", 1),
        ("a\n\n{% fi x %}", "There is no tag `fi`", 2),
        ("{{ }}", "empty", 0),
        ("{% %}", "name is missing", 0),
        ("{{ a == b }}", "This is no valid Liquid", 0),
        ("{{ a.0 }}", "This is no valid Liquid", 0),
        ("{{ a | append }}", "takes 1 arguments; 0 are given", 0),
        ("{{ a | append: 1, 2 }}", "takes 1 arguments; 2 are given", 0),
        ("{{ a | default: 1, nope: 2 }}", "no argument `nope`", 0),
        ("{% break %}", "only inside `for`", 0),
        ("{% if a %}{% else if b %}{% endif %}", "`else` stands alone", 0),
        ("{% if a %}{% else %}{% else %}{% endif %}", "This is no valid Liquid", 0),
        ("{% endif %}", "This is no valid Liquid", 0),
        ("{% raw %}", "never closed", 0),
        ("{% comment %}", "never closed", 0),
        ("{% for %}{% endfor %}", "missing after", 0),
        ("{{ (1..3) }}", "range", 0),
        ("{{ [a].b }}", "begins with a name", 0),
        ("{{ a b }}", "This is no valid Liquid", 0),
        ("{{ 'it's' }}", "This is no valid Liquid", 0),
        ("{% liquid\n  assign x = 1\n  %%%\n%}", "begins with a tag's name", 2),
    ],
)
def test_a_wrong_template_is_refused_with_a_sentence_and_a_place(template: str, sentence: str, line: int) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_template({"deep": [template]})
    assert sentence in str(caught.value)
    assert caught.value.pointer == "/deep/0"
    if sentence != "This is no valid Liquid":
        assert caught.value.line == line


def test_hints_name_what_would_be_right() -> None:
    hints = {
        "{{ x | upcas }}": "Did you mean `upcase`?",
        "{% iff x %}": "Did you mean `if`?",
        "{{ a == b }}": "Compare in `{% if … %}` or in the step's `conditions`.",
        "{{ a.0 }}": "Write an index in brackets: `contact.emails[0]`.",
        "{{ x": "Text that shall stay as it is stands between `{% raw %}` and `{% endraw %}`.",
    }
    for template, hint in hints.items():
        with pytest.raises(TemplateSyntaxError) as caught:
            compile_template(template)
        assert caught.value.hint == hint


def test_an_error_while_rendering_says_in_which_text() -> None:
    with pytest.raises(TemplateError) as caught:
        render({"config": {"text": "{{ contact.name | plus: 1 }}"}})
    assert caught.value.pointer == "/config/text"
    assert str(caught.value) == 'The filter `plus` fails: a number is needed, not "Ann". (In `/config/text`.)'


@pytest.mark.parametrize("text_", ["{{contact.tags}}", "{{ contact.tags | reverse }}", "{{-contact.tags-}}"])
def test_an_expression_is_one_whole_value(text_: str) -> None:
    assert sorted(compile_expression(text_).render(ROOTS, NOW).value) == ["CampaignA", "Vip"]


@pytest.mark.parametrize(
    "wrong", ["contact.tags", " {{a}}", "{{a}} ", "{{a}}{{b}}", "{% if a %}{% endif %}", 7, ["{{a}}"], None]
)
def test_anything_else_is_no_expression(wrong: Any) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_expression(wrong)
    assert caught.value.hint


def test_is_template_sees_markup() -> None:
    assert is_template("a {{b}}")
    assert is_template("{% if a %}{% endif %}")
    assert not is_template("{ a } }} %}")


def test_an_unknown_syntax_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="latex"):
        compile_template("x", {"": "latex"})


def test_a_usual_config_compiles_and_renders_fast(capsys: pytest.CaptureFixture[str]) -> None:
    config = {
        "channel": "#support-alerts",
        "text": "{{contact.name}} waited {{call.waiting_time}} s: {{contact.emails | join: ', ' | truncate: 300}}",
        "to": "{{call.external_number}}",
        "body": {"id": "{{contact.emails[0]}}", "static": {"a": [1, 2, 3]}},
        "headers": {"Authorization": "Bearer {{secrets.shop_token}}"},
    }

    def microseconds(action: Any, times: int) -> float:
        best = float("inf")
        for _ in range(5):
            started = time.perf_counter()
            for _ in range(times):
                action()
            best = min(best, (time.perf_counter() - started) / times * 1e6)
        return best

    template = compile_template(config, {"/text": "slack"}, secrets=True)
    compiling = microseconds(lambda: compile_template(config, {"/text": "slack"}, secrets=True), 50)
    rendering = microseconds(lambda: template.render(ROOTS, NOW), 500)
    with capsys.disabled():
        sys.stdout.write(f" compile {compiling:.0f} µs, render {rendering:.0f} µs ")
    assert rendering < 1_000
    assert json.dumps(template.render(ROOTS, NOW).value)


def test_a_text_that_was_compiled_before_is_judged_by_where_it_stands_now() -> None:
    assert len(compile_template("{{secrets.token}}", secrets=True).secrets) == 1
    with pytest.raises(TemplateSyntaxError):
        compile_template("{{secrets.token}}")
    for key in ("a", "b", "a"):
        (reference,) = compile_template({key: "{{order.id}}"}).references
        assert reference.pointer == f"/{key}"
    address = "https://{{order.host}}/x"
    assert compile_template([address], {"/0": "url"}).templated_hosts == ("/0",)
    assert compile_template([address]).templated_hosts == ()
