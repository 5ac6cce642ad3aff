-- Rating: what messages and fees cost the tenant becomes rows that are billed. For each UTC day of a tenant the
-- ledger says what the rows of each key (kind, plan version, currency, period of use) must add up to, and a row is
-- written with what is missing. So after any change of the ledger, at any time of rating, everything is in the
-- rows exactly once: a message when Twilio has priced it or after 48 hours, and every later change of it as a
-- difference.
--
-- What is billed of a tenant, kind and period of use is the sum of the amounts, rounded once, and so is what is lost
-- of it for a reason: each row has whole units, rounded half up (toward positive infinity, also of a negative sum), and
-- carries the remainder to the next one.

-- Times ---------------------------------------------------------------------------------------------------------------

create function private.estimated_after() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '48 hours';
end;
$$;
comment on function private.estimated_after() is
  'A message that Twilio has not priced by then is rated by its estimate.';

create function private.rated_every() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '4 hours';
end;
$$;
comment on function private.rated_every() is 'How often the days of a tenant are rated that may still change.';

create function private.first_ratable_day() returns date
language plpgsql stable
set search_path = ''
as $$
begin
  return private.utc_day(private.present() - private.kept_for('financial')) + 1;
end;
$$;
comment on function private.first_ratable_day() is
  'The first day whose messages and fees are all kept. Days before it are not rated again: what the end of the '
  'retention deletes is no credit.';

-- Days to rate --------------------------------------------------------------------------------------------------------

create table private.changed_days (
  id bigint primary key generated always as identity,
  user_id uuid not null,
  day date not null
);
comment on table private.changed_days is
  'Marks of days that are to be rated: of new days, of old ones that have changed, and of those whose payer or plan '
  'has. A mark is only ever added and deleted, so that a message waits for no rating, and a mark that is set '
  'meanwhile stays.';
create index changed_days_by_user on private.changed_days (user_id, day);
alter table private.changed_days enable row level security;
revoke all on private.changed_days from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.changed_days to service_role;

create table private.open_days (
  user_id uuid not null,
  day date not null,
  changes bigint not null default -1,
  is_waiting boolean not null default true,
  lacks_rate boolean not null default false,
  estimated_until timestamptz not null default '-infinity',
  primary key (user_id, day)
);
comment on table private.open_days is
  'Days that are rated again: until 49 hours after their end, and as long as usage of them waits.';
comment on column private.open_days.changes is
  'The sum of the changes in usage_totals when the day was last rated. A day on which nothing has changed since is not '
  'read again, unless usage waits. -1: it is read.';
comment on column private.open_days.is_waiting is
  'Whether usage waits: for its price, for an exchange rate (lacks_rate), or for the billing period that Stripe has '
  'not told yet.';
comment on column private.open_days.estimated_until is
  'Messages up to this time were rated finally: they count by their estimate before Twilio prices them.';
create index open_days_without_rate on private.open_days (user_id) where lacks_rate;
alter table private.open_days enable row level security;
revoke all on private.open_days from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.open_days to service_role;

create function private.rate_days(p_user_id uuid, p_from date) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.changed_days (user_id, day)
  select distinct p_user_id, t.day from private.usage_totals t
  where t.user_id = p_user_id and t.day >= greatest(p_from, private.first_ratable_day());
  if found then
    perform private.set_due_by(p_user_id, 'rating', private.present());
  end if;
end;
$$;
comment on function private.rate_days(uuid, date) is
  'Has the days of a tenant rated again on which there is usage, from p_from on.';

create function private.note_unrated_usage() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.day >= private.first_ratable_day() then
    insert into private.changed_days (user_id, day) values (new.user_id, new.day);
    perform private.set_due_by(new.user_id, 'rating',
      case when new.day < private.utc_day(private.present()) - 2 then private.present()
        else private.present() + private.spread(private.rated_every()) end);
  end if;
  return null;
end;
$$;
comment on function private.note_unrated_usage() is
  'Trigger: a day with usage is rated within hours, and a day that is no longer rated regularly at once.';
create trigger rate_new_usage after insert on private.usage_totals
  for each row execute function private.note_unrated_usage();
-- The days of the last 49 hours are open without a mark.
create trigger rate_changed_usage after update on private.usage_totals
  for each row when (new.changes <> old.changes and new.day < private.utc_day(private.present()) - 2)
  execute function private.note_unrated_usage();

create function private.note_changed_payer() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  subscription text;
  from_at timestamptz;
begin
  subscription := case when tg_op = 'DELETE' then old.subscription_id else new.subscription_id end;
  if tg_table_name = 'billing_periods' then
    from_at := case tg_op when 'INSERT' then new.starts_at when 'DELETE' then old.starts_at
      else least(old.starts_at, new.starts_at, case when old.ends_at < new.ends_at then old.ends_at end) end;
  else
    from_at := case when tg_op = 'DELETE' then old.since else new.since end;
    -- Of the period in which a version begins or ends the included amounts of all versions change.
    if tg_table_name = 'own_subscriptions' then
      from_at := (select min(b.starts_at) from private.billing_periods b
        where b.subscription_id = subscription and b.ends_at > from_at);
    end if;
  end if;
  perform private.rate_days(u, private.utc_day(from_at))
  from (
    select b.user_id from private.billing_periods b where b.subscription_id = subscription and b.user_id is not null
    union select o.user_id from private.own_subscriptions o where o.subscription_id = subscription order by 1) u (u)
  where from_at is not null;
  return null;
