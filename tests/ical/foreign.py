"""The same calendars through another reader: one JSON list of [start, end, uid], Unix seconds.

usage: foreign.py FILE ZONE FROM TO
"""

import datetime
import json
import sys
import zoneinfo

import icalendar
import recurring_ical_events


def moment(value, zone):
    """A date is its midnight at the site, a time without a zone is the site's."""
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time())
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return int(value.timestamp())


def main():
    file, zone, begin, end = sys.argv[1:]
    zone = zoneinfo.ZoneInfo(zone)
    with open(file, "rb") as source:
        calendar = icalendar.Calendar.from_ical(source.read())
    utc = datetime.timezone.utc
    span = [datetime.datetime.fromtimestamp(int(at), utc) for at in (begin, end)]
    found = []
    for event in recurring_ical_events.of(calendar).between(*span):
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        times = [moment(event[name].dt, zone) for name in ("DTSTART", "DTEND")]
        found.append([*times, str(event["UID"])])
    json.dump(sorted(found), sys.stdout)


main()
