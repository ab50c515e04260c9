"""The deployment files: valid, consistent with each other, and in words that our own command line understands."""

import asyncio
import os
import re
import shutil
import socket
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from temporalio.testing import WorkflowEnvironment

from tests.starts import Processes
from tests.workers.command import surroundings
from workers.cli import app
from workers.cli.gateway import gateway
from workers.cli.worker import worker
from workers.client import connecting
from workers.process.search_attributes import WORDS
from workers.settings import VARIABLES, Settings

ROOT = Path(__file__).resolve().parent.parent.parent
VARIABLE = re.compile(r"\$\{(\w+)(?::?([-?])([^}]*))?\}")
COMPOSE = (ROOT / "docker-compose.yml").read_text()


def env_example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def interpolated(text: str, variables: dict[str, str]) -> str:
    """Fill variables in as compose does before it judges the file."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if variables.get(name):
            return variables[name]
        assert kind == "-", f"{name} has neither a value in .env.example nor a default"
        return str(rest)

    return VARIABLE.sub(value, text).replace("$$", "$")


def merged(text: str) -> str:
    """Fill YAML's merge keys in, which compose knows and its checker here does not."""
    return yaml.safe_dump(yaml.safe_load(text))


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(interpolated(COMPOSE, env_example()))["services"]
    return found


def test_it_is_a_valid_compose_file() -> None:
    spec = PyCompose.from_yaml(merged(interpolated(COMPOSE, env_example()))).to_spec()
    assert spec.services is not None
    assert {"postgresql", "temporal", "temporal-ui", "worker", "gateway", "proxy"} <= set(spec.services)


def test_the_check_notices_a_misspelt_key() -> None:
    with pytest.raises(ValueError, match="stop_grace_periode"):
        PyCompose.from_yaml(
            merged(interpolated(COMPOSE, env_example()).replace("stop_grace_period", "stop_grace_periode"))
        )


def test_the_password_has_no_default() -> None:
    assert COMPOSE.count("TEMPORAL_DB_PASSWORD") == COMPOSE.count("${TEMPORAL_DB_PASSWORD:?")


def test_every_variable_it_reads_is_explained_in_the_example() -> None:
    assert {match[1] for match in VARIABLE.finditer(COMPOSE)} == set(env_example())


