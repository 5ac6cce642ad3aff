-- Who pays for usage at a moment: which subscriptions were a tenant's own and when, their billing periods, and the
-- metered items through which Stripe bills usage.

-- Own subscriptions ---------------------------------------------------------------------------------------------------

create table private.own_subscriptions (
  subscription_id text not null,
  since timestamptz not null,
  until timestamptz,
  user_id uuid not null,
  plan_key text not null,
  plan_rank integer not null,
  is_running boolean not null,
  created_at timestamptz not null,
  metered_due_at timestamptz,
  primary key (subscription_id, since),
  constraint own_subscriptions_forward check (since < until)
);
comment on table private.own_subscriptions is
  'The history of tenants'' own subscriptions: whose each was, and under which plan. A gift, and a subscription whose '
  'first payment is pending under a plan that does not entitle then, has no row. Of what is past nothing changes.';
comment on column private.own_subscriptions.since is
  '-infinity for a subscription that was the tenant''s own when it was first read.';
comment on column private.own_subscriptions.until is
  'When the next row began, or the subscription ceased to be the tenant''s own; null for the present row. The end of a '
  'subscription is the end of its last billing period.';
comment on column private.own_subscriptions.is_running is 'Whether its status was trialing, active or past_due.';
comment on column private.own_subscriptions.metered_due_at is
  'When to add the metered items that it lacks; null when it lacks none, or is over.';
create unique index own_subscriptions_one_present on private.own_subscriptions (subscription_id) where until is null;
create index own_subscriptions_by_user on private.own_subscriptions (user_id, since);
create index own_subscriptions_unmetered on private.own_subscriptions (metered_due_at)
  where metered_due_at is not null;
alter table private.own_subscriptions enable row level security;
revoke all on private.own_subscriptions from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.own_subscriptions to service_role;

create function private.pays_usage(p_subscription public.subscriptions) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return p_subscription.user_id is not null
    and p_subscription.origin is distinct from 'checkout'
    and p_subscription.status not in ('incomplete', 'incomplete_expired')
    and exists (
      select from public.plans p
      where p.key = p_subscription.plan_key
        and (p.entitle_while_pending or not p_subscription.first_payment_pending));
end;
$$;
comment on function private.pays_usage(public.subscriptions) is
  'Whether usage is billed to the customer of a subscription: it is the tenant''s own, gives a plan, and its first '
  'payment is not pending, unless the plan entitles then. A subscription that is over keeps what it was.';

create function private.plan_change_delay() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '1 day';
end;
$$;
comment on function private.plan_change_delay() is
  'How long after the start of a billing period a plan that is read with it is taken to have begun with the period.';

create function private.note_own_subscription(p_before public.subscriptions, p_after public.subscriptions)
returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  pays constant boolean := private.pays_usage(p_after);
  is_running constant boolean := p_after.status in ('trialing', 'active', 'past_due');
  is_first constant boolean := p_before.user_id is null
    and not exists (select from private.own_subscriptions o where o.subscription_id = p_after.id);
  stored private.own_subscriptions;
  from_at timestamptz := present;
begin
  select * into stored from private.own_subscriptions o
  where o.subscription_id = p_after.id and o.until is null for update;
  if pays and stored.user_id = p_after.user_id and stored.plan_key = p_after.plan_key
    and stored.is_running = is_running then
    return;
  end if;
  -- A plan that came with a new billing period came at its start, which is read some seconds later.
  if pays and stored.user_id = p_after.user_id and stored.plan_key <> p_after.plan_key
    and p_after.current_period_start > p_before.current_period_start
    and p_after.current_period_start > greatest(stored.since, present - private.plan_change_delay())
  then
    from_at := least(p_after.current_period_start, present);
  end if;
  -- A row that began at this very moment was never in force.
  delete from private.own_subscriptions o
  where o.subscription_id = p_after.id and o.until is null and o.since >= from_at;
  update private.own_subscriptions o set until = from_at, metered_due_at = null
  where o.subscription_id = p_after.id and o.until is null;
  if pays then
    insert into private.own_subscriptions (subscription_id, since, user_id, plan_key, plan_rank, is_running,
      created_at, metered_due_at)
    select p_after.id, case when is_first then '-infinity' else from_at end, p_after.user_id, p.key, p.rank,
      is_running, p_after.created_at, case when p_after.ended_at is null then stored.metered_due_at end
    from public.plans p where p.key = p_after.plan_key;
  end if;
