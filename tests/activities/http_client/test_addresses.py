"""Which URLs mean one thing only, and which addresses are public."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from activities.errors import Refused
from activities.http_client.addresses import Rules, Target, public
from tests.together import together


@together(
    "url",
    [
        "https://127.1/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://2130706433/",
        "https://127.0.0.1./",
        "https://1.2.3/",
        "https://\uff11\uff12\uff17.1/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[127.0.0.1]/",
        "https://[::1]x/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com%40evil.example/",
        "https://example.com\\@evil.example/",
        "https:\\\\example.com/",
        "https://exa mple.com/",
        " https://example.com/",
        "https://example.com/a\nb",
        "https://example.com\t.evil.example/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:443:8443/",
        "https://example.com:+443/",
        "https://:443/",
        "https:///path",
        "https://",
        "https:example.com",
        "//example.com/",
        "/path",
        "",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://exam..ple.com/",
        "https://.example.com/",
        "https://-example.com/",
        "https://\u200b/",
        "https://a\u2044b.example/",
        f"https://{'a' * 64}.com/",
        f"https://{'a.' * 127}com/",
        "https://example.com/a/../b",
        "https://example.com/a/%2e%2E/b",
        "https://example.com/..",
        "https://example.com/./a?x=1",
        "https://example.com/\ud83d",
        "https://example.com/" + "a" * 9_000,
    ],
)
def test_a_url_that_is_not_absolute_and_unmistakable_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        Target.parse(url)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/A?b=C#d", "https://example.com/A?b=C"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://example.com?x=1", "https://example.com/?x=1"),
        ("https://example.com./a", "https://example.com./a"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://example。com/", "https://example.com/"),
        ("https://example.com/a%2Fb?x=%2B&y=100%&z=a b", "https://example.com/a%2Fb?x=%2B&y=100%25&z=a%20b"),
        ("https://example.com/a..b/...?x=../y", "https://example.com/a..b/...?x=../y"),
        ("https://example.com?\\@evil.example/", "https://example.com/?%5C@evil.example/"),
        ("https://example.com/a@b", "https://example.com/a@b"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443/"),
        ("https://93.184.216.34/", "https://93.184.216.34/"),
        ("https://my_service.example.com/", "https://my_service.example.com/"),
    ],
)
def test_a_url_has_one_normal_spelling(url: str, normal: str) -> None:
    assert Target.parse(url).url == normal


@together(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - nothing binds to it: it must not be public
        *("0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
        *("172.16.0.1", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1"),
        *("203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"),
        *("64:ff9b::808:808", "64:ff9b:1::1", "100::1", "100:0:0:1::1", "2001::1", "2001:db8::1", "2002:7f00:1::"),
        *("fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "::127.0.0.1"),
    ],
)
def test_a_private_or_reserved_address_is_not_public(address: str) -> None:
    assert not public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert public(ip_address(address))


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8600/"),
        ("127.0.0.1:8600", "http://127.0.0.1:8600/"),
        ("127.0.0.0/8", "https://127.3.2.1/"),
        ("::1", "http://[::1]/"),
        ("[::1]:8600", "http://[::1]:8600/"),
        ("fd00::/8", "https://[fd00:ec2::254]/"),
        ("gateway.internal", "http://gateway.internal:8080/"),
        ("Gateway.Internal", "http://gateway.internal./"),
        ("gateway.internal:8080", "http://gateway.internal:8080/"),
    ],
)
def test_what_is_allowed_passes(allow: str, url: str) -> None:
    Rules.of([allow]).judge_target(Target.parse(url))


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        ("127.0.0.1:8600", "http://127.0.0.1:8601/"),
        ("127.0.0.1", "http://127.0.0.2/"),
        ("127.0.0.1", "https://[::ffff:127.0.0.1]/"),
        ("gateway.internal", "http://other.internal/"),
        ("gateway.internal", "http://127.0.0.1/"),
        ("gateway.internal", "http://93.184.216.34/"),
    ],
)
def test_what_is_allowed_opens_nothing_else(allow: str, url: str) -> None:
    rules = Rules.of([allow])
    with pytest.raises(Refused, match="TRUNKLINE_ALLOW"):
        rules.judge_target(Target.parse(url))


@pytest.mark.parametrize(
    "entry", ["http://gateway.internal", "10.0.0.0/33", "*.internal", "10.0.0.1/8", "a b", "::1:x"]
)
def test_an_entry_that_cannot_be_read_is_an_error(entry: str) -> None:
    with pytest.raises(ValueError, match="cannot be allowed"):
        Rules.of([entry])
