# SPDX-License-Identifier: Apache-2.0
"""The mail sensor over real sockets on loopback: what is stated, in which order, and that nothing a peer does ends the process."""

import asyncio
import base64
import contextlib
import gc
import hashlib
import itertools
import smtplib
import socket
import ssl
from collections import Counter

import pytest

from teiten.config import from_mapping
from teiten.errors import ConfigurationError, PortTaken
from teiten.model import Access
from teiten.sensors.listener import Limits
from teiten.sensors.mail import MailConfig, MailSensor

MAIL = b"Subject: =?ISO-2022-JP?B?GyRCTCQ+NUJ6GyhC?=\r\nFrom: a@example.org\r\n\r\nbody\r\n"


class Records(list):
    """An `emit` that lets a test wait for what it needs."""

    def __init__(self):
        super().__init__()
        self._changed = asyncio.Event()

    def __call__(self, record):
        self.append(record)
        self._changed.set()

    async def until(self, count, kind="connection"):
        async with asyncio.timeout(20):
            while sum(record.kind == kind for record in self) < count:
                self._changed.clear()
                await self._changed.wait()

    def of(self, kind):
        return [record for record in self if record.kind == kind]


@contextlib.asynccontextmanager
async def sensing(tmp_path, **config):
    records = Records()
    ticks = itertools.count(1_700_000_000_000_000, 10)
    config.setdefault("starttls", False)
    sensor = MailSensor(MailConfig(host="127.0.0.1", port=0, **config), records, lambda: next(ticks), tmp_path)
    port = int(sensor.listening()[0].rpartition(":")[2].partition("/")[0])
    running = asyncio.create_task(sensor.run())
    try:
        yield port, records
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def say(port, data, *, half_close=True):
    """Everything at once (pipelined), then read to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    if half_close:
        writer.write_eof()
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def run(tmp_path, talk, **config):
    """`talk`'s result and the records; an exception that only the event loop saw fails the test."""
    unseen = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
        async with sensing(tmp_path, **config) as (port, records):
            return await talk(port, records), records

    found = asyncio.run(main())
    gc.collect()
    # A peer that resets just as its handshake fails leaves the library's own future unread; nothing of ours is lost by that.
    assert not [told for told in unseen if type(told.get("exception")).__name__ != "TLSSetupException"]
    return found


def session(tmp_path, *chunks, **config):
    """(what the peer read, records) of one connection that sends all chunks at once."""

    async def talk(port, records):
        answer = await say(port, b"".join(chunks))
        await records.until(1)
        return answer

    return run(tmp_path, talk, **config)


ENVELOPE = b"EHLO tester\r\nMAIL FROM:<s@example.org>\r\nRCPT TO:<r@example.net>\r\nRCPT TO:<q@example.net>\r\nDATA\r\n"


def test_a_pipelined_mail_is_stated_whole_and_never_delivered(tmp_path):
    """M-13, M-10: the mail channel's target is the Subject, in UTF-8."""
    answer, records = session(tmp_path, ENVELOPE, MAIL, b".\r\nQUIT\r\n")
    [mail] = records.of("mail")
    assert (mail.channel, mail.category, mail.target) == ("mail", "access", "未承諾".encode())
    assert mail.request == b"Subject: =?ISO-2022-JP?B?GyRCTCQ+NUJ6GyhC?="
    assert (mail.sender, mail.recipients, mail.client) == (b"s@example.org", b"r@example.net\nq@example.net", b"tester")
    assert (mail.size, mail.digest, mail.body) == (len(MAIL), hashlib.sha256(MAIL).digest(), b"body\r\n")
    assert mail.headers == MAIL.partition(b"\r\n\r\n")[0] + b"\r\n"
    assert mail.handshake and not mail.encrypted and not mail.truncated
    assert b"354 End data" in answer and b"250 2.0.0 Ok: queued as " in answer and answer.endswith(b"221 2.0.0 Bye\r\n")


