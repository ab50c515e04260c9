"""`trunkline explain` as users call it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.workers.command import Ended, call

GREET = """\
name: greet
trigger: {event: customer.created, data: [customer]}
actions:
  - {label: Look, actionType: http_request, config: {method: GET, url: "https://a.example.com/{{customer.id}}"}, saveAs: look}
  - label: Greet
    actionType: http_request
    conditions: {field: variables.look.body.new, operator: equals, value: true}
    config: {method: POST, url: https://mail.example.com/greetings, body: {to: "{{customer.email}}"}}
"""
EVENT = {
    "type": "customer.created",
    "time": "2026-11-23T09:00:00Z",
    "data": {"customer": {"id": 7, "email": "ada@example.net"}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "automations").mkdir()
    (tmp_path / "automations" / "greet.yaml").write_text(GREET)
    (tmp_path / "automations" / "other.yaml").write_text(
        GREET.replace("greet\n", "other\n").replace("customer.created", "customer.*")
    )
    (tmp_path / "automations" / "lost.yaml").write_text(
        GREET.replace("greet\n", "lost\n").replace("customer.created", "order.lost")
    )
    (tmp_path / "event.json").write_text(json.dumps(EVENT))
    return tmp_path


def told(folder: Path, *arguments: str, stdin: bytes | None = None) -> Ended:
    return call("explain", *arguments, cwd=folder, stdin=stdin)


def test_automations_whose_trigger_takes_the_event_are_told_and_nothing_is_connected_to(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a connection, or a name looked up")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    done = told(folder, "event.json", "--json")
    assert (done.code, done.err) == (0, "")
    assert [(one["automation"], one["file"]) for one in done.json["automations"]] == [
        ("greet", "automations/greet.yaml"),
        ("other", "automations/other.yaml"),
    ]
    assert done.json["event"]["data"] == EVENT["data"]
    assert told(folder, "-", "--json", stdin=json.dumps(EVENT).encode()).json["automations"][0]["runs"] is True
    alone = told(folder, "event.json", "--automation", "lost", "--json").json["automations"]
    assert [(one["runs"], one["reason"]) for one in alone] == [
        (False, "Its trigger is order.lost; the event is customer.created.")
    ]
    by_file = told(folder, "event.json", "--automation", "automations/lost.yaml")
    assert (by_file.code, "✗ trigger order.lost, the event is customer.created" in by_file.out) == (0, True)
    (folder / "event.json").write_text(json.dumps({**EVENT, "type": "nobody.knows"}))
    assert "No automation here takes events of the type nobody.knows." in told(folder, "event.json").out


def test_answers_are_given_as_test_files_have_them(folder: Path) -> None:
    (folder / "look.yaml").write_text("- {status: 429, times: 2}\n- status: 200\n  body: {new: true}\n")
    (folder / "look.json").write_text('{"status": 200, "body": {"new": false}}')
    for given, runs in (
        ("look=@look.yaml", True),
        ("look=@look.json", False),
        ("look={status: 200, body: {new: true}}", True),
        ('GET https://a.example.com/*={"status": 200, "body": {"new": true}}', True),
    ):
        done = told(folder, "event.json", "--automation", "greet", "--answer", given, "--json")
        assert done.code == 0, done.err
        assert [step["runs"] for step in done.json["automations"][0]["steps"]] == [True, runs]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("gone.json",), "There is no file gone.json."),
        ((), "Say what is to be explained"),
        (("event.json", "--automation", "gret"), "Did you mean greet?"),
        (("event.json", "--automation", "automations/gret.yaml"), "Did you mean greet.yaml?"),
        (("event.json", "--automation", "bad.yaml"), "unknown-key"),
        (("event.json", "--answer", "lok={status: 200}"), "Did you mean look?"),
        (("event.json", "--answer", "look={state: 200}"), "http_request gives no 'state'"),
        (("event.json", "--answer", "look={fails: often}"), "refused, unavailable, unknown, timeout"),
        (("event.json", "--answer", "look=@gone.yaml"), "gone.yaml cannot be read"),
        (("event.json", "--answer", "look=[1"), "neither JSON nor YAML"),
        (("event.json", "--answer", "look"), "is no answer"),
        (("event.json", "--run", "greet/1"), "a file with an event, or --run RUN"),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_sentence(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    (folder / "bad.yaml").write_text(f"{GREET}wrong: true\n")
    done = told(folder, *arguments)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert "Traceback" not in done.err


def test_a_bad_file_of_the_folder_keeps_no_other_from_being_told(folder: Path) -> None:
    (folder / "automations" / "bad.yaml").write_text(f"{GREET.replace('greet', 'bad')}wrong: true\n")
    done = told(folder, "event.json", "--json")
    assert (done.code, len(done.json["automations"])) == (0, 2)
    assert "automations/bad.yaml cannot run:" in done.err


def test_a_folder_without_automations_of_its_own_has_those_beside_the_event(folder: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "near.yaml").write_text("name: near\ntrigger: {event: order.moved, data: [order]}\nactions: [{wait: 1m}]\n")
    (here / "event.json").write_text('{"type": "order.moved", "data": {"order": {}}}')
    (here / "other.yaml").write_text("some: thing\n")
    done = call("explain", "event.json", "--json", cwd=here)
    assert (done.code, done.err) == (0, "")
    assert [(one["automation"], one["file"]) for one in done.json["automations"]] == [("near", "near.yaml")]
    wrong = call("explain", "event.json", "--automation", "nera", cwd=here)
    assert (wrong.code, wrong.err) == (
        2,
        "trunkline: There is no automation 'nera' in this folder. Did you mean near? It has near.\n",
    )
    named = call("explain", "event.json", cwd=here, TRUNKLINE_AUTOMATIONS=str(folder))
    assert "near" not in named.out
