-- What a tenant is entitled to: the plans on sale, and each Stripe subscription as last read from Stripe.

-- Plans ---------------------------------------------------------------------------------------------------------------

create table public.plans (
  key text primary key,
  name text not null,
  rank integer not null,
  version integer not null default 1,
  superseded_at timestamptz,
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
  constraint plans_version_positive check (version > 0),
  constraint plans_limits_not_negative
    check (max_numbers >= 0 and daily_message_limit >= 0 and monthly_message_limit >= 0),
  constraint plans_spend_not_negative check (monthly_spend_limit >= 0 and segment_price >= 0),
  constraint plans_send_rate_positive check (messages_per_second > 0),
  -- array_to_string skips nulls, so they are refused on their own. An empty list is refused, as in messaging_settings.
  constraint plans_countries_iso check (array_position(allowed_countries, null) is null
    and array_to_string(allowed_countries, ' ') ~ '^([A-Z]{2}( [A-Z]{2})*)?$'),
  constraint plans_periods_not_negative check (past_due_grace >= '0' and retention >= '0')
);
comment on table public.plans is
  'Limits by plan. A Stripe price belongs to a plan by stripe_price_id, otherwise by lookup_key = key. A new version '
  'of a plan is a row of its own, as a new price at Stripe is: subscriptions keep the row they were sold under, so '
  'plan_key names the version that usage is priced by.';
comment on column public.plans.rank is
  'Orders the plans on sale: of two subscriptions, the one with the higher rank gives more.';
comment on column public.plans.version is 'Counts the versions of a plan that were sold under the same name.';
comment on column public.plans.superseded_at is
  'When a newer version replaced this one; null while it is on sale. Existing subscriptions keep a replaced version.';
-- Only plans on sale are compared, so a new version takes over the rank of the one it replaces.
create unique index plans_one_per_rank on public.plans (rank) where superseded_at is null;
comment on column public.plans.monthly_spend_limit is
  'The most that the messages of a month may cost, in the currency of the master account.';
comment on column public.plans.allowed_countries is
  'Countries that messages may go to (ISO 3166); null allows all, an empty list none. A list keeps out SMS pumping '
  'to expensive destinations.';
comment on column public.plans.messages_per_second is
  'The send rate of one tenant''s campaigns, over all their numbers.';
comment on column public.plans.past_due_grace is 'How long a past-due tenant keeps sending before suspension.';
comment on column public.plans.retention is
  'How long a canceled tenant''s subaccount stays suspended before it is closed for good.';

alter table public.plans enable row level security;
revoke all on public.plans from public, anon, authenticated, service_role;
grant select on public.plans to authenticated;
grant select, insert, update, delete on public.plans to service_role;
create policy "Anyone signed in reads the plans" on public.plans for select to authenticated using (true);

insert into public.plans (key, name, rank, max_numbers, daily_message_limit, monthly_message_limit,
  monthly_spend_limit) values
  ('fallback', 'Shared numbers of the master account', 0, 0, 20, 100, 5),
  ('free', 'Own subaccount without a subscription', 1, 1, 100, 500, 20),
  ('starter', 'Starter', 2, 1, 1000, 10000, 250),
  ('team', 'Team', 3, 5, 10000, 100000, 2500),
  ('scale', 'Scale', 4, 25, 100000, 1000000, 25000);
-- Operators widen the list plan by plan. The shared numbers reach their own country and Canada only.
update public.plans set allowed_countries =
  '{US,CA,PR,GB,IE,AU,NZ,DE,AT,CH,FR,BE,NL,LU,ES,PT,IT,DK,SE,NO,FI,IS,PL,CZ}';
update public.plans set allowed_countries = '{US,CA}' where key = 'fallback';
update public.plans set messages_per_second = 25 where key = 'team';
update public.plans set messages_per_second = 100 where key = 'scale';

-- Subscriptions -------------------------------------------------------------------------------------------------------

