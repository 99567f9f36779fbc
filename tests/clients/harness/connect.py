"""Kafka Connect: its jars, fetched by Maven as connect/pom.xml says, and workers."""

import json
import pathlib
import time
import urllib.error
import urllib.request

from harness import brokers, toolchains
from harness.kafka_home import QUIET
from support_py import server

POM = pathlib.Path(__file__).parent.parent / "connect" / "pom.xml"
CLI = "org.apache.kafka.connect.cli."
STARTED = "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.connect.runtime.Connect=info"
SECONDS = 60
JAVA = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", QUIET, STARTED)


def jars(cache):
    """Raises toolchains.Missing where there is no Java 17 or no Maven."""
    toolchains.need_java(17)
    return toolchains.maven(POM, ["dependency:copy-dependencies", "-DoutputDirectory={out}"], cache, "connect")


def write_properties(path, settings):
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return path


class Worker:
    """One worker, whose files are below `directory`. `mode` is ConnectStandalone or ConnectDistributed. Thread: one."""

    def __init__(self, jars_directory, mode, directory, settings, connectors=()):
        self.directory = directory
        self._command = ["java", *JAVA, "-cp", f"{jars_directory}/*", CLI + mode]
        self._settings, self._connectors = settings, connectors
        self._port = None
        self._server = server.Server("Kafka Connect", directory / "worker.log")
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def name(self):
        """As statuses call it."""
        return f"127.0.0.1:{self._port}"

    def start(self):
        """Raises brokers.Failed with what it said."""
        (self._port,) = brokers.free_ports(1)
        settings = {**self._settings, "listeners": f"http://{self.name}", "plugin.discovery": "service_load"}
        properties = write_properties(self.directory / "worker.properties", settings)
        self._server.launch([*self._command, properties, *self._connectors])
        try:
            self._server.wait_for_line("Kafka Connect started", SECONDS)
        except server.Failed:
            self.kill()
            raise
        return self

    def said(self):
        return self._server.said()

    def stop(self):
        """Cleanly. Returns the exit code, or what to say of it."""
        try:
            return self._server.stop(SECONDS)
        except server.Failed:
            self.kill()
            return "did not stop"

    def kill(self):
        self._server.kill()

    def ask(self, method, path, what=None):
        """(status, answer) of its REST interface. Connect says 409 while it rebalances, so that is asked again."""
        deadline = time.monotonic() + SECONDS
        while True:
            request = urllib.request.Request(f"http://{self.name}{path}", method=method,
                                             data=None if what is None else json.dumps(what).encode(),
                                             headers={"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                    return answer.status, json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as refused:
                if refused.code != 409 or time.monotonic() > deadline:
                    return refused.code, refused.read().decode()
            time.sleep(0.2)
