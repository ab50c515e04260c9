import base64

from workers.approvals.index import index, words

OLD = "old:" + base64.b64encode(b"o" * 32).decode()
NEW = "new:" + base64.b64encode(b"n" * 32).decode()


def test_a_person_has_one_word_for_each_key_however_the_id_is_spelt() -> None:
    found = words(" Lead@Example.com ", [NEW, OLD])
    assert found == words("lead@example.com", [NEW, OLD])
    assert len(set(found)) == 2
    assert all(len(word) == 32 and set(word) <= set("0123456789abcdef") for word in found)
    assert words("lead@example.com", []) == []


def test_holds_are_indexed_with_the_first_key_and_found_with_any() -> None:
    people = ["Lead@example.com", "straße@example.com"]
    before, after = index(people, [OLD]), index(people, [NEW, OLD])
    assert list(after) == people
    for person in people:
        assert before[person] != after[person]
        assert {before[person], after[person]} == set(words(person, [NEW, OLD]))
    assert after["Lead@example.com"] != after["straße@example.com"]
    assert words("STRASSE@example.com", [NEW]) != [after["straße@example.com"]]


def test_a_word_stays_the_same_for_ever() -> None:
    """Holds that are open now must be found by the next version too."""
    assert words("lead@example.com", [OLD]) == ["5c2740b74c4155290953faca84d7d9bc"]
