-- What a tenant spends in a billing period: messages, numbers and fees, against one limit in the tenant's own prices.

-- Fees ----------------------------------------------------------------------------------------------------------------

create type public.fee_kind as enum ('number', 'registration', 'failed_message', 'other');
comment on type public.fee_kind is
  'What Twilio charges beside messages. number: a month of a number. registration: of a brand or a campaign, also '
  'monthly. failed_message: for processing messages that failed.';

-- Every fee has one row, wherever it was learned: a number's month, a paid call, or Twilio's usage. The spend limit
-- adds up these rows, triggers carry them into usage_totals, and the comparison with usage reads those that are our own
-- evidence. A fee that was reserved before a paid call and then appears in usage counts once: see note_usage_fees.

create table private.fees (
  id uuid primary key default private.new_id(),
  -- No foreign key: a fee outlives its user, under the id as a pseudonym.
  user_id uuid not null,
  key text not null,
  kind public.fee_kind not null,
  number_id uuid,
  count bigint not null default 1,
  cost numeric(12, 5) not null,
  price_unit text not null default '',
  markup numeric(8, 4) not null default 1,
  plan_key text,
  tenant_price numeric(12, 5) not null generated always as (private.marked_up(cost, markup)) stored,
  is_from_usage boolean not null default false,
  covered_by text,
  charged_at timestamptz not null default now(),
  unique (user_id, key),
  constraint fees_cost_not_negative check (cost >= 0),
  constraint fees_of_numbers check ((kind = 'number') = (number_id is not null)),
  constraint fees_unit_upper_case check (price_unit = upper(price_unit)),
  constraint fees_covered_once check (covered_by is null or not is_from_usage)
);
comment on table private.fees is
  'What Twilio charges for a tenant beside messages, one row for each key. A fee of a paid call is reserved before the '
  'call. Only one that Twilio certainly did not charge is deleted.';
comment on column private.fees.price_unit is 'In upper case; empty: the currency of the master account.';
comment on column private.fees.markup is 'Of the plan in force when the fee was recorded. It does not change later.';
comment on column private.fees.plan_key is 'The version of that plan. Null: the plan was deleted.';
comment on column private.fees.is_from_usage is
  'The fee was found in usage. Its cost is what usage has beyond the reserved fees that it covers.';
comment on column private.fees.covered_by is 'The key of the fee in usage in which Twilio has shown a reserved fee.';
create index fees_by_user on private.fees (user_id, charged_at);
create index fees_by_number on private.fees (number_id, charged_at) where number_id is not null;
create index fees_by_time on private.fees (charged_at);
alter table private.fees enable row level security;
revoke all on private.fees from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.fees to service_role;

-- What was spent ------------------------------------------------------------------------------------------------------

create type private.spent as (cost numeric, price numeric);
comment on type private.spent is 'cost: what Twilio charges. price: what the tenant pays for it.';

create function private.fees_to_come(p_user_id uuid, p_plan public.plans, p_from timestamptz, p_until timestamptz)
returns private.spent
language plpgsql stable
set search_path = ''
as $$
declare
  spent private.spent;
begin
  select coalesce(sum(n.fees * n.monthly_price), 0),
    coalesce(sum(n.fees * private.tenant_price(p_plan, n.monthly_price)), 0)
  into spent
  from (
    select p.monthly_price, greatest(0, private.fees_until(p.reserved_at, least(p_until, p.held_until))
      - greatest(p.fees, private.fees_until(p.reserved_at, p_from))) as fees
    from private.number_purchases p
    where p.user_id = p_user_id and p.next_fee_at < 'infinity'
  ) n;
  return spent;
end;
$$;
comment on function private.fees_to_come(uuid, public.plans, timestamptz, timestamptz) is
  'The monthly fees of a tenant''s numbers from p_from up to and without p_until that are not charged yet, priced by '
  'the plan: those that come if the tenant keeps their numbers.';

create function private.charged_fees(p_user_id uuid, p_from timestamptz, p_until timestamptz default 'infinity')
returns private.spent
language plpgsql stable
set search_path = ''
as $$
declare
  spent private.spent;
