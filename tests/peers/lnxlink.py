"""The real LNXlink agent runs a harmless command at our driver's word, and its sensor proves it.

Not part of `make test`. Once:
    python3 -m venv lnx && lnx/bin/pip install lnxlink
Then, in the project's root, with mosquitto installed:
    cargo test --test devices --no-run
    python3 tests/peers/lnxlink.py target/debug/deps/devices-… lnx/bin/lnxlink
Only the modules `bash` (two exposed commands, any other is refused) and `boot_time` are loaded: nothing of this machine
is restarted but a process made here. Ends with `ok`, or with what was missing.
"""

import json, os, pathlib, shutil, subprocess, sys, tempfile, time

BINARY, LNXLINK = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).absolute()
TEST = "mqtt_peers::a_real_agent_runs_a_harmless_command_at_the_drivers_word"
# What stands for the simulator: it ends when the file goes, and is started again a while later.
KEEPER = """
import pathlib, subprocess, sys, time
work = pathlib.Path(sys.argv[1])
while True:
    with open(work / "starts", "a") as starts:
        starts.write("start\\n")
    (work / "runs").touch()
    while (work / "runs").exists():
        time.sleep(0.1)
    time.sleep(4)
"""
CONFIG = """
mqtt:
  transport: mqtt
  prefix: lnxlink
  clientId: bay-3
  server: 127.0.0.1
  port: {port}
  auth: {{user: "{user}", pass: "{password}", tls: false, keyfile: "", certfile: "", ca_certs: ""}}
  discovery: {{enabled: true, prefix: homeassistant}}
  lwt: {{enabled: true, qos: 1}}
  clear_on_off: true
update_interval: 1
update_on_change: false
modules: [bash, boot_time]
custom_modules:
exclude:
settings:
  bash:
    allow_any_command: false
    expose:
      - {{name: Restart sim, type: button, command: "{restart}"}}
      - {{name: Sim, type: binary_sensor, command: "{look}"}}
"""


def until(what, ask, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := ask():
            return answer
        time.sleep(0.1)
    sys.exit(f"never: {what}")


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="clubos-lnxlink-"))
    restart, look = f"rm -v {work}/runs", f"test -e {work}/runs && echo on || echo off"
    started = []

    def start(name, command, **env):
        log = open(work / f"{name}.log", "w")
        started.append(subprocess.Popen([str(c) for c in command], env={**os.environ, **env}, stdout=log, stderr=log))
        return started[-1]

    try:
        start("keeper", [sys.executable, "-c", KEEPER, work])
        until("the stand-in for the simulator runs", (work / "runs").exists)
        ours = start("driver", [BINARY, "--ignored", "--exact", "--nocapture", TEST], CLUBOS_PEER=str(work),
                     CLUBOS_PEER_COMMAND=restart)
        until("our driver started", lambda: (work / "come.json").exists() or ours.poll() is not None)
        if ours.poll() is not None:
            sys.exit("our half ended at once:\n" + (work / "driver.log").read_text())
        come = json.loads((work / "come.json").read_text())
        (work / "config.yaml").write_text(CONFIG.format(**come, restart=restart, look=look))
        start("lnxlink", [LNXLINK, "-c", work / "config.yaml", "-i"], HOME=str(work))
        until("our driver saw the restart", lambda: ours.poll() is not None, 120)
        starts = (work / "starts").read_text().count("start")
        log = (work / "lnxlink.log").read_text()
        print(*[line for line in log.splitlines() if "LNXlink " in line or "Message received" in line], sep="\n")
        if ours.returncode:
            sys.exit("our half failed:\n" + (work / "driver.log").read_text()[-2000:] + log[-3000:])
        until("the process was started again", lambda: (work / "starts").read_text().count("start") == 2, 20)
        print(f"the stand-in was started {starts} times; the driver verified it")
        print("ok")
    finally:
        for process in reversed(started):
            process.kill()
        for process in started:
            process.wait()
        shutil.rmtree(work, ignore_errors=True)


main()
