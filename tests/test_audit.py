"""Known vulnerabilities: found where there are any, and said to be unknown where nobody can be asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools import audit
from tools.audit import ServiceUnreachable, Vulnerability, known, main

LOCK = "\n".join(f"{it} \\\n    --hash=sha256:{'0' * 64}" for it in ("alpha==1.0", "beta==2.0"))
VULNERABLE = {
    "id": "GHSA-1", "summary": "It lets anybody in.", "affected": [{
        "package": {"name": "beta", "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}],
    }],
}  # fmt: skip
FOUND = Vulnerability("beta", "2.0", "GHSA-1", ("2.1",))
Answer = Callable[[str], tuple[int, bytes]]


def of(content: Any) -> Answer:
    return lambda name: (200, json.dumps(content if name == "beta" else {}).encode())


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Run a service that knows of vulnerabilities; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = answer(asked["package"]["name"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a lock of two packages, which is the one that is audited here, without anything kept from before."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    path = tmp_path / "requirements.lock"
    path.write_text(LOCK, "utf-8")
    monkeypatch.setattr(audit, "LOCK", path)
    monkeypatch.setattr(audit, "AUDIT", (*audit.AUDIT, "--cache-dir", str(tmp_path / "cache")))
    return path


def test_where_nothing_is_known_nothing_is_complained_of(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(of({})) as url:
        assert main("--osv-url", url) is None
    assert capsys.readouterr().out == "requirements.lock: no known vulnerabilities.\n"


def test_a_known_vulnerability_is_named_with_the_version_that_mends_it(lock: Path) -> None:
    with answering(of({"vulns": [VULNERABLE]})) as url:
        (found,) = known(lock, "--osv-url", url)
    assert found == FOUND
    assert str(found) == "beta 2.0: GHSA-1, fixed in 2.1"


def test_one_that_is_not_mended_yet_is_complained_of_too() -> None:
    with answering(of({"vulns": [VULNERABLE | {"affected": []}]})) as url:
        assert main("--osv-url", url) == "requirements.lock: beta 2.0: GHSA-1, not fixed yet"


def test_where_nobody_answers_it_says_so_and_does_not_fail(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(of({})) as gone:
        pass
    assert main("--osv-url", gone) is None
    said = capsys.readouterr().out
    assert said.startswith("requirements.lock: NOT CHECKED for known vulnerabilities.")
    assert "no known vulnerabilities" not in said


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: (403, b"not from here"), lambda _: (500, b""), lambda _: (200, b"<html>Sign in first</html>"),
        lambda name: (200, b"{}") if name == "alpha" else (503, b""),
    ],
    ids=["a proxy's refusal", "its own fault", "another page", "half way"],
)  # fmt: skip
def test_what_is_no_answer_is_not_taken_for_one(lock: Path, answer: Answer) -> None:
    with answering(answer) as url, pytest.raises(ServiceUnreachable):
        known(lock, "--osv-url", url)


def test_whoever_takes_too_long_is_not_waited_for(lock: Path) -> None:
    over = threading.Event()

    def never(_: str) -> tuple[int, bytes]:
        over.wait(20)
        return 200, b"{}"

    with answering(never) as url:
        try:
            with pytest.raises(ServiceUnreachable, match="after 2 seconds"):
                known(lock, "--osv-url", url, seconds=2)
        finally:
            over.set()


def test_a_lock_that_can_not_be_read_is_no_clean_bill(lock: Path) -> None:
    lock.write_text("this is no lock", "utf-8")
    with answering(of({})) as url:
        assert str(main("--osv-url", url)).startswith("requirements.lock: The audit failed")
