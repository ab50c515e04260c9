"""`trunkline talkdesk`: what Talkdesk must be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cyclopts import App

from workers.cli.screen import print_json

talkdesk = App(name="talkdesk", help="What Talkdesk must be told of this bridge.", help_epilogue="")

PLACEHOLDER = "A" * 43 + "="
"""Stands for every secret: none is part of what is printed, and none has to be here."""


@talkdesk.command(help_epilogue="")
def manifest(automation: str, /, *, config: Path | None = None) -> int:
    """Print the definitions of the integration and of the action that run an automation from Talkdesk, as JSON.

    Keys, labels and mandatory inputs are those that the automation's `trigger.data` declares for `data`. The folder of
    automations is that of TRUNKLINE_AUTOMATIONS, else `automations`.

    Args:
        automation: the automation's name.
        config: the gateway's file (`gateway.yaml`).

    Returns:
        0 if it is complete, 1 if the file or the automation does not say what is needed.
    """
    from workers.gateway import talkdesk_manifest as written
    from workers.gateway.config import FILE, load_config

    loaded = load_config(config or FILE, _Anything())
    print_json(written.manifest(loaded, automation, _declared(automation)))
    return 0


class _Anything(Mapping[str, str]):
    """An environment in which every variable is set."""

    def __getitem__(self, _name: str) -> str:
        return PLACEHOLDER

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _declared(automation: str) -> Any:
    """Return the `trigger.data` of an automation.

    Raises:
        NotFoundError: there is no such automation.
    """
    from workers.cli.dev import default_folder
    from workers.definitions.folder import definition_files
    from workers.definitions.loading import UnreadableFileError, read
    from workers.errors import NotFoundError

    folder = default_folder()
    for path in definition_files(folder):
        try:
            data, _ = read(path)
        except UnreadableFileError:
            continue  # `trunkline validate` says what is wrong with it
        if data.get("name") == automation:
            trigger = data.get("trigger")
            return trigger.get("data") if isinstance(trigger, dict) else None
    raise NotFoundError(f"No file of {folder} has the automation {automation!r}.")
