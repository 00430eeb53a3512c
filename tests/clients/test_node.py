# SPDX-License-Identifier: Apache-2.0
"""Real programs against a whole running Teiten: what each did is found by a question within five seconds, byte for byte (M-13)."""

from __future__ import annotations

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.running_node import RunningNode, running_node

pytestmark = [pytest.mark.clients, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with running_node(tmp_path_factory.mktemp("node") / "home") as running:
        yield running


def need(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def run(*command: str, seconds: float = 60) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, timeout=seconds, check=False)


def test_curl_requests_are_found_as_sent(node: RunningNode) -> None:
    curl = need("curl")
    run(curl, "-sk", "-o", "/dev/null", "--path-as-is", f"http://127.0.0.1:{node.ports['web']}/a/../b?x=%00<script>")
    run(curl, "-sk", "-o", "/dev/null", "-X", "PROPFIND", f"https://127.0.0.1:{node.ports['web']}/dav")
    wanted = {"GET /a/../b?x=%00<script>", "PROPFIND /dav"}
    rows = node.count_until(lambda found: wanted <= {row["target"] for row in found}, "--channel", "web", "--by", "target")
    assert {row["target"]: row["accesses"] for row in rows if row["target"] in wanted} == dict.fromkeys(wanted, 1)
    assert node.count("--channel", "web", "--target", "PROPFIND /dav") == {"accesses": 1, "sources": 1, "sensors": 1}


def test_two_hundred_hydra_guesses_are_two_hundred_accesses(node: RunningNode, tmp_path: Path) -> None:
    hydra = need("hydra")
    guesses = tmp_path / "guesses.txt"
    guesses.write_text("".join(f"guess-{n:03}\n" for n in range(200)))
    run(hydra, "-l", "operator", "-P", str(guesses), "-t", "4", "-I", f"ssh://127.0.0.1:{node.ports['ssh']}", seconds=150)
    answer = node.count_until(lambda found: found["accesses"] >= 200, "--channel", "ssh", "--target", "operator")
    assert answer == {"accesses": 200, "sources": 1, "sensors": 1}


def test_openssh_tries_are_found_with_the_account_it_used(node: RunningNode, tmp_path: Path) -> None:
    ssh = need("ssh")
    answerer = tmp_path / "answer.sh"
    answerer.write_text("#!/bin/sh\necho 'pä ss\\word'\n")
    answerer.chmod(0o700)
    options = [
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "PubkeyAuthentication=no",
        "-o",
        "NumberOfPasswordPrompts=1",
    ]
    subprocess.run(
        [ssh, *options, "-p", str(node.ports["ssh"]), "管理者@127.0.0.1", "true"],
        env={"PATH": "/usr/bin:/bin", "SSH_ASKPASS": str(answerer), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none:0", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    answer = node.count_until(lambda found: found["accesses"] >= 1, "--channel", "ssh", "--target", "管理者")
    assert answer == {"accesses": 1, "sources": 1, "sensors": 1}


def test_swaks_mail_is_found_by_its_decoded_subject(node: RunningNode) -> None:
    swaks = need("swaks")
    subject = "=?ISO-2022-JP?B?GyRCTCQ+NUJ6OS05cBsoQg==?="  # 未承諾広告 (M-10)
    done = run(
        swaks, "--server", f"127.0.0.1:{node.ports['mail']}", "--from", "a@example.org", "--to", "b@example.net", "--header", f"Subject: {subject}"
    )
    assert done.returncode == 0, done.stdout
    answer = node.count_until(lambda found: found["accesses"] >= 1, "--channel", "mail", "--target", "未承諾広告")
    assert answer == {"accesses": 1, "sources": 1, "sensors": 1}


def test_nmap_version_scan_leaves_accesses_and_the_sensors_stay_up(node: RunningNode) -> None:
    nmap = need("nmap")
    ports = ",".join(str(node.ports[name]) for name in ("web", "ssh", "mail"))
    run(nmap, "-Pn", "-n", "-sT", "-sV", "--version-light", "-p", ports, "127.0.0.1", seconds=120)
    closing = node.count_until(lambda found: len(found) == 3, "--by", "channel", "--category", "other")
    assert {row["channel"] for row in closing} == {"web", "ssh", "mail"}


def test_the_page_shows_what_was_just_done(node: RunningNode) -> None:
    curl = need("curl")
    run(curl, "-s", "-o", "/dev/null", f"http://127.0.0.1:{node.ports['web']}/seen-on-the-page")
    node.count_until(lambda found: found["accesses"] >= 1, "--channel", "web", "--target", "GET /seen-on-the-page")
    for language in ("ja", "en"):
        with urllib.request.urlopen(f"http://127.0.0.1:{node.ports['site']}/{language}/", timeout=20) as page:
            assert "GET /seen-on-the-page" in page.read().decode()


def test_status_beside_the_running_node_knows_every_channel(node: RunningNode) -> None:
    done = node.teiten("status")
    assert done.returncode == 0, done.stderr
    assert "node running" in done.stdout
