"""Starts the installed service in this root without systemd: readiness, then health.

Runs inside the chroot. Port 8080 is the machine's own here, so it must be free.
"""

import os
import pwd
import socket
import subprocess
import sys
import time

SOCKET = "/run/clubos-notify"
COMMAND = next(
    line.removeprefix("ExecStart=").removesuffix("$CLUBOS_OPTIONS\n").split()
    for line in open("/usr/lib/systemd/system/clubos.service", encoding="utf-8")
    if line.startswith("ExecStart=")
)


def ready(listener, seconds):
    listener.settimeout(seconds)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if b"READY=1" in listener.recv(4096):
            return
    raise TimeoutError("not ready in time")


def health():
    """The first line of the answer; the small Python of this root has no HTTP of its own."""
    with socket.create_connection(("127.0.0.1", 8080), 5) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return line.recv(4096).split(b"\r\n")[0]


def main():
    user = pwd.getpwnam("clubos")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(SOCKET)
    os.chown(SOCKET, user.pw_uid, user.pw_gid)
    service = subprocess.Popen(
        COMMAND, user=user.pw_uid, group=user.pw_gid, extra_groups=[], env={"NOTIFY_SOCKET": SOCKET}
    )
    try:
        ready(listener, 120)
        print("ok      the service reports itself started")
        said = health()
        if b" 200 " not in said:
            raise OSError(f"/healthz answered {said!r}")
        print("ok      it answers /healthz")
    finally:
        service.terminate()
        code = service.wait(30)
    print(f"ok      it stopped when asked ({code})")


if __name__ == "__main__":
    try:
        main()
    except (OSError, TimeoutError) as error:
        sys.exit(f"FAILED  {error}")
