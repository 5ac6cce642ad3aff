-- Leaving: the numbers of a tenant whose subaccount is to be closed are released or parked one by one, after notice.
-- A suspended subaccount can change nothing at Twilio, so convergence holds the tenant here, sets the account active,
-- lets each number leave, and closes the account. Each step is noted before and looked up after a crash.

create type private.leaving_state as enum ('noticed', 'releasing', 'parking', 'parked', 'returning', 'kept');
comment on type private.leaving_state is
  'noticed: in the tenant''s account, to leave it at due_at. releasing, parking, returning: a call to Twilio was begun '
  'and its result is not recorded. parked: in the master account, to be released at due_at. kept: Twilio refused that '
  'it leaves; it is released at due_at.';

create table private.leaving_numbers (
  phone_sid text primary key,
  number_id uuid, -- no foreign key: the erasure of a user deletes that row first
  -- No foreign key: the numbers of a deleted user are released, too.
  user_id uuid not null,
  phone_number text not null,
  friendly_name text,
  capabilities jsonb not null default '{}',
  account_sid text,
  address_sid text,
  bundle_sid text,
  state private.leaving_state not null default 'noticed',
  action public.leaving_numbers not null default 'release',
  due_at timestamptz not null,
  released_at timestamptz,
  reason text,
  parked_at timestamptz,
  noticed_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
comment on table private.leaving_numbers is
  'Numbers that will leave, are leaving, or have left a tenant''s account for the master account. A row ends when the '
  'number is released, or is the tenant''s again.';
comment on column private.leaving_numbers.number_id is
  'The row of the number, with which its price is found; null for one that never was a tenant''s here.';
comment on column private.leaving_numbers.action is
  'What happens at due_at, as the notice says. A plan that says otherwise later gives notice anew.';
comment on column private.leaving_numbers.released_at is
  'When the number is released, as the notice says: never earlier, unless it leaves at once. Null: no notice was '
  'given.';
comment on column private.leaving_numbers.account_sid is
  'The account that the number leaves; null until it was seen there.';
comment on column private.leaving_numbers.address_sid is
  'The address that the number had in the tenant''s account, with which it returns there; bundle_sid likewise.';
comment on column private.leaving_numbers.reason is 'Why the number cannot leave or return, as Twilio said.';
create index leaving_numbers_by_user on private.leaving_numbers (user_id);
create index leaving_numbers_by_number on private.leaving_numbers (phone_number);
alter table private.leaving_numbers enable row level security;
revoke all on private.leaving_numbers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.leaving_numbers to service_role;

create table private.parking_papers (
  prefix text primary key,
  address_sid text,
  bundle_sid text,
  constraint parking_papers_prefix_of_number check (prefix ~ '^\+[1-9][0-9]{0,14}$'),
  constraint parking_papers_sids check (address_sid ~ '^AD' and bundle_sid ~ '^BU')
);
comment on table private.parking_papers is
  'The master account''s addresses and regulatory bundles, by the beginning of the numbers (E.164) that need them to '
  'be parked. The longest prefix counts.';
alter table private.parking_papers enable row level security;
revoke all on private.parking_papers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.parking_papers to service_role;

-- When ----------------------------------------------------------------------------------------------------------------

create function private.leaving_plan(p_user_id uuid) returns public.plans
language plpgsql stable
set search_path = ''
as $$
declare
  plan public.plans;
begin
  select p.* into plan from public.plans p
  where p.key = coalesce((private.entitlement_of(p_user_id)).plan_key, 'free');
  -- A plan that was deleted gives the columns' defaults.
  plan.leaving_numbers := coalesce(plan.leaving_numbers, 'release');
  plan.release_notice := coalesce(plan.release_notice, '7 days');
  plan.parking := coalesce(plan.parking, '30 days');
  return plan;
end;
$$;
comment on function private.leaving_plan(uuid) is
  'The plan that says how the numbers of a tenant leave: that of their last subscription.';

create function private.leaves_at_once(p_user_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return not private.user_exists(p_user_id)
    or exists (select from private.tenancies t where t.user_id = p_user_id and t.operator_hold = 'closed');
end;
$$;
comment on function private.leaves_at_once(uuid) is
  'Whether a tenant''s numbers are released without waiting for a date: the user was deleted, or an operator closed '
  'the account.';

create function private.leaves_at(p_user_id uuid) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  wanted constant public.wanted_status := private.wanted_subaccount(p_user_id);
  ends_at timestamptz;
begin
  if wanted not in ('suspended', 'closed') then
    return null;
  elsif private.leaves_at_once(p_user_id) then
    return '-infinity';
  end if;
  select max(coalesce(s.ended_at, s.updated_at) + p.retention) into ends_at
  from public.subscriptions s join public.plans p on p.key = s.plan_key
  where s.user_id = p_user_id and s.status = 'canceled' and (p.entitle_while_pending or not s.first_payment_pending);
  return case when wanted = 'closed' then coalesce(ends_at, now())
    when ends_at is not null and private.wanted_subaccount(p_user_id, ends_at) = 'closed' then ends_at end;
end;
$$;
comment on function private.leaves_at(uuid) is
  'When a tenant''s subaccount is to be closed, by the facts of now: at the end of the last retention period, or '
  '-infinity when it leaves at once. Null: it stays.';

create function private.subaccount_target(p_user_id uuid) returns public.wanted_status
language plpgsql stable
set search_path = ''
as $$
declare
  wanted constant public.wanted_status := private.wanted_subaccount(p_user_id);
begin
  return case
    when wanted = 'closed' and not private.leaves_at_once(p_user_id) and (
      exists (select from private.leaving_numbers l
        where l.user_id = p_user_id and l.state in ('noticed', 'kept') and l.due_at > now())
      or exists (select from public.user_twilio_numbers n
        where n.user_id = p_user_id and n.status in ('active', 'releasing')
          and not exists (select from private.leaving_numbers l where l.phone_sid = n.phone_sid)))
    then 'suspended' else wanted end;
end;
$$;
comment on function private.subaccount_target(uuid) is
  'The status that convergence gives a subaccount: the wanted one, but suspended instead of closed while a number of '
  'it may not leave yet.';

create function private.leaving_work_at(p_user_id uuid) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  leaves_at constant timestamptz := private.leaves_at(p_user_id);
begin
  return least(
    (select min(case
        when l.state in ('releasing', 'parking', 'returning') or not private.user_exists(p_user_id) then '-infinity'
        when leaves_at is not null then l.due_at
        -- What could not return waits for an operator.
        when l.state = 'parked' and (l.reason is not null or private.wanted_subaccount(p_user_id) <> 'active') then null
        else '-infinity' end)
      from private.leaving_numbers l where l.user_id = p_user_id),
    (select leaves_at - (private.leaving_plan(p_user_id)).release_notice
      where leaves_at is not null and exists (select from public.user_twilio_numbers n
        where n.user_id = p_user_id and n.status in ('active', 'releasing')
          and not exists (select from private.leaving_numbers l where l.phone_sid = n.phone_sid))));
end;
$$;
comment on function private.leaving_work_at(uuid) is
  'When convergence has something to do with a tenant''s numbers that leave, are parked or return; null: nothing.';

-- Notices -------------------------------------------------------------------------------------------------------------

create function private.give_leaving_notice(p_number private.leaving_numbers) returns void
language plpgsql
set search_path = ''
as $$
declare
  number_id constant uuid := (select n.id from public.user_twilio_numbers n where n.phone_sid = p_number.phone_sid);
begin
  perform private.notify_tenant(p_number.user_id, 'number.release_scheduled',
    concat_ws(' ', coalesce(number_id::text, p_number.phone_sid), case when p_number.action = 'park' then 'park' end,
      to_char(p_number.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
    jsonb_build_object('phoneNumber', p_number.phone_number, 'action', p_number.action, 'at', p_number.due_at,
      'releasedAt', p_number.released_at, 'numberId', number_id));
end;
$$;
comment on function private.give_leaving_notice(private.leaving_numbers) is
  'Tells a tenant when a number leaves (at), and when it is released.';

create function private.leave_at_once(p_user_id uuid) returns setof private.leaving_numbers
language sql
set search_path = ''
as $$
  with added as (
    insert into private.leaving_numbers (phone_sid, number_id, user_id, phone_number, friendly_name, capabilities,
      due_at, released_at)
    select n.phone_sid, n.id, n.user_id, n.phone_number, n.friendly_name, n.capabilities, now(), now()
    from public.user_twilio_numbers n where n.user_id = p_user_id and n.status in ('active', 'releasing')
    on conflict (phone_sid) do nothing
    returning *
  ), hastened as (
    update private.leaving_numbers l set action = 'release', due_at = now(), released_at = now()
    where l.user_id = p_user_id and l.state in ('noticed', 'kept', 'parked')
      -- What Twilio has just refused to release waits for the next day.
      and l.due_at > now() + case l.state when 'kept' then interval '1 day' else '0' end
    returning l.*
  )
  select * from added union all select * from hastened;
$$;
comment on function private.leave_at_once(uuid) is
  'Makes all numbers of a tenant leave now, wherever they are, without parking. Returns those of which notice is to be '
  'given.';

create function private.leave_after_notice(p_user_id uuid, p_leaves_at timestamptz, p_plan public.plans)
returns setof private.leaving_numbers
language sql
set search_path = ''
as $$
  with leaving as (
    select n.*,
      -- The tenant's own release needs no notice.
      case when n.status = 'releasing' then 'release' else p_plan.leaving_numbers end as action,
      greatest(p_leaves_at, now() + case when n.status = 'releasing' then '0' else p_plan.release_notice end) as due_at
    from public.user_twilio_numbers n where n.user_id = p_user_id and n.status in ('active', 'releasing')
  ), noted as (
    insert into private.leaving_numbers as l (phone_sid, number_id, user_id, phone_number, friendly_name,
      capabilities, action, due_at, released_at)
    select n.phone_sid, n.id, n.user_id, n.phone_number, n.friendly_name, n.capabilities, n.action, n.due_at,
      n.due_at + case n.action when 'park' then p_plan.parking else '0' end
    from leaving n
    -- A date that a later end has overtaken is given anew, and so is one at which something else would happen.
    on conflict (phone_sid) do update
      set action = excluded.action, due_at = excluded.due_at, released_at = excluded.released_at
      where l.state = 'noticed' and (l.due_at < p_leaves_at or l.action <> excluded.action)
    returning l.*
  ), dated as (
    update private.leaving_numbers l set due_at = greatest(p_leaves_at, now() + p_plan.release_notice),
      released_at = greatest(p_leaves_at, now() + p_plan.release_notice)
    where l.user_id = p_user_id and l.state = 'parked' and l.due_at = 'infinity'
    returning l.*
  )
  select * from noted union all select * from dated;
$$;
comment on function private.leave_after_notice(uuid, timestamptz, public.plans) is
  'Writes when the numbers of a tenant leave and what then happens to them, as their plan says. Returns those of which '
  'notice is to be given.';

create function private.keep_numbers(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from private.leaving_numbers l where l.user_id = p_user_id and l.state in ('noticed', 'kept');
  -- A parked number returns. One that cannot is not released without another notice.
  update private.leaving_numbers l set due_at = 'infinity'
  where l.user_id = p_user_id and l.state = 'parked' and l.due_at < 'infinity';
  perform private.settle_alert('unpaid_account', t.subaccount_sid)
  from private.tenancies t where t.user_id = p_user_id and t.subaccount_sid is not null;
end;
$$;
comment on function private.keep_numbers(uuid) is
  'Forgets the dates at which the numbers of a tenant leave, because the tenant stays: a later end gives notice anew.';

create function private.note_leaving(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  leaves_at constant timestamptz := private.leaves_at(p_user_id);
  plan constant public.plans := private.leaving_plan(p_user_id);
begin
  if private.wanted_subaccount(p_user_id) <> 'closed' then
    update private.tenancies t set leaving_since = null where t.user_id = p_user_id and t.leaving_since is not null;
  end if;
  if leaves_at is null then
    perform private.keep_numbers(p_user_id);
  elsif leaves_at = '-infinity' then
    perform private.give_leaving_notice(l) from private.leave_at_once(p_user_id) l;
  elsif leaves_at - plan.release_notice <= now() then
    perform private.give_leaving_notice(l) from private.leave_after_notice(p_user_id, leaves_at, plan) l;
  end if;
end;
$$;
comment on function private.note_leaving(uuid) is
  'Notes which numbers of a tenant will leave, and gives notice of each, once its time has come; forgets it for a '
  'tenant who stays. The one place that gives notice before a number leaves. The caller holds the tenant''s lease.';

create function private.is_leaving(p_user_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (select from private.tenancies t where t.user_id = p_user_id and t.leaving_since is not null);
end;
$$;
comment on function private.is_leaving(uuid) is
  'Whether a tenant''s subaccount may be active at Twilio only so that its numbers can leave.';

create function private.is_parked(p_phone_number text) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (select from private.leaving_numbers l
    where l.phone_number = p_phone_number and (l.parked_at is not null or l.state in ('parking', 'returning')));
end;
$$;
comment on function private.is_parked(text) is
  'Whether a number is, or may be, in the master account for a tenant who left: it belongs to no other tenant.';

create function private.forget_closed_numbers(p_user_id uuid, p_account_sid text) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- A number that may be in the master account is looked for there.
  delete from private.leaving_numbers l
  where l.user_id = p_user_id and coalesce(l.account_sid, p_account_sid) = p_account_sid
    and l.state in ('noticed', 'kept');
  perform private.settle_alert('unpaid_account', p_account_sid);
end;
$$;
comment on function private.forget_closed_numbers(uuid, text) is
  'The numbers that were still in an account are released by Twilio when it is closed.';

-- What the tenant reads -----------------------------------------------------------------------------------------------

create function private.numbers_released_at(p_user_id uuid) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
declare
  leaves_at constant timestamptz := private.leaves_at(p_user_id);
  plan public.plans;
  noticed timestamptz;
begin
  if leaves_at is null or leaves_at = '-infinity' then
    return null;
  end if;
  select min(l.released_at) into noticed from private.leaving_numbers l
  where l.user_id = p_user_id and l.state in ('noticed', 'kept', 'parked');
  if noticed is not null then
    return noticed;
  elsif not exists (select from public.user_twilio_numbers n where n.user_id = p_user_id and n.status = 'active') then
    return null;
  end if;
  plan := private.leaving_plan(p_user_id);
  return greatest(leaves_at, now() + plan.release_notice)
    + case plan.leaving_numbers when 'park' then plan.parking else '0' end;
end;
$$;
comment on function private.numbers_released_at(uuid) is
  'When the first number of a tenant is released, as the notice of it says or will say. Null: the tenant stays, has no '
  'number, or the numbers leave without a date.';

create type public.account_outlook as (
  is_held boolean, suspends_at timestamptz, numbers_released_at timestamptz);
comment on type public.account_outlook is
  'What time alone will do to a tenant''s account. is_held: an operator suspended or closed it, here or at Twilio, so '
  'no subscription changes that. suspends_at: when a failed payment suspends it. numbers_released_at: when its numbers '
  'are released unless the tenant subscribes again. Null: there is no such date.';

create function public.account_outlook(p_user_id uuid) returns setof public.account_outlook
language plpgsql stable
set search_path = ''
as $$
declare
  changes_at constant timestamptz := (private.entitlement_of(p_user_id)).changes_at;
  outlook public.account_outlook;
begin
  outlook.is_held := exists (select from private.tenancies t
    where t.user_id = p_user_id and (t.operator_hold is not null or t.suspended_at_twilio));
  if changes_at is not null and private.wanted_subaccount(p_user_id) = 'active'
    and private.wanted_subaccount(p_user_id, changes_at) = 'suspended' then
    outlook.suspends_at := changes_at;
  end if;
  outlook.numbers_released_at := private.numbers_released_at(p_user_id);
  return next outlook;
end;
$$;
comment on function public.account_outlook(uuid) is 'The outlook of a tenant''s account, always one row.';

-- Deciding under the lease --------------------------------------------------------------------------------------------

create type public.leaving_outcome as enum ('close', 'wait', 'listed', 'leave', 'stopped', 'fenced');
comment on type public.leaving_outcome is
  'What to do with a subaccount that is to be closed. close: no number is left. wait: a number may not leave yet. '
  'listed: it was suspended in Twilio''s console and has numbers, so nothing is done to it and an operator is alerted. '
  'leave: these numbers are to leave now. stopped: the account is not to be closed any more. fenced: the lease was '
  'lost.';

create function private.take_in_listed_number(p_user_id uuid, p_account_sid text, p_listed jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  plan constant public.plans := private.leaving_plan(p_user_id);
  leaves_at constant timestamptz := case when private.leaves_at_once(p_user_id) then now()
    else now() + plan.release_notice end;
  noted private.leaving_numbers;
begin
  if private.user_exists(p_user_id)
    and (select t.outcome from private.take_in_number(p_user_id, p_account_sid, p_listed) t) = 'taken_in' then
    perform private.audit('converge', 'number.appeared', p_user_id, p_account_sid, null, p_listed);
    return;
  end if;
  -- Without a row of its own, for example of a deleted user, it leaves as well.
  insert into private.leaving_numbers (phone_sid, number_id, user_id, phone_number, friendly_name, capabilities,
    account_sid, due_at, released_at)
  values (p_listed ->> 'phoneSid',
    (select n.id from public.user_twilio_numbers n where n.phone_sid = p_listed ->> 'phoneSid'), p_user_id,
    p_listed ->> 'phoneNumber', p_listed ->> 'friendlyName', coalesce(p_listed -> 'capabilities', '{}'), p_account_sid,
    leaves_at, leaves_at)
  returning * into noted;
  perform private.give_leaving_notice(noted);
end;
$$;
comment on function private.take_in_listed_number(uuid, text, jsonb) is
  'Takes in a number that Twilio has in a subaccount and that is not known here, so that notice of it is given.';

create function private.note_listed_numbers(p_user_id uuid, p_account_sid text, p_numbers jsonb) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.take_in_listed_number(p_user_id, p_account_sid, n)
  from jsonb_array_elements(p_numbers) n
  where not exists (select from public.user_twilio_numbers k where k.phone_sid = n ->> 'phoneSid' and k.is_held)
    and not exists (select from private.leaving_numbers l where l.phone_sid = n ->> 'phoneSid');
  perform private.note_leaving(p_user_id);
  update private.leaving_numbers l set account_sid = p_account_sid, address_sid = n ->> 'addressSid',
    bundle_sid = n ->> 'bundleSid'
  from jsonb_array_elements(p_numbers) n where l.phone_sid = n ->> 'phoneSid' and l.user_id = p_user_id;
end;
$$;
comment on function private.note_listed_numbers(uuid, text, jsonb) is
  'Notes the numbers that are in a subaccount at Twilio ([{phoneSid, phoneNumber, friendlyName, capabilities, '
  'addressSid, bundleSid}]) as numbers that leave.';

create function private.numbers_to_leave(p_numbers jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(jsonb_build_object('phoneSid', l.phone_sid,
      'action', case when l.state in ('kept', 'releasing') then 'release' else l.action end,
      'addressSid', p.address_sid, 'bundleSid', p.bundle_sid) order by l.phone_sid)
    from private.leaving_numbers l
    join jsonb_array_elements(p_numbers) n on n ->> 'phoneSid' = l.phone_sid
    left join lateral (select * from private.parking_papers q
      where starts_with(l.phone_number, q.prefix) order by length(q.prefix) desc limit 1) p on true);
end;
$$;
comment on function private.numbers_to_leave(jsonb) is
  'What happens to the listed numbers of a subaccount when they leave: [{phoneSid, action (leaving_numbers), '
  'addressSid, bundleSid (of the master account)}].';

create function public.decide_leaving(p_user_id uuid, p_fence bigint, p_account_sid text, p_by_hand boolean,
  p_numbers jsonb)
returns table (outcome public.leaving_outcome, numbers jsonb)
language plpgsql
set search_path = ''
as $$
begin
  outcome := case
    when not private.renew_lease_if_held(p_user_id, p_fence) then 'fenced'
    when private.wanted_subaccount(p_user_id) <> 'closed' then 'stopped'
    when jsonb_array_length(p_numbers) = 0 then 'close'
    when not p_by_hand then null
    when private.leaves_at_once(p_user_id) and private.user_exists(p_user_id) then 'close' -- an operator decided so
    else 'listed' end;
  if outcome = 'listed' then
    perform private.raise_alert('unpaid_account', p_account_sid, p_user_id, jsonb_build_object(
      'reason', 'suspended_at_twilio', 'numbers', jsonb_array_length(p_numbers)));
  elsif outcome is null then
    perform private.note_listed_numbers(p_user_id, p_account_sid, p_numbers);
    outcome := case when exists (select from private.leaving_numbers l
        join jsonb_array_elements(p_numbers) n on n ->> 'phoneSid' = l.phone_sid
        where l.due_at > now()) then 'wait' else 'leave' end;
    numbers := case when outcome = 'leave' then private.numbers_to_leave(p_numbers) end;
  end if;
  return next;
end;
$$;
comment on function public.decide_leaving(uuid, bigint, text, boolean, jsonb) is
  'Decides what happens to a subaccount that is to be closed, with its numbers at Twilio as just listed. leave comes '
  'with numbers, as numbers_to_leave returns them.';

create type public.duplicate_outcome as enum ('close', 'listed', 'fenced');
comment on type public.duplicate_outcome is
  'What to do with a duplicate of a tenant''s account. listed: it has numbers that Twilio refuses to move, so it stays '
  'open and an operator is alerted. fenced: the lease was lost.';

create function public.decide_duplicate(p_user_id uuid, p_fence bigint, p_account_sid text, p_refused jsonb)
returns public.duplicate_outcome
language plpgsql
set search_path = ''
as $$
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  elsif jsonb_array_length(p_refused) = 0 or private.leaves_at_once(p_user_id) then
    perform private.settle_alert('unpaid_account', p_account_sid);
    return 'close';
  end if;
  perform private.raise_alert('unpaid_account', p_account_sid, p_user_id, jsonb_build_object(
    'reason', p_refused -> 0 ->> 'reason', 'duplicateNumbers', p_refused));
  return 'listed';
end;
$$;
comment on function public.decide_duplicate(uuid, bigint, text, jsonb) is
  'Decides whether a duplicate of a tenant''s account is closed, after its numbers were moved to the account that is '
  'kept. p_refused: those that Twilio refused to move, [{phoneNumber, reason}]. Closing releases them, so only the '
  'account of a tenant whose numbers leave at once is closed with them.';

create function public.note_leaving_begun(p_user_id uuid, p_fence bigint) returns public.fenced_write
language plpgsql
set search_path = ''
as $$
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  end if;
  update private.tenancies t set intended_status = 'active', leaving_since = coalesce(t.leaving_since, now())
  where t.user_id = p_user_id;
  update public.user_preferences p set twilio_subaccount_status = 'suspended'
  where p.user_id = p_user_id and p.twilio_subaccount_status = 'active';
  return 'written';
end;
$$;
comment on function public.note_leaving_begun(uuid, bigint) is
  'Written before a suspended account is set active so that its numbers can leave. The tenant is held meanwhile.';

create type public.leaving_step as enum ('release', 'park', 'return');
comment on type public.leaving_step is
  'A call to Twilio. release: deletes the number. park: moves it to the master account. return: moves it back.';

create type public.leaving_note as enum ('noted', 'stopped', 'fenced');
comment on type public.leaving_note is
  'noted: the call may be made. stopped: the facts have changed, so it must not. fenced: the lease was lost.';

create function public.note_leaving_step(p_user_id uuid, p_fence bigint, p_phone_sid text,
  p_step public.leaving_step) returns public.leaving_note
language plpgsql
set search_path = ''
as $$
declare
  wanted constant public.wanted_status := private.wanted_subaccount(p_user_id);
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  end if;
  update private.leaving_numbers l set changed_at = now(), state = case p_step
    when 'release' then 'releasing' when 'park' then 'parking' else 'returning' end::private.leaving_state
  where l.phone_sid = p_phone_sid and l.user_id = p_user_id and case p_step
    when 'return' then wanted = 'active' and l.parked_at is not null
    when 'park' then wanted = 'closed' and l.due_at <= now() and l.parked_at is null
    else wanted = 'closed' and (l.due_at <= now() or private.leaves_at_once(p_user_id)) end;
  return case when found then 'noted' else 'stopped' end;
end;
$$;
comment on function public.note_leaving_step(uuid, bigint, text, public.leaving_step) is
  'Written before each number is released, parked or moved back, with the facts of that moment: a tenant who pays '
  'again keeps what is left.';

create type public.number_place as enum ('tenant', 'master', 'nowhere');
comment on type public.number_place is 'Where a number was found at Twilio. nowhere: it is released.';

create function private.record_parked(p_number private.leaving_numbers, p_reason text) returns void
language plpgsql
set search_path = ''
as $$
declare
  plan constant public.plans := private.leaving_plan(p_number.user_id);
  parked private.leaving_numbers;
begin
  update private.leaving_numbers l set state = 'parked', reason = p_reason, changed_at = now(), action = 'release',
    due_at = case when l.parked_at is null then greatest(now() + plan.parking, l.released_at) else l.due_at end,
    parked_at = coalesce(l.parked_at, now())
  where l.phone_sid = p_number.phone_sid returning l.* into parked;
  if p_number.parked_at is null then
    parked.released_at := parked.due_at;
    update public.user_twilio_numbers n set status = 'released', is_primary = false
    where n.phone_sid = p_number.phone_sid and n.user_id = p_number.user_id and n.is_held;
    delete from private.master_numbers m where m.phone_sid = p_number.phone_sid;
    perform private.give_leaving_notice(parked);
  end if;
end;
$$;
comment on function private.record_parked(private.leaving_numbers, text) is
  'Records that a number is in the master account. Its time there begins with the first record, and does not end '
  'before the date in its notice.';

create function private.record_at_tenant(p_number private.leaving_numbers, p_reason text) returns void
language plpgsql
set search_path = ''
as $$
begin
  if private.wanted_subaccount(p_number.user_id) = 'closed' then
    update private.leaving_numbers l set changed_at = now(), reason = p_reason, parked_at = null,
      state = case when p_reason is null then 'noticed' else 'kept' end::private.leaving_state,
      due_at = case when p_reason is null then l.due_at when p_number.state = 'parking'
        then greatest(now() + (private.leaving_plan(l.user_id)).parking, l.released_at)
        else now() + interval '1 day' end
    where l.phone_sid = p_number.phone_sid;
    if p_reason is not null then
      perform private.raise_alert('unpaid_account', p_number.account_sid, p_number.user_id, jsonb_build_object(
        'reason', p_reason, 'phoneNumber', p_number.phone_number));
    end if;
    return;
  end if;
  delete from private.leaving_numbers l where l.phone_sid = p_number.phone_sid;
  perform private.take_in_number(p_number.user_id, p_number.account_sid, jsonb_build_object(
    'phoneSid', p_number.phone_sid, 'phoneNumber', p_number.phone_number, 'friendlyName', p_number.friendly_name,
    'capabilities', p_number.capabilities));
  perform private.promote_oldest_number(p_number.user_id, 'converge', null);
end;
$$;
comment on function private.record_at_tenant(private.leaving_numbers, text) is
  'Records that a number is in the tenant''s account: kept when Twilio refused that it leaves, and the tenant''s again '
  'when they stay. A number that could not be parked is released when its time in the master account would be over.';

create function private.record_place(p_number private.leaving_numbers, p_place public.number_place, p_reason text)
returns text
language plpgsql
set search_path = ''
as $$
begin
  case p_place
    when 'nowhere' then
      update public.user_twilio_numbers n set status = 'released', is_primary = false
      where n.phone_sid = p_number.phone_sid and n.user_id = p_number.user_id and n.is_held;
      delete from private.leaving_numbers l where l.phone_sid = p_number.phone_sid;
      return 'released';
    when 'master' then
      perform private.record_parked(p_number, p_reason);
      return 'parked';
    when 'tenant' then
      perform private.record_at_tenant(p_number, p_reason);
      return case when p_reason is null then 'returned' else 'kept' end;
  end case;
end;
$$;
comment on function private.record_place(private.leaving_numbers, public.number_place, text) is
  'Records where a number is. Returns what happened to it, for the audit log.';

create function public.record_leaving_step(p_user_id uuid, p_fence bigint, p_phone_sid text,
  p_place public.number_place, p_account_sid text, p_reason text, p_request_id text) returns public.fenced_write
language plpgsql
set search_path = ''
as $$
declare
  number private.leaving_numbers;
  happened text;
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  end if;
  perform private.lock_tenant(p_user_id);
  select * into number from private.leaving_numbers l
  where l.phone_sid = p_phone_sid and l.user_id = p_user_id for update;
  if not found then
    return 'written'; -- An operator moved the number meanwhile.
  end if;
  number.account_sid := coalesce(p_account_sid, number.account_sid);
  happened := private.record_place(number, p_place, p_reason);
  if p_place = 'nowhere' or (p_place = 'tenant' and p_reason is null) then
    perform private.settle_alert('unpaid_account', p_phone_sid);
  elsif p_place = 'master' and p_reason is not null then
    perform private.raise_alert('unpaid_account', p_phone_sid, p_user_id, jsonb_build_object(
      'reason', p_reason, 'phoneNumber', number.phone_number));
  end if;
  perform private.audit('converge', 'number.' || happened, p_user_id, number.account_sid, p_request_id,
    jsonb_strip_nulls(jsonb_build_object('phoneNumber', number.phone_number, 'phoneSid', p_phone_sid,
      'reason', p_reason)));
  return 'written';
end;
$$;
comment on function public.record_leaving_step(uuid, bigint, text, public.number_place, text, text, text) is
  'Records where a number is after a call to Twilio or a look at it. p_account_sid: the tenant''s account that it is '
  'in or comes to. p_reason: why Twilio refused the call.';

create function public.report_moved_number(p_user_id uuid, p_phone_sid text) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  insert into private.leaving_numbers as l (phone_sid, number_id, user_id, phone_number, friendly_name, capabilities,
    account_sid, state, due_at)
  select n.phone_sid, n.id, n.user_id, n.phone_number, n.friendly_name, n.capabilities, n.account_sid, 'parking', now()
  from public.user_twilio_numbers n where n.phone_sid = p_phone_sid and n.user_id = p_user_id
  on conflict (phone_sid) do update set state = 'parking' where l.state <> 'parked';
  perform private.ask_for_convergence(p_user_id);
  return found;
end;
$$;
comment on function public.report_moved_number(uuid, text) is
  'A former holder of the lease parked a number after it had lost the lease: convergence looks where the number is.';

create type public.parked_number_todo as enum ('look', 'release', 'return');
comment on type public.parked_number_todo is
  'look: the result of a call is not known. release: its time in the master account is over. return: the tenant pays '
  'again.';

create function public.parked_numbers_to_do(p_user_id uuid, p_since timestamptz)
returns table (phone_sid text, account_sid text, todo public.parked_number_todo, address_sid text, bundle_sid text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  wanted constant public.wanted_status := private.wanted_subaccount(p_user_id);
  at_once constant boolean := private.leaves_at_once(p_user_id);
begin
  return query
    select d.phone_sid, d.account_sid, d.todo, d.address_sid, d.bundle_sid from (
      select l.*, case
        when l.state in ('releasing', 'parking', 'returning') then 'look'
        when l.state <> 'parked' then null
        when wanted = 'closed' and (at_once or l.due_at <= now()) then 'release'
        when wanted = 'active' then 'return' end::public.parked_number_todo as todo
      from private.leaving_numbers l where l.user_id = p_user_id) d
    -- What Twilio has just refused is tried again by a later convergence.
    where d.todo is not null and (d.reason is null or d.changed_at < p_since) order by d.phone_sid;
end;
$$;
comment on function public.parked_numbers_to_do(uuid, timestamptz) is
  'What convergence has to do with numbers that are, or may be, in the master account. p_since: when it began.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.leaving_plan(uuid),
  private.leaves_at_once(uuid),
  private.leaves_at(uuid),
  private.subaccount_target(uuid),
  private.leaving_work_at(uuid),
  private.give_leaving_notice(private.leaving_numbers),
  private.leave_at_once(uuid),
  private.leave_after_notice(uuid, timestamptz, public.plans),
  private.keep_numbers(uuid),
  private.note_leaving(uuid),
  private.is_leaving(uuid),
  private.is_parked(text),
  private.forget_closed_numbers(uuid, text),
  private.numbers_released_at(uuid),
  public.account_outlook(uuid),
  private.take_in_listed_number(uuid, text, jsonb),
  private.note_listed_numbers(uuid, text, jsonb),
  private.numbers_to_leave(jsonb),
  public.decide_leaving(uuid, bigint, text, boolean, jsonb),
  public.decide_duplicate(uuid, bigint, text, jsonb),
  public.note_leaving_begun(uuid, bigint),
  public.note_leaving_step(uuid, bigint, text, public.leaving_step),
  private.record_parked(private.leaving_numbers, text),
  private.record_at_tenant(private.leaving_numbers, text),
  private.record_place(private.leaving_numbers, public.number_place, text),
  public.record_leaving_step(uuid, bigint, text, public.number_place, text, text, text),
  public.report_moved_number(uuid, text),
  public.parked_numbers_to_do(uuid, timestamptz)
  from public, anon, authenticated;
grant execute on function
  private.leaving_plan(uuid),
  private.leaves_at_once(uuid),
  private.leaves_at(uuid),
  private.subaccount_target(uuid),
  private.leaving_work_at(uuid),
  private.give_leaving_notice(private.leaving_numbers),
  private.leave_at_once(uuid),
  private.leave_after_notice(uuid, timestamptz, public.plans),
  private.keep_numbers(uuid),
  private.note_leaving(uuid),
  private.is_leaving(uuid),
  private.is_parked(text),
  private.forget_closed_numbers(uuid, text),
  private.numbers_released_at(uuid),
  public.account_outlook(uuid),
  private.take_in_listed_number(uuid, text, jsonb),
  private.note_listed_numbers(uuid, text, jsonb),
  private.numbers_to_leave(jsonb),
  public.decide_leaving(uuid, bigint, text, boolean, jsonb),
  public.decide_duplicate(uuid, bigint, text, jsonb),
  public.note_leaving_begun(uuid, bigint),
  public.note_leaving_step(uuid, bigint, text, public.leaving_step),
  private.record_parked(private.leaving_numbers, text),
  private.record_at_tenant(private.leaving_numbers, text),
  private.record_place(private.leaving_numbers, public.number_place, text),
  public.record_leaving_step(uuid, bigint, text, public.number_place, text, text, text),
  public.report_moved_number(uuid, text),
  public.parked_numbers_to_do(uuid, timestamptz)
  to service_role;
