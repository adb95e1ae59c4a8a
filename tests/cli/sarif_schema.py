"""The part of SARIF 2.1.0's JSON Schema that our log uses, closed: what is not named here is not allowed.

After the OASIS standard, section by section: 3.13 sarifLog, 3.14 run, 3.18 tool, 3.19 toolComponent, 3.20
invocation, 3.27 result, 3.28 location, 3.29 physicalLocation, 3.30 region, 3.33 logicalLocation, 3.35
suppression, 3.49 reportingDescriptor, 3.52 reportingDescriptorReference, 3.58 notification.
"""

from __future__ import annotations

from typing import Any


def closed(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """An object with these properties only, and the property bag that every SARIF object may have."""
    bag = {"type": "object", "properties": {"tags": {"type": "array", "items": TEXT, "uniqueItems": True}}}
    return {
        "type": "object",
        "properties": {**properties, "properties": bag},
        "required": list(required),
        "additionalProperties": False,
    }


def listed(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": item, **more}


TEXT = {"type": "string"}
POSITIVE = {"type": "integer", "minimum": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MULTIFORMAT = closed(("text",), text=TEXT, markdown=TEXT)
MESSAGE = closed(("text",), text=TEXT)
REGION = closed(startLine=POSITIVE, startColumn=POSITIVE)
ARTIFACT = closed(uri={"type": "string", "format": "uri-reference"}, uriBaseId=TEXT)
LOGICAL = closed(name=TEXT, fullyQualifiedName=TEXT, kind=TEXT)
LOCATION = closed(
    physicalLocation=closed(artifactLocation=ARTIFACT, region=REGION),
    logicalLocations=listed(LOGICAL, uniqueItems=True),
)
RULE = closed(
    ("id",),
    id=TEXT,
    name=TEXT,
    shortDescription=MULTIFORMAT,
    fullDescription=MULTIFORMAT,
    help=MULTIFORMAT,
    defaultConfiguration=closed(level=LEVEL, enabled={"type": "boolean"}),
)
RESULT = closed(
    ("message",),
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": -1},
    kind={"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
    level=LEVEL,
    message=MESSAGE,
    locations=listed(LOCATION),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    suppressions=listed(
        closed(
            ("kind",),
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification=TEXT,
        ),
        uniqueItems=True,
    ),
)
NOTIFICATION = closed(
    ("message",),
    associatedRule=closed(id=TEXT, index={"type": "integer", "minimum": -1}),
    level=LEVEL,
    message=MESSAGE,
    locations=listed(LOCATION, uniqueItems=True),
)
RUN = closed(
    ("tool",),
    tool=closed(("driver",), driver=closed(("name",), name=TEXT, version=TEXT, rules=listed(RULE, uniqueItems=True))),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    invocations=listed(
        closed(
            ("executionSuccessful",),
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications=listed(NOTIFICATION),
        )
    ),
    results=listed(RESULT),
)
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **closed(
        ("version", "runs"),
        **{"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}, "runs": listed(RUN)},
    ),
}
