#!/usr/bin/env python3
"""Compares every message that Stele declares with Kafka's own definition, version by version.

    schemas.py SCHEMA_DUMP JARS     the program that prints our schemas, a folder for Kafka's jars

Kafka's definitions are the JSON files in its jars: 4.3.1, and 3.9 for the versions that 4.x dropped. A version
in neither must not be served, nor one that Kafka calls unstable. Field names differ in their spelling only:
"TopicData" there is "topic_data" here.
"""
import copy, json, pathlib, re, subprocess, sys, zipfile

from jars import fetch

NEW, OLD = "4.3.1", "3.9.2"
OURS = 20000  # Record types from here on are Stele's own.
NO_KEY = -1  # What members of a group tell each other has none.
SOURCES = pathlib.Path(__file__).parents[2] / "protocol" / "messages"
NUMBERS = {"int8", "int16", "uint16", "int32", "uint32", "int64", "float64"}
ZERO_UUID = "AAAAAAAAAAAAAAAAAAAAAA"


def definitions(jar, folder):
    """What the jar says about each message. Kafka's JSON has // comments."""
    comment = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*')
    found = {}
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if name.startswith(f"common/{folder}/") and name.endswith(".json"):
                text = archive.read(name).decode()
                message = json.loads(comment.sub(lambda m: m[0] if m[0][0] == '"' else "", text))
                found[message["name"]] = message
    return found


def versions(text):
    """Kafka's "3", "2-4", "6+" or "none" as a range."""
    if text == "none":
        return range(0)
    if text.endswith("+"):
        return range(int(text[:-1]), 1 << 15)
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def kafkas_default(field, kind):
    """As schema.h writes it. None where ours may differ: what is null here unless somebody sets it is empty
    there, which only a field that is left out of the bytes would show."""
    given = field.get("default")
    if given is None:
        if "nullableVersions" in field and "taggedVersions" not in field:
            return None
        return "0" if kind in NUMBERS else "false" if kind == "bool" else ZERO_UUID if kind == "uuid" else ""
    if kind in NUMBERS and kind != "float64":
        return str(int(str(given), 0))
    return str(given).lower() if kind == "bool" else str(given)


def kafkas_fields(fields, structs, version):
    """The fields that a version has: the ordinary ones in their order, then the tagged ones by tag."""
    ordinary, tagged = [], {}
    for f in fields:
        if version not in versions(f["versions"]):
            continue
        inner = f["type"].removeprefix("[]")
        children = f.get("fields") or structs.get(inner)
        kind = f["type"][: -len(inner)] + ("struct" if children else "bytes" if inner == "records" else inner)
        one = {"name": snake(f["name"]), "type": kind,
               "nullable": version in versions(f.get("nullableVersions", "none")),
               "default": kafkas_default(f, kind),
               "fields": kafkas_fields(children or [], structs, version)}
        if version in versions(f.get("taggedVersions", "none")):
            tagged[f["tag"]] = one
        else:
            ordinary.append(one)
        if "flexibleVersions" in f:
            sys.exit(f"{f['name']} has flexibleVersions of its own, which Stele's messages cannot say yet")
    return {"ordinary": ordinary, "tagged": tagged}


def our_fields(fields, version):
    ordinary, tagged = [], {}
    for f in fields:
        if not f["versions"][0] <= version <= f["versions"][1]:
            continue
        one = {"name": f["name"], "type": f["type"],
               "nullable": f["nullable"][0] <= version <= f["nullable"][1],
               "default": f["default"], "fields": our_fields(f["fields"], version)}
        if f["tag"] < 0:
            ordinary.append(one)
        else:
            tagged[f["tag"]] = one
    return {"ordinary": ordinary, "tagged": tagged}


def differences(where, ours, kafkas):
    found = []
    names = [f["name"] for f in ours["ordinary"]], [f["name"] for f in kafkas["ordinary"]]
    if names[0] != names[1]:
        return [f"{where} has the fields {', '.join(names[0])}; Kafka has {', '.join(names[1])}"]
    if set(ours["tagged"]) != set(kafkas["tagged"]):
        return [f"{where} has the tags {sorted(ours['tagged'])}; Kafka has {sorted(kafkas['tagged'])}"]
    pairs = list(zip(ours["ordinary"], kafkas["ordinary"]))
    pairs += [(ours["tagged"][tag], kafkas["tagged"][tag]) for tag in ours["tagged"]]
    for a, b in pairs:
        for what in ("name", "type", "nullable", "default"):
            if a[what] != b[what] and not (what == "default" and b[what] is None):
                found.append(f"{where}.{a['name']}: {what} is {a[what]}; in Kafka it is {b[what]}")
        found += differences(f"{where}.{a['name']}", a["fields"], b["fields"])
    return found


