"""Verifies a record of `podshift audit RUN -o json` by docs/audit.md alone. Prints what is wrong; exits with 1 then."""

import hashlib
import json
import sys


def number(value):
    """A number as ECMAScript writes it, as far as records have such: small fractions and whole numbers."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def canonical(value):
    """RFC 8785."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def problems(file, known):
    previous, hashes, ends = "0" * 64, [], []
    for index, link in enumerate(file["links"]):
        place = {"index": index, "previous": previous, "record": link["record"]}
        previous = hashlib.sha256(canonical(place).encode("utf-8")).hexdigest()
        hashes.append(previous)
        if link != {**place, "hash": previous}:
            yield f"record {index} is not as its hash says"
            return
        if link["record"]["kind"] == "end":
            ends.append({"records": index + 1, "hash": previous})
    head = {"records": len(hashes), "last": previous, "ends": ends, "algorithm": "podshift-audit-1"}
    yield from (f"{name} is wrong" for name, value in head.items() if file[name] != value)
    if known is not None and known not in hashes:
        yield "no record has the known hash"


found = list(problems(json.load(open(sys.argv[1], encoding="utf-8")), sys.argv[2] if len(sys.argv) > 2 else None))
print("\n".join(found) or "unchanged")
sys.exit(1 if found else 0)
