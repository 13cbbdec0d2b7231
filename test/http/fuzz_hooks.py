"""What schemathesis cannot know: which ids there are, and that a key belongs to one request."""

import hashlib
import json

import schemathesis

LONGEST_KEY = 200
DIGITS = 32
DEFAULT_KEPT = 10
NAMES = {"schedules": "yearly", "jobs": "quick"}


def digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


@schemathesis.hook
def before_call(ctx, case, kwargs):
    # What is wrong on purpose stays so: a change here would have it taken for something that is right.
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    own_key(case)
    keep_some(case)
    for name, value in (case.path_parameters or {}).items():
        # Each other one stays as it was made, so that what is not there is asked for too.
        if int(digest([name, value])[:2], 16) % 2 == 0:
            case.path_parameters[name] = known(case, name, value)


def own_key(case):
    """The same request has the same key, and no other has it: else nearly all would be refused."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 0 < len(key) <= LONGEST_KEY:
        own = digest([key, case.path, case.path_parameters, case.body])[:DIGITS]
        case.headers["Idempotency-Key"] = f"{key[: LONGEST_KEY - DIGITS]}{own}"


def keep_some(case):
    """A job of which nothing is left has no last instance, and only the server knows that."""
    if case.path.endswith("/purge") and isinstance(case.body, dict):
        case.body["keepLast"] = max(DEFAULT_KEPT, case.body.get("keepLast", DEFAULT_KEPT))


def known(case, name, value):
    if name in ("id", "sid"):
        return str(1 + int(digest(value)[:4], 16) % 8)
    if name == "name":
        return NAMES["schedules"]
    return NAMES["jobs"] if name == "job" else value
