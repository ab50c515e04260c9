"""Secrets are never rendered: a placeholder stays in the text, and its place goes along beside it."""

from __future__ import annotations

from dataclasses import dataclass

from liquid.builtin.expressions import FilteredExpression
from liquid.builtin.expressions.path import Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.echo_tag import EchoNode
from liquid.expression import Expression

from trunkline.wire import Place, placeholder
from workflows.language.errors import TemplateSyntaxError
from workflows.language.names import HOW_TO_USE_SECRETS, SECRET_NAME, SECRETS, Names, SecretUse


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret at one place of a text: its name, and where `basic` joins two, the password's."""

    name: str
    password: str | None = None

    @property
    def placeholder(self) -> str:
        """What stands in the rendered text."""
        return placeholder(self.name, self.password)

    def place(self, pointer: str, start: int, escape: str | None) -> Place:
        """Return where it goes, for the activity that fills it in."""
        place: Place = {"path": pointer, "name": self.name, "start": start}
        if self.password is not None:
            place["filter"], place["password"] = "basic", self.password
        if escape:
            place["escape"] = escape
        return place


def secret_in(node: OutputNode, names: Names) -> Secret | None:
    """Return the secret that an output is, None where it is something else.

    Raises:
        TemplateSyntaxError: a secret is used in a way that is not allowed.
    """
    expression = node.expression
    if not isinstance(expression, FilteredExpression) or not _is_secret(expression.left):
        return None
    offset = node.token.start_index
    if not names.secrets:
        raise TemplateSyntaxError("A secret cannot stand here.", offset=offset, hint=HOW_TO_USE_SECRETS)
    if names.depth or isinstance(node, EchoNode):
        raise TemplateSyntaxError("A secret cannot stand inside a tag.", offset=offset, hint=HOW_TO_USE_SECRETS)
    secret = Secret(_name(expression.left, offset), _password(expression, offset))
    used = (secret.name,) if secret.password is None else (secret.name, secret.password)
    names.uses.append(SecretUse(used, names.pointer, names.line(offset)))
    return secret


def _is_secret(node: Expression) -> bool:
    return isinstance(node, Path) and node.path[0] == SECRETS


def _name(node: Expression, offset: int) -> str:
    path = node.path if isinstance(node, Path) else []
    if len(path) != 2 or not isinstance(path[1], str):  # noqa: PLR2004  # `secrets` and a name
        raise TemplateSyntaxError("A secret is named by one word.", offset=offset, hint=HOW_TO_USE_SECRETS)
    if not SECRET_NAME.fullmatch(path[1]):
        raise TemplateSyntaxError(
            f"No secret can be called `{path[1][:60]}`: letters, digits, `_` and `-`, and a letter or `_` first.",
            offset=offset,
        )
    return path[1]


def _password(expression: FilteredExpression, offset: int) -> str | None:
    if not expression.filters:
        return None
    first = expression.filters[0]
    if first.name != "basic" or len(expression.filters) > 1:
        raise TemplateSyntaxError(
            f"The filter `{expression.filters[-1].name}` cannot be applied to a secret.",
            offset=offset,
            hint=HOW_TO_USE_SECRETS,
        )
    arguments = [argument.value for argument in first.args]
    if len(arguments) != 1 or not _is_secret(arguments[0]):
        raise TemplateSyntaxError(
            "`basic` takes the password, which is a secret too.", offset=offset, hint=HOW_TO_USE_SECRETS
        )
    return _name(arguments[0], offset)
