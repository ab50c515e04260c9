"""How actions behave, as data: `<family>/cases/<action>.yml`, read for the tests and for the generated reference.

A case is a config, the request that must come, what the vendor answers, and then a result or an error. `every` is what
all cases of a file begin with, and `each` lists variants of one case, by title or not. The vendor's address is written
`https://vendor.example.com`; a request that goes to another address names its `host`. `docs/cases.md` shows the form.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from tests.activities.matching import About, Epoch, Matches

FOLDER = Path(__file__).parent
VENDOR = "https://vendor.example.com"
ENDS = ("result", "includes", "found", "error")
MERGED = ("config", "connections", "secrets", "notice", "request")
Kind = Literal["Refused", "Unavailable", "OutcomeUnknown", "ResultTooLarge", "Unexpected"]


class Part(BaseModel):
    """A part of a case; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, alias_generator=to_camel)


class Request(Part):
    """A request that must come, as its vendor would judge it; without a body it must have none.

    `headers` are those that matter: null must be missing. With `part: true` objects of the body may have more keys than
    are written. `host` is a fixed host of the vendor's beside its address, such as that of a token endpoint. `rpc` and
    `message` stand for a call that is no HTTP.
    """

    method: str = "POST"
    host: str | None = None
    path: str = "/"
    query: dict[str, Any] | None = None
    headers: dict[str, Any] = Field(default_factory=dict)
    json_: Any = Field(default=None, alias="json")
    form: dict[str, Any] | None = None
    text: Any = None
    part: bool = False
    rpc: str | None = None
    message: Any = None


class Answer(Part):
    """What the vendor answers: a status, headers and one kind of body; `times` repeats a text."""

    status: int = 200
    headers: dict[str, Any] = Field(default_factory=dict)
    json_: Any = Field(default=None, alias="json")
    text: str | None = None
    base64: str | None = None
    times: int = 1
    message: Any = None
    code: str | None = None


class Exchange(Part):
    """One request and its answer; `marked` says whether the attempt was marked before the request's first byte."""

    request: Request | None = None
    answer: Answer | Literal["drop", "hang", "too large", "unreachable"] = Field(default_factory=Answer)
    marked: bool | None = None


class Failure(Part):
    """An error: its kind, its whole sentence (`message`) or parts of it (`says`), and what else it carries."""

    type: Kind
    message: Any = None
    says: list[Any] = Field(default_factory=list)
    status: int | None = None
    retry_after: Any = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        value = {"type": value} if isinstance(value, str) else value
        if "says" in value and not isinstance(value["says"], list):
            value = {**value, "says": [value["says"]]}
        return value


class Case(Part):
    """One case of an action.

    Attributes:
        config: what the step says, its templates rendered but for `{{secrets.…}}`.
        exchanges: what is sent and answered; `request`, `answer` and `marked` stand for the only one.
        notice: the hold that the step is about; `activities/slack/send_slack_approval.py` is such an action.
        look: the look-up is played instead of the action; with `after`, after the action, whose outcome is then unknown.
        result: the whole result, as it is stored; `includes` are some of its fields, `found` what a look-up finds.
        sandbox: why this case is not sent to the sandbox, where its vendor deliberately differs.
        where: file and line.
    """

    action: str
    title: str
    where: str = "a case"
    config: dict[str, Any] = Field(default_factory=dict)
    connections: dict[str, dict[str, Any]] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    notice: dict[str, Any] | None = None
    request: Request | Literal["none"] | None = None
    answer: Answer | Literal["drop", "hang", "too large", "unreachable"] | None = None
    marked: bool | None = None
    exchanges: list[Exchange] = Field(default_factory=list)
    look: bool | Literal["after"] = False
    result: Any = None
    includes: Any = None
    found: list[Any] | None = None
    error: Failure | None = None
    timeout: float = 10
    result_limit: int = 256 * 1024
    sandbox: str | None = None

    @model_validator(mode="after")
    def _ends(self) -> Case:
        if sum(name in self.model_fields_set for name in ENDS) != 1:
            raise ValueError(f"give one of {', '.join(ENDS)}")
        if self.exchanges and self.model_fields_set & {"request", "answer", "marked"}:
            raise ValueError("give `exchanges`, or one `request` and `answer`, not both")
        if self.found is not None and not self.look:
            raise ValueError("`found` needs `look`")
        return self

    @property
    def traffic(self) -> list[Exchange]:
        """What is sent and answered, in order; empty where nothing must be sent."""
        if self.exchanges or self.request == "none" or (self.request is None and self.answer is None):
            return self.exchanges
        return [Exchange(request=self.request, answer=self.answer or Answer(), marked=self.marked)]


@dataclass(frozen=True, slots=True)
class Example:
    """A case as a reader of the reference sees it: what a step says, what is sent for it, and what comes of it."""

    title: str
    config: dict[str, Any]
    sent: list[dict[str, Any]]
    result: Any


