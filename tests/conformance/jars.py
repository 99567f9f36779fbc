"""Fetches jars of Apache Kafka with Maven, whose local repository keeps them."""
import pathlib, shutil, subprocess, sys

SKIPPED = 77  # What ctest counts as skipped.
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1"


def skip(why):
    print(f"SKIPPED: {why}\nNothing was compared with Apache Kafka. Debian: apt-get install maven")
    sys.exit(SKIPPED)


def fetch(folder, artifact, version, group="org.apache.kafka"):
    """The jar group:artifact:version, fetched into the folder if it is not there."""
    jar = pathlib.Path(folder) / f"{artifact}-{version}.jar"
    if jar.exists():
        return jar
    if not shutil.which("mvn"):
        skip("there is no Maven here")
    jar.parent.mkdir(parents=True, exist_ok=True)
    command = ["mvn", "-B", "-q", f"{PLUGIN}:copy", f"-Dartifact={group}:{artifact}:{version}",
               f"-DoutputDirectory={jar.parent}"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if result.returncode != 0 or not jar.exists():
        sys.exit(f"Maven could not fetch {artifact} {version}:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return jar
