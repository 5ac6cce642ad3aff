-- Usage triggers at Twilio: the second line behind our own spend limits. One trigger for each tenant's account fires
-- when its usage of a GMT month costs 150 % of what the tenant's limit allows. It sees what we do not count, such as
-- the use of a token that leaked. It is evaluated on late data, so it is a guard and no limit.

create table private.usage_triggers (
  -- No foreign key: the row is deleted when the account is closed.
  user_id uuid primary key,
  account_sid text,
  trigger_sid text,
  trigger_value numeric(20, 2),
  kept_at timestamptz,
  -- The lease. Only its holder changes the triggers of the account. It is not the tenant's lease, so that a look at
  -- Twilio's triggers never keeps a convergence waiting.
  fence bigint not null default 0,
  leased_until timestamptz
);
comment on table private.usage_triggers is
  'The usage trigger of each tenant''s account as it was last found at Twilio. trigger_value: in what Twilio charges.';
alter table private.usage_triggers enable row level security;
revoke all on private.usage_triggers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.usage_triggers to service_role;

create table private.usage_firings (
  token text primary key,
  user_id uuid not null,
  account_sid text not null,
  trigger_sid text not null,
  fired_at timestamptz not null,
  current_value numeric not null,
  own_spend numeric not null,
  has_held boolean not null default false,
  recorded_at timestamptz not null default now()
);
comment on table private.usage_firings is
  'The firings of usage triggers, one row for each idempotency token, however often and by which way it arrived. '
  'own_spend: what we had counted for the same GMT month. has_held: the tenant was suspended because of it.';
create index usage_firings_by_user on private.usage_firings (user_id, fired_at);
alter table private.usage_firings enable row level security;
revoke all on private.usage_firings from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.usage_firings to service_role;

-- The wanted value ----------------------------------------------------------------------------------------------------

create function private.gmt_month_of(p_at timestamptz) returns private.period
language plpgsql immutable
set search_path = ''
as $$
begin
  return (date_trunc('month', p_at, 'UTC'),
    date_trunc('month', p_at at time zone 'UTC' + interval '1 month') at time zone 'UTC')::private.period;
end;
$$;
comment on function private.gmt_month_of(timestamptz) is
  'The calendar month of a time in GMT, as Twilio counts months.';

create function private.trigger_value_of(p_user_id uuid, p_at timestamptz default now()) returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  plan constant public.plans := private.plan_of(p_user_id);
  period constant private.period := private.billing_period_of(p_user_id, p_at);
  days constant numeric := extract(epoch from period.ends_at - period.starts_at) / 86400;
  -- A whole limit may be spent in any one month, also that of a longer period.
  limits constant numeric := case when days >= 28 then 1 else ceil(31 / greatest(days, 1)) end;
begin
  -- Twilio accepts only a positive value.
  return greatest(0.01, round(1.5 * limits * coalesce(plan.spend_limit, 0) / coalesce(plan.markup, 1), 2));
end;
$$;
comment on function private.trigger_value_of(uuid, timestamptz) is
  'What Twilio may charge for a tenant in a GMT month before the usage trigger fires: 150 % of the spend limit, in '
  'what Twilio charges. When a billing period is shorter than a month, the limits of all that fit into one count.';

create function private.wanted_trigger_value(p_user_id uuid, p_kept private.usage_triggers) returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  by_limit constant numeric := private.trigger_value_of(p_user_id);
  month constant private.period := private.gmt_month_of(now());
begin
  if p_kept.trigger_value is null or by_limit >= p_kept.trigger_value then
    return by_limit;
  end if;
  -- A trigger made after its value was passed fires at once. A lower limit that our own count has passed waits for the
  -- next month, and so does that of an account which may not spend anyway.
  return case
    when private.wanted_subaccount(p_user_id) <> 'active'
      or private.spend_between(p_user_id, month.starts_at, month.ends_at) >= by_limit then p_kept.trigger_value
    else by_limit end;
