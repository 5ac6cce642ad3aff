-- The decisions of convergence. Each is one round trip; each returns an outcome; each checks the fence before it
-- writes.

-- Asking --------------------------------------------------------------------------------------------------------------

create function private.ask_for_convergence(p_user_id uuid, p_delay_seconds integer default 0) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.tenancies (user_id) values (p_user_id)
  on conflict (user_id) do update set version = private.tenancies.version + 1;
  perform private.enqueue(jsonb_build_object('kind', 'converge', 'userId', p_user_id), p_delay_seconds);
end;
$$;
comment on function private.ask_for_convergence(uuid, integer) is
  'Records that something about a tenant changed and enqueues a convergence, in the caller''s transaction.';

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
comment on function private.ask_for_thorough_convergence(uuid) is
  'As ask_for_convergence, and Twilio is searched for duplicates by name.';

-- A token that was changed in Twilio's console is refused like that of a suspended account, so both are looked into.
create function public.report_account_trouble(p_user_id uuid) returns text
language plpgsql
set search_path = ''
as $$
begin
  perform private.ask_for_convergence(p_user_id);
  perform private.enqueue(jsonb_build_object('kind', 'rotate-token', 'userId', p_user_id));
  return 'asked';
end;
$$;
comment on function public.report_account_trouble(uuid) is
  'Twilio refused a tenant''s credentials: convergence asks the parent account for the subaccount''s state, and the '
  'token is compared with the one stored.';