begin
  select coalesce(sum(f.cost), 0), coalesce(sum(f.tenant_price), 0) into spent
  from private.fees f
  where f.user_id = p_user_id and f.charged_at >= p_from and f.charged_at < p_until
    and (f.price_unit = '' or not private.is_foreign(f.price_unit));
  return spent;
end;
$$;
comment on function private.charged_fees(uuid, timestamptz, timestamptz) is
  'A tenant''s fees from p_from up to and without p_until in the currency of the master account.';

-- The days on which a span begins and ends are counted by their hours, and those between as a whole: a year reads a few
-- hundred rows.

create function private.spent_between(p_user_id uuid, p_from timestamptz, p_until timestamptz) returns private.spent
language plpgsql stable
set search_path = ''
as $$
declare
  first_day_ends constant timestamptz := date_trunc('day', p_from, 'UTC') + interval '24 hours';
  last_day_starts constant timestamptz := date_trunc('day', p_until, 'UTC');
  charged constant private.spent := private.charged_fees(p_user_id, p_from, p_until);
  to_come constant private.spent := private.fees_to_come(p_user_id, private.plan_of(p_user_id), p_from, p_until);
  spent private.spent;
begin
  select charged.cost + to_come.cost + coalesce(sum(s.cost), 0),
    charged.price + to_come.price + coalesce(sum(s.price), 0)
  into spent
  from (
    select h.spend as cost, h.price from private.sending_totals h
    where h.user_id = p_user_id and h.hour >= private.hour_of(p_from) and h.hour < least(first_day_ends, p_until)
    union all
    select d.cost, d.price from private.usage_totals d
    where d.user_id = p_user_id and d.day >= private.utc_day(first_day_ends)
      and d.day < private.utc_day(last_day_starts) and d.kind <= 'mms_in'
    union all
    select h.spend, h.price from private.sending_totals h
    where h.user_id = p_user_id and h.hour >= greatest(first_day_ends, last_day_starts) and h.hour < p_until
  ) s;
  return spent;
end;
$$;
comment on function private.spent_between(uuid, timestamptz, timestamptz) is
  'What a tenant''s messages and fees cost and are priced at, by our own count, from p_from up to and without p_until. '
  'The first hour''s messages count as a whole. Of days that are over, in UTC, the price is what get-usage shows in '
  'the currency of the master account.';

create function private.spend_between(p_user_id uuid, p_from timestamptz, p_until timestamptz) returns numeric
language plpgsql stable
set search_path = ''
as $$
begin
  return (private.spent_between(p_user_id, p_from, p_until)).cost;
end;
$$;
comment on function private.spend_between(uuid, timestamptz, timestamptz) is
  'What Twilio charges for a tenant''s messages, numbers and fees, by our own count (see spent_between).';

-- What is left --------------------------------------------------------------------------------------------------------

create function private.remaining_quota(p_user_id uuid, p_plan public.plans) returns private.quota
language plpgsql stable
set search_path = ''
as $$
declare
  -- The hour that began a day ago counts as a whole: the limit holds in any twenty-four hours. Months are those of UTC.
  day_start constant timestamptz := now() - interval '25 hours';
  month_start constant date := date_trunc('month', now() at time zone 'UTC');
  period constant private.period := private.billing_period_of(p_user_id);
  first_day_ends constant timestamptz := date_trunc('day', period.starts_at, 'UTC') + interval '24 hours';
  second_day constant date := private.utc_day(first_day_ends);
  remaining private.quota;
