from activities.sms.segments import Segments, segments
from tests.together import together


@together(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 1)),
        ("a" * 160, Segments("GSM-7", 160, 1)),
        ("a" * 161, Segments("GSM-7", 161, 2)),
        ("a" * 306, Segments("GSM-7", 306, 2)),
        ("a" * 307, Segments("GSM-7", 307, 3)),
        ("Grüße à 5 £\n", Segments("GSM-7", 12, 1)),
        ("5 €", Segments("GSM-7", 4, 1)),
        ("[" * 80, Segments("GSM-7", 160, 1)),
        ("[" * 81, Segments("GSM-7", 162, 2)),
        ("ç", Segments("UCS-2", 1, 1)),
        ("don\u2019t", Segments("UCS-2", 5, 1)),
        ("😀" * 35, Segments("UCS-2", 70, 1)),
        ("ж" * 71, Segments("UCS-2", 71, 2)),
        ("ж" * 135, Segments("UCS-2", 135, 3)),
    ],
)
def test_text_is_counted_as_networks_count_it(text: str, expected: Segments) -> None:
    assert segments(text) == expected


def test_what_takes_two_places_is_never_cut_in_half() -> None:
    assert segments("a" * 152 + "€" + "a" * 152) == Segments("GSM-7", 306, 3)
    assert segments("ж" * 66 + "😀" + "ж" * 66) == Segments("UCS-2", 134, 3)