end;
$$;
comment on function private.note_own_subscription(public.subscriptions, public.subscriptions) is
  'Adds a row to the history of a tenant''s own subscriptions when the user, the plan or the running of one changes.';

-- Billing periods -----------------------------------------------------------------------------------------------------

create function private.missed_boundaries(p_before private.period, p_after private.period) returns timestamptz[]
language plpgsql immutable
set search_path = ''
as $$
declare
  -- A month has 2,629,746 seconds on average. Other intervals of Stripe are days and weeks, which are constant.
  months constant integer := round(extract(epoch from p_after.ends_at - p_after.starts_at) / 2629746);
  starts constant timestamp := p_after.starts_at at time zone 'UTC';
  anchor timestamp;
  distance integer;
  boundary timestamptz := p_after.starts_at;
  boundaries timestamptz[] := '{}';
begin
  -- In a month without its day Stripe renews on the last day. So the anchor has the latest day of those whose month,
  -- moved to that of the later period, is its start.
  select t.m, d.months into anchor, distance
  from unnest(array[p_before.starts_at, p_before.ends_at, p_after.starts_at, p_after.ends_at]) b
  cross join lateral (select b at time zone 'UTC') t (m)
  cross join lateral (
    select (extract(year from starts) - extract(year from t.m)) * 12
      + extract(month from starts) - extract(month from t.m)) d (months)
  where t.m + make_interval(months => d.months::integer) = starts
  order by extract(day from t.m) desc limit 1;
  loop
    distance := distance - greatest(months, 1);
    boundary := case when months > 0 then (anchor + make_interval(months => distance)) at time zone 'UTC'
      else boundary - (p_after.ends_at - p_after.starts_at) end;
    exit when boundary < p_before.ends_at;
    boundaries := boundary || boundaries;
    exit when cardinality(boundaries) >= 400;
  end loop;
  return boundaries;
end;
$$;
comment on function private.missed_boundaries(private.period, private.period) is
  'The boundaries of the billing periods between two that were read, the first one''s end included if it is one: '
  'Stripe renews at the interval of the later period.';

create function private.fill_missed_periods(p_latest private.billing_periods, p_after public.subscriptions)
returns void
language plpgsql
set search_path = ''
as $$
declare
  boundaries constant timestamptz[] := private.missed_boundaries(
    (p_latest.starts_at, p_latest.ends_at), (p_after.current_period_start, p_after.current_period_end));
begin
  -- After a trial without a means of payment Stripe pauses a subscription, and has no period until it is resumed. What
  -- follows an ordinary trial begins where it ends.
  if p_latest.is_trial and not p_latest.ends_at = any (boundaries) then
    return;
  end if;
  insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
  select p_after.id, b.starts_at, b.ends_at, p_after.user_id, p_after.stripe_customer_id, p_latest.currency
  from (
    select t.at as starts_at, lead(t.at, 1, p_after.current_period_start) over (order by t.at) as ends_at
    from (select p_latest.ends_at union select unnest(boundaries)) t (at)) b;
end;
$$;
comment on function private.fill_missed_periods(private.billing_periods, public.subscriptions) is
  'Stores the billing periods that passed at Stripe without being read, so that their usage has a payer.';

