# SPDX-License-Identifier: Apache-2.0
"""Ports that nobody uses."""

import random
import socket

from keeper import Failure


def free_ports(count):
    """Outside the range from which the kernel takes the near end of outgoing connections: there a
    port could be gone while its server is down, or a balancer that tries it could meet itself."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        low, high = map(int, file.read().split())
    candidates = [port for port in range(10000, 65536) if not low <= port <= high]
    random.shuffle(candidates)
    free = [port for port in candidates[:count * 20] if _is_free(port)]
    if len(free) < count:
        raise Failure(f"fewer than {count} free ports outside ip_local_port_range, {low} to {high}")
    return free[:count]


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