def test_a_connection_cut_because_the_sensor_stops_says_so(tmp_path):
    async def main():
        async with sensing(tmp_path) as (port, records):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            async with asyncio.timeout(20):
                await reader.readline()  # the greeting: the connection is one of the sensor's
        writer.close()
        return records

    [end] = asyncio.run(main()).of("connection")
    assert end.outcome == "sensor stopped"


def test_each_connection_ends_with_exactly_one_closing_record(tmp_path):
    _, records = session(tmp_path, ENVELOPE, MAIL, b".\r\nQUIT\r\n")
    [end] = records.of("connection")
    assert records[-1] is end and end.category == "other"
    assert end.duration_us > 0 and end.outcome and end.session == records[0].session


def test_the_record_comes_before_the_reply(tmp_path):
    """A mail that was answered with 250 has been handed over; one that could not be is not acknowledged."""

    async def main():
        def refuse(record):
            if record.kind == "mail":
                raise OSError("no space")
            ended.set()

        ended = asyncio.Event()
        sensor = MailSensor(MailConfig(host="127.0.0.1", port=0, starttls=False), refuse, lambda: 1, tmp_path)
        port = int(sensor.listening()[0].rpartition(":")[2].partition("/")[0])
        running = asyncio.create_task(sensor.run())
        answer = await say(port, ENVELOPE + MAIL + b".\r\nQUIT\r\n")
        await ended.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        return answer

    answer = asyncio.run(main())
    assert b"451 4.3.0" in answer and b"queued as" not in answer


@pytest.mark.parametrize(
    ("subject", "target"),
    [
        (b"Subject: " + "未承諾広告".encode("cp932"), "未承諾広告"),
        (b"Subject: " + "未承諾広告".encode("euc_jp"), "未承諾広告"),
        (b"Subject: " + "未承諾広告".encode("iso2022_jp"), "未承諾広告"),
        (b"Subject: " + "未承諾広告".encode(), "未承諾広告"),
        (b"subject : folded\r\n  over\r\n\tlines", "folded over lines"),
        (b"X-Other: 1", ""),
        (b"Subject:", ""),
    ],
)
def test_subjects_as_sent(tmp_path, subject, target):
    """M-10 and O-05: one subject is one target however it was encoded."""
    _, records = session(tmp_path, ENVELOPE, subject, b"\r\n\r\nx\r\n.\r\n")
    assert records.of("mail")[0].target == target.encode()


def test_logins_are_kept_and_refused(tmp_path):
    """M-13: attempts have their own kind and are not counted as mails."""
    plain = base64.b64encode(b"\0user\0pass")
    login = [base64.b64encode(part) for part in (b"r\xf6ot", b"p\0w")]
    answer, records = session(
        tmp_path, b"EHLO x\r\nAUTH PLAIN ", plain, b"\r\nauth login\r\n", login[0], b"\r\n", login[1], b"\r\n",
        b"AUTH LOGIN ", login[0], b"\r\n", login[1], b"\r\nAUTH PLAIN\r\n", plain, b"\r\nAUTH LOGIN\r\n*\r\nx\r\nQUIT\r\n",
    )  # fmt: skip
    found = [(a.account, a.credential, a.target, a.request) for a in records.of("auth")]
    assert found == [
        (b"user", b"pass", b"user", b"AUTH PLAIN"),
        (b"r\xf6ot", b"p\0w", b"r\xf6ot", b"AUTH LOGIN"),
        (b"r\xf6ot", b"p\0w", b"r\xf6ot", b"AUTH LOGIN"),
        (b"user", b"pass", b"user", b"AUTH PLAIN"),
    ]
    assert {a.category for a in records.of("auth")} == {"other"}
    assert answer.count(b"535 5.7.8") == 4 and b"235" not in answer
    assert b"pass" not in (records.of("connection")[0].request or b"")


def test_login_that_is_not_base64_is_kept_as_sent(tmp_path):
    _, records = session(tmp_path, b"EHLO x\r\nAUTH LOGIN\r\nadm!n\r\nse cret\r\nAUTH PLAIN !!\r\nAUTH CRAM-MD5\r\nQUIT\r\n")
    assert [(a.account, a.credential) for a in records.of("auth")] == [(b"adm!n", b"se cret"), (b"", b"!!"), (None, None)]