def test_services_wait_for_services_that_exist_and_can_become_what_is_waited_for(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for other, wanted in service.get("depends_on", {}).items():
            assert other in services, f"{name} waits for {other}"
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in services[other]
            else:
                assert wanted["condition"] == "service_completed_successfully"
                assert services[other].get("restart") == "on-failure"


def test_only_this_machine_reaches_what_has_no_sign_in(services: dict[str, Any]) -> None:
    ports = [port for name, service in services.items() if name != "proxy" for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_workers_command_line_is_ours(services: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES.values():
        monkeypatch.delenv(name, raising=False)
    command, bound, _ = app.parse_args(services["worker"]["command"], print_error=False, exit_on_error=False)
    assert command is worker
    [folder] = bound.args
    settings = Settings.from_environment(services["worker"]["environment"], automations=folder, **bound.kwargs)
    assert settings.metrics_address is not None
    assert settings.metrics_address.host == "0.0.0.0"  # noqa: S104 - the inside of a container
    assert settings.web_ui == env_example()["TRUNKLINE_WEB_UI"]
    assert not settings.inline
    mounted = {volume.split(":")[1] for volume in services["worker"]["volumes"]}
    assert mounted == {
        *(str(settings.automations), str(settings.connections), str(settings.secrets)),
        str(settings.automations.parent / "config"),
    }


def test_the_gateways_command_line_is_ours(services: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES.values():
        monkeypatch.delenv(name, raising=False)
    service = services["gateway"]
    command, bound, _ = app.parse_args(service["command"], print_error=False, exit_on_error=False)
    assert command is gateway
    port, metrics = bound.kwargs["port"], str(bound.kwargs["metrics_address"])
    assert service["expose"] == [str(port), metrics.rpartition(":")[2]]
    assert f"127.0.0.1:{port}/livez" in service["healthcheck"]["test"][-1]
    mounted = {volume.split(":")[1] for volume in service["volumes"]}
    given = {name: value for name, value in service["environment"].items() if name.startswith("TRUNKLINE_")}
    assert given.keys() <= set(VARIABLES.values())
    settings = Settings.from_environment(given)
    assert {str(bound.kwargs["config"].parent), str(settings.connections), str(settings.secrets)} == mounted
    assert int(service["stop_grace_period"].removesuffix("s")) > settings.grace + 10
    worker_environment = services["worker"]["environment"]
    shared = [name for name in service["environment"] if name in worker_environment]
    assert {name: service["environment"][name] for name in shared} == {
        name: worker_environment[name] for name in shared
    }
    assert {"TEMPORAL_ADDRESS", "TRUNKLINE_TASK_QUEUE", "TRUNKLINE_ENCRYPTION_KEYS"} <= {*shared}


def test_a_proxy_leads_to_the_gateways_and_to_nothing_else(services: dict[str, Any]) -> None:
    proxy, service = services["proxy"], services["gateway"]
    assert proxy["profiles"] == ["tls"]
    assert service["profiles"] == ["gateway", "tls"], "whoever starts the proxy starts what it leads to"
    assert "ports" not in service
    [file] = [volume for volume in proxy["volumes"] if volume.endswith("Caddyfile:ro")]
    text = (ROOT / file.split(":")[0]).read_text()
    assert re.findall(r"\{\$(\w+)\}", text) == list(proxy["environment"])
    assert re.findall(r"dynamic a (\w+) (\d+)", text) == [("gateway", service["expose"][0])]
    assert text.count("{") == text.count("}")


def test_inline_definitions_run_only_where_the_operator_switches_them_on() -> None:
    for given, wanted in ((env_example(), "off"), ({}, "off"), ({"TRUNKLINE_INLINE": "on"}, "on")):
        variables = {"TEMPORAL_DB_PASSWORD": "x", **given}
        worker_service = yaml.safe_load(interpolated(COMPOSE, variables))["services"]["worker"]
        assert worker_service["environment"]["TRUNKLINE_INLINE"] == wanted


ELSEWHERE = {
    *("TRUNKLINE_AUTOMATIONS", "TRUNKLINE_CONNECTIONS", "TRUNKLINE_METRICS_ADDRESS"),  # options of its command
    *("TRUNKLINE_USER", "TRUNKLINE_SIGNING_KEY"),  # of commands
    "TRUNKLINE_CODEC_TOKEN",  # of the codec server
    *("TRUNKLINE_SANDBOX", "TRUNKLINE_LIVE", "TRUNKLINE_GATEWAY_PORT"),  # of `trunkline dev`
}


def test_the_worker_is_given_every_setting_and_the_operators_value_reaches_it() -> None:
    given = {name: f"value-of-{name}" for name in VARIABLES.values()} | {"TEMPORAL_DB_PASSWORD": "x"}
    worker_service = yaml.safe_load(interpolated(COMPOSE, given))["services"]["worker"]
    environment = worker_service["environment"]
    assert set(VARIABLES.values()) - environment.keys() == ELSEWHERE
    fixed = {"TRUNKLINE_SECRETS", "TRUNKLINE_GRACE"}
    for name in environment.keys() & set(VARIABLES.values()) - fixed:
        assert environment[name] == given[name], name


def test_what_lies_in_the_config_folder_is_found_by_the_path_that_the_example_tells(services: dict[str, Any]) -> None:
    """The container's working folder is where it is mounted, so that one relative path is right in both places."""
    [workdir] = re.findall(r"^WORKDIR (/srv\S*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert f"./config:{workdir}/config:ro" in services["worker"]["volumes"]
    assert services["worker"]["env_file"] == [{"path": "./worker.env", "required": False}]


def test_temporal_cloud_needs_settings_alone() -> None:
    cloud = {
        "TEMPORAL_ADDRESS": "eu-west-1.aws.api.temporal.io:7233",
        "TEMPORAL_NAMESPACE": "acme.a1b2c",
        "TEMPORAL_API_KEY": "key",
        "TEMPORAL_TLS": "true",
        "TEMPORAL_TLS_CLIENT_CERT_PATH": "config/client.pem",
        "TEMPORAL_TLS_CLIENT_KEY_PATH": "config/client.key",
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": "config/ca.pem",
        "TEMPORAL_TLS_SERVER_NAME": "acme.example.com",
    }
    worker_service = yaml.safe_load(interpolated(COMPOSE, cloud | {"TEMPORAL_DB_PASSWORD": "x"}))["services"]["worker"]
    assert cloud.items() <= worker_service["environment"].items()


def test_what_compose_gives_empty_is_unset_for_temporals_client(
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = {n: v for n, v in services["worker"]["environment"].items() if n.startswith("TEMPORAL_") and not v}
    assert "TEMPORAL_TLS_CLIENT_CERT_PATH" in empty
    for name, value in (empty | {"TEMPORAL_ADDRESS": "temporal:7233"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TEMPORAL_NAMESPACE", raising=False)
    assert connecting.connect_options() == {"target_host": "temporal:7233"}


def test_the_web_ui_can_change_nothing(services: dict[str, Any]) -> None:
    assert services["temporal-ui"]["environment"]["TEMPORAL_DISABLE_WRITE_ACTIONS"] == "true"


def test_the_images_own_command_line_is_ours() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    [command] = re.findall(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    parsed, bound, _ = app.parse_args(yaml.safe_load(command), print_error=False, exit_on_error=False)
    assert parsed is worker
    port = str(bound.kwargs["metrics_address"]).rpartition(":")[2]
    assert f"EXPOSE {port}\n" in dockerfile
    assert f"127.0.0.1:{port}/healthz" in dockerfile


def test_the_workers_settings_exist_and_hang_together(services: dict[str, Any]) -> None:
    service = services["worker"]
    ours = {name for name in service["environment"] if name.startswith("TRUNKLINE_")}
    assert ours <= set(VARIABLES.values())
    assert service["deploy"]["replicas"] == 2
    grace = float(service["environment"]["TRUNKLINE_GRACE"])
    assert int(service["stop_grace_period"].removesuffix("s")) > grace + 10
    port = service["command"][-1].rpartition(":")[2]
    assert f"127.0.0.1:{port}/healthz" in service["healthcheck"]["test"][-1]
    host, port = service["environment"]["TEMPORAL_ADDRESS"].split(":")
    assert f"127.0.0.1:{port}:{port}" in services[host]["ports"]


def test_the_namespace_keeps_runs_for_thirty_days_and_has_our_search_attributes(services: dict[str, Any]) -> None:
    [script] = services["temporal-namespace"]["command"]
    assert script.count("--retention 30d") == 2
    assert dict(re.findall(r"--name (\w+) --type (\w+)", script)) == WORDS


@pytest.mark.parametrize("name", ["temporal-schema", "temporal-namespace"])
def test_scripts_are_valid_shell(services: dict[str, Any], processes: Processes, name: str) -> None:
    shell = shutil.which("sh")
    assert shell
    [script] = services[name]["command"]
    processes.run([shell, "-n"], input=script, text=True, check=True)


def test_the_servers_own_settings_are_mounted_where_it_looks(services: dict[str, Any]) -> None:
    temporal = services["temporal"]
    [volume] = temporal["volumes"]
    folder, inside, _ = volume.split(":")
    path = temporal["environment"]["DYNAMIC_CONFIG_FILE_PATH"]
    file = ROOT / folder / Path(path).name
    assert inside == f"/etc/temporal/{Path(path).parent}"
    for constraints in yaml.safe_load(file.read_text()).values():
        assert [set(entry) for entry in constraints] == [{"value"}]


def test_the_healthcheck_passes_and_fails_with_the_page(services: dict[str, Any], processes: Processes) -> None:
    """The one-liner itself, against a server that answers 200 and one that answers 503."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Page(BaseHTTPRequestHandler):
        status = 200

        def do_GET(self) -> None:
            self.send_response(self.status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    [_, _, flag, code] = services["worker"]["healthcheck"]["test"]
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        here = code.replace(":9464/", f":{server.server_port}/")
        assert here != code
        for Page.status, expected in ((200, 0), (503, 1)):
            done = processes.run([sys.executable, flag, here], capture_output=True, env=os.environ, check=False)
            assert done.returncode == expected
        server.shutdown()


def test_the_image_gets_what_the_package_is_built_from() -> None:
    ignore = (ROOT / ".dockerignore").read_text().split()
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    needed = {name for line in copied for name in line.split()}
    assert set(wheel["packages"]) <= needed
    assert {f"!{name}" for name in needed} <= set(ignore)


async def test_the_workers_command_and_environment_make_a_healthy_worker(
    services: dict[str, Any], temporal: WorkflowEnvironment, processes: Processes, tmp_path: Path
) -> None:
    """What compose would run, with this machine's folders, port and Temporal in place of the containers'."""
    service = services["worker"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def here(text: str) -> str:
        places = {"/srv/trunkline": str(tmp_path), "/run/trunkline-secrets": str(tmp_path / "secrets")}
        for there, place in (places | {"0.0.0.0:9464": f"127.0.0.1:{port}", ":9464/": f":{port}/"}).items():
            text = text.replace(there, place)
        return text

    for folder in ("automations", "secrets"):
        (tmp_path / folder).mkdir()
    (tmp_path / "automations" / "texting.yaml").write_text(
        "name: texting\ntrigger: {event: order.paid}\nactions:\n"
        '  - {label: Tell, actionType: send_sms, config: {from: "+15550100", to: "+15550123", text: Hi}}\n'
    )
    (tmp_path / "connections.yaml").write_text("secrets: {crm_key: {hosts: [crm.example.com]}}")
    for name in ("shop_token", "crm_key"):
        (tmp_path / "secrets" / name).write_text("value-0123456789")
    variables = {name: here(value) for name, value in service["environment"].items()}
    variables |= {"TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host}
    variables |= {"TRUNKLINE_TASK_QUEUE": f"compose-{port}"}
    with (tmp_path / "worker.log").open("wb") as log:
        process = await processes.start(
            sys.executable, "-m", "workers.cli", *map(here, service["command"]),
            env=surroundings(**variables), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        check = [sys.executable, *map(here, service["healthcheck"]["test"][2:])]
        for _ in range(100):
            checking = await processes.start(*check, stderr=asyncio.subprocess.DEVNULL)
            if await checking.wait() == 0:
                break
            await asyncio.sleep(0.1)
        else:
            pytest.fail((tmp_path / "worker.log").read_text())
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0
        said = (tmp_path / "worker.log").read_text()
        assert said.count("shop_token") == 2, "named once, with how it is bound"
        assert "Definitions may send these secrets to any host: shop_token." in said
        assert "crm_key" not in said
        assert "send_sms needs a connection of kind twilio or cloudtalk" in said
        assert "Needed by: texting (Tell)." in said
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
