"""JavaScript's patterns find what JavaScript finds; what is expected here was found by Node.js."""

from __future__ import annotations

from typing import Any

import pytest

from tests.together import together
from trunkline.regex.bounded import CostlyError, PatternError
from trunkline.regex.matching import check_pattern, first_match

Found = tuple[str, list[str | None], int]


@together(
    ("pattern", "flags", "text", "found"),
    [
        (r"order #(\d+)", "", "Your order #1042.", ("order #1042", ["1042"], 5)),
        ("ORDER", "i", "my order", ("order", [], 3)),
        ("É", "i", "café", ("é", [], 3)),
        ("(a)|(b)", "", "b", ("b", [None, "b"], 0)),
        (r"(?<day>\d+)\.(?<month>\d+)", "", "on 21.11", ("21.11", ["21", "11"], 3)),
        ("(?:a|b)+?c", "", "xabc", ("abc", [], 1)),
        ("", "", "abc", ("", [], 0)),
        ("x", "", "abc", None),
        ("b", "", "é😀b", ("b", [], 3)),
        (r"\u{1F600}", "u", "a😀", ("😀", [], 1)),
        (r"\ud83d\ude00", "", "a😀", ("😀", [], 1)),
        (r"[\u{1F600}-\u{1F64F}]", "u", "a😀", ("😀", [], 1)),
        (r"\p{Lu}\p{Script=Greek}", "u", "Aω", ("Aω", [], 0)),
        (r"^b$", "", "a\nb\n", None),
        (r"^b$", "m", "a\nb\n", ("b", [], 2)),
        (r"^b(.*)$", "m", "a\r\nbcd\r\n", ("bcd", ["cd"], 3)),
        (r"a\r?\nb", "m", "a\r\nb", ("a\r\nb", [], 0)),
        ("a$", "", "a\n", None),
        ("a.b", "", "a\u2028b", None),
        ("a.b", "s", "a\nb", ("a\nb", [], 0)),
        ("a(?s:.)b(?-s:.)", "s", "a\nb\n", None),
        ("(?i:A)a", "", "aa", ("aa", [], 0)),
        ("b", "y", "ab", None),
        ("a", "gdy", "ab", ("a", [], 0)),
        (r"\s", "", "a\u00a0\ufeff", ("\u00a0", [], 1)),
        (r"[\S]+", "", " \u3000é", ("é", [], 2)),
        (r"[^\s,]+", "", ", é", ("é", [], 2)),
        (r"\w+", "", "éab", ("ab", [], 1)),
        (r"\d", "", "٣3", ("3", [], 1)),
        (r"\bé", "", "aé", ("é", [], 1)),
        (r"\B", "", "aéa b", None),
        (r"\B", "", "aéé", ("", [], 2)),
        (r"[^]", "", "\n", ("\n", [], 0)),
        (r"[]", "", "a", None),
        (r"[\b]", "", "\b", ("\b", [], 0)),
        (r"[a-\d]+", "", "1-a", ("1-a", [], 0)),
        (r"[[:alpha:]]", "", ":]", (":]", [], 0)),
        (r"[\]\-^]+", "", "-]^", ("-]^", [], 0)),
        (r"\/\x41\u0042\cJ\t\0", "", "/AB\n\t\0", ("/AB\n\t\0", [], 0)),
        (r"a{,5}{", "", "a{,5}{", ("a{,5}{", [], 0)),
        (r"a{1,2}b{2}c{1,}", "", "aabbcc", ("aabbcc", [], 0)),
        (r"\-\@\é\A", "", "-@éA", ("-@éA", [], 0)),
    ],
)
def test_a_pattern_finds_what_javascript_finds(pattern: str, flags: str, text: str, found: Found | None) -> None:
    match = first_match(pattern, flags, text)
    assert (match and tuple(match)) == found


def test_half_of_a_character_in_a_text_is_matched_as_some_character_and_kept() -> None:
    match = first_match("a(.)b", "", "😀a\ud83db")
    assert match is not None
    assert (match.captures, match.position) == (["\ud83d"], 2)


@together(
    ("pattern", "flags", "says"),
    [
        ("(?=a)", "", "look-ahead (`(?=`), which RE2 cannot express"),
        ("(?!a)", "", "look-ahead"),
        ("(?<=a)b", "", "look-behind"),
        ("(?<!a)b", "", "look-behind (`(?<!`)"),
        (r"(a)\1", "", r"back reference (`\1`)"),
        (r"(?<n>a)\k<n>", "", "back reference"),
        ("(?i)a", "", "is the flag `i`"),
        ("(?P<n>a)", "", "no group that begins with '(?P<'"),
        ("(?<1>a)", "", "'1' is no name of a group"),
        ("(?<n>a)(?<n>b)", "", "two groups are called 'n'"),
        ("(?ii:a)", "", "do not fit together"),
        ("(?m:^a)", "", "give it to the whole"),
        ("a**", "", "nothing that '*' could repeat"),
        ("^+", "", "nothing that '+' could repeat"),
        ("a|*", "", "nothing that '*' could repeat"),
        ("a{1001}", "", "more than 1,000 times"),
        ("a{2,1}", "", "out of order"),
        ("(a", "", "a `(` is never closed"),
        ("a)", "", "a `)` closes nothing"),
        ("[a", "", "a `[` is never closed"),
        ("[b-a]", "", "the range `b-a` is out of order"),
        ("a\\", "", "ends with a backslash"),
        (r"\01", "", "read differently"),
        (r"\c1", "", "a letter belongs behind"),
        (r"\u{41}", "", "needs the flag `u`"),
        (r"\p{L}", "", "needs the flag `u`"),
        (r"\p", "u", "a property belongs behind"),
        (r"\p{Nothing}", "u", "Nothing"),
        (r"\u{110000}", "u", "the last character there is"),
        (r"\u12", "u", "a code belongs behind"),
        (r"\e", "u", r"`\e` means nothing"),
        (r"[\d-a]", "u", "begins and ends with one character"),
        ("a{", "u", r"is written `\{`"),
        (r"\ud83d", "", "half of a character"),
        ("\ud83d", "", "half of a character"),
        (r"[\ud800-\udfff]", "", "half of a character"),
        ("a", "x", "there is no flag 'x'"),
        ("a", "v", "the flag `v` cannot be kept"),
        ("a", "ii", "given twice"),
        ("a" * 1001, "", "longer than 1,000 characters"),
        ("(?:(?:.{100}){10}){10}", "", ""),
    ],
)
def test_a_pattern_that_cannot_be_kept_says_why(pattern: str, flags: str, says: str) -> None:
    with pytest.raises(PatternError) as refused:
        check_pattern(pattern, flags)
    assert says in str(refused.value)


def test_a_search_that_would_take_too_long_is_refused_before_it_begins() -> None:
    with pytest.raises(CostlyError, match="too costly for a text of 1,000,000 characters"):
        first_match("(?:a?){50}b", "", "a" * 1_000_000)


def test_a_search_takes_linear_time() -> None:
    found: Any = first_match("(x+x+)+y", "", "x" * 500_000)
    assert found is None