def test_address_probes(tmp_path):
    answer, records = session(tmp_path, b"EHLO x\r\nVRFY root\r\nEXPN l\xefst\r\nVRFY\r\nQUIT\r\n")
    assert [(a.kind, a.target, a.category) for a in records[:-1]] == [("vrfy", b"root", "other"), ("expn", b"l\xefst", "other")]
    assert b"252 2.0.0 root" in answer and b"501 5.5.4 Syntax: VRFY address" in answer


def test_an_oversized_mail_is_refused_and_stated(tmp_path):
    mail = b"Subject: big\r\n\r\n" + b"y" * 1500 + b"\r\n"
    answer, records = session(tmp_path, ENVELOPE, mail, b".\r\nQUIT\r\n", most_mail_bytes=1000)
    [stated] = records.of("mail")
    assert b"552 5.3.4" in answer and b"queued" not in answer
    assert (stated.target, stated.size, stated.truncated, stated.outcome) == (b"big", len(mail), True, "refused: too large")


def test_a_mail_without_end_is_cut_and_stated(tmp_path):
    _, records = session(tmp_path, ENVELOPE, b"Subject: huge\r\n\r\n", b"z" * 5_000_000, most_mail_bytes=1000)
    [stated] = records.of("mail")
    assert stated.target == b"huge" and 2000 < stated.size < 5_000_000
    assert records.of("connection")[0].outcome == "mail without end"


def test_a_declared_size_is_refused_before_the_data(tmp_path):
    answer, records = session(tmp_path, b"EHLO x\r\nMAIL FROM:<a@b> SIZE=99999999999\r\nQUIT\r\n")
    [declared] = records.of("mail-declared")
    assert b"552 5.3.4" in answer and (declared.size, declared.category, declared.sender) == (99999999999, "other", b"a@b")


def test_a_mail_cut_off_is_no_mail_but_is_kept(tmp_path):
    _, records = session(tmp_path, ENVELOPE, b"Subject: half\r\n\r\nand th")
    assert [(a.kind, a.target, a.category) for a in records[:-1]] == [("mail-incomplete", b"half", "other")]


def test_body_and_headers_are_capped_but_measured(tmp_path):
    mail = b"".join(b"X-%d: %s\r\n" % (n, b"v" * 90) for n in range(200)) + b"Subject: late\r\n\r\n" + b"line\r\n" * 3000
    _, records = session(tmp_path, ENVELOPE, mail, b".\r\n", body_bytes=100)
    [stated] = records.of("mail")
    assert (len(stated.headers), len(stated.body), stated.size) == (8192, 100, len(mail))
    assert (stated.target, stated.truncated, stated.digest) == (b"late", True, hashlib.sha256(mail).digest())


def test_smuggling_is_one_mail(tmp_path):
    """Only CRLF dot CRLF ends a mail (RFC 5321 4.1.1.4); bare line feeds don't."""
    mail = b"Subject: one\r\n\r\nx\n.\nMAIL FROM:<b@b>\r\n.\r.\r\n..dot\r\n"
    _, records = session(tmp_path, ENVELOPE, mail, b".\r\nQUIT\r\n")
    [stated] = records.of("mail")
    unstuffed = mail.replace(b"\r\n..dot", b"\r\n.dot").replace(b"\r\n.\r.\r\n", b"\r\n\r.\r\n")
    assert stated.digest == hashlib.sha256(unstuffed).digest()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 4,
        b"\r\n" * 50,
        b"EHLO a\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\n",
        b"A" * 3000 + b"\r\nNOOP\r\n",
        b"EHLO \xff\xfe\xe3\x81\x82\r\nMAIL FROM:<\xff@b>\r\nVRFY \xff\r\nETRN \xfe\r\n",
        b"NOOP\r\n" * 5000,
        b"MAIL FROM:<a@b>\r\nRSET\r\n" * 400,
        b"",
        b"EHLO x\r\nSTARTTLS\r\nAUTH\r\nHELO\r\nMAIL\r\nRCPT\r\nDATA\r\nRSET x\r\nQUIT x\r\n",
        b"EHLO x\r\nAUTH LOGIN\r\n" + b"B" * 9000,
    ],
    ids=["http", "binary", "blank", "bare-lf", "long-line", "non-ascii", "flood", "transactions", "silent", "empty-arguments", "long-answer"],
)
def test_nothing_a_peer_sends_ends_the_process(tmp_path, data):
    """One closing record each, and the next mail is still taken."""

    async def talk(port, records):
        await say(port, data)
        await records.until(1)
        await say(port, ENVELOPE + MAIL + b".\r\nQUIT\r\n")
        await records.until(2)

    _, records = run(tmp_path, talk)
    assert Counter(a.session for a in records.of("connection")).most_common(1)[0][1] == 1
    assert len(records.of("connection")) == 2 and len(records.of("mail")) == 1


