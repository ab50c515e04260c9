"""The idempotency key of a step, made of what its run and its attempts both know: no history has to carry it."""

from __future__ import annotations

import hashlib
import uuid

from trunkline.wire import Call

KEYS = uuid.UUID("b7a5f0c2-6d0e-5e0b-9c39-0d5a3a1f7e55")
"""Namespace of all idempotency keys; changing it would send again what older runs have sent."""

_NAMESPACE = hashlib.sha1(KEYS.bytes, usedforsecurity=False)

LONGEST_ACTIVITY_ID = 200


def step_key(run: str, step: str, release: int = 0) -> str:
    """Return the key of a step: the same over attempts, crashes, continue-as-new and resets, another with a release.

    Args:
        run: workflow id of its run.
        step: its instance id.
        release: how often it was released anew.
    """
    return _uuid5(f"{run}\n{step}\n{release}")


def _uuid5(name: str) -> str:
    """Return `str(uuid.uuid5(KEYS, name))` in a third of its time: each step and each attempt of one asks for it."""
    hashed = _NAMESPACE.copy()
    hashed.update(name.encode())
    digits = hashed.hexdigest()
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def activity_id(step: str) -> str:
    """Return the activity id of a step: its instance id, shortened where Temporal would refuse it."""
    if len(step) <= LONGEST_ACTIVITY_ID:
        return step
    return f"{step[-LONGEST_ACTIVITY_ID + 40 :]}~{_uuid5(step)}"


def is_derived(step: str, release: int) -> bool:
    """Say whether the attempts of a step make its key by themselves: of their run and their activity's id."""
    return release == 0 and activity_id(step) == step


def keyed(call: Call, run: str, activity: str) -> Call:
    """Return a call with its key, which it has where the attempt could not make it.

    Args:
        call: what the run has sent.
        run: the run's workflow id.
        activity: the activity's id.
    """
    return call if "key" in call else {**call, "key": step_key(run, activity)}
