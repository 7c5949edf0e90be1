"""Whether this machine has a Docker Engine with the image that the demo's container needs."""

from __future__ import annotations

IMAGE = "busybox:1.36"


def why_not() -> str | None:
    """Why no container can be run here; None where one can. Fetches the image if need be."""
    from docker.client import DockerClient  # type: ignore[import-not-found]
    from docker.errors import (  # type: ignore[import-not-found]
        DockerException,
        ImageNotFound,
    )

    client = None
    try:
        client = DockerClient.from_env()
        try:
            client.images.get(IMAGE)
        except ImageNotFound:
            client.images.pull(IMAGE)
    except DockerException as error:
        if client is None:
            return "no Docker Engine answers on this machine (Debian: apt-get install docker.io)"
        return f"the Docker Engine cannot get the image {IMAGE}: {error}"
    finally:
        if client is not None:
            client.close()
    return None