def test_what_was_refused_first_is_in_the_closing_record(tmp_path):
    _, records = session(tmp_path, b"EHLO x\r\nFOO \xffbar\r\nBAR\r\nQUIT\r\n")
    assert records[-1].request == b"FOO \xffbar"
    _, records = session(tmp_path, b"GET /x HTTP/1.0\r\n\r\n")
    assert (records[-1].request, records[-1].outcome) == (b"GET /x HTTP/1.0", "not SMTP")


def test_the_deadline_is_absolute(tmp_path):
    """A peer that keeps talking is cut off all the same: if commands bought time, the limit of 40 would end this instead."""

    async def talk(port, records):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while not reader.at_eof() and reader.exception() is None:  # a reset ends it as well
            writer.write(b"NOOP\r\n")
            with contextlib.suppress(TimeoutError, ConnectionError):
                async with asyncio.timeout(0.03):
                    while await reader.readline():
                        pass
        writer.close()
        await records.until(1)

    _, records = run(tmp_path, talk, connection_seconds=0.3)
    assert records[-1].outcome == "deadline"


def test_a_silent_peer_is_told_why(tmp_path):
    _, records = run(tmp_path, silent, connection_seconds=0.1)
    assert records[-1].outcome == "deadline"


async def silent(port, records):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = await reader.read()
    writer.close()
    await records.until(1)
    assert b"421 4.4.2" in answer


def test_a_handshake_that_never_comes_meets_the_deadline(tmp_path):
    async def talk(port, records):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"EHLO x\r\nSTARTTLS\r\n")
        await reader.read()
        writer.close()
        await records.until(1)

    _, records = run(tmp_path, talk, connection_seconds=0.3, starttls=True)
    assert [(a.kind, a.outcome) for a in records] == [("connection", "deadline")]


@pytest.mark.parametrize("end", [b"garbage instead of a handshake\r\n", "eof", "reset"])
def test_a_handshake_that_fails_gives_its_place_back(tmp_path, end):
    """With one place per source, the second connection is let in only if the first one's place was given back."""

    async def talk(port, records):
        for count in (1, 2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"EHLO x\r\nSTARTTLS\r\n")
            await reader.readuntil(b"Ready to start TLS\r\n")
            if end == "reset":
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            elif end != "eof":
                writer.write(end)
                with contextlib.suppress(ConnectionError):
                    await reader.read()
            writer.close()
            await records.until(count)

    _, records = run(tmp_path, talk, starttls=True, limits=Limits(open_per_source=1))
    assert len(records) == 2 and not any(a.outcome.startswith("refused") for a in records)


def test_a_peer_that_does_not_read_meets_the_deadline(tmp_path):
    """Replies pile up in its window; nothing here waits for it longer than the deadline."""

    async def talk(port, records):
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            peer.setblocking(False)
            await asyncio.get_running_loop().sock_connect(peer, ("127.0.0.1", port))
            await asyncio.get_running_loop().sock_sendall(peer, b"EHLO x\r\n" * 39)
            await records.until(1)

    _, records = run(tmp_path, talk, connection_seconds=0.3)
    assert [(a.kind, a.outcome) for a in records] == [("connection", "deadline")]


