"""aiounifi, which Home Assistant's integration is built on, logs in to our older API, reads devices, ports and
clients, and power-cycles a port; what is wrong is refused: `url user password switch port`."""

import asyncio, json, sys
from urllib.parse import urlparse

import aiohttp
from aiounifi import Controller
from aiounifi.errors import AiounifiException
from aiounifi.models.configuration import Configuration
from aiounifi.models.device import DevicePowerCyclePortRequest

URL, USER, PASSWORD, SWITCH, PORT = sys.argv[1:6]
AT = urlparse(URL)


def controller(session, password):
    return Controller(Configuration(session, AT.hostname, username=USER, password=password, port=AT.port,
                                    site="default", ssl_context=False))


async def main():
    jar = lambda: aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar()) as session:
        try:
            await controller(session, "wrong").login()
        except AiounifiException as error:
            print("aiounifi: a wrong password is", type(error).__name__)
        else:
            sys.exit("a wrong password was taken")
    async with aiohttp.ClientSession(cookie_jar=jar()) as session:
        api = controller(session, PASSWORD)
        await api.login()
        assert api.connectivity.is_unifi_os
        await api.initialize()
        devices = {d.mac: d for d in api.devices.values()}
        print("aiounifi:", len(devices), "devices,", len(api.ports.items()), "ports,", len(api.clients.items()), "clients")
        switch = devices[SWITCH]
        uplinks = [p["port_idx"] for p in switch.port_table if p["is_uplink"]]
        port = api.ports[f"{SWITCH}_{PORT}"]
        assert len(devices) == 5 and uplinks == [1] and port.port_poe and port.poe_enable, (devices, uplinks, port.raw)
        assert len(api.clients.items()) == 2 and switch.uplink["uplink_remote_port"] == 1
        await api.request(DevicePowerCyclePortRequest.create(SWITCH, int(PORT)))
        dark = lit = False
        for _ in range(200):
            await api.devices.update()
            on = api.ports[f"{SWITCH}_{PORT}"].poe_enable
            dark, lit = dark or not on, dark and on
            if lit:
                break
            await asyncio.sleep(0.02)
        assert dark and lit, "the port was not seen dark and lit again"
        try:
            await api.request(DevicePowerCyclePortRequest.create("02:ff:ff:ff:ff:ff", 1))
        except AiounifiException as error:
            print("aiounifi: an unknown device is refused:", error.args[0]["meta"]["msg"])
        else:
            sys.exit("an unknown device was cycled")
    print("aiounifi: ok")


asyncio.run(main())