create function private.end_billing_periods(p_subscription_id text, p_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from private.billing_periods b
  where b.subscription_id = p_subscription_id and b.starts_at >= p_at and b.books_closed_at is null;
  update private.billing_periods b set ends_at = p_at
  where b.subscription_id = p_subscription_id and b.starts_at < p_at and b.ends_at > p_at;
end;
$$;
comment on function private.end_billing_periods(text, timestamptz) is
  'Ends the billing periods of a subscription when it is over. Its last period also ends when its books are closed: a '
  'read from before the end may have stored it in full, and usage after the end has no payer.';

create function private.cut_period(p_period private.billing_periods, p_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_periods b
  set ends_at = p_at,
    -- What the statement of a trial shows by now, it shows for ever.
    books_closed_at = case when b.is_trial and b.books_closed_at is not null
      then greatest(b.books_closed_at, least(private.present(), b.ends_at + private.trial_lines_open_for()))
      else b.books_closed_at end
  where b.subscription_id = p_period.subscription_id and b.starts_at = p_period.starts_at;
end;
$$;
comment on function private.cut_period(private.billing_periods, timestamptz) is
  'Ends a period where Stripe has begun another, also when this is read late and its books are closed: what Stripe '
  'bills is counted by its own boundaries.';

create function private.note_billing_period(p_after public.subscriptions) returns void
language plpgsql
set search_path = ''
as $$
declare
  starts timestamptz := p_after.current_period_start;
  ends constant timestamptz := least(p_after.current_period_end, p_after.ended_at);
  price_currency constant text := coalesce(p_after.currency,
    (select p.currency from public.plans p where p.key = p_after.plan_key), 'usd');
  latest private.billing_periods;
begin
  if p_after.ended_at is not null then
    perform private.end_billing_periods(p_after.id, p_after.ended_at);
  end if;
  select * into latest from private.billing_periods b
  where b.subscription_id = p_after.id order by b.starts_at desc limit 1 for update;
  if starts > latest.starts_at and latest.ends_at > starts then
    perform private.cut_period(latest, starts);
  elsif starts > latest.ends_at and ends > starts then
    perform private.fill_missed_periods(latest, p_after);
  elsif latest.books_closed_at is not null then
    -- Closed books keep their start.
    starts := latest.ends_at;
  elsif starts <= latest.starts_at then
    starts := latest.starts_at;
  end if;
  if starts < ends then
    insert into private.billing_periods as b (subscription_id, starts_at, ends_at, user_id, stripe_customer_id,
      currency, is_trial)
    values (p_after.id, starts, ends, p_after.user_id, p_after.stripe_customer_id, price_currency,
      coalesce(starts < p_after.trial_end, false))
    on conflict (subscription_id, starts_at) do update set ends_at = excluded.ends_at, user_id = excluded.user_id,
      stripe_customer_id = excluded.stripe_customer_id, currency = excluded.currency, is_trial = excluded.is_trial;
  end if;
end;
$$;
comment on function private.note_billing_period(public.subscriptions) is
  'Stores the billing period of a subscription as just read. A period that Stripe moved ends where the new one begins; '
  'an end of the subscription ends it; periods that passed without being read are filled in.';

create function private.note_payer() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- First, because what follows makes the tenant due for rating, and rating has locked the customer by then.
  perform private.lock_billing_customer(new.stripe_customer_id);
  perform private.note_own_subscription(old, new);
  if private.pays_usage(new) or exists (
    select from private.billing_periods b where b.subscription_id = new.id) then
    perform private.note_billing_period(new);
  end if;
  -- After a read, note_metered_items decides by what was read.
  if old.read_number = new.read_number and private.has_wrong_items(new) then
    perform private.ask_for_metered_items(new.id, true);
  end if;
  return null;
end;
$$;
comment on function private.note_payer() is
  'Trigger: a subscription may have another tenant, plan or billing period now, also by a claim.';
create trigger payer_when_new after insert on public.subscriptions
  for each row execute function private.note_payer();
create trigger payer_when_changed after update on public.subscriptions
  for each row when ((new.user_id, new.origin, new.plan_key, new.status, new.first_payment_pending, new.currency,
      new.current_period_start, new.current_period_end, new.trial_end, new.ended_at, new.stripe_customer_id)
    is distinct from (old.user_id, old.origin, old.plan_key, old.status, old.first_payment_pending, old.currency,
      old.current_period_start, old.current_period_end, old.trial_end, old.ended_at, old.stripe_customer_id))
  execute function private.note_payer();

-- The payer -----------------------------------------------------------------------------------------------------------

create function private.metering_began(p_own private.own_subscriptions, p_at timestamptz) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select min(greatest(i.since, p_own.created_at)) from private.metered_items i
    where i.subscription_id = p_own.subscription_id and i.since <= p_at
      and (i.removed_at is null or p_at < i.removed_at));
end;
$$;
comment on function private.metering_began(private.own_subscriptions, timestamptz) is
  'When a subscription got the metered items that count at p_at; null: it has none. Those of a subscription whose '
  'start was put into the past count from then on, but it got them when it was made.';

create function private.awaited_payer(p_user_id uuid, p_at timestamptz) returns private.payer
language plpgsql stable
set search_path = ''
as $$
declare
  payer private.payer;
begin
  select o.subscription_id, b.stripe_customer_id, b.currency, b.ends_at, null, false into payer
  from private.own_subscriptions o
  join public.subscriptions s on s.id = o.subscription_id and s.ended_at is null
  cross join lateral (
    select * from private.billing_periods l
    where l.subscription_id = o.subscription_id order by l.starts_at desc limit 1) b
  where o.user_id = p_user_id and o.since <= p_at and o.until is null and b.ends_at <= p_at
    -- Stripe pauses a subscription after a trial without a means of payment: no period follows until it is resumed.
    and not (s.status = 'paused' and b.is_trial)
  order by private.metered_subscription(s.stripe_customer_id) = s.id desc, o.is_running desc, o.plan_rank desc,
    o.created_at desc, o.subscription_id limit 1;
  return payer;
end;
$$;
comment on function private.awaited_payer(uuid, timestamptz) is
  'The payer whose next billing period is not read yet: its ends_at is null. Stripe renews at the end of a period, and '
  'the event of it comes later.';

create function private.payer_at(p_user_id uuid, p_at timestamptz) returns private.payer
language plpgsql stable
set search_path = ''
as $$
declare
  payer private.payer;
begin
  select c.subscription_id, c.stripe_customer_id, c.currency, c.starts_at, c.ends_at, c.is_trial into payer
  from (
    select b.*, o as own, row_number() over by_rank as place,
      first_value(b.stripe_customer_id) over by_rank as best_customer
    from private.own_subscriptions o
    join private.billing_periods b on b.subscription_id = o.subscription_id
      and b.starts_at <= p_at and p_at < b.ends_at
    where o.user_id = p_user_id and o.since <= p_at and (o.until is null or p_at < o.until)
    window by_rank as (order by o.is_running desc, o.plan_rank desc, o.created_at desc, o.subscription_id)) c
  where c.stripe_customer_id = c.best_customer
  order by private.metering_began(c.own, p_at) nulls last, c.place limit 1;
  if payer.subscription_id is null then
    payer := private.awaited_payer(p_user_id, p_at);
  end if;
  if payer.subscription_id is null then
    payer.currency := coalesce((private.plan_of(p_user_id)).currency, 'usd');
    payer.starts_at := date_trunc('month', p_at, 'UTC');
    payer.ends_at := date_trunc('month', p_at at time zone 'UTC' + interval '1 month') at time zone 'UTC';
    payer.is_trial := false;
  end if;
  return payer;
end;
$$;
comment on function private.payer_at(uuid, timestamptz) is
  'Who pays for a tenant''s usage at a moment, now or in the past: the customer of their own subscription, in the '
  'billing period that has the moment. Of several subscriptions, the one that entitlement_of would rank first; of '
  'several of one customer, the one through which Stripe bills usage (see metered_subscription). '
  'ends_at is null when the period is not read yet: then usage must wait. Without a subscription, the calendar month.';

create function private.payers_of(p_user_id uuid, p_from timestamptz, p_until timestamptz)
returns table (from_at timestamptz, until_at timestamptz, payer private.payer)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    select c.at, c.next_at, private.payer_at(p_user_id, c.at)
    from (
      select k.at, lead(k.at, 1, p_until) over (order by k.at) as next_at
      from (
        select p_from
        union select unnest(array[o.since, o.until, b.starts_at, b.ends_at])
          from private.own_subscriptions o
          join private.billing_periods b on b.subscription_id = o.subscription_id
          where o.user_id = p_user_id and b.starts_at < p_until and b.ends_at > p_from
        union select b.ends_at from private.own_subscriptions o
          join private.billing_periods b on b.subscription_id = o.subscription_id
          where o.user_id = p_user_id and b.ends_at = p_from
        union select (d.day at time zone 'UTC') from generate_series(
          date_trunc('month', p_from at time zone 'UTC') + interval '1 month', p_until at time zone 'UTC',
          interval '1 month') d (day)) k (at)
      where k.at >= p_from and k.at < p_until) c
    order by c.at;
end;
$$;
comment on function private.payers_of(uuid, timestamptz, timestamptz) is
  'A span of time, cut where the payer or their period changes: each part has one payer (see payer_at).';

-- Metered items -------------------------------------------------------------------------------------------------------

create function private.metered_kind(p_meter_id text, p_lookup_key text) returns public.usage_kind
language plpgsql stable
set search_path = ''
as $$
begin
  -- The lookup key alone can be given to any price; only one with a meter bills usage.
  if p_meter_id is null then
    return null;
  end if;
  return coalesce(
    (select m.kind from private.meters m where m.meter_id = p_meter_id),
    (select k from unnest(enum_range(null::public.usage_kind)) k
      where p_lookup_key ~ ('^switchboard_' || k || '_[a-z]{3}(_[a-z0-9]+)?$')));
end;
$$;
comment on function private.metered_kind(text, text) is
  'The kind of usage that a Stripe price bills, by its meter or its lookup key; null for any other price.';

create function private.flat_prices(p_prices jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(i.item order by i.position), '[]')
    from jsonb_array_elements(p_prices) with ordinality i (item, position)
    where private.metered_kind(i.item ->> 'meter', i.item ->> 'lookupKey') is null);