def compare(dump, new, old):
    """All differences, and how many versions were compared with each release."""
    problems, compared = [], {NEW: 0, OLD: 0, "neither": 0}
    served = {api["key"]: api for api in dump["served"]}
    for message in dump["messages"]:
        name, (first, last) = message["name"], message["versions"]
        if message["kind"] in ("record", "data"):  # Read in all versions.
            if message["key"] >= OURS:
                if name in new:
                    problems.append(f"{name} is Kafka's too")
                continue
            served_here = range(first, last + 1)
        else:
            api = served.get(message["key"])
            served_here = range(api["versions"][0], api["versions"][1] + 1) if api else range(0)
            if api and not (first <= served_here[0] and served_here[-1] <= last):
                problems.append(f"{name} is served in {api['versions']}, declared in {message['versions']} only")
            if api and name not in (api["name"] + "Request", api["name"] + "Response"):
                problems.append(f"{name} is served as {api['name']}")
        for version in range(first, last + 1):
            kafka, release = next(((m[name], r) for m, r in ((new, NEW), (old, OLD))
                                   if name in m and version in versions(m[name]["validVersions"])), (None, "neither"))
            compared[release] += 1
            where = f"{name} v{version}"
            if kafka is None:
                if version in served_here:
                    problems.append(f"{where} is served, and neither Kafka {NEW} nor {OLD} knows it")
                continue
            unstable = kafka.get("latestVersionUnstable") and version == versions(kafka["validVersions"])[-1]
            if unstable and version in served_here:
                problems.append(f"{where} is served, and Kafka {release} calls it unstable")
            key = kafka.get("apiKey", NO_KEY)
            if key != message["key"]:
                problems.append(f"{where}: the key is {message['key']}; in Kafka it is {key}")
            if (version >= message["flexible_from"]) != (version in versions(kafka["flexibleVersions"])):
                problems.append(f"{where}: flexible or not, Kafka says otherwise")
            structs = {s["name"]: s["fields"] for s in kafka.get("commonStructs", [])}
            problems += differences(where, our_fields(message["fields"], version),
                                    kafkas_fields(kafka["fields"], structs, version))
    declared = {m for path in SOURCES.glob("*.h")
                for m in re.findall(r"^struct (\w+) \{\n(?:  using .*\n)?  static constexpr ApiSpec", path.read_text(), re.M)}
    listed = {m["name"] for m in dump["messages"]}
    problems += [f"{m} is declared and not in tests/support/all_messages.cc" for m in sorted(declared - listed)]
    problems += [f"{m} is not found in protocol/messages" for m in sorted(listed - declared)]
    return problems, compared


def prove_it_can_fail(dump, new, old):
    """Plants one mistake of each kind: a check that cannot fail is a defect."""
    def spoil(name, change):
        spoilt = copy.deepcopy(dump)
        change(next(m for m in spoilt["messages"] if m["name"] == name))
        if not compare(spoilt, new, old)[0]:
            sys.exit(f"a mistake planted in {name} was not noticed: {change.__name__}")

    def fields(message):
        return message["fields"]
    def wrong_key(m): m["key"] += 1
    def wrong_type(m): fields(m)[1]["type"] = "int64"
    def wrong_name(m): fields(m)[0]["name"] = "x"
    def wrong_order(m): fields(m)[0], fields(m)[1] = fields(m)[1], fields(m)[0]
    def lost_field(m): del fields(m)[0]
    def late_field(m): fields(m)[0]["versions"][0] += 1
    def never_null(m): fields(m)[0]["nullable"] = [1, 0]
    def wrong_tag(m): next(f for f in fields(m) if f["tag"] >= 0)["tag"] = 9
    def wrong_default(m): next(f for f in fields(m) if f["default"] == "-1")["default"] = "0"
    def flexible_late(m): m["flexible_from"] += 1
    def too_new(m): m["versions"][1] += 1
    def nested_type(m): next(f for f in fields(m) if f["fields"])["fields"][0]["type"] = "int8"
    for change in (wrong_key, wrong_type, wrong_name, wrong_order, lost_field, late_field, never_null, flexible_late,
                   nested_type):
        spoil("ProduceRequest", change)
    spoil("FetchResponse", wrong_tag)
    spoil("FetchRequest", wrong_default)
    for name in ("TopicRecord", "OffsetCommitValue", "ConsumerProtocolSubscription"):
        spoil(name, too_new)
    for key in ("Produce", "InitProducerId"):
        spoilt = copy.deepcopy(dump)
        next(a for a in spoilt["served"] if a["name"] == key)["versions"][1] += 1
        if not compare(spoilt, new, old)[0]:
            sys.exit(f"serving one version more of {key} was not noticed")
    spoilt = copy.deepcopy(dump)
    del spoilt["messages"][0]
    if not compare(spoilt, new, old)[0]:
        sys.exit("a message missing in the list was not noticed")


def main(program, folder):
    dump = json.loads(subprocess.run([program], capture_output=True, check=True, timeout=60).stdout)
    new = definitions(fetch(folder, "kafka-clients", NEW), "message")
    new |= definitions(fetch(folder, "kafka-metadata", NEW), "metadata")
    new |= definitions(fetch(folder, "kafka-group-coordinator", NEW), "message")
    old = definitions(fetch(folder, "kafka-clients", OLD), "message")
    problems, compared = compare(dump, new, old)
    for problem in problems:
        print(problem)
    print(f"{len(dump['messages'])} messages: {compared[NEW]} versions compared with Kafka {NEW}, {compared[OLD]} with "
          f"{OLD}, {compared['neither']} in neither; {len(problems)} differences")
    if problems:
        return 1
    prove_it_can_fail(dump, new, old)
    return 0 if compared[NEW] > 0 and compared[OLD] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
