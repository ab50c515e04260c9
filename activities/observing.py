"""Who watches an attempt: is told which connection it uses and what it sends. Nobody does unless a worker says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from typing import Protocol

Answered = Callable[[int], None]
"""Is told the status of the answer."""


class Observer(Protocol):
    """Watches one attempt of an action, and never learns what a message says."""

    def uses(self, name: str, kind: str) -> None:
        """Be told which connection the attempt uses, and of which kind it is."""

    def sends(self, method: str, host: str, port: int) -> AbstractContextManager[Answered]:
        """Return what lasts for as long as a request to a vendor does."""


_observers: ContextVar[tuple[Observer, ...]] = ContextVar("observers", default=())


@contextmanager
def observed(by: Observer) -> Iterator[None]:
    """Let an observer watch too what happens in this context."""
    token = _observers.set((*_observers.get(), by))
    try:
        yield
    finally:
        _observers.reset(token)


def using(name: str, kind: str) -> None:
    """Tell who watches that the attempt uses a connection."""
    for observer in _observers.get():
        observer.uses(name, kind)


@contextmanager
def sending(method: str, host: str, port: int) -> Iterator[Answered]:
    """Let a request to a vendor be watched; what is yielded is told the status of its answer."""
    with ExitStack() as stack:
        watchers = [stack.enter_context(observer.sends(method, host, port)) for observer in _observers.get()]

        def answered(status: int) -> None:
            for tell in watchers:
                tell(status)

        yield answered