end;
$$;
comment on function private.flat_prices(jsonb) is
  'The items of a subscription that do not bill usage through our meters.';

create function private.lacks_metered_items(p_prices jsonb) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select count(k.kind) <> cardinality(enum_range(null::public.usage_kind)) or count(distinct k.kind) <> count(k.kind)
      or count(i.fault) filter (where k.kind is not null) > 0
    from jsonb_to_recordset(p_prices) as i ("lookupKey" text, meter text, fault text)
    cross join lateral (select private.metered_kind(i.meter, i."lookupKey")) k (kind));
end;
$$;
comment on function private.lacks_metered_items(jsonb) is
  'Whether Stripe cannot bill every kind of usage exactly once through the items of a subscription: a kind has no item '
  'or two, or a price has a fault.';

-- Stripe bills each meter event of a customer through every subscription of the customer that has an item of its meter.
-- So of the subscriptions of a customer exactly one has metered items.

create function private.metered_subscription(p_customer_id text) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select o.subscription_id
    from public.subscriptions s
    join private.own_subscriptions o on o.subscription_id = s.id and o.until is null
    where s.stripe_customer_id = p_customer_id and s.ended_at is null
    order by private.metering_began(o, 'infinity') nulls last, o.is_running desc, o.created_at, o.subscription_id
    limit 1);
