-- Rotating a subaccount's token: the one that will be used next, the one still believed for a while, and who asked for
-- it. After everything that keeps a sealed text: the keys that seal them are rotated here as well.

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
  'The tokens of a subaccount beside the one in use, sealed like it, and the wish for a rotation until it is '
  'fulfilled.';
comment on column private.token_rotations.sealed_next is
  'The secondary token at Twilio: stored before it is promoted, so that whatever it signs or is asked for is known.';
comment on column private.token_rotations.sealed_previous is
  'The token in use when the rotation began. Webhooks it signed are believed until previous_until; null = while the '
  'rotation lasts.';
alter table private.token_rotations enable row level security;
revoke all on private.token_rotations from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.token_rotations to service_role;

-- Asking --------------------------------------------------------------------------------------------------------------

create function private.ask_for_token_rotation(p_user_id uuid, p_subaccount_sid text) returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from private.token_rotations r where r.user_id = p_user_id and r.subaccount_sid <> p_subaccount_sid;
  insert into private.token_rotations (user_id, subaccount_sid, requested_at)
    values (p_user_id, p_subaccount_sid, now())
  on conflict (user_id) do update set requested_at = now();
  perform private.enqueue(jsonb_build_object('kind', 'rotate-token', 'userId', p_user_id));
end;
$$;
comment on function private.ask_for_token_rotation(uuid, text) is
  'Records the wish for another token and enqueues its job, in the caller''s transaction.';

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
    perform private.audit('operator:' || p_operator_id, 'token.rotation_requested', p_user_id, account.subaccount_sid,
      p_request_id);
    return query select 'accepted', account.subaccount_sid;
  else
    return query select account.outcome::text, account.subaccount_sid;
  end if;
end;
$$;
comment on function public.request_token_rotation(uuid, uuid, text) is
  'An operator asks for another token for a tenant: accepted, or how the tenant stands instead (none, pending, '
  'suspended, closed).';

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
    perform private.audit('schedule', 'token.rotation_requested', tenant.user_id, tenant.sid, null,
      jsonb_build_object('maxAgeDays', p_max_age_days));
    asked := asked + 1;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_due_token_rotations(integer, integer) is
  'Asks for another token for tenants whose token is older than so many days, the oldest first. Returns how many.';

-- Rotating, under the tenant's lease ----------------------------------------------------------------------------------