create function public.ask_for_drifted_convergence(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  asked integer := 0;
  tenant uuid;
begin
  -- Time alone changes what is wanted: a grace period ends, a retention period ends.
  for tenant in
    select t.user_id
    from private.tenancies t
    left join public.user_preferences p on p.user_id = t.user_id
    cross join lateral (select private.wanted_subaccount(t.user_id) as wanted) w
    -- A row without its SID or token: lost with the host's table, or never finished.
    where (w.wanted = 'active' and (t.applied_status is distinct from 'active' or p.twilio_subaccount_sid is null
           or p.twilio_subaccount_auth_token_encrypted is null))
       or (w.wanted in ('suspended', 'closed') and t.applied_status::text is distinct from w.wanted
         and t.applied_status is distinct from 'closed'
           -- Suspended in Twilio's console before we had to: so it stays.
           and not (w.wanted = 'suspended' and coalesce(p.twilio_subaccount_status = 'suspended', false))
           and (p.twilio_subaccount_sid is not null or t.applied_status is not null
             or t.create_attempted_at is not null))
    order by t.converged_at nulls first
    limit p_limit
  loop
    perform private.ask_for_convergence(tenant);
    asked := asked + 1;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_drifted_convergence(integer) is
  'Enqueues a convergence for each tenant whose subaccount is not what it should be by now. Returns how many.';

insert into private.schedules (name, job, every)
  values ('converge-drifted', '{"kind": "converge-drifted"}', '5 minutes');

-- Tenants of the product this replaces, whose rows were here before us: they keep what they have, a suspended one its
-- suspension, and convergence reads again the tokens that were forgotten above.
insert into private.tenancies (user_id, requested_at, subaccount_sid)
select p.user_id, case when p.twilio_subaccount_status <> 'suspended' then now() end, p.twilio_subaccount_sid
from public.user_preferences p
where p.twilio_subaccount_sid is not null and p.twilio_subaccount_status <> 'closed' and private.user_exists(p.user_id);
select private.ask_for_convergence(user_id) from private.tenancies;

-- Acting, under a lease -----------------------------------------------------------------------------------------------

create function public.begin_convergence(p_user_id uuid, p_lease_seconds integer)
returns table (
  outcome text, fence bigint, version bigint, wanted text, user_exists boolean,
  subaccount_sid text, stored_status text, has_token boolean, applied_status text, intended_status text,
  create_attempted_at timestamptz
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  leased private.tenancies;
begin
  insert into private.tenancies (user_id) values (p_user_id) on conflict do nothing;
  update private.tenancies t
  set fence = t.fence + 1, leased_for = make_interval(secs => p_lease_seconds),
    leased_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
  where t.user_id = p_user_id and (t.leased_until is null or t.leased_until < clock_timestamp())
  returning t.* into leased;
  if not found then
    return query select 'busy', null::bigint, null::bigint, null::text, null::boolean, null::text, null::text,
      null::boolean,
      null::text, null::text, null::timestamptz;
    return;
  end if;
  -- A statement of its own: it sees what the holder before wrote while this one waited for the row.
  return query
    select 'leased', leased.fence, leased.version, private.wanted_subaccount(p_user_id), private.user_exists(p_user_id),
      p.twilio_subaccount_sid::text, p.twilio_subaccount_status::text,
      p.twilio_subaccount_auth_token_encrypted is not null,
      leased.applied_status::text, leased.intended_status::text, leased.create_attempted_at
    from (select p_user_id as id) u left join public.user_preferences p on p.user_id = u.id;
end;
$$;
comment on function public.begin_convergence(uuid, integer) is
  'Takes the tenant''s lease: leased (with what is wanted and stored), or busy while another holds it.';

create function private.holds_lease(p_user_id uuid, p_fence bigint) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  -- The update also locks the row: no newer lease can be taken between this check and the write that follows. And what
  -- follows a note is a call to Twilio, which has the whole of a lease for itself, however long the looking took
  -- before.
  update private.tenancies t set leased_until = clock_timestamp() + t.leased_for
  where t.user_id = p_user_id and t.fence = p_fence;
  return found;
end;
$$;

create function public.renew_lease(p_user_id uuid, p_fence bigint) returns text
language plpgsql
set search_path = ''
as $$
begin
  return case when private.holds_lease(p_user_id, p_fence) then 'renewed' else 'fenced' end;
end;
$$;
comment on function public.renew_lease(uuid, bigint) is
  'Called before a write to Twilio that needs no note: whoever lost the lease keeps their hands off. renewed or '
  'fenced.';

create function public.note_create_attempt(
  p_user_id uuid, p_fence bigint, p_max_subaccounts integer, p_max_per_day integer default null
) returns text
language plpgsql
set search_path = ''
as $$
begin
  if not private.holds_lease(p_user_id, p_fence) then
    return 'fenced';
  end if;
  -- One count at a time, and the creations under way are in it: tenants who ask side by side cannot all be the last.
  perform pg_advisory_xact_lock(hashtextextended('create-subaccount', 0));
  if (select count(*) from public.user_preferences p where p.twilio_subaccount_status in ('active', 'suspended'))
    + (select count(*) from private.tenancies t where t.create_attempted_at is not null
      and t.user_id <> p_user_id) >= p_max_subaccounts
  then
    return 'limit_reached';
  end if;
  -- Whatever goes wrong elsewhere, a flood of new accounts ends here.
  if (select count(*) from public.user_preferences p
    where p.twilio_subaccount_created_at > now() - interval '1 day') >= p_max_per_day then
    return 'limit_reached';
  end if;
  update private.tenancies set create_attempted_at = clock_timestamp() where user_id = p_user_id;
  return 'noted';
end;
$$;
comment on function public.note_create_attempt(uuid, bigint, integer, integer) is
  'Written before an account is created: whoever comes next knows one may exist that Twilio does not list yet. '
  'noted, fenced or limit_reached.';

create function public.withdraw_create_attempt(p_user_id uuid, p_fence bigint) returns text
language plpgsql
set search_path = ''
as $$
begin
  if not private.holds_lease(p_user_id, p_fence) then
    return 'fenced';
  end if;
  update private.tenancies set create_attempted_at = null where user_id = p_user_id;
  return 'withdrawn';
end;
$$;
comment on function public.withdraw_create_attempt(uuid, bigint) is
  'Twilio refused the creation for certain: nothing was made. withdrawn or fenced.';

create function public.note_status_intent(p_user_id uuid, p_fence bigint, p_status text) returns text
language plpgsql
set search_path = ''
as $$
begin
  if not private.holds_lease(p_user_id, p_fence) then
    return 'fenced';
  end if;
  update private.tenancies set intended_status = p_status::public.twilio_account_status where user_id = p_user_id;
  return 'noted';
end;
$$;
comment on function public.note_status_intent(uuid, bigint, text) is
  'Written before a status is set at Twilio: found there later, it is known as ours. noted or fenced.';

create function public.record_subaccount(
  p_user_id uuid, p_fence bigint, p_subaccount_sid text, p_sealed_token text, p_status text, p_friendly_name text,
  p_created_at timestamptz, p_applied_status text, p_action text, p_request_id text, p_details jsonb default '{}'
) returns text
language plpgsql
set search_path = ''
as $$
begin
  if not private.holds_lease(p_user_id, p_fence) then
    return 'fenced';
  end if;

  update private.tenancies
  set create_attempted_at = null, intended_status = null, applied_status = p_applied_status::public.twilio_account_status,
    subaccount_sid = p_subaccount_sid,
    suspended_at_twilio = p_status = 'suspended' and coalesce(p_applied_status = 'active', false)
  where user_id = p_user_id;

  -- A departed user has no row to write to; the audit log below still keeps the SID.
  if private.user_exists(p_user_id) then
    -- A row that is there is never inserted anew: the host's table may have columns that must be filled.
    insert into public.user_preferences (user_id)
    select p_user_id where not exists (select from public.user_preferences p where p.user_id = p_user_id)
    on conflict (user_id) do nothing;
    update public.user_preferences p set
      twilio_subaccount_sid = p_subaccount_sid,
      -- null = the token at hand is still the right one, unless the account itself changed
      twilio_subaccount_auth_token_encrypted = case
        when p_sealed_token is not null then p_sealed_token
        when p.twilio_subaccount_sid = p_subaccount_sid then p.twilio_subaccount_auth_token_encrypted
      end,
      twilio_subaccount_status = p_status,
      twilio_subaccount_friendly_name = p_friendly_name,
      twilio_subaccount_created_at = coalesce(p_created_at, p.twilio_subaccount_created_at)
    where p.user_id = p_user_id;
  end if;

  update public.user_twilio_numbers n set status = 'released', is_primary = false
  where n.user_id = p_user_id and n.status <> 'released'
    and (p_status = 'closed' or n.account_sid <> p_subaccount_sid);

  perform private.audit('converge', p_action, p_user_id, p_subaccount_sid, p_request_id, p_details);
  return 'recorded';
end;
$$;
comment on function public.record_subaccount(uuid, bigint, text, text, text, text, timestamptz, text, text, text,
  jsonb) is
  'Stores what is now true at Twilio, with its audit line. A closed account''s numbers are gone; one that Twilio no '
  'longer knows has no date (null keeps the stored one). recorded or fenced.';

create function public.record_convergence_action(p_user_id uuid, p_fence bigint, p_action text, p_subaccount_sid text,
  p_request_id text, p_details jsonb default '{}')
returns text
language plpgsql
set search_path = ''
as $$
begin
  if not private.holds_lease(p_user_id, p_fence) then
    return 'fenced';
  end if;
  perform private.audit('converge', p_action, p_user_id, p_subaccount_sid, p_request_id, p_details);
  return 'recorded';
end;
$$;
comment on function public.record_convergence_action(uuid, bigint, text, text, text, jsonb) is
  'An audit line for a step that changes nothing stored, such as a duplicate account closed. recorded or fenced.';

create function public.end_convergence(p_user_id uuid, p_fence bigint, p_version bigint, p_error text default null,
  p_in_doubt boolean default false)
returns text
language plpgsql
set search_path = ''
as $$
declare
  newest bigint;
begin
  update private.tenancies t
  -- A write to Twilio whose answer is missing may still land: until it cannot, nobody else acts.
  set leased_until = case when p_in_doubt then t.leased_until end, last_error = left(p_error, 500),
    converged_at = case when p_error is null then clock_timestamp() else t.converged_at end
  where t.user_id = p_user_id and t.fence = p_fence
  returning t.version into newest;
  if newest is null then
    perform private.mistrust(p_user_id);
    return 'fenced';
  end if;
  return case when newest > p_version then 'again' else 'released' end;
end;
$$;
comment on function public.end_convergence(uuid, bigint, bigint, text, boolean) is
  'Gives the lease back (or, with a write in doubt, lets it run out): released, again (a new fact arrived meanwhile: '
  'converge once more), or fenced.';

create function private.mistrust(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Whoever lost the lease may have created or suspended an account past it: look at all that Twilio has, and take a
  -- suspension found there for ours.
  update private.tenancies t set applied_status = null
  where t.user_id = p_user_id and exists (
    select from public.user_preferences p where p.user_id = p_user_id and p.twilio_subaccount_status = 'active');
  if exists (select from private.tenancies t where t.user_id = p_user_id) then
    perform private.enqueue(jsonb_build_object('kind', 'converge', 'userId', p_user_id, 'thorough', true));
  end if;
end;
$$;
comment on function private.mistrust(uuid) is
  'Somebody who no longer held the lease may have acted at Twilio: what is there is looked at anew.';

-- The sweep -----------------------------------------------------------------------------------------------------------

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
comment on table private.sweeps is
  'One row per comparison of Twilio with the database. level: how close the master is to MAX_SUBACCOUNTS.';
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
    select a.sid, a.status, a."userId" as user_id, p.twilio_subaccount_sid as stored_sid,
      p.twilio_subaccount_status as stored_status,
      t.user_id is not null or p.user_id is not null
        or (a."userId" is not null and private.user_exists(a."userId")) as known
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
    if (seen.status <> 'closed'
      and (seen.stored_sid is distinct from seen.sid or seen.stored_status is distinct from seen.status))
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
  'Compares one page of accounts ([{sid, status, userId or null}]) with the database; every tenant that differs is '
  'converged, and the next page is enqueued. A page that comes twice changes nothing.';

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
      and coalesce(p.twilio_subaccount_created_at, '-infinity') < (select started_at from private.sweeps
        where id = p_sweep_id)
      and not exists (select from private.sweep_sightings s
        where s.sweep_id = p_sweep_id and s.subaccount_sid = p.twilio_subaccount_sid)
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
  'Closes a sweep: stored accounts that were not seen are converged. within, warning (80 % of the limit) or critical '
  '(95 %).';

insert into private.schedules (name, job, every) values ('sweep', '{"kind": "sweep"}', '1 hour');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.ask_for_convergence(uuid, integer),
  private.ask_for_thorough_convergence(uuid),
  public.report_account_trouble(uuid),
  public.ask_for_drifted_convergence(integer),
  public.begin_convergence(uuid, integer),
  private.holds_lease(uuid, bigint),
  public.renew_lease(uuid, bigint),
  public.note_create_attempt(uuid, bigint, integer, integer),
  public.withdraw_create_attempt(uuid, bigint),
  public.note_status_intent(uuid, bigint, text),
  public.record_subaccount(uuid, bigint, text, text, text, text, timestamptz, text, text, text, jsonb),
  public.record_convergence_action(uuid, bigint, text, text, text, jsonb),
  public.end_convergence(uuid, bigint, bigint, text, boolean),
  private.mistrust(uuid),
  public.begin_sweep(),
  public.record_sweep_page(bigint, jsonb, text),
  public.end_sweep(bigint, integer)
  from public, anon, authenticated;
grant execute on function
  private.ask_for_convergence(uuid, integer),
  private.ask_for_thorough_convergence(uuid),
  public.report_account_trouble(uuid),
  public.ask_for_drifted_convergence(integer),
  public.begin_convergence(uuid, integer),
  private.holds_lease(uuid, bigint),
  public.renew_lease(uuid, bigint),
  public.note_create_attempt(uuid, bigint, integer, integer),
  public.withdraw_create_attempt(uuid, bigint),
  public.note_status_intent(uuid, bigint, text),
  public.record_subaccount(uuid, bigint, text, text, text, text, timestamptz, text, text, text, jsonb),
  public.record_convergence_action(uuid, bigint, text, text, text, jsonb),
  public.end_convergence(uuid, bigint, bigint, text, boolean),
  private.mistrust(uuid),
  public.begin_sweep(),
  public.record_sweep_page(bigint, jsonb, text),
  public.end_sweep(bigint, integer)
  to service_role;
