"""The same changes of configurations to both brokers, good and bad, in every version that both serve: all fields of all
answers are compared, and what DescribeConfigs shows afterwards.
"""

from harness import brokers, messages, scene, toolchains
from support_py import wire

APIS = ("AlterConfigs", "IncrementalAlterConfigs", "DescribeConfigs")
MARKED = "config-marked"
TOPIC, BROKER = 2, 4
SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3
SHOWN = ("cleanup.policy", "retention.ms", "max.message.bytes", "compression.type", "flush.ms")
SHOWN_OF_BROKERS = ("log.cleanup.policy", "log.retention.ms", "message.max.bytes", "compression.type",
                    "log.flush.interval.ms")


def _resource(name, configs, kind=TOPIC):
    return {"ResourceType": kind, "ResourceName": name, "Configs": configs}


def _operation(name, operation, value=None):
    return {"Name": name, "ConfigOperation": operation, "Value": value}


def _plain(**configs):
    return [{"Name": name.replace("_", "."), "Value": value} for name, value in configs.items()]


class _Changes:
    """Asks for changes in one API, and takes down what is answered and what holds then."""

    marks = 0

    def __init__(self, s, api, topic):
        self.s, self.api, self.topic = s, api, topic
        self.client = s.client("admin")

    def ask(self, what, *resources, validate=False, shown=None):
        self.client.ask(what, self.api, Resources=list(resources), ValidateOnly=validate)
        self.see(f"{what}: then", ((TOPIC, self.topic, SHOWN),) if shown is None else shown)

    def see(self, what, shown):
        """What holds once all changes so far are shown: Kafka answers before they are. By name, since Kafka has no order."""
        type(self).marks += 1
        mark = str(10**9 + self.marks)
        self._answer("IncrementalAlterConfigs", Resources=[_resource(MARKED, [_operation("segment.ms", SET, mark)])],
                     ValidateOnly=False)
        scene.until_true("the mark is shown", lambda: self._described(((TOPIC, MARKED, ("segment.ms",)),))[MARKED]
                         ["segment.ms"]["Value"] == mark)
        self.s.take_down(what, self._described(shown))

    def _answer(self, api, **fields):
        self.client.send(api, **fields)
        return self.client.answer()

    def _described(self, shown):
        answer = self._answer("DescribeConfigs", IncludeSynonyms=True, Resources=[
            {"ResourceType": kind, "ResourceName": name, "ConfigurationKeys": list(keys)} for kind, name, keys in shown])
        return {result["ResourceName"]: {config["Name"]: config for config in result["Configs"]} for result in answer["Results"]}

    def one(self, what, configs, name=None, kind=TOPIC, **more):
        self.ask(what, _resource(self.topic if name is None else name, configs, kind), **more)


def step_by_step(s, topic):
    """IncrementalAlterConfigs of a topic."""
    changes = _Changes(s, "IncrementalAlterConfigs", topic)
    one = changes.one
    one("nothing", [])
    one("set", [_operation("retention.ms", SET, "1000"), _operation("max.message.bytes", SET, " +2000 ")])
    one("only validated", [_operation("retention.ms", SET, "77")], validate=True)
    one("the same again", [_operation("retention.ms", SET, "1000")])
    one("deleted", [_operation("max.message.bytes", DELETE)])
    one("deleted again, with a value", [_operation("max.message.bytes", DELETE, "5")])
    one("appended", [_operation("cleanup.policy", APPEND, "compact")])
    one("appended again", [_operation("cleanup.policy", APPEND, "compact")])
    one("subtracted", [_operation("cleanup.policy", SUBTRACT, "delete")])
    one("subtracted what is not there", [_operation("cleanup.policy", SUBTRACT, "delete")])
    one("subtracted the last", [_operation("cleanup.policy", SUBTRACT, "compact")])
    one("appended two, with spaces", [_operation("cleanup.policy", APPEND, "delete, compact")])
    one("appended nothing", [_operation("cleanup.policy", APPEND, "")])
    one("subtracted two", [_operation("cleanup.policy", SUBTRACT, "delete,compact")])
    one("list deleted", [_operation("cleanup.policy", DELETE)])
    one("appended to no list", [_operation("retention.ms", APPEND, "1")])
    one("subtracted from no list", [_operation("retention.ms", SUBTRACT, "1")])
    one("appended to what is unknown", [_operation("no.such.key", APPEND, "1")])
    one("appended a null", [_operation("cleanup.policy", APPEND)])
    one("subtracted a null", [_operation("cleanup.policy", SUBTRACT)])
    one("appended a wrong word", [_operation("cleanup.policy", APPEND, "shred")])
    one("set to null", [_operation("retention.ms", SET)])
    one("set what is unknown", [_operation("no.such.key", SET, "1")])
    one("deleted what is unknown", [_operation("no.such.key", DELETE)])
    one("an empty name", [_operation("", SET, "1")])
    one("of the wrong type", [_operation("retention.ms", SET, "soon")])
    one("out of range", [_operation("max.message.bytes", SET, "-1")])
    one("one good and one bad", [_operation("flush.ms", SET, "5"), _operation("retention.ms", SET, "soon")])
    one("a key twice", [_operation("flush.ms", SET, "5"), _operation("flush.ms", SET, "6")])
    one("a key twice, set and deleted", [_operation("flush.ms", SET, "5"), _operation("flush.ms", DELETE)])
    one("an unknown operation", [_operation("flush.ms", 4, "5")])
    one("a negative operation", [_operation("flush.ms", -1, "5")])
    one("contradicting lags", [_operation("min.compaction.lag.ms", SET, "10"), _operation("max.compaction.lag.ms", SET, "5")])
    one("the first of contradicting lags", [_operation("min.compaction.lag.ms", SET, "10")])
    one("the second of contradicting lags", [_operation("max.compaction.lag.ms", SET, "5")])
    one("all in the end", [_operation("retention.ms", SET, "-1"), _operation("compression.type", SET, "zstd"),
                           _operation("min.compaction.lag.ms", DELETE)])


