"""A push service on this machine, for one test and one browser.

To the browser it speaks what Firefox speaks to its vendor (JSON over a WebSocket: hello, register,
notification, ack); to the box it is an RFC 8030 endpoint that checks every request and forwards the
encrypted body as it came. It cannot read what it carries.
"""

import asyncio
import base64
import json
import secrets
import threading
import time
import uuid

import vapid
from websocket import WebSocket, accept

LONGEST_BODY = 4096  # what push services must take (RFC 8030, 7.2)


class PushServer:
    """Runs on a thread of its own. `posts` has what the box sent, `acks` what the browser has shown."""

    def __init__(self):
        self.channels = {}  # endpoint token -> (channel id, key the browser registered with)
        self.posts, self.acks, self.refused, self.browsers = [], [], [], []
        self.uaid, self.browser = None, None
        self.up = threading.Event()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, daemon=True).start()
        if not self.up.wait(5):
            raise RuntimeError("the push server did not start")

    def _run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._client, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.up.set()
        self.loop.run_forever()

    def forget_all(self):
        """Every endpoint handed out so far is gone: the box is answered 410."""
        self.channels.clear()

    def forget_the_browser(self):
        """As when a vendor moves its users: at the next hello the browser gets a new name, and knows that
        all its subscriptions are void."""
        self.channels.clear()
        self.uaid = None
        if self.browser:
            self.loop.call_soon_threadsafe(self.browser.close)

    async def _client(self, reader, writer):
        try:
            line = (await reader.readline()).decode()
            method, path, _ = line.split(" ", 2)
            headers = {}
            while (field := (await reader.readline()).decode().strip()):
                name, value = field.split(":", 1)
                headers[name.lower()] = value.strip()
            if headers.get("upgrade", "").lower() == "websocket":
                await self._browser(reader, writer, headers)
            else:
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status = await self._box(method, path, headers, body)
                writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
                await writer.drain()
        except (ValueError, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    # The browser's side.

    async def _browser(self, reader, writer, headers):
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Accept: " + accept(headers["sec-websocket-key"])]
        if "sec-websocket-protocol" in headers:
            lines.append("Sec-WebSocket-Protocol: " + headers["sec-websocket-protocol"].split(",")[0].strip())
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        socket = WebSocket(reader, writer)
        while (text := await socket.receive()) is not None:
            said = json.loads(text)
            for answer in self._answers(said, socket):
                await socket.send(json.dumps(answer))
        if self.browser is socket:
            self.browser = None

    def _answers(self, said, socket):
        kind = said.get("messageType")
        if kind == "hello":
            known = self.uaid is not None and said.get("uaid") == self.uaid
            if not known:
                self.uaid = uuid.uuid4().hex
            self.browser = socket
            self.browsers.append(self.uaid)
            return [{"messageType": "hello", "uaid": self.uaid, "status": 200, "use_webpush": True,
                     "broadcasts": {}}]
        if kind == "register":
            token = secrets.token_urlsafe(24)
            self.channels[token] = (said["channelID"], said.get("key", ""))
            return [{"messageType": "register", "channelID": said["channelID"], "status": 200,
                     "pushEndpoint": f"{self.origin}/wpush/v2/{token}"}]
        if kind == "unregister":
            self.channels = {t: c for t, c in self.channels.items() if c[0] != said["channelID"]}
            return [{"messageType": "unregister", "channelID": said["channelID"], "status": 200}]
        if kind == "ack":
            self.acks.extend((update["version"], update.get("code")) for update in said["updates"])
            return []
        if kind is None or kind == "ping":
            return [{}]
        return []  # broadcast_subscribe, nack: nothing is to be answered

    # The box's side (RFC 8030, 5).

    async def _box(self, method, path, headers, body):
        token = path.rpartition("/")[2]
        if method != "POST" or token not in self.channels:
            return "410 Gone" if method == "POST" else "405 Method Not Allowed"
        channel, key = self.channels[token]
        why = self._wrong(headers, body, key)
        if why:
            self.refused.append(why)
            return "400 Bad Request"
        if not self.browser:
            return "503 Service Unavailable"
        version = uuid.uuid4().hex
        self.posts.append({"version": version, "at": time.monotonic(), "body": body,
                           "topic": headers["topic"], "urgency": headers["urgency"], "ttl": headers["ttl"]})
        await self.browser.send(json.dumps({
            "messageType": "notification", "channelID": channel, "version": version,
            "data": base64.urlsafe_b64encode(body).decode().rstrip("="),
            "headers": {"encoding": headers["content-encoding"]},
        }))
        return f"201 Created\r\nlocation: {self.origin}/m/{version}"

    def _wrong(self, headers, body, key):
        topic = headers.get("topic", "")
        if headers.get("content-encoding") != "aes128gcm":
            return "the body is not said to be aes128gcm"
        if not headers.get("ttl", "").isdigit():
            return "no TTL"
        if headers.get("urgency") not in ("very-low", "low", "normal", "high"):
            return "no known urgency"
        if not (0 < len(topic) <= 32 and topic.replace("-", "").replace("_", "").isalnum()):
            return "no topic of at most 32 characters of base64url"
        if not 103 <= len(body) <= LONGEST_BODY:
            return f"{len(body)} bytes"
        return vapid.wrong(headers.get("authorization", ""), self.origin, key)
