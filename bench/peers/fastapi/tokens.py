"""What says who is signed in: a JWT (RFC 7519) under a secret that all services share."""

import os
import time

import jwt
from fastapi import HTTPException, status

ALGORITHM = "HS256"
LIFE = 3600  # seconds

_secret = os.environ["SECRET_KEY"]


def issue(user_id, email):
    now = int(time.time())
    return jwt.encode({"sub": user_id, "email": email, "iat": now, "exp": now + LIFE}, _secret, ALGORITHM)


def verify(authorization):
    """Gives the claims of a header "Authorization: Bearer TOKEN", or answers 401."""
    scheme, _, token = (authorization or "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise jwt.InvalidTokenError("no bearer token")
        return jwt.decode(token, _secret, algorithms=[ALGORITHM])
    except jwt.InvalidTokenError as wrong:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "not signed in", {"WWW-Authenticate": "Bearer"}) from wrong
