"""What people write with FastAPI and asyncpg to list conversations: `uvicorn fastapi_conversations:app`, DATABASE_URL and the
caller's KEY and USER_ID in the environment."""

import base64
import os
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
from fastapi import Depends, FastAPI, Header, HTTPException, Query
from pydantic import BaseModel

# Who the key belongs to is known without the database, as it is to a service that has seen the key before.
users = {os.environ["KEY"]: UUID(os.environ["USER_ID"])}


class Conversation(BaseModel):
    id: UUID
    title: str
    title_source: str
    model: str | None
    system_prompt: str | None
    head_message_id: UUID | None
    created_at: datetime
    updated_at: datetime


class Page(BaseModel):
    data: list[Conversation]
    next_cursor: str | None


@asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


async def caller(authorization: str = Header()) -> UUID:
    user = users.get(authorization.removeprefix("Bearer "))
    if user is None:
        raise HTTPException(401)
    return user


@app.get("/api/v1/conversations")
async def conversations(user: UUID = Depends(caller), limit: int = Query(20, ge=1, le=100), cursor: str | None = None) -> Page:
    time, last = datetime.max, UUID(int=2**128 - 1)
    if cursor:
        text = base64.urlsafe_b64decode(cursor).decode().split(" ")
        time, last = datetime.fromisoformat(text[0]), UUID(text[1])
    rows = await app.state.pool.fetch(
        """SELECT id, title, title_source, model, system_prompt, head_message_id, created_at, updated_at
           FROM conversations WHERE user_id = $1 AND (updated_at, id) < ($2, $3)
           ORDER BY updated_at DESC, id DESC LIMIT $4""",
        user, time.astimezone() if cursor else datetime.fromisoformat("9999-12-31T00:00:00+00:00"), last, limit + 1,
    )
    more = len(rows) > limit
    page = [Conversation(**row) for row in rows[:limit]]
    following = f"{page[-1].updated_at.isoformat()} {page[-1].id}" if more else None
    return Page(data=page, next_cursor=following and base64.urlsafe_b64encode(following.encode()).decode())