def at_once(s, topic):
    """AlterConfigs of a topic: all that is not named is gone."""
    changes = _Changes(s, "AlterConfigs", topic)
    one = changes.one
    one("set", _plain(retention_ms="1000", max_message_bytes="2000"))
    one("only validated", _plain(flush_ms="5"), validate=True)
    one("others", _plain(flush_ms="5", cleanup_policy="compact,delete"))
    one("of the wrong type", _plain(flush_ms="soon"))
    one("unknown", _plain(no_such_key="1"))
    one("null", [{"Name": "flush.ms", "Value": None}])
    one("null beside another", [{"Name": "retention.ms", "Value": "1"}, {"Name": "flush.ms", "Value": None}])
    one("a key twice", [{"Name": "flush.ms", "Value": "5"}, {"Name": "flush.ms", "Value": "6"}])
    one("contradicting lags", _plain(min_compaction_lag_ms="10", max_compaction_lag_ms="5"))
    one("nothing", [])


def resources(s, topic):
    """Both APIs: what can be changed, and what cannot."""
    for api in ("IncrementalAlterConfigs", "AlterConfigs"):
        changes = _Changes(s, api, topic)

        def config(value, api=api):
            if api == "AlterConfigs":
                return [{"Name": "retention.ms", "Value": value}]
            return [_operation("retention.ms", SET, value)]

        good = _resource(topic, config("10"))
        changes.ask(f"{api}: none")
        changes.ask(f"{api}: a topic that is not there", _resource("no-such-topic", config("1")), good)
        changes.ask(f"{api}: a topic without a name", _resource("", config("1")))
        changes.ask(f"{api}: a name no topic can have", _resource("a b", config("1")))
        if api == "IncrementalAlterConfigs":  # Apache Kafka 4.3.1 does not answer the other one.
            changes.ask(f"{api}: one resource twice", _resource(topic, config("11")), _resource(topic, config("12")))
            changes.ask(f"{api}: one resource twice, beside another", _resource(topic, config("13")), _resource(topic, config("14")),
                        _resource("config-too", config("15")))
        changes.ask(f"{api}: two topics", _resource(topic, config("16")), _resource("config-too", config("17")))
        changes.ask(f"{api}: two topics, one bad", _resource(topic, config("18")), _resource("config-too", config("soon")))
        changes.ask(f"{api}: the metadata log", _resource("__cluster_metadata", config("1")))
        for kind in (0, 1, 3, 7, 99, -1):
            changes.ask(f"{api}: resource type {kind}", _resource("x", config("1"), kind))


