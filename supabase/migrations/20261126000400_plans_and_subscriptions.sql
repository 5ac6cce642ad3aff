-- What a tenant is entitled to: plans we sell, and the newest truth about each Stripe subscription.

-- Plans ---------------------------------------------------------------------------------------------------------------

create table public.plans (
  key text primary key,
  name text not null,
  stripe_price_id text unique,
  max_numbers integer not null,
  daily_message_limit integer not null,
  monthly_message_limit integer not null,
  monthly_spend_limit numeric(12, 2) not null default 1000,
  -- What a segment is taken to cost until Twilio tells its price.
  segment_price numeric(12, 5) not null default 0.01,
  allowed_countries text[],
  messages_per_second numeric(8, 3) not null default 10,
  past_due_grace interval not null default '7 days',
  retention interval not null default '30 days',
  constraint plans_limits_not_negative
    check (max_numbers >= 0 and daily_message_limit >= 0 and monthly_message_limit >= 0),
  constraint plans_spend_not_negative check (monthly_spend_limit >= 0 and segment_price >= 0),
  constraint plans_pace_positive check (messages_per_second > 0),
  constraint plans_countries_iso check (array_to_string(allowed_countries, ' ') ~ '^([A-Z]{2}( [A-Z]{2})*)?$'),
  constraint plans_periods_not_negative check (past_due_grace >= '0' and retention >= '0')
);
comment on table public.plans is
  'Limits by plan. A Stripe price belongs to a plan by stripe_price_id or, failing that, by lookup_key = key.';
comment on column public.plans.monthly_spend_limit is
  'What the messages of a month may cost, in the currency of the master account.';
comment on column public.plans.allowed_countries is
  'Where messages may go (ISO 3166). Null allows everywhere: a list keeps SMS pumping to expensive destinations out.';
comment on column public.plans.messages_per_second is
  'How fast the campaigns of one tenant go out, over all their numbers.';
comment on column public.plans.past_due_grace is 'How long a past-due tenant keeps sending before suspension.';
comment on column public.plans.retention is
  'How long a canceled tenant''s subaccount stays suspended before it is closed for good.';

alter table public.plans enable row level security;
revoke all on public.plans from public, anon, authenticated, service_role;
grant select on public.plans to authenticated;
grant select, insert, update, delete on public.plans to service_role;
create policy "Anyone signed in reads the plans" on public.plans for select to authenticated using (true);

insert into public.plans (key, name, max_numbers, daily_message_limit, monthly_message_limit,
  monthly_spend_limit) values
  ('fallback', 'Shared numbers of the master account', 0, 20, 100, 5),
  ('free', 'Own subaccount without a subscription', 1, 100, 500, 20),
  ('starter', 'Starter', 1, 1000, 10000, 250),
  ('team', 'Team', 5, 10000, 100000, 2500),
  ('scale', 'Scale', 25, 100000, 1000000, 25000);
-- Widened plan by plan, by those who know their customers. The shared numbers stay at home.
update public.plans set allowed_countries =
  '{US,CA,PR,GB,IE,AU,NZ,DE,AT,CH,FR,BE,NL,LU,ES,PT,IT,DK,SE,NO,FI,IS,PL,CZ}';
update public.plans set allowed_countries = '{US,CA}' where key = 'fallback';
update public.plans set messages_per_second = 25 where key = 'team';
update public.plans set messages_per_second = 100 where key = 'scale';

-- Subscriptions -------------------------------------------------------------------------------------------------------

