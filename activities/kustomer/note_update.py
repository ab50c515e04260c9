"""The action that changes a note, where no person wrote it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.errors import Refused
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.inputs import Mention
from activities.vendors.kustomer.notes import Note, note_of
from activities.vendors.kustomer.records import Data, attribute
from activities.vendors.kustomer.service import Account

MACHINE = "machine"


class NoteChange(KustomerConfig):
    """What is changed; the rest of the note stays."""

    id: str = Field(min_length=1, description="Id of the note.")
    body: str | None = Field(default=None, min_length=1, description="What it says.")
    conversation: str | None = Field(default=None, min_length=1, description="Id of the conversation that it goes to.")
    external_id: str | None = Field(default=None, min_length=1, description="Id that another system gives it.")
    user_mentions: list[Mention] | None = Field(
        default=None, description="Who is mentioned, each `{user: id}` or `{team: id}`."
    )
    attachments: list[Any] | None = Field(default=None, description="Attachments that Kustomer has.")
    deleted: bool | None = Field(default=None, description="Whether it is deleted (softly).")
    lang: str | None = Field(default=None, description="Its language, such as `en_us`.")


@action(
    "kustomer.note_update",
    repeat="safe",
    connections=(Kustomer,),
    requests=3,
    writes=("note:id",),
    example={"id": "{{variables.note.id}}", "body": "The refund was made."},
)
async def note_update(config: NoteChange, context: Context) -> Note:
    """Change a note that an automation made.

    Who made it is looked up first: the note of a person is refused.
    """
    account = Account.of(context, config.connection)
    path = f"/v1/notes/{segment('id', config.id)}"
    await _check(account, await account.get(path))
    change = config.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"id", "connection"})
    return Note.model_validate(note_of(await account.send("PATCH", path, json=change)))


async def _check(account: Account, note: Data) -> None:
    """Let a note pass that no person made.

    Raises:
        Refused: a person made it, or nobody knows who.
    """
    relation = (note.get("relationships") or {}).get("createdBy")
    author = relation.get("data") if isinstance(relation, dict) else None
    if not isinstance(author, dict) or author.get("type") != "user":
        return
    user = await account.find(f"/v1/users/{segment('createdBy', author.get('id'))}")
    if user is None or attribute(user, "userType") != MACHINE:
        raise Refused("A person wrote this note, and only notes of automations are changed: add a note instead.")