create type public.subscription_status as enum ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due',
  'canceled', 'unpaid', 'paused');
comment on type public.subscription_status is
  'A subscription''s status at Stripe. paused: also a running subscription whose collection is paused.';

create type public.subscription_origin as enum ('checkout', 'metadata', 'operator');
comment on type public.subscription_origin is
  'How a Stripe customer was linked to a user. checkout: the client_reference_id of a checkout, which its visitor can '
  'set. metadata: user_id in metadata, which only the holder of the Stripe key can set. operator: by an operator.';

create table public.subscriptions (
  id text primary key,
  -- No foreign key: financial rows survive their user, with this id as a pseudonym.
  user_id uuid,
  origin public.subscription_origin,
  stripe_customer_id text not null,
  plan_key text not null references public.plans (key),
  status public.subscription_status not null,
  past_due_since timestamptz,
  current_period_start timestamptz,
  current_period_end timestamptz,
  cancel_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- The number of the read from Stripe that this row holds: of two reads that overlap, the later one wins.
  read_number bigint not null default 0
);
comment on table public.subscriptions is
  'Stripe subscriptions as last read from Stripe. user_id is null until an event links the customer to a user, and '
  'stays when the user is deleted.';
comment on column public.subscriptions.origin is 'How the subscription was linked to its user; null until it is.';
comment on column public.subscriptions.current_period_start is
  'The start of the billing period of the first item: usage in a period goes on its invoice.';
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

create table private.stripe_customers (
  id text primary key,
  -- No foreign key: an invoice of a deleted user still belongs to a known customer.
  user_id uuid not null,
  origin public.subscription_origin,
  linked_at timestamptz not null default now()
);
comment on table private.stripe_customers is
  'The user behind each Stripe customer, from a checkout''s client_reference_id or from metadata.';
create index stripe_customers_by_user on private.stripe_customers (user_id);
alter table private.stripe_customers enable row level security;
revoke all on private.stripe_customers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.stripe_customers to service_role;

-- Entitlement ---------------------------------------------------------------------------------------------------------

create function private.wanted_by_subscription(p_status public.subscription_status, p_past_due_since timestamptz,
  p_ended_at timestamptz, p_grace interval, p_retention interval, p_at timestamptz) returns public.wanted_status
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when p_status in ('trialing', 'active') then 'active'
    when p_status = 'past_due' and p_at < p_past_due_since + p_grace then 'active'
    when p_status in ('past_due', 'paused', 'unpaid') then 'suspended'
    when p_status = 'canceled' and p_at < p_ended_at + p_retention then 'suspended'
    when p_status = 'canceled' then 'closed'
    else 'none' -- incomplete, incomplete_expired: never paid
  end;
end;
$$;
comment on function private.wanted_by_subscription(public.subscription_status, timestamptz, timestamptz, interval,
  interval, timestamptz) is 'The account status that one subscription entitles to at a moment.';

create function private.wanted_by_subscriptions(p_user_id uuid, p_at timestamptz) returns public.wanted_status
language plpgsql stable
set search_path = ''
as $$
begin
  -- The best of several subscriptions counts, and the enum's order ranks them: an old canceled one does not suspend a
  -- paid one. Those that were never paid do not count.
  return (
    select min(nullif(w.wanted, 'none'))
    from public.subscriptions s join public.plans p on p.key = s.plan_key
    cross join lateral (select private.wanted_by_subscription(s.status, coalesce(s.past_due_since, s.updated_at),
      coalesce(s.ended_at, s.updated_at), p.past_due_grace, p.retention, p_at) as wanted) w
    where s.user_id = p_user_id);
end;
$$;
comment on function private.wanted_by_subscriptions(uuid, timestamptz) is
  'The account status that a tenant''s subscriptions entitle to at a moment; null when none was ever paid.';