end;
$$;
comment on function private.wanted_trigger_value(uuid, private.usage_triggers) is
  'The value of the trigger that a tenant''s account should have now, given the one that was last kept.';

-- When a tenant is due ------------------------------------------------------------------------------------------------

create function private.note_changed_spend_limit() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_due_by(u, 'changed_spend_limit', now() + interval '1 minute')
  from (select distinct u from unnest(array[old.user_id, new.user_id]) u where u is not null order by u) u (u);
  return null;
end;
$$;
comment on function private.note_changed_spend_limit() is
  'Trigger: a tenant with another account, plan or limit is due for a look at their usage trigger, before the tenants '
  'who are only due again.';
create trigger switchboard_usage_trigger_due_when_new after insert on public.user_preferences
  for each row when (new.twilio_subaccount_sid is not null) execute function private.note_changed_spend_limit();
create trigger switchboard_usage_trigger_due_when_changed
  after update of twilio_subaccount_sid, twilio_subaccount_status on public.user_preferences
  for each row when (new.twilio_subaccount_sid is not null
    and (old.twilio_subaccount_sid, old.twilio_subaccount_status) is distinct from
      (new.twilio_subaccount_sid, new.twilio_subaccount_status))
  execute function private.note_changed_spend_limit();
create trigger usage_trigger_due_when_new after insert on public.subscriptions
  for each row when (new.user_id is not null) execute function private.note_changed_spend_limit();
create trigger usage_trigger_due_when_changed after update on public.subscriptions
  for each row when ((old.user_id, old.status, old.plan_key, old.first_payment_pending) is distinct from
      (new.user_id, new.status, new.plan_key, new.first_payment_pending))
  execute function private.note_changed_spend_limit();
create trigger usage_trigger_due_when_deleted after delete on public.subscriptions
  for each row when (old.user_id is not null) execute function private.note_changed_spend_limit();

create trigger usage_trigger_due_when_own_limit_changes after insert or update or delete on private.tenant_limits
  for each row execute function private.note_changed_spend_limit();

create function private.note_changed_plan_limit() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- free is the plan of every tenant without a subscription: those have no row to find them by.
  update private.due_work d set due_at = now() + random() * interval '1 hour'
  from (
    select o.user_id from private.due_work o
    where o.kind = 'usage_trigger' and o.due_at > now() + interval '1 hour'
      and (new.key = 'free' or exists (
        select from public.subscriptions s where s.user_id = o.user_id and s.plan_key = new.key))
    order by o.user_id for update -- a fixed order of locks prevents deadlocks
  ) of_plan
  where d.user_id = of_plan.user_id and d.kind = 'usage_trigger';
  return null;
end;
$$;
comment on function private.note_changed_plan_limit() is
  'Trigger: the tenants of a plan are due within an hour when its spend limit or markup changes.';
create trigger usage_trigger_due_when_limit_changes after update on public.plans
  for each row when (old.spend_limit <> new.spend_limit or old.markup <> new.markup)
  execute function private.note_changed_plan_limit();

insert into private.due_work (user_id, kind, due_at)
select p.user_id, 'usage_trigger', now() + random() * interval '1 day'
from public.user_preferences p where p.twilio_subaccount_status in ('active', 'suspended');

create function private.claim_usage_triggers(p_limit integer) returns setof uuid
language plpgsql
set search_path = ''
as $$
declare
  tenant uuid;
  claimed integer := 0;
begin
  for tenant in select c from private.claim_due('changed_spend_limit', p_limit, '1 day') c loop
    claimed := claimed + 1;
    perform private.set_due(tenant, 'changed_spend_limit', null);
    -- A lost job comes again with the daily look.
    perform private.set_due(tenant, 'usage_trigger', now() + private.spread('1 day'));
    return next tenant;
  end loop;
  return query select c from private.claim_due('usage_trigger', p_limit - claimed, '1 day') c;
