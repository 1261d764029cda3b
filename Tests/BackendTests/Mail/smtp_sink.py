"""A mail server that takes everything and prints it: a JSON object a line, the first one with its port.

    smtp_sink.py plain|starttls|tls [--certificate FILE --key FILE] [--user USER --password PASSWORD] [--refuse N]

The first N mails are refused with 451, as a busy server does. Ends when its standard input does.
"""

import argparse
import asyncio
import json
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult

arguments = argparse.ArgumentParser()
arguments.add_argument("mode", choices=["plain", "starttls", "tls"])
arguments.add_argument("--certificate")
arguments.add_argument("--key")
arguments.add_argument("--user")
arguments.add_argument("--password")
arguments.add_argument("--refuse", type=int, default=0)
options = arguments.parse_args()


def say(value):
    print(json.dumps(value), flush=True)


class Handler:
    refusals = options.refuse

    async def handle_DATA(self, server, session, envelope):
        if self.refusals > 0:
            self.refusals -= 1
            say({"refused": True})
            return "451 try again later"
        message = message_from_bytes(envelope.original_content, policy=policy.default)
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None or options.mode == "tls",
            "authenticated": bool(session.authenticated),
            "headers": {name: str(value) for name, value in message.items()},
            "defects": [str(defect) for defect in message.defects],
            "text": message.get_content(),
        })
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (options.user.encode(), options.password.encode())
    return AuthResult(success=right, handled=False)


async def main():
    context = None
    if options.mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    handler = Handler()

    def session():
        return SMTP(
            handler,
            tls_context=context if options.mode == "starttls" else None,
            require_starttls=options.mode == "starttls",
            authenticator=authenticate if options.user else None,
            auth_required=bool(options.user),
            auth_require_tls=options.mode == "starttls",
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", 0, ssl=context if options.mode == "tls" else None)
    say({"port": server.sockets[0].getsockname()[1]})
    await asyncio.to_thread(sys.stdin.read)
    server.close()


asyncio.run(main())
