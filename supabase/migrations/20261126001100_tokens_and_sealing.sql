-- Rotating a subaccount's token, and rotating the keys that seal tokens. This file comes after each table with a sealed
-- column, because the keys seal all of them.

create table private.token_rotations (
  user_id uuid primary key references auth.users (id) on delete cascade,
  -- The account of these tokens. For another account the row is void.
  subaccount_sid text not null,
  requested_at timestamptz,
  sealed_next private.sealed_token,
  sealed_previous private.sealed_token,
  previous_until timestamptz,
  rotated_at timestamptz
);
comment on table private.token_rotations is
  'The tokens of a subaccount beside the one in use, and the request for a rotation until it is done.';
comment on column private.token_rotations.sealed_next is
  'The secondary token at Twilio. It is stored before it is promoted, so that each webhook it signs can be verified.';
comment on column private.token_rotations.sealed_previous is
  'The token in use when the rotation began. Its signatures are accepted until previous_until; null: while the '
  'rotation is in progress.';
create index token_rotations_by_expiry on private.token_rotations (previous_until) where previous_until is not null;
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
  'Stores the request for a rotation and enqueues its job, in the caller''s transaction.';

create type public.token_rotation_request as enum ('accepted', 'none', 'pending', 'suspended', 'closed');
comment on type public.token_rotation_request is
  'accepted: a job rotates the token. Otherwise the tenant''s account status: only an active account can change its '
  'token.';

create function public.request_token_rotation(p_user_id uuid, p_operator_id uuid, p_request_id text, p_reason text)
returns table (outcome public.token_rotation_request, subaccount_sid text)
language plpgsql
set search_path = ''
as $$
declare
  account constant private.account := private.account_of(p_user_id);
begin
  subaccount_sid := account.subaccount_sid;
  if account.status = 'active' then
    outcome := 'accepted';
    perform private.ask_for_token_rotation(p_user_id, account.subaccount_sid);
    perform private.audit('operator:' || p_operator_id, 'token.rotation_requested', p_user_id, account.subaccount_sid,
      p_request_id, jsonb_build_object('reason', p_reason));
  else
    outcome := account.status;
  end if;
  return next;
end;
$$;
comment on function public.request_token_rotation(uuid, uuid, text, text) is
  'An operator asks for another token for a tenant''s subaccount.';

-- A rotation's due row holds the date of the token.

create function private.note_token_date() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_due(new.user_id, 'token_rotation', private.token_date_of(new.user_id));
  return null;
end;
$$;
comment on function private.note_token_date() is 'Trigger: stores the date of a tenant''s token for its rotation.';
create trigger switchboard_token_date_when_new after insert on public.user_preferences
  for each row when (new.twilio_subaccount_sid is not null) execute function private.note_token_date();
create trigger switchboard_token_date_when_changed
  after update of twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_auth_token_encrypted,
    twilio_subaccount_created_at on public.user_preferences
  for each row when ((old.twilio_subaccount_sid, old.twilio_subaccount_status, old.twilio_subaccount_created_at,
      old.twilio_subaccount_auth_token_encrypted is null)
    is distinct from (new.twilio_subaccount_sid, new.twilio_subaccount_status, new.twilio_subaccount_created_at,
      new.twilio_subaccount_auth_token_encrypted is null))
  execute function private.note_token_date();

create function private.token_date_of(p_user_id uuid) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(r.rotated_at, p.twilio_subaccount_created_at, '-infinity')
    from public.user_preferences p
    left join private.token_rotations r on r.user_id = p.user_id and r.subaccount_sid = p.twilio_subaccount_sid
    where p.user_id = p_user_id and p.twilio_subaccount_status = 'active'
      and p.twilio_subaccount_auth_token_encrypted is not null);
end;
$$;
comment on function private.token_date_of(uuid) is
  'When a tenant''s token was last rotated, or their account created; -infinity: unknown. Null: there is no token to '
  'rotate.';
