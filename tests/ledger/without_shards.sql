CREATE TABLE publication (
    id {id},
    issue TEXT NOT NULL,
    channel TEXT NOT NULL,
    destination TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    digest TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL DEFAULT '',
    owner TEXT NOT NULL DEFAULT '',
    fence INTEGER NOT NULL DEFAULT 0,
    leased_until TEXT NOT NULL DEFAULT '',
    published_at TEXT NOT NULL DEFAULT '',
    changed_at TEXT NOT NULL DEFAULT '',
    recipients BIGINT NOT NULL DEFAULT 0,
    deliveries BIGINT NOT NULL DEFAULT 0,
    sending BIGINT NOT NULL DEFAULT 0,
    UNIQUE (issue, channel, destination)
);
CREATE TABLE content (id {id}, digest TEXT NOT NULL UNIQUE, media_type TEXT NOT NULL, body {bytes} NOT NULL);
CREATE TABLE part (
    publication BIGINT NOT NULL REFERENCES publication (id),
    part TEXT NOT NULL,
    position INTEGER NOT NULL,
    digest TEXT NOT NULL REFERENCES content (digest),
    PRIMARY KEY (publication, part)
);
CREATE TABLE delivery (
    id {id},
    publication BIGINT NOT NULL REFERENCES publication (id),
    position INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    part TEXT NOT NULL,
    lane TEXT NOT NULL DEFAULT '',
    queue TEXT NOT NULL DEFAULT '',
    first_started_at TEXT NOT NULL DEFAULT '',
    unsent_state TEXT GENERATED ALWAYS AS (CASE WHEN state NOT IN ('sending', 'sent') THEN state END) STORED,
    next_at TEXT NOT NULL DEFAULT '',
    attempted_content INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    started_at TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    ended_at TEXT NOT NULL DEFAULT '',
    delivered_content INTEGER NOT NULL DEFAULT 0,
    remote_id TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    UNIQUE (publication, recipient, part),
    CHECK (ended_at = '' OR state = 'sent')
) {with_space};
CREATE INDEX delivery_unsent ON delivery (publication, unsent_state, queue, next_at, position, id)
    WHERE unsent_state IS NOT NULL;
CREATE TABLE attempt (
    id {id},
    delivery BIGINT NOT NULL REFERENCES delivery (id),
    fence INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    digest TEXT NOT NULL,
    outcome TEXT NOT NULL,
    evidence TEXT NOT NULL
);
CREATE INDEX attempt_by_delivery ON attempt (delivery);
CREATE TABLE lane (
    channel TEXT NOT NULL,
    name TEXT NOT NULL,
    tokens DOUBLE PRECISION NOT NULL,
    filled_at TEXT NOT NULL,
    ready_at TEXT NOT NULL DEFAULT '',
    closed_until TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (channel, name)
);
CREATE TABLE destination_name (
    channel TEXT NOT NULL,
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (channel, name)
);
CREATE TABLE source (
    issue TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    page TEXT NOT NULL,
    sketch TEXT NOT NULL
);
CREATE TABLE adopted_issue (issue TEXT PRIMARY KEY, adopted_at TEXT NOT NULL);
CREATE TABLE schedule_override (
    issue TEXT NOT NULL,
    channel TEXT NOT NULL,
    held INTEGER NOT NULL DEFAULT 0,
    due TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (issue, channel)
);
CREATE TABLE alert (
    issue TEXT NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    alerted_at TEXT NOT NULL,
    PRIMARY KEY (issue, channel, kind, detail)
);
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE forced_issue (
    id {id},
    issue TEXT NOT NULL,
    source_digest TEXT NOT NULL,
    errors TEXT NOT NULL,
    forced_at TEXT NOT NULL
);
CREATE TABLE subscriber (
    newsletter TEXT NOT NULL,
    key TEXT NOT NULL,
    address TEXT NOT NULL,
    domain TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    since TEXT NOT NULL,
    tag TEXT NOT NULL,
    asked_at TEXT NOT NULL DEFAULT '',
    paused_until TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (newsletter, key)
);
CREATE UNIQUE INDEX subscriber_by_tag ON subscriber (newsletter, tag);
CREATE TABLE consent (
    id {id},
    newsletter TEXT NOT NULL,
    key TEXT NOT NULL,
    event TEXT NOT NULL,
    at TEXT NOT NULL,
    via TEXT NOT NULL,
    text TEXT NOT NULL,
    network TEXT NOT NULL
);
CREATE INDEX consent_by_subscriber ON consent (newsletter, key);
CREATE TABLE suppression (
    newsletter TEXT NOT NULL,
    hash TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (newsletter, hash)
);
CREATE TABLE request (
    newsletter TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX request_by_subject ON request (newsletter, kind, subject, at);
CREATE TABLE bounce (
    newsletter TEXT NOT NULL,
    key TEXT NOT NULL,
    issue TEXT NOT NULL,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_final INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (newsletter, key, issue, source)
);
CREATE TABLE webhook_request (
    newsletter TEXT NOT NULL,
    id TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (newsletter, id)
);