begin
  -- Few statements, because each decision on a message calls this. coalesce: a plan that was deleted allows nothing.
  select coalesce(p_plan.daily_message_limit, 0) - coalesce(sum(h.messages), 0) into remaining.daily
  from private.sending_totals h where h.user_id = p_user_id and h.hour > day_start;
  select coalesce(p_plan.monthly_message_limit, 0) - coalesce(sum(t.messages), 0),
    coalesce(sum(t.price), 0)
      + (private.charged_fees(p_user_id, period.starts_at)).price
      -- The fees that come before the period ends are reserved: no decision precedes them.
      + (private.fees_to_come(p_user_id, p_plan, period.starts_at, greatest(period.ends_at, now()))).price
  into remaining.monthly, remaining.used
  from (
    select case when d.day >= month_start and d.kind in ('sms_out', 'mms_out') then d.count end as messages,
      case when d.day >= second_day then d.price end as price
    from private.usage_totals d
    where d.user_id = p_user_id and d.day >= least(month_start, second_day) and d.kind <= 'mms_in'
    union all
    select null, h.price from private.sending_totals h
    where h.user_id = p_user_id and h.hour >= private.hour_of(period.starts_at) and h.hour < first_day_ends
  ) t;
  remaining.starts_at := period.starts_at;
  remaining.ends_at := period.ends_at;
  remaining.spend := coalesce(p_plan.spend_limit, 0) - remaining.used;
  return remaining;
end;
$$;
comment on function private.remaining_quota(uuid, public.plans) is
  'What is left of a tenant''s quota under a plan. Zero or less: the limit is reached.';

create function private.limiting_plan(p_user_id uuid) returns public.plans
language plpgsql stable
set search_path = ''
as $$
begin
  return private.sending_plan(p_user_id, (case (private.account_of(p_user_id)).status when 'none' then 'master'
    else 'subaccount' end)::public.message_source);
end;
$$;
comment on function private.limiting_plan(uuid) is
  'The plan whose limits hold for a tenant now: of their subaccount, or without one of the shared numbers.';

create type private.limits as (
  plan_key text, spend_limit numeric, spend_used numeric, spend_left numeric, starts_at timestamptz,
  ends_at timestamptz, daily_message_limit integer, daily_messages_left bigint, monthly_message_limit integer,
  monthly_messages_left bigint);
comment on type private.limits is
  'A tenant''s limits and what is left of them, none below zero. Amounts are in the tenant''s price, from starts_at to '
  'ends_at; spend_used contains what is reserved, such as the fees of numbers until ends_at.';

create function private.limits_of(p_user_id uuid) returns private.limits
language plpgsql stable
set search_path = ''
as $$
declare
  plan constant public.plans := private.limiting_plan(p_user_id);
  remaining constant private.quota := private.remaining_quota(p_user_id, plan);
begin
  return row(plan.key, coalesce(plan.spend_limit, 0), remaining.used, greatest(0, remaining.spend),
    remaining.starts_at, remaining.ends_at, coalesce(plan.daily_message_limit, 0), greatest(0, remaining.daily),
    coalesce(plan.monthly_message_limit, 0), greatest(0, remaining.monthly))::private.limits;
end;
$$;
comment on function private.limits_of(uuid) is 'A tenant''s limits and what is left of them, as decisions see them.';

-- Thresholds ----------------------------------------------------------------------------------------------------------

create function private.shown_spending(p_limit numeric, p_remaining private.quota, p_more numeric default 0)
returns jsonb
language plpgsql immutable
set search_path = ''
as $$
declare
  used constant numeric := p_remaining.used + p_more;
begin
  return jsonb_build_object(
    'percent', case when used >= p_limit then 100 when used >= p_limit * 0.8 then 80 else 0 end,
    'limit', trim_scale(p_limit), 'used', trim_scale(used), 'left', trim_scale(greatest(0, p_limit - used)),
    'periodStart', p_remaining.starts_at, 'periodEnd', p_remaining.ends_at);
end;
$$;
comment on function private.shown_spending(numeric, private.quota, numeric) is
  'What a tenant is shown about their spend limit, with p_more spent on top. percent: the highest threshold (80, 100) '
  'that is reached, or 0.';

create function private.note_spending(p_user_id uuid, p_plan public.plans, p_remaining private.quota,
  p_more numeric default 0, p_is_refused boolean default false) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  most constant numeric := coalesce(p_plan.spend_limit, 0);
  spending jsonb;
  percent integer;
