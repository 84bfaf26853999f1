-- What an authorization needs, as tables: :cards accounts with a card each, :past transactions of the last 35 days.

CREATE TABLE accounts (
    id            bigint PRIMARY KEY,
    currency      smallint NOT NULL,
    zone_minutes  smallint NOT NULL,
    closed        boolean  NOT NULL,
    balance       bigint   NOT NULL,
    held          bigint   NOT NULL,
    single_limit  bigint   NOT NULL,
    daily_limit   bigint   NOT NULL,
    monthly_limit bigint   NOT NULL,
    daily_count   integer  NOT NULL
) WITH (fillfactor = 70); -- room for updates in place

CREATE TABLE cards (
    id       bigint PRIMARY KEY,
    account  bigint   NOT NULL,
    standing smallint NOT NULL, -- 1 active
    expiry   date     NOT NULL
);

CREATE TABLE freezes (
    id         bigserial PRIMARY KEY,
    card       bigint,
    account    bigint,
    cause      text NOT NULL,
    expires_at timestamptz,
    ended_at   timestamptz
);

CREATE TABLE transactions (
    id      bigserial,
    origin  bigint      NOT NULL, -- terminal, batch and trace number
    account bigint      NOT NULL,
    card    bigint      NOT NULL,
    amount  bigint      NOT NULL,
    at      timestamptz NOT NULL,
    answer  text        NOT NULL -- approval code, or the cause
);

-- Double entry, a row a transfer: from one book to another.
CREATE TABLE postings (
    transaction bigint NOT NULL,
    debit       bigint NOT NULL,
    credit      bigint NOT NULL,
    amount      bigint NOT NULL
);

INSERT INTO accounts
SELECT n, 156, 480, false, 1000000000000, 0, 100000000, 1000000000000, 1000000000000, 1000000000
FROM generate_series(1, :cards) AS n;

INSERT INTO cards SELECT n, n, 1, DATE '2030-12-31' FROM generate_series(1, :cards) AS n;

-- Some freezes are in force, none on a card that is asked for here.
INSERT INTO freezes (card, cause) SELECT :cards + n, 'card_testing' FROM generate_series(1, :cards / 100) AS n;

SELECT setseed(0.5);
INSERT INTO transactions (origin, account, card, amount, at, answer)
SELECT -n, card, card, 100 + random() * 50000, now() - (:past - n) * (interval '35 days' / :past), '000000'
FROM (SELECT n, 1 + floor(random() * :cards)::bigint AS card FROM generate_series(1, :past) AS n) AS drawn
ORDER BY n;

ALTER TABLE transactions ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX transactions_origin ON transactions (origin);
CREATE INDEX transactions_account ON transactions (account, at);
CREATE INDEX freezes_card ON freezes (card) WHERE ended_at IS NULL;
CREATE INDEX freezes_account ON freezes (account) WHERE ended_at IS NULL;

VACUUM ANALYZE;
CHECKPOINT;
