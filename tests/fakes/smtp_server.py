"""A mail server on loopback: it takes what it is sent, and can be told what to refuse."""

import base64
import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage

TAKEN = "250 taken"


@dataclass
class Mailbox:
    """What the server was told and what it answers."""

    port: int = 0
    answer_to_recipient: str = TAKEN
    answer_to_message: str = TAKEN
    hangs_up: bool = False
    login: tuple[str, str] | None = None
    extensions: tuple[str, ...] = ()
    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    calls: int = 0


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box: Mailbox = self.server.box
        box.calls += 1
        if box.hangs_up:
            return
        self.say("220 ready")
        while line := self.rfile.readline().decode("utf-8", "replace").strip():
            verb = line.partition(" ")[0].upper()
            if verb == "QUIT":
                self.say("221 bye")
                return
            self.say(self.answer(verb, line, box))

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def answer(self, verb: str, line: str, box: Mailbox) -> str:
        if verb == "EHLO":
            known = (*box.extensions, *(("AUTH PLAIN", "SIZE 10000000") if box.login else ()))
            *lines, last = "here", *known
            return "".join(f"250-{line}\r\n" for line in lines) + f"250 {last}"
        if verb == "AUTH":
            _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
            return "235 in" if (user, password) == box.login else "535 wrong"
        if verb == "RCPT":
            if box.answer_to_recipient == TAKEN:
                box.recipients.append(line[line.index("<") + 1 : line.index(">")])
            return box.answer_to_recipient
        if verb == "DATA":
            self.say("354 go on")
            return self.take(box)
        return "250 fine"

    def take(self, box: Mailbox) -> str:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        if box.answer_to_message == TAKEN:
            message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            box.taken.append(message)
        return box.answer_to_message


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    box: Mailbox


@contextmanager
def smtp_server() -> Iterator[Mailbox]:
    """Run the server until the test is over."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.box = Mailbox(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.box
        finally:
            server.shutdown()
            thread.join()
