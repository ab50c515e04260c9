"""Picks: which parts of an action's result are kept, as paths that activities follow."""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.wire import Pick, PickPath
from workflows.language.template import TemplateSyntaxError, compile_path


def compile_pick(pick: str | Mapping[str, str]) -> Pick:
    """Return the segments of a picked path, or of each path by its name.

    Raises:
        TemplateSyntaxError: one is no plain path, or goes through another value.
    """
    if isinstance(pick, str):
        return read_path(pick)
    return {name: read_path(path) for name, path in pick.items()}


def read_path(path: str) -> PickPath:
    """Return the segments of one path: `body.items[0]["first name"]` is `body`, `items`, 0 and `first name`.

    Raises:
        TemplateSyntaxError: see `compile_pick`.
    """
    references = compile_path(path).references
    if len(references) != 1:
        raise TemplateSyntaxError(
            "A path of `pick` cannot look anything up: the result is all there is.",
            hint='write the key itself, in quotes: `body["first name"]`',
        )
    return list(references[0].path)
