"""Register → practice → 402 with a client that openapi-python-client generates. mypy checks every field that is read here."""

import os
import time

from pastpaper_client import AuthenticatedClient, Client
from pastpaper_client.api.auth import register
from pastpaper_client.api.midterm import generate_midterm
from pastpaper_client.api.questions import practice_questions
from pastpaper_client.models import (
    Delivery,
    GenerateRequest,
    InsufficientCreditsProblem,
    MidtermLevel,
    PracticeRequest,
    Registration,
    SessionStarted,
)

URL = os.environ["PASTPAPER_URL"]

email = f"python-{time.time_ns()}@example.org"
registration = Registration(email=email, password="correct horse battery", name="Grace")
started = register.sync(client=Client(base_url=URL), body=registration)
assert isinstance(started, SessionStarted), started
credits: int = started.user.credits_
assert credits == 5, credits

client = AuthenticatedClient(base_url=URL, token=started.token)
order = PracticeRequest(course_id="calc2", count=3)
key = f"python-{time.time_ns()}"
practice = practice_questions.sync(client=client, body=order, idempotency_key=key)
assert isinstance(practice, Delivery), practice
left: int = practice.credits_
assert (len(practice.questions), practice.credits_deducted, left) == (3, 3, 2)
again = practice_questions.sync(client=client, body=order, idempotency_key=key)
assert isinstance(again, Delivery), again
assert [question.id for question in again.questions] == [question.id for question in practice.questions]

# Two credits are left, and a midterm costs three.
midterm = GenerateRequest(course_id="calc2", difficulty=MidtermLevel.EASY)
refused = generate_midterm.sync_detailed(client=client, body=midterm)
assert refused.status_code == 402, refused
problem = refused.parsed
assert isinstance(problem, InsufficientCreditsProblem), problem
needed: int = problem.credits_needed
assert (needed, problem.credits_available) == (3, 2), problem
print(f"openapi-python-client: {email} practised {len(practice.questions)} questions; a midterm needs {needed} credits")