end;
$$;
comment on function private.note_changed_payer() is
  'Trigger: the days of a tenant are rated again from the moment on from which another customer, period, version or '
  'metered item may hold for them.';
create trigger rate_changed_periods after insert or delete on private.billing_periods
  for each row execute function private.note_changed_payer();
create trigger rate_moved_periods after update on private.billing_periods
  for each row when ((old.starts_at, old.ends_at, old.user_id, old.stripe_customer_id, old.currency, old.is_trial)
    is distinct from (new.starts_at, new.ends_at, new.user_id, new.stripe_customer_id, new.currency, new.is_trial))
  execute function private.note_changed_payer();
create trigger rate_changed_owners after insert or delete on private.own_subscriptions
  for each row execute function private.note_changed_payer();
create trigger rate_moved_owners after update on private.own_subscriptions
  for each row when ((old.since, old.until, old.user_id, old.plan_key, old.is_running)
    is distinct from (new.since, new.until, new.user_id, new.plan_key, new.is_running))
  execute function private.note_changed_payer();
create trigger rate_changed_items after insert or delete on private.metered_items
  for each row execute function private.note_changed_payer();
create trigger rate_moved_items after update on private.metered_items
  for each row when ((old.since, old.removed_at) is distinct from (new.since, new.removed_at))
  execute function private.note_changed_payer();

-- What a day must be rated as -----------------------------------------------------------------------------------------

create type private.rating_outcome as enum ('payer', 'trial', 'before_metering', 'no_payer', 'waiting');
comment on type private.rating_outcome is
  'Whether usage is billed. payer: it is. trial: it is shown at zero. before_metering, no_payer: it is a loss of that '
  'reason. waiting: it is not rated yet.';

create type private.rated_span as (
  starts_at timestamptz, ends_at timestamptz, payer private.payer, unmetered public.usage_kind[]);
comment on type private.rated_span is
  'A part of a day with one payer and the same metered items. unmetered: the kinds without one.';

create function private.rated_spans(p_user_id uuid, p_day date) returns setof private.rated_span
language plpgsql stable
set search_path = ''
as $$
declare
  day_start constant timestamptz := p_day::timestamp at time zone 'UTC';
begin
  return query
    select c.at, lead(c.at, 1, s.until_at) over (partition by s.from_at order by c.at), s.payer,
      array(select k from unnest(enum_range(null::public.usage_kind)) k
        where (s.payer).subscription_id is not null
          and private.metered_since((s.payer).subscription_id, k, c.at) is null)
    from private.payers_of(p_user_id, day_start, day_start + interval '24 hours') s
    cross join lateral (
      select s.from_at as at
      union
      select i.at from private.metered_items m cross join lateral unnest(array[m.since, m.removed_at]) i (at)
      where m.subscription_id = (s.payer).subscription_id and i.at > s.from_at and i.at < s.until_at) c
    order by 1;
end;
$$;
comment on function private.rated_spans(uuid, date) is
  'A UTC day of a tenant, cut where the payer, the billing period or the metered items change.';

create function private.outcome_in(p_span private.rated_span, p_kind public.usage_kind) returns private.rating_outcome
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when (p_span.payer).ends_at is null then 'waiting'
    when (p_span.payer).subscription_id is null then 'no_payer'
    when (p_span.payer).is_trial then 'trial'
    when p_kind = any (p_span.unmetered) then 'before_metering'
    else 'payer' end;
end;
$$;
comment on function private.outcome_in(private.rated_span, public.usage_kind) is 'Whether usage in a span is billed.';

create function private.is_ready(p_price numeric, p_status public.message_status, p_created_at timestamptz,
  p_estimated_before timestamptz, p_estimated_until timestamptz) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  -- A failed message without a price costs nothing, as is certain after a day (await_again): it is never estimated
  -- early.
  return p_price is not null or p_created_at <= p_estimated_before
    or (p_created_at <= p_estimated_until and p_status not in ('failed', 'canceled'));
end;
$$;
comment on function private.is_ready(numeric, public.message_status, timestamptz, timestamptz, timestamptz) is
  'Whether a message is rated: priced, or old enough for its estimate (see estimated_after), or rated finally.';

create type private.rated_use as (
  outcome private.rating_outcome, payer private.payer, kind public.usage_kind, plan_key text, unit text, count bigint,
  segments bigint, cost numeric, price numeric);
comment on type private.rated_use is 'What messages or fees of a span add up to. unit: as in billing_rows.';

create function private.uses_of_span(p_user_id uuid, p_span private.rated_span, p_estimated_until timestamptz)
returns setof private.rated_use
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  estimated_before constant timestamptz := private.present() - private.estimated_after();
begin
  return query
    select case when u.is_ready then private.outcome_in(p_span, u.kind) else 'waiting' end, p_span.payer, u.kind,
      u.plan_key, private.unit_of(u.unit), sum(u.count)::bigint, sum(u.segments)::bigint, sum(u.cost), sum(u.price)
    from (
      select m.kind, m.plan_key, private.charge_unit(m.price_unit, m.price_is_foreign) as unit,
        private.is_ready(m.price, m.status, m.created_at, estimated_before, p_estimated_until) as is_ready,
        count(*) as count, sum(greatest(m.num_segments, 1)) as segments, sum(m.cost) as cost,
        sum(m.tenant_price) as price
      from public.sms_messages m
      where m.user_id = p_user_id and m.created_at >= p_span.starts_at and m.created_at < p_span.ends_at
        and private.counts(m.status)
      group by 1, 2, 3, 4
      union all
      select private.usage_kind_of(f.kind), f.plan_key, f.price_unit, true, sum(f.count), 0, sum(f.cost),
        sum(f.tenant_price)
      from private.fees f
      where f.user_id = p_user_id and f.charged_at >= p_span.starts_at and f.charged_at < p_span.ends_at
      group by 1, 2, 3) u
    group by 1, u.kind, u.plan_key, 5;
