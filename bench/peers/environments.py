"""Where the peers' packages are: each peer has a virtual environment of its own under `.cache/peers`, made here."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "peers"
CONSTRAINTS = Path(__file__).with_name("constraints.txt")
MADE = ".set-up"

N8N = "2.3.6"
"""The version of n8n: the newest line that runs on Node 20."""

SECONDS = 1800


class NotInstalledError(Exception):
    """A sentence that says what a peer needs and this machine has not."""


def python_with(name: str, *packages: str) -> Path:
    """Return the interpreter of a peer's virtual environment, which is made where it is missing or out of date.

    Raises:
        NotInstalledError: the packages could not be installed.
    """
    folder = CACHE / name
    python = folder / "bin" / "python"
    key = hashlib.sha256(CONSTRAINTS.read_bytes() + " ".join(packages).encode()).hexdigest()
    if python.exists() and (folder / MADE).exists() and (folder / MADE).read_text() == key:
        return python
    sys.stderr.write(f"installing {name}\n")
    _run(name, [sys.executable, "-m", "venv", "--clear", str(folder)], CACHE.parent)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    _run(name, [*pip, "--constraint", str(CONSTRAINTS), *packages], CACHE.parent)
    (folder / MADE).write_text(key)
    return python


def n8n_program() -> Path:
    """Return the program of n8n, where `--install-n8n` has put it.

    Raises:
        NotInstalledError: it is not there.
    """
    program = CACHE / "n8n" / "node_modules" / ".bin" / "n8n"
    if not program.exists():
        raise NotInstalledError("n8n is not installed: `make peers ARGS=--install-n8n` installs it from npm, 2 GB.")
    return program


def install_n8n() -> None:
    """Install n8n from npm.

    Raises:
        NotInstalledError: it could not be installed.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalledError("n8n needs Node 20 or newer with npm, which is not installed.")
    folder = CACHE / "n8n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(
        # One dependency, of nodes that read spreadsheets, is pinned to a file outside the registry.
        f'{{"private": true, "dependencies": {{"n8n": "{N8N}"}}, "overrides": {{"xlsx": "0.18.5"}}}}\n'
    )
    sys.stderr.write("installing n8n: some minutes\n")
    _run("n8n", [npm, "install", "--no-audit", "--no-fund", "--loglevel=error"], folder)


def postgresql() -> Path:
    """Return the folder of PostgreSQL's programs: the newest that is installed.

    Raises:
        NotInstalledError: none is.
    """
    beside = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if beside:
        return Path(os.path.realpath(beside)).parent
    raise NotInstalledError("PostgreSQL is not installed. Debian, Ubuntu: apt install postgresql")


def _run(name: str, command: list[str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=SECONDS)  # noqa: S603 # our own commands
    except subprocess.TimeoutExpired:
        raise NotInstalledError(f"{name} could not be installed within {SECONDS} s.") from None
    except subprocess.CalledProcessError as error:
        said = [line for line in (error.stderr or error.stdout).splitlines() if line.strip()]
        raise NotInstalledError(f"{name} could not be installed: {said[-1] if said else error}") from None
