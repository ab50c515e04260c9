import logging
import os
from pathlib import Path

import pytest

from workers.approvals.groups import Groups
from workers.settings import SettingsError


def test_groups_stand_in_the_setting_itself_or_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "groups.yaml"
    file.write_text("finance: [ann@example.com, ' bob@example.com ']\nnobody: []\n")
    for given in (
        str(file),
        '{"finance": ["ann@example.com", "bob@example.com"], "nobody": []}',
        "{finance: [ann@example.com, bob@example.com], nobody: []}",
        "finance: [ann@example.com, bob@example.com]\nnobody: []",
        {"finance": ["ann@example.com", "bob@example.com"], "nobody": []},
    ):
        groups = Groups(given)
        assert groups.names() == ["finance", "nobody"]
        assert groups.members("finance") == ("ann@example.com", "bob@example.com")
        assert groups.members("nobody") == ()
        assert groups.members("Finance") is None
    assert Groups().names() == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("finance: ann@example.com", "line 1: 'finance' must be a list of people, as [ann@example.com"),
        (
            "finance: [ann@example.com]\nops: [group:finance]",
            "line 2: 'ops' holds group:finance: a list of people has no",
        ),
        ("finance: ['Group: ops']", "holds Group: ops"),
        ('finance: ["ann\\u200b"]', "U+200B (zero width space) in it, which nobody sees"),
        ("finance: ['ann\u00a0']", "U+00A0 (no-break space)"),
        ("finance: [5]", "texts of 1 to 256 characters"),
        ("finance: ['  ']", "texts of 1 to 256 characters"),
        (f"finance: ['{'a' * 257}']", "texts of 1 to 256 characters"),
        ("finance: {ann: 1}", "must be a list of people"),
        ("finance:", "must be a list of people"),
        ("the finance: [a]", "'the finance' is no name"),
        ("finance: [a]\nfinance: [b]", "line 2: The key 'finance' stands twice"),
        ("- finance", "must map names of groups to their members, as `finance: ["),
        ("", "must map names of groups"),
        ("finance: [a", "This is no YAML"),
    ],
)
def test_a_bad_file_is_one_sentence_that_names_it_and_what_is_right(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "groups.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError) as raised:
        Groups(str(file))
    sentence = str(raised.value)
    assert sentence.startswith(f"TRUNKLINE_GROUPS names {file}")
    assert words in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nowhere.yaml", "TRUNKLINE_GROUPS names nowhere.yaml: The file cannot be read"),
        ("finance: ann", "TRUNKLINE_GROUPS: 'finance' must be a list"),
        ('{"finance": ["a"], "finance": []}', "TRUNKLINE_GROUPS: The key 'finance' stands twice"),
        ('{"finance"', "TRUNKLINE_GROUPS: This is no JSON"),
        ("{finance: [group:ops]}", "no groups in it"),
    ],
)
def test_a_bad_setting_is_too(given: str, words: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Groups(given)
    assert str(raised.value).startswith(words) or words in str(raised.value)


def test_a_file_that_changes_counts_at_once_and_a_bad_one_keeps_the_last_good(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "groups.yaml"
    file.write_text("finance: [ann@example.com]")
    groups = Groups(str(file))

    file.write_text("finance: [ann@example.com, bob@example.com]")
    assert groups.members("finance") == ("ann@example.com", "bob@example.com")

    caplog.clear()
    file.write_text("finance: nobody")
    for _ in range(3):
        assert groups.members("finance") == ("ann@example.com", "bob@example.com")
    [line] = caplog.messages
    assert "must be a list of people" in line
    assert "last good version" in line

    file.unlink()
    assert groups.members("finance") == ("ann@example.com", "bob@example.com")

    replacement = tmp_path / "new.yaml"
    replacement.write_text("finance: []")
    os.replace(replacement, file)  # noqa: PTH105 - how secrets of containers are changed
    assert groups.members("finance") == ()