begin
  -- Most decisions end here.
  if p_remaining.used + p_more < most * 0.8 or p_remaining.used + p_more = 0 then
    return null;
  end if;
  spending := private.shown_spending(most, p_remaining, p_more);
  if p_is_refused then
    -- Messages rarely add up to the limit exactly: it is reached when the next one does not fit.
    spending := spending || '{"percent": 100}';
  end if;
  foreach percent in array array[80, 100] loop
    if percent <= (spending ->> 'percent')::integer then
      perform private.notify_tenant(p_user_id, 'usage.threshold',
        to_char(p_remaining.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z "') || percent,
        spending || jsonb_build_object('percent', percent));
    end if;
  end loop;
  return spending;
end;
$$;
comment on function private.note_spending(uuid, public.plans, private.quota, numeric, boolean) is
  'Notices each threshold of the spend limit that p_more on top of what is used reaches, once in a billing period. '
  'p_is_refused: a message was refused, which at 80 % or more means that the limit is reached. Returns what the tenant '
  'is shown; null below 80 %.';

create function private.check_spending(p_user_id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  plan constant public.plans := private.limiting_plan(p_user_id);
begin
  return private.note_spending(p_user_id, plan, private.remaining_quota(p_user_id, plan));
end;
$$;
comment on function private.check_spending(uuid) is
  'Notices the thresholds that a tenant''s spending has reached other than by a decision: by a late price, a fee or a '
  'changed limit.';

-- A changed limit makes tenants due, because a plan has any number of them.

create function private.note_changed_limit() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into private.due_work as d (user_id, kind, due_at)
  select distinct s.user_id, 'spending'::private.due_kind, now() from public.subscriptions s
  where s.plan_key = new.key and s.user_id is not null
  union
  select p.user_id, 'spending', now() from public.user_preferences p
  where new.key = 'free' and p.twilio_subaccount_status = 'active'
  order by 1
  on conflict (user_id, kind) do update set due_at = excluded.due_at where d.due_at > excluded.due_at;
  return null;
end;
$$;
comment on function private.note_changed_limit() is
  'Trigger: the tenants of a plan whose spend limit was lowered, or whose markup was raised, are due for the check of '
  'their thresholds. Tenants without a subaccount are checked with their next message.';
create trigger spending_due_when_lowered after update of spend_limit, markup on public.plans
  for each row when (new.spend_limit < old.spend_limit or new.markup > old.markup)
  execute function private.note_changed_limit();

create function private.note_changed_spending() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_due_by(u, 'spending')
  from (select distinct u from unnest(array[old.user_id, new.user_id]) u where u is not null order by u) u (u);
  return null;
end;
$$;
comment on function private.note_changed_spending() is
  'Trigger: a tenant whose subscription or own limits, and with them perhaps their limit or billing period, changed is '
  'due for the check of their thresholds.';
create trigger spending_due_when_new after insert on public.subscriptions
  for each row when (new.user_id is not null) execute function private.note_changed_spending();
create trigger spending_due_when_deleted after delete on public.subscriptions
  for each row when (old.user_id is not null) execute function private.note_changed_spending();
create trigger spending_due_when_own_limit_changes after insert or update or delete on private.tenant_limits
  for each row execute function private.note_changed_spending();
create trigger spending_due_when_changed after update on public.subscriptions
  for each row when ((old.user_id, old.plan_key, old.status, old.first_payment_pending, old.current_period_start)
    is distinct from (new.user_id, new.plan_key, new.status, new.first_payment_pending, new.current_period_start))
  execute function private.note_changed_spending();

create function public.check_due_spending(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  tenant uuid;
  checked integer := private.end_tenant_limits(p_limit);
begin
  for tenant in select c from private.claim_due('spending', p_limit, '1 hour') c order by c loop
    perform private.check_spending(tenant);
    -- The tenant's own limits may end later, and the plan's be lower.
    perform private.set_due(tenant, 'spending',
      (select l.valid_until from private.tenant_limits l where l.user_id = tenant and l.valid_until > now()));
    checked := checked + 1;
  end loop;
  return checked;
end;
$$;
comment on function public.check_due_spending(integer) is
  'Ends up to p_limit limits of single tenants whose time is over, and notices the thresholds of up to p_limit tenants '
  'whose limit changed. Returns how many both were; p_limit or more: more may be due.';
insert into private.schedules (name, job, every) values ('check-spending', '{"kind": "check-spending"}', '1 minute');

-- Reserving fees ------------------------------------------------------------------------------------------------------

create type public.reserve_fee_outcome as enum ('reserved', 'duplicate', 'spend_limit_reached');
comment on type public.reserve_fee_outcome is
  'Whether a fee may be charged. duplicate: it was reserved under this key before, and counts once.';

create function public.reserve_fee(p_user_id uuid, p_key text, p_kind public.fee_kind, p_cost numeric)
returns table (outcome public.reserve_fee_outcome, spending jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  plan public.plans;
  remaining private.quota;
  price numeric;
begin
  perform private.lock_sending(p_user_id);
  if exists (select from private.fees f where f.user_id = p_user_id and f.key = p_key) then
    outcome := 'duplicate';
    return next;
    return;
  end if;
  plan := private.limiting_plan(p_user_id);
  remaining := private.remaining_quota(p_user_id, plan);
  price := private.tenant_price(plan, p_cost);
  if remaining.spend < price then
    outcome := 'spend_limit_reached';
    spending := private.shown_spending(coalesce(plan.spend_limit, 0), remaining);
  else
    insert into private.fees (user_id, key, kind, cost, markup, plan_key)
    values (p_user_id, p_key, p_kind, p_cost, coalesce(plan.markup, 1), plan.key);
    outcome := 'reserved';
    spending := private.note_spending(p_user_id, plan, remaining, price);
  end if;
  return next;
end;
$$;
comment on function public.reserve_fee(uuid, text, public.fee_kind, numeric) is
  'Decides before a paid call whether its fee fits the spend limit, and reserves it once for each key. spending: what '
  'the tenant is shown when the limit is reached, or from 80 % on.';

create function public.cancel_fee(p_user_id uuid, p_key text) returns public.cancel_outcome
language plpgsql
set search_path = ''
as $$
begin
  delete from private.fees f where f.user_id = p_user_id and f.key = p_key;
  return case when found then 'canceled' else 'gone' end;
end;
$$;
comment on function public.cancel_fee(uuid, text) is
  'Deletes the fee of a call that Twilio certainly did not charge.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.fees_to_come(uuid, public.plans, timestamptz, timestamptz),
  private.charged_fees(uuid, timestamptz, timestamptz),
  private.spent_between(uuid, timestamptz, timestamptz),
  private.spend_between(uuid, timestamptz, timestamptz),
  private.remaining_quota(uuid, public.plans),
  private.limiting_plan(uuid),
  private.limits_of(uuid),
  private.shown_spending(numeric, private.quota, numeric),
  private.note_spending(uuid, public.plans, private.quota, numeric, boolean),
  private.check_spending(uuid),
  private.note_changed_limit(),
  private.note_changed_spending(),
  public.check_due_spending(integer),
  public.reserve_fee(uuid, text, public.fee_kind, numeric),
  public.cancel_fee(uuid, text)
  from public, anon, authenticated;
grant execute on function
  private.fees_to_come(uuid, public.plans, timestamptz, timestamptz),
  private.charged_fees(uuid, timestamptz, timestamptz),
  private.spent_between(uuid, timestamptz, timestamptz),
  private.spend_between(uuid, timestamptz, timestamptz),
  private.remaining_quota(uuid, public.plans),
  private.limiting_plan(uuid),
  private.limits_of(uuid),
  private.shown_spending(numeric, private.quota, numeric),
  private.note_spending(uuid, public.plans, private.quota, numeric, boolean),
  private.check_spending(uuid),
  public.check_due_spending(integer),
  public.reserve_fee(uuid, text, public.fee_kind, numeric),
  public.cancel_fee(uuid, text)
  to service_role;
