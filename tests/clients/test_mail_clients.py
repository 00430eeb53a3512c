# SPDX-License-Identifier: Apache-2.0
"""swaks, hydra and nmap against the real mail sensor on loopback: what they sent is what is stated (M-13, M-10)."""

import asyncio
import contextlib
import hashlib
import re
import shutil
import subprocess
from collections import Counter

import pytest

from teiten.clock import system_clock
from teiten.sensors.listener import Limits
from teiten.sensors.mail import MailConfig, MailSensor

pytestmark = pytest.mark.clients
MANY = Limits(open_per_source=100, open_per_network=100, new_per_minute=10_000)


class Records(list):
    def __init__(self):
        super().__init__()
        self._changed = asyncio.Event()

    def __call__(self, record):
        self.append(record)
        self._changed.set()

    def of(self, kind):
        return [record for record in self if record.kind == kind]

    async def until_closed(self, count):
        async with asyncio.timeout(30):
            while len(self.of("connection")) < count:
                self._changed.clear()
                await self._changed.wait()


def against(tmp_path, *commands, connections=None):
    """(outputs of the commands, records); each command's `PORT` becomes the sensor's port. A client counts as one connection."""

    async def main():
        records = Records()
        sensor = MailSensor(MailConfig(host="127.0.0.1", port=0, limits=MANY), records, system_clock, tmp_path)
        port = sensor.listening()[0].rpartition(":")[2].partition("/")[0]
        running = asyncio.create_task(sensor.run())
        outputs = []
        try:
            for command in commands:
                words = [word.replace("PORT", port) if isinstance(word, str) else word for word in command]
                client = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
                outputs.append((await asyncio.wait_for(client.communicate(), 60))[0])
            await records.until_closed(len(commands) if connections is None else connections)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        return outputs, records

    return asyncio.run(main())


def swaks(*words):
    if shutil.which("swaks") is None:
        pytest.skip("needs the program swaks")
    return ["swaks", "--server", "127.0.0.1:PORT", "--timeout", "20", "--helo", "client.example", *words]


def test_swaks_plain(tmp_path):
    [output], records = against(tmp_path, swaks("--from", "a@example.org", "--to", "b@example.net,c@example.net", "--header", "Subject: from swaks"))
    [mail] = records.of("mail")
    assert (mail.target, mail.sender, mail.recipients) == (b"from swaks", b"a@example.org", b"b@example.net\nc@example.net")
    assert (mail.client, mail.encrypted) == (b"client.example", False) and b"This is a test mailing" in mail.body
    assert b"220 localhost.localdomain ESMTP Postfix (Debian/GNU)" in output and b"queued as" in output
    assert [a.kind for a in records] == ["mail", "connection"]


@pytest.mark.parametrize("codec", ["utf-8", "cp932", "euc_jp", "iso2022_jp"])
def test_swaks_japanese_subjects(tmp_path, codec):
    """The whole content as given to swaks: its size and digest are the sensor's."""
    data = tmp_path / "mail.eml"
    data.write_bytes(b"Subject: " + "未承諾広告※".encode(codec) + b"\n\nbody\n")
    _, records = against(tmp_path, swaks("--from", "<>", "--to", "b@example.net", "--data", f"@{data}"))
    [mail] = records.of("mail")
    assert mail.target == "未承諾広告※".encode() and mail.sender == b""
    assert mail.digest == hashlib.sha256(mail.headers + b"\r\n" + mail.body).digest() and mail.size == len(mail.headers + b"\r\n" + mail.body)


def test_swaks_tls_and_login(tmp_path):
    if subprocess.run(["perl", "-MNet::SSLeay", "-e1"], capture_output=True).returncode:
        pytest.skip("needs Perl's Net::SSLeay (libnet-ssleay-perl), without which swaks speaks no TLS")
    outputs, records = against(
        tmp_path,
        swaks("--from", "a@example.org", "--to", "b@example.net", "--tls", "--header", "Subject: over TLS"),
        swaks("--to", "b@example.net", "--auth", "PLAIN", "--auth-user", "root", "--auth-password", "p@ss w"),
        swaks("--to", "b@example.net", "--auth", "LOGIN", "--auth-user", "admin", "--auth-password", "letmein", "--tls"),
    )
    [mail] = records.of("mail")
    assert (mail.target, mail.encrypted) == (b"over TLS", True) and b"TLS started" in outputs[0]
    found = {(a.account, a.credential, a.request, a.encrypted) for a in records.of("auth")}
    assert found == {(b"root", b"p@ss w", b"AUTH PLAIN", False), (b"admin", b"letmein", b"AUTH LOGIN", True)}
    assert all(b"535 5.7.8" in output for output in outputs[1:])


def test_hydra_credentials_are_counted_exactly(tmp_path):
    """Every pair that hydra was given, as bytes, and no other."""
    if shutil.which("hydra") is None:
        pytest.skip("needs the program hydra")
    users, words = [f"user{n}" for n in range(4)], ["123456", "pass word", "p:w", "秘密", "x" * 60]
    (tmp_path / "users").write_text("\n".join(users) + "\n")
    (tmp_path / "words").write_text("\n".join(words) + "\n")
    command = ["hydra", "-I", "-L", f"{tmp_path}/users", "-P", f"{tmp_path}/words", "-t", "4", "-s", "PORT", "127.0.0.1", "smtp"]
    [output], records = against(tmp_path, command, connections=4)
    tried = Counter((a.account.decode(), a.credential.decode()) for a in records.of("auth"))
    assert set(tried) == {(user, word) for user in users for word in words}, output
    assert b"0 valid password" in output and {a.category for a in records.of("auth")} == {"other"}
    per_session = Counter(a.session for a in records.of("connection"))
    assert set(per_session.values()) == {1}


def test_nmap_reads_it_as_a_mail_server(tmp_path):
    if shutil.which("nmap") is None:
        pytest.skip("needs the program nmap")
    command = [
        "nmap",
        "-Pn",
        "-n",
        "-sT",
        "-sV",
        "--script",
        "smtp-commands,smtp-enum-users",
        "--script-args",
        "smtp-enum-users.methods={VRFY}",
        "-p",
        "PORT",
        "127.0.0.1",
    ]
    [output], records = against(tmp_path, command, connections=1)
    assert re.search(rb"open\s+smtp\s+Postfix smtpd", output), output.decode()
    assert b"PIPELINING, SIZE 10240000, VRFY, ETRN, STARTTLS, AUTH PLAIN LOGIN" in output, output.decode()
    assert records.of("vrfy")[0].target.partition(b"@")[0] == b"root"
    assert not records.of("mail")
    assert set(Counter(a.session for a in records.of("connection")).values()) == {1}
