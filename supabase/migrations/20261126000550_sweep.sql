-- The hourly comparison of all accounts at Twilio with the tenants.

-- The sweep -----------------------------------------------------------------------------------------------------------

-- Compares all accounts under the master account that carry our name with the database, page by page.

create type public.sweep_level as enum ('within', 'warning', 'critical');
comment on type public.sweep_level is
  'How close the open accounts are to MAX_SUBACCOUNTS: warning from 80 %, critical from 95 %.';

create table private.sweeps (
  id bigint generated always as identity primary key,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  accounts integer not null default 0,
  open_accounts integer not null default 0,
  mismatches integer not null default 0,
  strangers integer not null default 0,
  missing integer not null default 0,
  -- The tenants by the status of their subaccount.
  pending_tenants integer not null default 0,
  active_tenants integer not null default 0,
  suspended_tenants integer not null default 0,
  closed_tenants integer not null default 0,
  -- The last user whose stored account was looked for among the sightings.
  checked_until uuid,
  level public.sweep_level not null default 'within'
);
comment on table private.sweeps is 'One row per comparison of Twilio with the database.';
comment on column private.sweeps.strangers is
  'Accounts with a name like ours whose user is unknown here, such as those of another installation. Never changed.';
alter table private.sweeps enable row level security;
revoke all on private.sweeps from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sweeps to service_role;

create table private.sweep_sightings (
  sweep_id bigint not null references private.sweeps (id) on delete cascade,
  subaccount_sid text not null,
  primary key (sweep_id, subaccount_sid)
);
comment on table private.sweep_sightings is 'The accounts that a running sweep has seen. Deleted when it ends.';
alter table private.sweep_sightings enable row level security;
revoke all on private.sweep_sightings from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sweep_sightings to service_role;

create function public.begin_sweep() returns bigint
language plpgsql
set search_path = ''
as $$
declare
  sweep_id bigint;
begin
  perform private.settle_alert(a.kind, a.subject) from public.operator_alerts a
  where a.kind = 'master_account_inactive' and a.settled_at is null;
  insert into private.sweeps default values returning id into sweep_id;
  return sweep_id;
end;
$$;
comment on function public.begin_sweep() is
  'Opens a sweep and returns its id. A sweep begins only while the master account is active, so it settles that alert.';

create function public.report_inactive_master(p_account_sid text) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  perform private.raise_alert('master_account_inactive', p_account_sid);
  return true;
end;
$$;
comment on function public.report_inactive_master(text) is
  'Alerts the operator that Twilio refuses the master account as not active. The next sweep that begins settles it.';

create type private.sweep_finding as enum ('same', 'mismatch', 'stranger', 'foreign');
comment on type private.sweep_finding is
  'The comparison of one account with the database. foreign: its name is not one of ours. stranger: its name is one of '
  'ours, but its user is unknown.';

create function private.compare_account(p_sid text, p_status text, p_user_id uuid) returns private.sweep_finding
language plpgsql stable
set search_path = ''
as $$
declare
  stored_sid text;
  stored_status text;
  has_row boolean;
begin
  if p_user_id is null then
    return 'foreign';
  end if;
  select p.twilio_subaccount_sid, p.twilio_subaccount_status into stored_sid, stored_status
  from public.user_preferences p where p.user_id = p_user_id;
  has_row := found;
  if not has_row and not private.user_exists(p_user_id)
    and not exists (select from private.tenancies t where t.user_id = p_user_id) then
    return 'stranger';
  end if;
  if p_status = 'closed' then
    return case when stored_sid = p_sid and stored_status <> 'closed' then 'mismatch' else 'same' end;
  end if;
  return case when stored_sid = p_sid and stored_status = p_status then 'same' else 'mismatch' end;
end;
$$;
comment on function private.compare_account(text, text, uuid) is
  'Compares one account at Twilio (its SID, its status, and the user its name stands for) with the database.';

create function public.record_sweep_page(p_sweep_id bigint, p_accounts jsonb, p_next_page_url text)
returns table (accounts integer, mismatches integer, strangers integer)
language plpgsql
set search_path = ''
as $$
declare
  account record;
  finding private.sweep_finding;
  seen_before integer := 0;
  found_open integer := 0;
