-- The end of subscriptions: cancellations, the final bill of a subscription that is over, and corrections of bills of
-- tenants who have left.

-- Cancellations -------------------------------------------------------------------------------------------------------

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
  carried_out_at timestamptz
);
comment on table private.cancellations is 'When each subscription is to end, as last requested.';
comment on column private.cancellations.prorate is
  'Whether a subscription that ends now gives back what was paid for the rest of the period.';
comment on column private.cancellations.operator_id is 'The operator who requested it; null for the tenant.';
comment on column private.cancellations.number is 'Grows with each request.';
comment on column private.cancellations.began_at is
  'When a job first looked at the request, which may be days later. From then on it waits for usage.';
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
  update private.cancellations c set carried_out_at = coalesce(c.carried_out_at, private.present())
  where c.subscription_id = p_subscription_id and c.number = p_number;
  return case when found then 'settled' else 'superseded' end;
end;
$$;
comment on function public.settle_cancellation(text, bigint) is
  'A job wrote to Stripe what request p_number asked for.';

-- Final bills ---------------------------------------------------------------------------------------------------------

-- What Stripe does when a subscription ends is not certain: a cancellation in the dashboard bills no usage by default,
-- and the last draft may wait forever. So every end of an own subscription is looked at, wherever it was asked for.
-- Its books are closed, drafts are finalised, the invoices are read, and units that no invoice bills become rows again.
-- Those and what is rated later are billed by an invoice of its own, given back by a credit note, or lost by name.

create type private.credit_method as enum ('refund', 'balance', 'outside');
comment on type private.credit_method is
  'How a credit on a paid invoice reaches a tenant who has left. refund: to their means of payment. balance: to their '
  'balance at Stripe, which only another invoice uses. outside: the operator pays it in another way.';

create table private.final_bill_settings (
  currency text primary key,
  minimum numeric(20, 4) not null default 1,
  credit_method private.credit_method not null default 'refund',
  constraint final_bill_settings_currency_code check (currency ~ '^[a-z]{3}$'),
  constraint final_bill_settings_minimum_positive check (minimum > 0)
);
comment on table private.final_bill_settings is
  'For each currency, from what amount on usage of a tenant who has left is billed by an invoice of its own or given '
  'back at once. 1 and refund in a currency without a row.';
alter table private.final_bill_settings enable row level security;
revoke all on private.final_bill_settings from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.final_bill_settings to service_role;

create table private.final_bills (
  subscription_id text primary key,
  -- No foreign keys: financial rows survive their user.
  user_id uuid not null,
  stripe_customer_id text not null,
  ended_at timestamptz not null,
  is_flushed boolean not null default false,
  compared_at timestamptz,
  settled_at timestamptz,
  due_at timestamptz
);
comment on table private.final_bills is 'The own subscriptions that have ended, and how far their billing has come.';
comment on column private.final_bills.is_flushed is
  'Whether all usage was rated and sent before the end. Otherwise its books stay open for two days, as those of any '
  'period.';
comment on column private.final_bills.compared_at is
  'When its last invoices were read and final, and what none of them bills had become rows again.';
comment on column private.final_bills.settled_at is
  'When nothing was left to bill or to give back, and the time for late usage was over.';
comment on column private.final_bills.due_at is 'When it is to be looked at again.';
create index final_bills_due on private.final_bills (due_at) where due_at is not null;
create index final_bills_by_customer on private.final_bills (stripe_customer_id);
alter table private.final_bills enable row level security;
revoke all on private.final_bills from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.final_bills to service_role;

create table private.final_charges (
  id uuid primary key default private.new_id(),
  user_id uuid not null,
  stripe_customer_id text not null,
  subscription_id text not null,
  currency text not null,
  units bigint not null,
  items jsonb not null,
  credit_method private.credit_method,
  tries integer not null default 0,
  documents jsonb not null default '[]',
  billed bigint,
  rounding bigint,
  began_at timestamptz not null default private.present(),
  done_at timestamptz
);
comment on table private.final_charges is
  'What is billed to, or given back to, a customer who has left: an invoice of its own, or credit notes. Its rows are '
  'written before the first call to Stripe, and name it.';
