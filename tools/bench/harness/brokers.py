"""The brokers that are compared: how each is started, found and stopped."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / "build" / "release"
PROGRAMS = BUILD / "tools" / "bench"
BROKER_CORE = 0
LOAD_CORE = 1


def pinned(core):
    return None if core is None else (lambda: os.sched_setaffinity(0, {core}))


class Broker:
    """A broker with an empty data directory of its own, which goes when it stops."""

    name = ""
    core = BROKER_CORE

    def __init__(self, scratch, settings=()):
        self.settings = settings
        self.data = pathlib.Path(scratch) / self.name
        self.log = pathlib.Path(scratch) / f"{self.name}.log"
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        self.begin()

    def begin(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=pinned(self.core))
        self.address = self.wait_until_ready()
        self.ready_ns = time.monotonic_ns()

    def restart(self):
        self.end()
        self.begin()

    def command(self):
        raise NotImplementedError

    def wait_until_ready(self):
        for line in self.process.stdout:
            if "ready on " in line:
                return line.split("ready on ")[1].split()[0].rstrip(",")
        raise RuntimeError(f"{self.name} did not become ready; see {self.log}")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.end()
        shutil.rmtree(self.data, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.stop()


class Stele(Broker):
    name = "stele"

    def command(self):
        return [str(BUILD / "stele"), "serve", "--data-dir", str(self.data), "--listen", "127.0.0.1:0",
                "--threads", "1", *(part for setting in self.settings for part in ("--set", setting))]


class Ideal(Broker):
    name = "ideal"

    def command(self):
        return [str(PROGRAMS / "ideal"), "--data-dir", str(self.data)]


class Kafka(Broker):
    """Apache Kafka from a home with libs/*.jar. It keeps both cores: its threads expect several."""

    name = "kafka"
    core = None
    home = None  # Set by --kafka.

    def __init__(self, scratch, settings=()):
        self.ports = [free_port(), free_port()]
        super().__init__(scratch, settings)

    def command(self):
        ports = self.ports
        self.address = f"127.0.0.1:{ports[0]}"
        properties = self.data / "server.properties"
        properties.write_text("\n".join([
            "process.roles=broker,controller", "node.id=1",
            f"controller.quorum.voters=1@127.0.0.1:{ports[1]}", "controller.listener.names=CONTROLLER",
            f"listeners=PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{ports[1]}",
            f"advertised.listeners=PLAINTEXT://{self.address}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            f"log.dirs={self.data}/logs", "offsets.topic.replication.factor=1", *self.settings, ""]))
        java = ["java", "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{self.home}/libs/*"]
        with open(self.log, "ab") as log:
            subprocess.run(java + ["kafka.tools.StorageTool", "format", "--ignore-formatted",
                                   "-t", "MkU3OEVBNTcwNTJENDM1Tk", "-c", str(properties)], check=True, stdout=log, stderr=log)
        return java + ["kafka.Kafka", str(properties)]

    def wait_until_ready(self):
        host, port = self.address.split(":")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection((host, int(port)), 1).close()
                return self.address
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"kafka did not become ready; see {self.log}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
