"""Two clients of UniFi Access that others wrote find a door, unlock it and follow it: `url token door`.

py-unifi-access is what Home Assistant's integration is built on; aiounifiaccess reads every answer into typed models.
"""

import asyncio, sys, threading, time
from urllib.parse import urlparse

URL, TOKEN, DOOR = sys.argv[1:4]
AT = urlparse(URL)


def fail(what):
    sys.exit(f"unifi_access: {what}")


def until(what, ask, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ask():
            return
        time.sleep(0.05)
    fail(f"never: {what}")


def home_assistants():
    from unifi_access_api import UnifiAccessApiClient

    asyncio.set_event_loop(asyncio.new_event_loop())
    client = UnifiAccessApiClient(URL)
    told = []
    client.register_websocket_handler(
        "access.data.v2.location.update", lambda m: told.append(client._handle_location_update_v2(m)))
    wrong = UnifiAccessApiClient(URL, use_polling=True).authenticate("wrong")
    if wrong != "api_auth_error":
        fail(f"a wrong token is {wrong}")
    if client.authenticate(TOKEN) != "ok":
        fail("the token is not taken")
    door = client.doors[DOOR]
    if (door.door_lock_relay_status, door.door_position_status) != ("lock", "close"):
        fail(f"the door begins as {door.door_lock_relay_status}, {door.door_position_status}")
    time.sleep(1)  # the client opens its notifications in a thread and does not say when they are open
    client.unlock_door(DOOR)
    seen = set()

    def watch():
        seen.update({door.door_lock_relay_status, door.door_position_status})
        return {"unlock", "open"} <= seen

    until("the notifications told of an unlocked and open door", watch)
    until("the door is closed and locked again",
          lambda: (door.door_lock_relay_status, door.door_position_status) == ("lock", "close"))
    print(f"py-unifi-access: unlocked, {len(told)} notifications, locked again")


async def typed():
    from aiounifiaccess import UniFiAccessClient
    from aiounifiaccess.errors import UniFiAccessError

    async with UniFiAccessClient(AT.hostname, TOKEN, port=AT.port) as client:
        doors = await client.doors.list_all()
        if [d.id for d in doors] != [DOOR] or not doors[0].is_bind_hub:
            fail(f"the doors are {doors}")
        events = []

        async def follow():
            async for event in client._listener.events():
                events.append(event.event)

        task = asyncio.create_task(follow())
        await asyncio.sleep(1)
        await client.doors.unlock(DOOR, actor_id="peer", actor_name="A peer", extra={"clubos_effect": 5})
        end = time.monotonic() + 20
        states = set()
        while time.monotonic() < end and not {"unlock", "open"} <= states:
            door = await client.doors.get(DOOR)
            states |= {door.door_lock_relay_status.value, door.door_position_status.value}
            await asyncio.sleep(0.05)
        if not {"unlock", "open"} <= states:
            fail(f"the door was only {states}")
        while time.monotonic() < end and "access.logs.add" not in events:
            await asyncio.sleep(0.05)
        task.cancel()
        if "access.data.v2.location.update" not in events or "access.logs.add" not in events:
            fail(f"the notifications were {events}")
        for call in [client.doors.get("no-such-door"), client.doors.unlock(DOOR, actor_id="only the id")]:
            try:
                await call
            except UniFiAccessError as error:
                print("aiounifiaccess: refused as it should be:", type(error).__name__)
            else:
                fail("something wrong was taken")
    print(f"aiounifiaccess: unlocked, notifications {sorted(set(events))}")


home_assistants()
asyncio.run(typed())
