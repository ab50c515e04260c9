"""Templates: Liquid in the texts of any JSON tree, compiled once and rendered with the data of a run.

A text that is exactly one `{{ expression }}` gives its value with its type; any other text gives text. Rendered text is
never rendered again, and a secret stays a placeholder whose place goes along beside the text.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from trunkline.wire import Place
from workflows.language.errors import TemplateError, TemplateSyntaxError
from workflows.language.markup import split
from workflows.language.names import Names, Reference, SecretUse
from workflows.language.scope import Scope, Spent
from workflows.language.texts import SYNTAXES, Text, compile_path_text, compile_text

__all__ = [
    "Reference",
    "Rendering",
    "SecretUse",
    "Template",
    "TemplateError",
    "TemplateSyntaxError",
    "compile_expression",
    "compile_field",
    "compile_path",
    "compile_template",
    "constant",
    "is_template",
]

LONGEST_SOURCE = 64 * 1024
MOST_SOURCE = 256 * 1024
MOST_TOKENS = 5_000
MOST_NODES = 10_000
DEEPEST_TREE = 50

KEPT = 4_096
"""Most compiled texts that are kept: the same one is compiled to be checked, to be loaded and to be run."""

LONGEST_KEPT = 2_000

Render = Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a template gave.

    Attributes:
        value: the tree with every text rendered.
        secrets: where secrets go: `{"path", "name", "start"}`, where needed with `filter`, `password` and `escape`.
        missing: what it used and did not find, as its author wrote it, each once, in order.
    """

    value: Any
    secrets: list[Place]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled JSON tree.

    Attributes:
        references: every use of a root, names that the texts make themselves left out.
        secrets: every use of a secret.
        templated_hosts: JSON pointers of the addresses (syntax `url`) whose host is decided by data.
        constant: nothing in it is a template.
        source: the tree as its author wrote it.
    """

    references: tuple[Reference, ...]
    secrets: tuple[SecretUse, ...]
    templated_hosts: tuple[str, ...]
    constant: bool
    source: Any
    _render: Render | None = field(default=None, repr=False)

    def render(self, roots: Mapping[str, Any], now: datetime, spent: Spent | None = None) -> Rendering:
        """Fill in the values of one run; constant parts of the tree are returned as they are.

        Args:
            roots: plain JSON values by name.
            now: the run's clock, with a time zone; `{{now}}`, `{{today}}` and `date` know no other.
            spent: is told how much work it was.

        Raises:
            TemplateError: a filter cannot do its work, or a limit is reached.
        """
        if self._render is None:
            return Rendering(self.source, [], [])
        scope = Scope(roots, now)
        try:
            value = self._render(scope)
        finally:
            if spent is not None:
                spent(scope.spent)
        return Rendering(value, scope.places, list(scope.missing))

    def render_in(self, scope: Scope) -> Any:
        """Fill in values within another render, on its budget; for conditions."""
        return self.source if self._render is None else self._render(scope)


def is_template(text: str) -> bool:
    """Say whether a text has template markup in it."""
    return "{{" in text or "{%" in text


def compile_template(value: Any, syntaxes: Mapping[str, str] | None = None, *, secrets: bool = False) -> Template:
    """Compile every text of a JSON tree; keys are never templates.

    Args:
        value: the tree as its author wrote it.
        syntaxes: the syntax of a text's values by the text's JSON pointer: `json`, `slack`, `markdown` or `url`.
        secrets: whether it may use secrets.

    Raises:
        TemplateSyntaxError: a text is no valid template, or the tree is too large.
    """
    return _TemplateCompiler(syntaxes or {}, secrets=secrets).compile(value)


def compile_expression(text: Any) -> Template:
    """Compile a text that must be one whole `{{ expression }}`.

    Raises:
        TemplateSyntaxError: it is something else.
    """
    compiler = _TemplateCompiler({}, secrets=False)
    template = compiler.compile(text)
    if not compiler.whole:
        raise TemplateSyntaxError(
            "This must be exactly one expression.", hint="Write it as `{{variables.orders}}`, with nothing around it."
        )
    return template


def compile_field(text: str) -> Template:
    """Compile what a test looks at, a path or exactly one `{{ expression }}`; it gives `Missing` for what is not there.

    Raises:
        TemplateSyntaxError: it is neither.
    """
    if not is_template(text):
        return compile_path(text)
    compiler = _TemplateCompiler({}, secrets=False, keeps_missing=True)
    template = compiler.compile(text.strip())
    if not compiler.whole:
        raise TemplateSyntaxError(
            "This must be exactly one expression.", hint="Write it as `{{order.lines | size}}`, with nothing around it."
        )
    return template


def constant(value: Any) -> Template:
    """Return a tree of which nothing is a template, whatever is written in it."""
    return Template((), (), (), constant=True, source=value)


def compile_path(path: str) -> Template:
    """Compile a path as conditions write it, without braces: `contact.custom_fields["MRR"]`.

    Raises:
        TemplateSyntaxError: it is no plain path.
    """
    return _TemplateCompiler({}, secrets=False).path(path)


class _Text(NamedTuple):
    """A compiled text, its size in tokens, and what it uses."""

    text: Text
    tokens: int
    references: tuple[Reference, ...]
    uses: tuple[SecretUse, ...]


def _text(text: str, pointer: str, syntax: str | None, secrets: bool, keeps_missing: bool) -> _Text:
    names = Names(text, pointer, secrets)
    tokens = list(split(text))
    if len(tokens) > MOST_TOKENS:
        raise _too_many_tokens()
    compiled = compile_text(names, tokens, syntax, keeps_missing=keeps_missing)
    return _Text(compiled, len(tokens), tuple(names.references), tuple(names.uses))


def _path(path: str) -> Template:
    names = Names(path, "", secrets=False)
    render = compile_path_text(names)
    return Template(tuple(names.references), (), (), constant=False, source=path, _render=render)


def _too_many_tokens() -> TemplateSyntaxError:
    return TemplateSyntaxError(f"This has more than {MOST_TOKENS:,} tags and values.")


_known_text = functools.lru_cache(maxsize=KEPT)(_text)
_known_path = functools.lru_cache(maxsize=KEPT)(_path)


class _TemplateCompiler:
    """Walks one tree, and counts what compiling it costs."""

    def __init__(self, syntaxes: Mapping[str, str], *, secrets: bool, keeps_missing: bool = False) -> None:
        if unknown := [name for name in syntaxes.values() if name not in SYNTAXES]:
            raise ValueError(f"There is no syntax {unknown[0]!r}.")
        self.syntaxes = syntaxes
        self.secrets = secrets
        self.keeps_missing = keeps_missing
        self.references: list[Reference] = []
        self.uses: list[SecretUse] = []
        self.hosts: list[str] = []
        self.whole = False
        self.nodes = self.source = self.tokens = 0

    def compile(self, value: Any) -> Template:
        """Compile the whole tree."""
        render = self.node(value, "", 0)
        return Template(
            references=tuple(self.references),
            secrets=tuple(self.uses),
            templated_hosts=tuple(self.hosts),
            constant=render is None,
            source=value,
            _render=render,
        )

    def node(self, value: Any, pointer: str, depth: int) -> Render | None:
        """Compile one node of the tree; None where it is constant."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self.fault(f"This has more than {MOST_NODES:,} values.", pointer)
        if isinstance(value, str):
            return self.text(value, pointer) if is_template(value) else None
        if not isinstance(value, list | dict):
            return None
        if depth >= DEEPEST_TREE:
            raise self.fault(f"This is nested more than {DEEPEST_TREE} levels deep.", pointer)
        items = value.items() if isinstance(value, dict) else enumerate(value)
        found = [(key, self.node(item, f"{pointer}/{_escaped(key)}", depth + 1)) for key, item in items]
        parts = [(key, render) for key, render in found if render is not None]
        if not parts:
            return None

        def run(scope: Scope) -> Any:
            result = value.copy()
            for key, render in parts:
                result[key] = render(scope)
            return result

        return run

    def text(self, text: str, pointer: str) -> Render:
        """Compile one text."""
        self.source += len(text)
        if len(text) > LONGEST_SOURCE or self.source > MOST_SOURCE:
            raise self.fault("This template is too long: 64 KiB for one text, 256 KiB for all, are the most.", pointer)
        known = _known_text if len(text) <= LONGEST_KEPT else _text
        try:
            found = known(text, pointer, self.syntaxes.get(pointer), self.secrets, self.keeps_missing)
            self.tokens += found.tokens
            if self.tokens > MOST_TOKENS:
                raise _too_many_tokens()
        except TemplateSyntaxError as error:
            error.locate(pointer, text)
            raise
        self.references += found.references
        self.uses += found.uses
        self.whole = found.text.whole and not pointer
        if found.text.templated_host:
            self.hosts.append(pointer)
        return found.text.render

    @staticmethod
    def path(path: str) -> Template:
        """Compile a bare path."""
        return _known_path(path) if len(path) <= LONGEST_KEPT else _path(path)

    @staticmethod
    def fault(sentence: str, pointer: str) -> TemplateSyntaxError:
        """Return an error about a place in the tree."""
        error = TemplateSyntaxError(sentence)
        error.locate(pointer, "")
        return error


def _escaped(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
