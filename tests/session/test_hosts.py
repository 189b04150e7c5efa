"""Who the dashboard answers: a page of another site that is led to this machine (DNS rebinding) gets no
session.
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.helpers.serving import served


def handshake(address: str, host: str, origin: str | None) -> int:
    """The status of the answer to a WebSocket's handshake, as a browser sends it."""
    place = urlsplit(address)
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *([f"Origin: {origin}"] if origin else []),
    ]
    with socket.create_connection((place.hostname, place.port), timeout=30) as line:
        line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return int(line.recv(4096).split(b" ")[1])


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served("app.py", [], COVERAGE_CACHE=str(tmp_path_factory.mktemp("cache"))) as url:
        yield url


def test_this_machine_is_answered(address):
    port = urlsplit(address).port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
        assert handshake(address, host, f"http://{host}") == 101, host


def test_another_name_for_this_machine_is_refused(address):
    """As after DNS rebinding: host and origin agree, and are another site's."""
    port = urlsplit(address).port
    for host in (
        f"evil.example:{port}",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
    ):
        assert handshake(address, host, f"http://{host}") == 403, host


def test_a_page_of_another_site_is_refused(address):
    port = urlsplit(address).port
    assert handshake(address, f"127.0.0.1:{port}", "http://evil.example") == 403
    assert handshake(address, f"localhost:{port}", "null") == 403


def test_a_team_names_its_hosts(tmp_path):
    """As the README says; more than one name is given one by one."""
    names = ["--server.allowedHosts", "coverage.example.org", "--server.allowedHosts", "other.example.org"]
    with served("app.py", [], options=names, COVERAGE_CACHE=str(tmp_path)) as url:
        for host in ("coverage.example.org", "other.example.org"):
            assert handshake(url, host, f"https://{host}") == 101
        assert handshake(url, "evil.example", "http://evil.example") == 403
