-- Rotating a subaccount's token: the one that will be used next, the one still believed for a while, and who asked for it.

create table private.token_rotations (
  user_id uuid primary key references auth.users (id) on delete cascade,
  -- What is in here belongs to this account; with another account it is void.
  subaccount_sid text not null,
  requested_at timestamptz,
  sealed_next text,
  sealed_previous text,
  previous_until timestamptz,
  rotated_at timestamptz,
  constraint token_rotations_next_is_sealed
    check (sealed_next ~ '^v1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$'),
  constraint token_rotations_previous_is_sealed
    check (sealed_previous ~ '^v1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$')
);
comment on table private.token_rotations is
  'The tokens of a subaccount beside the one in use, sealed like it, and the wish for a rotation until it is fulfilled.';
comment on column private.token_rotations.sealed_next is 'The secondary token at Twilio: stored before it is promoted, so that whatever it signs or is asked for is known.';
comment on column private.token_rotations.sealed_previous is
  'The token in use when the rotation began. Webhooks it signed are believed until previous_until; null = while the rotation lasts.';
alter table private.token_rotations enable row level security;
revoke all on private.token_rotations from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.token_rotations to service_role;

-- Asking ------------------------------------------------------------------------------------------------------------------

create function private.ask_for_token_rotation(p_user_id uuid, p_subaccount_sid text) returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from private.token_rotations r where r.user_id = p_user_id and r.subaccount_sid <> p_subaccount_sid;
  insert into private.token_rotations (user_id, subaccount_sid, requested_at) values (p_user_id, p_subaccount_sid, now())
  on conflict (user_id) do update set requested_at = now();
  perform private.enqueue(jsonb_build_object('kind', 'rotate-token', 'userId', p_user_id));
end;
$$;
comment on function private.ask_for_token_rotation(uuid, text) is 'Records the wish for another token and enqueues its job, in the caller''s transaction.';

create function public.request_token_rotation(p_user_id uuid, p_operator_id uuid, p_request_id text)
returns table (outcome text, subaccount_sid text)
language plpgsql
set search_path = ''
as $$
declare
  account record;
begin
  select * into account from public.subaccount_of(p_user_id);
  if account.outcome = 'active' then
    perform private.ask_for_token_rotation(p_user_id, account.subaccount_sid);
    perform private.audit('operator:' || p_operator_id, 'token.rotation_requested', p_user_id, account.subaccount_sid, p_request_id);
    return query select 'accepted', account.subaccount_sid;
  else
    return query select account.outcome, account.subaccount_sid;
  end if;
end;
$$;
comment on function public.request_token_rotation(uuid, uuid, text) is
  'An operator asks for another token for a tenant: accepted, or how the tenant stands instead (none, pending, suspended, closed).';

