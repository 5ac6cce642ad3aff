-- Events of webhooks, and what those of Stripe say about subscriptions.

-- Webhook events ------------------------------------------------------------------------------------------------------

create type public.webhook_provider as enum ('stripe', 'twilio');
comment on type public.webhook_provider is 'The sender of a webhook.';

create type public.event_result as enum ('recorded', 'unlinked', 'superseded', 'ignored', 'nothing_to_record',
  'requested');
comment on type public.event_result is
  'What an event led to. recorded: subscriptions were stored. unlinked: one was stored without a user. superseded: a '
  'later read was stored before. ignored: for the reason beside it. nothing_to_record: its customer has no '
  'subscriptions. requested: jobs of their own read what it is about.';

create type public.ignored_event_reason as enum (
  'type_not_handled', 'other_account', 'no_subscription', 'unknown_object', 'malformed');
comment on type public.ignored_event_reason is
  'Why an event is ignored, so that no retry follows. other_account: of a connected account. no_subscription: '
  'a checkout or an invoice of something else. unknown_object: Stripe does not know it for our key, because it is of '
  'another account or mode, or was deleted. malformed: without the documented shape.';

create table public.webhook_events (
  id uuid primary key default gen_random_uuid(),
  provider public.webhook_provider not null,
  event_id text not null,
  type text not null,
  payload jsonb,
  occurred_at timestamptz,
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  result public.event_result,
  ignored_because public.ignored_event_reason
);
comment on table public.webhook_events is
  'Verified webhooks, stored before they are acknowledged. One row per event, however often it is delivered.';
comment on column public.webhook_events.payload is
  'The event as it was delivered; null once it is purged. It may name a customer. The row stays, so that an event that '
  'comes again is known.';
comment on column public.webhook_events.result is 'What processing the event led to; null until it is processed.';
comment on column public.webhook_events.ignored_because is 'The reason of an ignored event; null for any other.';

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
  perform private.enqueue(jsonb_build_object('eventId', p_event_id,
    'kind', case when p_payload ->> 'object' = 'v2.core.event' then 'apply-thin-event' else 'stripe-event' end));
  return 'recorded';
end;
$$;
comment on function public.record_stripe_event(text, text, timestamptz, jsonb) is
  'Stores a verified event and enqueues its processing: that of a thin event, whose body has no data, is another. '
  'After either outcome the event may be acknowledged.';

create function public.list_unrecorded_events(p_event_ids text[]) returns table (event_id text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    select i from unnest(p_event_ids) i
    where not exists (select from public.webhook_events e where e.provider = 'stripe' and e.event_id = i);
end;
$$;
comment on function public.list_unrecorded_events(text[]) is
  'Of the ids of Stripe''s events, those that are not stored.';

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

create function public.settle_stripe_event(
  p_event_id text, p_result public.event_result, p_reason public.ignored_event_reason default null
)
  returns public.settle_stripe_event_outcome
language plpgsql
set search_path = ''
as $$
begin
  update public.webhook_events set processed_at = now(), result = p_result, ignored_because = p_reason
  where provider = 'stripe' and event_id = p_event_id and processed_at is null;
  return case when found then 'settled' else 'already' end;
end;
$$;
comment on function public.settle_stripe_event(text, public.event_result, public.ignored_event_reason) is
  'Marks an event as processed, with its result, and the reason of an ignored one.';

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
    -- The first link stays, unless its user was deleted, or only the visitor of a checkout named them.
    where not private.user_exists(c.user_id) or (c.origin = 'checkout' and excluded.origin <> 'checkout');
  end if;
  select * into link from private.stripe_customers c where c.id = p_customer_id;
  return link;
end;
$$;
comment on function private.link_customer(text, uuid, public.subscription_origin) is
  'Links a Stripe customer to an existing user when it is not linked yet, or only by a checkout''s visitor. Returns '
  'the link; null without one. The caller holds lock_stripe_customer.';

create function private.keep_existing_subaccount(p_user_id uuid, p_subscription_id text) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.tenancies as t (user_id, requested_by, requested_at)
  select p.user_id, 'existing', case when p.twilio_subaccount_status <> 'suspended' then now() end
  from public.user_preferences p
  where p.user_id = p_user_id and p.twilio_subaccount_sid is not null and p.twilio_subaccount_status <> 'closed'
    and not exists (select from public.subscriptions s where s.user_id = p_user_id and s.id <> p_subscription_id)
  on conflict (user_id) do update set requested_by = excluded.requested_by, requested_at = excluded.requested_at
  where t.requested_by is null;
end;
$$;
comment on function private.keep_existing_subaccount(uuid, text) is
  'Called when a tenant gets a gift. A subaccount that exists without a subscription or a request, such as one in a '
  'restored row, must have the same status after the gift, so its existence is recorded.';

create type public.link_stripe_customer_outcome as enum ('linked', 'unknown_user');
comment on type public.link_stripe_customer_outcome is 'Whether a customer is linked, or the user does not exist.';

create function public.link_stripe_customer(p_customer_id text, p_user_id uuid, p_origin public.subscription_origin)
  returns public.link_stripe_customer_outcome
language plpgsql
set search_path = ''
as $$
declare
  link private.stripe_customers;
  subscription_id text;
begin
  if not private.user_exists(p_user_id) then
    return 'unknown_user';
  end if;
  perform private.lock_stripe_customer(p_customer_id);
  link := private.link_customer(p_customer_id, p_user_id, p_origin);
  -- Events may arrive before the checkout that names the user: their subscriptions get their user now, unless their own
  -- metadata names another.
  for subscription_id in
    update public.subscriptions s set user_id = link.user_id, origin = link.origin
    where s.stripe_customer_id = p_customer_id and s.user_id is null and s.named_user_id is null
    returning s.id
  loop
    if link.origin = 'checkout' then
      perform private.keep_existing_subaccount(link.user_id, subscription_id);
    end if;
    perform private.ask_for_convergence(link.user_id);
  end loop;
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
    (select p.key from public.plans p where p.key = p_lookup_key));
