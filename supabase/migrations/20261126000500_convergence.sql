-- Convergence: asking for it, drift, and the lease under which it acts at Twilio. Each decision is one round trip. Each
-- write checks the fence first.

-- Asking --------------------------------------------------------------------------------------------------------------

create function private.enqueue_convergence(p_user_id uuid, p_delay_seconds integer default 0,
  p_thorough boolean default false)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
  job jsonb := jsonb_build_object('kind', 'converge', 'userId', p_user_id);
begin
  if p_thorough then
    job := job || '{"thorough": true}';
  end if;
  return private.enqueue(job, p_delay_seconds);
end;
$$;
comment on function private.enqueue_convergence(uuid, integer, boolean) is
  'Enqueues a convergence. A thorough one also searches Twilio for duplicates by name. Returns the job''s id.';

create function private.ask_for_convergence(p_user_id uuid, p_delay_seconds integer default 0,
  p_thorough boolean default false)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.tenancies as t (user_id) values (p_user_id)
  on conflict (user_id) do update set version = t.version + 1;
  perform private.enqueue_convergence(p_user_id, p_delay_seconds, p_thorough);
end;
$$;
comment on function private.ask_for_convergence(uuid, integer, boolean) is
  'Records that a fact about a tenant changed and enqueues a convergence, in the caller''s transaction.';

create function public.report_account_trouble(p_user_id uuid) returns bigint
language plpgsql
set search_path = ''
as $$
begin
  perform private.ask_for_convergence(p_user_id);
  -- Twilio refuses a changed token like the token of a suspended account, so both are checked.
  return private.enqueue(jsonb_build_object('kind', 'rotate-token', 'userId', p_user_id));
end;
$$;
comment on function public.report_account_trouble(uuid) is
  'Twilio refused a tenant''s credentials. Convergence reads the subaccount''s status, and a job compares the stored '
  'token with Twilio''s. Returns the id of that job.';

-- Drift ---------------------------------------------------------------------------------------------------------------

-- A tenant has drifted when their stored subaccount does not have the wanted status. The triggers below make a tenant
-- due in the transaction that changes a fact, also when an operator changes it by hand, so that a lost job comes again.
-- The end of a convergence writes the next date: the end of a grace or retention period, or the daily check.

create function private.note_changed_tenancy() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_due_by(new.user_id, 'convergence');
  return null;
end;
$$;
comment on function private.note_changed_tenancy() is 'Trigger: a tenancy with a new fact is due for convergence.';
create trigger due_when_new after insert on private.tenancies
  for each row execute function private.note_changed_tenancy();
create trigger due_when_changed after update on private.tenancies
  for each row when (old.version <> new.version or old.operator_hold is distinct from new.operator_hold
    or old.requested_at is distinct from new.requested_at or old.requested_by is distinct from new.requested_by
    or old.user_deleted_at is distinct from new.user_deleted_at)
  execute function private.note_changed_tenancy();

create function private.note_changed_subscription() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- Locks the tenancy before the due row, as every other writer does, to prevent deadlocks.
  update private.tenancies t set version = t.version + 1 where t.user_id in (old.user_id, new.user_id);
  return null;
end;
$$;
comment on function private.note_changed_subscription() is
  'Trigger: a changed subscription is a new fact about its tenant.';
create trigger due_when_new after insert on public.subscriptions
  for each row when (new.user_id is not null) execute function private.note_changed_subscription();
create trigger due_when_changed after update on public.subscriptions
  for each row when ((old.user_id, old.origin, old.status, old.plan_key, old.first_payment_pending, old.past_due_since,
      old.ended_at)
    is distinct from (new.user_id, new.origin, new.status, new.plan_key, new.first_payment_pending, new.past_due_since,
      new.ended_at))
  execute function private.note_changed_subscription();
create trigger due_when_deleted after delete on public.subscriptions
  for each row when (old.user_id is not null) execute function private.note_changed_subscription();

