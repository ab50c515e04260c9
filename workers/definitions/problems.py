"""Problems: why a definition is refused, each with a stable code, a place and a sentence."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["problem", "warning", "advice"]


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem.

    Attributes:
        severity: a problem keeps the definition from running, a warning does not; advice is no fault at all.
        meaning: one sentence for the documentation.
    """

    severity: Severity
    meaning: str


CODES: dict[str, Code] = {
    "unreadable-file": Code("problem", "The file or folder cannot be read, or is no UTF-8 text."),
    "bad-syntax": Code(
        "problem",
        "The file is no YAML or JSON, or uses a part of YAML that definitions do not have (tags, several documents).",
    ),
    "duplicate-key": Code("problem", "A key stands twice in one object; YAML would silently drop the first."),
    "not-an-automation": Code("problem", "The file is empty or holds something else than one object."),
    "bad-value": Code(
        "problem", "A number or a text cannot be kept as JSON: infinite, not a number, or half of a surrogate pair."
    ),
    "too-large": Code(
        "problem", "The definition exceeds a limit: 512 KiB, 4,000 steps, 16 nested blocks, values 100 deep."
    ),
    "unknown-key": Code("problem", "There is no such key at this place."),
    "missing-key": Code("problem", "A key that must be there is missing."),
    "wrong-type": Code("problem", "A value has the wrong type or form, such as a number where a text is expected."),
    "bad-name": Code("problem", "A name, id, variable or event type is spelt in a way that is not allowed."),
    "reserved-name": Code("problem", "A name means something else already."),
    "bad-duration": Code(
        "problem", "A duration is none: write `90s`, `15m`, `2h30m`, `3d`, `PT15M`, or a number of milliseconds."
    ),
    "out-of-range": Code("problem", "A number, duration, list or text is outside of what is allowed here."),
    "unknown-step": Code("problem", "A step has none of the keys that say what it does."),
    "two-kinds": Code(
        "problem", "A step, or the automation, says two things at once, such as `wait` and `actionType`."
    ),
    "duplicate-id": Code("problem", "Two steps have the same `id`."),
    "duplicate-name": Code("problem", "Two files of a folder define automations of the same name."),
    "unknown-action": Code("problem", "There is no action of this name."),
    "bad-config": Code("problem", "The action does not take this value."),
    "bad-template": Code("problem", "A template cannot be read, or uses something that templates here do not have."),
    "bad-condition": Code("problem", "A condition cannot be read."),
    "bad-schema": Code(
        "problem", "`trigger.data` or `format` is no JSON Schema, refers to another document, or unfolds to too much."
    ),
    "bad-once": Code(
        "problem",
        "`trigger.once` uses nothing of the event, so that all events would be one, or something that only a run has.",
    ),
    "unknown-root": Code("problem", "A reference begins with a name that neither the event nor the run has."),
    "wait-without-key": Code(
        "problem", "The `where` of a `wait` does not say, under `all`, which value a field of the event must equal."
    ),
    "undeclared-root": Code(
        "warning",
        "The event type is your own and does not declare its data (`trigger.data`): references cannot be checked.",
    ),
    "unknown-field": Code("warning", "The documents do not know this field of a root that they know."),
    "unknown-variable": Code("problem", "A reference to a variable that no step saves."),
    "saved-later": Code("problem", "A reference to a variable that is saved only later, or only inside of a loop."),
    "maybe-saved": Code(
        "warning", "A reference to a variable that is saved only on some ways here, or beside in a parallel path."
    ),
    "unknown-constant": Code("problem", "A reference to a constant that the automation does not have."),
    "templated-constant": Code("problem", "A constant contains a template; constants are the same in every run."),
    "missing-environment-value": Code(
        "problem",
        "A name under `environment` has no value in one of the environments, or there is no such environment.",
    ),
    "outside-loop": Code("problem", "`item`, `loop` or the name given by `as` is used outside of its `forEach`."),
    "outside-failure": Code("problem", "`failure` is used where no failure is being reacted to."),
    "unknown-step-id": Code("problem", "A reference to the status of a step that does not exist, or of none."),
    "ends-later": Code("problem", "A reference to the status of a step that cannot have ended at that place."),
    "may-end-later": Code("warning", "A reference to the status of a step that runs beside, and may not have ended."),
    "unknown-status": Code("warning", "A status of a step is compared with a word that no step's status is."),
    "unknown-as-empty": Code(
        "warning",
        "A step runs where a variable is empty, which it also is where nobody knows whether the step that saves it was "
        "carried out.",
    ),
    "outside-hold": Code("problem", "`hold` is used where no hold exists."),
    "misplaced-secret": Code(
        "problem", "A secret is used outside of an action's `config`, where it could be seen or stored."
    ),
    "exposed-secret": Code(
        "problem", "A secret stands beside a templated host: whoever controls the host would get it."
    ),
    "literal-secret": Code(
        "problem", "A credential is written into the definition, where everybody who reads it finds it."
    ),
    "plain-http": Code(
        "warning",
        "An address begins with `http://`, which anybody on the way can read; workers refuse it unless told otherwise.",
    ),
    "static-field": Code("problem", "A field that decides how the step is run contains a template."),
    "dynamic-operation": Code(
        "problem",
        "A connection or an operation of a connector is named by a template: a run decides about it too late.",
    ),
    "unknown-operation": Code("problem", "The service's description has no operation of this name."),
    "unknown-param": Code("problem", "The operation takes no param of this name."),
    "missing-param": Code("problem", "A param is missing that the operation needs."),
    "bad-param": Code("problem", "The operation does not take this value."),
    "unknown-member": Code(
        "warning", "The service's description does not name this member of a param; it does not forbid it either."
    ),
    "read-only-member": Code(
        "warning", "The service's description has this member of a body in answers only: the service may ignore it."
    ),
    "unsendable-notice": Code(
        "problem", "A notice calls a tool that people are asked about first, and a notice cannot wait for them."
    ),
    "description-not-at-hand": Code(
        "warning", "The description of a service is not on this machine, or cannot be used: params are not checked."
    ),
    "not-one-template": Code("problem", "The value must be exactly one `{{ }}`, so that it keeps its type."),
    "unsaved-result": Code(
        "problem",
        "`saveAs` without a result: the step does not wait for one, or `collect` and `saveAs` do not stand together.",
    ),
    "not-local": Code(
        "problem",
        "A step says `local: true` and needs what only Temporal's queue has: one attempt, people, a longer time.",
    ),
    "unordered-local": Code(
        "warning", "A step says `local: true`, and so never queues, in an automation that says which actions go first."
    ),
    "bad-pick": Code(
        "problem", "A path of `pick` cannot be read, or begins with a field that the action's result does not have."
    ),
    "unsaved-pick": Code(
        "warning", "`pick` without `saveAs`: what is picked stands in the run's history, and no later step finds it."
    ),
    "shared-variable": Code("problem", "Parallel paths save to one variable; which of them wins would be chance."),
    "unreachable-step": Code("problem", "A step, or a way of a branch, can never be reached."),
    "wrong-trigger": Code("problem", "The action makes sense only under another trigger."),
    "nobody-may-approve": Code("problem", "A hold names an empty list of approvers: nobody could ever release it."),
    "anybody-may-approve": Code("warning", "A hold names no approvers: anybody who can reach the run may release it."),
    "quorum-too-large": Code(
        "problem", "More people must approve than are named as approvers: nobody could ever release it."
    ),
    "unsafe-expiry": Code(
        "problem", "`onExpiry: approve` beside a quorum over 1, `bands` or `verified`, which waiting would undo."
    ),
    "unknown-time-zone": Code("problem", "`timeZone` is no IANA name of a time zone, such as `Europe/Berlin`."),
    "unknown-hours": Code("problem", "`hours` has none of this name."),
    "bad-cron": Code("problem", "A cron expression cannot be read, or no date fits it."),
    "unknown-automation": Code("warning", "A step runs an automation that no file of the folder defines."),
    "circular-call": Code(
        "warning", "An automation calls itself, directly or by way of others: a run can be called 5 deep."
    ),
    "misplaced-notice": Code("problem", "An action that asks people about a hold stands anywhere but in `notify`."),
    "misplaced-call": Code("problem", "Another automation is called where only an action can stand, as in a notice."),
    "unused-approvals": Code("warning", "`approvals` where no step ever waits for people."),
    "unused-key": Code(
        "warning", "A key changes nothing, because another that it needs is missing, or of what the step does."
    ),
    "after-expiry": Code("warning", "A reminder or an escalation is due only when the hold has expired already."),
    "hasty-deadline": Code(
        "warning",
        "A time is a number so small that seconds were likely meant (in a policy below ten minutes, else below one "
        "second): numbers are milliseconds.",
    ),
    "cut-text": Code("warning", "A value without quotes ends at ` #`, and a template stands in the comment behind it."),
    "changed-number": Code(
        "warning",
        "A number without quotes stands where a text belongs, and is sent in another spelling: `1.10` as `1.1`.",
    ),
    "unread-variable": Code(
        "warning", "A text holds `${NAME}`, which only connections.yaml fills in from the worker's environment."
    ),
    "maybe-missing": Code(
        "warning",
        "A condition that says `not` holds also where its field or list is missing, and nothing asks whether it is.",
    ),
    "looser-band": Code("warning", "A band asks for less than the policy; bands only make it stricter."),
    "may-happen-twice": Code(
        "warning", "An action that must not be repeated is, although nobody knows whether it was carried out."
    ),
    "temporary-input": Code(
        "warning",
        "A collected input has the id that its step had before the call flow was saved; it gets another one then.",
    ),
    "unknown-value": Code("warning", "A condition compares a known field with a value that it never has."),
    "unknown-model": Code("warning", "A language has no such model for speech, as far as its vendor lists them."),
    "unlabeled-step": Code("advice", "Actions have no label that says what they do, or one such as `Action 1`."),
    "unasked-harm": Code("advice", "A step deletes something or pays money, and nobody is asked before."),
    "unsaved-answer": Code("advice", "A step whose only use is its result does not save it."),
    "maybe-empty": Code(
        "advice",
        "A collected input, or a field of a call that nobody answered, is used and may be empty, and nothing says what "
        "happens then.",
    ),
    "unreachable-rule": Code(
        "warning", "A rule of `onFailure` never decides, because earlier ones take every failure that it is for."
    ),
}
"""Every kind of problem, by its code. Codes never change their meaning; `docs/problems.md` is made from this table."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a definition that is wrong (a problem) or likely wrong (a warning)."""

    code: str
    severity: Severity
    file: str | None
    line: int | None
    column: int | None
    step: str | None
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        """Render it as `file:line:column: code: sentence (hint)`."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        mark = "" if self.severity == "problem" else f"{self.severity}: "
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place + ': ' if place else ''}{mark}{self.code}: {self.message}{hint}"

    def to_json(self) -> dict[str, Any]:
        """Return what `trunkline validate --json` prints for it."""
        return asdict(self)


def problem(  # noqa: PLR0913  # a problem is a row of a table: every argument is one of its columns
    code: str,
    message: str,
    *,
    hint: str | None = None,
    file: str | None = None,
    line: int | None = None,
    column: int | None = None,
    step: str | None = None,
) -> Problem:
    """Return a problem of a registered code, with the severity that its code has."""
    hint = f"{hint[0].upper()}{hint[1:]}" if hint else None
    return Problem(code, CODES[code].severity, file, line, column, step, message, hint)


def serious(problems: Iterable[Problem]) -> list[Problem]:
    """Return those that keep a definition from running."""
    return [one for one in problems if one.severity == "problem"]


def nearest(word: object, known: Iterable[str]) -> str | None:
    """Return the hint `Did you mean …?` with the known word that is nearest, if one is near enough."""
    choices = {choice.lower(): choice for choice in known}
    close = difflib.get_close_matches(str(word).lower(), list(choices), n=1, cutoff=0.6)
    return f"Did you mean {choices[close[0]]}?" if close else None


def listed(words: Iterable[str], *, most: int = 12) -> str:
    """Return words as `a, b and c`, cut after `most`."""
    every = list(words)
    if len(every) > most:
        return f"{', '.join(every[:most])} and {len(every) - most} more"
    return " and ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)


def document() -> str:
    """Return `docs/problems.md`."""
    rows = "\n".join(f"| `{code}` | {entry.severity} | {entry.meaning} |" for code, entry in sorted(CODES.items()))
    return (
        "# Problems\n\n"
        "What `trunkline validate` finds, by code. A *problem* keeps a definition from running (exit code 1); a\n"
        "*warning* does not. *Advice* says what would be better, and `--no-advice` leaves it out. Codes never change\n"
        "their meaning.\n\n"
        "This page is made by `python -m workers.definitions.problems > docs/problems.md`.\n\n"
        f"| code | severity | meaning |\n| --- | --- | --- |\n{rows}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(document())