end;
$$;
comment on function private.uses_of_span(uuid, private.rated_span, timestamptz) is
  'What a tenant used in a span, from the ledger itself: messages by when they were created here, fees by when they '
  'were charged.';

-- Included amounts ----------------------------------------------------------------------------------------------------

create function private.amount_of_use(p_kind public.usage_kind, p_count bigint, p_segments bigint) returns bigint
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when p_kind in ('sms_out', 'sms_in') then p_segments else p_count end;
end;
$$;
comment on function private.amount_of_use(public.usage_kind, bigint, bigint) is
  'How much of an included amount a use needs: segments of SMS, MMS messages, fees of numbers.';

create function private.included_amount(p_kind public.usage_kind, p_plan_key text, p_payer private.payer)
returns bigint
language plpgsql stable
set search_path = ''
as $$
declare
  included bigint;
  in_force numeric;
begin
  select case p_kind when 'sms_out' then p.included_sms_out when 'sms_in' then p.included_sms_in
    when 'mms_out' then p.included_mms_out when 'mms_in' then p.included_mms_in
    when 'number' then p.included_numbers else 0 end
  into included from public.plans p where p.key = p_plan_key;
  if coalesce(included, 0) = 0 or p_payer.subscription_id is null then
    return coalesce(included, 0);
  end if;
  select coalesce(sum(extract(epoch from least(o.until, p_payer.ends_at) - greatest(o.since, p_payer.starts_at))), 0)
  into in_force
  from private.own_subscriptions o
  where o.subscription_id = p_payer.subscription_id and o.plan_key = p_plan_key and o.since < p_payer.ends_at
    and (o.until is null or o.until > p_payer.starts_at);
  return floor(included * in_force / extract(epoch from p_payer.ends_at - p_payer.starts_at));
end;
$$;
comment on function private.included_amount(public.usage_kind, text, private.payer) is
  'How much of a kind a version of a plan includes in a billing period: by the seconds of the period in which the '
  'subscription has this version, rounded down. The present version is taken to stay. Without a payer the whole amount '
  'is included in a calendar month.';

create function private.used_before(p_user_id uuid, p_kind public.usage_kind, p_plan_key text, p_payer private.payer,
  p_day date) returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((select sum(private.amount_of_use(p_kind, r.count, r.segments)) from private.billing_rows r
    where r.user_id = p_user_id and r.period_start = p_payer.starts_at and r.kind = p_kind and r.day < p_day
      and r.plan_key is not distinct from p_plan_key
      and r.subscription_id is not distinct from p_payer.subscription_id), 0);
end;
$$;
comment on function private.used_before(uuid, public.usage_kind, text, private.payer, date) is
  'How much of the included amount the days before have needed, as they are rated. Whole days come from rows: messages '
  'are read only of the day on which the amount ends.';

create type private.covered_price as (outcome private.rating_outcome, unit text, price numeric);
comment on type private.covered_price is 'The price of usage that a plan includes, by key.';

create function private.covered_prices(p_user_id uuid, p_spans private.rated_span[], p_kind public.usage_kind,
  p_plan_key text, p_amount bigint, p_estimated_until timestamptz) returns setof private.covered_price
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  estimated_before constant timestamptz := private.present() - private.estimated_after();
begin
  return query
    select private.outcome_in(o.span, p_kind), private.unit_of(o.unit),
      sum(case when o.until <= p_amount then o.price
        else ceil(o.price * (p_amount - o.until + o.amount) * 100000 / o.amount) / 100000 end)
    from (
      select u.*, sum(u.amount) over (order by u.at, u.id) as until
      from (
        select s as span, m.created_at as at, m.id, private.charge_unit(m.price_unit, m.price_is_foreign) as unit,
          private.amount_of_use(p_kind, 1, greatest(m.num_segments, 1)) as amount, m.tenant_price as price
        from unnest(p_spans) s
        join public.sms_messages m on m.user_id = p_user_id and m.created_at >= s.starts_at and m.created_at < s.ends_at
        where m.kind = p_kind and m.plan_key is not distinct from p_plan_key and private.counts(m.status)
          and private.is_ready(m.price, m.status, m.created_at, estimated_before, p_estimated_until)
        union all
        select s, f.charged_at, f.id, f.price_unit, f.count, f.tenant_price
        from unnest(p_spans) s
        join private.fees f on f.user_id = p_user_id and f.charged_at >= s.starts_at and f.charged_at < s.ends_at
        where p_kind = 'number' and f.kind = 'number' and f.plan_key is not distinct from p_plan_key and f.count > 0) u
    ) o
    where o.until - o.amount < p_amount
    group by 1, 2;
