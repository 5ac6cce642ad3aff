-- The decisions of convergence. Each is one round trip; each returns an outcome; each checks the fence before it writes.

create function public.begin_convergence(p_user_id uuid, p_lease_seconds integer)
returns table (
  outcome text, fence bigint, version bigint, wanted text, user_exists boolean,
  subaccount_sid text, stored_status text, has_token boolean, applied_status text, intended_status text, create_attempted_at timestamptz
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
    return query select 'busy', null::bigint, null::bigint, null::text, null::boolean, null::text, null::text, null::boolean,
      null::text, null::text, null::timestamptz;
    return;
  end if;
  -- A statement of its own: it sees what the holder before wrote while this one waited for the row.
  return query
    select 'leased', leased.fence, leased.version, private.wanted_subaccount(p_user_id), private.user_exists(p_user_id),
      p.twilio_subaccount_sid::text, p.twilio_subaccount_status::text, p.twilio_subaccount_auth_token_encrypted is not null,
      leased.applied_status, leased.intended_status, leased.create_attempted_at
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
  -- The update also locks the row: no newer lease can be taken between this check and the write that follows. And what follows
  -- a note is a call to Twilio, which has the whole of a lease for itself, however long the looking took before.
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
  'Called before a write to Twilio that needs no note: whoever lost the lease keeps their hands off. renewed or fenced.';

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
    + (select count(*) from private.tenancies t where t.create_attempted_at is not null and t.user_id <> p_user_id) >= p_max_subaccounts
  then
    return 'limit_reached';
  end if;
  -- Whatever goes wrong elsewhere, a flood of new accounts ends here.
  if (select count(*) from public.user_preferences p where p.twilio_subaccount_created_at > now() - interval '1 day') >= p_max_per_day then
    return 'limit_reached';
  end if;
  update private.tenancies set create_attempted_at = clock_timestamp() where user_id = p_user_id;
  return 'noted';
end;
$$;
comment on function public.note_create_attempt(uuid, bigint, integer, integer) is
  'Written before an account is created: whoever comes next knows one may exist that Twilio does not list yet. noted, fenced or limit_reached.';

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
comment on function public.withdraw_create_attempt(uuid, bigint) is 'Twilio refused the creation for certain: nothing was made. withdrawn or fenced.';

create function public.note_status_intent(p_user_id uuid, p_fence bigint, p_status text) returns text
language plpgsql
set search_path = ''
as $$
begin
  if not private.holds_lease(p_user_id, p_fence) then
    return 'fenced';
  end if;
  update private.tenancies set intended_status = p_status where user_id = p_user_id;
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
  set create_attempted_at = null, intended_status = null, applied_status = p_applied_status
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
comment on function public.record_subaccount(uuid, bigint, text, text, text, text, timestamptz, text, text, text, jsonb) is
  'Stores what is now true at Twilio, with its audit line. A closed account''s numbers are gone; one that Twilio no longer knows has no date (null keeps the stored one). recorded or fenced.';

create function public.record_convergence_action(p_user_id uuid, p_fence bigint, p_action text, p_subaccount_sid text, p_request_id text, p_details jsonb default '{}')
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

create function public.end_convergence(p_user_id uuid, p_fence bigint, p_version bigint, p_error text default null, p_in_doubt boolean default false)
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
  'Gives the lease back (or, with a write in doubt, lets it run out): released, again (a new fact arrived meanwhile: converge once more), or fenced.';

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
comment on function private.mistrust(uuid) is 'Somebody who no longer held the lease may have acted at Twilio: what is there is looked at anew.';

create function public.request_subaccount(p_user_id uuid, p_open_to_anyone boolean, p_request_id text)
returns table (outcome text, subaccount_sid text, friendly_name text, status text)
language plpgsql
set search_path = ''
as $$
declare
  wanted text := private.wanted_subaccount(p_user_id);
  sid text;
  name text;
  stored text;
  token_stored boolean;
begin
  select p.twilio_subaccount_sid, p.twilio_subaccount_friendly_name, p.twilio_subaccount_status, p.twilio_subaccount_auth_token_encrypted is not null
  into sid, name, stored, token_stored
  from public.user_preferences p where p.user_id = p_user_id;

  if wanted = 'active' and sid is not null and stored = 'active' and token_stored then
    return query select 'already', sid, name, stored;
  elsif wanted in ('suspended', 'closed') then
    return query select wanted, sid, name, coalesce(stored, 'pending');
  elsif wanted = 'none' and not p_open_to_anyone then
    return query select 'subscription_required', sid, name, coalesce(stored, 'pending');
  else
    insert into private.tenancies (user_id, requested_at) values (p_user_id, now())
    on conflict (user_id) do update set requested_at = coalesce(private.tenancies.requested_at, now());
    -- The caller converges at once; this job is what finishes the work if that call dies.
    perform private.ask_for_convergence(p_user_id, 20);
    perform private.audit('user:' || p_user_id, 'subaccount.requested', p_user_id, sid, p_request_id);
    return query select 'accepted', sid, name, coalesce(stored, 'pending');
  end if;
end;
$$;
comment on function public.request_subaccount(uuid, boolean, text) is
  'A tenant asks for their subaccount: already (nothing to do), accepted (converge now), suspended, closed, or subscription_required.';

create function public.report_account_trouble(p_user_id uuid) returns text
language plpgsql
set search_path = ''
as $$
begin
  perform private.ask_for_convergence(p_user_id);
  return 'asked';
end;
$$;
comment on function public.report_account_trouble(uuid) is
  'Twilio refused a tenant''s credentials: convergence asks the parent account what state the subaccount is in.';

create function public.subaccount_of(p_user_id uuid)
returns table (outcome text, subaccount_sid text, sealed_token text, status text)
language sql stable
set search_path = ''
as $$
  -- The left join keeps one row also for a user who never had a subaccount.
  select case
      when p.twilio_subaccount_sid is null then 'none'
      when p.twilio_subaccount_status = 'active' and p.twilio_subaccount_auth_token_encrypted is null then 'pending'
      else p.twilio_subaccount_status
    end::text,
    p.twilio_subaccount_sid::text, p.twilio_subaccount_auth_token_encrypted, p.twilio_subaccount_status::text
  from (select p_user_id as id) u left join public.user_preferences p on p.user_id = u.id;
$$;
comment on function public.subaccount_of(uuid) is 'The tenant''s account SID and sealed token: active, suspended, closed, pending or none.';

revoke execute on function
  public.begin_convergence(uuid, integer), private.holds_lease(uuid, bigint), public.note_create_attempt(uuid, bigint, integer, integer),
  public.withdraw_create_attempt(uuid, bigint), public.note_status_intent(uuid, bigint, text),
  public.record_subaccount(uuid, bigint, text, text, text, text, timestamptz, text, text, text, jsonb),
  public.record_convergence_action(uuid, bigint, text, text, text, jsonb),
  public.end_convergence(uuid, bigint, bigint, text, boolean), private.mistrust(uuid), public.renew_lease(uuid, bigint),
  public.request_subaccount(uuid, boolean, text), public.subaccount_of(uuid),
  public.report_account_trouble(uuid)
  from public, anon, authenticated;
grant execute on function
  public.begin_convergence(uuid, integer), private.holds_lease(uuid, bigint), public.note_create_attempt(uuid, bigint, integer, integer),
  public.withdraw_create_attempt(uuid, bigint), public.note_status_intent(uuid, bigint, text),
  public.record_subaccount(uuid, bigint, text, text, text, text, timestamptz, text, text, text, jsonb),
  public.record_convergence_action(uuid, bigint, text, text, text, jsonb),
  public.end_convergence(uuid, bigint, bigint, text, boolean), private.mistrust(uuid), public.renew_lease(uuid, bigint),
  public.request_subaccount(uuid, boolean, text), public.subaccount_of(uuid),
  public.report_account_trouble(uuid)
  to service_role;