create function private.next_status_change(p_user_id uuid, p_at timestamptz default now()) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select min(w.ends_at)
    from public.subscriptions s join public.plans p on p.key = s.plan_key
    cross join lateral (select case s.status
      when 'past_due' then coalesce(s.past_due_since, s.updated_at) + p.past_due_grace
      when 'canceled' then coalesce(s.ended_at, s.updated_at) + p.retention end as ends_at) w
    where s.user_id = p_user_id and w.ends_at > p_at);
end;
$$;
comment on function private.next_status_change(uuid, timestamptz) is
  'When time alone may next change what a tenant''s subscriptions entitle to: the end of a grace or retention period. '
  'Null: never. Until then, wanted_by_subscriptions stays the same.';

create function private.wanted_subaccount(p_user_id uuid, p_at timestamptz default now()) returns public.wanted_status
language plpgsql stable
set search_path = ''
as $$
declare
  tenancy private.tenancies;
begin
  -- Read from auth itself: a token outlives its user, so a request may arrive after the deletion.
  if not private.user_exists(p_user_id) then
    return 'closed';
  end if;
  select * into tenancy from private.tenancies t where t.user_id = p_user_id;
  return coalesce(
    tenancy.operator_hold::text::public.wanted_status,
    private.wanted_by_subscriptions(p_user_id, p_at),
    case when tenancy.requested_at is not null then 'active' else 'none' end::public.wanted_status);
end;
$$;
comment on function private.wanted_subaccount(uuid, timestamptz) is
  'The status that a tenant''s subaccount should have. The order of precedence: the user''s deletion, an operator''s '
  'hold, subscriptions, the tenant''s own request.';

create function private.plan_of(p_user_id uuid) returns public.plans
language plpgsql stable
set search_path = ''
as $$
declare
  plan public.plans;
begin
  select p.* into plan
  from public.plans p
  where p.key = coalesce(
    (select s.plan_key from public.subscriptions s
      where s.user_id = p_user_id and s.status in ('trialing', 'active', 'past_due')
      order by s.created_at desc, s.id limit 1),
    'free');
  return plan;
end;
$$;
comment on function private.plan_of(uuid) is
  'The plan whose limits apply to a tenant with a subaccount. All columns are null when the plan was deleted.';

-- Webhook events ------------------------------------------------------------------------------------------------------

create type public.webhook_provider as enum ('stripe', 'twilio');
comment on type public.webhook_provider is 'The sender of a webhook.';

create type public.event_result as enum ('recorded', 'unlinked', 'superseded', 'ignored', 'nothing_to_record');
comment on type public.event_result is
  'What an event led to. recorded: subscriptions were stored. unlinked: one was stored without a user. superseded: a '
  'later read was stored before. ignored: the event is of a type that is not handled. nothing_to_record: its customer '
  'has no subscriptions.';

create table public.webhook_events (
  id uuid primary key default gen_random_uuid(),
  provider public.webhook_provider not null,
  event_id text not null,
  type text not null,
  payload jsonb,
  occurred_at timestamptz,
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  result public.event_result
);
comment on table public.webhook_events is
  'Verified webhooks, stored before they are acknowledged. One row per event, however often it is delivered.';
comment on column public.webhook_events.payload is
  'The event as it was delivered; null once it is purged. It may name a customer. The row stays, so that an event that '
  'comes again is known.';
comment on column public.webhook_events.result is 'What processing the event led to; null until it is processed.';

create unique index webhook_events_once on public.webhook_events (provider, event_id);
create index webhook_events_unprocessed on public.webhook_events (received_at) where processed_at is null;
create index webhook_events_expiring on public.webhook_events (processed_at) where payload is not null;

alter table public.webhook_events enable row level security;
revoke all on public.webhook_events from public, anon, authenticated, service_role;
grant select, insert, update on public.webhook_events to service_role;
create policy "Only the service reads webhook events" on public.webhook_events for select to service_role using (true);