end;
$$;
comment on function private.covered_prices(uuid, private.rated_span[], public.usage_kind, text, bigint, timestamptz) is
  'The price of the first uses of a day, in order of use, that an amount covers. What is covered in part has that part '
  'of its price, rounded up to five decimals.';

-- Rating a day --------------------------------------------------------------------------------------------------------

create type private.rating as (
  kind public.usage_kind, plan_key text, unit text, outcome private.rating_outcome, payer private.payer, count bigint,
  segments bigint, cost numeric, price numeric, included numeric);
comment on type private.rating is 'What the rows of a key add up to, or what is missing in them.';

create function private.targets_of_day(p_open private.open_days, p_spans private.rated_span[])
returns setof private.rating
language plpgsql stable
set search_path = ''
as $$
declare
  uses constant private.rated_use[] := array(
    select row(u.outcome, u.payer, u.kind, u.plan_key, u.unit, sum(u.count), sum(u.segments), sum(u.cost),
      sum(u.price))::private.rated_use
    from unnest(p_spans) s cross join lateral private.uses_of_span(p_open.user_id, s, p_open.estimated_until) u
    group by u.outcome, u.payer, u.kind, u.plan_key, u.unit);
  pool record;
  remaining bigint;
  covered private.covered_price[];
begin
  return query select u.kind, u.plan_key, u.unit, u.outcome, u.payer, u.count, u.segments, u.cost, u.price, 0::numeric
    from unnest(uses) u where u.outcome = 'waiting' or u.kind = 'fee';
  for pool in
    select u.kind, u.plan_key, u.payer, sum(private.amount_of_use(u.kind, u.count, u.segments)) as used
    from unnest(uses) u where u.outcome <> 'waiting' and u.kind <> 'fee' group by 1, 2, 3
  loop
    remaining := private.included_amount(pool.kind, pool.plan_key, pool.payer);
    if remaining > 0 then
      remaining := remaining - private.used_before(p_open.user_id, pool.kind, pool.plan_key, pool.payer, p_open.day);
    end if;
    covered := '{}';
    if remaining > 0 and remaining < pool.used then
      covered := array(select c from private.covered_prices(p_open.user_id,
        array(select s from unnest(p_spans) s where s.payer is not distinct from pool.payer),
        pool.kind, pool.plan_key, remaining, p_open.estimated_until) c);
    end if;
    return query
      select u.kind, u.plan_key, u.unit, u.outcome, u.payer, u.count, u.segments, u.cost, u.price,
        case when remaining <= 0 then 0 when remaining >= pool.used then u.price else coalesce(c.price, 0) end
      from unnest(uses) u
      left join unnest(covered) c on c.outcome = u.outcome and c.unit = u.unit
      where u.outcome <> 'waiting' and u.kind = pool.kind and u.plan_key is not distinct from pool.plan_key
        and u.payer is not distinct from pool.payer;
  end loop;
end;
$$;
comment on function private.targets_of_day(private.open_days, private.rated_span[]) is
  'What the rows of a day must add up to, by key, and what waits.';

create function private.billed_currency(p_plan_key text, p_payer private.payer) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return case when p_payer.subscription_id is not null then p_payer.currency
    else coalesce((select p.currency from public.plans p where p.key = p_plan_key), p_payer.currency) end;
end;
$$;
comment on function private.billed_currency(text, private.payer) is
  'The currency of an amount: that of the subscription that pays, or without one of the plan at the time of use.';

create function private.outcome_of(p_row private.billing_rows) returns private.rating_outcome
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when p_row.subscription_id is null then 'no_payer' when p_row.state = 'trial' then 'trial'
    when p_row.loss_reason = 'before_metering' then 'before_metering' else 'payer' end;
end;
$$;
comment on function private.outcome_of(private.billing_rows) is 'As what the usage of a row was rated.';

create function private.missing_of_day(p_open private.open_days, p_targets private.rating[])
returns setof private.rating
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select k.kind, k.plan_key, k.unit, k.outcome,
      row((k.payer).subscription_id, max((k.payer).stripe_customer_id), (k.payer).currency, (k.payer).starts_at,
        coalesce(max((k.payer).ends_at) filter (where k.is_target), max((k.payer).ends_at)),
        k.outcome = 'trial')::private.payer,
      sum(k.count)::bigint, sum(k.segments)::bigint, sum(k.cost), sum(k.price), sum(k.included)
    from (
      select true as is_target, t.kind, t.plan_key, t.unit, t.outcome,
        row((t.payer).subscription_id, (t.payer).stripe_customer_id, private.billed_currency(t.plan_key, t.payer),
          (t.payer).starts_at, (t.payer).ends_at, (t.payer).is_trial)::private.payer as payer,
        t.count, t.segments, t.cost, t.price, t.included
      from unnest(p_targets) t where t.outcome <> 'waiting'
      union all
      select false, r.kind, r.plan_key, r.unit, private.outcome_of(r),
        row(r.subscription_id, r.stripe_customer_id, r.currency, r.period_start, r.period_end, false)::private.payer,
        -r.count, -r.segments, -r.cost, -r.price, -r.included
      from private.billing_rows r
      where r.user_id = p_open.user_id and r.day = p_open.day and r.reason = 'usage') k
    group by k.kind, k.plan_key, k.unit, k.outcome, (k.payer).subscription_id, (k.payer).currency,
      (k.payer).starts_at
    having (sum(k.count), sum(k.segments), sum(k.cost), sum(k.price), sum(k.included)) <> (0, 0, 0, 0, 0)
    order by k.kind, k.plan_key, k.unit, k.outcome, 5;