end;
$$;
comment on function private.claim_usage_triggers(integer) is
  'Claims up to p_limit tenants for a look at their usage trigger: first those whose limit changed, so that they never '
  'wait for the daily look at all others.';

create function public.ask_for_usage_triggers(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  tenant uuid;
  account private.account;
  claimed integer := 0;
begin
  for tenant in select c from private.claim_usage_triggers(p_limit) c loop
    claimed := claimed + 1;
    account := private.account_of(tenant);
    if account.subaccount_sid is not null and account.status <> 'closed' then
      perform private.enqueue(jsonb_build_object('kind', 'keep-usage-trigger', 'userId', tenant));
    else
      -- A closed account has no triggers. A new account makes the tenant due again.
      perform private.set_due(tenant, 'usage_trigger', null);
      delete from private.usage_triggers t where t.user_id = tenant;
    end if;
  end loop;
  return claimed;
end;
$$;
comment on function public.ask_for_usage_triggers(integer) is
  'Enqueues a look at the usage trigger of up to p_limit tenants who are due: after a change, and daily. Returns how '
  'many were due.';
insert into private.schedules (name, job, every) values
  ('keep-usage-triggers', '{"kind": "keep-usage-triggers"}', '1 minute');

-- Firings -------------------------------------------------------------------------------------------------------------

create type public.usage_firing_outcome as enum ('held', 'alerted', 'outdated', 'duplicate', 'unknown_trigger');
comment on type public.usage_firing_outcome is
  'What a firing led to. held: the operator was alerted and the tenant suspended. outdated: the limit was raised '
  'since, and the value is below the new one. duplicate: its token was recorded before. unknown_trigger: the trigger '
  'is none that we know; a look at Twilio decides.';

create function private.hold_for_usage(p_user_id uuid, p_account_sid text, p_details jsonb) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  -- A hold would keep the account open, with what its numbers cost.
  if private.wanted_subaccount(p_user_id) = 'closed' then
    return false;
  end if;
  insert into private.tenancies as t (user_id, operator_hold) values (p_user_id, 'suspended')
  on conflict (user_id) do update set operator_hold = excluded.operator_hold where t.operator_hold is null;
  if not found then
    return false; -- an operator has decided already
  end if;
  perform private.ask_for_convergence(p_user_id);
  perform private.audit('usage_trigger', 'tenant.suspended', p_user_id, p_account_sid, null,
    p_details || '{"reason": "Twilio counts more than twice what Switchboard counts"}');
  return true;
end;
$$;
comment on function private.hold_for_usage(uuid, text, jsonb) is
  'Suspends a tenant as an operator does, because money is spent that we do not see: only a suspension at Twilio stops '
  'that. An operator releases the hold. An operator''s own hold stays, and an account that is to be closed is closed.';

create function private.record_usage_firing(p_user_id uuid, p_account_sid text, p_trigger_sid text, p_token text,
  p_fired_at timestamptz, p_current_value numeric)
returns public.usage_firing_outcome
language plpgsql
set search_path = ''
as $$
declare
  -- Of a month that begins here after Twilio's, nothing is counted yet.
  month constant private.period := private.gmt_month_of(least(p_fired_at, now()));
  own_spend constant numeric := private.spend_between(p_user_id, month.starts_at, month.ends_at);
  details constant jsonb := jsonb_build_object('accountSid', p_account_sid, 'triggerSid', p_trigger_sid,
    'firedAt', p_fired_at, 'currentValue', p_current_value, 'ownSpend', own_spend);
  held boolean := false;
begin
  -- Two firings of one tenant are decided one after the other.
  perform from private.usage_triggers t where t.user_id = p_user_id for update;
  insert into private.usage_firings (token, user_id, account_sid, trigger_sid, fired_at, current_value, own_spend)
  values (p_token, p_user_id, p_account_sid, p_trigger_sid, p_fired_at, p_current_value, own_spend)
  on conflict (token) do nothing;
  if not found then
    return 'duplicate';
  end if;
  delete from private.usage_firings f where f.user_id = p_user_id and f.fired_at < now() - interval '400 days';
  if now() < month.ends_at and p_current_value < private.trigger_value_of(p_user_id) then
    return 'outdated';
  end if;
  -- The value of an earlier month is no longer known. An operator who released a hold decided for the whole month.
  if now() < month.ends_at and own_spend < p_current_value / 2 and not exists (
    select from private.usage_firings f
    where f.user_id = p_user_id and f.has_held and f.fired_at >= month.starts_at and f.fired_at < month.ends_at) then
    held := private.hold_for_usage(p_user_id, p_account_sid, details);
    update private.usage_firings f set has_held = held where f.token = p_token;
  end if;
  perform private.raise_alert('usage_trigger', p_trigger_sid, p_user_id, details || jsonb_build_object('held', held));
  return case when held then 'held' else 'alerted' end;
end;
$$;
comment on function private.record_usage_firing(uuid, text, text, text, timestamptz, numeric) is
  'Records that a trigger fired: alerts operators, and suspends the tenant when our own count of the same GMT month is '
  'less than half of what Twilio counts. A token counts once, and a tenant is suspended at most once a month.';

create function public.record_usage_callback(p_user_id uuid, p_account_sid text, p_trigger_sid text, p_token text,
  p_fired_at timestamptz, p_current_value numeric)
returns public.usage_firing_outcome
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from private.usage_triggers t
    where t.user_id = p_user_id and t.account_sid = p_account_sid and t.trigger_sid = p_trigger_sid) then
    -- Perhaps the answer to its creation was lost. What fired is then found by its name.
    perform private.set_due_by(p_user_id, 'changed_spend_limit');
    return 'unknown_trigger';
  end if;
  return private.record_usage_firing(p_user_id, p_account_sid, p_trigger_sid, p_token, p_fired_at, p_current_value);
