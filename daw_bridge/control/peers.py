"""Where the server listens and whom it answers: this machine, and on a wider binding the listed peers."""

from __future__ import annotations

import ipaddress
import socket

from daw_bridge.errors import UsageError


def allowed_peers(host: str, peers: str) -> Peers:
    """Who is answered: this machine, and on a wider binding the listed peers. Raises UsageError."""
    names = [name.strip() for name in peers.split(",") if name.strip()]
    addresses = {resolved(name, "osc_peers") for name in names}
    if not addresses and not ipaddress.ip_address(resolved(host, "osc_host")).is_loopback:
        raise UsageError(
            f"--osc-host {host} is open to the network, but no peers are listed",
            cure="name the addresses to answer with --osc-peers, or leave out --osc-host",
        )
    return Peers(addresses)


class Peers(frozenset[str]):
    """A set of addresses that also holds every address of this machine's loopback."""

    def __contains__(self, address: object) -> bool:
        return str(address).startswith("127.") or super().__contains__(address)


def resolved(name: str, key: str) -> str:
    """The IPv4 address of a name given under a settings key. Raises UsageError."""
    try:
        return socket.gethostbyname(name)
    except (OSError, UnicodeError):
        raise UsageError(f"{key}: no such address: {name!r}", cure="give an IPv4 address such as 127.0.0.1") from None


def bound(host: str, port: int) -> socket.socket:
    """A datagram socket that does not block. Raises UsageError when the address cannot be had."""
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        endpoint.bind((host, port))
    except OSError as error:
        endpoint.close()
        raise UsageError(
            f"OSC port {port} on {host} cannot be opened ({error.strerror or error})",
            cure="another bridge may be running; choose another port with --osc-port, 0 takes a free one",
        ) from None
    endpoint.setblocking(False)
    return endpoint
