#!/usr/bin/env python3
"""Connections that do nothing, and more connections than there are descriptors."""

import time

import broker
from broker import SystemTest, wait_until
from support_py import wire


class Limits(SystemTest):
    def test_idle_connections_close(self):
        with self.broker("--set", "connections.max.idle.ms=1000") as stele:
            with wire.Connection(stele.address) as idle, wire.Connection(stele.address) as waiting, wire.Connection(stele.address) as busy:
                busy.create_topic("t")
                # Waits in the broker for longer than that, which is not being idle.
                waiting.send(wire.fetch_request("t", 0, max_wait_ms=3000))
                began = time.monotonic()
                while time.monotonic() - began < 2.5:
                    busy.ask(wire.metadata_request())
                self.assertTrue(idle.is_closed())
                self.assertGreater(len(waiting.receive()), 0)
                busy.ask(wire.metadata_request())
                self.assertEqual(stele.lines("closing the connection"), [])

    def test_idle_means_idle(self):
        with self.broker("--set", "connections.max.idle.ms=1000") as stele, wire.Connection(stele.address) as idle:
            began = time.monotonic()
            self.assertTrue(idle.is_closed())
            self.assertGreater(time.monotonic() - began, 0.9)

    def test_who_has_gone_while_its_fetch_waits_takes_no_place(self):
        with self.broker("--set", "max.connections=20") as stele:
            with wire.Connection(stele.address) as first:
                first.create_topic("t")
            for _ in range(3):
                clients = [wire.Connection(stele.address) for _ in range(20)]
                for client in clients:
                    client.send(wire.fetch_request("t", 0, max_wait_ms=600_000))
                for client in clients:
                    client.close()
                wait_until("there is room again", lambda: self.is_served(stele), 10)

    @staticmethod
    def is_served(stele):
        try:
            with wire.Connection(stele.address) as client:
                client.ask(wire.metadata_request())
            return True
        except wire.Closed:
            return False

    def test_clients_leave_descriptors_for_files(self):
        with self.broker(before=("prlimit", "--nofile=60:60")) as stele:
            self.assertTrue(stele.lines("at most 30 connections"))
            clients = [wire.Connection(stele.address) for _ in range(50)]
            stele.wait_for_line("as many as there may be")
            self.assertLess(stele.descriptors(), 55)
            self.assertEqual(stele.lines("takes no clients"), [])
            clients[0].create_topic("t")
            self.assertEqual(clients[0].produce("t", wire.batch([b"x"]))[0], wire.NONE)
            for client in clients:
                client.close()

    def test_without_descriptors_nothing_spins_and_all_recovers(self):
        with self.broker("--set", "checkpoint.interval.ms=200", before=("prlimit", "--nofile=200:200")) as stele:
            with wire.Connection(stele.address) as worker:
                worker.create_topic("t")
                worker.create_topic("rolls", configs=(("segment.bytes", str(1 << 20)),))
                large = wire.batch([bytes(300_000)])
                for _ in range(3):
                    self.assertEqual(worker.produce("rolls", large)[0], wire.NONE)
                stele.limit_descriptors(60)
                clients = [wire.Connection(stele.address) for _ in range(90)]
                stele.wait_for_line("ulimit -n")
                cpu_before, began = stele.cpu_seconds(), time.monotonic()
                while time.monotonic() - began < 2:
                    # Who is in goes on working, at a pace that costs nothing itself, through many checkpoints.
                    error, offset = worker.produce("t", wire.batch([b"x"]))
                    self.assertEqual(error, wire.NONE)
                    worker.fetch("t", offset + 1, max_wait_ms=200)
                used = stele.cpu_seconds() - cpu_before
                print(f"\nout of descriptors: {used:.2f} s of CPU in 2 s")
                self.assertLess(used, 0.5)
                self.assertLess(len(stele.lines("ulimit -n")), 10)
                # The next segment cannot be opened: refused, and nothing of it is in the log.
                self.assertEqual(worker.produce("rolls", large)[0], wire.STORAGE_ERROR)
                self.assertEqual(worker.produce("rolls", large)[0], wire.STORAGE_ERROR)
                for client in clients:
                    client.close()
                wait_until("descriptors are free again", lambda: stele.descriptors() < 50)
                with wire.Connection(stele.address) as late:
                    late.ask(wire.metadata_request())
                self.assertEqual(worker.produce("rolls", large), (wire.NONE, 3))
                wait_until("a checkpoint settles the segment that was rolled",
                           lambda: list(stele.data.glob("*/00000000000000000000.checksum")))
                self.assertEqual(stele.lines("the disk"), [])
                self.assertEqual(stele.stop(), 0)


if __name__ == "__main__":
    broker.main()
