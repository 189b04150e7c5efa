"""A file from the network as bytes, or one sentence that says why not. The only module that opens a
connection.

What was received stays in memory until its owner has checked it, so nothing half-written can be left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import requests

CHUNK_BYTES = 1 << 16

Progress = Callable[[int, int | None], None]  # bytes received, and their total where the server says it


class DownloadError(ValueError):
    """A download that failed; the message is one sentence that begins with the address."""


def address(base: str, path: str, what: str) -> str:
    """The address of a file below `base`. `what` is meant to be there, for people: "ATT&CK".

    Raises
    ------
    DownloadError
        When the base is not an http or https address.
    """
    try:
        parts = urlsplit(base)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise DownloadError(f"'{base}' is not an http or https address to fetch {what} from")
    return f"{base.rstrip('/')}/{path}"


def shown(url: str) -> str:
    """The address without a user name or password in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def downloaded(
    url: str, most_bytes: int, larger_than: str, progress: Progress | None = None, timeout: float = 30.0
) -> bytes:
    """The bytes at an address.

    Parameters
    ----------
    url : str
    most_bytes : int
        Where it is given up, whatever size the server announced.
    larger_than : str
        What the message says it is larger than: "any ATT&CK release".
    progress : callable, optional
    timeout : float
        Seconds of silence after which it is given up.

    Raises
    ------
    DownloadError
        For every network failure and every answer but 200.
    """
    import requests  # slow to import

    name = shown(url)
    try:
        with requests.get(url, stream=True, timeout=timeout) as response:
            if response.status_code != requests.codes.ok:
                raise DownloadError(
                    f"{name}: the server returned HTTP {response.status_code} {response.reason}"
                )
            return _body(response, name, most_bytes, larger_than, progress)
    except requests.Timeout:
        raise DownloadError(f"{name}: no answer within {timeout:g} seconds") from None
    except requests.exceptions.SSLError as error:
        raise DownloadError(f"{name}: the server's certificate was not accepted ({_cause(error)})") from error
    except requests.ConnectionError as error:
        raise DownloadError(f"{name}: no connection; is the network up? ({_cause(error)})") from error
    except requests.RequestException as error:
        raise DownloadError(f"{name}: the download failed ({_cause(error)})") from error


def _body(
    response: requests.Response, name: str, most_bytes: int, larger_than: str, progress: Progress | None
) -> bytes:
    import requests

    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    content = bytearray()
    try:
        for chunk in response.iter_content(CHUNK_BYTES):
            content += chunk
            if progress is not None:
                progress(response.raw.tell(), total)  # as sent: the server may compress
            if len(content) > most_bytes:
                raise DownloadError(f"{name}: the file is larger than {larger_than}")
    except requests.RequestException as error:
        received = f"{response.raw.tell():,} bytes" + (f" of {total:,}" if total is not None else "")
        raise DownloadError(f"{name}: the download broke off after {received}") from error
    return bytes(content)


def _cause(error: BaseException) -> str:
    """The innermost cause in words; requests wraps the causes of its errors several times over."""
    inner: object = error
    while isinstance(inner, BaseException):
        error = inner
        inner = getattr(error, "reason", None) or next(
            (a for a in error.args if isinstance(a, Exception)), None
        )
    return " ".join(str(error).rpartition(": ")[2].split()) or type(error).__name__
