"""A client and a server that do not speak the same: what to change is said, and no transport error is quoted."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.engine import Engine
from tests.workers.command import address, trunkline


def certificate(folder: Path) -> ssl.SSLContext:
    """Return a server's side of TLS, with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.set_alpn_protocols(["h2"])
    return context


@contextlib.asynccontextmanager
async def web_server(context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that speaks HTTP/1.1, over TLS or not."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read(1_000)
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            while await reader.read(1_000):  # who closes at once may take the answer back
                pass
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def refused(place: str, **variables: str) -> str:
    ended = await trunkline("holds", environment={"TEMPORAL_ADDRESS": place, **variables})
    assert ended.code == 3, ended.err
    assert f"Temporal does not answer at {place}" in ended.err
    for word in ("transport", "tonic", "hyper", "Custom", "h2 protocol", "InvalidData"):
        assert word not in ended.err
    return ended.err


async def test_a_plain_client_at_a_server_of_tls_is_told_to_speak_it(tmp_path: Path) -> None:
    async with web_server(certificate(tmp_path)) as place:
        assert "set TEMPORAL_TLS=true" in await refused(place)


async def test_a_client_of_tls_at_a_plain_server_is_told_to_leave_it(engine: Engine) -> None:
    assert "it does not speak TLS, and this client does" in await refused(address(engine), TEMPORAL_TLS="true")


async def test_a_certificate_that_nobody_vouches_for_is_told_so(tmp_path: Path) -> None:
    async with web_server(certificate(tmp_path)) as place:
        assert "TEMPORAL_TLS_SERVER_CA_CERT_PATH" in await refused(place, TEMPORAL_TLS="true")


@pytest.mark.parametrize("tls", ["", "true"])
async def test_a_web_server_is_no_temporal(tls: str) -> None:
    async with web_server() as place:
        said = await refused(place, **({"TEMPORAL_TLS": tls} if tls else {}))
        assert ("does not speak TLS" if tls else "no Temporal server") in said
