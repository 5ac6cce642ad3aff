-- Cancellations of subscriptions, by the tenant or an operator.

-- A job carries a cancellation out. It reads what was last requested before and after it writes to Stripe, so that of
-- several requests the last one has the last word.

create type public.cancellation_time as enum ('now', 'period_end', 'never');
comment on type public.cancellation_time is
  'When a subscription is to end. period_end: the paid period runs out first. never: a cancellation that was scheduled '
  'is undone.';

create table private.cancellations (
  subscription_id text primary key,
  ends public.cancellation_time not null,
  prorate boolean not null,
  operator_id uuid,
  number bigint not null default 1,
  requested_at timestamptz not null default private.present(),
  began_at timestamptz,
  canceling_at timestamptz,
  carried_out_at timestamptz
);
comment on table private.cancellations is 'When each subscription is to end, as last requested.';
comment on column private.cancellations.prorate is
  'Whether a subscription that ends now gives back what was paid for the rest of the period.';
comment on column private.cancellations.operator_id is 'The operator who requested it; null for the tenant.';
comment on column private.cancellations.number is 'Grows with each request.';
comment on column private.cancellations.began_at is
  'When a job first looked at the request, which may be days later. From then on it waits for usage.';
comment on column private.cancellations.canceling_at is
  'When the first call that cancels now was about to begin. Its answer may be lost, so nothing is sent into the period '
  'until the request is carried out. Null then, so that a later request can send all usage first.';
alter table private.cancellations enable row level security;
revoke all on private.cancellations from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.cancellations to service_role;

create function private.cancelable_subscription(p_subscription_id text, p_user_id uuid) returns public.subscriptions
language plpgsql stable
set search_path = ''
as $$
declare
  subscription public.subscriptions;
begin
  if p_user_id is null then
    select * into subscription from public.subscriptions s where s.id = p_subscription_id;
  else
    -- Not a gift: another person pays for it.
    select s.* into subscription from public.subscriptions s left join public.plans p on p.key = s.plan_key
    where s.user_id = p_user_id and s.origin is distinct from 'checkout'
      and (p_subscription_id is null or s.id = p_subscription_id)
    order by private.blocks_checkout(s.status) desc, p.rank desc nulls last, s.created_at desc, s.id limit 1;
  end if;
  return subscription;
end;
$$;
comment on function private.cancelable_subscription(text, uuid) is
  'The subscription that a request to cancel means: for an operator (p_user_id null) any, for a tenant one of their '
  'own. Without an id, the one that continues and has the best plan.';

create type public.cancellation_request as enum
  ('accepted', 'already_over', 'unknown_subscription', 'decided_by_operator');
comment on type public.cancellation_request is
  'Whether a job changes when a subscription ends. already_over: nothing is left to cancel. decided_by_operator: an '
  'operator canceled it, and a tenant cannot change that.';

create function public.request_cancellation(p_subscription_id text, p_user_id uuid, p_operator_id uuid,
  p_ends public.cancellation_time, p_prorate boolean, p_request_id text, p_reason text)