create table public.subscriptions (
  id text primary key,
  user_id uuid references auth.users (id) on delete cascade,
  stripe_customer_id text not null,
  plan_key text not null references public.plans (key),
  status text not null,
  past_due_since timestamptz,
  current_period_end timestamptz,
  cancel_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- When it was read from Stripe, as a place in line: of two reads that overlap the later one counts.
  read_ticket bigint not null default 0,
  constraint subscriptions_status_known check (status in
    ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused'))
);
comment on table public.subscriptions is
  'Stripe subscriptions as last read from Stripe. user_id is null until an event links the customer to a user.';
create index subscriptions_by_user on public.subscriptions (user_id);
create index subscriptions_by_customer on public.subscriptions (stripe_customer_id);
create index subscriptions_by_plan on public.subscriptions (plan_key);
create trigger touch_updated_at before update on public.subscriptions
  for each row execute function private.touch_updated_at();

alter table public.subscriptions enable row level security;
revoke all on public.subscriptions from public, anon, authenticated, service_role;
grant select on public.subscriptions to authenticated;
grant select, insert, update, delete on public.subscriptions to service_role;
create policy "A tenant reads their own subscriptions" on public.subscriptions
  for select to authenticated using ((select auth.uid()) = user_id);

-- Which user a Stripe customer is. Learned from a checkout's client_reference_id or a subscription's metadata.
create table private.stripe_customers (
  id text primary key,
  user_id uuid not null references auth.users (id) on delete cascade,
  linked_at timestamptz not null default now()
);
create index stripe_customers_by_user on private.stripe_customers (user_id);
alter table private.stripe_customers enable row level security;
revoke all on private.stripe_customers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.stripe_customers to service_role;

-- Entitlement ---------------------------------------------------------------------------------------------------------

create function private.wanted_by_subscription(p_status text, p_past_due_since timestamptz, p_ended_at timestamptz,
  p_grace interval, p_retention interval, p_at timestamptz) returns text
language sql immutable
set search_path = ''
as $$
  select case
    when p_status in ('trialing', 'active') then 'active'
    when p_status = 'past_due' and p_at < p_past_due_since + p_grace then 'active'
    when p_status in ('past_due', 'paused', 'unpaid') then 'suspended'
    when p_status = 'canceled' and p_at < p_ended_at + p_retention then 'suspended'
    when p_status = 'canceled' then 'closed'
    else 'none' -- incomplete, incomplete_expired: never paid
  end;
$$;
comment on function private.wanted_by_subscription(text, timestamptz, timestamptz, interval, interval, timestamptz) is
  'What one subscription entitles to at a moment: active, suspended, closed or none.';

create function private.wanted_subaccount(p_user_id uuid, p_at timestamptz default now()) returns text
language sql stable
set search_path = ''
as $$
  select coalesce(
    -- Asked of auth itself: a token outlives its user, so a request may still come after the departure was noted (or
    -- was not, because there was nothing yet to note).
    case when not private.user_exists(p_user_id) then 'closed' end,
    (select t.operator_hold::text from private.tenancies t where t.user_id = p_user_id),
    -- The best of several subscriptions counts: an old canceled one must not take a paid one down.
    (select w.wanted
       from public.subscriptions s
       join public.plans p on p.key = s.plan_key
       cross join lateral (select private.wanted_by_subscription(
         s.status, coalesce(s.past_due_since, s.updated_at), coalesce(s.ended_at, s.updated_at), p.past_due_grace,
         p.retention, p_at) as wanted) w
       where s.user_id = p_user_id and w.wanted <> 'none'
       order by array_position(array['active', 'suspended', 'closed'], w.wanted)
       limit 1),
    (select 'active' from private.tenancies t where t.user_id = p_user_id and t.requested_at is not null),
    'none');
$$;
comment on function private.wanted_subaccount(uuid, timestamptz) is
  'What a tenant should have now: active, suspended, closed, or none (never entitled). Departure, then an '
  'operator''s hold, then subscriptions, then the tenant''s own request.';

create function private.plan_of(p_user_id uuid) returns public.plans
language sql stable
set search_path = ''
as $$
  select p.*
  from public.plans p
  where p.key = coalesce(
    (select s.plan_key from public.subscriptions s
      where s.user_id = p_user_id and s.status in ('trialing', 'active', 'past_due')
      order by s.created_at desc, s.id limit 1),
    'free');
$$;
comment on function private.plan_of(uuid) is 'The plan whose limits hold for a tenant with a subaccount.';

-- Webhook events ------------------------------------------------------------------------------------------------------

-- Every verified webhook, written before it is acknowledged.

create table public.webhook_events (
  id uuid primary key default gen_random_uuid(),
  provider text not null,
  event_id text not null,
  type text not null,
  payload jsonb not null,
  occurred_at timestamptz,
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  result text,
  constraint webhook_events_provider_known check (provider in ('stripe', 'twilio'))
);
comment on table public.webhook_events is
  'The ledger of verified webhooks: a 200 means the row is here. One row per event, however often it is delivered.';
comment on column public.webhook_events.result is 'What processing decided, in a word: applied, ignored, unlinked …';

create unique index webhook_events_once on public.webhook_events (provider, event_id);
create index webhook_events_unprocessed on public.webhook_events (received_at) where processed_at is null;

alter table public.webhook_events enable row level security;
revoke all on public.webhook_events from public, anon, authenticated, service_role;
grant select, insert, update on public.webhook_events to service_role;
create policy "Only the service reads webhook events" on public.webhook_events for select to service_role using (true);

-- Stripe events -------------------------------------------------------------------------------------------------------

-- Stripe's side: one statement stores an event and enqueues its processing; the job then records what Stripe says now.

create function public.record_stripe_event(p_event_id text, p_type text, p_occurred_at timestamptz, p_payload jsonb)
  returns text
language plpgsql
set search_path = ''
as $$
declare
  ledger_id uuid;
begin
  insert into public.webhook_events (provider, event_id, type, occurred_at, payload)
  values ('stripe', p_event_id, p_type, p_occurred_at, p_payload)
  on conflict (provider, event_id) do nothing
  returning id into ledger_id;
  if ledger_id is null then
    return 'duplicate';
  end if;
  perform private.enqueue(jsonb_build_object('kind', 'stripe-event', 'eventId', p_event_id));
  return 'recorded';
end;
$$;
comment on function public.record_stripe_event(text, text, timestamptz, jsonb) is
  'Stores a verified event and enqueues its processing, at once: recorded or duplicate. After either, a 200 is true.';

-- Tickets for reads of Stripe. Every change at Stripe makes an event, whose job draws its ticket after the change: so
-- what was read on the highest ticket is never older than the last change, whichever job comes to write first.
create sequence private.stripe_reads;
revoke all on sequence private.stripe_reads from public, anon, authenticated, service_role;
grant usage on sequence private.stripe_reads to service_role;

create function public.stripe_event(p_event_id text)
returns table (outcome text, type text, payload jsonb, ticket bigint)
language sql
set search_path = ''
as $$
  select case when e.processed_at is null then 'pending' else 'processed' end, e.type, e.payload,
    nextval('private.stripe_reads')
  from public.webhook_events e where e.provider = 'stripe' and e.event_id = p_event_id;
$$;
comment on function public.stripe_event(text) is
  'The stored event, pending or processed, with the ticket for what is read from Stripe from now on. No row: never '
  'recorded.';

create function public.settle_stripe_event(p_event_id text, p_result text) returns text
language plpgsql
set search_path = ''
as $$
begin
  update public.webhook_events set processed_at = now(), result = p_result
  where provider = 'stripe' and event_id = p_event_id and processed_at is null;
  return case when found then 'settled' else 'already' end;
end;
$$;
comment on function public.settle_stripe_event(text, text) is
  'Marks an event processed with what was decided: settled or already.';

-- Linking a customer and recording a subscription of theirs must see each other: side by side, each would miss the
-- other's row.
create function private.lock_stripe_customer(p_customer_id text) returns void
language sql
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('stripe-customer:' || p_customer_id, 0));
$$;

