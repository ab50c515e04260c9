import os
from pathlib import Path

import pytest

from activities.connections import Connection
from activities.errors import Refused
from tests.together import together
from workers.process.connections_file import load_connections
from workers.settings import VARIABLES, ListenAddress, Settings, SettingsError, unknown_variables


class Shop(Connection):
    kind = "shop"
    token: str


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.automations, settings.task_queue, settings.processes) == (Path("automations"), "trunkline", 1)
    assert (settings.result_limit, settings.state_limit, settings.grace) == (262144, 1048576, 20.0)


def test_connections_yaml_is_used_where_it_is_present() -> None:
    Path("connections.yaml").write_text("")
    assert Settings.from_environment({}).connections == Path("connections.yaml")
    assert Settings.from_environment({"TRUNKLINE_CONNECTIONS": "other.yaml"}).connections == Path("other.yaml")


def test_variables_are_read() -> None:
    settings = Settings.from_environment(
        {
            "TRUNKLINE_AUTOMATIONS": "/srv/flows",
            "TRUNKLINE_ALLOW": " shop.internal, 10.0.0.0/8 ,,",
            "TRUNKLINE_ACTIONS": "our.actions",
            "TRUNKLINE_WEB_UI": "https://temporal.example.com/",
            "TRUNKLINE_RESULT_LIMIT": "5000",
            "TRUNKLINE_METRICS_ADDRESS": "[::1]:9464",
            "TRUNKLINE_GRACE": "1.5",
            "TRUNKLINE_TASK_QUEUE": "",
        }
    )
    assert settings.automations == Path("/srv/flows")
    assert settings.allow == ("shop.internal", "10.0.0.0/8")
    assert settings.actions == ("our.actions",)
    assert settings.web_ui == "https://temporal.example.com"
    assert settings.result_limit == 5000
    assert settings.metrics_address == ListenAddress("::1", 9464)
    assert str(settings.metrics_address) == "[::1]:9464"
    assert settings.grace == 1.5
    assert settings.task_queue == "trunkline"


def test_an_option_goes_before_its_variable_and_none_does_not() -> None:
    environ = {"TRUNKLINE_PROCESSES": "4", "TRUNKLINE_AUTOMATIONS": "a"}
    settings = Settings.from_environment(environ, processes="2", automations=None)
    assert (settings.processes, settings.automations) == (2, Path("a"))


@pytest.mark.parametrize(("given", "seconds"), [("5m", 300.0), ("0", 0.0), ("90", 90.0), ("1h30m", 5400.0), ("", 0.0)])
def test_how_long_a_run_waits_for_a_worker_that_knows_it(given: str, seconds: float) -> None:
    settings = Settings.from_environment({"TRUNKLINE_UNKNOWN_FOR": given})
    assert settings.unknown_for == seconds
    assert Settings.from_environment(settings.to_environment()) == settings


@pytest.mark.parametrize("given", ["auto", "0"])
def test_auto_means_one_process_per_core(given: str) -> None:
    assert Settings.from_environment({"TRUNKLINE_PROCESSES": given}).processes == os.cpu_count()


