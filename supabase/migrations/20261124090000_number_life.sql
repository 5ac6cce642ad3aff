-- The life of a number after its purchase: made primary, renamed, released, moved between the master account and a tenant's.

create function private.number_row(p_number public.user_twilio_numbers) returns jsonb
language sql immutable
set search_path = ''
as $$
  select case when p_number.id is not null then jsonb_build_object('id', p_number.id, 'phone_number', p_number.phone_number,
    'phone_sid', p_number.phone_sid, 'friendly_name', p_number.friendly_name, 'capabilities', p_number.capabilities,
    'is_primary', p_number.is_primary, 'status', p_number.status) end;
$$;
comment on function private.number_row(public.user_twilio_numbers) is 'A number as the functions show it; null where there is none.';

create function private.promote_oldest_number(p_user_id uuid, p_actor text, p_request_id text) returns void
language plpgsql
set search_path = ''
as $$
declare
  promoted public.user_twilio_numbers;
begin
  update public.user_twilio_numbers n set is_primary = true
  where n.id = (
      select o.id from public.user_twilio_numbers o where o.user_id = p_user_id and o.status = 'active'
      order by o.created_at, o.id limit 1)
    and not exists (select from public.user_twilio_numbers o where o.user_id = p_user_id and o.is_primary)
  returning n.* into promoted;
  if promoted.id is not null then
    perform private.audit(p_actor, 'number.made_primary', p_user_id, promoted.account_sid, p_request_id,
      jsonb_build_object('phoneNumber', promoted.phone_number, 'phoneSid', promoted.phone_sid));
  end if;
end;
$$;
comment on function private.promote_oldest_number(uuid, text, text) is
  'Makes the oldest active number of a tenant primary where none is, with its audit line. The caller holds the tenant''s row.';

create function private.lock_tenant(p_user_id uuid) returns void
language sql
set search_path = ''
as $$
  select from public.user_preferences p where p.user_id = p_user_id for update;
$$;
comment on function private.lock_tenant(uuid) is 'Until the end of the transaction nobody else decides about the tenant''s numbers.';