create function private.note_changed_periods() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update private.due_work d set due_at = now()
  from (
    select o.user_id from private.due_work o
    where o.kind = 'convergence' and o.due_at > now() and exists (select from public.subscriptions s
      where s.plan_key = new.key and (s.status in ('past_due', 'canceled') or s.first_payment_pending)
        and s.user_id = o.user_id)
    order by o.user_id for update -- a fixed order of locks prevents deadlocks
  ) within
  where d.user_id = within.user_id and d.kind = 'convergence';
  return null;
end;
$$;
comment on function private.note_changed_periods() is
  'Trigger: tenants within a plan''s grace or retention period are due when its length changes, and those whose first '
  'payment is pending when the plan begins or ceases to entitle meanwhile.';
create trigger due_when_periods_change after update on public.plans
  for each row when (old.past_due_grace <> new.past_due_grace or old.retention <> new.retention
    or old.entitle_while_pending <> new.entitle_while_pending)
  execute function private.note_changed_periods();

create function private.note_lost_subaccount() returns trigger
language plpgsql
security definer -- the host's users may delete their own row
set search_path = ''
as $$
begin
  perform private.set_due_by(old.user_id, 'convergence');
  return null;
end;
$$;
comment on function private.note_lost_subaccount() is
  'Trigger: a tenant whose row lost its SID or token, or was deleted, is due for convergence.';
create trigger switchboard_due_when_lost
  after update of twilio_subaccount_sid, twilio_subaccount_auth_token_encrypted on public.user_preferences
  for each row when ((old.twilio_subaccount_sid is not null and new.twilio_subaccount_sid is null)
    or (old.twilio_subaccount_auth_token_encrypted is not null and new.twilio_subaccount_auth_token_encrypted is null))
  execute function private.note_lost_subaccount();
create trigger switchboard_due_when_deleted after delete on public.user_preferences
  for each row when (old.twilio_subaccount_sid is not null) execute function private.note_lost_subaccount();

