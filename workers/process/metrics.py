"""Prometheus text of several processes as one valid text: each sample says which process it is from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METADATA = re.compile(r"# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*)")
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(\{)?")

SUFFIXES = ("", "_bucket", "_count", "_sum", "_total")
"""What the names of a metric's samples may have after the name that is described."""


@dataclass(slots=True)
class Family:
    """One metric: what it is, and its samples from every process."""

    metadata: dict[str, str] = field(default_factory=dict)
    samples: list[str] = field(default_factory=list)


def labelled(text: str, process: int, build: str | None = None) -> str:
    """Give every sample of a text the label `process`, and `build` where workers have versions."""
    labels = f'process="{process}"' if build is None else f'process="{process}",build="{build}"'
    return "".join(f"{_label(line, labels)}\n" for line in text.splitlines())


def merged(texts: Iterable[str]) -> str:
    """Join texts whose samples differ in labels; HELP and TYPE stand once per metric, with all its samples."""
    families: dict[str, Family] = {}
    for text in texts:
        described = ""
        for line in text.splitlines():
            if metadata := METADATA.match(line):
                described = metadata[2]
                families.setdefault(described, Family()).metadata.setdefault(metadata[1], line)
            elif sample := SAMPLE.match(line):
                own = sample[1].removeprefix(described) in SUFFIXES
                families.setdefault(described if own else sample[1], Family()).samples.append(line)
    lines = [line for family in families.values() for line in (*family.metadata.values(), *family.samples)]
    return "".join(f"{line}\n" for line in lines)


def _label(line: str, labels: str) -> str:
    sample = SAMPLE.match(line)
    if sample is None:
        return line
    rest = line[sample.end() :]
    if not sample[2]:
        return f"{sample[1]}{{{labels}}}{rest}"
    return f"{sample[1]}{{{labels}{'' if rest.startswith('}') else ','}{rest}"