create function public.begin_token_rotation(p_user_id uuid, p_lease_seconds integer)
returns table (
  outcome text, fence bigint, subaccount_sid text, requested boolean, sealed_token text, sealed_next text,
  sealed_previous text,
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
    select 'leased', lease.fence, t.subaccount_sid, r.requested_at is not null, t.sealed_token, t.sealed_next,
      t.sealed_previous, r.previous_until
    from public.tokens_of(p_user_id) t
    left join private.token_rotations r on r.user_id = p_user_id and r.subaccount_sid = t.subaccount_sid;
end;
$$;
comment on function public.begin_token_rotation(uuid, integer) is
  'Takes the tenant''s lease for their token: leased (with every token known of their account), busy while another '
  'holds it, or no_token.';

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

-- Who rotates locks the tenancy, then the preferences, then the rotation: in this order everywhere, so that nobody
-- waits in a circle.
create function public.record_secondary_token(p_user_id uuid, p_fence bigint, p_subaccount_sid text, p_sealed_next text,
  p_request_id text)
returns text
language plpgsql
set search_path = ''
as $$
declare
  in_use text;
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
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
    subaccount_sid = excluded.subaccount_sid, sealed_next = excluded.sealed_next,
    sealed_previous = excluded.sealed_previous,
    previous_until = null;
  perform private.audit('rotate', 'token.secondary_created', p_user_id, p_subaccount_sid, p_request_id);
  return 'recorded';
end;
$$;
comment on function public.record_secondary_token(uuid, bigint, text, text, text) is
  'Stores a secondary token, sealed, before it is promoted; the one in use is kept beside it. recorded, fenced, or '
  'gone (the account is no longer the tenant''s).';

create function public.record_primary_token(
  p_user_id uuid, p_fence bigint, p_subaccount_sid text, p_sealed_token text, p_keep_previous_seconds integer,
  p_request_id text
) returns text
language plpgsql
set search_path = ''
as $$
declare
  in_use text;
  rotation private.token_rotations;
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
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

  update public.user_preferences p
    set twilio_subaccount_auth_token_encrypted = coalesce(p_sealed_token, rotation.sealed_next)
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
  perform private.audit('rotate', case when p_sealed_token is null then 'token.rotated'
    else 'token.changed_at_twilio' end,
    p_user_id, p_subaccount_sid, p_request_id);
  return 'recorded';
end;
$$;
comment on function public.record_primary_token(uuid, bigint, text, text, integer, text) is
  'Stores which token is the primary one at Twilio: with null the promoted secondary, else the given one, which '
  'somebody else has made. The one before is kept for a while. recorded, fenced or gone.';

-- The tokens of an account --------------------------------------------------------------------------------------------

create function public.tokens_of(p_user_id uuid)
returns table (outcome text, subaccount_sid text, sealed_token text, sealed_next text, sealed_previous text)
language sql stable
set search_path = ''
as $$
  select a.outcome::text, a.subaccount_sid, a.sealed_token, r.sealed_next,
    case when r.previous_until is null or r.previous_until > now() then r.sealed_previous end
  from public.subaccount_of(p_user_id) a
  left join private.token_rotations r on r.user_id = p_user_id and r.subaccount_sid = a.subaccount_sid;
$$;
comment on function public.tokens_of(uuid) is
  'As subaccount_of, with the tokens a rotation has set aside: any of the three may have signed a webhook that is '
  'still on its way.';

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
comment on function public.forget_previous_tokens() is
  'Deletes tokens whose webhooks are no longer believed. Returns how many.';

insert into private.schedules (name, job, every) values
  ('rotate-old-tokens', '{"kind": "rotate-old-tokens"}', '1 hour'),
  ('forget-previous-tokens', '{"kind": "forget-previous-tokens"}', '5 minutes');

-- Sealing keys --------------------------------------------------------------------------------------------------------

-- Rotating the keys that seal tokens. A sealed text names its key (v1.<key id>.…), so SQL can tell who needs which; the
-- keys themselves are in the functions' environment alone.

create table private.sealing_ring (
  current_key text not null,
  key_ids text[] not null,
  told_at timestamptz not null default now(),
  is_only boolean primary key default true,
  constraint sealing_ring_is_one check (is_only),
  constraint sealing_ring_holds_current check (current_key = any (key_ids))
);
comment on table private.sealing_ring is
  'The ids of the keys in TOKEN_SEALING_KEYS, as run-jobs last told them. One row; never a key.';
alter table private.sealing_ring enable row level security;
revoke all on private.sealing_ring from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sealing_ring to service_role;

create function private.sealed_tokens()
returns table (user_id uuid, subaccount_sid text, slot text, sealed_token text, key_id text)
language sql stable
set search_path = ''
as $$
  select s.user_id, s.subaccount_sid, s.slot, s.sealed_token, split_part(s.sealed_token, '.', 2)
  from (
    select p.user_id, p.twilio_subaccount_sid::text, 'current', p.twilio_subaccount_auth_token_encrypted
      from public.user_preferences p
    union all select r.user_id, r.subaccount_sid, 'next', r.sealed_next from private.token_rotations r
    union all select r.user_id, r.subaccount_sid, 'previous', r.sealed_previous from private.token_rotations r
    -- No account's: this word stands in its place.
    union all select f.user_id, 'forward-webhook', 'forward', f.sealed_secret from private.forward_webhooks f
  ) s (user_id, subaccount_sid, slot, sealed_token)
  -- A token without its account is bound to nothing, and opens with no key.
  where s.sealed_token is not null and s.subaccount_sid is not null;
$$;
comment on function private.sealed_tokens() is
  'Every sealed token there is, and every sealed webhook secret, wherever it is kept, with the id of the key it needs.';

create function public.sealing_keys_in_use() returns table (key_id text, tokens bigint)
language sql stable
set search_path = ''
as $$
  select t.key_id, count(*) from private.sealed_tokens() t group by t.key_id order by t.key_id;
$$;
comment on function public.sealing_keys_in_use() is 'How many tokens each sealing key is needed for.';

create function public.tokens_to_reseal(p_current_key text, p_key_ids text[], p_after_user_id uuid, p_after_slot text,
  p_limit integer)
returns table (user_id uuid, subaccount_sid text, slot text, sealed_token text)
language sql stable
set search_path = ''
as $$
  select t.user_id, t.subaccount_sid, t.slot, t.sealed_token
  from private.sealed_tokens() t
  where t.key_id <> p_current_key and t.key_id = any (p_key_ids)
    and (p_after_user_id is null or (t.user_id, t.slot) > (p_after_user_id, p_after_slot))
  order by t.user_id, t.slot
  limit p_limit;
$$;
comment on function public.tokens_to_reseal(text, text[], uuid, text, integer) is
  'Tokens under another key than the current one, of those at hand, a page at a time (after the last user and slot '
  'seen).';

create function public.reseal_tokens(p_current_key text, p_tokens jsonb)
  returns table (resealed integer, changed integer)
language plpgsql
set search_path = ''
as $$
declare
  slot_resealed integer;
  total_resealed integer := 0;
begin
  -- In one order, so that two of these at once do not wait in a circle.
  perform from public.user_preferences p
  where p.user_id in (select t."userId" from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot text)
    where t.slot = 'current')
  order by p.user_id for update;

  update public.user_preferences p set twilio_subaccount_auth_token_encrypted = t."to"
  from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot text, "from" text, "to" text)
  where t.slot = 'current' and split_part(t."to", '.', 2) = p_current_key
    and p.user_id = t."userId" and p.twilio_subaccount_auth_token_encrypted = t."from";
  get diagnostics slot_resealed = row_count;
  total_resealed := total_resealed + slot_resealed;

  update private.token_rotations r set sealed_next = t."to"
  from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot text, "from" text, "to" text)
  where t.slot = 'next' and split_part(t."to", '.', 2) = p_current_key and r.user_id = t."userId"
    and r.sealed_next = t."from";
  get diagnostics slot_resealed = row_count;
  total_resealed := total_resealed + slot_resealed;

  update private.token_rotations r set sealed_previous = t."to"
  from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot text, "from" text, "to" text)
  where t.slot = 'previous' and split_part(t."to", '.', 2) = p_current_key and r.user_id = t."userId"
    and r.sealed_previous = t."from";
  get diagnostics slot_resealed = row_count;
  total_resealed := total_resealed + slot_resealed;

  update private.forward_webhooks f set sealed_secret = t."to"
  from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot text, "from" text, "to" text)
  where t.slot = 'forward' and split_part(t."to", '.', 2) = p_current_key and f.user_id = t."userId"
    and f.sealed_secret = t."from";
  get diagnostics slot_resealed = row_count;
  total_resealed := total_resealed + slot_resealed;

  if total_resealed > 0 then
    perform private.audit('reseal', 'sealing_keys.resealed', null, null, null,
      jsonb_build_object('keyId', p_current_key, 'tokens', total_resealed));
  end if;
  return query select total_resealed, jsonb_array_length(p_tokens) - total_resealed;
