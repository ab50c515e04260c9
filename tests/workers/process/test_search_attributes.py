"""Search attributes in namespaces that have none, others, and none that may be read."""

import uuid
from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from workers.process.search_attributes import TYPES, WORDS, register


@pytest.fixture
async def client(temporal: WorkflowEnvironment) -> Client:
    """A client of a namespace of its own."""
    namespace = f"attributes-{uuid.uuid4().hex[:8]}"
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await temporal.client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=retention)
    )
    return in_namespace(temporal.client, namespace)


def in_namespace(client: Client, namespace: str) -> Client:
    return Client(client.service_client, namespace=namespace)


async def known(client: Client) -> dict[str, int]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    return dict((await client.operator_service.list_search_attributes(request)).custom_attributes)


async def test_what_is_missing_is_created_once(client: Client) -> None:
    assert not set(TYPES) & set(await known(client))
    assert await register(client) is None
    assert {name: kind for name, kind in (await known(client)).items() if name in TYPES} == TYPES
    assert await register(client) is None


async def test_another_type_is_reported_with_the_commands_that_mend_it(client: Client) -> None:
    wrong = {"TrunklineHolds": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD}
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wrong)
    )
    advice = await register(client)
    assert advice is not None
    assert "another type than ours (TrunklineHolds)" in advice
    assert f"search-attribute remove --namespace {client.namespace} --name TrunklineHolds --yes" in advice
    assert f"create --namespace {client.namespace} --name TrunklineHolds --type KeywordList" in advice


async def test_a_namespace_that_refuses_is_no_error(temporal: WorkflowEnvironment) -> None:
    advice = await register(in_namespace(temporal.client, "nowhere"))
    assert advice is not None
    assert "may not read search attributes" in advice
    for name, word in WORDS.items():
        assert f"--name {name} --type {word}" in advice