@together(
    ("variable", "value", "right"),
    [
        ("TRUNKLINE_PROCESSES", "many", "`auto`"),
        ("TRUNKLINE_PROCESSES", "-1", "from 1"),
        ("TRUNKLINE_METRICS_ADDRESS", "9464", "HOST:PORT"),
        ("TRUNKLINE_METRICS_ADDRESS", "host:99999", "HOST:PORT"),
        ("TRUNKLINE_RESULT_LIMIT", "1 MB", "whole number of bytes"),
        ("TRUNKLINE_RESULT_LIMIT", "9999999", "from 1024 to 1572864"),
        ("TRUNKLINE_STATE_LIMIT", "0", "whole number of bytes"),
        ("TRUNKLINE_GRACE", "soon", "seconds"),
        ("TRUNKLINE_GRACE", "nan", "seconds"),
        ("TRUNKLINE_WEB_UI", "localhost:8080", "http://"),
        ("TRUNKLINE_DEPLOYMENT", "a.b", "letters, digits"),
        ("TRUNKLINE_BUILD", "a:b", "letters, digits"),
        ("TRUNKLINE_UNKNOWN_FOR", "soon", "as 5m"),
        ("TRUNKLINE_UNKNOWN_FOR", "2d", "from 0 to 24h"),
        ("TRUNKLINE_UNKNOWN_FOR", "nan", "from 0 to 24h"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_the_variable(variable: str, value: str, right: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment({variable: value})
    sentence = str(raised.value)
    assert sentence.startswith(variable)
    assert right in sentence
    assert repr(value) in sentence
    assert "\n" not in sentence


def test_a_bad_option_is_named_as_the_option() -> None:
    with pytest.raises(SettingsError, match=r"^--metrics-address must be HOST:PORT"):
        Settings.from_environment({}, metrics_address="nowhere")


def test_another_process_reads_the_same_settings_from_the_environment() -> None:
    settings = Settings(
        automations=Path("/a"),
        connections=Path("/c.yaml"),
        allow=("x", "y"),
        metrics_address=ListenAddress("127.0.0.1", 1),
        processes=3,
        grace=2.0,
        user="ada",
        groups='{"finance": ["ann@example.com", "bob@example.com"]}',
        signing_keys="ann: {ed25519: abc, people: [ann@example.com]}\ngateway: {hmac: '${KEY}'}",
        signing_key="ann:/home/ann/key.pem",
    )
    assert Settings.from_environment(settings.to_environment()) == settings
    assert set(settings.to_environment()) == set(VARIABLES.values())


def test_keys_are_not_shown() -> None:
    settings = Settings(signing_keys="gateway: {hmac: c2VjcmV0}", signing_key="ann:/home/ann/key.pem")
    assert "c2VjcmV0" not in repr(settings)
    assert "/home/ann" not in repr(settings)


@pytest.mark.parametrize("given", ["key.pem", "ann:", ":/key.pem", "a b:/key.pem"])
def test_a_signers_key_is_an_id_and_a_file(given: str) -> None:
    with pytest.raises(SettingsError, match=r"^TRUNKLINE_SIGNING_KEY must be KID:FILE"):
        Settings.from_environment({"TRUNKLINE_SIGNING_KEY": given})


def test_inline_is_off_unless_it_is_on() -> None:
    assert not Settings.from_environment({}).inline
    assert not Settings.from_environment({"TRUNKLINE_INLINE": "off"}).inline
    switched = Settings.from_environment({"TRUNKLINE_INLINE": "on"})
    assert switched.inline
    for settings in (switched, Settings()):
        assert Settings.from_environment(settings.to_environment()).inline is settings.inline


@pytest.mark.parametrize("given", ["yes", "true", "1", "0", "ON", "no"])
def test_inline_takes_two_words(given: str) -> None:
    with pytest.raises(SettingsError, match=r"^TRUNKLINE_INLINE must be on or off; "):
        Settings.from_environment({"TRUNKLINE_INLINE": given})


def test_a_misspelt_variable_is_pointed_out() -> None:
    sentences = unknown_variables({"TRUNKLINE_ALOW": "x", "TRUNKLINE_SECRET_X": "y", "TRUNKLINE_USER": "z", "PATH": ""})
    assert len(sentences) == 1
    assert "TRUNKLINE_ALOW" in sentences[0]
    assert "TRUNKLINE_ALLOW is meant?" in sentences[0]


def test_connections_are_loaded_with_the_environment() -> None:
    path = Path("connections.yaml")
    path.write_text("shop: {kind: shop, token: '${TOKEN}', baseUrl: https://shop.example.com}\n")
    connections = load_connections(path, [Shop], {"TOKEN": "t0ken"})
    assert connections.pick((Shop,), action="x", name=None).token == "t0ken"
    assert connections.credentials() == {"t0ken"}


def test_a_second_connection_has_a_default_of_its_own() -> None:
    path = Path("connections.yaml")
    two = "shop: {kind: shop, token: a}\nother: {kind: shop, token: b}\ndefaults: {x: other"
    path.write_text(f"{two}}}\n")
    connections = load_connections(path, [Shop])
    assert connections.pick((Shop,), action="x", name=None).token == "b"
    assert connections.pick((Shop,), action="x", name="shop", field="archive").token == "a"
    with pytest.raises(
        Refused, match=r"name one with `archive:` in the step's config, or set `defaults: \{x\.archive: …"
    ):
        connections.pick((Shop,), action="x", name=None, field="archive")
    path.write_text(f"{two}, x.archive: shop}}\n")
    assert load_connections(path, [Shop]).pick((Shop,), action="x", name=None, field="archive").token == "a"


def test_hosts_of_secrets_are_loaded_and_are_no_connection() -> None:
    path = Path("connections.yaml")
    path.write_text("shop: {kind: shop, token: t}\nsecrets: {shop_token: {hosts: ['${HOST}', '*.shop.com:8443']}}\n")
    connections = load_connections(path, [Shop], {"HOST": "shop.example.com"})
    assert list(map(str, connections.bindings.hosts("shop_token") or ())) == ["shop.example.com", "*.shop.com:8443"]
    assert connections.bindings.hosts("other") is None
    assert connections.problems() == []
    with pytest.raises(Refused, match=r"no connection 'secrets'; connections\.yaml has shop"):
        connections.pick((Shop,), action="x", name="secrets")
    path.write_text("secrets:\n")
    assert load_connections(path, [Shop]).bindings.names == []


def test_without_a_file_or_with_an_empty_one_there_are_no_connections() -> None:
    Path("empty.yaml").write_text("# nothing yet\n")
    for path in (None, Path("empty.yaml")):
        with pytest.raises(Refused, match="has none: add one"):
            load_connections(path, [Shop]).pick((Shop,), action="x", name=None)


@together(
    ("text", "place", "wrong"),
    [
        ("a: {kind: shop\nb: c", "line 2", "no YAML"),
        ("a: {kind: shop}\nb: {kind: shop}\na: {kind: shop}", "line 3", "'a' stands twice"),
        ("a: {kind: shop, token: 1,\n token: 2}", "line 2", "'token' stands twice"),
        ("- a\n- b", "line 1", "must map names"),
        ("a: {kind: shop}\nb: text", "line 2", "'b' must have fields"),
        ("defaults: shop", "line 1", "must map actions"),
        ("secrets: shop", "line 1", "which hosts secrets may go to"),
        ("a: {kind: shop}\nsecrets:\n  kind: shop\n  token: t", "line 3", "cannot be the name of a connection"),
        ("secrets:\n  token:\n    kind: shop", "line 3", "cannot be the name of a connection"),
        ("secrets:\n  token: shop.example.com", "line 2", "'token' must have `hosts`"),
        ("secrets:\n  token:\n    hosts: []", "line 3", "at least one host"),
        (
            "secrets:\n  token:\n    hosts:\n    - shop.com\n    - https://shop.com",
            "line 5",
            "'https://shop.com' is not",
        ),
        ("secrets:\n  token: {hosts: ['${NO_HOST}']}", "line 2", "environment variable NO_HOST"),
        ("a: !!python/object/apply:os.getcwd []", "line 1", "tags"),
    ],
)
def test_a_bad_file_is_one_sentence_with_its_place(text: str, place: str, wrong: str) -> None:
    path = Path("connections.yaml")
    path.write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_connections(path, [Shop])
    sentence = str(raised.value)
    assert "connections.yaml" in sentence
    assert place in sentence
    assert wrong in sentence
    assert "\n" not in sentence


def test_a_missing_file_and_one_that_is_no_text_are_sentences() -> None:
    with pytest.raises(SettingsError, match=r"^nowhere\.yaml: The file cannot be read"):
        load_connections(Path("nowhere.yaml"), [Shop])
    Path("binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"^binary\.yaml, line 1: The file is no UTF-8"):
        load_connections(Path("binary.yaml"), [Shop])


def test_a_sandbox_and_what_is_live_are_read() -> None:
    environ = {"TRUNKLINE_SANDBOX": "http://127.0.0.1:8600/", "TRUNKLINE_LIVE": "shop.example.com, *.example.org"}
    settings = Settings.from_environment(environ)
    assert (settings.sandbox, settings.live) == ("http://127.0.0.1:8600", ("shop.example.com", "*.example.org"))
    assert Settings.from_environment(settings.to_environment()) == settings
    assert Settings.from_environment(environ, live=["localhost:3000"]).live == ("localhost:3000",)
    with pytest.raises(SettingsError, match=r"--live: .*'https://shop\.example\.com' is not"):
        Settings.from_environment({}, live=["https://shop.example.com"])
    with pytest.raises(SettingsError, match=r"TRUNKLINE_SANDBOX must be a sandbox's address"):
        Settings.from_environment({"TRUNKLINE_SANDBOX": "somewhere"})