end;
$$;
comment on function public.record_usage_callback(uuid, text, text, text, timestamptz, numeric) is
  'Records the callback of a usage trigger whose signature is verified.';

-- Keeping the trigger -------------------------------------------------------------------------------------------------

create type public.usage_trigger_lease as enum ('leased', 'busy', 'no_account');
comment on type public.usage_trigger_lease is
  'leased: the caller may change the triggers of the account. busy: another holder may. no_account: the tenant has no '
  'open account.';

create function public.begin_usage_trigger(p_user_id uuid, p_lease_seconds integer)
returns table (outcome public.usage_trigger_lease, fence bigint, account_sid text, trigger_value numeric)
language plpgsql
set search_path = ''
as $$
declare
  account constant private.account := private.account_of(p_user_id);
  leased private.usage_triggers;
begin
  if account.subaccount_sid is null or account.status = 'closed' then
    outcome := 'no_account';
    return next;
    return;
  end if;
  insert into private.usage_triggers (user_id) values (p_user_id) on conflict do nothing;
  update private.usage_triggers t set fence = t.fence + 1,
    leased_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
  where t.user_id = p_user_id and (t.leased_until is null or t.leased_until < clock_timestamp())
  returning t.* into leased;
  if leased.user_id is null then
    outcome := 'busy';
    return next;
    return;
  end if;
  if leased.account_sid is distinct from account.subaccount_sid then
    leased.trigger_value := null; -- the trigger of an account that the tenant no longer has
  end if;
  outcome := 'leased';
  fence := leased.fence;
  account_sid := account.subaccount_sid;
  trigger_value := private.wanted_trigger_value(p_user_id, leased);
  return next;
end;
$$;
comment on function public.begin_usage_trigger(uuid, integer) is
  'Takes the lease on the usage triggers of a tenant''s account. leased comes with the value that the trigger should '
  'have.';

create function public.renew_usage_trigger_lease(p_user_id uuid, p_fence bigint, p_lease_seconds integer)
returns public.fenced_write
language plpgsql
set search_path = ''
as $$
begin
  update private.usage_triggers t set leased_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
  where t.user_id = p_user_id and t.fence = p_fence;
  return case when found then 'written' else 'fenced' end;