def of_brokers(s, topic):
    changes = _Changes(s, "IncrementalAlterConfigs", topic)
    one = changes.one
    shown = ((TOPIC, topic, SHOWN),)
    for name, what in (("", "all brokers"), (str(s.node), "this broker")):
        shown = tuple((BROKER, each, SHOWN_OF_BROKERS) for each in ("", str(s.node)))

        def change(step, *operations, name=name, what=what, shown=shown, **more):
            one(f"{what}: {step}", list(operations), name=name, kind=BROKER, shown=shown, **more)

        change("nothing")
        change("set", _operation("log.retention.ms", SET, "5000"), _operation("message.max.bytes", SET, "3000"))
        change("only validated", _operation("log.retention.ms", SET, "6000"), validate=True)
        change("of the wrong type", _operation("log.retention.ms", SET, "soon"))
        change("out of range", _operation("message.max.bytes", SET, "-1"))
        change("unknown", _operation("no.such.key", SET, "1"))
        change("a topic's name", _operation("retention.ms", SET, "1"))
        change("read-only", _operation("node.id", SET, "7"))
        change("read-only, to what it is", _operation("node.id", SET, str(s.node)))
        change("null", _operation("log.retention.ms", SET))
        change("appended", _operation("log.cleanup.policy", APPEND, "compact"))
        change("subtracted", _operation("log.cleanup.policy", SUBTRACT, "delete"))
        change("a key twice", _operation("log.retention.ms", SET, "1"), _operation("log.retention.ms", SET, "2"))
        changes.see(f"{what}: a topic then", ((TOPIC, topic, SHOWN),))
    for name in ("", str(s.node)):
        one(f"broker '{'' if not name else 'this'}': deleted", [_operation(key, DELETE) for key in (
            "log.retention.ms", "message.max.bytes", "log.cleanup.policy")], name=name, kind=BROKER,
            shown=tuple((BROKER, each, SHOWN_OF_BROKERS) for each in ("", str(s.node))))
    one("another broker", [_operation("log.retention.ms", SET, "1")], name="77", kind=BROKER)
    one("a broker that is no number", [_operation("log.retention.ms", SET, "1")], name="x", kind=BROKER)


def of_brokers_at_once(s, topic):
    changes = _Changes(s, "AlterConfigs", topic)
    one = changes.one
    shown = tuple((BROKER, each, SHOWN_OF_BROKERS) for each in ("", str(s.node)))
    for name in ("", str(s.node)):
        what = "this broker" if name else "all brokers"
        one(f"{what}: set", _plain(log_retention_ms="5000", message_max_bytes="3000"), name=name, kind=BROKER, shown=shown)
        one(f"{what}: only validated", _plain(log_retention_ms="6000"), name=name, kind=BROKER, shown=shown, validate=True)
        one(f"{what}: read-only", _plain(node_id="7"), name=name, kind=BROKER, shown=shown)
        one(f"{what}: null", [{"Name": "log.retention.ms", "Value": None}], name=name, kind=BROKER, shown=shown)
        one(f"{what}: nothing", [], name=name, kind=BROKER, shown=shown)


SCENES = {step_by_step: (0, 1), at_once: (0, 1, 2), resources: (0, 2), of_brokers: (0, 1), of_brokers_at_once: (2,)}


class ConfigRequests:
    name = "config-requests"
    brokers = ("stele", "kafka")

    def prepare(self, tools):
        if not tools.home:
            raise toolchains.Missing(tools.no_home)
        definitions = messages.Definitions(tools.home.clients_jar, APIS)

        def run(broker, witness):
            own = broker.another(self.name)
            try:
                own.start()
                _tell(own, definitions, witness)
            except brokers.Failed as failed:
                witness.check("goes through to the end", False, failed)
            finally:
                if own.is_running():
                    own.kill()

        return run


def _tell(broker, definitions, witness):
    with wire.Connection(broker.address) as connection:
        connection.must_create_topic("config-too", {}, 1)
        connection.must_create_topic(MARKED, {}, 1)
    asked = 0
    for tell, versions in SCENES.items():
        for nth in versions:
            topic = f"{tell.__name__.replace('_', '-')}-{nth}"
            with wire.Connection(broker.address) as connection:
                connection.must_create_topic(topic, {}, 1)
                scene.until_true("the topics are there", lambda: {topic, "config-too", MARKED} <= set(connection.topic_ids()))
            with scene.Scene(broker, definitions, nth, {}) as one:
                one.node = 1
                try:
                    tell(one, topic)
                except (OSError, ValueError) as problem:
                    one.seen["goes through"] = f"{type(problem).__name__}: {problem}"
                witness.check(f"{tell.__name__} with versions {nth} goes through", "goes through" not in one.seen,
                              one.seen.get("goes through"))
                asked += len(one.seen)
            witness.saw(f"{tell.__name__} with versions {nth}", one.seen)
    witness.note(f"{asked} answers")
