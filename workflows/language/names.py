"""What the compiler knows about one text: which names its tags make, and which roots and secrets it uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from liquid.ast import Node

from workflows.language.errors import TemplateSyntaxError

Segment = str | int

CLOCK = ("now", "today")
SECRETS = "secrets"
RESERVED = (*CLOCK, SECRETS)
SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
WORD = re.compile(r"[^\W\d][\w-]*")

HOW_TO_USE_SECRETS = (
    "A secret stands only in an action's `config`, plain: `{{secrets.name}}`, "
    "or for HTTP Basic `{{secrets.user | basic: secrets.password}}`."
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a root.

    Attributes:
        pointer: JSON pointer of the text in the compiled tree.
        path: the root and the keys after it, up to the first that only the data decides.
        line: line within the text, counted from 0.
    """

    pointer: str
    path: tuple[Segment, ...]
    line: int


@dataclass(frozen=True, slots=True)
class SecretUse:
    """One use of a secret; it stands plainly, else the template would not compile.

    Attributes:
        names: the secret's name; where `basic` joins two, the user's and the password's.
        pointer: JSON pointer of the text in the compiled tree.
        line: line within the text, counted from 0.
    """

    names: tuple[str, ...]
    pointer: str
    line: int


@dataclass(slots=True)
class Names:
    """One text while it is compiled.

    Attributes:
        text: what its author wrote.
        pointer: where in the tree it is.
        secrets: whether it may use secrets.
        made: every name that any of its tags makes.
    """

    text: str
    pointer: str
    secrets: bool
    made: frozenset[str] = frozenset()
    references: list[Reference] = field(default_factory=list)
    uses: list[SecretUse] = field(default_factory=list)
    depth: int = 0
    loops: int = 0
    _assigned: set[str] = field(default_factory=set)
    _blocks: list[tuple[str, ...]] = field(default_factory=list)

    def line(self, offset: int) -> int:
        """Return the line, counted from 0, of a place in the text."""
        return self.text.count("\n", 0, max(offset, 0))

    def refer(self, path: tuple[Segment, ...], offset: int) -> None:
        """Note the use of a root, unless the name is the text's own here."""
        if path[0] not in self._assigned and not any(path[0] in block for block in self._blocks):
            self.references.append(Reference(self.pointer, path, self.line(offset)))

    def assign(self, name: str, offset: int) -> None:
        """Note that from here on a name is the text's own."""
        self._check(name, offset)
        self._assigned.add(name)

    @contextmanager
    def loop(self, name: str, offset: int) -> Iterator[None]:
        """Note that within a loop two names are its own."""
        self._check(name, offset)
        self._blocks.append((name, "forloop"))
        self.loops += 1
        yield
        self.loops -= 1
        self._blocks.pop()

    @staticmethod
    def _check(name: str, offset: int) -> None:
        if name in RESERVED:
            raise TemplateSyntaxError(f"`{name}` has its own meaning and cannot be given another.", offset=offset)


def names_made(nodes: Sequence[Node]) -> frozenset[str]:
    """Return every name that the tags of a text make."""
    made: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        made.update(str(name) for name in (*node.template_scope(), *node.block_scope()))
        waiting.extend(inside(node))
    return frozenset(made)


def inside(node: Node) -> Iterable[Node]:
    """Return the nodes inside a tag."""
    return node.children(None)  # type: ignore[arg-type]  # the context is for tags that load templates, and none does


def written(path: Sequence[object]) -> str:
    """Return a path as its author would write it: `contact.emails[3]`, `contact["first name"]`."""
    shown = ""
    for segment in path:
        if isinstance(segment, str) and WORD.fullmatch(segment):
            shown += f".{segment}" if shown else segment
        elif isinstance(segment, str):
            quote = "'" if '"' in segment else '"'
            shown += f"[{quote}{segment}{quote}]"
        else:
            shown += f"[{segment}]"
    return shown
