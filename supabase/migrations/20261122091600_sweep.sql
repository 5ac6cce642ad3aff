-- The sweep: every account under the master that carries our name, compared with the database, page by page.

create table private.sweeps (
  id bigint generated always as identity primary key,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  accounts integer not null default 0,
  open_accounts integer not null default 0,
  mismatches integer not null default 0,
  strangers integer not null default 0,
  level text not null default 'within',
  constraint sweeps_level_known check (level in ('within', 'warning', 'critical'))
);
comment on table private.sweeps is 'One row per comparison of Twilio with the database. level: how close the master is to MAX_SUBACCOUNTS.';
alter table private.sweeps enable row level security;
revoke all on private.sweeps from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sweeps to service_role;

create table private.sweep_sightings (
  sweep_id bigint not null references private.sweeps (id) on delete cascade,
  subaccount_sid text not null,
  primary key (sweep_id, subaccount_sid)
);
comment on table private.sweep_sightings is 'Accounts that a sweep has seen so far; gone when it ends.';
alter table private.sweep_sightings enable row level security;
revoke all on private.sweep_sightings from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sweep_sightings to service_role;

create function public.begin_sweep() returns bigint
language sql
set search_path = ''
as $$
  insert into private.sweeps default values returning id;
$$;
comment on function public.begin_sweep() is 'Opens a sweep and returns its id.';

