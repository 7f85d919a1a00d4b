"""A client of a QMP server, for tests that are programs."""
import json
import os
import socket
import time

PATIENCE = float(os.environ.get("PATIENCE", "60"))


def connect(where):
    """A client of a unix path or (host, port); retried while nobody listens."""
    end = time.monotonic() + PATIENCE
    while True:
        client = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        client.settimeout(PATIENCE)
        try:
            client.connect(where)
            return client
        except OSError:
            client.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


class Client:
    def __init__(self, where, negotiate=True):
        self.socket = where if isinstance(where, socket.socket) else connect(where)
        self.buffer, self.events, self.schema = b"", [], None
        self.greeting = self.read()
        if negotiate:
            self.run("qmp_capabilities")

    def read(self):
        while b"\r\n" not in self.buffer:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return json.loads(line)

    def answer(self):
        while (message := self.read()) is not None and "event" in message:
            self.events.append(message)
        return message

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else json.dumps(data).encode())

    def run(self, command, **arguments):
        self.send({"execute": command, "arguments": arguments, "id": command})
        said = self.answer()
        if said and "return" in said and self.schema:
            self.schema.check(command, said["return"])
        return said.get("return", said.get("error")) if said else None

    def event(self, name):
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event
            message = self.read()
            if message is None:
                return None
            self.events.append(message)
