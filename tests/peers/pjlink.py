#!/usr/bin/env python3
"""Foreign PJLink programs on both sides: the box's driver controls the emulator of `pjlink-advance`, with a
password, and the client of `aiopjlink` controls the simulated projector.

Not part of `make test`: it fetches both. In the project's root:
    python3 tests/peers/pjlink.py [target/peers/pjlink]
Builds its own Python there and runs the two tests of `tests/devices/projectors_foreign.rs`, which are skipped
otherwise. Ends with `ok`, or not with 0. The tests start this script again, as `emulator` and as `client`.
"""

import asyncio, os, pathlib, re, subprocess, sys, venv, zipfile

PACKAGES = {"aiopjlink": "1.0.5", "pjlink-advance": "0.2.0"}


def run():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "target/peers/pjlink").absolute()
    python = root / "bin/python"
    if not python.exists():
        venv.create(root, with_pip=True)
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", f"aiopjlink=={PACKAGES['aiopjlink']}"], check=True)
    # It asks for Python 3.13 for one line; the emulator needs none of what that is for.
    subprocess.run([*pip, "download", "--no-deps", "--only-binary=:all:", "--python-version", "3.13", "-d", root,
                    f"pjlink-advance=={PACKAGES['pjlink-advance']}"], check=True)
    wheel, = root.glob(f"pjlink_advance-{PACKAGES['pjlink-advance']}-*.whl")
    library, = root.glob("lib/python3*/site-packages")
    package = library / "pjlink_advance"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text("")
    with zipfile.ZipFile(wheel) as files:
        for name in ["emulator", "models", "protocol", "errors"]:
            text = files.read(f"pjlink_advance/{name}.py").decode()
            (package / f"{name}.py").write_text(re.sub(r"^type (\w+) = ", r"\1 = ", text, flags=re.M))
    print("foreign:", ", ".join(f"{name} {version}" for name, version in PACKAGES.items()), flush=True)
    cargo = os.environ.get("CARGO", "cargo")
    subprocess.run([cargo, "nextest", "run", "--locked", "--test", "devices", "--run-ignored", "only", "--no-capture",
                    "projectors_foreign::"], check=True, env={**os.environ, "CLUBOS_PEER_PYTHON": str(python)})
    print("ok")


async def emulator(password):
    """Says where it listens; `fail` makes its next power-on fail; at the end it says what it was told."""
    from pjlink_advance.emulator import PJLinkEmulator

    class Projector(PJLinkEmulator):
        failing = False

        def _respond(self, line):
            if self.failing and line == "%1POWR 1":
                self.fail_next = "ERR4"
            return super()._respond(line)

    projector = Projector(password=password, udp_port=None, transition_delay=0.3)
    await projector.start()
    print(f"127.0.0.1:{projector.port}", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        projector.failing = line.strip() == "fail"
        print("ready", flush=True)
    print(", ".join(line[2:] for line in projector.received if "?" not in line), flush=True)
    await projector.stop()


async def client(address, password):
    from aiopjlink import Errors, PJClass, PJLink, PJLinkERR2, PJLinkERR3, PJLinkPassword, Power, Sources
    host, port = address.split(":")

    def link(password):
        return PJLink(address=host, port=int(port), password=password)

    for wrong in ["wrong", None]:
        refused = link(wrong)
        try:
            async with refused:
                sys.exit("it let a client in without its password")
        except PJLinkPassword as error:
            print(f"with {wrong}: {error}")
        # The client leaves it open, and a projector has one client at a time.
        refused._writer.close()
    async with link(password) as it:
        async def until(state):
            for _ in range(500):
                if await it.power.get() == state:
                    return print("power:", state.name)
                await asyncio.sleep(0.01)
            sys.exit(f"never {state}")

        said = await it.info.table()
        print("it says:", said)
        assert "simulated" in said["manufacturer_name"] and said["pjlink_class"] == PJClass.TWO, said
        print("errors:", {part.value: level.name for part, level in (await it.errors.query()).items()})
        assert (await it.errors.query())[Errors.Category.LAMP] == Errors.Level.OK
        print("lamp:", await it.lamps.status())
        print("inputs:", [(mode.name, index, name) for mode, index, name in await it.sources.available_with_names()])
        assert await it.sources.get() == (Sources.Mode.DIGITAL, "1")
        await it.power.turn_off()
        await until(Power.State.COOLING)
        try:
            await it.sources.get()
            sys.exit("it told an input while it was off")
        except PJLinkERR3:
            print("input while it is off: ERR3")
        await until(Power.State.OFF)
        await it.power.turn_on()
        await until(Power.State.WARMING)
        await until(Power.State.ON)
        await it.sources.set(Sources.Mode.DIGITAL, 2)
        for _ in range(500):
            if await it.sources.get() == (Sources.Mode.DIGITAL, "2"):
                break
            await asyncio.sleep(0.01)
        else:
            sys.exit("the input was not chosen")
        try:
            await it.sources.set(Sources.Mode.STORAGE, 9)
            sys.exit("it took an input that it does not have")
        except PJLinkERR2:
            print("an input that it does not have: ERR2")
    print("the client is content")


match sys.argv[1:]:
    case ["emulator", password]:
        asyncio.run(emulator(password))
    case ["client", address, password]:
        asyncio.run(client(address, password))
    case _:
        run()
