"""uiprotect, which Home Assistant's integration is built on, reads our cameras and takes a picture:
`url key picture`; a second time with `offline` it is told that the camera is off."""

import asyncio, pathlib, sys, tempfile
from urllib.parse import urlparse

from uiprotect import ProtectApiClient

URL, KEY, PICTURE = sys.argv[1:4]
AT = urlparse(URL)


async def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    client = ProtectApiClient(AT.hostname, AT.port, api_key=KEY, verify_ssl=False, cache_dir=folder, config_dir=folder,
                              store_sessions=False, max_retries=0)
    try:
        info = await client.get_meta_info()
        print("uiprotect: version", info)
        cameras = await client.get_cameras_public()
        states = [camera.state.value for camera in cameras]
        one = await client.get_camera_public(cameras[0].id)
        picture = await client.get_public_api_camera_snapshot(one.id)
        print("uiprotect:", [camera.name for camera in cameras], states, len(picture or b""), "bytes")
        if "offline" in sys.argv:
            assert states == ["DISCONNECTED"] * 2 and picture is None, (states, picture)
        else:
            assert states == ["CONNECTED"] * 2 and picture == pathlib.Path(PICTURE).read_bytes()
    finally:
        await client.close_session()
        await client.close_public_api_session()


asyncio.run(main())
