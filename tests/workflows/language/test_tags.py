from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liquid import Environment

from tests.together import together
from tests.workflows.language.render import render, text
from workflows.language.markup import LEFT_OUT
from workflows.language.template import TemplateError, TemplateSyntaxError, compile_template


@together(
    ("template", "value"),
    [
        ("{% if a %}x{% elsif b %}y{% else %}z{% endif %}", "y"),
        ("{% if none %}x{% endif %}", ""),
        ("{% if zero and word and list %}x{% endif %}", "x"),
        ("{% if a or b and none %}x{% else %}y{% endif %}", "y"),
        ("{% unless a %}x{% else %}y{% endunless %}", "x"),
        ("{% unless b %}x{% elsif zero == 0 %}y{% endunless %}", "y"),
        ("{% if zero == 0.0 %}x{% endif %}{% if b == 1 %}y{% endif %}", "x"),
        ("{% if list == list and object == object %}x{% endif %}", "x"),
        ("{% if word != 'w' and word <> 5 %}x{% endif %}", "x"),
        ("{% if five > 4.5 and five <= 5 and 'a' < 'b' %}x{% endif %}", "x"),
        ("{% if none < 1 or none > 1 %}x{% endif %}", ""),
        ("{% if word contains 'or' %}x{% endif %}{% if list contains 2 %}y{% endif %}{% if object contains 'k' %}z{% endif %}", "xyz"),
        ("{% if list contains '2' %}x{% endif %}{% if none contains 'x' %}y{% endif %}", ""),
        ("{% if '' == empty %}a{% endif %}{% if blanks == blank %}b{% endif %}{% if none == blank %}c{% endif %}{% if none == empty %}d{% endif %}", "abc"),
        ("{% if nope == nil and none == nope %}x{% endif %}", "x"),
        ("{% case word %}{% when 'a', 'word' %}1{% when 'x' or 'word' %}2{% else %}3{% endcase %}", "12"),
        ("{% case word %}{% when 'a' %}1{% else %}3{% endcase %}", "3"),
        ("{% for i in list %}{{i}}{% endfor %}", "123"),
        ("{% for i in list reversed %}{{i}}{% endfor %}", "321"),
        ("{% for i in list limit: 2 offset: 1 %}{{i}}{% endfor %}", "23"),
        ("{% for i in list limit: 0 %}{{i}}{% else %}none{% endfor %}", "none"),
        ("{% for i in list limit: 1 %}{{i}}{% endfor %}-{% for i in list offset: continue %}{{i}}{% endfor %}", "1-23"),
        ("{% for i in (2..four) %}{{i}}{% endfor %}{% for i in (3..1) %}x{% endfor %}", "234"),
        ("{% for p in object %}{{p[0]}}={{p[1]}}{% endfor %}", "k=v"),
        ("{% for i in word %}<{{i}}>{% endfor %}{% for i in none %}x{% else %}-{% endfor %}{% for i in five %}x{% endfor %}", "<word>-"),
        ("{% for i in list %}{% if i == 2 %}{% continue %}{% endif %}{{i}}{% endfor %}", "13"),
        ("{% for i in list %}{% if i == 2 %}{% break %}{% endif %}{{i}}{% endfor %}", "1"),
        ("{% for i in list %}{% for j in list %}{% if j == 2 %}{% break %}{% endif %}{{i}}{{j}} {% endfor %}{% endfor %}", "11 21 31 "),
        ("{% for i in list %}{{forloop.index}}{{forloop.index0}}{{forloop.rindex}}{{forloop.rindex0}}{{forloop.length}} {% endfor %}", "10323 21213 32103 "),
        ("{% for i in list %}{% if forloop.first %}<{% endif %}{{i}}{% if forloop.last %}>{% endif %}{% endfor %}", "<123>"),
        ("{% for i in list limit: 1 %}{% for j in list %}{{forloop.parentloop.length}}{% endfor %}{% endfor %}", "111"),
        ("{% for word in list %}{{word}}{% endfor %}{{word}}", "123word"),
        ("{% assign x = list | first %}{{x}}{% assign x = x | plus: 1 %}{{x}}", "12"),
        ("{% for i in list %}{% assign sum = sum | plus: i %}{% endfor %}{{sum}}", "6"),
        ("{{word}}{% assign word = 'new' %}{{word}}", "wordnew"),
        ("{% capture x %}<{{word}}>{% endcapture %}{{x}}{{x | size}}", "<word>6"),
        ("a{% comment %}{{ nonsense {% if %} {% comment %}x{% endcomment %}{% endcomment %}b", "ab"),
        ("a{% # a {{ remark %}b", "ab"),
        ("{% raw %}{{x}} {% if %}{% endraw %}", "{{x}} {% if %}"),
        ("{% liquid\n assign x = 'a'\n # remark\n if x == 'a'\n  echo x | upcase\n endif\n%}", "A"),
        ("a {%- if true -%} b {%- endif -%} c", "abc"),
        ("a {{- word -}} b", "awordb"),
        ("{% if true %}\n  \n{% endif %}", ""),
        ("{% if true %} {{word}} {% endif %}", " word "),
        ("}} %} { {", "}} %} { {"),
        ("{{ 'a' }}}", "a}"),
        ('{"a":{"b":"{{word}}"}}', '{"a":{"b":"word"}}'),
    ],
)  # fmt: skip
def test_tags_do_what_liquid_says(template: str, value: str) -> None:
    roots: dict[str, Any] = {
        "a": False,
        "b": True,
        "none": None,
        "zero": 0,
        "word": "word",
        "list": [1, 2, 3],
        "object": {"k": "v"},
    }
    assert text(template, **roots, five=5, four=4, blanks=" \n") == value


