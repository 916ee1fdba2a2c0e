"""`clubos demo` as a process of its own, with its state in the folder it is given."""

import os
import signal
import socket
import subprocess
import time
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Club:
    def __init__(self, program, folder, root):
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = open(folder / "club.log", "w")
        command = [str(program), "demo", "--port", str(self.port), "--state-dir", str(folder / "club")]
        self.process = subprocess.Popen(command, cwd=root, stdout=self.log, stderr=subprocess.STDOUT,
                                        start_new_session=True)

    def until_ready(self, seconds=300):
        """The first start reads the corpus, which takes a while with an unoptimised program."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError("the demo ended at once; see club.log")
            try:
                with urllib.request.urlopen(self.url + "/sign-in", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"the demo was not ready within {seconds} s")

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()