begin
  accounts := 0;
  mismatches := 0;
  strangers := 0;
  -- The lock makes end_sweep wait for this page. A page that comes after the end changes nothing.
  perform from private.sweeps s where s.id = p_sweep_id and s.finished_at is null for update;
  if not found then
    return next;
    return;
  end if;
  for account in select a.* from jsonb_to_recordset(p_accounts) as a (sid text, status text, "userId" uuid) loop
    -- A page comes twice when its job died late. Its accounts are then already compared.
    insert into private.sweep_sightings (sweep_id, subaccount_sid) values (p_sweep_id, account.sid)
    on conflict do nothing;
    if not found then
      seen_before := seen_before + 1;
      continue;
    end if;
    accounts := accounts + 1;
    found_open := found_open + (account.status <> 'closed')::integer;
    finding := private.compare_account(account.sid, account.status, account."userId");
    if finding = 'mismatch' then
      mismatches := mismatches + 1;
      perform private.ask_for_convergence(account."userId", p_thorough => true);
    elsif finding = 'stranger' then
      strangers := strangers + 1;
    end if;
  end loop;

  update private.sweeps s set
    accounts = s.accounts + record_sweep_page.accounts, open_accounts = s.open_accounts + found_open,
    mismatches = s.mismatches + record_sweep_page.mismatches, strangers = s.strangers + record_sweep_page.strangers
  where s.id = p_sweep_id;
  -- The next page is a job of its own, in this transaction: a sweep whose job dies continues from there.
  if p_next_page_url is not null and (seen_before = 0 or accounts > 0) then
    perform private.enqueue(jsonb_build_object('kind', 'sweep', 'sweepId', p_sweep_id, 'pageUrl', p_next_page_url));
  end if;
  return next;
end;
$$;
comment on function public.record_sweep_page(bigint, jsonb, text) is
  'Compares one page of accounts ([{sid, status, userId or null}]) with the database, asks for the convergence of '
  'tenants that differ, and enqueues the next page. A page that comes twice changes nothing.';

