"""Notes: made, looked up, listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.rest.endpoint import endpoint
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.creation import creation
from activities.vendors.kustomer.inputs import Mention
from activities.vendors.kustomer.lists import MOST, listing
from activities.vendors.kustomer.notes import FoundNote, Note, note_of
from activities.vendors.kustomer.records import Data, attribute
from activities.vendors.kustomer.service import KUSTOMER, Account

NO_NOTE = FoundNote(found=False)


class NewNote(KustomerConfig):
    """A note on a conversation."""

    conversation: str = Field(min_length=1, description="Id of the conversation.")
    body: str = Field(min_length=1, description="What it says.")
    id: str | None = Field(default=None, min_length=1, description="Id that it shall have; by default one is made.")
    external_id: str | None = Field(default=None, min_length=1, description="Id that another system gives it.")
    user_mentions: list[Mention] | None = Field(
        default=None, description="Who is mentioned, each `{user: id}` or `{team: id}`."
    )
    attachments: list[Any] | None = Field(default=None, description="Attachments that Kustomer has.")
    lang: str | None = Field(default=None, description="Its language, such as `en_us`.")
    imported_at: str | None = Field(default=None, description="When it was imported, as an ISO 8601 instant.")
    created_at: str | None = Field(default=None, description="When it was made; only for keys with `org.admin`.")
    created_by: str | None = Field(default=None, description="Id of who made it; only for keys with `org.admin`.")
    modified_at: str | None = Field(default=None, description="When it was changed; only for keys with `org.admin`.")
    modified_by: str | None = Field(default=None, description="Id of who changed it; only for keys with `org.admin`.")


class NoteById(KustomerConfig):
    """Which note is looked for."""

    id: str = Field(min_length=1, description="Id of the note.")


class NoteByExternalId(KustomerConfig):
    """Which note is looked for."""

    identifier: str = Field(min_length=1, description="Id that another system gave the note.")


class NotesOf(KustomerConfig):
    """Whose notes are read."""

    conversation: str = Field(min_length=1, description="Id of the conversation.")
    page: int | None = Field(default=None, ge=1, description="Page to begin with; by default the first.")
    page_size: int = Field(default=MOST, ge=1, le=MOST, description="Entries of a page; all pages are read.")


def _unwrapped(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"found": True, **note_of(body["data"])}


async def _of_conversation(account: Account, config: NewNote, external_id: str) -> Data | None:
    """Return the conversation's note with an external id: a search would not know yet what was just written."""
    notes = await account.all(f"/v1/conversations/{segment('conversation', config.conversation)}/notes")
    return next((note for note in notes if attribute(note, "externalId") == external_id), None)


@action(
    "kustomer.note_lookup_by_external_id",
    repeat="safe",
    connections=(Kustomer,),
    requests=2,
    example={"identifier": "{{variables.note.externalId}}"},
)
async def note_lookup_by_external_id(config: NoteByExternalId, context: Context) -> FoundNote:
    """Find a note by the id of another system.

    Kustomer's search finds it, which knows what was written some seconds ago.
    """
    account = Account.of(context, config.connection)
    criteria = {"queryContext": "note", "and": [{"note_external_id": {"equals": config.identifier}}]}
    hit = await account.search(criteria)
    note = await account.find(f"/v1/notes/{segment('id', hit['id'])}") if hit else None
    return NO_NOTE if note is None else FoundNote.model_validate({"found": True, **note_of(note)})


NOTES = (
    creation(
        "kustomer.note_create",
        "Create a note on a conversation.",
        "POST /v1/conversations/{conversation}/notes",
        NewNote,
        Note,
        _of_conversation,
        shape=note_of,
        example={"conversation": "{{ticket.id}}", "body": "Asked for a refund of {{variables.amount}}."},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.note_lookup_by_id",
        "Find a note by id.",
        "GET /v1/notes/{id}",
        NoteById,
        FoundNote,
        missing=NO_NOTE,
        unwrap=_unwrapped,
        example={"id": "{{variables.note.id}}"},
    ),
    listing(
        "kustomer.note_find_by_conversation",
        "Read all notes of a conversation.",
        "GET /v1/conversations/{conversation}/notes",
        NotesOf,
        example={"conversation": "{{ticket.id}}"},
    ),
    note_lookup_by_external_id,
)
