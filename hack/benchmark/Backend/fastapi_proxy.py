"""What people write with FastAPI and httpx to pass chat requests on: `uvicorn fastapi_proxy:app`, UPSTREAM in the environment."""

import os
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

limits = httpx.Limits(max_connections=None, max_keepalive_connections=256)
client = httpx.AsyncClient(base_url=os.environ["UPSTREAM"], timeout=600, limits=limits)


@asynccontextmanager
async def lifespan(_app):
    yield
    await client.aclose()


app = FastAPI(lifespan=lifespan)


@app.post("/v1/chat/completions")
async def chat(request: Request):
    body = await request.body()
    outgoing = client.build_request(
        "POST", "/chat/completions", content=body, headers={"content-type": "application/json"}
    )
    answer = await client.send(outgoing, stream=True)
    media_type = answer.headers.get("content-type")
    if not (media_type or "").startswith("text/event-stream"):
        content = await answer.aread()
        await answer.aclose()
        return Response(content, answer.status_code, media_type=media_type)

    async def frames():
        try:
            async for chunk in answer.aiter_raw():
                yield chunk
        finally:
            await answer.aclose()

    return StreamingResponse(frames(), answer.status_code, media_type=media_type)
