"""Firefox without a screen, driven by its own remote protocol (Marionette): nothing between it and the test.

Owns the browser's process and profile. The profile lives in the folder it is given.
"""

import base64
import json
import os
import signal
import socket
import subprocess
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver names a reference to an element


class Refused(Exception):
    """The browser could not do what was asked."""


def preferences(push_url):
    """What the browser is told before it starts: its push service, permissions as if clicked, and silence
    towards the internet."""
    return {
        "dom.push.serverURL": push_url,
        "dom.push.testing.allowInsecureServerURL": True,
        "dom.push.connection.enabled": True,
        "dom.push.retryBaseInterval": 200,
        "dom.push.userAgentID": "",
        "permissions.default.desktop-notification": 1,
        "alerts.useSystemBackend": False,
        "marionette.port": 0,
        "remote.prefs.recommended": False,
        "app.update.disabledForTesting": True,
        "app.normandy.enabled": False,
        "browser.shell.checkDefaultBrowser": False,
        "browser.startup.page": 0,
        "browser.aboutwelcome.enabled": False,
        "browser.safebrowsing.malware.enabled": False,
        "browser.safebrowsing.phishing.enabled": False,
        "browser.region.network.url": "",
        "datareporting.policy.dataSubmissionEnabled": False,
        "extensions.systemAddon.update.enabled": False,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "services.settings.server": "data:,#remote-settings-dummy/v1",
        "signon.rememberSignons": False,
        "toolkit.telemetry.server": "",
        "ui.prefersReducedMotion": 1,
    }


class Firefox:
    def __init__(self, folder, push_url, program="firefox-esr"):
        profile = folder / "profile"
        profile.mkdir(parents=True)
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in preferences(push_url).items()]
        (profile / "user.js").write_text("\n".join(lines) + "\n")
        env = {**os.environ, "HOME": str(folder), "MOZ_HEADLESS": "1", "MOZ_REMOTE_SETTINGS_DEVTOOLS": "1",
               "MOZ_HEADLESS_WIDTH": "1400", "MOZ_HEADLESS_HEIGHT": "1000"}
        self.log = open(folder / "firefox.log", "w")
        command = [program, "--profile", str(profile), "--no-remote", "--marionette",
                   "--remote-allow-system-access", "about:blank"]
        self.process = subprocess.Popen(command, env=env, stdout=self.log, stderr=subprocess.STDOUT,
                                        start_new_session=True)
        self.id = 0
        self.socket = self._connect(profile / "MarionetteActivePort")
        self._read()  # its greeting
        self("WebDriver:NewSession", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
        self("WebDriver:SetTimeouts", script=30000, pageLoad=60000, implicit=0)

    def _connect(self, port_file):
        for _ in range(600):
            if self.process.poll() is not None:
                raise Refused("firefox ended at once; see firefox.log")
            try:
                port = int(port_file.read_text())
                link = socket.create_connection(("127.0.0.1", port), timeout=90)
                return link.makefile("rwb")
            except (OSError, ValueError):
                time.sleep(0.1)
        raise Refused("firefox did not open its remote protocol within 60 s")

    def _read(self):
        size = b""
        while (byte := self.socket.read(1)) != b":":
            if not byte:
                raise Refused("firefox is gone")
            size += byte
        return json.loads(self.socket.read(int(size)))

    def __call__(self, command, **parameters):
        self.id += 1
        body = json.dumps([0, self.id, command, parameters]).encode()
        self.socket.write(str(len(body)).encode() + b":" + body)
        self.socket.flush()
        _, _, error, result = self._read()
        if error:
            raise Refused(f"{command}: {error['error']}: {error['message']}")
        return result

    # What a test says.

    def open(self, url):
        self("WebDriver:Navigate", url=url)

    def url(self):
        return self("WebDriver:GetCurrentURL")["value"]

    def script(self, text):
        """Runs in the page; `return` gives the value back, `await` works."""
        return self("WebDriver:ExecuteScript", script=f"return (async () => {{ {text} }})()", sandbox=None)["value"]

    def element(self, css):
        found = self("WebDriver:FindElement", using="css selector", value=css)
        return found.get("value", found)[ELEMENT]

    def click(self, css):
        self("WebDriver:ElementClick", id=self.element(css))

    def type(self, css, text):
        self("WebDriver:ElementSendKeys", id=self.element(css), text=text)

    def tab(self):
        """Opens one more tab and goes there; gives its name."""
        name = self("WebDriver:NewWindow", type="tab", focus=True)["handle"]
        self.go(name)
        return name

    def here(self):
        return self("WebDriver:GetWindowHandle")["value"]

    def go(self, name):
        self("WebDriver:SwitchToWindow", handle=name, focus=True)

    def tabs(self):
        found = self("WebDriver:GetWindowHandles")
        return found if isinstance(found, list) else found["value"]

    def chrome(self, text):
        """Runs in the browser itself, outside of any page."""
        self("Marionette:SetContext", value="chrome")
        try:
            return self.script(text)
        finally:
            self("Marionette:SetContext", value="content")

    def size(self, width, height):
        self("WebDriver:SetWindowRect", width=width, height=height)

    def picture(self, path, full=True):
        shot = self("WebDriver:TakeScreenshot", full=full)["value"]
        path.write_bytes(base64.b64decode(shot))

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()
