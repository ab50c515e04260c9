"""How actions behave, as data: `<family>/cases/<action>.yml`, read for the tests and for the generated reference.

A case is a config, the request that must come, what the vendor answers, and then a result or an error. `every` is what
all cases of a file begin with, and `each` lists variants of one case, by title or not. The vendor's address is written
`https://vendor.example.com`. `docs/adding-an-action.md` shows the whole form.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

FOLDER = Path(__file__).parent
VENDOR = "https://vendor.example.com"
ENDS = ("result", "includes", "found", "error")
CLOCKS = 5
MERGED = ("config", "connections", "secrets", "request")
Kind = Literal["Refused", "Unavailable", "OutcomeUnknown", "ResultTooLarge", "Unexpected"]


@dataclass(frozen=True, slots=True)
class Matches:
    """`!matches`: a text in which the pattern is found."""

    pattern: str


@dataclass(frozen=True, slots=True)
class About:
    """`!about`: a number that is at most 5 away, as seconds may be that are counted from now."""

    number: float


@dataclass(frozen=True, slots=True)
class Epoch:
    """`!epoch`: Unix time so many seconds from now, as text."""

    seconds: float

    def __str__(self) -> str:
        return str(int(time.time() + self.seconds))


class Part(BaseModel):
    """A part of a case; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, alias_generator=to_camel)


class Request(Part):
    """A request that must come, as its vendor would judge it; without a body it must have none.

    `headers` are those that matter: null must be missing. `rpc` and `message` stand for a call that is no HTTP.
    """

    method: str = "POST"
    path: str = "/"
    query: dict[str, Any] | None = None
    headers: dict[str, Any] = Field(default_factory=dict)
    json_: Any = Field(default=None, alias="json")
    form: dict[str, Any] | None = None
    text: Any = None
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
        look: the look-up is played instead of the action.
        result: the whole result, as it is stored; `includes` are some of its fields, `found` what a look-up finds.
        sandbox: why this case is not sent to the sandbox, where its vendor deliberately differs.
    """

    action: str
    title: str
    config: dict[str, Any] = Field(default_factory=dict)
    connections: dict[str, dict[str, Any]] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    request: Request | Literal["none"] | None = None
    answer: Answer | Literal["drop", "hang", "too large", "unreachable"] | None = None
    marked: bool | None = None
    exchanges: list[Exchange] = Field(default_factory=list)
    look: bool = False
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
            raise ValueError(f"{self.action}, {self.title!r}: give one of {', '.join(ENDS)}")
        if self.exchanges and self.model_fields_set & {"request", "answer", "marked"}:
            raise ValueError(f"{self.action}, {self.title!r}: `exchanges` or one `request` and `answer`, not both")
        if self.found is not None and not self.look:
            raise ValueError(f"{self.action}, {self.title!r}: `found` needs `look: true`")
        return self

    @property
    def traffic(self) -> list[Exchange]:
        """What is sent and answered, in order; empty where nothing must be sent."""
        if self.exchanges or self.request == "none" or (self.request is None and self.answer is None):
            return self.exchanges
        return [Exchange(request=self.request, answer=self.answer or Answer(), marked=self.marked)]


@dataclass(frozen=True, slots=True)
class Example:
    """A case as a reader of the reference sees it."""

    title: str
    config: Mapping[str, Any]
    requests: list[dict[str, Any]]
    result: Any


def examples(action: str, folder: Path = FOLDER, most: int = 3) -> list[Example]:
    """Return the first successful cases of an action, for its page in the reference."""
    good = [case for case in cases(action, folder) if case.result is not None]
    return [
        Example(
            case.title,
            case.config,
            [each.request.model_dump(by_alias=True, exclude_unset=True) for each in case.traffic if each.request],
            case.result,
        )
        for case in good[:most]
    ]


def cases(action: str | None = None, folder: Path = FOLDER) -> list[Case]:
    """Return every case below a folder, or those of one action."""
    files = sorted(folder.glob(f"**/cases/{action or '*'}.yml"))
    return [case for file in files for case in read(file)]


def read(file: Path) -> list[Case]:
    """Return the cases of one file, its variants written out.

    Raises:
        ValueError: it is not in the form of cases.
    """
    raw = yaml.load(file.read_text(encoding="utf-8"), Loader=CaseLoader)  # noqa: S506 # it is a SafeLoader
    every = raw.pop("every", {})
    return [
        Case.model_validate({**case, "action": file.stem, "title": title})
        for name, written in raw.items()
        for title, case in _variants(name, merged(every, written))
    ]


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
    each = case.pop("each", None)
    if each is None:
        yield name, case
    elif isinstance(each, dict):
        yield from ((f"{name}: {title}", merged(case, over)) for title, over in each.items())
    else:
        yield from ((f"{name} ({number})", merged(case, over)) for number, over in enumerate(each, start=1))


class CaseLoader(yaml.SafeLoader):
    """Reads cases: duplicate keys are refused, `!matches`, `!about` and `!epoch` understood."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping whose keys differ."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"{node.start_mark}: {key!r} is given twice")
        return super().construct_mapping(node, deep=deep)


def _scalar(make: Callable[[str], Any]) -> Callable[[CaseLoader, yaml.ScalarNode], Any]:
    return lambda loader, node: make(str(loader.construct_scalar(node)))


CaseLoader.add_constructor("!matches", _scalar(Matches))
CaseLoader.add_constructor("!about", _scalar(lambda text: About(float(text))))
CaseLoader.add_constructor("!epoch", _scalar(lambda text: Epoch(float(text))))


def differences(expected: Any, actual: Any, where: str = "", *, part: bool = False) -> list[str]:
    """Return a sentence for every place where a value is not what a case says; 1, 1.0 and true are not the same.

    Args:
        expected: what the case says.
        actual: what there is.
        where: the name of the value.
        part: whether objects, at any depth, may have more keys than the case says.
    """
    if isinstance(expected, Matches):
        fits = isinstance(actual, str) and re.search(expected.pattern, actual)
        return [] if fits else [f"{where}: {actual!r} does not match {expected.pattern!r}"]
    if isinstance(expected, About):
        near = isinstance(actual, int | float) and abs(actual - expected.number) <= CLOCKS
        return [] if near else [f"{where}: {actual!r} is not about {expected.number:g}"]
    if isinstance(expected, Epoch):
        near = isinstance(actual, str) and actual.isdigit() and abs(int(actual) - int(str(expected))) <= CLOCKS
        return [] if near else [f"{where}: {actual!r} is not about {expected}"]
    if isinstance(expected, dict) and isinstance(actual, dict):
        keys = list(expected) if part else list(dict.fromkeys([*expected, *actual]))
        missing = object()
        return [
            found
            for key in keys
            for found in (
                [f"{where}.{key} is missing"]
                if actual.get(key, missing) is missing
                else [f"{where}.{key} must not be there; it is {actual[key]!r}"]
                if expected.get(key, missing) is missing
                else differences(expected[key], actual[key], f"{where}.{key}", part=part)
            )
        ]
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [found for n, (one, other) in pairs for found in differences(one, other, f"{where}[{n}]", part=part)]
    same = type(expected) is type(actual) and expected == actual
    return [] if same else [f"{where}: expected {expected!r}, got {actual!r}"]
