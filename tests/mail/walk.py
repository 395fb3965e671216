"""A user's way to a verified email and back to a forgotten account, by mails that a real SMTP server received."""

import email
import email.policy
import email.utils
import json
import queue
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

from aiosmtpd.controller import Controller

PASSWORD = "a quite good passphrase"
NEW_PASSWORD = "another good passphrase"
SECONDS = 60
APP_URL = "https://app.example.org"


class Inbox:
    """Accepts every mail, or refuses the first ones with the answers it was given."""

    def __init__(self):
        self.mails = queue.Queue()
        self.answers = []

    async def handle_DATA(self, server, session, envelope):
        if self.answers:
            return self.answers.pop(0)
        self.mails.put(envelope)
        return "250 OK"

    def next(self):
        """The next mail, checked as a strict reader would."""
        envelope = self.mails.get(timeout=SECONDS)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert not mail.defects, mail.defects
        for header in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version"):
            assert mail[header] and len(mail.get_all(header)) == 1, header
        assert mail["MIME-Version"] == "1.0" and mail["Auto-Submitted"] == "auto-generated"
        assert email.utils.parsedate_to_datetime(mail["Date"])
        assert envelope.mail_from == "no-reply@mail.example.org", envelope.mail_from
        parts = list(mail.iter_parts())
        kinds = [(part.get_content_type(), part.get_content_charset()) for part in parts]
        assert kinds == [("text/plain", "utf-8"), ("text/html", "utf-8")], kinds
        assert all(not part.defects for part in parts)
        text, html = (part.get_content() for part in parts)
        link = re.search(r"https://\S+", text).group(0)
        assert link in html, "both forms have the link"
        return envelope, mail, link


class Api:
    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None, token=None, language="en"):
        headers = {"Content-Type": "application/json", "Accept-Language": language}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def post(self, path, body, **options):
        return self.call("POST", path, body, **options)


def token_of(link, page):
    start = f"{APP_URL}/{page}#token="
    assert link.startswith(start), link
    return link.removeprefix(start)


def walk(api, inbox):
    address = "ada@b\u00fccher.example"
    inbox.answers.append("450 4.2.0 not now")
    status, started = api.post("/api/auth/register", {"email": "first@example.org", "password": PASSWORD})
    assert status == 200, started
    status, started = api.post("/api/auth/register", {"email": address, "password": PASSWORD}, language="de-DE,en;q=0.5")
    assert status == 200, started
    session = started["token"]
    # The first mail was postponed, so this is the second one.
    envelope, mail, link = inbox.next()
    assert envelope.rcpt_tos == ["ada@xn--bcher-kva.example"], envelope.rcpt_tos
    assert mail["Subject"] == "Best\u00e4tige deine E-Mail-Adresse", mail["Subject"]
    _, me = api.call("GET", "/api/auth/me", token=session)
    assert me["user"]["email_verified"] is False, me
    token = token_of(link, "verify-email")
    assert api.post("/api/auth/verify", {"token": token})[0] == 200
    _, me = api.call("GET", "/api/auth/me", token=session)
    assert me["user"]["email_verified"] is True, me

    answers = [api.post("/api/auth/forgot", {"email": name}) for name in (address, "nobody@example.org")]
    assert answers[0] == answers[1] == (200, {"success": True}), answers
    _, mail, link = inbox.next()
    assert mail["Subject"] == "Neues Passwort festlegen", mail["Subject"]
    token = token_of(link, "reset-password")
    assert api.post("/api/auth/reset", {"token": token, "new_password": NEW_PASSWORD})[0] == 200
    _, mail, _ = inbox.next()
    assert mail["Subject"] == "Dein Passwort wurde ge\u00e4ndert", mail["Subject"]
    assert api.call("GET", "/api/auth/me", token=session)[0] == 401, "the old session ended"
    status, problem = api.post("/api/auth/reset", {"token": token, "new_password": PASSWORD})
    assert (status, problem["code"]) == (400, "invalid_token"), problem
    assert api.post("/api/auth/login", {"email": address, "password": PASSWORD})[0] == 401
    status, started = api.post("/api/auth/login", {"email": address, "password": NEW_PASSWORD})
    assert status == 200, started
    change_address(api, inbox, address, started["token"])
    assert inbox.mails.empty(), "nobody else got a mail"


def change_address(api, inbox, address, session):
    """Changes the address, and undoes that from the former one."""
    new = "ada@example.net"
    status, me = api.call("PATCH", "/api/auth/me", {"email": new, "password": NEW_PASSWORD}, token=session)
    assert (status, me["user"]["new_email"]) == (200, new), me
    envelope, _, link = inbox.next()
    assert envelope.rcpt_tos == [new], envelope.rcpt_tos
    status, answer = api.post("/api/auth/email/confirm", {"token": token_of(link, "confirm-email")})
    assert (status, answer) == (200, {"success": True, "email": new}), answer
    assert api.post("/api/auth/login", {"email": new, "password": NEW_PASSWORD})[0] == 200
    envelope, mail, link = inbox.next()
    assert envelope.rcpt_tos == ["ada@xn--bcher-kva.example"], envelope.rcpt_tos
    assert mail["Subject"] == "Deine E-Mail-Adresse wurde ge\u00e4ndert", mail["Subject"]
    undo = token_of(link, "undo-email")
    assert api.post("/api/auth/email/undo", {"token": undo})[0] == 200
    assert api.call("GET", "/api/auth/me", token=session)[0] == 401, "the undoing ends all sessions"
    for email in (new, address):
        assert api.post("/api/auth/login", {"email": email, "password": NEW_PASSWORD})[0] == 401, email
    envelope, _, link = inbox.next()
    assert envelope.rcpt_tos == ["ada@xn--bcher-kva.example"], envelope.rcpt_tos
    token = token_of(link, "reset-password")
    assert api.post("/api/auth/reset", {"token": token, "new_password": PASSWORD})[0] == 200
    inbox.next()
    assert api.post("/api/auth/login", {"email": address, "password": PASSWORD})[0] == 200
    assert api.post("/api/auth/email/undo", {"token": undo})[0] == 400


def main():
    inbox = Inbox()
    # The controller connects to its own port to see that it runs, so it must know the port before.
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    environment = {
        "PATH": "/usr/bin:/bin",
        "SMTP_URL": f"smtp://127.0.0.1:{port}",
        "MAIL_FROM": "no-reply@mail.example.org",
        "APP_URL": APP_URL,
    }
    command = [sys.argv[1], "serve", "--in-memory", "--port", "0"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    watchdog = threading.Timer(5 * SECONDS, server.kill)
    watchdog.start()
    try:
        lines = []
        while not lines or not lines[-1].startswith("Listening on"):
            line = server.stdout.readline()
            assert line, f"the server ended: {lines}"
            lines.append(line)
        walk(Api(re.search(r"http://\S+", lines[-1]).group(0)), inbox)
    finally:
        watchdog.cancel()
        server.terminate()
        rest = server.communicate()[0]
        controller.stop()
    assert "pm_" not in rest and "pm_" not in "".join(lines), "with SMTP no token is printed"
    print("Registered, verified, got an account back, and undid a change of the address, by mail through aiosmtpd.")


main()
