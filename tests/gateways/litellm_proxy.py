"""LiteLLM's proxy, as PyPI has it, in front of customers: each of their requests is billed once.

It is configured by the very lines of the README, with DEFAULT_BATCH_SIZE=1 as the README says, and
its models answer without any provider. LiteLLM then sends most events more than once. Some calls
stream, some bear an id of the caller's own that others bear too, some fail.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from shutil import copyfile

import requests
import sqlalchemy as sa

from app.domain.usage.models import BillingRecord
from app.foundation.database import session
from tests.databases import ROOT
from tests.journeys.installation import (
    KEPT,
    Installation,
    running_installation,
    wait_until,
)
from tests.ports import free_port

README_LINES = re.compile(r"```yaml\n(litellm_settings:.*?)```", re.DOTALL)
README_ENDPOINT, README_KEY = "https://billing.example.com", "obl_gw_…"
MODELS = ("gpt-4o", "claude-sonnet-4-5", "house-model")
CUSTOMERS = ("ada", "ben", "cleo")
REQUESTS, AT_ONCE = 300, 16
START_SECONDS, ANSWER_SECONDS, ARRIVE_SECONDS, REPEAT_SECONDS = 180, 60, 60, 8
RESULTS = re.compile(r'^billing_usage_records_total{.*"litellm".*result="(\w+)".*} (\d+)', re.M)


@dataclass(frozen=True)
class Answered:
    """What a customer got from LiteLLM: whose request it was, and the tokens it says it took."""

    user_id: str
    model: str
    prompt_tokens: int
    completion_tokens: int


def prove(program: str) -> list[str]:
    """Send requests through LiteLLM, and return what is not billed as it was used."""
    with (
        tempfile.TemporaryDirectory(prefix="billing-litellm-") as folder,
        running_installation(Path(folder)) as installation,
    ):
        owners = {f"sk-{name}": installation.customer(name).user_id for name in CUSTOMERS}
        one_by_one = {"DEFAULT_BATCH_SIZE": "1"}
        with litellm(program, Path(folder), installation, owners, one_by_one) as address:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                calls = [(address, number, owners) for number in range(REQUESTS)]
                answered = [one for one in pool.map(call, calls) if one is not None]
            wait_until(
                lambda: len(billed(installation)) >= len(answered),
                ARRIVE_SECONDS,
                lambda: f"{len(billed(installation))} of {len(answered)} have arrived",
            )
            # Whatever it sends once more has time to arrive.
            time.sleep(REPEAT_SECONDS)
            told = results(installation)
        sys.stdout.write(f"{len(answered)} of {REQUESTS} were answered; LiteLLM sent: {told}\n")
        return differences(answered, billed(installation))


@contextmanager
def litellm(
    program: str,
    folder: Path,
    installation: Installation,
    owners: Mapping[str, str],
    environment: Mapping[str, str],
) -> Iterator[str]:
    """Run the proxy, and give its address."""
    port = free_port()
    (folder / "config.yaml").write_text(configuration(installation), encoding="utf-8")
    copyfile(Path(__file__).with_name("litellm_keys.py"), folder / "litellm_keys.py")
    environment = {
        **environment,
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "OWNERS_OF_KEYS": json.dumps(owners),
    }
    command = [program, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "litellm.txt").open("wb") as printed:
        proxy = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=printed, stderr=printed, process_group=0
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_alive(address), START_SECONDS, (folder / "litellm.txt").read_text)
        yield address
    finally:
        os.killpg(proxy.pid, signal.SIGKILL)
        proxy.wait()


def configuration(installation: Installation) -> str:
    """Return the README's lines with our address and key, and models that ask nobody."""
    found = README_LINES.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found is not None, "the README no longer says how LiteLLM is pointed at us"
    lines = found[1].replace(README_ENDPOINT, installation.address)
    models = [
        {
            "model_name": model,
            "litellm_params": {
                "model": f"openai/{model}",
                "api_key": "none",
                "mock_response": f"{model} says hello to everybody who asks.",
            },
        }
        for model in MODELS
    ]
    settings = {
        "custom_auth": "litellm_keys.user_api_key_auth",
        "master_key": f"sk-{token_hex(32)}",
    }
    # JSON is YAML.
    return (
        lines.replace(README_KEY, installation.gateway_key)
        + f"model_list: {json.dumps(models)}\ngeneral_settings: {json.dumps(settings)}\n"
    )


def is_alive(address: str) -> bool:
    """Tell whether the proxy answers."""
    try:
        return requests.get(f"{address}/health/liveliness", timeout=ANSWER_SECONDS).ok
    except requests.RequestException:
        return False


def call(named: tuple[str, int, Mapping[str, str]]) -> Answered | None:
    """Send one request, as customers do; None if it had to fail."""
    address, number, owners = named
    key, model = f"sk-{CUSTOMERS[number % 3]}", MODELS[number % 7 % 3]
    fails, streams = number % 20 == 9, number % 4 == 1
    body = {
        "model": "no-such-model" if fails else model,
        "messages": [{"role": "user", "content": f"Hello, for the time number {number}."}],
        # What callers say about themselves is not believed.
        "user": "somebody-else",
        **({"stream": True, "stream_options": {"include_usage": True}} if streams else {}),
    }
    headers = {"Authorization": f"Bearer {key}"}
    if number % 5 == 0:
        headers["x-litellm-call-id"] = "the same for many"
    answer = requests.post(
        f"{address}/v1/chat/completions", json=body, headers=headers, timeout=ANSWER_SECONDS
    )
    if fails:
        assert not answer.ok
        return None
    assert answer.ok, answer.text
    usage = _usage_of_stream(answer.text) if streams else answer.json()["usage"]
    counts = usage["prompt_tokens"], usage["completion_tokens"]
    return Answered(owners[key], model, *counts)


def _usage_of_stream(text: str) -> Mapping[str, int]:
    chunks = [line.removeprefix("data: ") for line in text.splitlines() if line]
    said = [json.loads(chunk) for chunk in chunks if chunk != "[DONE]"]
    return next(chunk["usage"] for chunk in reversed(said) if chunk.get("usage"))


def billed(installation: Installation) -> list[Answered]:
    """Return what we have recorded."""
    columns = (
        BillingRecord.user_id,
        BillingRecord.model,
        BillingRecord.prompt_tokens,
        BillingRecord.completion_tokens,
    )
    with installation.inside():
        return [Answered(*row) for row in session.execute(sa.select(*columns))]


def differences(answered: Sequence[Answered], recorded: Sequence[Answered]) -> list[str]:
    """Say which requests are billed not at all, or more than once, or for somebody else."""
    used, paid = Counter(answered), Counter(recorded)
    return [
        *(f"used, not billed: {one} × {times}" for one, times in (used - paid).items()),
        *(f"billed, not used: {one} × {times}" for one, times in (paid - used).items()),
    ]


def results(installation: Installation) -> dict[str, int]:
    """Return how many events came, by what became of them; a repeat is a duplicate."""
    text = requests.get(f"{installation.address}/metrics", timeout=ANSWER_SECONDS).text
    return {result: int(number) for result, number in RESULTS.findall(text)}
