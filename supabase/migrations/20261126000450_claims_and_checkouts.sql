-- How a tenant buys a subscription and makes it their own: claims of gifts, checkouts, and the billing portal.

-- Claims --------------------------------------------------------------------------------------------------------------

-- A tenant who bought through a Payment Link has a gift, because its visitor chose the client_reference_id. The tenant
-- may claim it: the gift must be theirs, and the Stripe customer's email must be the confirmed email of their user.

create function public.list_claimable_subscriptions(p_user_id uuid, p_subscription_id text, p_limit integer)
returns setof public.subscriptions
language sql stable
set search_path = ''
as $$
  select s.* from public.subscriptions s
  where s.user_id = p_user_id and s.origin in ('checkout', 'claim')
    and (p_subscription_id is null or s.id = p_subscription_id)
  order by s.created_at desc, s.id
  limit least(p_limit, 100);
$$;
comment on function public.list_claimable_subscriptions(uuid, text, integer) is
  'The gifts of a tenant and those that they claimed, newest first; only the one with this id if one is given.';

create function private.email_key(p_email text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return lower(p_email collate "C");
end;
$$;
comment on function private.email_key(text) is
  'An email address as two of them are compared: the case of the letters A to Z does not matter. Other letters are '
  'compared as they are, because the lower case of the Kelvin sign is the letter k.';

create function private.confirmed_email_of(p_user_id uuid) returns text
language plpgsql stable
security definer -- service_role may not read auth.users
set search_path = ''
as $$
begin
  return (
    select nullif(private.email_key(u.email), '') from auth.users u
    where u.id = p_user_id and u.email_confirmed_at is not null);
end;
$$;
comment on function private.confirmed_email_of(uuid) is
  'The email address of a user, as email_key compares it; null until Auth has confirmed it.';

create type public.claim_subscription_outcome as enum
  ('claimed', 'already', 'not_found', 'unconfirmed_email', 'other_email');
comment on type public.claim_subscription_outcome is
  'The answer to a claim. already: the tenant claimed it before. not_found: not a gift of this tenant. '
  'unconfirmed_email: the user has no confirmed email. other_email: the Stripe customer has another email, or none.';

create function public.claim_subscription(p_user_id uuid, p_subscription_id text, p_customer_id text,
  p_customer_email text, p_request_id text) returns public.claim_subscription_outcome
language plpgsql
set search_path = ''
as $$
declare
  email constant text := private.confirmed_email_of(p_user_id);
  stored public.subscriptions;
begin
  perform private.lock_stripe_customer(p_customer_id);
  select * into stored from public.subscriptions s
  where s.id = p_subscription_id and s.user_id = p_user_id and s.stripe_customer_id = p_customer_id for update;
  if stored.origin = 'claim' then
    return 'already';
  elsif stored.origin is distinct from 'checkout' then
    return 'not_found';
  elsif email is null then
    return 'unconfirmed_email';
  elsif email is distinct from private.email_key(p_customer_email) then
    return 'other_email';
  end if;
  update public.subscriptions s set origin = 'claim' where s.id = p_subscription_id;
  -- The customer is the tenant: later subscriptions are their own as well.
  update private.stripe_customers c set origin = 'claim'
  where c.id = p_customer_id and c.user_id = p_user_id and c.origin = 'checkout';
  perform private.ask_for_convergence(p_user_id);
  perform private.audit('user:' || p_user_id, 'subscription.claimed', p_user_id, null, p_request_id,
    jsonb_build_object('subscriptionId', p_subscription_id));
  return 'claimed';
end;
$$;
comment on function public.claim_subscription(uuid, text, text, text, text) is
  'A tenant claims a gift as their own subscription. p_customer_email: the email of its customer, as just read from '
  'Stripe. Nothing changes unless it is the confirmed email of the user.';

insert into private.schedules (name, job, every)
  values ('fetch-missed-events', '{"kind": "fetch-missed-events"}', '15 minutes');

-- Checkouts -----------------------------------------------------------------------------------------------------------

-- A tenant has at most one Checkout Session that can be paid. The same request again returns it; a request for another
-- plan expires it first. Each session is created in an attempt, whose id is part of the idempotency key at Stripe: a
-- request whose response was lost and a second click create the same session.

create table private.checkouts (
  user_id uuid primary key references auth.users (id) on delete cascade,
  attempt_id uuid not null default gen_random_uuid(),
  plan_key text not null,
  success_url text not null,
  cancel_url text not null,
  session_id text,
  replaced_session_id text,
  started_at timestamptz not null default now(),
  -- A session is created only after the one that it replaces was expired.
  constraint checkouts_one_session check (session_id is null or replaced_session_id is null)
);
comment on table private.checkouts is
  'The Checkout Session of each tenant. Its URL is read from Stripe when it is needed.';
comment on column private.checkouts.attempt_id is
  'Part of the idempotency key at Stripe. Another plan, other URLs, and a session that is over start another attempt.';
comment on column private.checkouts.session_id is 'Null until Stripe created the session.';
comment on column private.checkouts.replaced_session_id is
  'An earlier session that must be expired before this attempt creates its own.';
alter table private.checkouts enable row level security;
revoke all on private.checkouts from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.checkouts to service_role;

create function private.blocks_checkout(p_status public.subscription_status) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_status not in ('canceled', 'incomplete_expired');
end;
$$;
comment on function private.blocks_checkout(public.subscription_status) is
  'Whether a subscription of this status can still be paid or repaired. A second one beside it would be paid twice.';

create function private.billing_customer_of(p_user_id uuid) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  -- Not a customer of a Payment Link, which may be another person with their own card. Not a customer who also pays for
  -- another user: the portal shows and changes every subscription of its customer.
  return (
    select c.id from private.stripe_customers c
    where c.user_id = p_user_id and c.origin <> 'checkout' and c.deleted_at is null
      and not exists (
        select from public.subscriptions s where s.stripe_customer_id = c.id and s.user_id <> p_user_id)
    order by exists (
        select from public.subscriptions s
        where s.stripe_customer_id = c.id and private.blocks_checkout(s.status)) desc,
      c.linked_at desc, c.id
    limit 1);
end;
$$;
comment on function private.billing_customer_of(uuid) is
  'The Stripe customer that a tenant may use at the checkout and in the billing portal; null without one. Of several, '
  'one with a running subscription.';

create function private.checkout_for(
  p_user_id uuid, p_plan_key text, p_success_url text, p_cancel_url text, p_over_session_id text
) returns private.checkouts
language plpgsql
set search_path = ''
as $$
declare
  checkout private.checkouts;
begin
  insert into private.checkouts as c (user_id, plan_key, success_url, cancel_url)
  values (p_user_id, p_plan_key, p_success_url, p_cancel_url)
  on conflict (user_id) do update set
    attempt_id = excluded.attempt_id,
    plan_key = excluded.plan_key,
    success_url = excluded.success_url,
    cancel_url = excluded.cancel_url,
    session_id = null,
    replaced_session_id = coalesce(nullif(c.session_id, p_over_session_id), c.replaced_session_id),
    started_at = excluded.started_at
  where (c.plan_key, c.success_url, c.cancel_url)
      <> (excluded.plan_key, excluded.success_url, excluded.cancel_url)
    or c.session_id = p_over_session_id
    -- Stripe keeps idempotency keys for a day. A session of an older attempt was never handed out, and has expired.
    or c.session_id is null and c.started_at < now() - interval '23 hours'
  returning * into checkout;
  if not found then
    select * into checkout from private.checkouts c where c.user_id = p_user_id;
  end if;
  return checkout;
end;
$$;
comment on function private.checkout_for(uuid, text, text, text, text) is
  'The tenant''s checkout. The same request keeps its attempt; any other starts another.';

create type public.begin_checkout_outcome as enum
  ('create', 'open', 'subscription_exists', 'unknown_plan', 'not_for_sale', 'unknown_user', 'tenant_closed');
comment on type public.begin_checkout_outcome is
  'What to do for a checkout. create: a session in this attempt. open: the attempt has a session. subscription_exists: '
  'the tenant has a subscription of their own that is not over. not_for_sale: a replaced plan, or one without a price. '
  'tenant_closed: by an operator, so a subscription would give nothing.';

create function private.is_for_sale(p_plan public.plans) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_plan.key not in ('fallback', 'free') and p_plan.superseded_at is null;
end;
$$;
comment on function private.is_for_sale(public.plans) is 'Whether a plan is sold, as far as the database decides it.';

create function private.sale_refused(p_user_id uuid, p_plan_key text) returns public.begin_checkout_outcome
language plpgsql stable
set search_path = ''
as $$
declare
  plan public.plans;
begin
  select * into plan from public.plans p where p.key = p_plan_key;
  return case
    when not private.user_exists(p_user_id) then 'unknown_user'
    when exists (select from private.tenancies t where t.user_id = p_user_id and t.operator_hold = 'closed')
      then 'tenant_closed'
    when plan.key is null then 'unknown_plan'
    when not private.is_for_sale(plan) then 'not_for_sale' end;
end;
$$;
comment on function private.sale_refused(uuid, text) is
  'Why a plan cannot be sold to a tenant, at a checkout or in a change of plan; null if it can.';

create function public.begin_checkout(
  p_user_id uuid, p_plan_key text, p_success_url text, p_cancel_url text, p_over_session_id text
) returns table (outcome public.begin_checkout_outcome, attempt_id uuid, price_id text, customer_id text,
  customers bigint, session_id text, replaced_session_id text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  plan public.plans;
  checkout private.checkouts;
begin
  select * into plan from public.plans p where p.key = p_plan_key;
  customer_id := private.billing_customer_of(p_user_id);
  outcome := private.sale_refused(p_user_id, p_plan_key);
  if outcome is null and exists (
    select from public.subscriptions s
    where s.user_id = p_user_id and s.origin is distinct from 'checkout' and private.blocks_checkout(s.status)) then
    outcome := 'subscription_exists';
  end if;
  if outcome is null then
    checkout := private.checkout_for(p_user_id, p_plan_key, p_success_url, p_cancel_url, p_over_session_id);
    outcome := case when checkout.session_id is null then 'create' else 'open' end;
    attempt_id := checkout.attempt_id;
    price_id := plan.stripe_price_id;
    -- The count first: a customer that another request links in between is then found, and no second one is created.
    customers := (select count(*) from private.stripe_customers c where c.user_id = p_user_id);
    customer_id := private.billing_customer_of(p_user_id);
    session_id := checkout.session_id;
    replaced_session_id := checkout.replaced_session_id;
  end if;
  return next;
end;
$$;
comment on function public.begin_checkout(uuid, text, text, text, text) is
  'Decides on a tenant''s request for a checkout. p_over_session_id: a session that Stripe reported as over, which is '
  'not returned again. price_id is null for a plan whose price is found by its lookup key. customers counts the Stripe '
  'customers that were ever linked to the user. The URLs are part of the request: other URLs make another session.';

create type public.record_checkout_outcome as enum ('recorded', 'replaced');
comment on type public.record_checkout_outcome is
  'Whether a session belongs to the current attempt. replaced: another request replaced it, so it must be expired and '
  'its URL must not be handed out.';

create function public.record_checkout(p_user_id uuid, p_attempt_id uuid, p_session_id text)
  returns public.record_checkout_outcome
language plpgsql
set search_path = ''
as $$
begin
  update private.checkouts c set session_id = p_session_id, replaced_session_id = null
  where c.user_id = p_user_id and c.attempt_id = p_attempt_id and coalesce(c.session_id, p_session_id) = p_session_id;
  return case when found then 'recorded' else 'replaced' end;
end;
$$;
comment on function public.record_checkout(uuid, uuid, text) is 'Stores the session that Stripe created in an attempt.';

create type public.record_stripe_customer_outcome as enum ('recorded', 'unknown_user');
comment on type public.record_stripe_customer_outcome is 'Whether a tenant has a Stripe customer, or does not exist.';

create function public.record_stripe_customer(p_user_id uuid, p_customer_id text)
returns table (outcome public.record_stripe_customer_outcome, customer_id text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Two requests at the same time agree on one customer.
  perform from private.checkouts c where c.user_id = p_user_id for update;
  customer_id := private.billing_customer_of(p_user_id);
  if customer_id is null then
    perform private.lock_stripe_customer(p_customer_id);
    customer_id := (private.link_customer(p_customer_id, p_user_id, 'metadata')).id;
  end if;
  outcome := case when customer_id is null then 'unknown_user' else 'recorded' end;
  return next;
end;
$$;
comment on function public.record_stripe_customer(uuid, text) is
  'Links a customer that the service created for a tenant at Stripe. Returns the customer to use: the first one stays.';

create type public.forget_stripe_customer_outcome as enum ('forgotten', 'already');
comment on type public.forget_stripe_customer_outcome is 'Whether a customer was marked as deleted, or was so before.';

create function public.forget_stripe_customer(p_user_id uuid, p_customer_id text)
  returns public.forget_stripe_customer_outcome
language plpgsql
set search_path = ''
as $$
begin
  update private.stripe_customers c set deleted_at = now()
  where c.id = p_customer_id and c.user_id = p_user_id and c.deleted_at is null;
  return case when found then 'forgotten' else 'already' end;
end;
$$;
comment on function public.forget_stripe_customer(uuid, text) is
  'Marks a tenant''s customer as deleted at Stripe. The next checkout creates another.';

create type public.billing_customer_outcome as enum ('found', 'none');
comment on type public.billing_customer_outcome is 'Whether a tenant has a Stripe customer to manage.';

create function public.billing_customer(p_user_id uuid)
returns table (outcome public.billing_customer_outcome, customer_id text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  customer_id := private.billing_customer_of(p_user_id);
  outcome := case when customer_id is null then 'none' else 'found' end;
  return next;
end;
$$;
comment on function public.billing_customer(uuid) is
  'The Stripe customer of a tenant: private.billing_customer_of for the API.';

-- Prices --------------------------------------------------------------------------------------------------------------

-- Stripe decides what a plan costs. This is a copy for those who choose a plan.

create type public.price_interval as enum ('day', 'week', 'month', 'year');
comment on type public.price_interval is 'How often a price is charged, as Stripe names it.';

create table private.sale_prices (
  plan_key text primary key references public.plans on delete cascade,
  amount numeric,
  currency text,
  interval public.price_interval,
  interval_count integer,
  includes_taxes boolean,
  read_at timestamptz,
  asked_at timestamptz not null default now()
);
comment on table private.sale_prices is
  'The price of each plan for sale, as last read from Stripe, with nulls for a plan without a price that can be shown.';
comment on column private.sale_prices.amount is 'In the currency, not in its smallest unit.';
comment on column private.sale_prices.read_at is 'Null until Stripe has answered once.';
comment on column private.sale_prices.asked_at is 'When a request last began to read the price.';
alter table private.sale_prices enable row level security;
revoke all on private.sale_prices from public, anon, authenticated, service_role;
grant select, insert, update on private.sale_prices to service_role;

create type public.sale_price as (plan_key text, name text, stripe_price_id text, amount numeric, currency text,
  "interval" public.price_interval, interval_count integer, includes_taxes boolean, read_at timestamptz,
  is_due boolean);
comment on type public.sale_price is
  'A plan for sale and its price. is_due: the caller is to read it from Stripe. A copy of more than a day is as none: '
  'read_at is null then.';

create function public.list_sale_prices() returns setof public.sale_price
language plpgsql
set search_path = ''
as $$
declare
  claimed text[];
begin
  with asked as (
    insert into private.sale_prices as s (plan_key)
    select p.key from public.plans p
    where private.is_for_sale(p) and not exists (
      select from private.sale_prices known where known.plan_key = p.key
        and (known.read_at >= now() - interval '10 minutes' or known.asked_at >= now() - interval '20 seconds'))
    -- Of two requests at once, the second finds the mark of the first.
    on conflict (plan_key) do update set asked_at = excluded.asked_at where s.asked_at < now() - interval '20 seconds'
    returning s.plan_key)
  select coalesce(array_agg(a.plan_key), '{}') into claimed from asked a;
  return query
    select p.key, p.name, p.stripe_price_id, s.amount, s.currency, s.interval, s.interval_count, s.includes_taxes,
      s.read_at, p.key = any (claimed) or s.read_at is null
    from public.plans p
    left join private.sale_prices s on s.plan_key = p.key and s.read_at >= now() - interval '1 day'
    where private.is_for_sale(p)
    order by p.rank;
end;
$$;
comment on function public.list_sale_prices() is
  'The plans for sale with their prices, the smallest first. A copy is read again after ten minutes, by one request at '
  'a time; without a copy every request reads.';

create function public.record_sale_prices(p_prices jsonb) returns integer
language plpgsql
set search_path = ''
as $$
declare
  stored integer;
begin
  insert into private.sale_prices as s (plan_key, amount, currency, interval, interval_count, includes_taxes, read_at)
  select p.key, r.amount, r.currency, r.interval, r."intervalCount", r."includesTaxes", now()
  from jsonb_to_recordset(p_prices) as r (plan text, amount numeric, currency text, interval public.price_interval,
    "intervalCount" integer, "includesTaxes" boolean)
  join public.plans p on p.key = r.plan
  on conflict (plan_key) do update set amount = excluded.amount, currency = excluded.currency,
    interval = excluded.interval, interval_count = excluded.interval_count, includes_taxes = excluded.includes_taxes,
    read_at = excluded.read_at;
  get diagnostics stored = row_count;
  return stored;
end;
$$;
comment on function public.record_sale_prices(jsonb) is
  'Stores prices as just read from Stripe: [{plan, amount, currency, interval, intervalCount, includesTaxes}], with '
  'nulls for a plan without one. Returns how many.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.is_for_sale(public.plans),
  public.list_sale_prices(),
  public.record_sale_prices(jsonb),
  private.blocks_checkout(public.subscription_status),
  private.billing_customer_of(uuid),
  private.checkout_for(uuid, text, text, text, text),
  private.sale_refused(uuid, text),
  public.begin_checkout(uuid, text, text, text, text),
  public.record_checkout(uuid, uuid, text),
  public.record_stripe_customer(uuid, text),
  public.forget_stripe_customer(uuid, text),
  public.billing_customer(uuid),
  public.list_claimable_subscriptions(uuid, text, integer),
  private.email_key(text),
  private.confirmed_email_of(uuid),
  public.claim_subscription(uuid, text, text, text, text)
  from public, anon, authenticated;
grant execute on function
  private.is_for_sale(public.plans),
  public.list_sale_prices(),
  public.record_sale_prices(jsonb),
  private.blocks_checkout(public.subscription_status),
  private.billing_customer_of(uuid),
  private.checkout_for(uuid, text, text, text, text),
  private.sale_refused(uuid, text),
  public.begin_checkout(uuid, text, text, text, text),
  public.record_checkout(uuid, uuid, text),
  public.record_stripe_customer(uuid, text),
  public.forget_stripe_customer(uuid, text),
  public.billing_customer(uuid),
  public.list_claimable_subscriptions(uuid, text, integer),
  private.email_key(text),
  private.confirmed_email_of(uuid),
  public.claim_subscription(uuid, text, text, text, text)
  to service_role;
