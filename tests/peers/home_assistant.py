"""Home Assistant Core itself finds the club's entities and presses one of its buttons.

Not part of `make test`: Home Assistant weighs 400 MB. Once:
    python3 -m venv ha && ha/bin/pip install homeassistant==2024.3.3 paho-mqtt==1.6.1
Then, in the project's root, with mosquitto installed:
    cargo build && python3 tests/peers/home_assistant.py target/debug ha/bin/hass
Starts a broker set up by `clubos broker`, the box, the bay's real agent with a real process, and Home
Assistant, whose own automation presses the button. Ends with `ok`, or with what was missing.
"""

import json, os, pathlib, shutil, socket, subprocess, sys, tempfile, time

PROGRAMS, HASS = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).absolute()
HERE = pathlib.Path(__file__).resolve().parents[1]
SOFTWARE = "import os,sys,time\nopen('starts','a').write('%d\\n' % os.getpid())\ntime.sleep(3600)\n"
AUTOMATION = """
http:
  server_port: %d
mqtt:
logger:
  default: warning
automation:
  - alias: press
    trigger: {platform: homeassistant, event: start}
    action:
      - wait_template: "{{ states('sensor.bay_1_state') == 'online' }}"
      - service: button.press
        target: {entity_id: button.bay_1_restart_the_simulator}
"""


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, ask, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.5)
    sys.exit(f"never: {what}")


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="clubos-ha-"))
    os.chmod(work, 0o755)
    plain, tls, web, ha = port(), port(), port(), port()
    started = []

    def start(command, name, **more):
        log = open(work / f"{name}.log", "w")
        started.append(subprocess.Popen([str(c) for c in command], stdout=log, stderr=log, **more))

    try:
        site = (HERE / "bad_input/site.toml").read_text().replace("port = 1\n", f"port = {plain}\n")
        (work / "site.toml").write_text(site + "\n[home_assistant]\ncommands = true\n")
        (work / "access-token").write_text("x")
        os.chmod(work / "access-token", 0o600)
        etc = ["--site", work / "site.toml", "--dir", work / "mosquitto", "--conf", work / "clubos.conf",
               "--box-secret", work / "broker-password"]
        clubos = PROGRAMS / "clubos"
        subprocess.run([clubos, "broker", "init", "--plain", f"127.0.0.1:{plain}", "--listen", f"127.0.0.1:{tls}",
                        "--name", "localhost", *etc], check=True, stdout=subprocess.DEVNULL)
        with open(work / "clubos.conf", "a") as conf:
            conf.write("\nuser root\n" if os.getuid() == 0 else "")
        start(["mosquitto" if shutil.which("mosquitto") else "/usr/sbin/mosquitto", "-c", work / "clubos.conf"], "mosquitto")
        secret = lambda user: (work / "mosquitto/secrets" / user).read_text().strip()
        (work / "state").mkdir()
        start([clubos, "serve", "--site", work / "site.toml", "--state-dir", work / "state", "--listen",
               f"127.0.0.1:{web}", "--model-dir", work / "none"], "box", cwd=HERE.parent)
        (work / "software.py").write_text(SOFTWARE)
        (work / "password").write_text(secret("bay-1"))
        os.chmod(work / "password", 0o600)
        (work / "agent.toml").write_text(
            f'bay = 1\nstate_dir = "agent"\n[mqtt]\nhost = "localhost"\nport = {tls}\npassword_file = "password"\n'
            f'certificate = "{work}/mosquitto/broker.crt"\n[software]\nstart = ["python3", "software.py"]\n'
            'directory = "."\nstop_grace_s = 5\nstart_within_s = 20\nsteady_s = 1\n')
        start([PROGRAMS / "clubos-agent", "--config", work / "agent.toml"], "agent", cwd=work)
        starts = lambda: (work / "starts").read_text().splitlines() if (work / "starts").exists() else []
        until("the bay's software runs", starts)
        storage = work / "ha/.storage"
        storage.mkdir(parents=True)
        (work / "ha/configuration.yaml").write_text(AUTOMATION % ha)
        data = {"broker": "127.0.0.1", "port": plain, "username": "home-assistant", "password": secret("home-assistant"),
                "discovery": True}
        entry = {"entry_id": "clubos", "version": 1, "minor_version": 1, "domain": "mqtt", "title": "club", "data": data,
                 "options": {}, "source": "user", "unique_id": None, "disabled_by": None,
                 "pref_disable_new_entities": False, "pref_disable_polling": False}
        (storage / "core.config_entries").write_text(json.dumps(
            {"version": 1, "minor_version": 1, "key": "core.config_entries", "data": {"entries": [entry]}}))
        start([HASS, "-c", work / "ha", "--skip-pip-packages", "x"], "ha")
        until("Home Assistant pressed and the process was started again", lambda: len(starts()) == 2, 110)
        registry = storage / "core.entity_registry"
        until("Home Assistant wrote down its entities", registry.exists)
        known = [e["entity_id"] for e in json.loads(registry.read_text())["data"]["entities"] if e["platform"] == "mqtt"]
        print(f"Home Assistant knows {len(known)} entities:", *sorted(known), sep="\n  ")
        for wanted in ["sensor.bay_1_state", "button.bay_1_restart_the_simulator", "binary_sensor.main_door_lock"]:
            if wanted not in known:
                sys.exit(f"missing: {wanted}")
        if any(e.startswith(("lock.", "button.main_door")) for e in known):
            sys.exit("a door can be opened from there")
        import sqlite3
        row = lambda: sqlite3.connect(f"file:{work}/state/clubos.db?mode=ro", uri=True).execute(
            "SELECT effect, target, outcome FROM effect WHERE asked_by = 'home-assistant' AND outcome IS NOT NULL").fetchone()
        print("the journal:", *until("the outcome", row))
        print("ok")
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        if "--keep" in sys.argv:
            print("logs in", work)
        else:
            shutil.rmtree(work, ignore_errors=True)


main()
