-- Rotating the keys that seal tokens. A sealed text names its key (v1.<key id>.…), so SQL can tell who needs which; the keys
-- themselves are in the functions' environment alone.

create table private.sealing_ring (
  current_key text not null,
  key_ids text[] not null,
  told_at timestamptz not null default now(),
  is_only boolean primary key default true,
  constraint sealing_ring_is_one check (is_only),
  constraint sealing_ring_holds_current check (current_key = any (key_ids))
);
comment on table private.sealing_ring is 'The ids of the keys in TOKEN_SEALING_KEYS, as run-jobs last told them. One row; never a key.';
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
    select p.user_id, p.twilio_subaccount_sid::text, 'current', p.twilio_subaccount_auth_token_encrypted from public.user_preferences p
    union all select r.user_id, r.subaccount_sid, 'next', r.sealed_next from private.token_rotations r
    union all select r.user_id, r.subaccount_sid, 'previous', r.sealed_previous from private.token_rotations r
    -- No account's: this word stands in its place.
    union all select f.user_id, 'forward-webhook', 'forward', f.sealed_secret from private.forward_webhooks f
  ) s (user_id, subaccount_sid, slot, sealed_token)
  -- A token without its account is bound to nothing, and opens with no key.
  where s.sealed_token is not null and s.subaccount_sid is not null;
$$;
comment on function private.sealed_tokens() is 'Every sealed token there is, and every sealed webhook secret, wherever it is kept, with the id of the key it needs.';

create function public.sealing_keys_in_use() returns table (key_id text, tokens bigint)
language sql stable
set search_path = ''
as $$
  select t.key_id, count(*) from private.sealed_tokens() t group by t.key_id order by t.key_id;
$$;
comment on function public.sealing_keys_in_use() is 'How many tokens each sealing key is needed for.';

create function public.tokens_to_reseal(p_current_key text, p_key_ids text[], p_after_user_id uuid, p_after_slot text, p_limit integer)
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
  'Tokens under another key than the current one, of those at hand, a page at a time (after the last user and slot seen).';

create function public.reseal_tokens(p_current_key text, p_tokens jsonb) returns table (resealed integer, changed integer)
language plpgsql
set search_path = ''
as $$
declare
  slot_resealed integer;
  total_resealed integer := 0;
begin
  -- In one order, so that two of these at once do not wait in a circle.
  perform from public.user_preferences p
  where p.user_id in (select t."userId" from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot text) where t.slot = 'current')
  order by p.user_id for update;

  update public.user_preferences p set twilio_subaccount_auth_token_encrypted = t."to"
  from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot text, "from" text, "to" text)
  where t.slot = 'current' and split_part(t."to", '.', 2) = p_current_key
    and p.user_id = t."userId" and p.twilio_subaccount_auth_token_encrypted = t."from";
  get diagnostics slot_resealed = row_count;
  total_resealed := total_resealed + slot_resealed;

  update private.token_rotations r set sealed_next = t."to"
  from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot text, "from" text, "to" text)
  where t.slot = 'next' and split_part(t."to", '.', 2) = p_current_key and r.user_id = t."userId" and r.sealed_next = t."from";
  get diagnostics slot_resealed = row_count;
  total_resealed := total_resealed + slot_resealed;

  update private.token_rotations r set sealed_previous = t."to"
  from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot text, "from" text, "to" text)
  where t.slot = 'previous' and split_part(t."to", '.', 2) = p_current_key and r.user_id = t."userId" and r.sealed_previous = t."from";
  get diagnostics slot_resealed = row_count;
  total_resealed := total_resealed + slot_resealed;

  update private.forward_webhooks f set sealed_secret = t."to"
  from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot text, "from" text, "to" text)
  where t.slot = 'forward' and split_part(t."to", '.', 2) = p_current_key and f.user_id = t."userId" and f.sealed_secret = t."from";
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
  'Exchanges sealed texts ([{userId, slot, from, to}]) where they are still what they were: how many were, and how many had changed meanwhile.';

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
comment on function public.request_sealing_key_rotation(uuid, text) is 'An operator asks for tokens to be sealed under the current key now.';

insert into private.schedules (name, job, every) values ('rotate-sealing-keys', '{"kind": "rotate-sealing-keys"}', '1 day');

-- What `deno task verify` is told of them ---------------------------------------------------------------------------------

create function private.describe_sealing_keys() returns table (subject text, verdict text, finding text)
language sql stable
set search_path = ''
as $$
  with needed as (
    select k.key_id, k.tokens, r.current_key is not null as is_told, k.key_id = any (r.key_ids) as is_held, k.key_id = r.current_key as is_current
    from public.sealing_keys_in_use() k left join private.sealing_ring r on true
  ), summary as (
    select
      string_agg(format('%s for "%s"', tokens, key_id), ', ' order by key_id) filter (where not is_held) as missing,
      string_agg(format('%s under "%s"', tokens, key_id), ', ' order by key_id) filter (where not is_current) as older,
      coalesce(sum(tokens), 0) as total
    from needed
  )
  select 'sealing keys',
    case when r.current_key is null then 'warn' when s.missing is not null then 'fail' when s.older is not null then 'warn' else 'ok' end,
    case
      when r.current_key is null then 'run-jobs has not yet told which keys it holds'
      when s.missing is not null then 'TOKEN_SEALING_KEYS lacks keys that tokens need: ' || s.missing
      when s.older is not null then format('"%s" seals; older ones are still needed: %s', r.current_key, s.older)
      else format('"%s" seals all %s tokens', r.current_key, s.total)
        || coalesce((select '; not needed: ' || string_agg('"' || k || '"', ', ' order by k) from unnest(r.key_ids) k where k <> r.current_key), '')
    end
  from summary s left join private.sealing_ring r on true;
$$;
comment on function private.describe_sealing_keys() is 'Whether the functions hold every key that a token needs, and whether any but the current one is needed.';

-- What was looked at so far goes on being looked at, from where nobody calls it directly.
alter function public.describe_installation() set schema private;
create function public.describe_installation() returns table (subject text, verdict text, finding text)
language sql stable
set search_path = ''
as $$
  select * from private.describe_installation()
  union all
  select * from private.describe_sealing_keys();
$$;
comment on function public.describe_installation() is
  'What is and is not in order in this database, a line each: ok, warn or fail. Source of `deno task verify`.';

revoke execute on function
  private.sealed_tokens(), public.sealing_keys_in_use(), public.tokens_to_reseal(text, text[], uuid, text, integer),
  public.reseal_tokens(text, jsonb), public.note_sealing_ring(text, text[]), public.request_sealing_key_rotation(uuid, text),
  private.describe_sealing_keys(), public.describe_installation()
  from public, anon, authenticated;
grant execute on function
  private.sealed_tokens(), public.sealing_keys_in_use(), public.tokens_to_reseal(text, text[], uuid, text, integer),
  public.reseal_tokens(text, jsonb), public.note_sealing_ring(text, text[]), public.request_sealing_key_rotation(uuid, text),
  private.describe_sealing_keys(), public.describe_installation()
  to service_role;
