"""One step of a workflow of Keep: its provider, its conditions, its loop, and what it adds to alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.importing.draft import Draft, Unit
from workers.importing.keep.conditions import Conditions, Needs, condition_of, older, older_of
from workers.importing.keep.expressions import Expression, KeepCall, KeepReference, Literal, parsed, way_of
from workers.importing.keep.given import ImportedStep, ProviderKeys, connection_of, request
from workers.importing.keep.providers import PROVIDERS, UNSAYABLE
from workers.importing.keep.providers.keep_itself import API, signed_in
from workers.importing.keep.scope import KeepScope, SavedResult, spelt, variable_of
from workers.importing.keep.texts import text_of, value_of
from workers.importing.unsaid import ODD, Unsaid, UnsayableError

ENRICHED = ("enrich_alert", "enrich_incident")
MODEL = "generate_ai_response"
_KNOWN = {"name", "provider", "if", "condition", "foreach", "vars", "continue", "on-failure", "description", "id"}
_TESTS = {"in": "in", "ne": "not_equals", "eq": "equals", "equalto": "equals", "==": "equals", "!=": "not_equals"}


@dataclass(frozen=True, slots=True)
class Making:
    """A workflow that is being translated.

    Attributes:
        draft: the automation so far.
        scope: what names mean; the result of each step is added.
        needs: what conditions need around them.
    """

    draft: Draft
    scope: KeepScope
    needs: Needs


def translate(path: str, step: Mapping[str, Any], name: str, making: Making) -> None:
    """Add a step to a draft, or say why it cannot be said.

    Args:
        path: where it stands, such as `actions[0]`.
        step: what its author wrote.
        name: what it is called.
        making: the workflow; the steps are added to its draft.
    """
    try:
        for one in _named_conditions(step):
            making.scope.aliases[str(one["alias"])] = older(one)
        steps = _Step(path, step, name, making).build()
    except UnsayableError as error:
        making.scope.saved[name] = None
        making.draft.unsaid.append(Unsaid(path, f"The step {name!r} cannot be said: {error}"))
        return
    except ODD:
        making.scope.saved[name] = None
        making.draft.unsaid.append(Unsaid(path, f"The step {name!r} cannot be said: it has not the form of a step."))
        return
    making.draft.units.append(Unit(path, name, steps))


def _named_conditions(step: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = step.get("condition")
    return [one for one in listed if isinstance(one, Mapping) and "alias" in one] if isinstance(listed, list) else []


class _Step:
    """Builds what stands for one step."""

    def __init__(self, path: str, step: Mapping[str, Any], name: str, making: Making) -> None:
        self.path, self.step, self.name = path, step, name
        self.draft, self.scope, self.needs = making.draft, making.scope, making.needs
        provider = step.get("provider")
        if not isinstance(provider, Mapping) or not provider.get("type"):
            raise UnsayableError("it has no `provider` with a `type`.")
        self.provider = provider
        self.kind = str(provider["type"])
        self.variable = variable_of(name)
        self.fill: dict[str, None] = {}

    def build(self) -> list[dict[str, Any]]:
        """Return the steps; the scope then knows where their result is."""
        maker = PROVIDERS.get(self.kind)
        if maker is None:
            reason = UNSAYABLE.get(self.kind, "nothing here is known to do what it does; use `http_request`")
            raise UnsayableError(f"of its provider `{self.kind}`, {reason}.")
        listed, chosen = self._list()
        inner = self.scope if listed is None else self.scope.inside(item=True, bare="item" if self._each() else None)
        self.needs.before.clear()
        conditions = [*chosen, *self._conditions(inner)]
        before = [*self.needs.before, *self._variables(inner)]
        given = self._given(inner)
        made = maker(given)
        body = self._body(made, inner, looped=listed is not None)
        self._left(given)
        self.draft.fill.update(given.fill)
        steps = self._joined(conditions, before, body)
        if listed is None:
            self.scope.saved[self.name] = SavedResult(self.variable, made.results, made.fields)
            self._items(made)
            return steps
        loop: dict[str, Any] = {"label": self.name, "forEach": listed, "actions": steps}
        if self.variable in self.scope.read:
            loop |= {"collect": f"{{{{{spelt(('variables', f'{self.variable}_one', *made.results))}}}}}"}
            loop |= {"saveAs": self.variable}
        self.scope.saved[self.name] = SavedResult(self.variable)
        return [loop]

    def _items(self, made: ImportedStep) -> None:
        self.scope.saved[""] = SavedResult(self.variable, made.items) if made.items else None

    def _each(self) -> bool:
        """Say whether the step makes an alert of each result of the step before, whose fields it names bare."""
        return self.kind == "keep" and "foreach" not in self.step

    def _list(self) -> tuple[str | None, list[Conditions]]:
        """Return the list that the step loops over, None where it does not, and what is chosen of it."""
        text = self.step.get("foreach")
        if text is None:
            before = self.scope.saved.get("")
            raises = {"alert", "alert_name"} & {str(key) for key in self.provider.get("with") or {}}
            if not self._each() or not raises or before is None:
                return None, []
            return f"{{{{{spelt(('variables', before.variable, *before.results))}}}}}", []
        found: Expression = parsed(str(text).strip())
        chosen: list[Conditions] = []
        while isinstance(found, KeepCall) and found.name in {"selectattr", "rejectattr", "list"} and found.arguments:
            if found.name != "list":
                chosen.insert(0, self._selected(found))
            found = found.arguments[0]
        if not isinstance(found, KeepReference):
            raise UnsayableError(f"its list `{str(text).strip()}` is worked out in a way that has no word here.")
        return f"{{{{{self.scope.path(found.way)}}}}}", chosen

    def _selected(self, found: KeepCall) -> Conditions:
        words = [one.value for one in found.arguments[1:] if isinstance(one, Literal)]
        if len(words) != 3 or words[1] not in _TESTS:  # noqa: PLR2004 - the field, the test and the value
            raise UnsayableError("`selectattr` is used with a test that has no word here.")
        test = {"field": spelt(("item", *way_of(str(words[0])))), "operator": _TESTS[words[1]], "value": words[2]}
        return {"not": test} if found.name == "rejectattr" else test

    def _conditions(self, scope: KeepScope) -> list[Conditions]:
        found = older_of(self.step["condition"], scope, self.needs) if self.step.get("condition") else []
        nested = (self.provider.get("with") or {}).get("if") if self.kind == "keep" else None
        texts = [text for text in (self.step.get("if"), nested) if text not in (None, "")]
        return [*found, *(condition_of(text, scope, self.needs) for text in texts)]

    def _variables(self, scope: KeepScope) -> list[dict[str, Any]]:
        values = self.step.get("vars")
        if not isinstance(values, Mapping) or not values:
            return []
        made = {variable_of(str(key)): value_of(value, scope) for key, value in values.items()}
        self.scope.variables.update(dict.fromkeys(str(key) for key in values))
        return [{"set": made}]

    def _given(self, scope: KeepScope) -> ProviderKeys:
        values = self.provider.get("with") or {}
        if not isinstance(values, Mapping):
            raise UnsayableError("`with` is no object.")
        own = {str(key): value for key, value in values.items() if key not in ENRICHED}
        name = connection_of(self.provider.get("config")) or self.kind
        return ProviderKeys(provider=self.kind, connection=name, scope=scope, variable=self.variable, values=own)

    def _left(self, given: ProviderKeys) -> None:
        """Tell of the keys that nothing was made of."""
        place = f"{self.path}.provider.with"
        for key in given.values:
            if key not in given.taken:
                self.draft.unsaid.append(
                    Unsaid(f"{place}.{key}", f"`{key}` of the step {self.name!r} has no word here.")
                )
        for key in self.step.keys() - _KNOWN:
            self.draft.unsaid.append(
                Unsaid(f"{self.path}.{key}", f"`{key}` of the step {self.name!r} has no word here.")
            )

    def _body(self, made: ImportedStep, scope: KeepScope, *, looped: bool) -> list[dict[str, Any]]:
        steps = [dict(step) for step in made.steps]
        variable = f"{self.variable}_one" if looped else self.variable
        if steps:
            steps[-1] = {"label": self.name[:200], **self._last(steps[-1], variable, made)}
        enriched = SavedResult(variable, made.results, made.fields)
        own = {**scope.saved, self.name: enriched}
        inner = scope.inside()
        inner.saved = own
        steps += [step for key in ENRICHED if (step := self._enriched(key, inner, looped=looped)) is not None]
        if self.step.get("continue") is False:
            steps.append({"label": f"End after {self.name}"[:200], "stop": "completed"})
        if not steps:
            raise UnsayableError("it does nothing.")
        return steps

    def _last(self, step: dict[str, Any], variable: str, made: ImportedStep) -> dict[str, Any]:
        if made.itself:
            return {"set": {variable: next(iter(step["set"].values()))}}
        if self._is_read() or step["actionType"] == MODEL:
            step["saveAs"] = variable
        self._retry(step)
        return step

    def _is_read(self) -> bool:
        values = self.provider.get("with") or {}
        added = [one for key in ENRICHED for one in values.get(key) or []]
        return self.variable in self.scope.read or any(_result(one.get("value")) is not None for one in added)

    def _retry(self, step: dict[str, Any]) -> None:
        retry = (self.step.get("on-failure") or {}).get("retry")
        if not isinstance(retry, Mapping) or "actionType" not in step:
            return
        step["retry"] = {"maximumAttempts": int(retry.get("count", 0)) + 1, "onUnknown": "retry"}
        if retry.get("interval"):
            step["retry"]["initialInterval"] = f"{retry['interval']}s"

    def _enriched(self, key: str, scope: KeepScope, *, looped: bool) -> dict[str, Any] | None:
        """Return the request that writes values to Keep's alert or incident; None where the step has none."""
        rows = (self.provider.get("with") or {}).get(key)
        if not rows:
            return None
        values = {str(row["key"]): self._added(row.get("value"), scope) for row in rows}
        whose = "item" if looped else key.removeprefix("enrich_")
        headers = signed_in(self.fill)
        self.draft.fill.update(self.fill)
        label = f"Write what {self.name} found to Keep"[:200]
        if key == "enrich_incident":
            url = f"{API}/incidents/{{{{{self._root(whose, scope)}.id}}}}/enrich"
            step = request("POST", url, headers=headers, body={"enrichments": values})
            return {"label": label, **step}
        body = {"fingerprint": f"{{{{{self._root(whose, scope)}.fingerprint}}}}", "enrichments": values}
        query = {"dispose_on_new_alert": True} if any(row.get("disposable") for row in rows) else None
        return {"label": label, **request("POST", f"{API}/alerts/enrich", headers=headers, query=query, body=body)}

    def _root(self, whose: str, scope: KeepScope) -> str:
        return "item" if whose == "item" else scope.path((whose, "id")).removesuffix(".id")

    def _added(self, value: Any, scope: KeepScope) -> Any:
        """Return a value that is written to Keep; `results.…` is of the step's own result."""
        way = _result(value)
        if way is not None:
            return f"{{{{{scope.path(('steps', self.name, *way))}}}}}"
        return text_of(value, scope) if isinstance(value, str) else value

    def _joined(
        self, conditions: list[Conditions], before: list[dict[str, Any]], body: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        remembered = [step for step in before if "set" not in step]
        steps = [*(step for step in before if "set" in step), *body]
        if not conditions:
            return [*remembered, *steps]
        held = conditions[0] if len(conditions) == 1 else {"all": conditions}
        if len(steps) == 1:
            only = dict(steps[0])
            label = {"label": only.pop("label")} if "label" in only else {}
            return [*remembered, {**label, "conditions": held, **only}]
        return [*remembered, {"label": f"If {self.name}"[:200], "branch": [{"conditions": held, "actions": steps}]}]


def _result(value: Any) -> tuple[str | int, ...] | None:
    """Return the way in the step's own result that a value of an enrichment is; None where it is a plain value."""
    text = value.strip() if isinstance(value, str) else ""
    return way_of(text) if text == "results" or text.startswith(("results.", "results[")) else None
