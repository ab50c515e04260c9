from __future__ import annotations

import time
from textwrap import dedent

import pytest

from activities.markup import html_of, parser, text_of, text_of_html
from tests.together import together


@together(
    ("markdown", "html"),
    [
        ("# Hi *you*", "<h1>Hi <em>you</em></h1>"),
        ("**a** ~~b~~ `c<`", "<p><strong>a</strong> <s>b</s> <code>c&lt;</code></p>"),
        ("[x](https://x.example/?a=1&b=2)", '<p><a href="https://x.example/?a=1&amp;b=2">x</a></p>'),
        ("<mailto:a@b.example>", '<p><a href="mailto:a@b.example">mailto:a@b.example</a></p>'),
        ("<b onclick=x>y</b>", "<p>&lt;b onclick=x&gt;y&lt;/b&gt;</p>"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("[x](javascript:alert)", "<p>[x](javascript:alert)</p>"),
        ("[x](&#106;avascript:alert)", "<p>[x](javascript:alert)</p>"),
        ("[x](data:text/html,y)", "<p>[x](data:text/html,y)</p>"),
        ("[x](file:///etc/passwd)", "<p>[x](file:///etc/passwd)</p>"),
        ("[x](/relative)", "<p>[x](/relative)</p>"),
        ("![x](data:image/png;base64,eA==)", "<p>![x](data:image/png;base64,eA==)</p>"),
        ("[x][y]\n\n[y]: vbscript:z", "<p>[x][y]</p>\n<p>[y]: vbscript:z</p>"),
        ("|a|b|\n|-|-|\n|1|2|", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>"),
    ],
)  # fmt: skip
def test_markdown_becomes_html_without_html_of_the_author_s_and_unsafe_links(markdown: str, html: str) -> None:
    assert html_of(markdown).strip() == html


def test_markdown_becomes_plain_text_that_keeps_addresses_lists_and_code() -> None:
    markdown = """
        # Order 7

        It is [here](https://x.example/a?b=1&c=2), or mail <mailto:a@b.example>
        or see https://x.example/ and ![a picture](https://x.example/p.png).

        - one `a*b`
        - two ~~three~~
          - **nested**

        3. x

           more of x
        4. y

        > quoted
        >
        > twice

        ```py
        def f():

            return 1
        ```

        | a | b |
        |---|---|
        | 1 | 2 |

        ---
        1 < 2 & <b>
    """
    assert text_of(dedent(markdown)) == dedent("""\
        Order 7

        It is here (https://x.example/a?b=1&c=2), or mail mailto:a@b.example
        or see https://x.example/ and a picture (https://x.example/p.png).

        - one a*b
        - two ~~three~~
          - nested

        3. x

           more of x

        4. y

        > quoted
        >
        > twice

            def f():

                return 1

        a | b
        1 | 2

        ---

        1 < 2 & <b>""")


@together(
    ("html", "text"),
    [
        ("<p>Hello&nbsp;&amp;\n  welcome</p><p>bye", "Hello & welcome\n\nbye"),
        ("<div>a<div>b</div></div>c<br>d<br><br>e", "a\nb\nc\nd\n\ne"),
        ("<html><head><title>t</title><style>p{}</style><body>x<script>alert('</p>')</script>y", "xy"),
        ("a<!-- c -->b<![if x]>c", "abc"),
        ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
        ('<a href="mailto:a@b.example?subject=x">write</a>', "write (a@b.example)"),
        ('<a href="javascript:x">y</a><a href="#z">w</a>', "yw"),
        ('<a href="https://x.example"><img alt="Logo" src="l.png"></a><img src="t.gif">', "Logo (https://x.example)"),
        ('<a href="https://x.example"><img src="l.png"></a>', "https://x.example"),
        ('<a href="https://x.example"><p>deep</p></a>', "deep\n\n(https://x.example)"),
        ("<ul><li>a<li>b<ol start=3><li>c</ol></ul>d", "- a\n- b\n  3. c\n\nd"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "- a\n\n  b"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n> > b\n\nc"),
        ("<pre>a\n  b\n\nc</pre>", "    a\n      b\n\n    c"),
        ("<table><tr><td>a<td>b</tr><tr><td><td>d</table>", "a | b\n| d"),
        ("</ul></li></blockquote></table></a></pre>x", "x"),
        ("1 < 2 and a<b", "1 < 2 and a"),
        ("<p a=\"x>y\" b='>' c=>z", "z"),
        ("", ""),
    ],
)
def test_html_becomes_what_its_reader_sees(html: str, text: str) -> None:
    assert text_of_html(html) == text


HOSTILE = [
    "<a ", "</", "<!--", "<!", "<svg/", '<a href="x', "<a b='", "<blockquote>", "<ul><li>", "<p>", "<head>", "&#", "<pre>\n",
    "<script>", "<a href='https://x.example'>", "<td>", "<li></ul>",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_html_takes_long(piece: str) -> None:
    started = time.process_time()
    text_of_html(piece * (100_000 // len(piece)))
    assert time.process_time() - started < 2


def test_a_parser_is_the_caller_s_own() -> None:
    mine = parser()
    mine.disable("link")
    assert "<a" in html_of("[x](https://x.example)")
    assert "<a" not in mine.render("[x](https://x.example)")