end;
$$;
comment on function public.reseal_tokens(text, jsonb) is
  'Exchanges sealed texts ([{userId, slot, from, to}]) where they are still what they were: how many were, and how '
  'many had changed meanwhile.';

create function public.note_sealing_ring(p_current_key text, p_key_ids text[]) returns text
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from private.sealing_ring r where r.current_key = p_current_key and r.key_ids = p_key_ids) then
    return 'unchanged';
  end if;
  insert into private.sealing_ring (current_key, key_ids) values (p_current_key, p_key_ids)
  on conflict (is_only) do update set current_key = excluded.current_key, key_ids = excluded.key_ids, told_at = now();
  -- Other keys than before: what they do not open is told now, and what is under an older one is sealed anew.
  perform private.enqueue('{"kind": "rotate-sealing-keys"}');
  perform private.audit('run-jobs', 'sealing_keys.changed', null, null, null,
    jsonb_build_object('current', p_current_key, 'keyIds', to_jsonb(p_key_ids)));
  return 'changed';
end;
$$;
comment on function public.note_sealing_ring(text, text[]) is
  'Notes which keys the functions hold, by their ids: unchanged, or changed (the job rotate-sealing-keys is enqueued).';

create function public.request_sealing_key_rotation(p_operator_id uuid, p_request_id text) returns text
language plpgsql
set search_path = ''
as $$
begin
  perform private.enqueue('{"kind": "rotate-sealing-keys"}');
  perform private.audit('operator:' || p_operator_id, 'sealing_keys.rotation_requested', null, null, p_request_id);
  return 'accepted';