end;
$$;
comment on function private.metered_subscription(text) is
  'The one subscription of a customer through which its usage is billed: of the own ones that continue, the one that '
  'has had metered items for the longest time. It stays until it ends, because removing items loses what they counted.';

create function private.has_wrong_items(p_subscription public.subscriptions) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  metered_id constant text := private.metered_subscription(p_subscription.stripe_customer_id);
  kinds constant bigint := (select count(distinct m.kind) from private.metered_items m
    where m.subscription_id = p_subscription.id and m.removed_at is null);
begin
  return p_subscription.ended_at is null and case
    when metered_id = p_subscription.id then kinds < cardinality(enum_range(null::public.usage_kind))
    else kinds > 0 or exists (select from public.subscriptions s
      where s.id = metered_id and s.user_id <> p_subscription.user_id) end;
end;
$$;
comment on function private.has_wrong_items(public.subscriptions) is
  'Whether the stored metered items of an own subscription are not those that it must have: all kinds, or none when '
  'another subscription of the customer has them. Another tenant''s is an error in any case.';

create function private.ask_for_metered_items(p_subscription_id text, p_are_wrong boolean) returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.own_subscriptions o set metered_due_at = case when p_are_wrong then private.present() end
  where o.subscription_id = p_subscription_id and o.until is null
    and (o.metered_due_at is not null) is distinct from p_are_wrong;
  if found and p_are_wrong then
    perform private.enqueue(jsonb_build_object('kind', 'keep-metered-items', 'subscriptionId', p_subscription_id));
  end if;
end;
$$;
comment on function private.ask_for_metered_items(text, boolean) is
  'Has the metered items of an own subscription put right, or notes that they are right.';