create function public.ask_for_due_token_rotations(p_max_age_days integer, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  tenant record;
  asked integer := 0;
begin
  for tenant in
    select p.user_id, p.twilio_subaccount_sid as sid
    from public.user_preferences p
    left join private.token_rotations r on r.user_id = p.user_id and r.subaccount_sid = p.twilio_subaccount_sid
    cross join lateral (select coalesce(r.rotated_at, p.twilio_subaccount_created_at, '-infinity') as since) token
    where p.twilio_subaccount_status = 'active' and p.twilio_subaccount_auth_token_encrypted is not null
      and token.since < now() - make_interval(days => p_max_age_days)
      -- Asked already: its job is on the queue, or gave up and is asked once more a day later.
      and (r.requested_at is null or r.requested_at < now() - interval '1 day')
    order by token.since
    limit p_limit
  loop
    perform private.ask_for_token_rotation(tenant.user_id, tenant.sid);
    perform private.audit('schedule', 'token.rotation_requested', tenant.user_id, tenant.sid, null, jsonb_build_object('maxAgeDays', p_max_age_days));
    asked := asked + 1;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_due_token_rotations(integer, integer) is
  'Asks for another token for tenants whose token is older than so many days, the oldest first. Returns how many.';

-- A token that was changed in Twilio's console is refused like that of a suspended account, so both are looked into.
create or replace function public.report_account_trouble(p_user_id uuid) returns text
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
  'Twilio refused a tenant''s credentials: convergence asks the parent account for the subaccount''s state, and the token is compared with the one stored.';

-- Rotating, under the tenant's lease --------------------------------------------------------------------------------------

create function public.begin_token_rotation(p_user_id uuid, p_lease_seconds integer)
returns table (
  outcome text, fence bigint, subaccount_sid text, requested boolean, sealed_token text, sealed_next text, sealed_previous text,
  previous_until timestamptz
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  lease record;
begin
  -- Before the lease is taken: a user without a subaccount gets no tenancy by being asked about.
  if not exists (select from public.tokens_of(p_user_id) t where t.sealed_token is not null) then
    return query select 'no_token', null::bigint, null, null::boolean, null, null, null, null::timestamptz;
    return;
  end if;
  select * into lease from public.begin_convergence(p_user_id, p_lease_seconds);
  if lease.outcome = 'busy' then
    return query select 'busy', null::bigint, null, null::boolean, null, null, null, null::timestamptz;
    return;
  end if;
  return query
    select 'leased', lease.fence, t.subaccount_sid, r.requested_at is not null, t.sealed_token, t.sealed_next, t.sealed_previous, r.previous_until
    from public.tokens_of(p_user_id) t
    left join private.token_rotations r on r.user_id = p_user_id and r.subaccount_sid = t.subaccount_sid;
end;
$$;
comment on function public.begin_token_rotation(uuid, integer) is
  'Takes the tenant''s lease for their token: leased (with every token known of their account), busy while another holds it, or no_token.';

create function public.end_token_rotation(p_user_id uuid, p_fence bigint) returns text
language plpgsql
set search_path = ''
as $$
begin
  -- Whatever asked for convergence meanwhile has its job on the queue, which waits for this lease.
  update private.tenancies t set leased_until = null where t.user_id = p_user_id and t.fence = p_fence;
  return case when found then 'released' else 'fenced' end;
end;
$$;
comment on function public.end_token_rotation(uuid, bigint) is 'Gives the lease back: released or fenced.';

-- Who rotates locks the tenancy, then the preferences, then the rotation: in this order everywhere, so that nobody waits in a circle.
create function public.record_secondary_token(p_user_id uuid, p_fence bigint, p_subaccount_sid text, p_sealed_next text, p_request_id text)
returns text
language plpgsql
set search_path = ''
as $$
declare
  in_use text;
begin
  if not private.holds_lease(p_user_id, p_fence) then
    return 'fenced';
  end if;
  select p.twilio_subaccount_auth_token_encrypted into in_use from public.user_preferences p
  where p.user_id = p_user_id and p.twilio_subaccount_sid = p_subaccount_sid for update;
  if not found then
    return 'gone';
  end if;
  insert into private.token_rotations as r (user_id, subaccount_sid, sealed_next, sealed_previous)
  values (p_user_id, p_subaccount_sid, p_sealed_next, in_use)
  on conflict (user_id) do update set
    subaccount_sid = excluded.subaccount_sid, sealed_next = excluded.sealed_next, sealed_previous = excluded.sealed_previous,
    previous_until = null;
  perform private.audit('rotate', 'token.secondary_created', p_user_id, p_subaccount_sid, p_request_id);
  return 'recorded';
end;
$$;
comment on function public.record_secondary_token(uuid, bigint, text, text, text) is
  'Stores a secondary token, sealed, before it is promoted; the one in use is kept beside it. recorded, fenced, or gone (the account is no longer the tenant''s).';

create function public.record_primary_token(
  p_user_id uuid, p_fence bigint, p_subaccount_sid text, p_sealed_token text, p_keep_previous_seconds integer, p_request_id text
) returns text
language plpgsql
set search_path = ''
as $$
declare
  in_use text;
  rotation private.token_rotations;
begin
  if not private.holds_lease(p_user_id, p_fence) then
    return 'fenced';
  end if;
  select p.twilio_subaccount_auth_token_encrypted into in_use from public.user_preferences p
  where p.user_id = p_user_id and p.twilio_subaccount_sid = p_subaccount_sid for update;
  if not found then
    return 'gone';
  end if;
  select * into rotation from private.token_rotations r
  where r.user_id = p_user_id and r.subaccount_sid = p_subaccount_sid for update;
  if p_sealed_token is null and rotation.sealed_next is null then
    return 'gone';
  end if;

  update public.user_preferences p set twilio_subaccount_auth_token_encrypted = coalesce(p_sealed_token, rotation.sealed_next)
  where p.user_id = p_user_id;
  insert into private.token_rotations as r (user_id, subaccount_sid, sealed_previous, previous_until, rotated_at)
  values (p_user_id, p_subaccount_sid,
    -- What a rotation set aside when it began is what was in use, whatever was stored since.
    case when rotation.sealed_next is null then in_use else rotation.sealed_previous end,
    now() + make_interval(secs => p_keep_previous_seconds), now())
  on conflict (user_id) do update set
    subaccount_sid = excluded.subaccount_sid, sealed_next = null, sealed_previous = excluded.sealed_previous,
    previous_until = excluded.previous_until, rotated_at = excluded.rotated_at,
    -- Only a rotation of ours fulfils the wish for one.
    requested_at = case when p_sealed_token is null then null else r.requested_at end;
  perform private.audit('rotate', case when p_sealed_token is null then 'token.rotated' else 'token.changed_at_twilio' end,
    p_user_id, p_subaccount_sid, p_request_id);
  return 'recorded';
end;
$$;
comment on function public.record_primary_token(uuid, bigint, text, text, integer, text) is
  'Stores which token is the primary one at Twilio: with null the promoted secondary, else the given one, which somebody else has made. The one before is kept for a while. recorded, fenced or gone.';

-- The tokens of an account ------------------------------------------------------------------------------------------------

create function public.tokens_of(p_user_id uuid)
returns table (outcome text, subaccount_sid text, sealed_token text, sealed_next text, sealed_previous text)
language sql stable
set search_path = ''
as $$
  select a.outcome, a.subaccount_sid, a.sealed_token, r.sealed_next,
    case when r.previous_until is null or r.previous_until > now() then r.sealed_previous end
  from public.subaccount_of(p_user_id) a
  left join private.token_rotations r on r.user_id = p_user_id and r.subaccount_sid = a.subaccount_sid;
$$;
comment on function public.tokens_of(uuid) is
  'As subaccount_of, with the tokens a rotation has set aside: any of the three may have signed a webhook that is still on its way.';

create function public.forget_previous_tokens() returns integer
language plpgsql
set search_path = ''
as $$
declare
  forgotten record;
  total integer := 0;
begin
  for forgotten in
    update private.token_rotations r set sealed_previous = null, previous_until = null
    where r.previous_until <= now()
    returning r.user_id, r.subaccount_sid
  loop
    perform private.audit('rotate', 'token.previous_forgotten', forgotten.user_id, forgotten.subaccount_sid, null);
    total := total + 1;
  end loop;
  return total;
end;
$$;
comment on function public.forget_previous_tokens() is 'Deletes tokens whose webhooks are no longer believed. Returns how many.';

insert into private.schedules (name, job, every) values
  ('rotate-old-tokens', '{"kind": "rotate-old-tokens"}', '1 hour'),
  ('forget-previous-tokens', '{"kind": "forget-previous-tokens"}', '5 minutes');

revoke execute on function
  private.ask_for_token_rotation(uuid, text), public.request_token_rotation(uuid, uuid, text),
  public.ask_for_due_token_rotations(integer, integer), public.begin_token_rotation(uuid, integer),
  public.end_token_rotation(uuid, bigint), public.record_secondary_token(uuid, bigint, text, text, text),
  public.record_primary_token(uuid, bigint, text, text, integer, text), public.tokens_of(uuid), public.forget_previous_tokens()
  from public, anon, authenticated;
grant execute on function
  private.ask_for_token_rotation(uuid, text), public.request_token_rotation(uuid, uuid, text),
  public.ask_for_due_token_rotations(integer, integer), public.begin_token_rotation(uuid, integer),
  public.end_token_rotation(uuid, bigint), public.record_secondary_token(uuid, bigint, text, text, text),
  public.record_primary_token(uuid, bigint, text, text, integer, text), public.tokens_of(uuid), public.forget_previous_tokens()
  to service_role;
