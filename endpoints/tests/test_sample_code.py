from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from endpoints.sample_code import Addresses, Sample, samples

ID = "3c9f0e62-5a2e-4a37-9a4b-1d3c5c7b9f10"
ADDRESSES = Addresses("https://studio.example:8443", ID)
SAMPLES = {one.slug: one for one in samples(ADDRESSES, "en-GB")}


def test_the_addresses_are_those_of_the_reference() -> None:
    path = f"/speech/recognition/{{}}/cognitiveservices/v1?cid={ID}"
    modes = ("interactive", "conversation", "dictation")
    root = "studio.example:8443"
    assert ADDRESSES.rest == [(m, f"https://{root}{path.format(m)}") for m in modes]
    assert ADDRESSES.websocket == [(m, f"wss://{root}{path.format(m)}") for m in modes]
    assert ADDRESSES.token == f"https://{root}/sts/v1.0/issueToken"
    assert ADDRESSES.openai == f"https://{root}/v1"


def test_without_tls_streams_go_without_as_well() -> None:
    assert Addresses("http://localhost:8000", ID).websocket_root == (
        "ws://localhost:8000"
    )


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=str)
def test_every_program_names_what_it_needs(sample: Sample) -> None:
    assert ID in sample.text
    assert "studio.example:8443" in sample.text
    assert "SPEECH_KEY" in sample.text
    assert "audio.wav" in sample.text
    left = sample.text.replace("$SPEECH_KEY", "")
    assert "$" not in left


@pytest.mark.parametrize("slug", ["curl", "python", "csharp", "javascript"])
def test_the_language_of_the_project_is_asked_for(slug: str) -> None:
    assert "en-GB" in SAMPLES[slug].text


@pytest.mark.parametrize("slug", ["python", "openai"])
def test_python_compiles_and_imports_what_it_uses(slug: str) -> None:
    compile(SAMPLES[slug].text, slug, "exec")
    assert max(map(len, SAMPLES[slug].text.splitlines())) <= 88


def test_curl_is_a_command_of_the_shell() -> None:
    subprocess.run(["sh", "-n", "-c", SAMPLES["curl"].text], check=True)
    assert re.search(
        r'-H "Ocp-Apim-Subscription-Key: \$SPEECH_KEY"', SAMPLES["curl"].text
    )


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_javascript_is_read_by_node() -> None:
    command = ["node", "--check", "-"]
    text = SAMPLES["javascript"].text
    subprocess.run(command, input=text, text=True, check=True)