returns table (outcome public.cancellation_request, subscription_id text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  subscription constant public.subscriptions := private.cancelable_subscription(p_subscription_id, p_user_id);
begin
  subscription_id := subscription.id;
  outcome := case
    when subscription.id is null then 'unknown_subscription'
    when subscription.status in ('canceled', 'incomplete_expired') then 'already_over'
    else 'accepted' end;
  if outcome = 'accepted' then
    insert into private.cancellations as c (subscription_id, ends, prorate, operator_id)
    values (subscription.id, p_ends, p_prorate, p_operator_id)
    on conflict (subscription_id) do update set ends = excluded.ends, prorate = excluded.prorate,
      operator_id = excluded.operator_id, number = c.number + 1, requested_at = excluded.requested_at,
      began_at = null, carried_out_at = null
    where excluded.operator_id is not null or c.operator_id is null or c.ends = 'never';
    if not found then
      outcome := 'decided_by_operator';
    end if;
  end if;
  if outcome = 'accepted' then
    perform private.enqueue(jsonb_build_object('kind', 'cancel-subscription', 'subscriptionId', subscription.id));
    perform private.audit(coalesce('operator:' || p_operator_id, 'user:' || p_user_id),
      'subscription.cancellation_requested', subscription.user_id, null, p_request_id, jsonb_strip_nulls(
        jsonb_build_object('subscriptionId', subscription.id, 'ends', p_ends,
          'prorate', case when p_prorate then true end, 'reason', p_reason)));
  end if;
  return next;
end;
$$;
comment on function public.request_cancellation(text, uuid, uuid, public.cancellation_time, boolean, text, text) is
  'A tenant (p_user_id) or an operator (p_operator_id) changes when a subscription ends. A job does it at Stripe; the '
  'event that Stripe sends then changes the stored subscription. For a tenant the id may be null.';

create type public.begin_cancellation_outcome as enum ('carry_out', 'nothing');
comment on type public.begin_cancellation_outcome is
  'What a job has to do for a cancellation. nothing: the last request was carried out.';

create function public.begin_cancellation(p_subscription_id text)
returns table (outcome public.begin_cancellation_outcome, ends public.cancellation_time, prorate boolean,
  number bigint, customer_id text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  update private.cancellations c set began_at = private.present()
  where c.subscription_id = p_subscription_id and c.carried_out_at is null and c.began_at is null;
  select 'carry_out', c.ends, c.prorate, c.number, s.stripe_customer_id
  into outcome, ends, prorate, number, customer_id
  from private.cancellations c join public.subscriptions s on s.id = c.subscription_id
  where c.subscription_id = p_subscription_id and c.carried_out_at is null;
  outcome := coalesce(outcome, 'nothing');
  return next;
end;
$$;
comment on function public.begin_cancellation(text) is
  'What was last requested for a subscription.';

create type public.lease_cancellation_outcome as enum ('leased', 'later');
comment on type public.lease_cancellation_outcome is
  'leased: cancel now, and record it. later: usage is to be sent or counted first.';

create function public.lease_cancellation(p_subscription_id text, p_is_flushed boolean, p_lease_seconds integer)
returns table (outcome public.lease_cancellation_outcome, fence bigint, seconds integer)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  present constant timestamptz := private.present();
  may_wait constant boolean := (select present < coalesce(c.began_at, present) + interval '15 minutes'
    from private.cancellations c where c.subscription_id = p_subscription_id);
  customer private.billing_customers;
  counted_at timestamptz;
begin
  select b.* into customer from private.billing_customers b
  join public.subscriptions s on s.stripe_customer_id = b.stripe_customer_id
  where s.id = p_subscription_id for update of b;
  -- Stripe counts an event some minutes after it has taken it. A last invoice that is made before lacks it.
  counted_at := (select max(r.accepted_at) + interval '5 minutes' from private.billing_rows r
    where r.stripe_customer_id = customer.stripe_customer_id and r.state = 'accepted' and r.units <> 0
      and r.billed_start >= present - interval '400 days');
  seconds := case
    when not may_wait or customer.stripe_customer_id is null then 0
    when not p_is_flushed then 60
    when counted_at > present then ceil(extract(epoch from counted_at - present))
    when customer.leased_until > present then 3
    else 0 end;
  outcome := case when seconds > 0 then 'later' else 'leased' end;
  if outcome = 'leased' then
    fence := private.take_billing_lease(customer.stripe_customer_id, p_lease_seconds);
    update private.cancellations c set canceling_at = coalesce(c.canceling_at, present)
    where c.subscription_id = p_subscription_id;
  end if;
  return next;
end;
$$;
comment on function public.lease_cancellation(text, boolean, integer) is
  'Takes the lease of the customer for the cancellation of a subscription, so that nothing is sent meanwhile. It waits '
  'until the usage that was sent is counted, and for usage that cannot be sent, but at most 15 minutes. What is left '
  'then is billed as later usage. fence is null for a customer without usage.';

create type public.settle_cancellation_outcome as enum ('settled', 'superseded');
comment on type public.settle_cancellation_outcome is
  'Whether a cancellation was carried out. superseded: another one was requested meanwhile, and is to be carried out.';

create function public.settle_cancellation(p_subscription_id text, p_number bigint)
  returns public.settle_cancellation_outcome
language plpgsql
set search_path = ''
as $$
begin
  update private.cancellations c set carried_out_at = coalesce(c.carried_out_at, private.present()), canceling_at = null
  where c.subscription_id = p_subscription_id and c.number = p_number;
  return case when found then 'settled' else 'superseded' end;
end;
$$;
comment on function public.settle_cancellation(text, bigint) is
  'A job wrote to Stripe what request p_number asked for.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.cancelable_subscription(text, uuid),
  public.request_cancellation(text, uuid, uuid, public.cancellation_time, boolean, text, text),
  public.begin_cancellation(text),
  public.lease_cancellation(text, boolean, integer),
  public.settle_cancellation(text, bigint)
  from public, anon, authenticated;
grant execute on function
  private.cancelable_subscription(text, uuid),
  public.request_cancellation(text, uuid, uuid, public.cancellation_time, boolean, text, text),
  public.begin_cancellation(text),
  public.lease_cancellation(text, boolean, integer),
  public.settle_cancellation(text, bigint)
  to service_role;
