"""The client half of systemctl, journalctl and systemd-run of a demo master: words to the supervisor, answers back.

usage: ask.py SOCKET NAME [ARG ...]; the standard descriptors go along. The request: its length (4 bytes, big endian), then
the words, NUL between them. Frames that come back: kind (o: stdout, e: stderr, x: exit status), length (4 bytes), content.

Only what is built into the interpreter is imported: a demo is asked several times a second, and the modules that are made
for reading (socket, struct, json) would take two thirds of the time.
"""

import _socket
import posix
import select
import sys


def main() -> int:
    bus, name, words = sys.argv[1], sys.argv[2], sys.argv[3:]
    link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        link.connect(bus)
        request = b"\0".join(word.encode("utf-8", "surrogateescape") for word in (name, *words))
        # The descriptors ride on the first bytes only: a long request may be split.
        standard = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
        link.sendmsg([len(request).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, standard)])
        link.sendall(request)
    except OSError as why:
        sys.stderr.write(f"{name}: Failed to connect to bus: {why.strerror}\n")
        return 1
    return follow(link, name)


def follow(link: _socket.socket, name: str) -> int:
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
            kind, length = waiting[:1], int.from_bytes(waiting[1:5], "big")
            if len(waiting) < 5 + length:
                break
            content, waiting = waiting[5 : 5 + length], waiting[5 + length :]
            if kind == b"x":
                return int(content)
            write_all(1 if kind == b"o" else 2, content)


def write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[posix.write(descriptor, content) :]


try:
    sys.exit(main())
except BrokenPipeError:
    sys.exit(1)
except KeyboardInterrupt:
    sys.exit(130)
