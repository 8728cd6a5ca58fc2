"""rules.md, Values after a correction."""

from . import ids


def corrected(log, event, path, first):
    """The last correction of a field, in log order, or its first value."""
    fixes = [value for fixed, value in log.corrections.get(event.id, []) if fixed == path]
    return fixes[-1] if fixes else first


def quantity(log, made):
    """The corrected quantity of a creation's output."""
    return output_quantity(log, made.event, made.number)


def output_quantity(log, event, number):
    return corrected(log, event, f"outputs/{number}/qty", event.body["outputs"][number]["qty"])


def expires(log, made):
    """The corrected last good day of an output, or None."""
    day = corrected(log, made.event, f"outputs/{made.number}/expires", made.output.get("expires"))
    return ids.to_date(day) if day else None


def corrected_days(log, event):
    """The first logged day and every corrected one."""
    times = [event.occurred] + [value for path, value in log.corrections.get(event.id, []) if path == "occurred"]
    return [ids.day(time) for time in times]