create function private.has_drifted(p_user_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  wanted constant text := private.subaccount_target(p_user_id);
  tenancy private.tenancies;
  stored record;
begin
  select * into tenancy from private.tenancies t where t.user_id = p_user_id;
  select p.twilio_subaccount_sid as sid, p.twilio_subaccount_status as status,
    p.twilio_subaccount_auth_token_encrypted is not null as has_token
  into stored from public.user_preferences p where p.user_id = p_user_id;
  return case
    when tenancy.user_id is null or wanted = 'none' then false
    -- A row without its SID or token: lost with the host's table, or never finished.
    when wanted = 'active' then
      tenancy.applied_status is distinct from 'active' or stored.sid is null or not coalesce(stored.has_token, false)
    when tenancy.applied_status::text = wanted or coalesce(tenancy.applied_status = 'closed', false) then false
    -- A suspension made in Twilio's console before we had to suspend is kept.
    when wanted = 'suspended' and coalesce(stored.status = 'suspended', false) then false
    else stored.sid is not null or tenancy.applied_status is not null or tenancy.create_attempted_at is not null
  end;
end;
$$;
comment on function private.has_drifted(uuid) is
  'Whether a tenant''s subaccount, as stored, does not have the wanted status. False without a tenancy.';

create function private.set_next_convergence(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_due(p_user_id, 'convergence', case
    -- Nothing changes any more for a deleted user whose account is closed.
    when exists (select from private.tenancies t where t.user_id = p_user_id) and (private.user_exists(p_user_id)
      or exists (select from private.leaving_numbers l where l.user_id = p_user_id))
    -- The daily check finds what no trigger saw, such as a truncated table or a restored backup, and repeats what a
    -- convergence could not do, such as the release of a number that Twilio refused.
    then least((private.entitlement_of(p_user_id)).changes_at,
      (select w from private.leaving_work_at(p_user_id) w where w > now()), now() + private.spread('1 day')) end);
end;
$$;
comment on function private.set_next_convergence(uuid) is
  'Writes when a tenant without drift is compared again: when time changes their wanted status, when a number must '
  'be given notice of or leave, and daily.';

create function public.ask_for_drifted_convergence(p_limit integer) returns table (checked integer, asked integer)
language plpgsql
set search_path = ''
as $$
declare
  tenant uuid;
begin
  checked := 0;
  asked := 0;
  -- A job that fails is retried for up to five hours. After that, the next one is enqueued.
  for tenant in select c from private.claim_due('convergence', p_limit, '6 hours') c loop
    checked := checked + 1;
    perform private.note_excess_numbers(tenant);
    if private.has_drifted(tenant) or private.leaving_work_at(tenant) <= now() then
      -- The tenancy is not locked here: other transactions lock it before the due row.
      perform private.enqueue_convergence(tenant);
      asked := asked + 1;
    else
      perform private.set_next_convergence(tenant);
    end if;
  end loop;
  return next;
end;
$$;
comment on function public.ask_for_drifted_convergence(integer) is
  'Compares up to p_limit due tenants with their stored subaccount and enqueues the convergence of those that differ. '
  'checked = p_limit: more may be due.';

insert into private.schedules (name, job, every)
  values ('converge-drifted', '{"kind": "converge-drifted"}', '5 minutes');

-- Tenants of the previous product, whose rows existed before this installation. They keep their subaccounts, and a
-- suspended one stays suspended. Convergence reads again the tokens that were deleted at installation.
insert into private.tenancies (user_id, requested_by, requested_at, subaccount_sid, subaccount_status)
select p.user_id, 'existing', case when p.twilio_subaccount_status <> 'suspended' then now() end,
  p.twilio_subaccount_sid, nullif(p.twilio_subaccount_status, 'pending')::public.twilio_account_status
from public.user_preferences p
where p.twilio_subaccount_sid is not null and p.twilio_subaccount_status <> 'closed' and private.user_exists(p.user_id);
select private.ask_for_convergence(user_id) from private.tenancies;

-- The lease -----------------------------------------------------------------------------------------------------------

create type public.lease_outcome as enum ('leased', 'busy');
comment on type public.lease_outcome is 'leased: the caller holds the tenant''s lease. busy: another holder does.';

create type public.fenced_write as enum ('written', 'fenced');
comment on type public.fenced_write is
  'written: the caller held the lease and the write is done. fenced: another holder took the lease, or there was none; '
  'nothing was written.';

create function private.take_lease(p_user_id uuid, p_lease_seconds integer) returns private.tenancies
language plpgsql
set search_path = ''
as $$
declare
  leased private.tenancies;
begin
  insert into private.tenancies (user_id) values (p_user_id) on conflict do nothing;
  update private.tenancies t
  set fence = t.fence + 1, leased_for = make_interval(secs => p_lease_seconds),
    leased_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
  where t.user_id = p_user_id and (t.leased_until is null or t.leased_until < clock_timestamp())
  returning t.* into leased;
  return leased;
end;
$$;
comment on function private.take_lease(uuid, integer) is
  'Takes the tenant''s lease and returns the tenancy with its new fence. All columns are null while another holder has '
  'the lease.';

create function private.renew_lease_if_held(p_user_id uuid, p_fence bigint) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  -- The update also locks the row: no newer lease can be taken between this check and the write that follows. A call to
  -- Twilio follows most notes, so it has the whole length of a lease, however long the look before it took.
  update private.tenancies t set leased_until = clock_timestamp() + t.leased_for
  where t.user_id = p_user_id and t.fence = p_fence;
  return found;
end;
$$;
comment on function private.renew_lease_if_held(uuid, bigint) is
  'Renews the lease for its full length if the fence is the newest. Returns whether it is.';

create function public.renew_lease(p_user_id uuid, p_fence bigint) returns public.fenced_write
language plpgsql
set search_path = ''
as $$
begin
  return case when private.renew_lease_if_held(p_user_id, p_fence) then 'written' else 'fenced' end;
end;
$$;
comment on function public.renew_lease(uuid, bigint) is
  'Called before a write to Twilio that needs no note. A caller that is fenced must not write.';

create function private.recheck_after_lost_lease(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- A suspension that is found next may be the former holder's, so it must not count as made in Twilio's console.
  update private.tenancies t set applied_status = null where t.user_id = p_user_id and t.subaccount_status = 'active';
  if exists (select from private.tenancies t where t.user_id = p_user_id) then
    perform private.enqueue_convergence(p_user_id, p_thorough => true);
  end if;
end;
$$;
comment on function private.recheck_after_lost_lease(uuid) is
  'A former holder of the lease may have created or suspended an account after losing it: a thorough convergence looks '
  'at all accounts of the tenant.';

-- Beginning and ending ------------------------------------------------------------------------------------------------

create function public.begin_convergence(p_user_id uuid, p_lease_seconds integer)
returns table (
  outcome public.lease_outcome, fence bigint, version bigint, wanted public.wanted_status, subaccount_sid text,
  stored_status public.account_status, has_token boolean, applied_status public.twilio_account_status,
  intended_status public.twilio_account_status, create_attempted_at timestamptz
)
language plpgsql
set search_path = ''
as $$
declare
  leased constant private.tenancies := private.take_lease(p_user_id, p_lease_seconds);
  stored public.user_preferences;
begin
  if leased.user_id is null then
    outcome := 'busy';
    return next;
    return;
  end if;
  outcome := 'leased';
  fence := leased.fence;
  version := leased.version;
  applied_status := leased.applied_status;
  intended_status := leased.intended_status;
  create_attempted_at := leased.create_attempted_at;
  -- Read after the lease is taken, so that the previous holder's writes are seen.
  perform private.note_leaving(p_user_id);
  perform private.note_excess_numbers(p_user_id);
  wanted := private.subaccount_target(p_user_id);
  select * into stored from public.user_preferences p where p.user_id = p_user_id;
  -- The copy decides: the host may let a tenant delete the row, and a suspension must survive that.
  subaccount_sid := coalesce(leased.subaccount_sid, stored.twilio_subaccount_sid);
  if stored.twilio_subaccount_sid = subaccount_sid then
    stored_status := stored.twilio_subaccount_status;
    has_token := stored.twilio_subaccount_auth_token_encrypted is not null;
  else
    stored_status := coalesce(leased.subaccount_status::text, 'pending');
    has_token := false; -- Convergence writes the row again, with the token.
  end if;
  return next;
end;
$$;
comment on function public.begin_convergence(uuid, integer) is
  'Takes the tenant''s lease. leased comes with the wanted status, the stored subaccount and the notes of an earlier '
  'convergence.';

create type public.convergence_end as enum ('released', 'again', 'fenced');
comment on type public.convergence_end is
  'released: the convergence is over. again: a new fact arrived meanwhile, converge once more. fenced: the lease was '
  'lost.';

create function public.end_convergence(p_user_id uuid, p_fence bigint, p_version bigint, p_error text default null,
  p_in_doubt boolean default false)
returns public.convergence_end
language plpgsql
set search_path = ''
as $$
declare
  newest bigint;
begin
  update private.tenancies t
  -- A write to Twilio without a response may still land: until the lease runs out, no other holder may act.
  set leased_until = case when p_in_doubt then t.leased_until end, last_error = left(p_error, 500),
    converged_at = case when p_error is null then clock_timestamp() else t.converged_at end
  where t.user_id = p_user_id and t.fence = p_fence
  returning t.version into newest;
  if newest is null then
    perform private.recheck_after_lost_lease(p_user_id);
    return 'fenced';
  end if;
  -- A convergence that failed, waits or has a newer fact keeps its date.
  if p_error is null and newest = p_version and not private.has_drifted(p_user_id) then
    perform private.set_next_convergence(p_user_id);
  end if;
  return case when newest > p_version then 'again' else 'released' end;
end;
$$;
comment on function public.end_convergence(uuid, bigint, bigint, text, boolean) is
  'Gives the lease back, or lets it run out while a write to Twilio is in doubt. Writes when the tenant is due next.';

-- Notes before a call to Twilio ---------------------------------------------------------------------------------------

create type public.create_attempt as enum ('noted', 'limit_reached', 'fenced');
comment on type public.create_attempt is
  'noted: the account may be created. limit_reached: the master account may have no further one. fenced: the lease was '
  'lost.';

-- How many subaccounts are open is counted when one is opened or closed, so that the limit is checked in constant time.
create table private.open_subaccounts (
  total bigint not null,
  is_only boolean primary key default true,
  constraint open_subaccounts_is_one check (is_only)
);
comment on table private.open_subaccounts is
  'The number of tenancies whose subaccount is active or suspended. One row. A tenancy outlives the row in '
  'user_preferences and the user, as the subaccount does.';
alter table private.open_subaccounts enable row level security;
revoke all on private.open_subaccounts from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.open_subaccounts to service_role;
insert into private.open_subaccounts (total)
select count(*) from private.tenancies where subaccount_status in ('active', 'suspended');

create function private.count_subaccount() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update private.open_subaccounts set total = case tg_op
    when 'TRUNCATE' then 0
    when 'DELETE' then total - 1
    when 'INSERT' then total + 1
    else total + case when new.subaccount_status in ('active', 'suspended') then 1 else -1 end end;
  return null;
end;
$$;
comment on function private.count_subaccount() is 'Trigger: counts the open subaccounts.';
create trigger count_new after insert on private.tenancies
  for each row when (new.subaccount_status in ('active', 'suspended')) execute function private.count_subaccount();
create trigger count_changed after update of subaccount_status on private.tenancies
  for each row when (coalesce(old.subaccount_status in ('active', 'suspended'), false)
    <> coalesce(new.subaccount_status in ('active', 'suspended'), false))
  execute function private.count_subaccount();
create trigger count_deleted after delete on private.tenancies
  for each row when (old.subaccount_status in ('active', 'suspended')) execute function private.count_subaccount();
create trigger count_truncated after truncate on private.tenancies
  for each statement execute function private.count_subaccount();

create index tenancies_last_created on private.tenancies (last_created_at) where last_created_at is not null;
create index tenancies_create_attempted on private.tenancies (create_attempted_at)
  where create_attempted_at is not null;

create function private.is_paying(p_user_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((private.entitlement_of(p_user_id)).wanted = 'active', false);
end;
$$;
comment on function private.is_paying(uuid) is 'Whether a subscription entitles a tenant to an active subaccount now.';

create function private.may_create_subaccount(p_user_id uuid, p_max_subaccounts integer, p_max_per_day integer)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  stored constant bigint := (select o.total from private.open_subaccounts o for update);
  attempted constant bigint := (select count(*) from private.tenancies t
    where t.create_attempted_at is not null and t.user_id <> p_user_id);
  created bigint;
  created_free bigint;
begin
  -- The lock on the count lasts until the transaction ends, and the attempts of other tenants are counted under it:
  -- concurrent tenants cannot share the last place.
  if stored + attempted >= p_max_subaccounts then
    return false;
  end if;
  -- The daily limit stops a flood of new accounts of any cause. Tenants who do not pay may use three quarters of it.
  select count(*), count(*) filter (where not t.created_while_paying) into created, created_free
  from private.tenancies t where t.last_created_at > now() - interval '1 day' and t.user_id <> p_user_id;
  return p_max_per_day is null
    or (created < p_max_per_day and (created_free < ceil(p_max_per_day * 0.75) or private.is_paying(p_user_id)));
end;
$$;
comment on function private.may_create_subaccount(uuid, integer, integer) is
  'Whether one more subaccount may be created: by the total limit, and by the limit per day (null: no limit per day), '
  'which counts the subaccounts of deleted users and keeps a quarter for paying tenants.';

create function public.note_create_attempt(
  p_user_id uuid, p_fence bigint, p_max_subaccounts integer, p_max_per_day integer default null
) returns public.create_attempt
language plpgsql
set search_path = ''
as $$
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  end if;
  if not private.may_create_subaccount(p_user_id, p_max_subaccounts, p_max_per_day) then
    return 'limit_reached';
  end if;
  update private.tenancies set create_attempted_at = clock_timestamp(), last_created_at = clock_timestamp(),
    created_while_paying = private.is_paying(p_user_id)
  where user_id = p_user_id;
  return 'noted';
end;
$$;
comment on function public.note_create_attempt(uuid, bigint, integer, integer) is
  'Written before an account is created. A later holder of the lease then knows that an account may exist which Twilio '
  'does not list yet.';

create function public.withdraw_create_attempt(p_user_id uuid, p_fence bigint) returns public.fenced_write
language plpgsql
set search_path = ''
as $$
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  end if;
  update private.tenancies set create_attempted_at = null, last_created_at = null where user_id = p_user_id;
  return 'written';
end;
$$;
comment on function public.withdraw_create_attempt(uuid, bigint) is
  'Deletes the note of a creation that Twilio certainly did not make.';

create function public.note_status_intent(p_user_id uuid, p_fence bigint, p_status public.twilio_account_status)
returns public.fenced_write
language plpgsql
set search_path = ''
as $$
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  end if;
  update private.tenancies set intended_status = p_status where user_id = p_user_id;
  return 'written';
end;
$$;
comment on function public.note_status_intent(uuid, bigint, public.twilio_account_status) is
  'Written before a status is set at Twilio. If that status is found there later, Switchboard set it.';

-- Records after a call to Twilio --------------------------------------------------------------------------------------

create function private.store_subaccount(
  p_user_id uuid, p_subaccount_sid text, p_sealed_token text, p_status public.twilio_account_status,
  p_friendly_name text, p_created_at timestamptz
) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- An existing row is updated in place: the host's table may have columns that a new row must fill.
  insert into public.user_preferences (user_id)
  select p_user_id where not exists (select from public.user_preferences p where p.user_id = p_user_id)
  on conflict (user_id) do nothing;
  update public.user_preferences p set
    twilio_subaccount_sid = p_subaccount_sid,
    -- null: the stored token is still valid, unless the account changed
    twilio_subaccount_auth_token_encrypted = case
      when p_sealed_token is not null then p_sealed_token
      when p.twilio_subaccount_sid = p_subaccount_sid then p.twilio_subaccount_auth_token_encrypted
    end,
    twilio_subaccount_status = p_status::text,
    twilio_subaccount_friendly_name = p_friendly_name,
    twilio_subaccount_created_at = coalesce(p_created_at, p.twilio_subaccount_created_at)
  where p.user_id = p_user_id;
end;
$$;
comment on function private.store_subaccount(uuid, text, text, public.twilio_account_status, text, timestamptz) is
  'Stores a tenant''s subaccount in user_preferences. A null token or date keeps the stored one.';

create function public.record_subaccount(
  p_user_id uuid, p_fence bigint, p_subaccount_sid text, p_sealed_token text, p_status public.twilio_account_status,
  p_friendly_name text, p_created_at timestamptz, p_applied_status public.twilio_account_status, p_action text,
  p_request_id text, p_details jsonb default '{}'
) returns public.fenced_write
language plpgsql
set search_path = ''
as $$
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  end if;
  update private.tenancies set
    create_attempted_at = null, intended_status = null, applied_status = p_applied_status,
    subaccount_sid = p_subaccount_sid, subaccount_status = p_status,
    leaving_since = case when p_status = 'active' then leaving_since end,
    suspended_at_twilio = p_status = 'suspended' and coalesce(p_applied_status = 'active', false)
  where user_id = p_user_id;
  -- A deleted user has no row in user_preferences; the tenancy and the audit log keep the SID.
  if private.user_exists(p_user_id) then
    perform private.store_subaccount(p_user_id, p_subaccount_sid, p_sealed_token,
      -- While the numbers leave, the account is active at Twilio and not for the tenant.
      case when private.is_leaving(p_user_id) then 'suspended' else p_status end, p_friendly_name, p_created_at);
  end if;
  if p_status = 'closed' then
    perform private.forget_closed_numbers(p_user_id, p_subaccount_sid);
  end if;
  -- The numbers of a closed account are gone, and so are those of an account that another one replaced.
  update public.user_twilio_numbers n set status = 'released', is_primary = false
  where n.user_id = p_user_id and n.status <> 'released'
    and (p_status = 'closed' or n.account_sid <> p_subaccount_sid);
  perform private.audit('converge', p_action, p_user_id, p_subaccount_sid, p_request_id, p_details);
  return 'written';
end;
$$;
comment on function public.record_subaccount(uuid, bigint, text, text, public.twilio_account_status, text, timestamptz,
  public.twilio_account_status, text, text, jsonb) is
  'Stores the current state of a subaccount at Twilio, with its audit line. An account that Twilio no longer lists has '
  'no date: null keeps the stored one.';

create function public.record_convergence_action(p_user_id uuid, p_fence bigint, p_action text, p_subaccount_sid text,
  p_request_id text, p_details jsonb default '{}')
returns public.fenced_write
language plpgsql
set search_path = ''
as $$
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  end if;
  perform private.audit('converge', p_action, p_user_id, p_subaccount_sid, p_request_id, p_details);
  return 'written';
end;
$$;
comment on function public.record_convergence_action(uuid, bigint, text, text, text, jsonb) is
  'Adds an audit line for a step that changes nothing stored, such as a closed duplicate.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.note_changed_tenancy(),
  private.note_changed_subscription(),
  private.note_changed_periods(),
  private.note_lost_subaccount(),
  private.count_subaccount(),
  private.enqueue_convergence(uuid, integer, boolean),
  private.ask_for_convergence(uuid, integer, boolean),
  public.report_account_trouble(uuid),
  private.has_drifted(uuid),
  private.set_next_convergence(uuid),
  public.ask_for_drifted_convergence(integer),
  private.take_lease(uuid, integer),
  private.renew_lease_if_held(uuid, bigint),
  public.renew_lease(uuid, bigint),
  private.recheck_after_lost_lease(uuid),
  public.begin_convergence(uuid, integer),
  public.end_convergence(uuid, bigint, bigint, text, boolean),
  private.is_paying(uuid),
  private.may_create_subaccount(uuid, integer, integer),
  public.note_create_attempt(uuid, bigint, integer, integer),
  public.withdraw_create_attempt(uuid, bigint),
  public.note_status_intent(uuid, bigint, public.twilio_account_status),
  private.store_subaccount(uuid, text, text, public.twilio_account_status, text, timestamptz),
  public.record_subaccount(uuid, bigint, text, text, public.twilio_account_status, text, timestamptz,
    public.twilio_account_status, text, text, jsonb),
  public.record_convergence_action(uuid, bigint, text, text, text, jsonb)
  from public, anon, authenticated;
grant execute on function
  private.enqueue_convergence(uuid, integer, boolean),
  private.ask_for_convergence(uuid, integer, boolean),
  public.report_account_trouble(uuid),
  private.has_drifted(uuid),
  private.set_next_convergence(uuid),
  public.ask_for_drifted_convergence(integer),
  private.take_lease(uuid, integer),
  private.renew_lease_if_held(uuid, bigint),
  public.renew_lease(uuid, bigint),
  private.recheck_after_lost_lease(uuid),
  public.begin_convergence(uuid, integer),
  public.end_convergence(uuid, bigint, bigint, text, boolean),
  private.is_paying(uuid),
  private.may_create_subaccount(uuid, integer, integer),
  public.note_create_attempt(uuid, bigint, integer, integer),
  public.withdraw_create_attempt(uuid, bigint),
  public.note_status_intent(uuid, bigint, public.twilio_account_status),
  private.store_subaccount(uuid, text, text, public.twilio_account_status, text, timestamptz),
  public.record_subaccount(uuid, bigint, text, text, public.twilio_account_status, text, timestamptz,
    public.twilio_account_status, text, text, jsonb),
  public.record_convergence_action(uuid, bigint, text, text, text, jsonb)
  to service_role;