create function private.note_metered_items(p_after public.subscriptions, p_prices jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  are_wrong boolean;
begin
  insert into private.metered_items as m (subscription_id, kind, item_id, price_id, since, added_at)
  select p_after.id, k.kind, i."itemId", i.id,
    -- An item counts from when it was added. One of a new subscription counts from its first moment.
    case when i."createdAt" > p_after.created_at + interval '1 minute' then i."createdAt"
      else least(p_after.created_at, i."periodStart") end, i."createdAt"
  from jsonb_to_recordset(p_prices) as i (id text, "lookupKey" text, meter text, "itemId" text,
    "createdAt" timestamptz, "periodStart" timestamptz)
  cross join lateral (select private.metered_kind(i.meter, i."lookupKey")) k (kind)
  where k.kind is not null and i."itemId" is not null
  on conflict (subscription_id, kind, item_id) do update set price_id = excluded.price_id, removed_at = null;
  update private.metered_items m set removed_at = present
  where m.subscription_id = p_after.id and m.removed_at is null
    and not exists (select from jsonb_array_elements(p_prices) i where i ->> 'itemId' = m.item_id);
  are_wrong := private.has_wrong_items(p_after)
    or (private.metered_subscription(p_after.stripe_customer_id) = p_after.id
      and private.lacks_metered_items(p_prices));
  perform private.ask_for_metered_items(p_after.id, are_wrong);
  if not are_wrong then
    perform private.settle_alert('metering', p_after.id);
  end if;
  -- When it has ended, another one of the customer gets the items.
  perform private.ask_for_metered_items(s.id, true) from public.subscriptions s
  where s.stripe_customer_id = p_after.stripe_customer_id and s.id <> p_after.id and private.has_wrong_items(s);
end;
$$;
comment on function private.note_metered_items(public.subscriptions, jsonb) is
  'Stores the metered items of a subscription as just read (p_prices: as best_item reads them, with itemId, createdAt, '
  'meter and fault), and has those of the customer''s subscriptions put right that are not.';

create function private.metered_since(p_subscription_id text, p_kind public.usage_kind, p_at timestamptz)
returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select min(i.since) from private.metered_items i
    where i.subscription_id = p_subscription_id and i.kind = p_kind and i.since <= p_at
      and (i.removed_at is null or p_at < i.removed_at));
end;
$$;
comment on function private.metered_since(text, public.usage_kind, timestamptz) is
  'Since when Stripe counts a kind of usage for a subscription, by the item that counts it at p_at; null: it does not.';