comment on column private.final_charges.units is 'The sum of its rows: positive for an invoice, negative for a credit.';
comment on column private.final_charges.items is 'The sums by kind: [{kind, units}].';
comment on column private.final_charges.documents is
  'What Stripe has made of it: [{type, id, invoiceId, amount}], the amounts without tax in the smallest unit of the '
  'currency.';
comment on column private.final_charges.billed is 'The sum of the amounts of its documents, negative for a credit.';
comment on column private.final_charges.rounding is
  'What Stripe bills more than the units, in units: it rounds each line to the smallest unit of the currency.';
create index final_charges_by_customer on private.final_charges (stripe_customer_id);
create unique index final_charges_one_open on private.final_charges (stripe_customer_id) where done_at is null;
alter table private.final_charges enable row level security;
revoke all on private.final_charges from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.final_charges to service_role;

alter table private.billing_rows add column final_charge_id uuid references private.final_charges (id);
comment on column private.billing_rows.final_charge_id is
  'The invoice of its own, or the credit, that it is part of. Set in states invoiced and credited.';
create index billing_rows_by_final_charge on private.billing_rows (final_charge_id) where final_charge_id is not null;

-- Times and amounts ---------------------------------------------------------------------------------------------------

create function private.final_bill_window() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '35 days';
end;
$$;
comment on function private.final_bill_window() is
  'How long after the end of a subscription small amounts are collected: Twilio bills days later, and changes prices.';

create function private.units_of_minor(p_currency text) returns integer
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when p_currency in ('bif', 'clp', 'djf', 'gnf', 'jpy', 'kmf', 'krw', 'mga', 'pyg', 'rwf', 'vnd', 'vuv',
      'xaf', 'xof', 'xpf') then 10000
    when p_currency in ('bhd', 'jod', 'kwd', 'omr', 'tnd') then 10
    else 100 end;
end;
$$;
comment on function private.units_of_minor(text) is
  'How many units, ten-thousandths of the currency, the smallest unit has in which Stripe counts the currency. ISK and '
  'UGX have no decimals, and Stripe counts hundredths of them. decimalsOf in meters.ts says the same.';

create function private.minor_step(p_currency text) returns integer
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when p_currency in ('isk', 'ugx') then 100 when private.units_of_minor(p_currency) = 10 then 10
    else 1 end;
end;
$$;
comment on function private.minor_step(text) is
  'The least that Stripe moves of a currency, in the smallest unit in which it counts it.';

create function private.minor_of_credit(p_units bigint, p_currency text) returns bigint
language plpgsql immutable
set search_path = ''
as $$
declare
  step constant integer := private.minor_step(p_currency);
begin
  return floor(abs(p_units)::numeric / (private.units_of_minor(p_currency) * step) + 0.5) * step;
end;
$$;
comment on function private.minor_of_credit(bigint, text) is
  'The amount of a credit in the smallest unit of the currency, rounded half up.';

create function private.final_bill_setting(p_currency text) returns private.final_bill_settings
language plpgsql stable
set search_path = ''
as $$
declare
  setting private.final_bill_settings;
begin
  select * into setting from private.final_bill_settings s where s.currency = p_currency;
  if not found then
    setting := (p_currency, 1, 'refund')::private.final_bill_settings;
  end if;
  return setting;
end;
$$;
comment on function private.final_bill_setting(text) is 'The settings of a currency, or the default ones.';

-- Noticing ------------------------------------------------------------------------------------------------------------

create function private.note_end_of_subscription() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.lock_billing_customer(new.stripe_customer_id);
  insert into private.final_bills as f (subscription_id, user_id, stripe_customer_id, ended_at, due_at)
  values (new.id, new.user_id, new.stripe_customer_id, new.ended_at, new.ended_at + interval '2 hours')
  on conflict (subscription_id) do nothing;
  return null;
