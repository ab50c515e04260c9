"""Swagger 2.0, which some vendors still publish."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.descriptions.index import Index
from activities.openapi import indexing
from tests.activities.openapi.requests import flaws, made, read

OLD = """
swagger: 2.0
info: {title: Old, version: 1}
host: old.example.com
basePath: /api
schemes: [http, https]
consumes: [application/x-www-form-urlencoded]
parameters:
  token: {name: token, in: header, required: true, type: string}
paths:
  /chat.post:
    parameters: [{$ref: "#/parameters/token"}]
    post:
      operationId: chat_post
      parameters:
        - {name: text, in: formData, required: true, type: string}
        - {name: ts, in: formData, type: number}
        - {name: tags, in: formData, type: array, items: {type: string}}
  /list:
    get:
      operationId: list
      parameters:
        - {name: ids, in: query, type: array, items: {type: integer}}
        - {name: multi, in: query, type: array, collectionFormat: multi, items: {type: string}}
        - {name: pipes, in: query, type: array, collectionFormat: pipes, items: {type: string}}
  /upload:
    post:
      operationId: upload
      consumes: [multipart/form-data]
      parameters: [{name: file, in: formData, required: true, type: file}]
  /pets:
    post:
      operationId: addPet
      consumes: [application/json]
      parameters: [{name: pet, in: body, required: true, schema: {$ref: "#/definitions/Pet"}}]
definitions:
  Pet: {type: object, required: [name], properties: {name: {type: string}, friend: {$ref: "#/definitions/Pet"}}}
"""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Index:
    target: Path = tmp_path_factory.mktemp("old") / "old.sqlite"
    indexing.index(OLD.encode(), target)
    return Index(target)


async def test_forms(old: Index) -> None:
    request = await made(old, "chat_post", token="t", text="Hi", ts="1503435956.100000", tags=["a", "b"])
    assert request.headers["token"] == "t"
    assert request.content == b"text=Hi&ts=1503435956.100000&tags=a,b"
    assert {flaw.sentence for flaw in flaws(old, "chat_post", {})} == {"`token` is missing", "`text` is missing"}


async def test_lists(old: Index) -> None:
    request = await made(old, "list", ids=[1, "2"], multi=["a", "b"], pipes=["c", "d"])
    assert request.path == "/list?ids=1,2&multi=a&multi=b&pipes=c%7Cd"


async def test_files_and_bodies(old: Index) -> None:
    request = await made(old, "upload", file={"base64": "AAH/", "filename": "a.bin"})
    assert b'filename="a.bin"' in (request.content or b"")
    assert (await made(old, "addPet", name="Rex", friend={"name": "Tom"})).content == (
        b'{"name":"Rex","friend":{"name":"Tom"}}'
    )
    [found] = flaws(old, "addPet", {"name": "Rex", "friend": {}})
    assert found.sentence == "`friend.name` is missing"
    assert next(server["url"] for server in read(old, "addPet").servers) == "https://old.example.com/api"
