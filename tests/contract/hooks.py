"""Who calls: one student, signed in before the run; for what ends sessions, another one, signed in anew each time."""

import json
import os
import urllib.parse
import urllib.request

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection

URL = os.environ["PASTPAPER_URL"]
TESTER = {"email": "tester@example.org", "password": "a quite good passphrase"}
# A user has at most twenty sessions: a new one would end the tester's.
LEAVER = {"email": "leaver@example.org", "password": "a quite good passphrase"}
ENDS_SESSIONS = {"POST /api/auth/logout", "DELETE /api/auth/sessions/{id}", "POST /api/auth/password", "DELETE /api/auth/account"}


def sign_in(account, path="/api/auth/login"):
    body = json.dumps(account).encode()
    request = urllib.request.Request(URL + path, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["token"]


TOKEN = sign_in(TESTER)
sign_in(LEAVER, "/api/auth/register")


@schemathesis.auth(refresh_interval=None)
class Session:
    """The session; checks of missing and wrong tokens take it away themselves."""

    def get(self, case, context):
        return sign_in(LEAVER) if case.operation.label in ENDS_SESSIONS else TOKEN

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


# What may be wrong with data that fits its schema.
BEYOND_SCHEMAS = {"cursor", "password", "new_password", "was_correct", "answer", "answers", "self_report", "part", "config", "config.difficulty_distribution", "config.difficultyDistribution", "email"}
# Essential notices cannot be turned off. The schema of a boolean does not say so: generators make enums with broken names of it.
BEYOND_SCHEMAS |= {"password_changed", "email_changed", "factor_added", "factor_removed", "payment_failed", "account_deleted"}


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


@schemathesis.check
def invalid_data_is_refused(ctx, response, case):
    """`negative_data_rejection`, but a blank parameter of a query counts as absent, since forms send empty fields."""
    query = urllib.parse.urlsplit(response.request.url).query
    if all(value.strip() for _, value in urllib.parse.parse_qsl(query, keep_blank_values=True)):
        return negative_data_rejection(ctx, response, case)