insert into private.due_work (user_id, kind, due_at)
select p.user_id, 'token_rotation', private.token_date_of(p.user_id)
from public.user_preferences p where private.token_date_of(p.user_id) is not null;

create function public.ask_for_due_token_rotations(p_max_age_days integer, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  newest constant timestamptz := now() - make_interval(days => p_max_age_days);
  tenant uuid;
  token_date timestamptz;
  asked integer := 0;
begin
  -- Requested again after a day: its job may have failed.
  for tenant in select c from private.claim_due('token_rotation', p_limit, '1 day', newest) c loop
    token_date := private.token_date_of(tenant);
    if token_date <= newest then
      perform private.ask_for_token_rotation(tenant, p.twilio_subaccount_sid)
      from public.user_preferences p where p.user_id = tenant;
      perform private.audit('schedule', 'token.rotation_requested', tenant, p.twilio_subaccount_sid, null,
        jsonb_build_object('maxAgeDays', p_max_age_days))
      from public.user_preferences p where p.user_id = tenant;
      asked := asked + 1;
    else
      perform private.set_due(tenant, 'token_rotation', token_date);
    end if;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_due_token_rotations(integer, integer) is
  'Asks for the rotation of tokens older than this many days, the oldest first. Returns their number.';

-- Rotating, under the tenant's lease ----------------------------------------------------------------------------------

create type public.token_lease_outcome as enum ('leased', 'busy', 'no_token');
comment on type public.token_lease_outcome is
  'leased: the caller holds the tenant''s lease. busy: another holder does. no_token: there is no token to rotate.';

create function public.begin_token_rotation(p_user_id uuid, p_lease_seconds integer)
returns table (
  outcome public.token_lease_outcome, fence bigint, subaccount_sid text, requested boolean, sealed_token text,
  sealed_next text, sealed_previous text, previous_until timestamptz
)
language plpgsql
set search_path = ''
as $$
declare
  leased private.tenancies;
begin
  -- Checked before the lease is taken: a user without a subaccount gets no tenancy here.
  if not exists (select from public.tokens_of(p_user_id) t where t.sealed_token is not null) then
    outcome := 'no_token';
    return next;
    return;
  end if;
  leased := private.take_lease(p_user_id, p_lease_seconds);
  if leased.user_id is null then
    outcome := 'busy';
    return next;
    return;
  end if;
  outcome := 'leased';
  fence := leased.fence;
  select t.subaccount_sid, t.sealed_token, t.sealed_next, t.sealed_previous, r.requested_at is not null,
    r.previous_until
  into subaccount_sid, sealed_token, sealed_next, sealed_previous, requested, previous_until
  from public.tokens_of(p_user_id) t
  left join private.token_rotations r on r.user_id = p_user_id and r.subaccount_sid = t.subaccount_sid;
  return next;
end;
$$;
comment on function public.begin_token_rotation(uuid, integer) is
  'Takes the tenant''s lease for a rotation. leased comes with every known token of their account.';

create function public.end_token_rotation(p_user_id uuid, p_fence bigint) returns public.fenced_write
language plpgsql
set search_path = ''
as $$
begin
  -- A convergence requested meanwhile has its job on the queue; that job waits for this lease.
  update private.tenancies t set leased_until = null where t.user_id = p_user_id and t.fence = p_fence;
  return case when found then 'written' else 'fenced' end;
end;
$$;
comment on function public.end_token_rotation(uuid, bigint) is 'Gives the lease back.';

-- A rotation locks the tenancy, then the tenant's row, then the rotation. A fixed order of locks prevents deadlocks.

create type public.token_record as enum ('recorded', 'fenced', 'gone');
comment on type public.token_record is
  'fenced: the lease was lost. gone: the account is no longer the tenant''s, or there is no secondary token to '
  'promote.';

create function public.record_secondary_token(p_user_id uuid, p_fence bigint, p_subaccount_sid text, p_sealed_next text,
  p_request_id text)
returns public.token_record
language plpgsql
set search_path = ''
as $$
declare
  account private.account;
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  end if;
  perform private.lock_tenant(p_user_id);
  account := private.account_of(p_user_id);
  if account.subaccount_sid is distinct from p_subaccount_sid then
    return 'gone';
  end if;
  insert into private.token_rotations as r (user_id, subaccount_sid, sealed_next, sealed_previous)
  values (p_user_id, p_subaccount_sid, p_sealed_next, account.sealed_token)
  on conflict (user_id) do update set
    subaccount_sid = excluded.subaccount_sid, sealed_next = excluded.sealed_next,
    sealed_previous = excluded.sealed_previous, previous_until = null;
  perform private.audit('rotate', 'token.secondary_created', p_user_id, p_subaccount_sid, p_request_id);
  return 'recorded';
end;
$$;
comment on function public.record_secondary_token(uuid, bigint, text, text, text) is
  'Stores a sealed secondary token before it is promoted, and keeps the token in use beside it.';

create function private.store_primary_token(p_user_id uuid, p_subaccount_sid text, p_sealed_token text,
  p_sealed_previous text, p_keep_previous_seconds integer, p_is_ours boolean)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update public.user_preferences p set twilio_subaccount_auth_token_encrypted = p_sealed_token
  where p.user_id = p_user_id;
  -- Before the rotation's row, in the order of the schedule that asks for rotations.
  perform private.set_due(p_user_id, 'token_rotation', now());
  insert into private.token_rotations as r (user_id, subaccount_sid, sealed_previous, previous_until, rotated_at)
  values (p_user_id, p_subaccount_sid, p_sealed_previous, now() + make_interval(secs => p_keep_previous_seconds), now())
  on conflict (user_id) do update set
    subaccount_sid = excluded.subaccount_sid, sealed_next = null, sealed_previous = excluded.sealed_previous,
    previous_until = excluded.previous_until, rotated_at = excluded.rotated_at,
    -- Only our own rotation fulfils a request for one.
    requested_at = case when p_is_ours then null else r.requested_at end;
end;
$$;
comment on function private.store_primary_token(uuid, text, text, text, integer, boolean) is
  'Makes a sealed token the one in use and keeps the previous one for a while.';

create function public.record_primary_token(
  p_user_id uuid, p_fence bigint, p_subaccount_sid text, p_sealed_token text, p_keep_previous_seconds integer,
  p_request_id text
) returns public.token_record
language plpgsql
set search_path = ''
as $$
declare
  is_ours constant boolean := p_sealed_token is null;
  account private.account;
  rotation private.token_rotations;
begin
  if not private.renew_lease_if_held(p_user_id, p_fence) then
    return 'fenced';
  end if;
  perform private.lock_tenant(p_user_id);
  account := private.account_of(p_user_id);
  select * into rotation from private.token_rotations r
  where r.user_id = p_user_id and r.subaccount_sid = p_subaccount_sid for update;
  if account.subaccount_sid is distinct from p_subaccount_sid or (is_ours and rotation.sealed_next is null) then
    return 'gone';
  end if;
  perform private.store_primary_token(p_user_id, p_subaccount_sid, coalesce(p_sealed_token, rotation.sealed_next),
    -- The token that was in use when the rotation began, even if convergence has stored another one since.
    case when rotation.sealed_next is null then account.sealed_token else rotation.sealed_previous end,
    p_keep_previous_seconds, is_ours);
  perform private.audit('rotate', case when is_ours then 'token.rotated' else 'token.changed_at_twilio' end,
    p_user_id, p_subaccount_sid, p_request_id);
  return 'recorded';
end;
$$;
comment on function public.record_primary_token(uuid, bigint, text, text, integer, text) is
  'Stores which token is the primary one at Twilio: null for the promoted secondary token, otherwise a token that was '
  'made in Twilio''s console. The previous token is kept for a while.';

-- The tokens of an account --------------------------------------------------------------------------------------------

create function public.tokens_of(p_user_id uuid)
returns table (
  outcome public.account_status, subaccount_sid text, sealed_token text, sealed_next text, sealed_previous text,
  previous_until timestamptz
)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  account constant private.account := private.account_of(p_user_id);
begin
  outcome := account.status;
  subaccount_sid := account.subaccount_sid;
  sealed_token := account.sealed_token;
  select r.sealed_next, case when r.previous_until is null or r.previous_until > now() then r.sealed_previous end,
    r.previous_until
  into sealed_next, sealed_previous, previous_until
  from private.token_rotations r where r.user_id = p_user_id and r.subaccount_sid = account.subaccount_sid;
  return next;
end;
$$;
comment on function public.tokens_of(uuid) is
  'As subaccount_of, with the tokens of a rotation. Any of the three may have signed a webhook that arrives now; the '
  'previous one until previous_until (null: until the rotation has ended).';

create function public.forget_previous_tokens(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  forgotten record;
  total integer := 0;
begin
  for forgotten in
    update private.token_rotations r set sealed_previous = null, previous_until = null
    where r.user_id in (
      select o.user_id from private.token_rotations o where o.previous_until <= now()
      order by o.previous_until limit p_limit
      for update skip locked)
    returning r.user_id, r.subaccount_sid
  loop
    perform private.audit('rotate', 'token.previous_forgotten', forgotten.user_id, forgotten.subaccount_sid, null);
    total := total + 1;
  end loop;
  return total;
end;
$$;
comment on function public.forget_previous_tokens(integer) is
  'Deletes up to p_limit previous tokens whose signatures are no longer accepted. Returns their number.';

insert into private.schedules (name, job, every) values
  ('rotate-old-tokens', '{"kind": "rotate-old-tokens"}', '1 hour'),
  ('forget-previous-tokens', '{"kind": "forget-previous-tokens"}', '5 minutes');

-- Sealing keys --------------------------------------------------------------------------------------------------------

-- A sealed text names its key (v1.<key id>.…), so SQL can count the keys in use. The keys themselves are only in the
-- environment of the edge functions.

create table private.sealing_ring (
  current_key text not null,
  key_ids text[] not null,
  noted_at timestamptz not null default now(),
  is_only boolean primary key default true,
  constraint sealing_ring_is_one check (is_only),
  constraint sealing_ring_holds_current check (current_key = any (key_ids))
);
comment on table private.sealing_ring is
  'The ids of the keys in TOKEN_SEALING_KEYS, as run-jobs last reported them. One row; never a key.';
alter table private.sealing_ring enable row level security;
revoke all on private.sealing_ring from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sealing_ring to service_role;

create type public.sealed_slot as enum ('current', 'forward', 'next', 'pending', 'previous');
comment on type public.sealed_slot is
  'Where a sealed text is stored. current, next and previous: tokens of a subaccount. forward: the secret of a forward '
  'webhook. pending: the secret of one that is not confirmed.';

create type public.sealed_text as (
  user_id uuid, subaccount_sid text, slot public.sealed_slot, sealed_token text, key_id text);
comment on type public.sealed_text is
  'A sealed token or webhook secret with the id of the key that opens it. A webhook secret has the word '
  'forward-webhook in place of a SID.';

-- A view, because the rows of a function with a search_path are stored before they are filtered.
create view private.sealed_tokens with (security_invoker = true) as
select s.user_id, s.subaccount_sid, s.slot::public.sealed_slot as slot, s.sealed_token,
  split_part(s.sealed_token, '.', 2) as key_id
from (
  select p.user_id, p.twilio_subaccount_sid::text, 'current', p.twilio_subaccount_auth_token_encrypted
    from public.user_preferences p
  union all select r.user_id, r.subaccount_sid, 'next', r.sealed_next from private.token_rotations r
  union all select r.user_id, r.subaccount_sid, 'previous', r.sealed_previous from private.token_rotations r
  -- A secret belongs to no account: it is sealed with this word in place of the SID.
  union all select f.user_id, 'forward-webhook', 'forward', f.sealed_secret from private.forward_webhooks f
  union all select p.user_id, 'forward-webhook', 'pending', p.sealed_secret from private.pending_forward_webhooks p
) s (user_id, subaccount_sid, slot, sealed_token)
-- A token without its account cannot be opened with any key.
where s.sealed_token is not null and s.subaccount_sid is not null;
comment on view private.sealed_tokens is
  'Every sealed token and webhook secret, with the id of the key that opens it.';
revoke all on private.sealed_tokens from public, anon, authenticated, service_role;
grant select on private.sealed_tokens to service_role;

create function public.sealing_keys_in_use() returns table (key_id text, tokens bigint)
language sql stable
set search_path = ''
as $$
  select t.key_id, count(*) from private.sealed_tokens t group by t.key_id order by t.key_id;
$$;
comment on function public.sealing_keys_in_use() is 'Each sealing key in use, with the number of its tokens.';

create function public.tokens_to_reseal(p_current_key text, p_key_ids text[], p_after_user_id uuid,
  p_after_slot public.sealed_slot, p_limit integer)
returns setof public.sealed_text
language sql stable
set search_path = ''
as $$
  select t.user_id, t.subaccount_sid, t.slot, t.sealed_token, t.key_id from private.sealed_tokens t
  where t.key_id <> p_current_key and t.key_id = any (p_key_ids)
    and (p_after_user_id is null or (t.user_id, t.slot) > (p_after_user_id, p_after_slot))
  order by t.user_id, t.slot
  limit p_limit;
$$;
comment on function public.tokens_to_reseal(text, text[], uuid, public.sealed_slot, integer) is
  'A page of the tokens sealed with another key of the ring than the current one, after the given user and slot.';

create function private.reseal_token(p_user_id uuid, p_slot public.sealed_slot, p_from text, p_to text) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  case p_slot
    when 'current' then
      update public.user_preferences p set twilio_subaccount_auth_token_encrypted = p_to
      where p.user_id = p_user_id and p.twilio_subaccount_auth_token_encrypted = p_from;
    when 'forward' then
      update private.forward_webhooks f set sealed_secret = p_to
      where f.user_id = p_user_id and f.sealed_secret = p_from;
    when 'next' then
      update private.token_rotations r set sealed_next = p_to where r.user_id = p_user_id and r.sealed_next = p_from;
    when 'pending' then
      update private.pending_forward_webhooks p set sealed_secret = p_to
      where p.user_id = p_user_id and p.sealed_secret = p_from;
    when 'previous' then
      update private.token_rotations r set sealed_previous = p_to
      where r.user_id = p_user_id and r.sealed_previous = p_from;
  end case;
  return found;
end;
$$;
comment on function private.reseal_token(uuid, public.sealed_slot, text, text) is
  'Replaces one sealed text if it has not changed. Returns whether it was replaced.';

create function public.reseal_tokens(p_current_key text, p_tokens jsonb)
returns table (resealed integer, changed integer)
language plpgsql
set search_path = ''
as $$
declare
  token record;
begin
  resealed := 0;
  for token in
    select t.*
    from jsonb_to_recordset(p_tokens) as t ("userId" uuid, slot public.sealed_slot, "from" text, "to" text)
    where split_part(t."to", '.', 2) = p_current_key
    -- A fixed order of locks prevents deadlocks.
    order by t."userId", t.slot
  loop
    resealed := resealed + private.reseal_token(token."userId", token.slot, token."from", token."to")::integer;
  end loop;
  changed := jsonb_array_length(p_tokens) - resealed;
  if resealed > 0 then
    perform private.audit('reseal', 'sealing_keys.resealed', null, null, null,
      jsonb_build_object('keyId', p_current_key, 'tokens', resealed));
  end if;
  return next;
end;
$$;
comment on function public.reseal_tokens(text, jsonb) is
  'Replaces sealed texts ([{userId, slot, from, to}]) that have not changed. Returns how many were replaced, and how '
  'many had changed.';

create type public.sealing_ring_note as enum ('unchanged', 'changed');
comment on type public.sealing_ring_note is
  'changed: the functions hold other keys than before, and the job rotate-sealing-keys is enqueued.';

create function public.note_sealing_ring(p_current_key text, p_key_ids text[]) returns public.sealing_ring_note
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from private.sealing_ring r where r.current_key = p_current_key and r.key_ids = p_key_ids) then
    return 'unchanged';
  end if;
  insert into private.sealing_ring (current_key, key_ids) values (p_current_key, p_key_ids)
  on conflict (is_only) do update set
    current_key = excluded.current_key, key_ids = excluded.key_ids, noted_at = now();
  -- The job seals tokens of older keys anew and reports tokens that no key opens.
  perform private.enqueue('{"kind": "rotate-sealing-keys"}');
  perform private.audit('run-jobs', 'sealing_keys.changed', null, null, null,
    jsonb_build_object('current', p_current_key, 'keyIds', to_jsonb(p_key_ids)));
  return 'changed';
end;
$$;
comment on function public.note_sealing_ring(text, text[]) is 'Stores the ids of the keys that the functions hold.';

create function public.request_sealing_key_rotation(p_operator_id uuid, p_request_id text, p_reason text)
returns bigint
language plpgsql
set search_path = ''
as $$
begin
  perform private.audit('operator:' || p_operator_id, 'sealing_keys.rotation_requested', null, null, p_request_id,
    jsonb_build_object('reason', p_reason));
  return private.enqueue('{"kind": "rotate-sealing-keys"}');
end;
$$;
comment on function public.request_sealing_key_rotation(uuid, text, text) is
  'An operator asks for all tokens to be sealed with the current key now. Returns the job''s id.';

insert into private.schedules (name, job, every)
  values ('rotate-sealing-keys', '{"kind": "rotate-sealing-keys"}', '1 day');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.note_token_date(),
  private.ask_for_token_rotation(uuid, text),
  public.request_token_rotation(uuid, uuid, text, text),
  private.token_date_of(uuid),
  public.ask_for_due_token_rotations(integer, integer),
  public.begin_token_rotation(uuid, integer),
  public.end_token_rotation(uuid, bigint),
  public.record_secondary_token(uuid, bigint, text, text, text),
  private.store_primary_token(uuid, text, text, text, integer, boolean),
  public.record_primary_token(uuid, bigint, text, text, integer, text),
  public.tokens_of(uuid),
  public.forget_previous_tokens(integer),
  public.sealing_keys_in_use(),
  public.tokens_to_reseal(text, text[], uuid, public.sealed_slot, integer),
  private.reseal_token(uuid, public.sealed_slot, text, text),
  public.reseal_tokens(text, jsonb),
  public.note_sealing_ring(text, text[]),
  public.request_sealing_key_rotation(uuid, text, text)
  from public, anon, authenticated;
grant execute on function
  private.ask_for_token_rotation(uuid, text),
  public.request_token_rotation(uuid, uuid, text, text),
  private.token_date_of(uuid),
  public.ask_for_due_token_rotations(integer, integer),
  public.begin_token_rotation(uuid, integer),
  public.end_token_rotation(uuid, bigint),
  public.record_secondary_token(uuid, bigint, text, text, text),
  private.store_primary_token(uuid, text, text, text, integer, boolean),
  public.record_primary_token(uuid, bigint, text, text, integer, text),
  public.tokens_of(uuid),
  public.forget_previous_tokens(integer),
  public.sealing_keys_in_use(),
  public.tokens_to_reseal(text, text[], uuid, public.sealed_slot, integer),
  private.reseal_token(uuid, public.sealed_slot, text, text),
  public.reseal_tokens(text, jsonb),
  public.note_sealing_ring(text, text[]),
  public.request_sealing_key_rotation(uuid, text, text)
  to service_role;
