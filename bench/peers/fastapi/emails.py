"""The e-mail service: a letter is handed over while its sender waits, and is written down nowhere, as in the design.

There an HTTP client keeps its connections to a provider's API; here the connection to the mail server is kept, which costs less.
"""

import os
import smtplib
from email.message import EmailMessage

from fastapi import FastAPI, HTTPException, status
from pydantic import BaseModel

app = FastAPI(openapi_url=None)

SENDER = "no-reply@shop.example"
TEXT = """Hello,

{otp} is your code. It is good for ten minutes.

If you did not ask for a code you need not do anything. Your number with us is {user_id}.
"""

_server = None  # the connection of the last letter


class Letter(BaseModel):
    email: str
    subject: str
    otp: str
    user_id: str


def compose(letter):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, letter.email, letter.subject
    message.set_content(TEXT.format(otp=letter.otp, user_id=letter.user_id))
    return message.as_bytes()


def hand_over(letter):
    """Repeats once on a new connection what an old one, which the server may have closed, did not get through."""
    global _server
    content = compose(letter)
    if _server:
        try:
            return _server.sendmail(SENDER, [letter.email], content)
        except smtplib.SMTPServerDisconnected:
            _server = None
    _server = smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]), local_hostname="localhost")
    return _server.sendmail(SENDER, [letter.email], content)


@app.post("/emails/send")
async def send(letter: Letter):
    try:
        hand_over(letter)
    except (OSError, smtplib.SMTPException) as wrong:
        raise HTTPException(status.HTTP_500_INTERNAL_SERVER_ERROR, "the letter was not sent") from wrong
    return {"status": "success"}
