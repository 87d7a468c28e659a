"""The users service: register, sign in, list.

Which handlers are asynchronous, and that those wait for the database all the same, is as in the design.
"""

import uuid
from typing import Optional

from fastapi import Depends, FastAPI, Header, HTTPException, status
from fastapi.security import OAuth2PasswordRequestForm
from passlib.context import CryptContext
from pydantic import BaseModel

import database
import tokens

app = FastAPI(openapi_url=None)
passwords = CryptContext(schemes=["bcrypt"])  # with the cost that passlib chooses: 12

COLUMNS = ("id", "email", "first_name", "middle_name", "last_name", "picture", "created_at")
SPECIAL = set("@$!%*?&-_.#")


class Registration(BaseModel):
    email: str
    password: str
    confirm_password: str
    first_name: str
    middle_name: Optional[str] = None
    last_name: str


def good(password):
    kinds = (str.islower, str.isupper, str.isdigit, SPECIAL.__contains__)
    return len(password) >= 8 and all(any(map(kind, password)) for kind in kinds)


def signed_in(authorization: Optional[str] = Header(None)):
    return tokens.verify(authorization)


@app.post("/users/register", status_code=status.HTTP_201_CREATED)
def register(wanted: Registration):
    with database.cursor() as c:
        c.execute("SELECT 1 FROM users WHERE email = %s", (wanted.email,))
        if c.fetchone():
            raise HTTPException(status.HTTP_409_CONFLICT, "this address has an account")
        if wanted.password != wanted.confirm_password or not good(wanted.password):
            raise HTTPException(status.HTTP_400_BAD_REQUEST, "choose a stronger password and type it twice")
        c.execute(
            "INSERT INTO users (id, email, first_name, middle_name, last_name, password_hash) VALUES (%s, %s, %s, %s, %s, %s)",
            (uuid.uuid4().hex, wanted.email, wanted.first_name, wanted.middle_name, wanted.last_name, passwords.hash(wanted.password)),
        )
    return {"message": "registered"}


@app.post("/users/token")
def sign_in(form: OAuth2PasswordRequestForm = Depends()):
    with database.cursor() as c:
        c.execute("SELECT id, password_hash FROM users WHERE email = %s", (form.username,))
        found = c.fetchone()
    if not found or not passwords.verify(form.password, found[1]):
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "wrong address or password")
    return {"access_token": tokens.issue(found[0], form.username), "token_type": "bearer"}


@app.get("/users")
async def everybody(who: dict = Depends(signed_in)):
    with database.cursor() as c:
        c.execute("SELECT " + ", ".join(COLUMNS) + " FROM users")
        rows = c.fetchall()
    return {"users": [dict(zip(COLUMNS, row)) for row in rows]}