end;
$$;
comment on function private.missing_of_day(private.open_days, private.rating[]) is
  'By key, what the rows of a day are short of its targets. Of usage that is gone, or has another payer now, it is '
  'negative.';

create function private.rate_for(p_open private.open_days, p_rating private.rating) returns numeric
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(
    (select r.exchange_rate from private.billing_rows r
      where r.user_id = p_open.user_id and r.day = p_open.day and r.kind = p_rating.kind and r.reason = 'usage'
        and r.plan_key is not distinct from p_rating.plan_key and r.unit = p_rating.unit
        and r.subscription_id is not distinct from (p_rating.payer).subscription_id
        and r.period_start = (p_rating.payer).starts_at and r.currency = (p_rating.payer).currency
      order by r.number limit 1),
    private.exchange_rate(p_rating.unit, (p_rating.payer).currency, p_open.day));
end;
$$;
comment on function private.rate_for(private.open_days, private.rating) is
  'The exchange rate of a key: that of its first row, and for the first row the one in force on the day. Null: there '
  'is none.';

create function private.note_missing_rate(p_unit text, p_currency text, p_day date) returns void
language plpgsql
set search_path = ''
as $$
declare
  pair constant text := p_unit || ' ' || p_currency;
begin
  -- Tenants share the alert: they do not wait for each other to count it. Without a unit the currency of the master
  -- account is not known yet, and no rate can be set for it.
  if p_unit <> '' and not exists (select from public.operator_alerts a
    where a.kind = 'exchange_rate' and a.subject = pair and a.settled_at is null)
  then
    perform private.raise_alert('exchange_rate', pair, null,
      jsonb_build_object('unit', p_unit, 'currency', p_currency, 'day', p_day));
  end if;
end;
$$;
comment on function private.note_missing_rate(text, text, date) is
  'Raises the alert about two currencies, unless it is open. day: of the usage that waits.';

create function private.carried_remainder(p_row private.billing_rows) returns numeric
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(
    (select r.remainder from private.billing_rows r
      where r.user_id = p_row.user_id and r.period_start = p_row.period_start and r.kind = p_row.kind
        and r.subscription_id is not distinct from p_row.subscription_id and r.currency = p_row.currency
        and r.reason = 'usage' and private.outcome_of(r) = private.outcome_of(p_row)
      order by r.number desc limit 1), 0);
end;
$$;
comment on function private.carried_remainder(private.billing_rows) is
  'The remainder that the rows before a row carry to it: those of the same tenant, kind, period of use, subscription, '
  'currency and outcome. So no fraction of a unit moves between what is billed and what is lost.';

create function private.write_rating(p_open private.open_days, p_rating private.rating, p_rate numeric) returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  payer constant private.payer := p_rating.payer;
  written private.billing_rows;
  exact numeric;
begin
  written.user_id := p_open.user_id;
  written.kind := p_rating.kind;
  written.subscription_id := payer.subscription_id;
  written.period_start := payer.starts_at;
  written.currency := payer.currency;
  written.state := case p_rating.outcome when 'payer' then 'pending' when 'trial' then 'trial' else 'lost' end;
  written.loss_reason := case when p_rating.outcome in ('before_metering', 'no_payer') then p_rating.outcome::text end;
  written.amount := case p_rating.outcome when 'trial' then 0 else (p_rating.price - p_rating.included) * p_rate end;
  exact := written.amount * 10000 + private.carried_remainder(written);
  written.units := floor(exact + 0.5);
  -- The customer is locked before its rows and its final bill, as everywhere.
  if written.state = 'pending' then
    insert into private.billing_customers as c (stripe_customer_id, user_id, due_at)
    values (payer.stripe_customer_id, p_open.user_id, present)
    on conflict (stripe_customer_id) do update set due_at = least(c.due_at, excluded.due_at);
  end if;
  insert into private.billing_rows (user_id, kind, day, plan_key, unit, subscription_id, stripe_customer_id,
    period_start, period_end, count, segments, cost, price, included, exchange_rate, currency, amount, units,
    remainder, state, loss_reason)
  values (p_open.user_id, p_rating.kind, p_open.day, p_rating.plan_key, p_rating.unit, payer.subscription_id,
    payer.stripe_customer_id, payer.starts_at, payer.ends_at, p_rating.count, p_rating.segments, p_rating.cost,
    p_rating.price, p_rating.included, p_rate, payer.currency, written.amount, written.units, exact - written.units,
    written.state, written.loss_reason);
end;
$$;
comment on function private.write_rating(private.open_days, private.rating, numeric) is
  'Writes the row of what is missing, with its units and the remainder that it carries. A row to be sent makes its '
  'customer due, also one without units.';

create function private.rerate_covered_days(p_open private.open_days, p_rating private.rating) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- The rows of this day are written already: the days after it are covered differently by what is left of the amount.
  insert into private.open_days as o (user_id, day)
  select p_open.user_id, d.day
  from (
    select r.day, sum(r.included) as included,
      sum(sum(private.amount_of_use(r.kind, r.count, r.segments))) over (order by r.day)
        - sum(private.amount_of_use(r.kind, r.count, r.segments)) as used_before
    from private.billing_rows r
    where r.user_id = p_open.user_id and r.period_start = (p_rating.payer).starts_at and r.kind = p_rating.kind
      and r.plan_key is not distinct from p_rating.plan_key
      and r.subscription_id is not distinct from (p_rating.payer).subscription_id
    group by r.day) d
  where d.day > p_open.day
    and (d.included <> 0 or d.used_before < private.included_amount(p_rating.kind, p_rating.plan_key, p_rating.payer))
  on conflict (user_id, day) do update set changes = -1;
