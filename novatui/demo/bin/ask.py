"""The client half of systemctl, journalctl and systemd-run of a demo master: words to the supervisor, answers back.

usage: ask.py SOCKET NAME [ARG ...]; the standard descriptors go along. Frames that come back: kind (o: stdout,
e: stderr, x: exit status), length (4 bytes, big endian), content.
"""

import json
import os
import select
import socket
import struct
import sys


def main() -> int:
    bus, name, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.connect(bus)
        request = json.dumps({"name": name, "words": words}).encode()
        # The descriptors ride on the first byte only: a long request may be split.
        socket.send_fds(link, [struct.pack(">I", len(request))], [0, 1, 2])
        link.sendall(request)
    except OSError as why:
        sys.stderr.write(f"{name}: Failed to connect to bus: {why.strerror}\n")
        return 1
    return follow(link, name)


def follow(link: socket.socket, name: str) -> int:
    ends = select.poll()
    ends.register(link, select.POLLIN)
    ends.register(1, 0)  # only to learn that nobody reads us any more
    waiting = b""
    while True:
        for descriptor, event in ends.poll():
            if descriptor == 1 and event & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
                return 1
        piece = link.recv(1 << 18)
        if not piece:
            sys.stderr.write(f"{name}: the connection to the manager was lost\n")
            return 1
        waiting += piece
        while len(waiting) >= 5:
            kind, length = waiting[:1], struct.unpack(">I", waiting[1:5])[0]
            if len(waiting) < 5 + length:
                break
            content, waiting = waiting[5 : 5 + length], waiting[5 + length :]
            if kind == b"x":
                return int(content)
            write_all(1 if kind == b"o" else 2, content)


def write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


try:
    sys.exit(main())
except BrokenPipeError:
    sys.exit(1)
except KeyboardInterrupt:
    sys.exit(130)