create function private.ask_for_missing_accounts(p_sweep private.sweeps, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  stored record;
  checked integer := 0;
  asked integer := 0;
  last_user uuid := p_sweep.checked_until;
  statuses text[] := '{}';
begin
  for stored in
    select p.user_id, p.twilio_subaccount_status as status,
      p.twilio_subaccount_sid is not null and p.twilio_subaccount_status in ('active', 'suspended')
      and coalesce(p.twilio_subaccount_created_at, '-infinity') < p_sweep.started_at
      and not exists (select from private.sweep_sightings s
        where s.sweep_id = p_sweep.id and s.subaccount_sid = p.twilio_subaccount_sid) as is_missing
    from public.user_preferences p
    where p.user_id > coalesce(p_sweep.checked_until, '00000000-0000-0000-0000-000000000000')
    order by p.user_id limit p_limit
  loop
    checked := checked + 1;
    last_user := stored.user_id;
    statuses := statuses || stored.status::text;
    if stored.is_missing then
      perform private.ask_for_convergence(stored.user_id, p_thorough => true);
      asked := asked + 1;
    end if;
  end loop;
  update private.sweeps s set checked_until = last_user, missing = s.missing + asked,
    mismatches = s.mismatches + asked,
    pending_tenants = s.pending_tenants + cardinality(array_positions(statuses, 'pending')),
    active_tenants = s.active_tenants + cardinality(array_positions(statuses, 'active')),
    suspended_tenants = s.suspended_tenants + cardinality(array_positions(statuses, 'suspended')),
    closed_tenants = s.closed_tenants + cardinality(array_positions(statuses, 'closed'))
  where s.id = p_sweep.id;
  return checked;
end;
$$;
comment on function private.ask_for_missing_accounts(private.sweeps, integer) is
  'Asks for the convergence of tenants whose account is stored as open and was not listed: it was closed long ago. '
  'Checks the next p_limit tenants, counts them by status, and returns how many there were.';

create function private.forget_sightings(p_sweep_id bigint, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  forgotten integer;
begin
  delete from private.sweep_sightings s where s.sweep_id = p_sweep_id and s.subaccount_sid in (
    select o.subaccount_sid from private.sweep_sightings o where o.sweep_id = p_sweep_id limit p_limit);
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;
comment on function private.forget_sightings(bigint, integer) is
  'Deletes up to p_limit sightings of a sweep. Returns how many.';

create function private.level_of_sweep(p_open_accounts integer, p_max_subaccounts integer) returns public.sweep_level
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when p_open_accounts >= p_max_subaccounts * 0.95 then 'critical'
    when p_open_accounts >= p_max_subaccounts * 0.80 then 'warning'
    else 'within' end;
end;
$$;
comment on function private.level_of_sweep(integer, integer) is 'How close this many open accounts are to the limit.';

create function private.finish_sweep(p_sweep_id bigint, p_max_subaccounts integer) returns void
language plpgsql
set search_path = ''
as $$
declare
  finished private.sweeps;
  previous_level public.sweep_level;
begin
  select s.level into previous_level from private.sweeps s where s.finished_at is not null order by s.id desc limit 1;
  update private.sweeps s set finished_at = now(), level = private.level_of_sweep(s.open_accounts, p_max_subaccounts)
  where s.id = p_sweep_id
  returning * into finished;
  delete from private.sweeps s where s.started_at < now() - interval '90 days';
  if finished.level <> 'within' and finished.level is distinct from previous_level then
    perform private.audit('sweep', 'subaccounts.limit_' || finished.level, null, null, null,
      jsonb_build_object('open', finished.open_accounts, 'limit', p_max_subaccounts));
  end if;
end;
$$;
comment on function private.finish_sweep(bigint, integer) is
  'Marks a sweep as finished. A new level other than within is written to the audit log.';

create type public.end_sweep_outcome as enum ('continues', 'within', 'warning', 'critical');
comment on type public.end_sweep_outcome is
  'continues: a batch was checked, and there may be more. Otherwise the level of the finished sweep.';

create function public.end_sweep(p_sweep_id bigint, p_max_subaccounts integer, p_limit integer default 1000)
returns table (
  outcome public.end_sweep_outcome, open_accounts integer, mismatches integer, missing integer, strangers integer
)
language plpgsql
set search_path = ''
as $$
declare
  sweep private.sweeps;
begin
  select * into sweep from private.sweeps s where s.id = p_sweep_id for update;
  if sweep.finished_at is null then -- otherwise the last page came twice
    if private.ask_for_missing_accounts(sweep, p_limit) = p_limit
      or private.forget_sightings(p_sweep_id, p_limit) = p_limit then
      outcome := 'continues';
    else
      perform private.finish_sweep(p_sweep_id, p_max_subaccounts);
    end if;
    select * into sweep from private.sweeps s where s.id = p_sweep_id;
  end if;
  outcome := coalesce(outcome, sweep.level::text::public.end_sweep_outcome);
  open_accounts := sweep.open_accounts;
  mismatches := sweep.mismatches;
  missing := sweep.missing;
  strangers := sweep.strangers;
  return next;
end;
$$;
comment on function public.end_sweep(bigint, integer, integer) is
  'Ends a sweep, up to p_limit tenants at a time: those whose stored account was not listed are converged. Repeat it '
  'until the outcome is a level. Returns the counts so far.';

insert into private.schedules (name, job, every) values ('sweep', '{"kind": "sweep"}', '1 hour');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  public.begin_sweep(),
  public.report_inactive_master(text),
  private.compare_account(text, text, uuid),
  public.record_sweep_page(bigint, jsonb, text),
  private.ask_for_missing_accounts(private.sweeps, integer),
  private.forget_sightings(bigint, integer),
  private.level_of_sweep(integer, integer),
  private.finish_sweep(bigint, integer),
  public.end_sweep(bigint, integer, integer)
  from public, anon, authenticated;
grant execute on function
  public.begin_sweep(),
  public.report_inactive_master(text),
  private.compare_account(text, text, uuid),
  public.record_sweep_page(bigint, jsonb, text),
  private.ask_for_missing_accounts(private.sweeps, integer),
  private.forget_sightings(bigint, integer),
  private.level_of_sweep(integer, integer),
  private.finish_sweep(bigint, integer),
  public.end_sweep(bigint, integer, integer)
  to service_role;
