"""What an event log may say: the attributes of each kind of object, and which facts of an event leave the journal.

Everything is a list of what is let out, never of what is kept back: a new verb is exported with its time and its
objects, and with nothing that was typed, until somebody names its facts here.
"""

STRING, TIME, BOOLEAN, INTEGER = "string", "time", "boolean", "integer"

OBJECTS: dict[str, dict[str, str]] = {
    "department": {"name": STRING, "is_desk": BOOLEAN},
    "organisation": {"kind": STRING, "prefecture": STRING, "name": STRING},
    "challenge": {"ref": STRING, "scale": STRING, "channel": STRING, "visibility": INTEGER, "state": STRING},
    "proposal": {
        "ref": STRING,
        "track": STRING,
        "channel": STRING,
        "decline_reason": STRING,
        "state": STRING,
    },
    "case": {"ref": STRING, "channel": STRING, "close_reason": STRING, "stage": STRING},
    "trial": {"starts_on": TIME, "ends_on": TIME, "decision": STRING, "state": STRING},
    "agreement": {"ref": STRING, "kind": STRING, "signed_on": TIME, "expires_on": TIME, "state": STRING},
}
# The attribute that changes as the thing goes its way.
STATE = {"challenge": "state", "proposal": "state", "case": "stage", "trial": "state", "agreement": "state"}
AT_THE_END = ["decline_reason", "close_reason", "decision"]

# The journal's kinds that become events, and the kind of object each tells of.
KINDS = {
    "challenge": "challenge",
    "proposal": "proposal",
    "case": "case",
    "trial": "trial",
    "agreement": "agreement",
    "outcome": "case",
    "suggestion": "challenge",
}

# Every event says who: a person, or the product by itself.
BY = {"by": STRING}
FACTS: dict[str, dict[str, str]] = {
    "challenge.published": {"visibility": INTEGER, "expires_on": TIME},
    "challenge.widened": {"visibility": INTEGER},
    "challenge.renewed": {"expires_on": TIME},
    "challenge.closed": {"reason": STRING},
    "proposal.submitted": {"track": STRING, "channel": STRING},
    "proposal.routed": {"due_on": TIME},
    "proposal.answered": {"answer": STRING, "all_answered": BOOLEAN},
    "proposal.declined": {"reason": STRING},
    "case.opened": {"stage": STRING},
    "case.advanced": {"before": STRING, "to": STRING},
    "case.paused": {"until": TIME},
    "case.resumed": {"to": STRING},
    "case.closed": {"reason": STRING},
    "case.handed": {"due_on": TIME},
    "case.adoption_agreed": {"deadline": TIME},
    "case.spoken": {"side": STRING, "asks": BOOLEAN},
    "case.met": {"at": TIME},
    "trial.planned": {"starts_on": TIME, "ends_on": TIME, "knows_late": BOOLEAN},
    "trial.approved": {"version": INTEGER},
    "trial.decided": {"decision": STRING},
    "agreement.signed": {"signed_on": TIME, "expires_on": TIME},
    "agreement.expiring": {"days": INTEGER},
    "outcome.recorded": {"kind": STRING, "started_on": TIME},
    "suggestion.judged": {"side": STRING, "fits": BOOLEAN, "reason": STRING},
}
# What a verb makes of the state of its object; "=to" stands for what the entry has under `to`.
BECOMES: dict[str, str] = {
    "challenge.drafted": "draft",
    "challenge.submitted": "checking",
    "challenge.returned": "draft",
    "challenge.published": "published",
    "challenge.matched": "matched",
    "challenge.resolved": "resolved",
    "challenge.closed": "closed",
    "challenge.reopened": "published",
    "proposal.drafted": "draft",
    "proposal.submitted": "submitted",
    "proposal.routed": "routing",
    "proposal.recalled": "submitted",
    "proposal.taken_up": "dialogue",
    "proposal.accepted": "accepted",
    "proposal.declined": "declined",
    "proposal.withdrawn": "withdrawn",
    "case.opened": "=stage",
    "case.advanced": "=to",
    "case.paused": "paused",
    "case.resumed": "=to",
    "case.closed": "closed",
    "case.withdrawn": "closed",
    "case.reopened": "=to",
    "trial.planned": "planned",
    "trial.approved": "approved",
    "trial.started": "running",
    "trial.reported": "reported",
    "trial.decided": "decided",
    "trial.cancelled": "cancelled",
    "agreement.drafted": "drafting",
    "agreement.review_asked": "review",
    "agreement.returned": "drafting",
    "agreement.signed": "active",
    "agreement.renewed": "renewed",
    "agreement.expired": "expired",
    "agreement.terminated": "terminated",
}


def becomes(verb: str, data: dict) -> str | None:
    """The state an entry brought its object into; None where it did not move it."""
    state = BECOMES.get(verb)
    if state and state.startswith("="):
        return data.get(state[1:])
    return state
