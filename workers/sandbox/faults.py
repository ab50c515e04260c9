"""Faults that the sandbox is to have next time."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from activities.http_client.sandboxed import HOSTS


class Fault(BaseModel):
    """One way to misbehave, a number of times.

    Without `status`, `body` and `drop` the vendor answers as always, only later (`late`, `delay`).
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True, alias_generator=to_camel)

    vendor: str | None = Field(default=None, description="Which vendor misbehaves.")
    host: str | None = Field(default=None, description="Which host misbehaves: shop.example.com.")
    path: str | None = Field(
        default=None, description="Beginning of the paths that misbehave: /http/shop, or of the host's: /orders."
    )
    method: str | None = Field(default=None, description="Which method misbehaves, such as POST; by default any.")
    times: int = Field(default=1, ge=1, description="For how many requests.")
    status: int | None = Field(default=None, ge=100, le=599, description="HTTP status to answer with.")
    body: Any = Field(default=None, description="Body to answer with: text as it stands, anything else as JSON.")
    retry_after: int | None = Field(default=None, ge=0, description="Seconds that the answer advises to wait.")
    late: float = Field(default=0, ge=0, le=3600, description="Seconds that pass before the request has its effect.")
    delay: float = Field(default=0, ge=0, le=3600, description="Seconds that pass between the effect and the answer.")
    drop: Literal["before", "after"] | None = Field(
        default=None, description="Hang up without an answer: before the request has its effect, or after."
    )
    accept: bool | None = Field(
        default=None,
        description="Whether the request has its effect nevertheless; by default only with `late`, `delay` or "
        "`drop: after`.",
    )

    @model_validator(mode="after")
    def _aims(self) -> Fault:
        if self.vendor is None and self.host is None and self.path is None:
            raise ValueError("a fault needs a `vendor` or a `path`, or a `host`")
        return self

    @property
    def accepts(self) -> bool:
        """Whether the request has its effect although the caller is not told so."""
        return (
            (self.status is None and self.body is None and self.drop != "before")
            if self.accept is None
            else self.accept
        )

    @property
    def answers(self) -> bool:
        """Whether it replaces the vendor's own answer."""
        return self.status is not None or self.body is not None

    def hits(self, vendor: str, path: str, method: str) -> bool:
        """Say whether a request is meant."""
        begin = self.path or "/"
        if self.host is not None:
            begin = f"{HOSTS}{self.host.lower()}{begin if begin.startswith('/') else f'/{begin}'}"
        meant = self.method is None or self.method.upper() == method
        return meant and self.vendor in (None, vendor) and path.startswith(begin)

    def shown(self) -> dict[str, Any]:
        """Return it as it would be asked for."""
        return self.model_dump(by_alias=True, exclude_defaults=True)


class Faults:
    """Faults in the order in which they were asked for; the first that fits a request is used up first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Have this fault next."""
        self._waiting.append(fault.model_copy())

    def take(self, vendor: str, path: str, method: str) -> Fault | None:
        """Return the fault that this request meets, and use it up once."""
        for fault in self._waiting:
            if fault.hits(vendor, path, method):
                fault.times -= 1
                if fault.times == 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def shown(self) -> list[dict[str, Any]]:
        """Return what is still to come."""
        return [fault.shown() | {"times": fault.times} for fault in self._waiting]

    def clear(self) -> None:
        """Behave from now on."""
        self._waiting.clear()