end;
$$;
comment on function private.rerate_covered_days(private.open_days, private.rating) is
  'Has later days of the period rated again whose usage was, or would now be, included: an earlier use takes its part '
  'first.';

create function private.rate_day(p_open private.open_days) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  -- Before the ledger is read: a change meanwhile is seen by the next run.
  present_changes constant bigint := (select coalesce(sum(t.changes), 0) from private.usage_totals t
    where t.user_id = p_open.user_id and t.day = p_open.day);
  targets private.rating[];
  missing private.rating;
  rate numeric;
  waits boolean := false;
  waits_for_rate boolean := false;
  written bigint := 0;
begin
  if p_open.changes is distinct from present_changes or p_open.is_waiting then
    targets := array(select t from private.targets_of_day(p_open,
      array(select s from private.rated_spans(p_open.user_id, p_open.day) s)) t);
    waits := exists (select from unnest(targets) t where t.outcome = 'waiting');
    for missing in select * from private.missing_of_day(p_open, targets) loop
      rate := private.rate_for(p_open, missing);
      if rate is null then
        waits_for_rate := true;
        perform private.note_missing_rate(missing.unit, (missing.payer).currency, p_open.day);
      else
        perform private.write_rating(p_open, missing, rate);
        perform private.rerate_covered_days(p_open, missing)
        where private.amount_of_use(missing.kind, missing.count, missing.segments) <> 0
          and private.included_amount(missing.kind, missing.plan_key, missing.payer) > 0;
        written := written + 1;
      end if;
    end loop;
  end if;
  if waits or waits_for_rate
    or present < p_open.day::timestamp at time zone 'UTC' + interval '24 hours' + private.estimated_after()
      + interval '1 hour' then
    update private.open_days o set changes = present_changes, is_waiting = waits or waits_for_rate,
      lacks_rate = waits_for_rate
    where o.user_id = p_open.user_id and o.day = p_open.day;
  else
    delete from private.open_days o where o.user_id = p_open.user_id and o.day = p_open.day;
  end if;
  return written;
end;
$$;
comment on function private.rate_day(private.open_days) is
  'Writes what the rows of a day are short of its targets, one row for each key. Usage without an exchange rate waits, '
  'with an alert. Returns how many rows.';

-- Rating a tenant -----------------------------------------------------------------------------------------------------

create function private.open_changed_days(p_user_id uuid, p_is_final boolean) returns void
language plpgsql
set search_path = ''
as $$
declare
  marks constant bigint[] := array(select c.id from private.changed_days c where c.user_id = p_user_id);
begin
  insert into private.open_days as o (user_id, day)
  select distinct c.user_id, c.day from private.changed_days c where c.id = any (marks)
  on conflict (user_id, day) do update set changes = -1;
  delete from private.changed_days c where c.id = any (marks);
  -- Days that fell out of the retention meanwhile are rated as they are.
  delete from private.open_days o where o.user_id = p_user_id and o.day < private.first_ratable_day();
  update private.open_days o set estimated_until = private.present()
  where p_is_final and o.user_id = p_user_id;
end;
$$;
comment on function private.open_changed_days(uuid, boolean) is
  'Opens the marked days of a tenant. p_is_final: messages up to now count by their estimate from now on.';

create function private.rate_usage(p_user_id uuid, p_is_final boolean default false) returns bigint
language plpgsql
set search_path = ''
as $$
declare
  began constant timestamptz := clock_timestamp();
  opened private.open_days;
  written bigint := 0;
  is_all boolean := false;
begin
  -- One rating of a tenant at a time: another would miss the rows that this one writes.
  perform pg_advisory_xact_lock(hashtextextended('rate:' || p_user_id, 0));
  perform private.open_changed_days(p_user_id, p_is_final);
  loop
    -- In order, because what is included depends on the days before. A day may open later ones.
    select * into opened from private.open_days o
    where o.user_id = p_user_id and (opened.day is null or o.day > opened.day) order by o.day limit 1;
    is_all := not found;
    exit when is_all or (written > 0 and clock_timestamp() > began + interval '4 seconds');
    written := written + private.rate_day(opened);
  end loop;
  -- The tenant's date comes last, and messages that are stored meanwhile wait for no more than this. Marks are looked
  -- for after it: a message that was stored before has written both.
  perform private.set_due(p_user_id, 'rating', case
    when not is_all then private.present()
    when exists (select from private.open_days o where o.user_id = p_user_id)
      then private.present() + private.spread(private.rated_every()) end);
  perform private.set_due(p_user_id, 'rating', private.present())
  where exists (select from private.changed_days c where c.user_id = p_user_id);
  return written;
end;
$$;
comment on function private.rate_usage(uuid, boolean) is
  'Rates the days of a tenant that may have changed, the oldest first, for about four seconds. Returns how many rows '
  'were written; 0: all that is ready is rated. p_is_final: so are messages that Twilio has not priced, by estimate.';

