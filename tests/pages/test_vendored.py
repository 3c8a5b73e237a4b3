"""What the pages take from others: it is as it was fetched, has its licence, and has a browser ask nobody else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.pages import static_files
from tools import vendor


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Give a copy of what is kept."""
    return Path(shutil.copytree(vendor.KEPT, tmp_path / "vendor"))


@pytest.fixture
def http() -> Iterator[TestClient]:
    app = FastAPI()
    static_files.mount(app)
    with TestClient(app) as it:
        yield it


def test_all_of_it_is_as_it_was_fetched() -> None:
    assert vendor.faults() == []
    assert vendor.main("check") is None


def test_the_list_names_versions_and_no_place() -> None:
    written = (vendor.KEPT / vendor.LIST).read_text("utf-8")
    assert {it["name"]: it["version"] for it in json.loads(written)} == {it.name: it.version for it in vendor.PACKAGES}
    assert all(it["integrity"].startswith("sha512-") for it in json.loads(written))
    assert "://" not in written


@pytest.mark.parametrize("name", [it.name for it in vendor.PACKAGES])
def test_its_licence_lets_us_keep_it(name: str) -> None:
    licence = (vendor.KEPT / name / "LICENSE").read_text("utf-8")
    assert "MIT License" in licence or "Zero-Clause BSD" in licence


def test_what_was_changed_removed_or_added_is_noticed(kept: Path) -> None:
    with (kept / "htmx.org/htmx.min.js").open("a") as script:
        script.write(";fetch('https://elsewhere.example')")
    (kept / "hds-core/LICENSE").unlink()
    (kept / "hds-core/more.css").write_text('@import "more.css"; a { background: url(//elsewhere.example/it.png) }')
    assert vendor.faults(kept) == [
        "hds-core/LICENSE is listed, and not there.",
        "hds-core/more.css is there, and not listed.",
        "htmx.org/htmx.min.js is not as it was fetched.",
        "hds-core/more.css names what is elsewhere: @import",
        "hds-core/more.css names what is elsewhere: url(//",
        "htmx.org/htmx.min.js names what is elsewhere: https:",
        "hds-core has no licence.",
    ]


def test_another_version_than_is_asked_for_is_noticed(kept: Path) -> None:
    file = kept / vendor.LIST
    file.write_text(file.read_text("utf-8").replace(vendor.PACKAGES[0].version, "1.0.0"), "utf-8")
    assert vendor.faults(kept) == [f"hds-core {vendor.PACKAGES[0].version} is not what is kept: run make vendor."]


def test_our_own_styles_and_scripts_name_nothing_elsewhere_either() -> None:
    ours = [it for it in (vendor.KEPT.parent / "luotsi").iterdir() if it.suffix in {".css", ".js"}]
    assert ours
    assert [(it.name, found) for it in ours for found in vendor.ELSEWHERE.findall(it.read_text("utf-8"))] == []


# How it is sent.


def test_a_file_is_kept_for_good_by_its_hash_and_else_asked_for_each_time(http: TestClient) -> None:
    named = http.get(static_files.url(static_files.HDS))
    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert named.headers["content-type"] == "text/css; charset=utf-8"
    for address in ("/static/hds.css", "/static/hds.css?v=0123456789abcdef"):
        assert http.get(address).headers["cache-control"] == "public, no-cache"


def test_a_file_that_is_known_already_is_not_sent_again(http: TestClient) -> None:
    for packing in ("gzip", "identity"):
        first = http.get("/static/vendor/htmx.org/htmx.min.js", headers={"Accept-Encoding": packing})
        assert first.headers["content-type"] == "text/javascript; charset=utf-8"
        assert first.content == (vendor.KEPT / "htmx.org/htmx.min.js").read_bytes()
        known = {"Accept-Encoding": packing, "If-None-Match": first.headers["etag"]}
        again = http.get("/static/vendor/htmx.org/htmx.min.js", headers=known)
        assert (again.status_code, again.content) == (304, b"")
        other = http.get("/static/hds.css", headers=known)
        assert other.status_code == 200


def test_what_a_file_is_can_be_asked_without_it(http: TestClient) -> None:
    asked = http.head(static_files.url("hds.css"), headers={"Accept-Encoding": "identity"})
    assert asked.status_code == 200
    assert int(asked.headers["content-length"]) == len(http.get("/static/hds.css").content)


def test_the_parts_of_the_design_system_come_in_one_file_its_base_first(http: TestClient) -> None:
    styles = http.get("/static/hds.css").text
    assert styles.startswith(":root{")
    for it in (vendor.KEPT / "hds-core").rglob("*.css"):
        assert it.read_text("utf-8") in styles


@pytest.mark.parametrize(
    "path",
    ["", "none.css", "luotsi", "../page.py", "%2e%2e/page.py", "luotsi/../../page.py", "/etc/passwd", "hds.css%00"],
)
def test_nothing_but_the_files_is_sent(http: TestClient, path: str) -> None:
    assert http.get(f"/static/{path}").status_code == 404


def test_a_page_can_name_no_file_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        static_files.url("none.css")