def test_a_reset_connection_is_closed_in_the_records(tmp_path):
    async def talk(port, records):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.send(b"EHLO x\r\n")
        await records.until(1)

    _, records = run(tmp_path, talk)
    assert len(records) == 1 and records[0].kind == "connection"


def test_starttls_with_login_and_mail(tmp_path):
    """An independent client (smtplib); what came before TLS is forgotten, as RFC 3207 asks."""

    def talk(port):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=20) as client:
            client.starttls(context=context)
            with contextlib.suppress(smtplib.SMTPAuthenticationError):
                client.login("admin", "hunter2")
            client.sendmail("a@example.org", ["b@example.net"], "Subject: over tls\r\n\r\nhi\r\n")

    async def threaded(port, records):
        await asyncio.to_thread(talk, port)
        await records.until(1)

    _, records = run(tmp_path, threaded, starttls=True)
    assert {(a.account, a.credential, a.encrypted) for a in records.of("auth")} == {(b"admin", b"hunter2", True)}
    [mail] = records.of("mail")
    assert (mail.target, mail.encrypted, mail.client) == (b"over tls", True, b"client.example")
    assert len(records.of("connection")) == 1


def test_commands_sent_before_the_handshake_are_not_executed_after_it(tmp_path):
    """STARTTLS injection; and garbage instead of a handshake ends the connection with one record."""
    _, records = session(tmp_path, b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\nVRFY injected\r\n", starttls=True)
    assert [a.kind for a in records] == ["connection"]


def test_limits_refuse_with_a_summary(tmp_path):
    async def talk(port, records):
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await streams[2][0].read()  # refused: closed unanswered
        for _, writer in streams:
            writer.close()
        await records.until(3)

    _, records = run(tmp_path, talk, limits=Limits(open_per_source=2))
    assert sorted(a.outcome for a in records)[-1].startswith("refused")
    assert len(records) == 3


def test_a_taken_port_says_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken, match=r"mail\.port"):
        MailSensor(MailConfig(host="127.0.0.1", port=taken.getsockname()[1]), [].append, lambda: 0, tmp_path)


def test_a_banner_that_would_break_the_dialogue_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="one line"):
        from_mapping({"banner": "x\ny"}, MailConfig, "teiten.toml", "sensors.mail")


def test_the_dialogue_reads_like_postfix(tmp_path):
    answer, _ = session(
        tmp_path, b"EHLO x\r\nMAIL FROM:a@b\r\nMAIL FROM:<a@b>\r\nDATA\r\nRCPT TO:<>\r\nRSET\r\nDATA\r\nFOO\r\nHELP\r\nNOOP\r\nQUIT\r\n"
    )
    assert answer.decode().split("\r\n") == [
        "220 localhost.localdomain ESMTP Postfix (Debian/GNU)",
        "250-localhost.localdomain", "250-PIPELINING", "250-SIZE 10240000", "250-VRFY", "250-ETRN", "250-AUTH PLAIN LOGIN",
        "250-ENHANCEDSTATUSCODES", "250-8BITMIME", "250-DSN", "250 SMTPUTF8",
        "250 2.1.0 Ok", "503 5.5.1 Error: nested MAIL command", "554 5.5.1 Error: no valid recipients",
        "501 5.1.3 Bad recipient address syntax", "250 2.0.0 Ok", "503 5.5.1 Error: need RCPT command",
        "502 5.5.2 Error: command not recognized", "502 5.5.2 Error: command not recognized", "250 2.0.0 Ok", "221 2.0.0 Bye", "",
    ]  # fmt: skip


def test_records_are_accesses_with_the_source(tmp_path):
    _, records = session(tmp_path, b"QUIT\r\n")
    assert isinstance(records[0], Access) and records[0].source == b"\x7f\0\0\1" and records[0].protocol == "tcp"
