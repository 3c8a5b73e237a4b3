"""Every page, mounted."""

from fastapi import FastAPI

from api.pages import acting, case, desk, entrance, manager, own, replay, search, slip, static_files
from domain.ledger.application import Cases


def mount_pages(app: FastAPI, cases: Cases) -> None:
    """Mount the way in, the desk, the client's page, the auditor's, the slip, and what they load."""
    static_files.mount(app)
    entrance.mount_entrance(app, cases)
    desk.mount_desk(app, cases)
    manager.mount_manager(app, cases)
    own.mount_own(app, cases)
    search.mount_search(app, cases)
    replay.mount_audit(app, cases)
    slip.mount_slip(app, cases)
    acting.mount_acting(app, cases, case.beside)