@pytest.mark.parametrize("tag", sorted(LEFT_OUT))
def test_tags_that_load_count_or_draw_tables_do_not_exist(tag: str) -> None:
    for template in (f"{{% {tag} 'x' %}}", f"{{% liquid {tag} 'x' %}}"):
        with pytest.raises(TemplateSyntaxError, match=f"There is no tag `{tag}` here"):
            compile_template(template)


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{% if word > 1 %}{% endif %}", '`>` needs two numbers or two texts, not "word" and 1'),
        ("{% if true < 1 %}{% endif %}", "`<` needs two numbers or two texts"),
        ("{% if 5 contains 1 %}{% endif %}", "`contains` needs a text, a list or an object"),
        ("{% for i in list limit: word %}{% endfor %}", "The `limit` of a `for` is a whole number"),
        ("{% for i in list offset: 1.5 %}{% endfor %}", "The `offset` of a `for` is a whole number"),
        ("{% for i in (1..word) %}{% endfor %}", "The `range` of a `for` is a whole number"),
        ("{% for i in (1..10001) %}{% endfor %}", "A range has at most 10,000 numbers"),
    ],
)
def test_a_tag_that_cannot_do_its_work_says_why(template: str, sentence: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(template, word="word", list=[1])
    assert sentence in str(caught.value)


LIBRARY = Environment()
LEAVES = st.sampled_from(
    ["x", " ", "{{a}}", "{{b.c}}", "{{l[1]}}", "{{l | size}}", "{{i}}", "{{forloop.index}}", "{{x}}", "{% assign x = a %}",
     "{% assign x = i %}", "{{ b.nope | default: 'd' }}", "{%- assign y = x -%}", "{{y}}"]
)  # fmt: skip
TESTS = st.sampled_from(
    ["a", "b.c", "nope", "a == 1", "a != b.c", "l contains 2", "a < 3 and b.c == 'c'", "nope or a", "l == empty"]
)
BODIES = st.recursive(
    st.lists(LEAVES, max_size=4).map("".join),
    lambda body: st.one_of(
        st.tuples(TESTS, body, body).map(lambda p: f"{{% if {p[0]} %}}{p[1]}{{% else %}}{p[2]}{{% endif %}}"),
        st.tuples(TESTS, body).map(lambda p: f"{{% unless {p[0]} %}}{p[1]}{{% endunless %}}"),
        body.map(lambda b: f"{{% for i in l %}}{b}{{% endfor %}}"),
        body.map(
            lambda b: f"{{% for j in l limit: 2 %}}{b}{{% if j == 1 %}}{{% continue %}}{{% endif %}}-{{% endfor %}}"
        ),
        body.map(lambda b: f"{{% capture x %}}{b}{{% endcapture %}}"),
        st.tuples(body, body).map("".join),
    ),
    max_leaves=8,
)


@given(BODIES)
def test_any_template_gives_what_the_library_s_own_interpreter_gives(body: str) -> None:
    template = f".{body}"
    roots: dict[str, Any] = {"a": 1, "b": {"c": "c"}, "l": [1, 2, 3]}
    assert text(template, **roots) == LIBRARY.from_string(template).render(**roots)
