"""Transport errors of Temporal's client in words: what to change where client and server do not speak the same."""

from __future__ import annotations

import re

TO_PLAIN = (
    "it does not speak TLS, and this client does: leave out TEMPORAL_TLS, its certificates and TEMPORAL_API_KEY, or "
    "name the port that takes TLS in TEMPORAL_ADDRESS"
)
TO_TLS = (
    "it closed the connection at once, as a server does that takes TLS only, and this client does not speak TLS: set "
    "TEMPORAL_TLS=true, unless what answers there is no Temporal server"
)
NO_TEMPORAL = (
    "what answers there is no Temporal server: it does not speak gRPC. Perhaps that is the port of a web page; "
    "Temporal's own is usually 7233"
)
CLOSED = "it closed the connection before it answered"
NO_CERTIFICATE = (
    "it wants a certificate of this client, or refuses the one it has: TEMPORAL_TLS_CLIENT_CERT_PATH and "
    "TEMPORAL_TLS_CLIENT_KEY_PATH name it"
)
OTHER_NAME = "its TLS certificate is for another name: TEMPORAL_TLS_SERVER_NAME says which is right"
EXPIRED = "its TLS certificate has expired, or is not valid yet"
UNTRUSTED = (
    "its TLS certificate comes from nobody this machine trusts: TEMPORAL_TLS_SERVER_CA_CERT_PATH names the certificate "
    "of its authority"
)

REASONS = (
    (r"InvalidContentType|InvalidMessage|WRONG_VERSION_NUMBER|corrupt message", TO_PLAIN),
    (r"NotValidForName", OTHER_NAME),
    (r"CertificateRequired|AlertReceived|HandshakeFailure", NO_CERTIFICATE),
    (r"InvalidCertificate\((Expired|NotValidYet)", EXPIRED),
    (r"InvalidCertificate|UnknownIssuer", UNTRUSTED),
    (r"FRAME_SIZE_ERROR|h2 protocol error|http2 error|PROTOCOL_ERROR|invalid compression flag", NO_TEMPORAL),
    (r"operation was canceled", NO_TEMPORAL),  # the connection ended before the request was sent
    (r"ConnectionRefused|[Cc]onnection refused", "Connection refused"),
    (r"dns error|failed to lookup", "no host of that name is known"),
)
"""What a transport error contains, and what it means; the first that fits."""

CUT_OFF = re.compile(
    r"BrokenPipe|broken pipe|ConnectionReset|reset by peer|UnexpectedEof|stream closed|transport error"
)


def meaning(text: str, *, tls: bool) -> str:
    """Return what a transport error means.

    Args:
        text: the error with all its layers, as Temporal's client quotes it.
        tls: whether the client speaks TLS.
    """
    for pattern, sentence in REASONS:
        if re.search(pattern, text):
            return sentence
    if CUT_OFF.search(text):
        return CLOSED if tls else TO_TLS
    quoted: list[str] = re.findall(r'(?:message|error): "([^"]+)"', text)
    return quoted[-1] if quoted else text.removeprefix("Failed client connect: ")


def is_transport(text: str) -> bool:
    """Say whether an answer is none of Temporal's, but tells that the connection broke."""
    return bool(re.search(r"transport error|h2 protocol error|http2 error|tcp connect error", text))


def lacks_namespace(text: str) -> bool:
    """Say whether Temporal does not find the namespace: its answer begins with that word, and ids come later in it."""
    return text[:9].lower() == "namespace"