create function private.ask_for_thorough_convergence(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.tenancies (user_id) values (p_user_id)
  on conflict (user_id) do update set version = private.tenancies.version + 1;
  perform private.enqueue(jsonb_build_object('kind', 'converge', 'userId', p_user_id, 'thorough', true));
end;
$$;
comment on function private.ask_for_thorough_convergence(uuid) is 'As ask_for_convergence, and Twilio is searched for duplicates by name.';

create function public.record_sweep_page(p_sweep_id bigint, p_accounts jsonb, p_next_page_url text)
returns table (accounts integer, mismatches integer, strangers integer)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  seen record;
  came_before integer := 0;
  found_accounts integer := 0;
  found_open integer := 0;
  found_mismatches integer := 0;
  found_strangers integer := 0;
begin
  -- Held, so that the end waits for a page that is being compared. After the end nobody remembers what was seen.
  perform from private.sweeps s where s.id = p_sweep_id and s.finished_at is null for update;
  if not found then
    return query select 0, 0, 0;
    return;
  end if;
  for seen in
    select a.sid, a.status, a."userId" as user_id, p.twilio_subaccount_sid as stored_sid, p.twilio_subaccount_status as stored_status,
      t.user_id is not null or p.user_id is not null or (a."userId" is not null and private.user_exists(a."userId")) as known
    from jsonb_to_recordset(p_accounts) as a (sid text, status text, "userId" uuid)
    left join private.tenancies t on t.user_id = a."userId"
    left join public.user_preferences p on p.user_id = a."userId"
  loop
    -- A page may come twice, where its job died late: then all of this was done.
    insert into private.sweep_sightings (sweep_id, subaccount_sid) values (p_sweep_id, seen.sid) on conflict do nothing;
    if not found then
      came_before := came_before + 1;
      continue;
    end if;
    found_accounts := found_accounts + 1;
    if seen.status <> 'closed' then
      found_open := found_open + 1;
    end if;
    continue when seen.user_id is null; -- not ours: never touched
    if not seen.known then
      -- Our kind of name, but nobody we ever knew: another installation's, perhaps. Told, not touched.
      found_strangers := found_strangers + 1;
      continue;
    end if;
    if (seen.status <> 'closed' and (seen.stored_sid is distinct from seen.sid or seen.stored_status is distinct from seen.status))
      or (seen.status = 'closed' and seen.stored_sid = seen.sid and seen.stored_status <> 'closed')
    then
      found_mismatches := found_mismatches + 1;
      perform private.ask_for_thorough_convergence(seen.user_id);
    end if;
  end loop;

  update private.sweeps s set
    accounts = s.accounts + found_accounts, open_accounts = s.open_accounts + found_open,
    mismatches = s.mismatches + found_mismatches, strangers = s.strangers + found_strangers
  where s.id = p_sweep_id;
  -- The next page is a job of its own, in this transaction: a sweep that dies goes on where it was.
  if p_next_page_url is not null and (came_before = 0 or found_accounts > 0) then
    perform private.enqueue(jsonb_build_object('kind', 'sweep', 'sweepId', p_sweep_id, 'pageUrl', p_next_page_url));
  end if;
  return query select found_accounts, found_mismatches, found_strangers;
end;
$$;
comment on function public.record_sweep_page(bigint, jsonb, text) is
  'Compares one page of accounts ([{sid, status, userId or null}]) with the database; every tenant that differs is converged, and the next page is enqueued. A page that comes twice changes nothing.';

create function public.end_sweep(p_sweep_id bigint, p_max_subaccounts integer)
returns table (outcome text, open_accounts integer, mismatches integer, missing integer, strangers integer)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  sweep private.sweeps;
  previous_level text;
  now_level text;
  missing_tenants integer := 0;
  tenant uuid;
begin
  select * into sweep from private.sweeps s where s.id = p_sweep_id and s.finished_at is not null;
  if found then -- the last page came twice
    return query select sweep.level, sweep.open_accounts, sweep.mismatches, 0, sweep.strangers;
    return;
  end if;
  -- Stored as open, and not seen at all: closed long ago. Convergence asks Twilio about each by its SID.
  for tenant in
    select p.user_id from public.user_preferences p
    where p.twilio_subaccount_status in ('active', 'suspended') and p.twilio_subaccount_sid is not null
      and coalesce(p.twilio_subaccount_created_at, '-infinity') < (select started_at from private.sweeps where id = p_sweep_id)
      and not exists (select from private.sweep_sightings s where s.sweep_id = p_sweep_id and s.subaccount_sid = p.twilio_subaccount_sid)
  loop
    missing_tenants := missing_tenants + 1;
    perform private.ask_for_thorough_convergence(tenant);
  end loop;

  select level into previous_level from private.sweeps where finished_at is not null order by id desc limit 1;
  update private.sweeps s set
    finished_at = now(), mismatches = s.mismatches + missing_tenants,
    level = case
      when s.open_accounts >= p_max_subaccounts * 0.95 then 'critical'
      when s.open_accounts >= p_max_subaccounts * 0.80 then 'warning'
      else 'within' end
  where s.id = p_sweep_id
  returning * into sweep;
  now_level := sweep.level;
  delete from private.sweep_sightings where sweep_id = p_sweep_id;
  delete from private.sweeps where started_at < now() - interval '90 days';

  if now_level <> 'within' and now_level is distinct from previous_level then
    perform private.audit('sweep', 'subaccounts.limit_' || now_level, null, null, null,
      jsonb_build_object('open', sweep.open_accounts, 'limit', p_max_subaccounts));
  end if;
  return query select now_level, sweep.open_accounts, sweep.mismatches, missing_tenants, sweep.strangers;
end;
$$;
comment on function public.end_sweep(bigint, integer) is
  'Closes a sweep: stored accounts that were not seen are converged. within, warning (80 % of the limit) or critical (95 %).';

insert into private.schedules (name, job, every) values
  ('sweep', '{"kind": "sweep"}', '1 hour'),
  ('fetch-missed-events', '{"kind": "fetch-missed-events"}', '15 minutes');

revoke execute on function
  public.begin_sweep(), private.ask_for_thorough_convergence(uuid), public.record_sweep_page(bigint, jsonb, text), public.end_sweep(bigint, integer)
  from public, anon, authenticated;
grant execute on function
  public.begin_sweep(), private.ask_for_thorough_convergence(uuid), public.record_sweep_page(bigint, jsonb, text), public.end_sweep(bigint, integer)
  to service_role;