create function public.rate_usage(p_user_id uuid, p_is_final boolean default false) returns bigint
language plpgsql
set search_path = ''
as $$
begin
  return private.rate_usage(p_user_id, p_is_final);
end;
$$;
comment on function public.rate_usage(uuid, boolean) is
  'Rates a tenant''s usage. Returns how many rows were written; to rate everything, call it until that is 0.';

create function public.ask_for_rating(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  asked integer;
begin
  perform private.enqueue(jsonb_build_object('kind', 'rate-usage', 'userId', c))
  from private.claim_due('rating', p_limit, '1 hour', private.present()) c;
  get diagnostics asked = row_count;
  return asked;
end;
$$;
comment on function public.ask_for_rating(integer) is
  'Enqueues jobs for up to p_limit tenants whose usage is due for rating. Returns how many; p_limit: more may be due.';

insert into private.schedules (name, job, every)
  values ('rate-due-usage', '{"kind": "rate-due-usage"}', '1 minute');

-- Exchange rates ------------------------------------------------------------------------------------------------------

create type public.set_exchange_rate_outcome as enum ('set', 'already');
comment on type public.set_exchange_rate_outcome is 'already: the currencies have this rate from this day on.';

create function public.set_exchange_rate(p_unit text, p_currency text, p_valid_from date, p_rate numeric,
  p_operator_id uuid, p_reason text, p_request_id text) returns public.set_exchange_rate_outcome
language plpgsql
set search_path = ''
as $$
begin
  insert into private.exchange_rates as r (unit, currency, valid_from, rate, reason, set_by)
  values (p_unit, p_currency, p_valid_from, p_rate, p_reason, p_operator_id)
  on conflict (unit, currency, valid_from) do update
    set rate = excluded.rate, reason = excluded.reason, set_by = excluded.set_by, set_at = now()
    where r.rate <> excluded.rate;
  if not found then
    return 'already';
  end if;
  perform private.audit('operator:' || p_operator_id, 'exchange_rate.set', null, null, p_request_id,
    jsonb_build_object('unit', p_unit, 'currency', p_currency, 'validFrom', p_valid_from, 'rate', p_rate,
      'reason', p_reason));
  perform private.settle_alert('exchange_rate', p_unit || ' ' || p_currency);
  perform private.set_due_by(t.user_id, 'rating', private.present())
  from (select distinct o.user_id from private.open_days o where o.lacks_rate order by o.user_id) t;
  return 'set';
end;
$$;
comment on function public.set_exchange_rate(text, text, date, numeric, uuid, text, text) is
  'An operator sets what one of a unit is worth in a currency from a UTC day on. Usage that waits for it is rated. '
  'What is rated keeps its rate, also when it is corrected later.';

create type public.exchange_rate as (
  unit text, currency text, valid_from date, rate numeric, reason text, set_by uuid, set_at timestamptz);
comment on type public.exchange_rate is
  'What one of unit (ISO 4217, upper case: the currency of Twilio''s prices) is worth in currency (lower case: of a '
  'plan) from a UTC day on.';

create function public.list_exchange_rates(p_unit text, p_currency text, p_after_unit text, p_after_currency text,
  p_after_day date, p_limit integer)
returns setof public.exchange_rate
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select r.unit, r.currency, r.valid_from, r.rate, r.reason, r.set_by, r.set_at from private.exchange_rates r
    where (p_unit is null or r.unit = p_unit) and (p_currency is null or r.currency = p_currency)
      and (p_after_unit is null or (r.unit, r.currency, r.valid_from) > (p_after_unit, p_after_currency, p_after_day))
    order by r.unit, r.currency, r.valid_from limit p_limit;
end;
$$;
comment on function public.list_exchange_rates(text, text, text, text, date, integer) is
  'A page of exchange rates by unit, currency and day, after the last one of the page before. A null is any.';

create type public.missing_exchange_rate as (unit text, currency text, plans text[]);
comment on type public.missing_exchange_rate is
  'Two currencies that have no exchange rate today, and the plans whose usage needs it.';

create function public.missing_exchange_rates() returns setof public.missing_exchange_rate
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select u.unit, p.currency, array_agg(distinct p.key order by p.key)
    from (
      select n.key, n.currency from public.plans n
      -- A subscription keeps its currency, which may differ from that of its plan.
      union select o.plan_key, b.currency from private.own_subscriptions o
        join private.billing_periods b on b.subscription_id = o.subscription_id and b.books_closed_at is null
        where o.until is null) p
    cross join (
      select private.currency() as unit where private.currency() is not null
      union select t.unit from private.usage_totals t
        where t.unit <> '' and t.day >= private.utc_day(private.present()) - 35) u
    where private.exchange_rate(u.unit, p.currency, private.utc_day(private.present())) is null
    group by u.unit, p.currency order by 1, 2;
end;
$$;
comment on function public.missing_exchange_rates() is
  'The exchange rates that usage needs today and that no operator has set: from the currency of the master account, '
  'and those in which Twilio has charged in the last 35 days, to the currencies of the plans and of the subscriptions '
  'that pay.';

-- Plans ---------------------------------------------------------------------------------------------------------------

create function private.keep_rated_plan() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from private.billing_rows r where r.plan_key = old.key)
    or exists (select from private.own_subscriptions o where o.plan_key = old.key)
  then
    raise exception 'Cannot change currency or included amounts of plan "%", or delete it: usage was rated under it, '
      'or a subscription has had it. Put a new version on sale (admin/set-plan-limits) and change that one', old.key
      using errcode = 'restrict_violation';
  end if;
  return case tg_op when 'UPDATE' then new else old end;
