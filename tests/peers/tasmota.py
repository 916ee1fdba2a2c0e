"""A foreign controller of Tasmota devices (hatasmota, which Home Assistant uses) finds, reads and switches our
simulated plug.

Not part of `make test`. Once:
    python3 -m venv tas && tas/bin/pip install hatasmota==0.9.2 paho-mqtt==1.6.1
Then, in the project's root, with mosquitto installed:
    cargo test --test devices --no-run
    tas/bin/python tests/peers/tasmota.py target/debug/deps/devices-…
Ends with `ok`, or with what was missing.
"""

import asyncio, json, os, pathlib, shutil, subprocess, sys, tempfile, time

import paho.mqtt.client as paho
from hatasmota.discovery import (
    TasmotaDiscovery, get_device_config, get_entities_for_platform, get_entity, has_entities_with_platform)
from hatasmota.mqtt import TasmotaMQTTClient

BINARY = pathlib.Path(sys.argv[1]).resolve()
TEST = "mqtt_peers::a_simulated_plug_meets_a_foreign_controller"


def until(what, ask, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := ask():
            return answer
        time.sleep(0.1)
    sys.exit(f"never: {what}")


async def soon(what, ask, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := ask():
            return answer
        await asyncio.sleep(0.05)
    sys.exit(f"never: {what}")


class Message:
    def __init__(self, message):
        self.topic, self.payload, self.qos, self.retain = message.topic, message.payload.decode(), message.qos, message.retain


async def meet(come):
    loop = asyncio.get_running_loop()
    client, subscriptions = paho.Client(), []
    client.username_pw_set(come["user"], come["password"])

    def on_message(_client, _data, message):
        for topic, callback, encoding in list(subscriptions):
            if paho.topic_matches_sub(topic, message.topic):
                heard = Message(message) if encoding else message
                loop.call_soon_threadsafe(lambda c=callback, h=heard: run(c, h))

    def run(callback, heard):
        result = callback(heard)
        if asyncio.iscoroutine(result):
            loop.create_task(result)

    client.on_message = on_message
    client.connect("127.0.0.1", come["port"])
    client.loop_start()

    async def publish(topic, payload, qos, retain):
        client.publish(topic, payload, qos or 0, bool(retain))

    async def subscribe(state, topics):
        state = state or {}
        for key, topic in topics.items():
            entry = (topic["topic"], topic["msg_callback"], topic.get("encoding", "utf-8"))
            subscriptions.append(entry)
            client.subscribe(topic["topic"], topic.get("qos", 0) or 0)
            state[key] = topic
        return state

    async def unsubscribe(state):
        return {}

    mqtt = TasmotaMQTTClient(publish, subscribe, unsubscribe)
    found = {}

    async def device_discovered(payload, mac):
        found[mac] = payload

    async def sensors_discovered(sensors, mac):
        pass

    await TasmotaDiscovery("tasmota/discovery", mqtt).start_discovery(device_discovered, sensors_discovered)
    payload = await soon("the plug's discovery message", lambda: next(iter(found.values()), None))
    device = get_device_config(payload)
    print("found:", device["name"], device["md"], device["mac"])
    if "simulated" not in device["name"]:
        sys.exit("it does not call itself simulated")
    if not has_entities_with_platform(payload, "switch"):
        sys.exit("no switch was understood")
    [config] = [config for config, _ in get_entities_for_platform(payload, "switch") if config]
    switch = get_entity(config, mqtt)
    states, available = [], []
    switch.set_on_state_callback(lambda state, **more: states.append(state))

    async def on_availability(there):
        available.append(there)

    switch.set_on_availability_callback(on_availability)
    await switch.subscribe_topics()
    await soon("it is available", lambda: available and available[-1])
    await soon("it told its state", lambda: states and states[-1] is True)
    for wanted in (False, True):
        await switch.set_state(wanted)
        await soon(f"it became {wanted}", lambda: states[-1] is wanted)
        print("switched", "on" if wanted else "off")
    client.publish("cmnd/plug-bay-1/Backlog0", "Power1 0; Delay 80; Power1 1")
    count = len(states)
    await soon("a power cycle was seen", lambda: False in states[count:] and states[-1] is True)
    print("seen: a power cycle, off and on")
    client.loop_stop()


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="clubos-tasmota-"))
    ours = subprocess.Popen([BINARY, "--ignored", "--exact", TEST], env={**os.environ, "CLUBOS_PEER": str(work)},
                            stdout=subprocess.DEVNULL)
    try:
        until("our plug started", lambda: (work / "come.json").exists() or ours.poll() is not None)
        if ours.poll() is not None:
            sys.exit("our half ended at once")
        asyncio.run(meet(json.loads((work / "come.json").read_text())))
        (work / "done").touch()
        if ours.wait(30):
            sys.exit("our half failed")
        print("ok")
    finally:
        ours.kill()
        shutil.rmtree(work, ignore_errors=True)


main()
