#!/usr/bin/env python3
"""A disk that is full, and a disk that fails."""

import os
import subprocess

import broker
from broker import SystemTest, skip_loudly, wait_until
from support_py import wire

MIB = 1 << 20
DISK_FAILED = 74


class FullDisk(SystemTest):
    def setUp(self):
        super().setUp()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "stele-test", str(self.directory)],
                                 capture_output=True, text=True)
        if mounted.returncode:
            skip_loudly(f"a small disk needs the right to mount one: {mounted.stderr.strip()}")
        # Before the directory is removed, and after every broker is gone.
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.directory)], check=True)
        self.ballast = self.directory / "ballast"

    def fill(self, leave):
        space = os.statvfs(self.directory)
        with open(self.ballast, "ab") as file:
            os.posix_fallocate(file.fileno(), file.tell(), max(space.f_bavail * space.f_frsize - leave, 1))

    def small_disk_broker(self):
        return self.broker("--set", f"disk.reserve.bytes={8 * MIB}", "--set", f"log.segment.bytes={4 * MIB}")

    def test_produce_is_refused_before_anything_is_appended_and_resumes(self):
        with self.small_disk_broker() as stele, wire.Connection(stele.address) as client:
            client.create_topic("t")
            _, last = client.produce("t", wire.batch([b"before"]))
            self.fill(leave=4 * MIB)
            stele.wait_for_line("the disk is nearly full")
            for _ in range(5):
                self.assertEqual(client.produce("t", wire.batch([b"refused"]))[0], wire.STORAGE_ERROR)
            self.assertEqual(client.fetch("t", 0)[1], last + 1)
            self.assertEqual([value for _, value in client.read_all("t")], [b"before"])
            self.ballast.unlink()
            stele.wait_for_line("the disk has room again")
            self.assertEqual(client.produce("t", wire.batch([b"after"])), (wire.NONE, last + 1))
            self.assertEqual([value for _, value in client.read_all("t")], [b"before", b"after"])

    def test_not_a_byte_left(self):
        # Between two measurements: the append itself meets the full disk.
        with self.small_disk_broker() as stele, wire.Connection(stele.address) as client:
            client.create_topic("t")
            client.produce("t", wire.batch([b"before"]))
            acknowledged, refused = [b"before"], 0
            self.fill(leave=0)
            for i in range(3000):
                value = b"%d." % i + bytes(10_000)
                error, _ = client.produce("t", wire.batch([value]))
                self.assertIn(error, (wire.NONE, wire.STORAGE_ERROR))
                if error:
                    refused += 1
                    break
                acknowledged.append(value)
            self.assertEqual(refused, 1)
            self.assertEqual([value for _, value in client.read_all("t")], acknowledged)
            self.ballast.unlink()
            wait_until("records are taken again", lambda: client.produce("t", wire.batch([b"after"]))[0] == wire.NONE)
            acknowledged.append(b"after")
            self.assertEqual([value for _, value in client.read_all("t")], acknowledged)

    def test_starts_on_a_full_disk(self):
        with self.small_disk_broker() as stele:
            with wire.Connection(stele.address) as client:
                client.create_topic("t")
                client.produce("t", wire.batch([b"before"]))
            stele.kill()
            self.fill(leave=0)
            stele.start()
            with wire.Connection(stele.address) as client:
                self.assertEqual([value for _, value in client.read_all("t")], [b"before"])
                self.assertEqual(client.produce("t", wire.batch([b"refused"]))[0], wire.STORAGE_ERROR)


class FailingDisk(SystemTest):
    def test_the_first_failed_sync_is_final(self):
        # `when` counts the calls of each thread; the start of the broker has fewer of them than the committer here.
        for when in (15, 40):
            with self.subTest(when=when):
                self.fail_sync(when)

    def fail_sync(self, when):
        trace = self.directory / "trace"
        data = self.directory / f"data-{when}"
        strace = ("strace", "-f", "-o", str(trace), "-e", "trace=fdatasync", "-e", f"inject=fdatasync:error=EIO:when={when}")
        acknowledged, answered = [], True
        with broker.Broker(data) as first, wire.Connection(first.address) as client:
            client.create_topic("t")
            self.assertEqual(first.stop(), 0)
        with broker.Broker(data, before=strace) as stele:
            with wire.Connection(stele.address) as client, wire.Connection(stele.address) as other:
                try:
                    for i in range(1000):
                        value = b"record %d" % i
                        error, _ = client.produce("t", wire.batch([value]))
                        self.assertEqual(error, wire.NONE)
                        acknowledged.append(value)
                except wire.Closed:
                    answered = False
                self.assertTrue(other.is_closed())
            code = stele.wait()
            self.assertFalse(answered)
            self.assertEqual(code, DISK_FAILED, stele.everything_said())
            self.assertEqual(len(stele.lines("the disk has failed")), 1, stele.everything_said())
        calls = [line for line in trace.read_text().splitlines() if "fdatasync(" in line or "fdatasync resumed" in line]
        self.assertEqual(sum("INJECTED" in line for line in calls), 1, calls)
        self.assertIn("INJECTED", calls[-1], "no sync may follow the one that failed")
        with broker.Broker(data) as again, wire.Connection(again.address) as client:
            found = [value for _, value in client.read_all("t")]
            self.assertEqual(found[:len(acknowledged)], acknowledged)
            self.assertLessEqual(len(found), len(acknowledged) + 1)


if __name__ == "__main__":
    broker.main()
