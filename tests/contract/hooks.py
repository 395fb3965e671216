"""Who calls: one student, signed in before the run; for logout, a session of its own each time."""

import json
import os
import urllib.request

import schemathesis

URL = os.environ["PASTPAPER_URL"]
ACCOUNT = {"email": "tester@example.org", "password": "a quite good passphrase"}


def sign_in():
    body = json.dumps(ACCOUNT).encode()
    request = urllib.request.Request(URL + "/api/auth/login", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["token"]


TOKEN = sign_in()


@schemathesis.auth(refresh_interval=None)
class Session:
    """The session; checks of missing and wrong tokens take it away themselves."""

    def get(self, case, context):
        return sign_in() if case.operation.label == "POST /api/auth/logout" else TOKEN

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


# What may be wrong with data that fits its schema.
BEYOND_SCHEMAS = {"cursor", "password", "was_correct", "answer", "config", "config.difficulty_distribution", "email"}


@schemathesis.check
def refusals_beyond_schemas(ctx, response, case):
    """Data that fits its schema is refused as invalid only for what a schema cannot say."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code != 422:
        return
    problem = response.json()
    # Keys of the table are bounded in bytes, schemas in characters.
    if problem["code"] == "invalid_field" and " bytes" not in problem["detail"]:
        assert problem["field"] in BEYOND_SCHEMAS, f"`{problem['field']}` is refused, but its schema allows it"
