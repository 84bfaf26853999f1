-- A sale as one server function: the whole decision in one round trip, which is the fastest way this can be asked.
--
-- Card, account, freezes, limits (single, daily, monthly, count), frequency, funds; then transaction, posting and
-- balance. It does less than Cardwarden: no terminal or merchant is looked at, nothing is remembered of PIN tries or
-- chip counters, and of several causes only the first is told.

CREATE FUNCTION authorize(asked bigint, asked_card bigint, asked_amount bigint) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    c        cards%ROWTYPE;
    a        accounts%ROWTYPE;
    told     text;
    now_at   timestamptz := clock_timestamp();
    local    timestamp;
    day      timestamptz;
    month    timestamptz;
    of_month bigint;
    of_day   bigint;
    in_day   bigint;
    burst    bigint;
    number   bigint;
BEGIN
    -- A repeat gets the stored answer.
    SELECT answer INTO told FROM transactions WHERE origin = asked;
    IF FOUND THEN RETURN told; END IF;

    SELECT * INTO c FROM cards WHERE id = asked_card;
    IF NOT FOUND THEN RETURN 'card_unknown'; END IF;
    SELECT * INTO a FROM accounts WHERE id = c.account FOR UPDATE;

    local := now_at AT TIME ZONE make_interval(mins => a.zone_minutes);
    day := date_trunc('day', local) AT TIME ZONE make_interval(mins => a.zone_minutes);
    month := date_trunc('month', local) AT TIME ZONE make_interval(mins => a.zone_minutes);
    SELECT coalesce(sum(amount), 0),
           coalesce(sum(amount) FILTER (WHERE at >= day), 0),
           count(*) FILTER (WHERE at >= day),
           count(*) FILTER (WHERE at >= now_at - interval '1 minute')
      INTO of_month, of_day, in_day, burst
      FROM transactions
     WHERE account = a.id AND at >= least(month, now_at - interval '1 minute');

    told := CASE
        WHEN c.standing <> 1 THEN 'card_inactive'
        WHEN a.closed THEN 'account_closed'
        WHEN c.expiry < local::date THEN 'card_expired'
        WHEN EXISTS (SELECT FROM freezes WHERE card = c.id AND ended_at IS NULL
                      AND (expires_at IS NULL OR expires_at > now_at))
          OR EXISTS (SELECT FROM freezes WHERE account = a.id AND ended_at IS NULL
                      AND (expires_at IS NULL OR expires_at > now_at)) THEN 'frozen'
        WHEN asked_amount > a.single_limit THEN 'single_limit'
        WHEN of_day + asked_amount > a.daily_limit THEN 'daily_limit'
        WHEN of_month + asked_amount > a.monthly_limit THEN 'monthly_limit'
        WHEN in_day >= a.daily_count THEN 'daily_count'
        -- The count is made; the load comes too thick to decline by it.
        WHEN burst >= 1000000 THEN 'too_frequent'
        WHEN a.balance - a.held < asked_amount THEN 'insufficient_funds'
    END;

    number := nextval('transactions_id_seq');
    INSERT INTO transactions (id, origin, account, card, amount, at, answer)
    VALUES (number, asked, a.id, c.id, asked_amount, now_at, coalesce(told, lpad((number % 1000000)::text, 6, '0')));
    IF told IS NULL THEN
        INSERT INTO postings (transaction, debit, credit, amount) VALUES (number, a.id, -1, asked_amount);
        UPDATE accounts SET balance = balance - asked_amount WHERE id = a.id;
    END IF;
    RETURN coalesce(told, lpad((number % 1000000)::text, 6, '0'));
END
$$;