end;
$$;
comment on function public.request_sealing_key_rotation(uuid, text) is
  'An operator asks for tokens to be sealed under the current key now.';

insert into private.schedules (name, job, every)
  values ('rotate-sealing-keys', '{"kind": "rotate-sealing-keys"}', '1 day');

-- What `deno task verify` is told of them -----------------------------------------------------------------------------

create function private.describe_sealing_keys() returns table (subject text, verdict text, finding text)
language sql stable
set search_path = ''
as $$
  with needed as (
    select k.key_id, k.tokens, r.current_key is not null as is_told, k.key_id = any (r.key_ids) as is_held,
      k.key_id = r.current_key as is_current
    from public.sealing_keys_in_use() k left join private.sealing_ring r on true
  ), summary as (
    select
      string_agg(format('%s for "%s"', tokens, key_id), ', ' order by key_id) filter (where not is_held) as missing,
      string_agg(format('%s under "%s"', tokens, key_id), ', ' order by key_id) filter (where not is_current) as older,
      coalesce(sum(tokens), 0) as total
    from needed
  )
  select 'sealing keys',
    case when r.current_key is null then 'warn' when s.missing is not null then 'fail' when s.older is not null
      then 'warn' else 'ok' end,
    case
      when r.current_key is null then 'run-jobs has not yet told which keys it holds'
      when s.missing is not null then 'TOKEN_SEALING_KEYS lacks keys that tokens need: ' || s.missing
      when s.older is not null then format('"%s" seals; older ones are still needed: %s', r.current_key, s.older)
      else format('"%s" seals all %s tokens', r.current_key, s.total)
        || coalesce((select '; not needed: ' || string_agg('"' || k || '"', ', ' order by k) from unnest(r.key_ids) k
          where k <> r.current_key), '')
    end
  from summary s left join private.sealing_ring r on true;
$$;
comment on function private.describe_sealing_keys() is
  'Whether the functions hold every key that a token needs, and whether any but the current one is needed.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.ask_for_token_rotation(uuid, text),
  public.request_token_rotation(uuid, uuid, text),
  public.ask_for_due_token_rotations(integer, integer),
  public.begin_token_rotation(uuid, integer),
  public.end_token_rotation(uuid, bigint),
  public.record_secondary_token(uuid, bigint, text, text, text),
  public.record_primary_token(uuid, bigint, text, text, integer, text),
  public.tokens_of(uuid),
  public.forget_previous_tokens(),
  private.sealed_tokens(),
  public.sealing_keys_in_use(),
  public.tokens_to_reseal(text, text[], uuid, text, integer),
  public.reseal_tokens(text, jsonb),
  public.note_sealing_ring(text, text[]),
  public.request_sealing_key_rotation(uuid, text),
  private.describe_sealing_keys()
  from public, anon, authenticated;
grant execute on function
  private.ask_for_token_rotation(uuid, text),
  public.request_token_rotation(uuid, uuid, text),
  public.ask_for_due_token_rotations(integer, integer),
  public.begin_token_rotation(uuid, integer),
  public.end_token_rotation(uuid, bigint),
  public.record_secondary_token(uuid, bigint, text, text, text),
  public.record_primary_token(uuid, bigint, text, text, integer, text),
  public.tokens_of(uuid),
  public.forget_previous_tokens(),
  private.sealed_tokens(),
  public.sealing_keys_in_use(),
  public.tokens_to_reseal(text, text[], uuid, text, integer),
  public.reseal_tokens(text, jsonb),
  public.note_sealing_ring(text, text[]),
  public.request_sealing_key_rotation(uuid, text),
  private.describe_sealing_keys()
  to service_role;