end;
$$;
comment on function private.plan_for_price(text, text) is
  'The key of the plan that a Stripe price belongs to; null for an unknown price.';

create type private.priced_item as (
  plan_key text, price_id text, period_start timestamptz, period_end timestamptz
);
comment on type private.priced_item is
  'An item of a subscription: its price and billing period, with the plan of the price (null: unknown).';

create function private.best_item(p_prices jsonb) returns private.priced_item
language plpgsql stable
set search_path = ''
as $$
declare
  best private.priced_item;
begin
  select p.key, i.id, i.period_start, i.period_end into best
  from rows from (jsonb_to_recordset(p_prices)
    as (id text, "lookupKey" text, meter text, "periodStart" timestamptz, "periodEnd" timestamptz)) with ordinality
    as i (id, lookup_key, meter, period_start, period_end, position)
  cross join lateral (select private.metered_kind(i.meter, i.lookup_key) is not null) m (is_metered)
  left join public.plans p on not m.is_metered and p.key = private.plan_for_price(i.id, i.lookup_key)
  order by p.rank desc nulls last, m.is_metered, i.position
  limit 1;
  return best;
end;
$$;
comment on function private.best_item(jsonb) is
  'Of a subscription''s items ([{id, lookupKey, periodStart, periodEnd}], by their prices), the one with the best '
  'known plan; without a known price the first one, with a null plan_key. The items of our meters give no plan.';

