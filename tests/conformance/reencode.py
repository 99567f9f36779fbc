#!/usr/bin/env python3
"""Has Kafka's own classes read random messages that Stele encoded, and write them again: the bytes must be the same.

    reencode.py RANDOM_MESSAGES JARS     the program that prints messages, a folder for Kafka's jars
"""
import collections, pathlib, shutil, subprocess, sys

from jars import fetch, skip

JUDGE = pathlib.Path(__file__).with_name("Reencode.java")
ARTIFACTS = {"4.3.1": ("kafka-clients", "kafka-metadata", "kafka-group-coordinator"), "3.9.2": ("kafka-clients",)}
OURS = {"ClusterIdRecord"}  # Kafka has no such message.


def judge(folder, release, lines):
    jars = [fetch(folder, artifact, release) for artifact in ARTIFACTS[release]]
    jars.append(fetch(folder, "slf4j-api", "1.7.36", group="org.slf4j"))  # What Kafka's classes log to.
    classpath = ":".join(map(str, jars))
    java = subprocess.run(["java", "-cp", classpath, str(JUDGE)], input="\n".join(lines) + "\n", capture_output=True,
                          text=True, timeout=300)
    verdicts = java.stdout.splitlines()
    if java.returncode != 0 or len(verdicts) != len(lines):
        sys.exit(f"java gave {len(verdicts)} answers to {len(lines)} lines:\n{java.stderr[-2000:]}")
    return verdicts


def main(program, folder):
    if not shutil.which("java"):
        skip("there is no Java here")
    lines = subprocess.run([program], capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    rest = [line for line in lines if line.split()[0] not in OURS]
    # A judge that cannot say no is none: a message with a byte too many must be noticed.
    planted = rest[0] + "00"
    counts, wrong = collections.Counter(), []
    for release in ARTIFACTS:
        verdicts = judge(folder, release, rest + [planted])
        if verdicts.pop() == "same":
            sys.exit("Kafka's classes took a message with a byte too many")
        counts.update(f"{verdict} to {release}" for verdict in verdicts if verdict == "same")
        wrong += [f"{line[:200]}: {verdict}" for line, verdict in zip(rest, verdicts) if verdict not in ("same", "unknown")]
        rest = [line for line, verdict in zip(rest, verdicts) if verdict == "unknown"]
    for line in wrong[:20]:
        print(line)
    for line in sorted({" ".join(line.split()[:2]) for line in rest}):
        print(f"{line}: Kafka has no such version")
    print(f"{len(lines)} messages: {', '.join(f'{n} are the {what}' for what, n in counts.items())}, {len(wrong)} differ, "
          f"{len(rest)} were not compared")
    return 1 if wrong or rest or len(counts) < len(ARTIFACTS) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
