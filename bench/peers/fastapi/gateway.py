"""The gateway: verifies the token and passes the request on to the service that its path belongs to.

ROUTES names the services, as "/users=http://host:port /emails=http://host:port". Connections to them are kept.
"""

import os

import httpx
from fastapi import FastAPI, HTTPException, Request, Response, status

import tokens

ROUTES = dict(route.split("=", 1) for route in os.environ["ROUTES"].split())
PUBLIC = {"/users/register", "/users/token"}
OWN = {b"host", b"connection", b"content-length", b"transfer-encoding", b"accept-encoding"}  # of a connection, not of a request

app = FastAPI(openapi_url=None)
services = httpx.AsyncClient(
    headers={"Accept-Encoding": "identity"},
    limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
    timeout=30,
)


def service_of(path):
    for prefix, address in ROUTES.items():
        if path == prefix or path.startswith(prefix + "/"):
            return address
    raise HTTPException(status.HTTP_404_NOT_FOUND, "no such service")


@app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def pass_on(request: Request):
    address = service_of(request.url.path)
    if request.url.path not in PUBLIC:
        tokens.verify(request.headers.get("authorization"))
    target = address + request.url.path + ("?" + request.url.query if request.url.query else "")
    headers = [(name, value) for name, value in request.headers.raw if name not in OWN]
    try:
        reply = await services.request(request.method, target, content=await request.body(), headers=headers)
    except httpx.TransportError as wrong:
        raise HTTPException(status.HTTP_502_BAD_GATEWAY, "the service does not answer") from wrong
    return Response(reply.content, reply.status_code, media_type=reply.headers.get("content-type"))
