"""Files that are being written do not count before nobody writes them any more; the clocks are the test's own."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from tests.workers.actions_sample import SAMPLE
from workers.definitions import loading
from workers.definitions.automations import Automations, UnknownAutomationError, UnsettledError
from workers.definitions.roster import BadAutomationError
from workers.definitions.settling import APART, QUIET, Patience, Settling, Stamp
from workers.process.watching import EVERY

NOW = 1_800_000_000.0
TEXT = "name: {name}\ntrigger: {{event: call.ended}}\nactions: [{{stop: completed, reason: '{reason}'}}]\n"


class Clock:
    """Both of a worker's clocks, moved by hand."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.patience = Patience(quiet=QUIET, apart=APART, elapsed=lambda: self.passed, now=lambda: NOW + self.passed)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def stamp(modified: float, *, changed: float | None = None, size: int = 10, inode: int = 1) -> Stamp:
    return Stamp(int(modified * 1e9), int((modified if changed is None else changed) * 1e9), size, inode)


def settled_after(clock: Clock, settling: Settling, found: dict[str, Stamp]) -> float:
    """Look as a worker does until everything has settled, and return how long it took."""
    began = clock.passed
    settling.look(found)
    while settling.settled() != settling.pending():
        clock.passed += EVERY
        assert clock.passed - began < 60
        settling.look(found)
    return clock.passed - began


def counted(settling: Settling) -> Settling:
    for name in settling.pending():
        settling.count(name)
    return settling


@pytest.mark.parametrize(
    ("modified", "at_most"),
    [(NOW - 3600, EVERY), (NOW, QUIET), (NOW - 1, QUIET - 1), (NOW + 3600, QUIET + EVERY)],
    ids=["old", "new", "a second old", "in the future"],
)
def test_a_new_file_counts_once_it_is_the_same_at_two_looks(clock: Clock, modified: float, at_most: float) -> None:
    settling = Settling(clock.patience)
    assert 0 < settled_after(clock, settling, {"a": stamp(modified)}) <= at_most


@pytest.mark.parametrize("modified", [NOW - 3600, NOW, NOW + 3600])
def test_a_file_that_is_written_into_counts_two_seconds_after_whatever_time_it_claims(
    clock: Clock, modified: float
) -> None:
    settling = Settling(clock.patience)
    settled_after(clock, settling, {"a": stamp(NOW - 7200)})
    counted(settling)
    changed = NOW + clock.passed
    assert QUIET <= settled_after(clock, settling, {"a": stamp(modified, changed=changed)}) <= QUIET + EVERY


def test_a_file_that_an_old_one_is_renamed_to_counts_at_the_second_look(clock: Clock) -> None:
    settling = Settling(clock.patience)
    settled_after(clock, settling, {"a": stamp(NOW - 7200)})
    counted(settling)
    moved = {"a": stamp(NOW - 3600, changed=NOW + clock.passed, inode=2)}
    assert 0 < settled_after(clock, settling, moved) <= EVERY


def test_a_file_that_is_written_again_and_again_never_counts(clock: Clock) -> None:
    settling = Settling(clock.patience)
    for size in range(100):
        settling.look({"a": stamp(NOW + clock.passed, size=size)})
        assert settling.settled() == []
        clock.passed += 1.0


def test_a_file_that_was_gone_for_a_moment_has_not_changed(clock: Clock) -> None:
    settling = Settling(clock.patience)
    settled_after(clock, settling, {"a": stamp(NOW - 7200)})
    counted(settling)
    settling.look({})
    assert settling.pending() == ["a"]
    clock.passed += 1.0
    settling.look({"a": stamp(NOW - 7200)})
    assert settling.pending() == []
    assert settled_after(clock, settling, {}) >= QUIET
    counted(settling)
    assert settling.pending() == []


