"""The simulated Shelly plugs are held against a foreign client: `aioshelly`, which Home Assistant uses.

Not part of `make test`. Once:
    python3 -m venv shelly && shelly/bin/pip install aioshelly==13.35.0
Then, in the project's root, as a user who may listen on port 80 (the client takes no other for the first generation):
    cargo build --example simulated_plugs && shelly/bin/python tests/peers/shelly.py target/debug/examples/simulated_plugs
Each plug wants a log-in. The client reads them, switches them, lets a power cycle come back by the plug's own timer,
and is refused with a wrong password. `aiohttp`'s own digest log-in calls the second generation over plain HTTP as
well, since `aioshelly` uses its WebSocket. Of the first generation's CoIoT (CoAP over UDP) nothing is simulated and
nothing tried. Ends with `ok`, or with what was wrong.
"""

import asyncio, subprocess, sys

import aiohttp
from aioshelly.block_device import COAP, BlockDevice
from aioshelly.common import ConnectionOptions, get_info
from aioshelly.exceptions import InvalidAuthError, RpcCallError
from aioshelly.rpc_device import RpcDevice, WsServer

PASSWORD = "peer-password"
HOST = "127.0.0.1"


def check(what, right):
    print(("  " if right else "WRONG  ") + what, flush=True)
    if not right:
        sys.exit(f"wrong: {what}")


async def until(what, ask, seconds=10):
    for _ in range(seconds * 20):
        if await ask():
            return check(what, True)
        await asyncio.sleep(0.05)
    check(what, False)


class NoCoap(COAP):
    """The client without its UDP: what it asks there is not sent."""

    async def request(self, ip, path):
        pass


class Block(BlockDevice):
    async def _update_cit_s(self):
        """Would ask over UDP."""


async def second_generation(session, port):
    print(f"second generation, aioshelly over WebSocket, port {port}")
    info = await get_info(session, HOST, port=port)
    check(f"says what it is without a log-in: {info['id']}, gen {info['gen']}", info["gen"] == 2 and info["auth_en"])
    check("calls itself simulated", info["name"].startswith("SIMULATED"))
    context = WsServer()
    wrong = ConnectionOptions(HOST, "admin", "wrong", port=port)
    device = await RpcDevice.create(session, context, wrong)
    try:
        await device.initialize()
        check("a wrong password is refused", False)
    except InvalidAuthError:
        check("a wrong password is refused", True)
    await device.shutdown()
    device = await RpcDevice.create(session, context, ConnectionOptions(HOST, "admin", PASSWORD, port=port))
    news = []
    device.subscribe_updates(lambda _, kind: news.append(kind))
    await device.initialize()
    check(f"reads it: {device.name}, {device.model}, firmware {device.firmware_version}", device.initialized)
    check("the relay is on and draws power", device.status["switch:0"]["output"] is True and device.status["switch:0"]["apower"] > 0)
    check("the client knows and supports it", device.firmware_supported and device.gen == 2)
    answer = await device.call_rpc("Switch.Set", {"id": 0, "on": False})
    check("was on, and is off", answer == {"was_on": True})

    async def shown(on):
        return device.status["switch:0"]["output"] is on

    await until("the client heard the news of it", lambda: shown(False))
    answer = await device.call_rpc("Switch.Set", {"id": 0, "on": True})
    check("was off, and is on", answer == {"was_on": False})
    await device.call_rpc("Switch.Set", {"id": 0, "on": False, "toggle_after": 2})
    await until("the power cycle goes off", lambda: shown(False))
    await until("and comes back by its own timer", lambda: shown(True))
    check("a channel it does not have", await refused(device, "Switch.GetStatus", {"id": 7}) == -105)
    check("an argument it does not have", await refused(device, "Switch.Set", {"id": 0, "of": 1}) == -103)
    check("a method it does not have", await refused(device, "Cover.Open", {"id": 0}) == 404)
    check("nothing of all that was an error to the client", device.connected)
    await device.shutdown()


async def refused(device, method, params):
    try:
        await device.call_rpc(method, params)
    except RpcCallError as error:
        return error.code
    return None


async def over_http(port):
    print(f"second generation, aiohttp's digest over HTTP, port {port}")
    url = f"http://{HOST}:{port}/rpc"
    call = {"id": 5, "src": "peer", "method": "Switch.Set", "params": {"id": 0, "on": False}}
    async with aiohttp.ClientSession() as plain:
        async with plain.post(url, json=call) as answer:
            challenge = answer.headers.get("WWW-Authenticate", "")
            check(f"wants a log-in: {challenge}", answer.status == 401 and "SHA-256" in challenge)
            check("and closes its connections", answer.headers.get("Connection") == "close")
    for password, status in [("wrong", 401), (PASSWORD, 200)]:
        digest = aiohttp.DigestAuthMiddleware("admin", password)
        async with aiohttp.ClientSession(middlewares=(digest,)) as session:
            async with session.post(url, json=call) as answer:
                check(f"password `{password}`: HTTP {answer.status}", answer.status == status)
                if status == 200:
                    told = await answer.json()
                    check(f"answers the frame: {told}", told["id"] == 5 and told["result"] == {"was_on": True})
            if status == 200:
                async with session.get(url + "/Switch.GetStatus?id=0") as answer:
                    told = await answer.json()
                    check("by its path as well", answer.status == 200 and told["output"] is False)
                async with session.post(url, json=call | {"params": {"id": 0, "on": True}}) as answer:
                    told = await answer.json()
                    check("a second call with the same nonce", told["result"] == {"was_on": False})


async def first_generation(session):
    print("first generation, aioshelly over HTTP, port 80")
    info = await get_info(session, HOST)
    check(f"says what it is without a log-in: {info['type']}", info["type"] == "SHPLG-S" and info["auth"] is True)
    coap = NoCoap()
    device = await Block.create(session, coap, ConnectionOptions(HOST, "admin", "wrong"))
    try:
        await device.initialize()
        check("a wrong password is refused", False)
    except InvalidAuthError:
        check("a wrong password is refused", True)
    await device.shutdown()
    device = await Block.create(session, coap, ConnectionOptions(HOST, "admin", PASSWORD))
    await device.initialize()
    check(f"reads it: {device.name}, {device.model}, firmware {device.firmware_version}", device.initialized)
    check("the client knows and supports it", device.firmware_supported and device.gen == 1)
    relay = next(block for block in device.blocks if block.type == "relay")

    async def shown(on):
        await device.update_status()
        return device.status["relays"][0]["ison"] is on

    answer = await relay.set_state(turn="off")
    check("is switched off by its block", answer["ison"] is False and await shown(False))
    answer = await relay.set_state(turn="on")
    check("and on", answer["ison"] is True and await shown(True))
    answer = await relay.set_state(turn="off", timer=2)
    check("a power cycle goes off with a timer", answer["ison"] is False and answer["has_timer"] is True)
    await until("and comes back by its own timer", lambda: shown(True))
    await device.shutdown()


async def main():
    plugs = subprocess.Popen([sys.argv[1], PASSWORD, "0", "80"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        ports = plugs.stdout.readline().split()
        if len(ports) != 2:
            sys.exit("the simulated plugs did not start")
        async with aiohttp.ClientSession() as session:
            await second_generation(session, int(ports[0]))
            await over_http(int(ports[0]))
            await first_generation(session)
    finally:
        plugs.stdin.close()
        plugs.wait(10)
    print("ok")


asyncio.run(main())