create function public.link_stripe_customer(p_customer_id text, p_user_id uuid) returns text
language plpgsql
set search_path = ''
as $$
begin
  if not private.user_exists(p_user_id) then
    return 'unknown_user';
  end if;
  perform private.lock_stripe_customer(p_customer_id);
  insert into private.stripe_customers (id, user_id) values (p_customer_id, p_user_id)
  on conflict (id) do nothing;
  -- Events may come before the checkout that names the user: their subscriptions find their owner now.
  update public.subscriptions s set user_id = c.user_id
  from private.stripe_customers c
  where c.id = p_customer_id and s.stripe_customer_id = c.id and s.user_id is null;
  if found then
    perform private.ask_for_convergence((select user_id from private.stripe_customers where id = p_customer_id));
  end if;
  return 'linked';
end;
$$;
comment on function public.link_stripe_customer(text, uuid) is
  'Learns which user a Stripe customer is; the first link stays. linked or unknown_user.';

create function public.record_subscription(
  p_subscription_id text, p_customer_id text, p_user_id uuid, p_status text, p_price_id text, p_lookup_key text,
  p_current_period_end timestamptz, p_cancel_at timestamptz, p_ended_at timestamptz, p_created_at timestamptz,
  p_ticket bigint
) returns table (outcome text, user_id uuid)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  owner uuid;
  plan text := coalesce(
    (select p.key from public.plans p where p.stripe_price_id = p_price_id),
    (select p.key from public.plans p where p.key = p_lookup_key),
    'free');
