#!/usr/bin/env python3
"""Fetches the ONNX Runtime library that ClubOS loads at run time.

usage: runtime.py [--arch x86_64|aarch64]

The library is Microsoft's own build, as it sits in the `onnxruntime` wheel (glibc 2.28 or newer).
It goes to models/runtime/libonnxruntime.so for this machine's architecture and to
models/runtime/<arch>/libonnxruntime.so for another one.
"""

import argparse

import fetch

VERSION = "1.24.4"
MEMBER = f"onnxruntime/capi/libonnxruntime.so.{VERSION}"
# Per architecture: sha256 of the CPython 3.11 wheel, and of the library inside.
PINNED = {
    "x86_64": (
        "e54ad52e61d2d4618dcff8fa1480ac66b24ee2eab73331322db1049f11ccf330",
        "2d518e11c7767f9fdc4413bdbeb45acf30db504ff76a82fc19d9238a3f9f6c24",
    ),
    "aarch64": (
        "046ff290045a387676941a02a8ae5c3ebec6b4f551ae228711968c4a69d8f6b7",
        "f373ae5fd4d878ed17ebea26e5480bd3d0a15e3bd6bc94b878e6c1b73998d22a",
    ),
}


def library(arch):
    """Where the library for `arch` belongs."""
    home = fetch.HERE / "runtime"
    return (home if arch == fetch.host_arch() else home / arch) / "libonnxruntime.so"


def get(arch):
    wheel_sha, library_sha = PINNED[arch]
    target = library(arch)
    if target.exists() and fetch.sha256(target) == library_sha:
        print(f"{target.relative_to(fetch.HERE.parent)}: up to date")
        return
    archive = fetch.wheel(
        f"onnxruntime=={VERSION}", wheel_sha,
        "--platform", f"manylinux_2_28_{arch}", "--python-version", "3.11",
    )
    fetch.extract(archive, MEMBER, target, library_sha)
    print(f"{target.relative_to(fetch.HERE.parent)}: ONNX Runtime {VERSION} for {arch}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", choices=sorted(PINNED), help="default: this machine's")
    get(parser.parse_args().arch or fetch.host_arch())


if __name__ == "__main__":
    fetch.run(main)