end;
$$;
comment on function public.renew_usage_trigger_lease(uuid, bigint, integer) is
  'Called before a write to Twilio. A caller that is fenced must not write.';

create function public.record_usage_trigger(p_user_id uuid, p_fence bigint, p_account_sid text, p_trigger_sid text,
  p_trigger_value numeric, p_fired jsonb)
returns public.fenced_write
language plpgsql
set search_path = ''
as $$
declare
  fired record;
begin
  update private.usage_triggers t set account_sid = p_account_sid, trigger_sid = p_trigger_sid,
    trigger_value = p_trigger_value, kept_at = clock_timestamp()
  where t.user_id = p_user_id and t.fence = p_fence;
  if not found then
    return 'fenced';
  end if;
  for fired in select f.* from jsonb_to_recordset(p_fired) as f (sid text, token text, "firedAt" timestamptz,
    "currentValue" numeric) loop
    -- What fired before the previous month was recorded then, or is of no use any more.
    if fired."firedAt" >= (private.gmt_month_of(now())).starts_at - interval '1 month' then
      perform private.record_usage_firing(p_user_id, p_account_sid, fired.sid, fired.token, fired."firedAt",
        fired."currentValue");
    end if;
  end loop;
  return 'written';
end;
$$;
comment on function public.record_usage_trigger(uuid, bigint, text, text, numeric, jsonb) is
  'Records the trigger that the account has now, and those that fired ([{sid, token, firedAt, currentValue}]): their '
  'callbacks may be lost.';

create function public.end_usage_trigger(p_user_id uuid, p_fence bigint) returns public.fenced_write
language plpgsql
set search_path = ''
as $$
declare
  kept private.usage_triggers;
begin
  update private.usage_triggers t set leased_until = null where t.user_id = p_user_id and t.fence = p_fence
  returning t.* into kept;
  if kept.user_id is null then
    return 'fenced';
  end if;
  -- The limit changed meanwhile.
  if kept.trigger_value <> private.wanted_trigger_value(p_user_id, kept) then
    perform private.set_due_by(p_user_id, 'changed_spend_limit');
  end if;
  return 'written';
end;
$$;
comment on function public.end_usage_trigger(uuid, bigint) is
  'Gives the lease back. A tenant whose limit changed meanwhile is due again.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.gmt_month_of(timestamptz),
  private.trigger_value_of(uuid, timestamptz),
  private.wanted_trigger_value(uuid, private.usage_triggers),
  private.note_changed_spend_limit(),
  private.note_changed_plan_limit(),
  private.claim_usage_triggers(integer),
  public.ask_for_usage_triggers(integer),
  private.hold_for_usage(uuid, text, jsonb),
  private.record_usage_firing(uuid, text, text, text, timestamptz, numeric),
  public.record_usage_callback(uuid, text, text, text, timestamptz, numeric),
  public.begin_usage_trigger(uuid, integer),
  public.renew_usage_trigger_lease(uuid, bigint, integer),
  public.record_usage_trigger(uuid, bigint, text, text, numeric, jsonb),
  public.end_usage_trigger(uuid, bigint)
  from public, anon, authenticated;
grant execute on function
  private.gmt_month_of(timestamptz),
  private.trigger_value_of(uuid, timestamptz),
  private.wanted_trigger_value(uuid, private.usage_triggers),
  private.claim_usage_triggers(integer),
  public.ask_for_usage_triggers(integer),
  private.hold_for_usage(uuid, text, jsonb),
  private.record_usage_firing(uuid, text, text, text, timestamptz, numeric),
  public.record_usage_callback(uuid, text, text, text, timestamptz, numeric),
  public.begin_usage_trigger(uuid, integer),
  public.renew_usage_trigger_lease(uuid, bigint, integer),
  public.record_usage_trigger(uuid, bigint, text, text, numeric, jsonb),
  public.end_usage_trigger(uuid, bigint)
  to service_role;