end;
$$;
comment on function private.keep_rated_plan() is
  'Trigger: the version of a plan by which usage was or may be rated stays, and keeps what it includes. What is '
  'included in a period that has begun, and on which rows may have been sent, never changes.';
create trigger keep_rated_plan before update on public.plans
  for each row when ((old.currency, old.included_sms_out, old.included_sms_in, old.included_mms_out,
      old.included_mms_in, old.included_numbers)
    is distinct from (new.currency, new.included_sms_out, new.included_sms_in, new.included_mms_out,
      new.included_mms_in, new.included_numbers))
  execute function private.keep_rated_plan();
create trigger keep_deleted_plan before delete on public.plans
  for each row execute function private.keep_rated_plan();
create index billing_rows_by_plan on private.billing_rows (plan_key);

-- Retention -----------------------------------------------------------------------------------------------------------

create function private.purge_billing_rows(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from private.billing_rows r
  where r.ctid = any (array(
    select o.ctid from private.billing_rows o
    where o.period_end <= private.present() - private.kept_for('financial')
      and o.state not in ('pending', 'sending')
    order by o.period_end limit p_limit for update));
  get diagnostics purged = row_count;
  return purged;
end;
$$;
comment on function private.purge_billing_rows(integer) is
  'Deletes up to p_limit rows of billing periods that ended long enough ago, the oldest first. A period goes as a '
  'whole: its rows carry one remainder. Its days are not rated again (first_ratable_day). Returns how many.';
create index billing_rows_by_period_end on private.billing_rows (period_end);
create index billing_rows_of_day on private.billing_rows (user_id, day);
create index billing_rows_chain on private.billing_rows (user_id, period_start, kind, number);

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.estimated_after(),
  private.rated_every(),
  private.first_ratable_day(),
  private.rate_days(uuid, date),
  private.note_unrated_usage(),
  private.note_changed_payer(),
  private.rated_spans(uuid, date),
  private.outcome_in(private.rated_span, public.usage_kind),
  private.is_ready(numeric, public.message_status, timestamptz, timestamptz, timestamptz),
  private.uses_of_span(uuid, private.rated_span, timestamptz),
  private.amount_of_use(public.usage_kind, bigint, bigint),
  private.included_amount(public.usage_kind, text, private.payer),
  private.used_before(uuid, public.usage_kind, text, private.payer, date),
  private.covered_prices(uuid, private.rated_span[], public.usage_kind, text, bigint, timestamptz),
  private.targets_of_day(private.open_days, private.rated_span[]),
  private.billed_currency(text, private.payer),
  private.outcome_of(private.billing_rows),
  private.missing_of_day(private.open_days, private.rating[]),
  private.rate_for(private.open_days, private.rating),
  private.note_missing_rate(text, text, date),
  private.carried_remainder(private.billing_rows),
  private.write_rating(private.open_days, private.rating, numeric),
  private.rerate_covered_days(private.open_days, private.rating),
  private.rate_day(private.open_days),
  private.open_changed_days(uuid, boolean),
  private.rate_usage(uuid, boolean),
  public.rate_usage(uuid, boolean),
  public.ask_for_rating(integer),
  public.set_exchange_rate(text, text, date, numeric, uuid, text, text),
  public.list_exchange_rates(text, text, text, text, date, integer),
  public.missing_exchange_rates(),
  private.keep_rated_plan(),
  private.purge_billing_rows(integer)
  from public, anon, authenticated;
grant execute on function
  private.estimated_after(),
  private.rated_every(),
  private.first_ratable_day(),
  private.rate_days(uuid, date),
  private.rated_spans(uuid, date),
  private.outcome_in(private.rated_span, public.usage_kind),
  private.is_ready(numeric, public.message_status, timestamptz, timestamptz, timestamptz),
  private.uses_of_span(uuid, private.rated_span, timestamptz),
  private.amount_of_use(public.usage_kind, bigint, bigint),
  private.included_amount(public.usage_kind, text, private.payer),
  private.used_before(uuid, public.usage_kind, text, private.payer, date),
  private.covered_prices(uuid, private.rated_span[], public.usage_kind, text, bigint, timestamptz),
  private.targets_of_day(private.open_days, private.rated_span[]),
  private.billed_currency(text, private.payer),
  private.outcome_of(private.billing_rows),
  private.missing_of_day(private.open_days, private.rating[]),
  private.rate_for(private.open_days, private.rating),
  private.note_missing_rate(text, text, date),
  private.carried_remainder(private.billing_rows),
  private.write_rating(private.open_days, private.rating, numeric),
  private.rerate_covered_days(private.open_days, private.rating),
  private.rate_day(private.open_days),
  private.open_changed_days(uuid, boolean),
  private.rate_usage(uuid, boolean),
  public.rate_usage(uuid, boolean),
  public.ask_for_rating(integer),
  public.set_exchange_rate(text, text, date, numeric, uuid, text, text),
  public.list_exchange_rates(text, text, text, text, date, integer),
  public.missing_exchange_rates(),
  private.purge_billing_rows(integer)
  to service_role;
