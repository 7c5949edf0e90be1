"""A page like Airflow's own around ours: its frame with its sandbox, its colours, its router."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

# What Airflow 3.3 gives its frames; the router listens to popstate, as react-router does.
_SHELL = """<!doctype html><html lang="en" class="light"><head><title>Airflow</title><style>
:root { --chakra-colors-bg: #fffaf0; --chakra-colors-fg: #101010 }
:root { --chakra-colors-brand-solid: #7a0000 }
:root.dark { --chakra-colors-bg: #1a0a0a; --chakra-colors-fg: #f0f0f0 }
</style></head><body><p id="place"></p>
<iframe title="Kitchens" width="1200" height="700" src="/dataops/pages/"
 sandbox="allow-scripts allow-same-origin allow-forms allow-downloads"></iframe>
<script>
addEventListener("popstate", () => { place.textContent = location.pathname })
</script></body></html>"""


def shell(app):
    """The app with such pages beside it."""

    def around(_request):
        return HTMLResponse(_SHELL)

    def login(_request):
        return HTMLResponse("<title>Sign in</title><h1>Sign in to Airflow</h1>")

    return Starlette(
        routes=[
            Route("/plugin/{rest:path}", around),
            Route("/api/v2/auth/login", login),
            Mount("/", app),
        ]
    )
