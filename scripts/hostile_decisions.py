"""Writes the table of hostile decisions into docs/hostile-decisions.md, from tests/workflows/hostile_decisions/*.yaml.

.venv/bin/python scripts/hostile_decisions.py          writes it
.venv/bin/python scripts/hostile_decisions.py --check  says whether it is up to date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "tests" / "workflows" / "hostile_decisions"
PAGE = ROOT / "docs" / "hostile-decisions.md"
BEGIN, END = "<!-- hostile decisions: made by scripts/hostile_decisions.py -->", "<!-- end of hostile decisions -->"

DECISIONS = ("approve", "reject", "edit", "retry", "skip", "supply", "stop", "reassign", "extend")
SHOWN = ("hold", "reason", "digest", "edits", "result", "approvers", "deadline", "proof")
LONGEST = 90

JSON = dict[str, Any]


def page(text: str) -> str:
    """Return the page with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + "\n\n".join([BEGIN, *_tables(), END]) + after


def _tables() -> Iterator[str]:
    for file in sorted(TABLE.glob("*.yaml")):
        table = yaml.safe_load(file.read_text(encoding="utf-8"))
        if "rows" in table:
            lines = ["| situation | what is sent | answer | end | sent |", "| --- | --- | --- | --- | --- |"]
            yield "\n".join([f"## {table['title']}", "", *lines, *map(_row, table["rows"])])


def _row(row: JSON) -> str:
    acts = [act for act in row.get("decisions", []) if "look" not in act]
    shown = [(_act(act), f"`{act['receipt']}`" if "receipt" in act else "") for act in acts]
    cells = (
        f"**{row['name']}.** {row['why']}{_given(row)}",
        "<br>".join(act for act, _ in shown) or "nothing",
        "<br>".join(receipt or "·" for _, receipt in shown) or "·",
        f"open: {', '.join(f'`{hold}`' for hold in row['open'])}" if row["end"] == "open" else f"`{row['end']}`",
        _sent(row["sent"]),
    )
    return f"| {' | '.join(cells)} |"


def _given(row: JSON) -> str:
    """Return the policy, and what else of the situation is not the usual."""
    keys = {"policy": "approvals", "approval": "requireApproval", "step": "step", "config": "config", "event": "event"}
    given = {word: row[key] for key, word in keys.items() if key in row}
    return "".join(f"<br>{word} {_code(value, 2 * LONGEST)}" for word, value in given.items())


def _act(act: JSON) -> str:
    at = f"after {act['at']}: " if "at" in act else ""
    verb = next((name for name in DECISIONS if name in act), None)
    if verb is not None:
        by = (
            act[verb] if isinstance(act[verb], str) and act[verb].strip() and "$" not in act[verb] else _code(act[verb])
        )
        more = "".join(f", {key} {_value(key, act[key])}" for key in SHOWN if key in act)
        said = f"{verb} by {_escaped(by)}{more}"
    elif "send" in act:
        said = _code(act["send"])
    elif "arguments" in act:
        said = f"arguments {_code(act['arguments'])}"
    else:
        said = _happening(act)
    via = act.get("via", "update")
    by_signal = "" if via == "update" else " (signal)" if via == "signal" else f" (signal `{via}`)"
    times = f", {act['times']} times" if "times" in act else ""
    return f"{at}{said}{by_signal}{times}"


def _happening(act: JSON) -> str:
    match act:
        case {"worker": what}:
            return f"*the worker {what}s{', with other settings' if len(act) > 1 else ''}*"
        case {"opens": hold}:
            return f"*the hold `{hold}` opens*"
        case {"define": _}:
            return "*the file changes*"
        case {"cancel": True}:
            return "*the run is canceled*"
    return "*time passes*"


def _value(key: str, value: Any) -> str:
    match key, value:
        case "proof", {"sign": kid}:
            other = {name: item for name, item in value.items() if name != "sign"}
            return f"signed with `{kid}`{f' {_code(other)}' if other else ''}"
        case _, str() if value == "$digest":
            return "as shown"
        case _, str() if value == "$firstDigest" or value.startswith("$firstDigest("):
            return "as first shown"
        case _, str() if value.startswith("$digest("):
            return f"of `{value[8:-1]}`"
    return _code(value)


def _sent(sent: Any) -> str:
    if isinstance(sent, dict):
        return "<br>".join(f"`{path.removeprefix('/')}`: {_sent(one)}" for path, one in sent.items())
    return str(sent) if isinstance(sent, int) else f"{len(sent)}: {', '.join(map(_code, sent))}"


def _code(value: Any, longest: int = LONGEST) -> str:
    text = json.dumps(value, ensure_ascii=False)
    text = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
    return f"`{text if len(text) <= longest else text[:longest] + '…'}`".replace("|", "\\|")


def _escaped(text: str) -> str:
    if text.startswith("`"):
        return text
    return json.dumps(text)[1:-1].replace("*", "\\*").replace("|", "\\|").strip(" ")  # who it is, letter by letter


def main(arguments: list[str]) -> int:
    """Write the table, or say whether it is up to date."""
    text = PAGE.read_text(encoding="utf-8")
    made = page(text)
    if arguments == ["--check"]:
        if made != text:
            sys.stderr.write(
                "docs/hostile-decisions.md is not what the table says: .venv/bin/python scripts/hostile_decisions.py\n"
            )
        return int(made != text)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