create function private.purge_event_payloads(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  purged integer;
begin
  update public.webhook_events e set payload = null
  where e.id = any (array(
    select o.id from public.webhook_events o
    where o.payload is not null and o.processed_at <= now() - private.kept_for('event_payload')
    order by o.processed_at limit p_limit for update skip locked));
  get diagnostics purged = row_count;
  return purged;
end;
$$;
comment on function private.purge_event_payloads(integer) is
  'Deletes the payloads of up to p_limit events that were processed long enough ago, the oldest first. Returns how '
  'many.';

-- Stripe events -------------------------------------------------------------------------------------------------------

-- One statement stores an event and enqueues its job. The job then reads the subscription from Stripe and records it.

create type public.record_stripe_event_outcome as enum ('recorded', 'duplicate');
comment on type public.record_stripe_event_outcome is 'Whether an event was new.';

create function public.record_stripe_event(p_event_id text, p_type text, p_occurred_at timestamptz, p_payload jsonb)
  returns public.record_stripe_event_outcome
language plpgsql
set search_path = ''
as $$
begin
  insert into public.webhook_events (provider, event_id, type, occurred_at, payload)
  values ('stripe', p_event_id, p_type, p_occurred_at, p_payload)
  on conflict (provider, event_id) do nothing;
  if not found then
    return 'duplicate';
  end if;
  perform private.enqueue(jsonb_build_object('kind', 'stripe-event', 'eventId', p_event_id));
  return 'recorded';
end;
$$;
comment on function public.record_stripe_event(text, text, timestamptz, jsonb) is
  'Stores a verified event and enqueues its processing. After either outcome the event may be acknowledged.';

-- Numbers the reads from Stripe. Each change at Stripe makes an event, and its job takes a number after the change. So
-- the read with the highest number is never older than the last change, whichever job is the first to write.
create sequence private.stripe_reads;
revoke all on sequence private.stripe_reads from public, anon, authenticated, service_role;
grant usage on sequence private.stripe_reads to service_role;

create type public.begin_stripe_event_outcome as enum ('pending', 'processed', 'not_found');
comment on type public.begin_stripe_event_outcome is 'Whether an event is pending, was processed, or is unknown.';

create function public.begin_stripe_event(p_event_id text)
returns table (outcome public.begin_stripe_event_outcome, type text, payload jsonb, read_number bigint)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  event public.webhook_events;
begin
  select * into event from public.webhook_events e where e.provider = 'stripe' and e.event_id = p_event_id;
  if event.id is null then
    outcome := 'not_found';
  elsif event.processed_at is not null then
    outcome := 'processed';
  else
    outcome := 'pending';
    type := event.type;
    payload := event.payload;
    read_number := nextval('private.stripe_reads');
  end if;
  return next;
end;
$$;
comment on function public.begin_stripe_event(text) is
  'A stored event, with the number of the read from Stripe that follows.';

create type public.settle_stripe_event_outcome as enum ('settled', 'already');
comment on type public.settle_stripe_event_outcome is 'Whether an event was marked processed, or was so before.';

create function public.settle_stripe_event(p_event_id text, p_result public.event_result)
  returns public.settle_stripe_event_outcome
language plpgsql
set search_path = ''
as $$
begin
  update public.webhook_events set processed_at = now(), result = p_result
  where provider = 'stripe' and event_id = p_event_id and processed_at is null;
  return case when found then 'settled' else 'already' end;
end;
$$;
comment on function public.settle_stripe_event(text, public.event_result) is
  'Marks an event as processed, with its result.';

create function private.lock_stripe_customer(p_customer_id text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('stripe-customer:' || p_customer_id, 0));
end;
$$;
comment on function private.lock_stripe_customer(text) is
  'Until the end of the transaction no other links this customer or records a subscription of theirs: at the same '
  'time, neither would see the other''s row.';

create function private.link_customer(p_customer_id text, p_user_id uuid, p_origin public.subscription_origin)
returns private.stripe_customers
language plpgsql
set search_path = ''
as $$
declare
  link private.stripe_customers;
begin
  if private.user_exists(p_user_id) then
    insert into private.stripe_customers as c (id, user_id, origin) values (p_customer_id, p_user_id, p_origin)
    on conflict (id) do update set user_id = excluded.user_id, origin = excluded.origin, linked_at = now()
    -- The first link stays, unless its user was deleted.
    where not private.user_exists(c.user_id);
  end if;
  select * into link from private.stripe_customers c where c.id = p_customer_id;
  return link;
end;
$$;
comment on function private.link_customer(text, uuid, public.subscription_origin) is
  'Links a Stripe customer to an existing user when it is not linked yet. Returns the link; null without one. The '
  'caller holds lock_stripe_customer.';

create type public.link_stripe_customer_outcome as enum ('linked', 'unknown_user');
comment on type public.link_stripe_customer_outcome is 'Whether a customer is linked, or the user does not exist.';

create function public.link_stripe_customer(p_customer_id text, p_user_id uuid, p_origin public.subscription_origin)
  returns public.link_stripe_customer_outcome
language plpgsql
set search_path = ''
as $$
declare
  link private.stripe_customers;
begin
  if not private.user_exists(p_user_id) then
    return 'unknown_user';
  end if;
  perform private.lock_stripe_customer(p_customer_id);
  link := private.link_customer(p_customer_id, p_user_id, p_origin);
  -- Events may arrive before the checkout that names the user: their subscriptions get their user now.
  update public.subscriptions s set user_id = link.user_id, origin = link.origin
  where s.stripe_customer_id = p_customer_id and s.user_id is null;
  if found then
    perform private.ask_for_convergence(link.user_id);
  end if;
  return 'linked';
end;
$$;
comment on function public.link_stripe_customer(text, uuid, public.subscription_origin) is
  'Links a Stripe customer to a user, and the customer''s subscriptions with it. The first link stays.';

create function private.plan_for_price(p_price_id text, p_lookup_key text) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(
    (select p.key from public.plans p where p.stripe_price_id = p_price_id),
    (select p.key from public.plans p where p.key = p_lookup_key),
    'free');
end;
$$;
comment on function private.plan_for_price(text, text) is 'The key of the plan that a Stripe price belongs to.';

create type public.record_subscription_outcome as enum ('recorded', 'unlinked', 'superseded');
comment on type public.record_subscription_outcome is
  'Whether a subscription was stored. unlinked: stored, but no user is known for it. superseded: a later read was '
  'stored before.';

create function public.record_subscription(
  p_subscription_id text, p_customer_id text, p_user_id uuid, p_origin public.subscription_origin,
  p_status public.subscription_status, p_price_id text, p_lookup_key text, p_current_period_start timestamptz,
  p_current_period_end timestamptz, p_cancel_at timestamptz, p_ended_at timestamptz, p_created_at timestamptz,
  p_read_number bigint
) returns table (outcome public.record_subscription_outcome, user_id uuid)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  link private.stripe_customers;
begin
  perform private.lock_stripe_customer(p_customer_id);
  link := private.link_customer(p_customer_id, p_user_id, p_origin);
  insert into public.subscriptions as s (id, user_id, origin, stripe_customer_id, plan_key, status, past_due_since,
    current_period_start, current_period_end, cancel_at, ended_at, created_at, read_number)
  values (p_subscription_id, link.user_id, link.origin, p_customer_id,
    private.plan_for_price(p_price_id, p_lookup_key), p_status, case when p_status = 'past_due' then now() end,
    p_current_period_start, p_current_period_end, p_cancel_at, p_ended_at, p_created_at, p_read_number)
  on conflict (id) do update set
    user_id = coalesce(s.user_id, excluded.user_id),
    origin = case when s.user_id is null then excluded.origin else s.origin end,
    stripe_customer_id = excluded.stripe_customer_id,
    plan_key = excluded.plan_key,
    status = excluded.status,
    -- The grace period starts with the first day past due, not with the latest reminder.
    past_due_since = case when excluded.status = 'past_due' then coalesce(s.past_due_since, now()) end,
    current_period_start = excluded.current_period_start,
    current_period_end = excluded.current_period_end,
    cancel_at = excluded.cancel_at,
    ended_at = excluded.ended_at,
    read_number = excluded.read_number
  where s.read_number <= excluded.read_number
  returning s.user_id into user_id;
  if not found then
    select s.user_id into user_id from public.subscriptions s where s.id = p_subscription_id;
    outcome := 'superseded';
  elsif user_id is null then
    outcome := 'unlinked';
  else
    outcome := 'recorded';
    -- A deleted user's convergence was asked for by the deletion.
    if private.user_exists(user_id) then
      perform private.ask_for_convergence(user_id);
    end if;
  end if;
  return next;
end;
$$;
comment on function public.record_subscription(text, text, uuid, public.subscription_origin, public.subscription_status,
  text, text, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, bigint) is
  'Stores a subscription as just read from Stripe and asks for convergence. user_id is the tenant it belongs to.';

insert into private.schedules (name, job, every)
  values ('fetch-missed-events', '{"kind": "fetch-missed-events"}', '15 minutes');

-- Usage ---------------------------------------------------------------------------------------------------------------

create table public.twilio_usage (
  -- No foreign key: financial rows survive their user, with this id as a pseudonym.
  user_id uuid not null,
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
  'Usage of each subaccount by day and category, as Twilio counted it (IncludeSubaccounts=false), refreshed until '
  'Twilio stops changing it.';
create index twilio_usage_by_user on public.twilio_usage (user_id, day desc);

alter table public.twilio_usage enable row level security;
revoke all on public.twilio_usage from public, anon, authenticated, service_role;
grant select on public.twilio_usage to authenticated;
grant select, insert, update, delete on public.twilio_usage to service_role;
create policy "A tenant reads their own usage" on public.twilio_usage
  for select to authenticated using ((select auth.uid()) = user_id);

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.next_status_change(uuid, timestamptz),
  private.wanted_by_subscription(public.subscription_status, timestamptz, timestamptz, interval, interval,
    timestamptz),
  private.wanted_by_subscriptions(uuid, timestamptz),
  private.wanted_subaccount(uuid, timestamptz),
  private.plan_of(uuid),
  public.record_stripe_event(text, text, timestamptz, jsonb),
  private.purge_event_payloads(integer),
  public.begin_stripe_event(text),
  public.settle_stripe_event(text, public.event_result),
  private.lock_stripe_customer(text),
  private.link_customer(text, uuid, public.subscription_origin),
  public.link_stripe_customer(text, uuid, public.subscription_origin),
  private.plan_for_price(text, text),
  public.record_subscription(text, text, uuid, public.subscription_origin, public.subscription_status, text,
    text, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, bigint)
  from public, anon, authenticated;
grant execute on function
  private.next_status_change(uuid, timestamptz),
  private.wanted_by_subscription(public.subscription_status, timestamptz, timestamptz, interval, interval,
    timestamptz),
  private.wanted_by_subscriptions(uuid, timestamptz),
  private.wanted_subaccount(uuid, timestamptz),
  private.plan_of(uuid),
  public.record_stripe_event(text, text, timestamptz, jsonb),
  private.purge_event_payloads(integer),
  public.begin_stripe_event(text),
  public.settle_stripe_event(text, public.event_result),
  private.lock_stripe_customer(text),
  private.link_customer(text, uuid, public.subscription_origin),
  public.link_stripe_customer(text, uuid, public.subscription_origin),
  private.plan_for_price(text, text),
  public.record_subscription(text, text, uuid, public.subscription_origin, public.subscription_status, text,
    text, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, bigint)
  to service_role;
