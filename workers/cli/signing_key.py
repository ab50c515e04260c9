"""`trunkline signing-key`: a key with which one person signs decisions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from workers.cli.inputs import check_person
from workers.cli.screen import console, plain
from workers.errors import TrunklineError, UsageError


def signing_key(
    name: str,
    /,
    *,
    people: Annotated[list[str], Parameter(consume_multiple=True)],
    file: Path | None = None,
) -> int:
    """Make a key with which decisions are signed, for holds whose policy says `verified`.

    The private key goes to a file that only you can read and must stay on your machine; what is printed is public, and
    goes to the workers.

    Args:
        name: id of the key, under which the workers know it.
        people: whom it may speak for: ids as approvers are written.
        file: where the private key goes, by default NAME.pem; a file that exists is left alone.

    Returns:
        0 if the key was made, 1 if its file cannot be written or exists.
    """
    from workers.approvals.signing import new_key
    from workers.settings import NAME

    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no id of a key: take letters, digits, dots, underscores and hyphens.")
    who = [person.strip() for person in people if person.strip()]
    if not who:
        raise UsageError("Say whom the key may speak for: --people ann@example.com")
    for person in who:
        check_person(person, "--people")
    path = (file or Path(f"{name}.pem")).expanduser().absolute()
    private, public = new_key()
    _write(path, private)
    screen = console()
    screen.print(f"The private key is in {plain(str(path))}. Where you decide, set")
    screen.print(f"  TRUNKLINE_SIGNING_KEY={plain(f'{name}:{path}')}")
    screen.print("Workers need in TRUNKLINE_SIGNING_KEYS:")
    screen.print(plain(f"  {name}: {{ed25519: {public}, people: [{', '.join(who)}]}}"))
    return 0


def _write(path: Path, text: str) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise TrunklineError(f"{path} exists and was left as it is: --file names another place.") from error
    except OSError as error:
        raise TrunklineError(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(number, "w", encoding="ascii") as file:
        file.write(text)
