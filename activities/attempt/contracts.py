"""What the actions' contracts say about a request that waits for people, and about a result that people supply."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from activities.action import CONNECTION, PARAMS, Action, Config, names
from activities.attempt.results import kept, whole, written
from activities.attempt.scrubber import Scrubber
from activities.attempt.secrets import Secrets
from activities.bounds import cut, scrubbing
from activities.connections import Connections
from activities.descriptions.store import Store, usual_store
from activities.errors import Refused, ResultTooLarge
from activities.http_client.json_body import with_whole_numbers
from activities.violations import sentence_of
from trunkline.wire import DEEPEST, Call, HeldOperation, Pick, Request, nests_deeper

LONGEST_MESSAGE = 2_000

DESTINATIONS = frozenset(
    ("address", "connection", "endpoint", "host", "method", "recording", "redirects", "uri", "url")
)
"""Last words of the fields that decide where a request goes."""

OPERATION = (CONNECTION, "action_id")
"""The fields of a config that say which described operation it is."""

LARGEST_BODY = 32 * 1024
"""Characters of a body that are shown beside the config, which has it too: a hold takes room in its run."""

SUPPLIED = "The supplied result"


class Contracts:
    """The actions of one worker, as those who decide about a held step must keep to them.

    Args:
        catalog: every action by name.
        secrets: the worker's secrets.
        scrubber: removes their values from every sentence.
        result_limit: most bytes of one result.
        connections: the worker's connections.
        descriptions: the descriptions of this machine.
    """

    def __init__(  # noqa: PLR0913 # what a worker has, by name
        self,
        catalog: Mapping[str, Action],
        secrets: Secrets,
        scrubber: Scrubber,
        result_limit: int,
        *,
        connections: Connections | None = None,
        descriptions: Store | None = None,
    ) -> None:
        self.catalog = catalog
        self.secrets = secrets
        self.scrubber = scrubber
        self.result_limit = result_limit
        self.connections = connections or Connections({}, ())
        self.descriptions = descriptions or usual_store()

    def refusal(self, request: Request) -> str | None:
        """Return why a request could never be sent by this worker, or None."""
        return self._sentence(lambda: self._unfit(request))

    def is_described(self, request: Request) -> bool:
        """Say whether a request is for an operation of a described service."""
        return self._action(request["actionType"]).operation is not None

    def operation(self, request: Request) -> HeldOperation:
        """Return the described operation that a request is for, and what it sends.

        Raises:
            Refused: there is no such operation, or it does not take the request's params.
            NotAtHandError: its description has to be fetched first.
        """
        action = self._action(request["actionType"])
        if action.operation is None:
            raise Refused(f"{action.name} carries out no operation of a described service.")
        config = request["config"]
        with scrubbing(self.scrubber.scrub):
            found = action.operation(config, self.connections, self.descriptions)
            connection = self.connections.pick(action.connections, action=action.name, name=config.get(CONNECTION))
            shown = found.preview(connection, config.get(PARAMS) or {})
        held: HeldOperation = {
            "id": found.id,
            "digest": found.pin().digest,
            "method": shown.method,
            "address": self.scrubber.scrub(shown.address),
        }
        if shown.body is not None and len(json.dumps(shown.body)) <= LARGEST_BODY:
            held["body"] = self.scrubber.scrub_json(shown.body)
        return held

    def redirection(self, before: Request, after: Request) -> str | None:
        """Return what an edit must not change: where secrets go, and that a request may be repeated; or None."""
        return self._sentence(lambda: self._redirection(before, after))

    def supplied(self, action_type: str, result: Any, pick: Pick | None) -> tuple[Any, list[Any]]:
        """Return what is kept of a result that a person supplies, and the paths of `pick` that found nothing.

        Raises:
            Refused: it is no result of that action, or cannot be kept.
        """
        if nests_deeper(result, DEEPEST):
            raise Refused(f"{SUPPLIED} nests deeper than {DEEPEST} levels.")
        with scrubbing(self.scrubber.scrub):
            answer = kept(self._result(action_type, result), pick)
        try:
            answer = json.loads(written(answer, self.scrubber, self.result_limit, what=SUPPLIED))
        except ResultTooLarge as error:
            raise Refused(str(error)) from None
        return answer["result"], answer.get("missing", [])

    def _action(self, name: str) -> Action:
        action = self.catalog.get(name)
        if action is None:
            raise Refused(f"This worker has no action {name}.")
        return action

    def _parsed(self, request: Request) -> Config:
        return configured(self._action(request["actionType"]), request, self.secrets, self.scrubber)

    def _unfit(self, request: Request) -> None:
        self._parsed(request)

    def _redirection(self, before: Request, after: Request) -> str | None:
        action = self._action(before["actionType"])
        earlier, now = self._parsed(before), self._parsed(after)
        moved = [
            names(type(now), name)[0] for name in _destinations(now) if getattr(earlier, name) != getattr(now, name)
        ]
        if moved and (before.get("secrets") or after.get("secrets")):
            return (
                f"The request carries secrets, so an edit cannot change where it goes: {', '.join(moved)} must stay. "
                "Reject it, and let the automation send the right one."
            )
        if action.operation is not None and (other := [key for key in OPERATION if _differs(earlier, now, key)]):
            return (
                "An edit cannot make a step carry out another operation, because the run has decided what may be "
                f"repeated: {', '.join(names(type(now), key)[0] for key in other)} must stay. Reject it instead."
            )
        if action.repeats(after["config"]) == "never" != action.repeats(before["config"]):
            return (
                "An edit cannot make a step that may be repeated when its outcome is unknown into one that must not "
                "be: the run has decided that already. Reject it, and let the automation send the right one."
            )
        return None

    def _result(self, action_type: str, result: Any) -> Any:
        model = self._action(action_type).result
        if model is None:
            return result
        known = {key: names(model, name)[0] for name in model.model_fields for key in names(model, name)}
        if isinstance(result, dict) and (unknown := next((key for key in result if key not in known), None)):
            gives = ", ".join(dict.fromkeys(known.values()))
            raise Refused(f"{SUPPLIED} has {cut(unknown, 100)!r}, which {action_type} does not give; it gives {gives}.")
        try:
            return model.model_validate(result)
        except ValidationError as error:
            raise Refused(f"{SUPPLIED} is not what {action_type} gives: {sentence_of(error)}.") from None

    def _sentence(self, judge: Callable[[], str | None]) -> str | None:
        """Return a verdict as people may read it: a contract that breaks over a request refuses it."""
        try:
            with scrubbing(self.scrubber.scrub):
                sentence = judge()
        except Refused as refused:
            sentence = str(refused)
        except Exception as error:  # noqa: BLE001 # a contract of a user's own may raise anything
            sentence = (
                f"The config cannot be judged by the action's contract: {type(error).__name__}: {sentence_of(error)}"
            )
        return sentence and self.scrubber.scrub(whole(sentence))[:LONGEST_MESSAGE]


def configured(action: Action, call: Call | Request, secrets: Secrets, scrubber: Scrubber) -> Config:
    """Return a call's config with its secrets, held to the contract.

    Raises:
        Refused: a secret is missing, or the config is not what the action takes.
    """
    places = call.get("secrets", ())
    scrubber.learn(secrets.values(places))
    try:
        return action.config.model_validate(secrets.fill(with_whole_numbers(call["config"]), places))
    except ValidationError as error:
        raise Refused(f"The step's config is not what {action.name} takes: {sentence_of(error)}.") from None


def _differs(earlier: Config, now: Config, field: str) -> bool:
    return getattr(earlier, field, None) != getattr(now, field, None)


def _destinations(config: Config) -> list[str]:
    return [name for name in type(config).model_fields if name.rpartition("_")[2] in DESTINATIONS]
