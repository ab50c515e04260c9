"""How people are told apart: NFC, then lower case, and nothing in an id that nobody sees."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from workflows.language.people import HIDDEN, distinct, hidden_in, person

IGNORABLE = (
    *(0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2065, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
    *range(0xFFF0, 0xFFF9),
    *range(0xE0000, 0xE1000),
)
"""Code points that Unicode calls default ignorable and that are no format characters."""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Lead@EXAMPLE.com", " lead@example.com ", True),
        ("zo\u00eb", "ZOE\u0308", True),
        ("\u212bngstr\u00f6m", "\u00e5ngstro\u0308m", True),
        ("straße", "strasse", False),
        ("straße", "STRAßE", True),
        ("\ufb01nn", "finn", False),
        ("ann", "\u0430nn", False),
        ("\u0130", "i", False),
        ("ann", "ann ann", False),
    ],
)
def test_names_are_compared_in_nfc_and_lower_case(one: str, other: str, same: bool) -> None:
    assert (person(one) == person(other)) is same
    assert len(distinct([one, other])) == (1 if same else 2)


def test_whatever_nobody_sees_is_hidden() -> None:
    wanted = {
        number
        for number in range(sys.maxunicode + 1)
        if unicodedata.category(chr(number)) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"} and number != ord(" ")
    }
    found = {number for number in range(sys.maxunicode + 1) if HIDDEN.match(chr(number))}
    assert wanted - found == set()
    assert set(IGNORABLE) - found == set()
    newer = set(range(0x13439, 0x13440))  # not yet known to the Unicode of Python 3.11
    assert found - wanted - set(IGNORABLE) - newer == {0x2800}, "a braille pattern without dots is a blank as well"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ann\u200b", "U+200B (zero width space)"),
        ("\u202enna", "U+202E (right-to-left override)"),
        ("a\x1bnn", "U+001B (a control character)"),
        ("ann\ud800", "U+D800 (a control character)"),
    ],
)
def test_the_sentence_names_the_character(name: str, said: str) -> None:
    assert hidden_in(name) == said


@pytest.mark.parametrize("name", ["ann@example.com", "Zoë Ångström", "山田太郎", "O'Neill-Smith", "محمد"])
def test_names_of_the_world_hide_nothing(name: str) -> None:
    assert hidden_in(name) is None