class Site:
    """A folder, and workers over it that look when the test says so."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self.workers: list[Automations] = []

    def write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.write_text(text, encoding="utf-8")
        now = int((NOW + self.clock.passed) * 1e9)
        os.utime(path, ns=(now, now))

    def good(self, file: str, name: str, reason: str) -> None:
        self.write(file, TEXT.format(name=name, reason=reason))

    def worker(self) -> Automations:
        self.workers.append(Automations(self.folder, SAMPLE, self.clock.patience))
        self.wait(0)
        return self.workers[-1]

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds / EVERY)):
            self.clock.passed += EVERY
            for worker in self.workers:
                worker.look()

    def settled(self) -> None:
        """Wait as long as a change may take to count."""
        self.wait(QUIET + 2 * EVERY)


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Site:
    return Site(tmp_path, clock)


def reason(automations: Automations, name: str) -> Any:
    return automations.plan(name)["block"][0]["reason"]


def parked(automations: Automations, name: str) -> str:
    with pytest.raises(UnsettledError) as found:
        automations.plan(name)
    return str(found.value)


def test_a_worker_has_nothing_before_all_its_files_have_settled(site: Site) -> None:
    site.good("old.yaml", "old", "one")
    site.clock.passed += 60
    site.good("new.yaml", "new", "one")
    worker = site.worker()
    assert not worker.look()
    site.wait(EVERY)
    assert not worker.look()
    assert "new.yaml" in parked(worker, "old")
    assert "new.yaml" in parked(worker, "anything")
    site.settled()
    assert worker.look()
    assert (reason(worker, "old"), reason(worker, "new")) == ("one", "one")
    with pytest.raises(UnknownAutomationError):
        worker.plan("anything")


def test_an_empty_folder_has_settled(site: Site) -> None:
    assert site.worker().look()


def test_a_run_of_a_name_whose_file_changes_parks_and_then_gets_the_new_version(site: Site) -> None:
    site.good("a.yaml", "first", "one")
    site.good("b.yaml", "second", "one")
    worker = site.worker()
    site.settled()
    site.write("a.yaml", "name: first\ntrigger: {event: call.ended}\n")
    assert "a.yaml" in parked(worker, "first")
    assert reason(worker, "second") == "one"
    site.wait(1.5)
    site.good("a.yaml", "first", "two")
    site.wait(1.5)
    assert "a.yaml" in parked(worker, "first")
    site.wait(1.5)
    assert reason(worker, "first") == "two"


def test_a_change_counts_although_nobody_asks(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.good("a.yaml", "first", "one")
    site.worker()
    site.settled()
    with caplog.at_level(logging.INFO):
        site.good("a.yaml", "renamed", "one")
        site.write("b.yaml", "name: bad\nactions: 3\n")
        site.settled()
        (site.folder / "a.yaml").unlink()
        site.settled()
    said = [record.getMessage() for record in caplog.records]
    assert f"{site.folder / 'a.yaml'} was read: automation renamed." in said
    assert "Automations now: renamed." in said
    assert f"{site.folder / 'a.yaml'} is gone." in said
    assert said[-1] == "Automations now: none."
    (bad,) = (one for one in said if "cannot be used" in one)
    assert "b.yaml" in bad
    assert "wrong-type" in bad


@pytest.mark.parametrize("text", ["", "# to be written\n", "trigger: {event: call.ended}\n"])
def test_a_run_of_an_unknown_name_parks_while_any_file_may_become_it(site: Site, text: str) -> None:
    site.good("a.yaml", "first", "one")
    worker = site.worker()
    site.settled()
    site.write("new.yaml", text)
    assert "new.yaml" in parked(worker, "second")
    assert reason(worker, "first") == "one"
    site.good("new.yaml", "second", "one")
    assert "new.yaml" in parked(worker, "second")
    site.settled()
    assert reason(worker, "second") == "one"
    with pytest.raises(UnknownAutomationError):
        worker.plan("third")


def test_a_file_that_an_editor_replaces_is_never_unknown(site: Site) -> None:
    site.good("a.yaml", "first", "one")
    worker = site.worker()
    site.settled()
    (site.folder / "a.yaml").rename(site.folder / "a.yaml~")
    for _ in range(3):
        assert "a.yaml" in parked(worker, "first")
        site.wait(EVERY)
    site.good("a.yaml", "first", "two")
    site.settled()
    assert reason(worker, "first") == "two"
    (site.folder / "a.yaml").unlink()
    parked(worker, "first")
    site.settled()
    with pytest.raises(UnknownAutomationError):
        worker.plan("first")


def test_a_file_under_another_name_is_never_unknown_or_defined_twice(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.good("a.yaml", "first", "one")
    worker = site.worker()
    site.wait(10)
    (site.folder / "a.yaml").rename(site.folder / "b.yaml")
    for _ in range(12):
        with contextlib.suppress(UnsettledError):
            assert reason(worker, "first") == "one"
        site.wait(EVERY)
    assert reason(worker, "first") == "one"
    assert "duplicate-name" not in caplog.text


def swap(site: Site, seconds: float) -> None:
    site.good("a.yaml", "same", "new")
    site.wait(seconds)
    site.good("b.yaml", "same", "other")


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.0, 1.5])
def test_workers_agree_about_two_files_whatever_they_looked_at_first(site: Site, seconds: float) -> None:
    site.good("a.yaml", "same", "old")
    early = site.worker()
    site.settled()
    swap(site, seconds)
    site.settled()
    assert reason(early, "same") == "old"
    assert "a.yaml" in (early.outdated("same") or "")
    assert "b.yaml" in (early.outdated("same") or "")
    late = site.worker()
    site.settled()
    with pytest.raises(BadAutomationError, match=r"a\.yaml and .*b\.yaml"):
        late.plan("same")


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.0, 1.5])
def test_two_new_files_of_one_name_park_it_until_one_is_gone(site: Site, seconds: float) -> None:
    workers = [site.worker()]
    site.settled()
    swap(site, seconds)
    site.settled()
    workers.append(site.worker())
    site.settled()
    for worker in workers:
        with pytest.raises(BadAutomationError, match=r"a\.yaml and .*b\.yaml"):
            worker.plan("same")
    (site.folder / "a.yaml").unlink()
    site.settled()
    assert [reason(worker, "same") for worker in workers] == ["other", "other"]


@pytest.mark.parametrize("begun", [True, False])
def test_a_file_that_changes_while_it_is_read_does_not_count(
    site: Site, monkeypatch: pytest.MonkeyPatch, *, begun: bool
) -> None:
    site.good("b.yaml", "second", "one")
    worker = site.worker()
    site.wait(10 if begun else 0)
    site.good("a.yaml", "first", "one")

    def interrupted(path: Path) -> Any:
        found = loading.read(path)
        monkeypatch.undo()
        site.good("a.yaml", "first", "two")
        return found

    monkeypatch.setattr("workers.definitions.folder.read", interrupted)
    site.wait(QUIET)
    assert worker.look() == begun
    assert "a.yaml" in parked(worker, "first")
    site.settled()
    assert worker.look()
    assert reason(worker, "first") == "two"


@pytest.mark.parametrize("later", [0.0, 0.125, 0.25, 0.375])
@pytest.mark.parametrize("age", [0.0, 3600.0, -3600.0], ids=["written", "old and renamed", "from the future"])
def test_what_one_process_has_announced_every_other_has(
    site: Site, caplog: pytest.LogCaptureFixture, later: float, age: float
) -> None:
    site.good("a.yaml", "first", "one")
    announcing, other = (Automations(site.folder, SAMPLE, site.clock.patience) for _ in range(2))
    for _ in range(40):
        announcing.look()
        other.look()
        site.clock.passed += 0.25
    new = site.folder / ".new"
    site.good(".new", "second", "two")
    written = int((NOW + site.clock.passed - age) * 1e9)
    os.utime(new, ns=(written, written))
    new.rename(site.folder / "b.yaml")
    began = site.clock.passed
    with caplog.at_level(logging.INFO):
        while "b.yaml was read: automation second." not in caplog.text:
            announcing.look()
            site.clock.passed += later
            if "b.yaml was read" in caplog.text:
                break
            other.look()
            site.clock.passed += EVERY - later
    assert other.names() == announcing.names() == ["first", "second"]
    assert site.clock.passed - began <= 5


def test_runs_wait_while_the_folder_itself_is_away(site: Site) -> None:
    site.good("a.yaml", "first", "one")
    worker = site.worker()
    site.settled()
    away = site.folder.with_name("away")
    site.folder.rename(away)
    assert reason(worker, "first") == "one"
    assert "cannot be read" in parked(worker, "second")
    away.rename(site.folder)
    with pytest.raises(UnknownAutomationError):
        worker.plan("second")