def examples(action: str, folder: Path = FOLDER, most: int = 2) -> list[Example]:
    """Return the first successful cases of an action that send something, for its page in the reference."""
    good = [case for case in cases(action, folder) if case.result is not None and not case.look]
    made = [Example(re.sub(r" \(\d+\)$", "", case.title), case.config, _sent(case), case.result) for case in good]
    return [example for number, example in enumerate(made) if example not in made[:number]][:most]


def _sent(case: Case) -> list[dict[str, Any]]:
    bodies = {"form", "text", "query", "rpc", "message"}
    return [
        {
            **({} if each.request.rpc else {"request": f"{each.request.method} {each.request.path}"}),
            **each.request.model_dump(include=bodies, exclude_none=True),
            **({"json": each.request.json_} if "json_" in each.request.model_fields_set else {}),
        }
        for each in case.traffic
        if isinstance(each.request, Request)
    ]


def cases(action: str | None = None, folder: Path = FOLDER) -> list[Case]:
    """Return every case below a folder, or those of one action."""
    files = sorted(folder.glob(f"**/cases/{action or '*'}.yml"))
    return [case for file in files for case in read(file)]


@functools.cache
def read(file: Path) -> Sequence[Case]:
    """Return the cases of one file, its variants written out; a file is read once.

    Raises:
        ValueError: it is not in the form of cases.
    """
    loader = CaseLoader(file.read_text(encoding="utf-8"))
    loader.name = str(file)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"{file}:{line}: it is no YAML: {error.problem}") from None
    if not isinstance(node, yaml.MappingNode):
        raise ValueError(f"{file}:1: cases are a mapping of their titles")  # noqa: TRY004 # it is the file that is wrong
    for title, written in node.value:
        if not isinstance(written, yaml.MappingNode):
            line = title.start_mark.line + 1
            raise ValueError(f"{file}:{line}: {title.value!r} is to be a mapping of its parts")  # noqa: TRY004 # same
    raw: dict[str, Any] = loader.construct_document(node)
    every = raw.pop("every", {})
    return [
        _case(file, line, title, case)
        for (name, written), lines in zip(raw.items(), _lines(node), strict=True)
        for (title, case), line in zip(_variants(name, merged(every, written)), lines, strict=True)
    ]


def _case(file: Path, line: int, title: str, case: dict[str, Any]) -> Case:
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    where = f"{shown}:{line}"
    try:
        return Case.model_validate({**case, "action": file.stem, "title": title, "where": where})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}".removeprefix(": ") for e in error.errors())
        raise ValueError(f"{where}: {title!r}: {wrong}") from None


def _lines(node: yaml.MappingNode) -> Iterator[list[int]]:
    """Yield the lines of every case's variants, from 1; a case without variants has one."""
    for key, value in node.value:
        if key.value == "every":
            continue
        each = next((child for name, child in value.value if name.value == "each"), None)
        if isinstance(each, yaml.MappingNode):
            yield [title.start_mark.line + 1 for title, _ in each.value]
        elif isinstance(each, yaml.SequenceNode):
            yield [item.start_mark.line + 1 for item in each.value]
        else:
            yield [key.start_mark.line + 1]


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a variant over what it begins with: another end replaces the end, other traffic the traffic."""
    dropped: set[str] = set()
    if any(name in over for name in ENDS):
        dropped |= {*ENDS}
    if "exchanges" in over:
        dropped |= {"request", "answer", "marked"}
    if over.keys() & {"request", "answer"}:
        dropped.add("exchanges")
    kept = {name: value for name, value in base.items() if name not in dropped}
    for name, value in over.items():
        both = name in MERGED and isinstance(value, dict) and isinstance(kept.get(name), dict)
        kept[name] = {**kept[name], **value} if both else value
    return kept


def _variants(name: str, case: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    case = dict(case)
    each = case.pop("each", None)
    if each is None:
        yield name, case
    elif isinstance(each, dict):
        yield from ((f"{name}: {title}", merged(case, over)) for title, over in each.items())
    else:
        yield from ((f"{name} ({number})", merged(case, over)) for number, over in enumerate(each, start=1))


class CaseLoader(yaml.CSafeLoader):
    """Reads cases: duplicate keys are refused, `!matches`, `!about`, `!epoch` and `!json` understood."""

    name: str
    """The file, for messages."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping whose keys differ."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                line = next(written.start_mark.line for written, _ in node.value if written.value == key)
                raise ValueError(f"{self.name}:{line + 1}: {key!r} is given twice")
        return super().construct_mapping(node, deep=deep)


def _scalar(make: Callable[[str], Any]) -> Callable[[CaseLoader, yaml.ScalarNode], Any]:
    return lambda loader, node: make(str(loader.construct_scalar(node)))


CaseLoader.add_constructor("!matches", _scalar(Matches))
CaseLoader.add_constructor("!about", _scalar(lambda text: About(float(text))))
CaseLoader.add_constructor("!epoch", _scalar(lambda text: Epoch(float(text))))
CaseLoader.add_constructor("!json", _scalar(json.loads))
