"""Asks a live service what its OpenAPI document allows, and what it forbids: schema_conformance.py URL SEED ADMIN

It runs schemathesis as a new user of the service, and as the administrator of that address, with PASSWORD, on the routes for
administration. This file is also the module of hooks that schemathesis loads.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import urllib.request

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Every request comes from another address, as far as the service can tell: limits per address are not what is tested."""
    case.headers["X-Forwarded-For"] = ".".join(str(random.randint(20, 90)) for _ in range(4))


# What a schema cannot say refuses requests that the schema allows: a token that nobody was given, a password that is not the
# caller's, a length in bytes, messages that must fit together.
UNSAYABLE = [
    "resetPassword", "register", "changePassword", "updateProfile", "importConversations", "sendMessage", "editMessage",
    "regenerateMessage", "createAPIKey", "createConversation", "updateConversation", "streamMessage", "getUsage",
    "listConversations", "exportConversations", "listMessages", "listUsers", "forkConversation",
]
# The model's server judges these further than the service does: what the document says of messages and inputs is for people.
PASSED_ON = ["createChatCompletion", "createResponse", "createEmbedding"]
# These would end the session, or take the things that the others ask for; and a handshake is no request with an answer.
LEFT_OUT = [
    "logOut", "logOutEverywhere", "deleteAccount", "changePassword", "deleteConversation", "deleteUser", "openChatSocket",
]
PASSWORD = "analytical engine"


def post(url, path, token, body):
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def settings(user, token, url):
    """The configuration of schemathesis, with things of this user's for what names them."""
    conversation = post(url, "/api/v1/conversations", token, {"title": "Engines"})["id"]
    place = f"/api/v1/conversations/{conversation}/messages"
    message = post(url, place, token, {"content": "Hello"})["message"]["id"]
    text = f"""
[generation]
# PostgreSQL cannot hold them: strings with them are refused, which a schema cannot say well.
allow-x00 = false

[checks]
# No operation has a header that must be there, besides the one for the token, which `ignored_auth` is about.
missing_required_header.enabled = false

[parameters]
"path.conversation" = "{conversation}"
"path.message" = "{message}"
"path.user" = "{user}"
"""
    for check, operations in (("positive_data_acceptance", UNSAYABLE), ("negative_data_rejection", PASSED_ON)):
        for operation in operations:
            text += f"""
[[operations]]
include-operation-id = "{operation}"
checks.{check}.enabled = false
"""
    return text


def run(url, seed, session, filters):
    with tempfile.TemporaryDirectory() as folder:
        text = settings(session["user"]["id"], session["access_token"], url)
        pathlib.Path(folder, "schemathesis.toml").write_text(text, encoding="utf-8")
        command = [
            pathlib.Path(sys.executable).parent / "st", "run", f"{url}/openapi.json", "--seed", seed,
            "--header", f"Authorization: Bearer {session['access_token']}", "--phases", "examples,coverage,fuzzing",
            "--max-examples", "20", "--continue-on-failure", "--no-shrink", "--no-color", "--suppress-health-check", "all",
            "--generation-database", "none", "--warnings", "off", "--request-timeout", "60",
        ]
        for operation in LEFT_OUT:
            command += ["--exclude-operation-id", operation]
        here = pathlib.Path(__file__).resolve()
        variables = os.environ | {"SCHEMATHESIS_HOOKS": here.stem, "PYTHONPATH": str(here.parent)}
        return subprocess.run(command + filters, cwd=folder, env=variables).returncode


def main(url, seed, admin):
    user = post(url, "/api/v1/auth/register", None, {"email": f"schema{seed}@example.com", "password": PASSWORD})
    administrator = post(url, "/api/v1/auth/login", None, {"email": admin, "password": PASSWORD})
    return max(
        run(url, seed, user, ["--exclude-tag", "Administration"]),
        run(url, seed, administrator, ["--include-tag", "Administration"]),
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