create function public.claim_unmetered_subscriptions(p_limit integer) returns table (subscription_id text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    update private.own_subscriptions o set metered_due_at = private.present() + interval '1 hour'
    where (o.subscription_id, o.since) in (
      select d.subscription_id, d.since from private.own_subscriptions d
      where d.metered_due_at <= private.present() order by d.metered_due_at limit p_limit for update skip locked)
    returning o.subscription_id;
end;
$$;
comment on function public.claim_unmetered_subscriptions(integer) is
  'Up to p_limit own subscriptions that lack metered items, the longest due first. Each is due again after an hour, '
  'until a read finds its items.';

insert into private.schedules (name, job, every)
  values ('keep-metered-items', '{"kind": "keep-metered-items"}', '5 minutes');

create function public.unmetered_subscriptions(p_limit integer)
returns table (total bigint, subscription_ids text[])
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select count(*), coalesce((array_agg(o.subscription_id order by o.metered_due_at))[1:p_limit], '{}')
    from private.own_subscriptions o where o.metered_due_at is not null;
end;
$$;
comment on function public.unmetered_subscriptions(integer) is
  'How many own subscriptions lack metered items, and up to p_limit of them: for the operator''s `verify`.';

create type public.needs_metered_items_outcome as enum ('needed', 'surplus', 'other_tenant', 'not_needed');
comment on type public.needs_metered_items_outcome is
  'Whether metered items of a tenant''s own subscription are wrong as last read. needed: it lacks some. surplus: '
  'another subscription of the customer bills usage, so it must have none. other_tenant: likewise, and that one is '
  'another tenant''s, so the usage of this tenant cannot be billed.';

create function public.needs_metered_items(p_subscription_id text) returns public.needs_metered_items_outcome
language plpgsql stable
set search_path = ''
as $$
declare
  subscription public.subscriptions;
  metered_id text;
begin
  select s.* into subscription from public.subscriptions s
  join private.own_subscriptions o on o.subscription_id = s.id and o.until is null and o.metered_due_at is not null
  where s.id = p_subscription_id;
  metered_id := private.metered_subscription(subscription.stripe_customer_id);
  return case
    when subscription.id is null then 'not_needed'
    when metered_id is null or metered_id = subscription.id then 'needed'
    when exists (select from public.subscriptions s where s.id = metered_id and s.user_id <> subscription.user_id)
      then 'other_tenant'
    else 'surplus' end;
end;
$$;
comment on function public.needs_metered_items(text) is
  'Whether metered items must be added to a subscription or removed. A gift gets none: its customer does not pay for '
  'usage.';

create function public.next_stripe_read() returns bigint
language plpgsql
set search_path = ''
as $$
begin
  return nextval('private.stripe_reads');
end;
$$;
comment on function public.next_stripe_read() is
  'The number of a read from Stripe that follows: allocated before the read, as begin_stripe_event does.';

create type public.note_metering_problem_outcome as enum ('raised', 'settled', 'not_own');
comment on type public.note_metering_problem_outcome is
  'What became of the alert about the metered items of a subscription. not_own: it is no tenant''s own.';

create function public.note_metering_problem(p_subscription_id text, p_details jsonb)
  returns public.note_metering_problem_outcome
language plpgsql
set search_path = ''
as $$
declare
  own private.own_subscriptions;
begin
  select * into own from private.own_subscriptions o
  where o.subscription_id = p_subscription_id and o.until is null;
  if own.user_id is null or p_details is null then
    perform private.settle_alert('metering', p_subscription_id);
    return case when own.user_id is null then 'not_own' else 'settled' end;
  end if;
  perform private.raise_alert('metering', p_subscription_id, own.user_id, p_details);
  return 'raised';
end;
$$;
comment on function public.note_metering_problem(text, jsonb) is
  'Raises an alert about the metered items of a tenant''s own subscription, or settles it (p_details null).';

-- Changes of plan -----------------------------------------------------------------------------------------------------

create type public.begin_plan_change_outcome as enum
  ('change', 'no_subscription', 'not_active', 'unknown_plan', 'not_for_sale', 'unknown_user', 'tenant_closed');
comment on type public.begin_plan_change_outcome is
  'What to do for a change of plan. change: the price of the flat item. no_subscription: the tenant has none of their '
  'own that continues. not_active: its payment is pending, overdue for good, or paused. The others as at a checkout.';

create function public.begin_plan_change(p_user_id uuid, p_plan_key text)
returns table (outcome public.begin_plan_change_outcome, subscription_id text, price_id text, plan_keys text[],
  plan_price_ids text[])
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  own private.own_subscriptions;
begin
  outcome := private.sale_refused(p_user_id, p_plan_key)::text::public.begin_plan_change_outcome;
  if outcome is not null then
    return next;
    return;
  end if;
  select o.* into own from private.own_subscriptions o
  where o.user_id = p_user_id and o.until is null
    and exists (select from public.subscriptions s where s.id = o.subscription_id and s.ended_at is null)
  order by o.is_running desc, o.plan_rank desc, o.created_at desc, o.subscription_id limit 1;
  subscription_id := own.subscription_id;
  outcome := case
    when own.is_running then 'change'
    when own.subscription_id is not null or exists (
      select from public.subscriptions s
      where s.user_id = p_user_id and s.origin is distinct from 'checkout' and private.blocks_checkout(s.status))
      then 'not_active'
    else 'no_subscription' end;
  price_id := (select p.stripe_price_id from public.plans p where p.key = p_plan_key);
  select array_agg(p.key), array_agg(p.stripe_price_id) filter (where p.stripe_price_id is not null)
    into plan_keys, plan_price_ids from public.plans p;
  return next;
end;
$$;
comment on function public.begin_plan_change(uuid, text) is
  'Decides on a tenant''s request for another plan: which subscription to change, and to which price (null: that with '
  'the plan''s key as lookup key). plan_keys and plan_price_ids tell the item that gives the plan.';

-- Meters --------------------------------------------------------------------------------------------------------------

create function public.list_meters() returns table (kind public.usage_kind, meter_id text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query select m.kind, m.meter_id from private.meters m order by m.kind;
end;
$$;
comment on function public.list_meters() is 'The meters at Stripe, as last read.';

create function public.record_meters(p_meters jsonb) returns integer
language plpgsql
set search_path = ''
as $$
declare
  stored integer;
begin
  -- "on conflict" watches one unique key, and two processes that store a meter at once can meet in the other.
  perform pg_advisory_xact_lock(hashtextextended('meters', 0));
  delete from private.meters m
  where exists (
    select from jsonb_to_recordset(p_meters) as r (kind public.usage_kind, "meterId" text)
    where (r.kind = m.kind) <> (r."meterId" = m.meter_id));
  insert into private.meters as m (kind, meter_id, read_at)
  select r.kind, r."meterId", private.present()
  from jsonb_to_recordset(p_meters) as r (kind public.usage_kind, "meterId" text)
  on conflict (kind) do update set meter_id = excluded.meter_id, read_at = excluded.read_at;
  get diagnostics stored = row_count;
  return stored;
end;
$$;
comment on function public.record_meters(jsonb) is
  'Stores the meters as just read from Stripe ([{kind, meterId}]). Returns how many.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.pays_usage(public.subscriptions),
  private.plan_change_delay(),
  private.metering_began(private.own_subscriptions, timestamptz),
  private.metered_subscription(text),
  private.has_wrong_items(public.subscriptions),
  private.ask_for_metered_items(text, boolean),
  private.note_own_subscription(public.subscriptions, public.subscriptions),
  private.missed_boundaries(private.period, private.period),
  private.fill_missed_periods(private.billing_periods, public.subscriptions),
  private.end_billing_periods(text, timestamptz),
  private.cut_period(private.billing_periods, timestamptz),
  private.note_billing_period(public.subscriptions),
  private.note_payer(),
  private.awaited_payer(uuid, timestamptz),
  private.payer_at(uuid, timestamptz),
  private.payers_of(uuid, timestamptz, timestamptz),
  private.metered_kind(text, text),
  private.flat_prices(jsonb),
  private.lacks_metered_items(jsonb),
  private.note_metered_items(public.subscriptions, jsonb),
  private.metered_since(text, public.usage_kind, timestamptz),
  public.claim_unmetered_subscriptions(integer),
  public.unmetered_subscriptions(integer),
  public.needs_metered_items(text),
  public.next_stripe_read(),
  public.note_metering_problem(text, jsonb),
  public.begin_plan_change(uuid, text),
  public.list_meters(),
  public.record_meters(jsonb)
  from public, anon, authenticated;
grant execute on function
  private.pays_usage(public.subscriptions),
  private.plan_change_delay(),
  private.metering_began(private.own_subscriptions, timestamptz),
  private.metered_subscription(text),
  private.has_wrong_items(public.subscriptions),
  private.ask_for_metered_items(text, boolean),
  private.note_own_subscription(public.subscriptions, public.subscriptions),
  private.missed_boundaries(private.period, private.period),
  private.fill_missed_periods(private.billing_periods, public.subscriptions),
  private.end_billing_periods(text, timestamptz),
  private.cut_period(private.billing_periods, timestamptz),
  private.note_billing_period(public.subscriptions),
  private.awaited_payer(uuid, timestamptz),
  private.payer_at(uuid, timestamptz),
  private.payers_of(uuid, timestamptz, timestamptz),
  private.metered_kind(text, text),
  private.flat_prices(jsonb),
  private.lacks_metered_items(jsonb),
  private.note_metered_items(public.subscriptions, jsonb),
  private.metered_since(text, public.usage_kind, timestamptz),
  public.claim_unmetered_subscriptions(integer),
  public.unmetered_subscriptions(integer),
  public.needs_metered_items(text),
  public.next_stripe_read(),
  public.note_metering_problem(text, jsonb),
  public.begin_plan_change(uuid, text),
  public.list_meters(),
  public.record_meters(jsonb)
  to service_role;