end;
$$;
comment on function private.note_end_of_subscription() is
  'Trigger: a tenant''s own subscription is over, wherever it was canceled. Stripe has made its last invoice some time '
  'later, if it makes one.';
create trigger final_bill_when_new after insert on public.subscriptions for each row
  when (new.status = 'canceled' and new.ended_at is not null and new.user_id is not null
    and new.origin is distinct from 'checkout')
  execute function private.note_end_of_subscription();
create trigger final_bill_when_ended after update on public.subscriptions for each row
  when (new.status = 'canceled' and new.ended_at is not null and new.user_id is not null
    and new.origin is distinct from 'checkout'
    and (new.status, new.ended_at, new.user_id, new.origin)
      is distinct from (old.status, old.ended_at, old.user_id, old.origin))
  execute function private.note_end_of_subscription();

create function private.note_late_usage() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update private.final_bills f set due_at = least(coalesce(f.due_at, 'infinity'), private.present())
  where f.subscription_id = new.subscription_id and f.compared_at is not null;
  return null;
end;
$$;
comment on function private.note_late_usage() is
  'Trigger: a row of a subscription whose last invoice is final waits to be billed.';
create trigger final_bill_when_late after insert on private.billing_rows for each row
  when (new.state = 'pending' and new.subscription_id is not null) execute function private.note_late_usage();
create trigger final_bill_when_returned after update on private.billing_rows for each row
  when (new.state = 'pending' and old.state <> 'pending' and new.subscription_id is not null)
  execute function private.note_late_usage();