create function public.set_primary_number(p_user_id uuid, p_number_id uuid, p_request_id text)
returns table (outcome text, number jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  wanted public.user_twilio_numbers;
  already boolean;
begin
  perform private.lock_tenant(p_user_id);
  select * into wanted from public.user_twilio_numbers n where n.id = p_number_id and n.user_id = p_user_id;
  if wanted.id is null or wanted.status <> 'active' then
    return query select coalesce(wanted.status::text, 'not_found'), private.number_row(wanted);
    return;
  end if;
  already := wanted.is_primary;
  if not already then
    update public.user_twilio_numbers n set is_primary = false where n.user_id = p_user_id and n.is_primary;
    update public.user_twilio_numbers n set is_primary = true where n.id = p_number_id returning n.* into wanted;
    perform private.audit('user:' || p_user_id, 'number.made_primary', p_user_id, wanted.account_sid, p_request_id,
      jsonb_build_object('phoneNumber', wanted.phone_number, 'phoneSid', wanted.phone_sid));
  end if;
  return query select case when already then 'already' else 'set' end, private.number_row(wanted);
end;
$$;
comment on function public.set_primary_number(uuid, uuid, text) is
  'Makes a number of the tenant''s their primary one: set, already, not_found, or why it cannot be (purchasing, releasing, released).';

create function public.number_to_change(p_user_id uuid, p_number_id uuid)
returns table (outcome text, number jsonb, subaccount_sid text, sealed_token text)
language sql stable
set search_path = ''
as $$
  select case
      when a.outcome <> 'active' then a.outcome
      when n.id is null then 'not_found'
      when n.status <> 'active' then n.status::text
      else 'changeable'
    end,
    private.number_row(n), a.subaccount_sid, a.sealed_token
  from public.subaccount_of(p_user_id) a
  left join public.user_twilio_numbers n on n.id = p_number_id and n.user_id = p_user_id;
$$;
comment on function public.number_to_change(uuid, uuid) is
  'What is needed to change a number at Twilio: changeable, not_found, purchasing, releasing, released, none, pending, suspended or closed.';

create function public.record_number_name(p_number_id uuid, p_friendly_name text, p_request_id text)
returns table (outcome text, number jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  before text;
  renamed public.user_twilio_numbers;
begin
  select n.friendly_name into before from public.user_twilio_numbers n where n.id = p_number_id for update;
  update public.user_twilio_numbers n set friendly_name = p_friendly_name
  where n.id = p_number_id and n.status = 'active'
  returning n.* into renamed;
  if renamed.id is not null and before is distinct from p_friendly_name then
    perform private.audit('user:' || renamed.user_id, 'number.renamed', renamed.user_id, renamed.account_sid, p_request_id,
      jsonb_build_object('phoneNumber', renamed.phone_number, 'phoneSid', renamed.phone_sid, 'from', before, 'to', p_friendly_name));
  end if;
  return query select case when renamed.id is not null then 'recorded' else 'gone' end, private.number_row(renamed);
end;
$$;
comment on function public.record_number_name(uuid, text, text) is 'A number has another name at Twilio: recorded, or gone where it is active no more.';

-- Releasing -------------------------------------------------------------------------------------------------------------

create function public.begin_number_release(p_user_id uuid, p_number_id uuid, p_confirm_phone_number text)
returns table (outcome text, number jsonb, primary_number jsonb, subaccount_sid text, sealed_token text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  account record;
  wanted public.user_twilio_numbers;
  primary_row public.user_twilio_numbers;
  decision text;
begin
  perform private.lock_tenant(p_user_id);
  select * into account from public.subaccount_of(p_user_id);
  select * into wanted from public.user_twilio_numbers n where n.id = p_number_id and n.user_id = p_user_id;
  decision := case
    when account.outcome <> 'active' then account.outcome
    when wanted.id is null then 'not_found'
    when wanted.phone_number <> p_confirm_phone_number then 'unconfirmed'
    when wanted.status = 'active' then 'begun'
    else wanted.status -- purchasing, releasing, released
  end;
  if decision = 'begun' then
    update public.user_twilio_numbers n set status = 'releasing' where n.id = p_number_id returning n.* into wanted;
  end if;
  if decision = 'released' then
    select * into primary_row from public.user_twilio_numbers n where n.user_id = p_user_id and n.is_primary;
  end if;
  return query select decision, private.number_row(wanted), private.number_row(primary_row), account.subaccount_sid, account.sealed_token;
end;
$$;
comment on function public.begin_number_release(uuid, uuid, text) is
  'Decides a release before Twilio is called: begun, releasing (begun before, may be repeated), released, unconfirmed (another number was typed), purchasing, not_found, none, pending, suspended or closed.';

create function public.record_number_release(p_number_id uuid, p_request_id text)
returns table (outcome text, number jsonb, primary_number jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  gone public.user_twilio_numbers;
  owner uuid;
begin
  select n.user_id into owner from public.user_twilio_numbers n where n.id = p_number_id;
  perform private.lock_tenant(owner);
  update public.user_twilio_numbers n set status = 'released', is_primary = false
  -- Active: of two who release it at once, the other was refused and took its mark back. Gone is gone.
  where n.id = p_number_id and n.status in ('releasing', 'active')
  returning n.* into gone;
  if gone.id is not null then
    perform private.audit('user:' || owner, 'number.released', owner, gone.account_sid, p_request_id,
      jsonb_build_object('phoneNumber', gone.phone_number, 'phoneSid', gone.phone_sid));
    perform private.promote_oldest_number(owner, 'user:' || owner, p_request_id);
  end if;
  return query
    select case when gone.id is not null then 'recorded' else 'already' end, private.number_row(n), private.number_row(p)
    from public.user_twilio_numbers n
    left join public.user_twilio_numbers p on p.user_id = n.user_id and p.is_primary
    where n.id = p_number_id;
end;
$$;
comment on function public.record_number_release(uuid, text) is
  'Twilio has the number no more: recorded (the oldest other becomes primary where the primary went) or already. No row: the user is gone.';

create function public.cancel_number_release(p_number_id uuid) returns text
language plpgsql
set search_path = ''
as $$
begin
  update public.user_twilio_numbers n set status = 'active' where n.id = p_number_id and n.status = 'releasing';
  return case when found then 'canceled' else 'gone' end;
end;
$$;
comment on function public.cancel_number_release(uuid) is 'Twilio refused the release for certain: the number is active again. canceled or gone.';

create function public.stale_number_releases(p_older_than_seconds integer, p_limit integer)
returns table (number_id uuid, user_id uuid, phone_number text, phone_sid text)
language sql stable
set search_path = ''
as $$
  select n.id, n.user_id, n.phone_number::text, n.phone_sid::text from public.user_twilio_numbers n
  -- Those of suspended accounts wait, and keep no other waiting.
  cross join lateral public.subaccount_of(n.user_id) a
  where n.status = 'releasing' and n.updated_at < now() - make_interval(secs => p_older_than_seconds) and a.outcome = 'active'
  order by n.updated_at limit p_limit;
$$;
comment on function public.stale_number_releases(integer, integer) is 'Releases whose answer was lost, of active accounts: a job repeats and settles them.';

-- Moving, by operators --------------------------------------------------------------------------------------------------

create function private.take_in_number(p_user_id uuid, p_account_sid text, p_number jsonb, p_read_at timestamptz default 'infinity')
returns table (outcome text, number public.user_twilio_numbers)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  known public.user_twilio_numbers;
  taken public.user_twilio_numbers;
begin
  -- By its SID it may be one that went and came back; by its number somebody's who holds it, or is about to.
  select * into known from public.user_twilio_numbers n where n.phone_sid = p_number ->> 'phoneSid' for update;
  if known.user_id = p_user_id and known.status <> 'released' then
    return query select 'already', known;
    return;
  elsif known.status <> 'released' then
    return query select 'held', known;
    return;
  elsif known.updated_at >= p_read_at then
    return query select 'left_alone', known;
    return;
  end if;
  if exists (select from public.user_twilio_numbers n
      where n.phone_number = p_number ->> 'phoneNumber' and n.status in ('purchasing', 'active', 'releasing') and n.user_id <> p_user_id) then
    return query select 'held', known;
    return;
  elsif exists (select from public.user_twilio_numbers n
      where n.phone_number = p_number ->> 'phoneNumber' and n.status in ('purchasing', 'active', 'releasing')) then
    return query select 'left_alone', known;
    return;
  end if;

  if known.user_id = p_user_id then
    update public.user_twilio_numbers n set status = 'active', account_sid = p_account_sid, phone_number = p_number ->> 'phoneNumber',
      friendly_name = p_number ->> 'friendlyName', capabilities = p_number -> 'capabilities', purchased_at = now()
    where n.id = known.id returning n.* into taken;
  else
    perform private.yield_sid(p_number ->> 'phoneSid');
    insert into public.user_twilio_numbers (user_id, account_sid, phone_number, phone_sid, friendly_name, capabilities, purchased_at)
    values (p_user_id, p_account_sid, p_number ->> 'phoneNumber', p_number ->> 'phoneSid', p_number ->> 'friendlyName',
      p_number -> 'capabilities', now())
    on conflict (phone_number) where status in ('purchasing', 'active', 'releasing') do nothing
    returning * into taken;
  end if;
  return query select case when taken.id is null then 'held' else 'taken_in' end, taken;
end;
$$;
comment on function private.take_in_number(uuid, text, jsonb, timestamptz) is
  'A number that came to a tenant''s account other than by purchase ({phoneNumber, phoneSid, friendlyName, capabilities}): taken_in, already, held (another tenant''s row has it) or left_alone (the tenant''s own has, or had it after p_read_at).';

create function public.number_to_move(p_user_id uuid, p_phone_number text)
returns table (outcome text, subaccount_sid text)
language sql stable
set search_path = ''
as $$
  select case
      when not private.user_exists(p_user_id) then 'unknown_user'
      when a.outcome <> 'active' then a.outcome
      when n.user_id <> p_user_id then 'held'
      when n.status in ('purchasing', 'releasing') then n.status::text
      else 'movable'
    end,
    a.subaccount_sid
  from public.subaccount_of(p_user_id) a
  left join public.user_twilio_numbers n on n.phone_number = p_phone_number and n.status in ('purchasing', 'active', 'releasing');
$$;
comment on function public.number_to_move(uuid, text) is
  'May a number be moved to or from this tenant: movable, held (another tenant''s), purchasing, releasing, unknown_user, none, pending, suspended or closed.';

create function public.record_number_move(p_user_id uuid, p_account_sid text, p_to text, p_number jsonb, p_operator_id uuid, p_reason text, p_request_id text)
returns table (outcome text, number jsonb)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  actor constant text := 'operator:' || p_operator_id;
  taken record;
  gone uuid;
  shared private.master_numbers;
begin
  perform private.lock_tenant(p_user_id);
  if p_to = 'tenant' then
    delete from private.master_numbers m where m.phone_sid = p_number ->> 'phoneSid' or m.phone_number = p_number ->> 'phoneNumber';
    select * into taken from private.take_in_number(p_user_id, p_account_sid, p_number);
    if taken.outcome not in ('taken_in', 'already') then
      return query select taken.outcome, private.number_row(taken.number);
      return;
    end if;
  else
    update public.user_twilio_numbers n set status = 'released', is_primary = false
    where n.user_id = p_user_id and n.phone_sid = p_number ->> 'phoneSid' and n.status = 'active'
    returning n.id into gone;
    delete from private.master_numbers m where m.phone_number = p_number ->> 'phoneNumber' and m.phone_sid <> p_number ->> 'phoneSid';
    insert into private.master_numbers as m (phone_sid, phone_number, friendly_name, capabilities)
    select p_number ->> 'phoneSid', p_number ->> 'phoneNumber', p_number ->> 'friendlyName', p_number -> 'capabilities'
    -- As in the copy that a job makes: only those that can text are shared.
    where (p_number -> 'capabilities' ->> 'sms')::boolean
    on conflict (phone_sid) do update set phone_number = excluded.phone_number, friendly_name = excluded.friendly_name,
      capabilities = excluded.capabilities, refreshed_at = now()
    returning m.* into shared;
  end if;
  perform private.audit(actor, 'number.moved', p_user_id, p_account_sid, p_request_id,
    jsonb_build_object('phoneNumber', p_number ->> 'phoneNumber', 'phoneSid', p_number ->> 'phoneSid', 'to', p_to, 'reason', p_reason));
  perform private.promote_oldest_number(p_user_id, actor, p_request_id);
  return query
    select 'recorded', case when p_to = 'tenant'
      then (select private.number_row(n) from public.user_twilio_numbers n where n.phone_sid = p_number ->> 'phoneSid')
      else jsonb_build_object('id', shared.id, 'phone_number', p_number ->> 'phoneNumber', 'phone_sid', p_number ->> 'phoneSid',
        'friendly_name', p_number ->> 'friendlyName', 'capabilities', p_number -> 'capabilities', 'is_primary', false, 'status', 'active') end;
end;
$$;
comment on function public.record_number_move(uuid, text, text, jsonb, uuid, text, text) is
  'An operator moved a number at Twilio, to the tenant or to the master account: recorded on both sides, or held, left_alone where a row of another purchase has it.';

revoke execute on function
  private.number_row(public.user_twilio_numbers), private.promote_oldest_number(uuid, text, text), private.lock_tenant(uuid),
  private.take_in_number(uuid, text, jsonb, timestamptz),
  public.set_primary_number(uuid, uuid, text), public.number_to_change(uuid, uuid), public.record_number_name(uuid, text, text),
  public.begin_number_release(uuid, uuid, text), public.record_number_release(uuid, text), public.cancel_number_release(uuid),
  public.stale_number_releases(integer, integer), public.number_to_move(uuid, text),
  public.record_number_move(uuid, text, text, jsonb, uuid, text, text)
  from public, anon, authenticated;
grant execute on function
  private.number_row(public.user_twilio_numbers), private.promote_oldest_number(uuid, text, text), private.lock_tenant(uuid),
  private.take_in_number(uuid, text, jsonb, timestamptz),
  public.set_primary_number(uuid, uuid, text), public.number_to_change(uuid, uuid), public.record_number_name(uuid, text, text),
  public.begin_number_release(uuid, uuid, text), public.record_number_release(uuid, text), public.cancel_number_release(uuid),
  public.stale_number_releases(integer, integer), public.number_to_move(uuid, text),
  public.record_number_move(uuid, text, text, jsonb, uuid, text, text)
  to service_role;
