"""What the parts of `gateway.yaml` are made of: secrets, and ways to show who has sent a request."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator
from pydantic import model_validator as model_check
from pydantic.alias_generators import to_camel

from workers.gateway.verification import BY_HEADERS, STANDARD_KEY, WAYS, Claims, admits, basic, same, standard_key

Text = Annotated[str, StringConstraints(min_length=1)]
Secrets = Annotated[
    tuple[Text, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given), Field(min_length=1)
]
"""One secret, or a list of those that count side by side while one replaces the other."""


class GatewayPart(BaseModel):
    """What all parts of the file have in common."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=False, alias_generator=to_camel, arbitrary_types_allowed=True
    )


class BasicProof(GatewayPart):
    """HTTP Basic."""

    user: Text
    password: Secrets


class Header(GatewayPart):
    """A header that only the sender knows."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]
    value: Secrets


class Verify(GatewayPart):
    """How a request shows who has sent it: exactly one of these, or the word `none`."""

    bearer: Secrets | None = None
    basic: BasicProof | None = None
    header: Header | None = None
    standard_webhooks: Secrets | None = None
    slack: Secrets | None = None
    twilio: Secrets | None = None
    stripe: Secrets | None = None
    github: Secrets | None = None
    zendesk: Secrets | None = None
    zammad: Secrets | None = None
    kustomer: Secrets | None = None

    @model_check(mode="before")
    @classmethod
    def _one(cls, given: Any) -> Any:
        if given == "none":
            return {}
        known = [to_camel(name) for name in cls.model_fields]
        if not isinstance(given, dict) or len(given) != 1 or next(iter(given)) not in known:
            raise ValueError(f"it says one way, as `{{bearer: …}}`: one of {', '.join(known)}, or the word `none`")
        if next(iter(given.values())) is None:
            raise ValueError(f"`{next(iter(given))}` has no value")
        return given

    @field_validator("standard_webhooks")
    @classmethod
    def _keys(cls, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for secret in given or ():
            if standard_key(secret) is None:
                raise ValueError(STANDARD_KEY)
        return given

    @property
    def kind(self) -> str:
        """The way, as the file names it; `none` where nothing is verified."""
        return next((to_camel(name) for name, value in self if value is not None), "none")

    @property
    def first_secret(self) -> str:
        """The secret that senders use today, of a way that needs a secret alone; the empty text where none does."""
        secrets: tuple[str, ...] = getattr(self, SECRETS[self.kind]) if self.kind in WAYS else ("",)
        return secrets[0]

    @property
    def by_headers(self) -> bool:
        """Whether it can be judged before the body is read."""
        return self.kind in BY_HEADERS

    def admits(self, signed: Claims) -> bool:
        """Say whether a request shows what it must; every secret is tried, whichever fits."""
        if self.basic is not None:
            user = self.basic.user
            return admits(signed, lambda one, password: basic(one, user, password), self.basic.password)
        if self.header is not None:
            name = self.header.name
            return admits(signed, lambda one, value: same(one.header(name), value), self.header.value)
        kind = self.kind
        return kind == "none" or admits(signed, WAYS[kind], getattr(self, SECRETS[kind]))


SECRETS = {to_camel(name): name for name in Verify.model_fields}
"""The attribute of each way, by its name in the file."""
