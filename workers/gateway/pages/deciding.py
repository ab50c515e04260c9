"""A form that decides: read, quoted with the digest of what was shown, signed, sent, and told what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from workers.client import decisions, holds
from workers.client.wanted import OpenHold
from workers.gateway.intake import reaching_temporal
from workers.gateway.noted import RequestNotes
from workers.gateway.pages import fields
from workers.gateway.pages.difference import difference
from workers.gateway.pages.form import EDITING, PREVIEW, changed, decision_of
from workers.gateway.pages.reading import WITHIN, ReadingPages, Shown, run_of
from workers.gateway.requests import RefusalError
from workflows.holds.wording import changes, hold_address
from workflows.steps.edits import EditError, edited

if TYPE_CHECKING:
    from workers.approvals.signing import SigningKey

TYPED = {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT}
"""Refusals after which the page is shown again, with what was typed into it."""

STALE = "The request is not the one you saw: look at it again, then decide."


@dataclass(frozen=True, slots=True)
class Deciding:
    """Decides for people who have signed in.

    Attributes:
        reading: shows the page again, where something does not count.
        key: what signs decisions about holds that are `verified`.
    """

    reading: ReadingPages
    key: SigningKey | None

    async def decide(self, form: Mapping[str, str], person: str, known: RequestNotes) -> Shown | str:
        """Send a decision; return the address of the hold's page where it counts, else the page that says why not.

        Args:
            form: the fields of the page's own form.
            person: who has signed in.
            known: is told what the run answers.

        Raises:
            Refusal: the form is malformed (400), or Temporal does not answer (503).
            TrunklineError: it could not be sent; the sentence says why.
        """
        run = run_of(form)
        try:
            return await self._decide(form, run, decision_of(form, person), known)
        except RefusalError as no:
            if no.status not in TYPED or not form.get("hold"):
                raise
            again = self.reading.hold(run, form["hold"], person, status=no.status, typed=form, sentence=no.sentence)
        return await again

    async def _decide(
        self, form: Mapping[str, str], run: str, decision: dict[str, Any], known: RequestNotes
    ) -> Shown | str:
        client, name, person = self.reading.client, decision["hold"], decision["by"]
        async with reaching_temporal(WITHIN):
            held = await holds.look(client, run)
            hold = next((one for one in held or [] if one["hold"] == name), None)
            if decision["decision"] in EDITING:
                decision |= self._edits(form, decision, hold)
            if decision["decision"] == PREVIEW:
                return await self._preview(form, decision, hold, person)
            if hold is not None:
                decision = decisions.sealed(decision, hold, run, self.key)
            answer = await decisions.decide(client, run, decision, answered=held is not None)
        known.decision = answer.result
        if answer.accepted:
            return hold_address("", run, name)
        malformed = answer.result in {"invalid", "malformed"}
        raise RefusalError(HTTPStatus.BAD_REQUEST if malformed else HTTPStatus.CONFLICT, answer.message)

    def _edits(self, form: Mapping[str, str], decision: Mapping[str, Any], hold: OpenHold | None) -> dict[str, Any]:
        """Return the edits that a form says: as JSON, or as the fields of the request.

        Raises:
            Refusal: they are malformed, or change nothing (400), or are about another request (409).
        """
        wanted = decision.get("edits")
        if hold is None:
            return {} if wanted is None else {"edits": wanted}
        request = hold["request"]
        if wanted is None:
            wanted = fields.edits(form, request["config"], request.get("secrets") or [])
            if wanted is not None and hold["digest"] != decision["digest"]:
                raise RefusalError(HTTPStatus.CONFLICT, STALE)
        if wanted is None and decision["decision"] == "retry":
            return {}
        if wanted is None:
            raise RefusalError(HTTPStatus.BAD_REQUEST, "An edit says in `edits` what it changes.")
        return {"edits": changed(wanted, request["config"])}

    async def _preview(
        self, form: Mapping[str, str], decision: Mapping[str, Any], hold: OpenHold | None, person: str
    ) -> Shown:
        """Show what an edit would change, and send nothing."""
        run, name = form["run"], decision["hold"]
        if hold is None or hold["digest"] != decision["digest"]:
            raise RefusalError(HTTPStatus.CONFLICT, STALE)
        before = hold["request"]["config"]
        try:
            after = edited(before, decision["edits"], hold["request"].get("secrets") or [])
        except EditError as error:
            raise RefusalError(HTTPStatus.BAD_REQUEST, str(error)) from None
        shown, sent = difference(changes(before, after)), json.dumps(decision["edits"])
        return await self.reading.hold(run, name, person, typed=form, changes=shown, edits=sent)
