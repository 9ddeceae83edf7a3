"""`demo.json`: where the demo is, and how to get in."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE_NAME = "demo.json"


@dataclass(frozen=True, slots=True)
class CustomerLogin:
    """How the demo's customer gets in."""

    user_id: str
    email: str
    password: str
    api_key: str


@dataclass(frozen=True, slots=True)
class OperatorLogin:
    """How the demo's operator gets in."""

    email: str
    password: str
    api_key: str


@dataclass(frozen=True, slots=True)
class Demo:
    """All that the file says."""

    base_url: str
    customer: CustomerLogin
    operator: OperatorLogin
    gateway_key: str


def find_demo(instance_dir: Path) -> Demo | None:
    """Return what the file says; None if there is none, or it is not what we write."""
    try:
        told = json.loads((instance_dir / FILE_NAME).read_bytes())
        return Demo(
            base_url=told["base_url"],
            customer=CustomerLogin(**told["customer"]),
            operator=OperatorLogin(**told["operator"]),
            gateway_key=told["gateway_key"],
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def find_gateway_key(instance_dir: Path) -> str | None:
    """Return the demo's gateway key, if there is a demo."""
    demo = find_demo(instance_dir)
    return demo.gateway_key if demo is not None else None


def write_demo(demo: Demo, instance_dir: Path) -> None:
    """Write the file whole or not at all; only its owner may read it."""
    unfinished = instance_dir / f".{FILE_NAME}.{os.getpid()}"
    descriptor = os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(demo), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(instance_dir / FILE_NAME)