create function private.settle_unknown_price(p_subscription_id text, p_prices jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  subject constant text := coalesce(p_prices -> 0 ->> 'id', p_subscription_id);
begin
  if not exists (
    select from public.subscriptions s
    where s.unknown_prices is not null and coalesce(s.unknown_prices -> 0 ->> 'id', s.id) = subject) then
    perform private.settle_alert('unknown_price', subject);
  end if;
end;
$$;
comment on function private.settle_unknown_price(text, jsonb) is
  'Closes the alert about a subscription''s unknown prices, unless another subscription has the same.';

create function private.lock_plan_prices(p_for_change boolean) returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_for_change then
    perform pg_advisory_xact_lock(hashtextextended('plan-prices', 0));
  else
    perform pg_advisory_xact_lock_shared(hashtextextended('plan-prices', 0));
  end if;
end;
$$;
comment on function private.lock_plan_prices(boolean) is
  'Until the end of the transaction no plan gets a price or, p_for_change, no subscription is recorded: at the same '
  'time, the subscription would not find the plan, and the plan not the subscription.';

create function private.begin_priced_plan() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.lock_plan_prices(true);
  return null;
end;
$$;
comment on function private.begin_priced_plan() is
  'Trigger: a plan is about to get a price. Before the row is locked, because recording a subscription locks its plan.';
create trigger price_changes before insert or update of stripe_price_id on public.plans
  for each statement execute function private.begin_priced_plan();

create function private.note_priced_plan() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  unpriced record;
  best private.priced_item;
begin
  for unpriced in
    select s.id, s.user_id, s.unknown_prices from public.subscriptions s
    where s.unknown_prices is not null order by s.id for update
  loop
    best := private.best_item(unpriced.unknown_prices);
    continue when best.plan_key is null;
    update public.subscriptions s set plan_key = best.plan_key, unknown_prices = null,
      current_period_start = best.period_start, current_period_end = best.period_end
    where s.id = unpriced.id;
    perform private.settle_unknown_price(unpriced.id, unpriced.unknown_prices);
    if private.user_exists(unpriced.user_id) then
      perform private.ask_for_convergence(unpriced.user_id);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.note_priced_plan() is
  'Trigger: a plan that gets a price, or is new, is applied to the subscriptions that were waiting for it.';
create trigger price_known_when_new after insert on public.plans
  for each row execute function private.note_priced_plan();
create trigger price_known_when_changed after update on public.plans
  for each row when (new.stripe_price_id is distinct from old.stripe_price_id)
  execute function private.note_priced_plan();

create type public.record_subscription_outcome as enum ('recorded', 'unlinked', 'superseded');
comment on type public.record_subscription_outcome is
  'Whether a subscription was stored. unlinked: stored, but no user is known for it. superseded: a later read was '
  'stored before.';

create function private.owner_named_by(p_named_user_id uuid, p_link private.stripe_customers)
returns table (user_id uuid, origin public.subscription_origin)
language plpgsql stable
set search_path = ''
as $$
begin
  if p_named_user_id is null then
    user_id := p_link.user_id;
    origin := p_link.origin;
  elsif private.user_exists(p_named_user_id) then
    user_id := p_named_user_id;
    origin := 'metadata';
  end if;
  return next;
end;
$$;
comment on function private.owner_named_by(uuid, private.stripe_customers) is
  'The user of a subscription: the one that its own metadata names, or that of its customer. With metadata that names '
  'an unknown user it has no user.';

create function private.note_recorded_subscription(p_before public.subscriptions, p_after public.subscriptions)
returns void
language plpgsql
set search_path = ''
as $$
declare
  affected uuid;
begin
  if p_after.origin = 'checkout' and p_before.user_id is null then
    perform private.keep_existing_subaccount(p_after.user_id, p_after.id);
  end if;
  -- A deleted user's convergence was asked for by the deletion.
  for affected in
    select distinct u from unnest(array[p_before.user_id, p_after.user_id]) u where private.user_exists(u) order by u
  loop
    perform private.ask_for_convergence(affected);
  end loop;
  if p_after.unknown_prices is not null then
    perform private.raise_alert('unknown_price', coalesce(p_after.unknown_prices -> 0 ->> 'id', p_after.id),
      p_after.user_id, jsonb_build_object('subscriptionId', p_after.id, 'keepsPlan', p_after.plan_key,
        'priceIds', jsonb_path_query_array(p_after.unknown_prices, '$[*].id')));
  end if;
  if p_before.unknown_prices is distinct from p_after.unknown_prices and p_before.unknown_prices is not null then
    perform private.settle_unknown_price(p_before.id, p_before.unknown_prices);
  end if;
end;
$$;
comment on function private.note_recorded_subscription(public.subscriptions, public.subscriptions) is
  'What a subscription that was just stored leads to: the convergence of its user and of the one it belonged to '
  'before, and an alert for prices that belong to no plan.';

create function public.record_subscription(
  p_subscription_id text, p_customer_id text, p_user_id uuid, p_origin public.subscription_origin,
  p_named_user_id uuid, p_status public.subscription_status, p_prices jsonb, p_first_payment_pending boolean,
  p_cancel_at timestamptz, p_ended_at timestamptz, p_created_at timestamptz, p_read_number bigint,
  p_currency text default null, p_trial_end timestamptz default null
) returns table (outcome public.record_subscription_outcome, user_id uuid)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  is_over constant boolean := p_status in ('canceled', 'incomplete_expired');
  best private.priced_item;
  owner record;
  before public.subscriptions;
  after public.subscriptions;
begin
  perform private.lock_stripe_customer(p_customer_id);
  perform private.lock_plan_prices(false);
  best := private.best_item(p_prices);
  select o.user_id, o.origin into owner from private.owner_named_by(p_named_user_id,
    private.link_customer(p_customer_id, coalesce(p_named_user_id, p_user_id),
      case when p_named_user_id is null then p_origin else 'metadata' end)) o;
  select * into before from public.subscriptions s where s.id = p_subscription_id for update;
  -- Two subscriptions of a tenant lock what is due of them in different orders, as different columns change.
  perform from private.tenancies t where t.user_id in (before.user_id, owner.user_id) order by t.user_id for update;
  insert into public.subscriptions as s (id, user_id, origin, named_user_id, stripe_customer_id, plan_key,
    unknown_prices, status, first_payment_pending, past_due_since, current_period_start, current_period_end, trial_end,
    currency, cancel_at, ended_at, created_at, read_number)
  values (p_subscription_id, owner.user_id, owner.origin, p_named_user_id, p_customer_id, best.plan_key,
    case when best.plan_key is null and not is_over then private.flat_prices(p_prices) end, p_status,
    coalesce(p_first_payment_pending, false), case when p_status = 'past_due' then now() end, best.period_start,
    best.period_end, p_trial_end, p_currency, p_cancel_at, p_ended_at, p_created_at, p_read_number)
  on conflict (id) do update set
    -- A known subscription keeps its user, unless its own metadata names another.
    user_id = case when p_named_user_id is null then coalesce(s.user_id, excluded.user_id)
      else coalesce(excluded.user_id, s.user_id) end,
    origin = case when p_named_user_id is null then coalesce(s.origin, excluded.origin)
      else coalesce(excluded.origin, s.origin) end,
    named_user_id = excluded.named_user_id,
    stripe_customer_id = excluded.stripe_customer_id,
    -- An unknown price takes no plan away.
    plan_key = coalesce(excluded.plan_key, s.plan_key),
    unknown_prices = excluded.unknown_prices,
    status = excluded.status,
    first_payment_pending = coalesce(p_first_payment_pending, s.first_payment_pending),
    -- The grace period starts with the first day past due, not with the latest reminder.
    past_due_since = case when excluded.status = 'past_due' then coalesce(s.past_due_since, now()) end,
    current_period_start = excluded.current_period_start,
    current_period_end = excluded.current_period_end,
    trial_end = excluded.trial_end,
    currency = coalesce(excluded.currency, s.currency),
    cancel_at = excluded.cancel_at,
    ended_at = excluded.ended_at,
    read_number = excluded.read_number
  where s.read_number <= excluded.read_number
  returning s.* into after;
  if after.id is null then
    outcome := 'superseded';
    user_id := before.user_id;
    return next;
    return;
  end if;
  outcome := case when after.user_id is null then 'unlinked' else 'recorded' end;
  user_id := after.user_id;
  perform private.note_metered_items(after, p_prices);
  perform private.note_recorded_subscription(before, after);
  return next;
end;
$$;
comment on function public.record_subscription(text, text, uuid, public.subscription_origin, uuid,
  public.subscription_status, jsonb, boolean, timestamptz, timestamptz, timestamptz, bigint, text, timestamptz) is
  'Stores a subscription as just read from Stripe and asks for convergence. p_user_id: the user that the event names. '
  'p_named_user_id: the user that the subscription''s own metadata names. p_prices: as best_item reads them. '
  'p_first_payment_pending: null when the latest invoice does not tell. user_id is the tenant it belongs to. Its '
  'metered items are stored as well (note_metered_items), and its payer and billing period (note_payer).';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  public.record_stripe_event(text, text, timestamptz, jsonb),
  public.list_unrecorded_events(text[]),
  private.purge_event_payloads(integer),
  public.begin_stripe_event(text),
  public.settle_stripe_event(text, public.event_result, public.ignored_event_reason),
  private.lock_stripe_customer(text),
  private.link_customer(text, uuid, public.subscription_origin),
  public.link_stripe_customer(text, uuid, public.subscription_origin),
  private.plan_for_price(text, text),
  private.keep_existing_subaccount(uuid, text),
  private.best_item(jsonb),
  private.settle_unknown_price(text, jsonb),
  private.lock_plan_prices(boolean),
  private.begin_priced_plan(),
  private.note_priced_plan(),
  private.owner_named_by(uuid, private.stripe_customers),
  private.note_recorded_subscription(public.subscriptions, public.subscriptions),
  public.record_subscription(text, text, uuid, public.subscription_origin, uuid, public.subscription_status, jsonb,
    boolean, timestamptz, timestamptz, timestamptz, bigint, text, timestamptz)
  from public, anon, authenticated;
grant execute on function
  public.record_stripe_event(text, text, timestamptz, jsonb),
  public.list_unrecorded_events(text[]),
  private.purge_event_payloads(integer),
  public.begin_stripe_event(text),
  public.settle_stripe_event(text, public.event_result, public.ignored_event_reason),
  private.lock_stripe_customer(text),
  private.link_customer(text, uuid, public.subscription_origin),
  public.link_stripe_customer(text, uuid, public.subscription_origin),
  private.plan_for_price(text, text),
  private.keep_existing_subaccount(uuid, text),
  private.best_item(jsonb),
  private.settle_unknown_price(text, jsonb),
  private.lock_plan_prices(boolean),
  private.owner_named_by(uuid, private.stripe_customers),
  private.note_recorded_subscription(public.subscriptions, public.subscriptions),
  public.record_subscription(text, text, uuid, public.subscription_origin, uuid, public.subscription_status, jsonb,
    boolean, timestamptz, timestamptz, timestamptz, bigint, text, timestamptz)
  to service_role;
