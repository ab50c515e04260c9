"""Inbound web hooks: how a workflow of Kustomer's is started that has the step which the API lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activities.errors import Refused
from activities.rest.query import segment
from activities.vendors.kustomer.service import KUSTOMER, Account


async def post(account: Account, operation: str, body: Mapping[str, Any]) -> None:
    """Post to the hook of an operation; each post starts the workflow that waits at it, once.

    Args:
        account: whose hook it is.
        operation: the name of the hook in the connection.
        body: what the workflow is given; `deliveryId` tells it whether it has it already.

    Raises:
        Refused: the connection has no such hook.
    """
    hash_ = account.connection.hooks.get(operation)
    if hash_ is None:
        raise Refused(
            f"Kustomer's API has no {operation}. Build a workflow in Kustomer that begins at an inbound web hook and "
            f"does it, and give the connection the hook's hash: `hooks: {{{operation}: …}}`."
        )
    sent = {**body, "deliveryId": account.context.key}
    path = f"/v1/hooks/web/{segment('hooks', hash_)}"
    await KUSTOMER.call(account.context, account.connection, "POST", path, json=sent)
