"""Colours of the pages: whatever is read stands out from what is behind it, in the light and in the dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = (files("workers.gateway.pages") / "style.css").read_text("utf-8")
READ = ("ink", "soft", "link", "good", "bad", "warn")
PAIRS = [
    *((front, behind) for front in READ for behind in ("paper", "card")),
    ("on-good", "good"),
    ("ink", "added"),
    ("ink", "removed"),
]


def colours(scheme: str) -> dict[str, str]:
    """Return the style's colours by name, as a scheme has them."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else {**found, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))}


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_read_stands_out(scheme: str) -> None:
    known = colours(scheme)
    poor = {f"{front} on {behind}": contrast(known[front], known[behind]) for front, behind in PAIRS}
    assert {pair: round(ratio, 2) for pair, ratio in poor.items() if ratio < 4.5} == {}
    assert contrast(known["soft"], known["card"]) >= 3, "the border of a control"


def test_every_colour_has_a_name_that_is_checked() -> None:
    rules = re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL)
    assert not re.findall(r"#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(", rules)
    read = set(re.findall(r"(?<![-\w])color: var\(--([\w-]+)\)", rules))
    assert read <= {front for front, _ in PAIRS}
    behind = set(re.findall(r"background: var\(--([\w-]+)\)", rules))
    assert behind <= {behind for _, behind in PAIRS}
    assert "url(" not in STYLE
    assert ":focus-visible" in STYLE
