"""The server's half of a WebSocket (RFC 6455) over asyncio streams: text frames, as a push service needs.

Owns framing and the handshake. Knows nothing of what is said. Not for use on a network.
"""

import asyncio
import base64
import hashlib
import struct

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
LONGEST = 1 << 20


def accept(key):
    """The answer to `Sec-WebSocket-Key`."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


class WebSocket:
    """One open connection. `receive` gives whole text messages, `None` once it is over."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def send(self, text):
        self._frame(TEXT, text.encode())
        await self.writer.drain()

    def _frame(self, kind, body):
        head = bytes([0x80 | kind])
        if len(body) < 126:
            head += bytes([len(body)])
        elif len(body) < 1 << 16:
            head += struct.pack("!BH", 126, len(body))
        else:
            head += struct.pack("!BQ", 127, len(body))
        self.writer.write(head + body)

    def close(self):
        self.writer.close()

    async def receive(self):
        said = b""
        try:
            while True:
                first, second = await self.reader.readexactly(2)
                size = second & 0x7F
                if size == 126:
                    (size,) = struct.unpack("!H", await self.reader.readexactly(2))
                elif size == 127:
                    (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
                if size > LONGEST or not second & 0x80:
                    return None
                mask = await self.reader.readexactly(4)
                body = bytes(b ^ mask[i & 3] for i, b in enumerate(await self.reader.readexactly(size)))
                kind = first & 0x0F
                if kind == CLOSE:
                    return None
                if kind == PING:
                    self._frame(PONG, body)
                elif kind != PONG:
                    said += body
                    if first & 0x80:
                        return said.decode()
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