create function public.ask_for_final_bills(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  due_id text;
  asked integer := 0;
begin
  for due_id in
    update private.final_bills f set due_at = private.present() + interval '1 hour'
    where f.subscription_id in (select d.subscription_id from private.final_bills d
      where d.due_at <= private.present() order by d.due_at limit p_limit for update skip locked)
    returning f.subscription_id
  loop
    perform private.enqueue(jsonb_build_object('kind', 'settle-final-bill', 'subscriptionId', due_id));
    asked := asked + 1;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_final_bills(integer) is
  'Enqueues the final bills that are due, and returns their number. One whose job is lost is due again after an hour.';

insert into private.schedules (name, job, every) values
  ('settle-final-bills', '{"kind": "settle-final-bills"}', '1 minute');

create type public.record_cancellation_outcome as enum ('recorded', 'not_own');
comment on type public.record_cancellation_outcome is
  'Whether the end of a subscription leads to a final bill. not_own: it is a gift, or has no tenant.';

create function public.record_cancellation(p_subscription_id text, p_ended_at timestamptz, p_is_flushed boolean,
  p_fence bigint) returns public.record_cancellation_outcome
language plpgsql
set search_path = ''
as $$
begin
  perform private.lock_billing_customer(s.stripe_customer_id) from public.subscriptions s
  where s.id = p_subscription_id;
  update private.billing_customers c set leased_until = null
  from public.subscriptions s
  where s.id = p_subscription_id and c.stripe_customer_id = s.stripe_customer_id and c.fence = p_fence;
  -- Nothing is sent into the period from now on, although the event of the end is still to come.
  perform private.end_billing_periods(p_subscription_id, p_ended_at);
  insert into private.final_bills as f (subscription_id, user_id, stripe_customer_id, ended_at, is_flushed, due_at)
  select s.id, s.user_id, s.stripe_customer_id, p_ended_at, p_is_flushed, private.present()
  from public.subscriptions s
  where s.id = p_subscription_id and s.user_id is not null and s.origin is distinct from 'checkout'
  on conflict (subscription_id) do update set is_flushed = f.is_flushed or excluded.is_flushed,
    due_at = case when f.settled_at is null then excluded.due_at else f.due_at end;
  if not found then
    return 'not_own';
  end if;
  perform private.enqueue(jsonb_build_object('kind', 'settle-final-bill', 'subscriptionId', p_subscription_id));
  return 'recorded';
end;
$$;
comment on function public.record_cancellation(text, timestamptz, boolean, bigint) is
  'A job canceled a subscription now. p_is_flushed: all usage was sent before, so the last invoice need not wait. '
  'p_fence: of the lease that lease_cancellation took, which is given back.';

-- Comparing -----------------------------------------------------------------------------------------------------------

create function private.reopen_unbilled(p_bill private.final_bills, p_period private.billing_periods,
  p_kind public.usage_kind) returns void
language plpgsql
set search_path = ''
as $$
declare
  unbilled constant bigint :=
    private.accepted_units(p_bill.stripe_customer_id, p_kind, p_period.starts_at, p_bill.subscription_id);
  sent private.billing_rows;
begin
  if unbilled > 0 then
    select * into sent from private.billing_rows r
    where r.stripe_customer_id = p_bill.stripe_customer_id and r.kind = p_kind
      and r.billed_start = p_period.starts_at and r.state = 'accepted'
      and coalesce(r.billed_subscription_id, r.subscription_id) = p_bill.subscription_id
    order by r.number desc limit 1;
    insert into private.billing_rows (user_id, kind, day, unit, reason, subscription_id, stripe_customer_id,
      period_start, period_end, exchange_rate, currency, units)
    values (sent.user_id, p_kind, private.utc_day(p_period.ends_at - interval '1 microsecond'), sent.unit, 'unbilled',
      p_bill.subscription_id, p_bill.stripe_customer_id, p_period.starts_at, p_period.ends_at, sent.exchange_rate,
      sent.currency, unbilled);
  end if;
  -- What Stripe has counted does not matter any more, nor what of it is missing.
  update private.meter_days d set closed_at = private.present(), missing = null, missing_since = null
  where d.stripe_customer_id = p_bill.stripe_customer_id and d.kind = p_kind
    and d.billed_start = p_period.starts_at and d.closed_at is null
    and not exists (select from private.billing_rows r
      where r.stripe_customer_id = p_bill.stripe_customer_id and r.kind = p_kind
        and r.billed_start = p_period.starts_at and r.state = 'accepted'
        and r.billed_subscription_id <> p_bill.subscription_id);
end;
$$;
comment on function private.reopen_unbilled(private.final_bills, private.billing_periods, public.usage_kind) is
  'Stripe ended a subscription without an invoice for a period: what it had accepted becomes one row again.';

create function private.periods_without_invoice(p_bill private.final_bills) returns setof private.billing_periods
language plpgsql stable
set search_path = ''
as $$
begin
  -- Invoices of earlier periods were compared while the subscription ran.
  return query select b.* from private.billing_periods b
    where b.subscription_id = p_bill.subscription_id and not b.is_trial
      and b.ends_at > p_bill.ended_at - interval '40 days'
      and not exists (select from private.stripe_invoices i
        where i.subscription_id = b.subscription_id and i.period_start = b.starts_at and private.is_final(i));
end;
$$;
comment on function private.periods_without_invoice(private.final_bills) is
  'The last billing periods of a subscription that no final invoice bills. The comparison has those with an invoice.';

create type public.record_final_reading_outcome as enum ('compared', 'already', 'not_final');
comment on type public.record_final_reading_outcome is
  'Whether the last invoices of a subscription that is over are known. not_final: one of them is a draft. Drafts of a '
  'customer who was deleted stay drafts, and bill nothing.';

create function public.record_final_reading(p_subscription_id text) returns public.record_final_reading_outcome
language plpgsql
set search_path = ''
as $$
declare
  bill private.final_bills;
  period private.billing_periods;
  kind public.usage_kind;
begin
  perform private.lock_billing_customer(f.stripe_customer_id) from private.final_bills f
  where f.subscription_id = p_subscription_id;
  select * into bill from private.final_bills f where f.subscription_id = p_subscription_id for update;
  if bill.compared_at is not null then
    return 'already';
  elsif not private.is_customer_gone(bill.stripe_customer_id) and exists (select from private.stripe_invoices i
    where i.subscription_id = p_subscription_id and i.status = 'draft')
  then
    return 'not_final';
  end if;
  for period in select * from private.periods_without_invoice(bill) loop
    foreach kind in array enum_range(null::public.usage_kind) loop
      perform private.reopen_unbilled(bill, period, kind);
    end loop;
  end loop;
  update private.final_bills f set compared_at = private.present(), due_at = private.present()
  where f.subscription_id = p_subscription_id;
  return 'compared';
end;
$$;
comment on function public.record_final_reading(text) is
  'The last invoices of a subscription that is over were read just now. What was accepted in a period without one is '
  'billed as later usage.';

-- Deciding ------------------------------------------------------------------------------------------------------------

create function private.goes_on(p_customer_id text, p_currency text) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  period private.billing_periods;
begin
  for period in
    select * from private.billing_periods b
    where b.stripe_customer_id = p_customer_id and b.currency = p_currency
      and b.starts_at <= private.present() and private.present() < b.ends_at
  loop
    if private.sending_ends_at(period) > private.present() then
      return true;
    end if;
  end loop;
  return false;
end;
$$;
comment on function private.goes_on(text, text) is
  'Whether a customer has a billing period into which usage and credits can still be sent. They have not left then.';

create function private.late_rows(p_customer_id text) returns setof private.billing_rows
language plpgsql stable
set search_path = ''
as $$
begin
  return query select r.* from private.billing_rows r
    join private.final_bills f on f.subscription_id = r.subscription_id and f.compared_at is not null
    where r.stripe_customer_id = p_customer_id and r.state = 'pending';
end;
$$;
comment on function private.late_rows(text) is
  'What was found for a customer after the last invoice of its subscription, and waits to be billed.';

create function private.begin_final_charge(p_bill private.final_bills, p_currency text) returns private.final_charges
language plpgsql
set search_path = ''
as $$
declare
  charge private.final_charges;
begin
  insert into private.final_charges (user_id, stripe_customer_id, subscription_id, currency, units, items,
    credit_method)
  select p_bill.user_id, p_bill.stripe_customer_id, p_bill.subscription_id, p_currency, sum(k.units),
    jsonb_agg(jsonb_build_object('kind', k.kind, 'units', k.units) order by k.kind),
    case when sum(k.units) < 0 then (private.final_bill_setting(p_currency)).credit_method end
  from (
    select r.kind, sum(r.units) as units from private.late_rows(p_bill.stripe_customer_id) r
    where r.currency = p_currency group by r.kind) k
  returning * into charge;
  update private.billing_rows r
  set state = case when charge.units > 0 then 'invoiced'::private.billing_state else 'credited' end,
    final_charge_id = charge.id, retry_at = null
  where r.id in (select l.id from private.late_rows(p_bill.stripe_customer_id) l where l.currency = p_currency);
  return charge;
end;
$$;
comment on function private.begin_final_charge(private.final_bills, text) is
  'Writes which rows an own invoice or a credit has, before anything is written to Stripe.';

create function private.decide_late_usage(p_bill private.final_bills, p_currency text, p_is_last boolean)
returns private.final_charges
language plpgsql
set search_path = ''
as $$
declare
  minimum constant numeric := (private.final_bill_setting(p_currency)).minimum * 10000;
  total constant bigint := coalesce((
    select sum(r.units) from private.late_rows(p_bill.stripe_customer_id) r where r.currency = p_currency), 0);
begin
  if private.goes_on(p_bill.stripe_customer_id, p_currency) then
    perform private.set_metering_due(p_bill.stripe_customer_id, private.present());
  elsif abs(total) >= minimum
    or (p_is_last and total < 0 and private.minor_of_credit(total, p_currency) > 0)
  then
    return private.begin_final_charge(p_bill, p_currency);
  elsif p_is_last then
    update private.billing_rows r set state = 'lost', retry_at = null,
      loss_reason = case r.reason when 'usage' then 'too_small'::private.loss_reason else 'not_invoiced' end
    where r.id in (select l.id from private.late_rows(p_bill.stripe_customer_id) l where l.currency = p_currency);
  end if;
  return null;
end;
$$;
comment on function private.decide_late_usage(private.final_bills, text, boolean) is
  'What becomes of usage after the last invoice: an own invoice or a credit from the minimum on. p_is_last: no more is '
  'expected, so a smaller credit is given as well, and smaller usage is lost. All columns are null without a charge.';

create function private.close_books_of(p_bill private.final_bills) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  -- The job that closes books rates and sends the last usage first. It has some hours for that.
  if p_bill.is_flushed or private.present() >= p_bill.ended_at + interval '54 hours' then
    perform public.close_books(p_bill.subscription_id);
  end if;
  return not exists (select from private.billing_periods b
      where b.subscription_id = p_bill.subscription_id and b.books_closed_at is null)
    and not exists (select from private.billing_rows r
      where r.stripe_customer_id = p_bill.stripe_customer_id and r.state = 'sending'
        and r.billed_subscription_id = p_bill.subscription_id);
end;
$$;
comment on function private.close_books_of(private.final_bills) is
  'Whether nothing more is sent for a subscription that is over, and nothing of it is in flight.';

create type public.final_bill_step as enum ('none', 'wait', 'read', 'invoice', 'credit');
comment on type public.final_bill_step is
  'What a job does next for a subscription that is over. read: finalise its drafts and read its invoices. invoice: '
  'bill a charge by an invoice of its own. credit: give a charge back by credit notes. wait: nothing before it is due '
  'again.';

create function private.next_step_of_bill(p_bill private.final_bills, out step public.final_bill_step,
  out charge private.final_charges, out due_at timestamptz)
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  window_ends constant timestamptz := private.final_bill_window() + (
    select max(f.ended_at) from private.final_bills f where f.stripe_customer_id = p_bill.stripe_customer_id);
  price_currency text;
begin
  step := 'wait';
  select * into charge from private.final_charges c
  where c.stripe_customer_id = p_bill.stripe_customer_id and c.done_at is null;
  if charge.id is null and p_bill.compared_at is null then
    if (p_bill.is_flushed or present >= p_bill.ended_at + interval '2 hours') and private.close_books_of(p_bill) then
      step := 'read';
    end if;
    due_at := greatest(p_bill.ended_at + interval '2 hours',
      present + case when step = 'read' then interval '30 minutes' else interval '2 hours' end);
    if p_bill.is_flushed then
      due_at := present + interval '10 minutes';
    end if;
    return;
  end if;
  for price_currency in
    select distinct l.currency from private.late_rows(p_bill.stripe_customer_id) l order by 1
  loop
    exit when charge.id is not null;
    charge := private.decide_late_usage(p_bill, price_currency, present >= window_ends);
  end loop;
  if charge.id is not null then
    step := case when charge.units > 0 then 'invoice' else 'credit' end;
    due_at := present + interval '1 hour';
  elsif present < window_ends then
    due_at := window_ends;
  end if;
end;
$$;
comment on function private.next_step_of_bill(private.final_bills) is
  'An unfinished charge comes first, then the comparison with the invoices, then the decision on late usage. due_at: '
  'when to look again; null when the time for late usage is over.';

create function public.begin_final_bill(p_subscription_id text)
returns table (outcome public.final_bill_step, customer_id text, ended_at timestamptz, is_flushed boolean,
  charge jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  bill private.final_bills;
  next_step record;
begin
  select * into bill from private.final_bills f where f.subscription_id = p_subscription_id;
  -- All bills of a customer, and the sending of its usage, one after the other.
  perform from private.billing_customers c where c.stripe_customer_id = bill.stripe_customer_id for update;
  select * into bill from private.final_bills f where f.subscription_id = p_subscription_id for update;
  outcome := 'none';
  if bill.subscription_id is not null then
    select * into next_step from private.next_step_of_bill(bill);
    outcome := next_step.step;
    customer_id := bill.stripe_customer_id;
    ended_at := bill.ended_at;
    is_flushed := bill.is_flushed;
    update private.final_bills f set due_at = next_step.due_at,
      settled_at = case when next_step.due_at is null then coalesce(f.settled_at, private.present()) end
    where f.subscription_id = p_subscription_id;
    if outcome in ('invoice', 'credit') then
      update private.final_charges c set tries = c.tries + 1 where c.id = (next_step.charge).id;
      charge := private.charge_to_make(next_step.charge);
    end if;
  end if;
  return next;
end;
$$;
comment on function public.begin_final_bill(text) is
  'What to do next for a subscription that is over, and when it is due again. charge: see private.charge_to_make.';

create function private.charge_to_make(p_charge private.final_charges) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return jsonb_build_object('id', p_charge.id, 'currency', p_charge.currency, 'items', p_charge.items,
    'subscriptionId', p_charge.subscription_id, 'isRepeated', p_charge.tries > 0,
    'beganAt', private.iso(p_charge.began_at), 'method', p_charge.credit_method,
    'amount', private.minor_of_credit(p_charge.units, p_charge.currency));
end;
$$;
comment on function private.charge_to_make(private.final_charges) is
  'A charge as a job bills it or gives it back. amount: of a credit, in the smallest unit of the currency. isRepeated: '
  'an earlier try may have had effects.';

-- Settling ------------------------------------------------------------------------------------------------------------

create function private.owe_credit(p_charge private.final_charges, p_units bigint) returns void
language plpgsql
set search_path = ''
as $$
declare
  each private.billing_rows;
  remaining bigint := p_units;
begin
  for each in
    select * from private.billing_rows r where r.final_charge_id = p_charge.id and r.units < 0 order by r.number desc
  loop
    exit when remaining <= 0;
    if -each.units > remaining then
      -- The part that is given back stays, and the rest is a row of its own.
      each := private.split_row(each, each.units + remaining);
      select * into each from private.billing_rows r
      where r.user_id = each.user_id and r.kind = each.kind and r.state = 'pending' and r.units = -remaining
      order by r.number desc limit 1;
    end if;
    remaining := remaining + each.units;
    update private.billing_rows r set state = 'lost', loss_reason = 'credit_owed', final_charge_id = p_charge.id
    where r.id = each.id;
  end loop;
  perform private.raise_alert('credit_owed', p_charge.id::text, p_charge.user_id, jsonb_build_object(
    'customerId', p_charge.stripe_customer_id, 'subscriptionId', p_charge.subscription_id,
    'currency', p_charge.currency, 'units', p_units));
end;
$$;
comment on function private.owe_credit(private.final_charges, bigint) is
  'A credit of this many units fits on no invoice: it is lost by name, and the operator learns what is owed.';

create type public.settle_final_charge_outcome as enum ('settled', 'already');
comment on type public.settle_final_charge_outcome is 'Whether a charge was settled now, or before.';

create function public.settle_final_charge(p_charge_id uuid, p_documents jsonb, p_is_customer_gone boolean)
  returns public.settle_final_charge_outcome
language plpgsql
set search_path = ''
as $$
declare
  charge private.final_charges;
  minor_sum bigint;
  size integer;
begin
  perform private.lock_billing_customer(c.stripe_customer_id) from private.final_charges c where c.id = p_charge_id;
  select * into charge from private.final_charges c where c.id = p_charge_id for update;
  if charge.id is null or charge.done_at is not null then
    return 'already';
  end if;
  size := private.units_of_minor(charge.currency);
  minor_sum := coalesce((select sum((d ->> 'amount')::bigint) from jsonb_array_elements(p_documents) d), 0);
  if p_is_customer_gone and minor_sum = 0 then
    update private.billing_rows r set state = 'lost', loss_reason = 'customer_gone' where r.final_charge_id = charge.id;
    perform private.tell_of_lost_customer(charge.stripe_customer_id);
  elsif charge.units < 0 and minor_sum < private.minor_of_credit(charge.units, charge.currency) then
    perform private.owe_credit(charge, -charge.units - minor_sum * size);
  end if;
  update private.final_charges c set documents = p_documents, done_at = private.present(),
    billed = minor_sum * sign(charge.units),
    rounding = minor_sum * size * sign(charge.units) - coalesce((
      select sum(r.units) from private.billing_rows r
      where r.final_charge_id = charge.id and r.state in ('invoiced', 'credited')), 0)
  where c.id = charge.id;
  update private.final_bills f set due_at = private.present()
  where f.stripe_customer_id = charge.stripe_customer_id and f.subscription_id = charge.subscription_id;
  return 'settled';
end;
$$;
comment on function public.settle_final_charge(uuid, jsonb, boolean) is
  'Records what Stripe has made of a charge (p_documents: as private.final_charges has them). p_is_customer_gone: '
  'Stripe does not know the customer any more, so the rest is lost.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.cancelable_subscription(text, uuid),
  public.request_cancellation(text, uuid, uuid, public.cancellation_time, boolean, text, text),
  public.begin_cancellation(text),
  public.lease_cancellation(text, boolean, integer),
  public.settle_cancellation(text, bigint),
  private.final_bill_window(),
  private.units_of_minor(text),
  private.minor_step(text),
  private.minor_of_credit(bigint, text),
  private.final_bill_setting(text),
  private.note_end_of_subscription(),
  private.note_late_usage(),
  public.ask_for_final_bills(integer),
  public.record_cancellation(text, timestamptz, boolean, bigint),
  private.reopen_unbilled(private.final_bills, private.billing_periods, public.usage_kind),
  private.periods_without_invoice(private.final_bills),
  public.record_final_reading(text),
  private.goes_on(text, text),
  private.late_rows(text),
  private.begin_final_charge(private.final_bills, text),
  private.decide_late_usage(private.final_bills, text, boolean),
  private.close_books_of(private.final_bills),
  private.next_step_of_bill(private.final_bills),
  public.begin_final_bill(text),
  private.charge_to_make(private.final_charges),
  private.owe_credit(private.final_charges, bigint),
  public.settle_final_charge(uuid, jsonb, boolean)
  from public, anon, authenticated;
grant execute on function
  private.cancelable_subscription(text, uuid),
  public.request_cancellation(text, uuid, uuid, public.cancellation_time, boolean, text, text),
  public.begin_cancellation(text),
  public.lease_cancellation(text, boolean, integer),
  public.settle_cancellation(text, bigint),
  private.final_bill_window(),
  private.units_of_minor(text),
  private.minor_step(text),
  private.minor_of_credit(bigint, text),
  private.final_bill_setting(text),
  public.ask_for_final_bills(integer),
  public.record_cancellation(text, timestamptz, boolean, bigint),
  private.reopen_unbilled(private.final_bills, private.billing_periods, public.usage_kind),
  private.periods_without_invoice(private.final_bills),
  public.record_final_reading(text),
  private.goes_on(text, text),
  private.late_rows(text),
  private.begin_final_charge(private.final_bills, text),
  private.decide_late_usage(private.final_bills, text, boolean),
  private.close_books_of(private.final_bills),
  private.next_step_of_bill(private.final_bills),
  public.begin_final_bill(text),
  private.charge_to_make(private.final_charges),
  private.owe_credit(private.final_charges, bigint),
  public.settle_final_charge(uuid, jsonb, boolean)
  to service_role;
