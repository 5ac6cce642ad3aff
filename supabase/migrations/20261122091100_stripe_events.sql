-- Stripe's side: one statement stores an event and enqueues its processing; the job then records what Stripe says now.

create function public.record_stripe_event(p_event_id text, p_type text, p_occurred_at timestamptz, p_payload jsonb) returns text
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

-- Tickets for reads of Stripe. Every change at Stripe makes an event, whose job draws its ticket after the change: so what
-- was read on the highest ticket is never older than the last change, whichever job comes to write first.
create sequence private.stripe_reads;
revoke all on sequence private.stripe_reads from public, anon, authenticated, service_role;
grant usage on sequence private.stripe_reads to service_role;

create function public.stripe_event(p_event_id text)
returns table (outcome text, type text, payload jsonb, ticket bigint)
language sql
set search_path = ''
as $$
  select case when e.processed_at is null then 'pending' else 'processed' end, e.type, e.payload, nextval('private.stripe_reads')
  from public.webhook_events e where e.provider = 'stripe' and e.event_id = p_event_id;
$$;
comment on function public.stripe_event(text) is 'The stored event, pending or processed, with the ticket for what is read from Stripe from now on. No row: never recorded.';

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
comment on function public.settle_stripe_event(text, text) is 'Marks an event processed with what was decided: settled or already.';

-- Linking a customer and recording a subscription of theirs must see each other: side by side, each would miss the other's row.
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
comment on function public.record_subscription(text, text, uuid, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, bigint) is
  'Stores a subscription as just read from Stripe and asks for convergence: recorded, unlinked while no user is known for it, or superseded by a later read.';

revoke execute on function
  public.record_stripe_event(text, text, timestamptz, jsonb), public.stripe_event(text), public.settle_stripe_event(text, text),
  public.link_stripe_customer(text, uuid),
  public.record_subscription(text, text, uuid, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, bigint),
  private.lock_stripe_customer(text)
  from public, anon, authenticated;
grant execute on function
  public.record_stripe_event(text, text, timestamptz, jsonb), public.stripe_event(text), public.settle_stripe_event(text, text),
  public.link_stripe_customer(text, uuid),
  public.record_subscription(text, text, uuid, text, text, text, timestamptz, timestamptz, timestamptz, timestamptz, bigint),
  private.lock_stripe_customer(text)
  to service_role;
