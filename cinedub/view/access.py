"""Who may ask: people with the token, by a name that is this machine's."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from email.message import Message
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Access:
    """The rules of one server: the token it was started with, and the names by which it may be called.

    A web page elsewhere can make a browser send requests here under a name of its own (DNS rebinding): those bear a foreign ``Host``.
    """

    host: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def named(self, headers: Message) -> bool:
        """Whether the request's ``Host`` is this machine: loopback, the name it was told to listen on, or (when not on loopback) any bare address."""
        try:
            name = urlsplit(f"//{headers.get('Host', '')}").hostname or ""
        except ValueError:
            return False
        if name == "localhost" or name == self.host:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return not _loopback(self.host) and name == socket.gethostname().lower()
        return address.is_loopback or not _loopback(self.host)

    def knows(self, headers: Message, cookie: str) -> bool:
        """Whether the request bears the token, as a bearer's or in the named cookie."""
        try:
            kept = SimpleCookie(headers.get("Cookie", "")).get(cookie)
        except CookieError:
            kept = None
        return self.opens(headers.get("Authorization", "").removeprefix("Bearer ")) or (kept is not None and self.opens(kept.value))

    def opens(self, token: str) -> bool:
        """Whether this is the token; takes as long for a wrong one."""
        return secrets.compare_digest(token.encode(), self.token.encode())

    @staticmethod
    def own(headers: Message) -> bool:
        """Whether a request that changes something comes from a page of this server, or from no page at all."""
        origin = headers.get("Origin")
        return headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none") and origin in (None, f"http://{headers.get('Host')}")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