begin
  perform private.lock_stripe_customer(p_customer_id);
  owner := coalesce(
    (select c.user_id from private.stripe_customers c where c.id = p_customer_id),
    (select p_user_id where private.user_exists(p_user_id)));
  if owner is not null then
    insert into private.stripe_customers (id, user_id) values (p_customer_id, owner) on conflict (id) do nothing;
  end if;
  insert into public.subscriptions as s (id, user_id, stripe_customer_id, plan_key, status, past_due_since,
    current_period_end, cancel_at, ended_at, created_at, read_ticket)
  values (p_subscription_id, owner, p_customer_id, plan, p_status, case when p_status = 'past_due' then now() end,
    p_current_period_end, p_cancel_at, p_ended_at, p_created_at, p_ticket)
  on conflict (id) do update set
    user_id = coalesce(s.user_id, excluded.user_id),
    stripe_customer_id = excluded.stripe_customer_id,
    plan_key = excluded.plan_key,
    status = excluded.status,
    -- The grace period runs from the first day past due, not from the latest reminder of it.
    past_due_since = case when excluded.status = 'past_due' then coalesce(s.past_due_since, now()) end,
    current_period_end = excluded.current_period_end,
    cancel_at = excluded.cancel_at,
    ended_at = excluded.ended_at,
    read_ticket = excluded.read_ticket
  where s.read_ticket <= excluded.read_ticket
  returning s.user_id into owner;
  if not found then
    return query select 'superseded', s.user_id from public.subscriptions s where s.id = p_subscription_id;
  elsif owner is null then
    return query select 'unlinked', null::uuid;
  else
    perform private.ask_for_convergence(owner);
    return query select 'recorded', owner;
  end if;
end;
$$;
comment on function public.record_subscription(text, text, uuid, text, text, text, timestamptz, timestamptz,
  timestamptz, timestamptz, bigint) is
  'Stores a subscription as just read from Stripe and asks for convergence: recorded, unlinked while no user is '
  'known for it, or superseded by a later read.';

insert into private.schedules (name, job, every)
  values ('fetch-missed-events', '{"kind": "fetch-missed-events"}', '15 minutes');

-- Usage ---------------------------------------------------------------------------------------------------------------

-- What each tenant used, per day and category, as Twilio counted it.

create table public.twilio_usage (
  user_id uuid not null references auth.users (id) on delete cascade,
  account_sid text not null,
  day date not null,
  category text not null,
  count numeric(20, 6) not null,
  usage numeric(20, 6) not null,
  price numeric(20, 6) not null,
  price_unit text not null,
  refreshed_at timestamptz not null default now(),
  primary key (account_sid, day, category)
);
comment on table public.twilio_usage is
  'Daily usage records of each subaccount (IncludeSubaccounts=false), refreshed until Twilio stops changing them.';
create index twilio_usage_by_user on public.twilio_usage (user_id, day desc);

alter table public.twilio_usage enable row level security;
revoke all on public.twilio_usage from public, anon, authenticated, service_role;
grant select on public.twilio_usage to authenticated;
grant select, insert, update, delete on public.twilio_usage to service_role;
create policy "A tenant reads their own usage" on public.twilio_usage
  for select to authenticated using ((select auth.uid()) = user_id);

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.wanted_by_subscription(text, timestamptz, timestamptz, interval, interval, timestamptz),
  private.wanted_subaccount(uuid, timestamptz),
  private.plan_of(uuid),
  public.record_stripe_event(text, text, timestamptz, jsonb),
  public.stripe_event(text),
  public.settle_stripe_event(text, text),
  private.lock_stripe_customer(text),
  public.link_stripe_customer(text, uuid),
  public.record_subscription(text, text, uuid, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz,
    bigint)
  from public, anon, authenticated;
grant execute on function
  private.wanted_by_subscription(text, timestamptz, timestamptz, interval, interval, timestamptz),
  private.wanted_subaccount(uuid, timestamptz),
  private.plan_of(uuid),
  public.record_stripe_event(text, text, timestamptz, jsonb),
  public.stripe_event(text),
  public.settle_stripe_event(text, text),
  private.lock_stripe_customer(text),
  public.link_stripe_customer(text, uuid),
  public.record_subscription(text, text, uuid, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz,
    bigint)
  to service_role;
