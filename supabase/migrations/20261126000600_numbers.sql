-- Phone numbers: the tenants' own, and those of the master account that may be shared.

create table public.user_twilio_numbers (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  phone_number varchar(20) not null,
  phone_sid varchar(100),
  friendly_name varchar(255),
  capabilities jsonb not null default '{}',
  is_primary boolean not null default false,
  status varchar(50) not null default 'active',
  purchased_at timestamptz,
  account_sid varchar(100),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  messages_per_second numeric(8, 3) not null default 1,
  constraint user_twilio_numbers_phone_number_e164 check (phone_number ~ '^\+[1-9][0-9]{1,14}$'),
  constraint user_twilio_numbers_status_known check (status in ('purchasing', 'active', 'releasing', 'released')),
  constraint user_twilio_numbers_active_has_sid check (status not in ('active', 'releasing') or phone_sid is not null),
  -- A number that is being released stays the primary one until it is gone: it may turn out to stay.
  constraint user_twilio_numbers_primary_is_active check (not is_primary or status in ('active', 'releasing')),
  constraint user_twilio_numbers_pace_positive check (messages_per_second > 0)
);
comment on table public.user_twilio_numbers is
  'Numbers in the tenants'' subaccounts. A purchase in flight is a row too (purchasing), so a number is never bought '
  'twice; so is a release in flight (releasing).';
comment on column public.user_twilio_numbers.messages_per_second is
  'How fast campaigns go out from this number: 1 for a long code, more where carriers allow more.';

create unique index user_twilio_numbers_one_primary on public.user_twilio_numbers (user_id) where is_primary;
create unique index user_twilio_numbers_one_row_per_sid on public.user_twilio_numbers (phone_sid);
-- One owner at a time: two buyers of one number meet here, before Twilio is called.
create unique index user_twilio_numbers_one_owner on public.user_twilio_numbers (phone_number)
  where status in ('purchasing', 'active', 'releasing');
create index user_twilio_numbers_by_user on public.user_twilio_numbers (user_id, created_at);
create trigger touch_updated_at before update on public.user_twilio_numbers
  for each row execute function private.touch_updated_at();

alter table public.user_twilio_numbers enable row level security;
revoke all on public.user_twilio_numbers from public, anon, authenticated, service_role;
grant select on public.user_twilio_numbers to authenticated;
grant select, insert, update, delete on public.user_twilio_numbers to service_role;
create policy "A tenant reads their own numbers" on public.user_twilio_numbers
  for select to authenticated using ((select auth.uid()) = user_id);

-- The shared numbers: a copy of the master account's SMS-capable numbers, refreshed by a job.
create table private.master_numbers (
  phone_sid text primary key,
  id uuid not null unique default gen_random_uuid(),
  phone_number text not null unique,
  friendly_name text,
  capabilities jsonb not null default '{}',
  is_offered boolean not null default true,
  refreshed_at timestamptz not null default now()
);
comment on table private.master_numbers is
  'Numbers of the master account. is_offered = tenants without a subaccount may send from it.';
alter table private.master_numbers enable row level security;
revoke all on private.master_numbers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.master_numbers to service_role;

-- Reading -------------------------------------------------------------------------------------------------------------

create function private.number_row(p_number public.user_twilio_numbers) returns jsonb
language sql immutable
set search_path = ''
as $$
  select case when p_number.id is not null
    then jsonb_build_object('id', p_number.id, 'phone_number', p_number.phone_number,
    'phone_sid', p_number.phone_sid, 'friendly_name', p_number.friendly_name, 'capabilities', p_number.capabilities,
    'is_primary', p_number.is_primary, 'status', p_number.status) end;
$$;
comment on function private.number_row(public.user_twilio_numbers) is
  'A number as the functions show it; null where there is none.';

create function public.number_standing(p_user_id uuid)
returns table (outcome text, master_numbers jsonb)
language sql stable
set search_path = ''
as $$
  select
    case
      when p.twilio_subaccount_sid is not null then p.twilio_subaccount_status
      -- never had one, but lapsed or held: the shared numbers are no way around that
      when private.wanted_subaccount(p_user_id) in ('suspended', 'closed') then private.wanted_subaccount(p_user_id)
      else 'none'
    end::text,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', m.id, 'phoneNumber', m.phone_number, 'phoneSid', m.phone_sid,
        'friendlyName', m.friendly_name, 'capabilities', m.capabilities) order by m.phone_number)
      from private.master_numbers m where m.is_offered), '[]')
  from (select p_user_id as id) u left join public.user_preferences p on p.user_id = u.id;
$$;
comment on function public.number_standing(uuid) is
  'For a tenant without numbers: the state of their subaccount (none, pending, active, suspended, closed) and the '
  'shared numbers.';

create function public.replace_master_numbers(p_numbers jsonb) returns integer
language plpgsql
set search_path = ''
as $$
declare
  kept integer;
begin
  -- Those that are gone go first: a number that was released and bought again comes back under another SID.
  delete from private.master_numbers m
  where not exists (select from jsonb_array_elements(p_numbers) n where n ->> 'phoneSid' = m.phone_sid);
  insert into private.master_numbers as m (phone_sid, phone_number, friendly_name, capabilities)
  select n."phoneSid", n."phoneNumber", n."friendlyName", n.capabilities
  from jsonb_to_recordset(p_numbers) as n("phoneSid" text, "phoneNumber" text, "friendlyName" text, capabilities jsonb)
  -- Moved to a tenant while the list was on its way: theirs.
  where not exists (select from public.user_twilio_numbers t where t.phone_sid = n."phoneSid"
    and t.status <> 'released')
  on conflict (phone_sid) do update set
    phone_number = excluded.phone_number, friendly_name = excluded.friendly_name,
    capabilities = excluded.capabilities, refreshed_at = now();
  get diagnostics kept = row_count;
  return kept;
end;
$$;
comment on function public.replace_master_numbers(jsonb) is
  'Makes the shared numbers those just read from the master account ([{phoneSid, phoneNumber, friendlyName, '
  'capabilities}]); is_offered is kept. Returns how many.';

insert into private.schedules (name, job, every)
  values ('refresh-master-numbers', '{"kind": "refresh-master-numbers"}', '10 minutes');

-- Buying --------------------------------------------------------------------------------------------------------------

-- Buying a number: reserved here before Twilio is called, so that quota, ownership and double purchase are one
-- decision.

create function public.reserve_number(p_user_id uuid, p_phone_number text, p_friendly_name text)
returns table (outcome text, number_id uuid, subaccount_sid text, sealed_token text, number_limit integer)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  tenant public.user_preferences;
  -- A plan that was deleted allows nothing, rather than everything.
  max_numbers integer := coalesce((private.plan_of(p_user_id)).max_numbers, 0);
  reserved uuid;
  existing public.user_twilio_numbers;
begin
  -- The tenant's row is the lock under which their quota is counted: two buys at once cannot both be the last.
  select * into tenant from public.user_preferences p where p.user_id = p_user_id for update;
  if tenant.twilio_subaccount_sid is null then
    return query select 'no_subaccount', null::uuid, null::text, null::text, max_numbers;
    return;
  elsif tenant.twilio_subaccount_status <> 'active' then
    return query select tenant.twilio_subaccount_status::text, null::uuid, null::text, null::text, max_numbers;
    return;
  elsif tenant.twilio_subaccount_auth_token_encrypted is null then
    return query select 'pending', null::uuid, null::text, null::text, max_numbers;
    return;
  end if;

  select * into existing from public.user_twilio_numbers n
  where n.phone_number = p_phone_number and n.status in ('purchasing', 'active', 'releasing');
  if existing.user_id = p_user_id then
    return query select case existing.status when 'active' then 'already_owned' when 'releasing' then 'releasing'
      else 'in_progress' end,
      existing.id, tenant.twilio_subaccount_sid::text, tenant.twilio_subaccount_auth_token_encrypted, max_numbers;
    return;
  elsif existing.id is not null then
    return query select 'taken', null::uuid, null::text, null::text, max_numbers;
    return;
  end if;

  if (select count(*) from public.user_twilio_numbers n
    where n.user_id = p_user_id and n.status in ('purchasing', 'active', 'releasing')) >= max_numbers then
    return query select 'limit_reached', null::uuid, null::text, null::text, max_numbers;
    return;
  end if;

  insert into public.user_twilio_numbers (user_id, phone_number, friendly_name, status, account_sid)
  values (p_user_id, p_phone_number, p_friendly_name, 'purchasing', tenant.twilio_subaccount_sid)
  on conflict (phone_number) where status in ('purchasing', 'active', 'releasing') do nothing
  returning id into reserved;
  return query select case when reserved is null then 'taken' else 'reserved' end,
    reserved, tenant.twilio_subaccount_sid::text, tenant.twilio_subaccount_auth_token_encrypted, max_numbers;
end;
$$;
comment on function public.reserve_number(uuid, text, text) is
  'Decides a purchase before Twilio is called: reserved, in_progress, already_owned, releasing, taken, '
  'limit_reached, no_subaccount, pending, suspended or closed.';

create function private.yield_sid(p_phone_sid text) returns void
language sql
set search_path = ''
as $$
  update public.user_twilio_numbers n set phone_sid = null where n.phone_sid = p_phone_sid and n.status = 'released';
$$;
comment on function private.yield_sid(text) is
  'A SID has one row. A number that was moved away and comes back has the SID it had: the released row gives it up.';

create function public.record_number(p_number_id uuid, p_phone_sid text, p_friendly_name text, p_capabilities jsonb,
  p_request_id text)
returns table (outcome text, id uuid, phone_number text, phone_sid text, friendly_name text, capabilities jsonb,
  is_primary boolean, status text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  bought public.user_twilio_numbers;
begin
  -- Lock the tenant's row, so that of two first numbers exactly one becomes primary.
  perform from public.user_preferences p
  where p.user_id = (select n.user_id from public.user_twilio_numbers n where n.id = p_number_id) for update;

  if exists (select from public.user_twilio_numbers n where n.id = p_number_id and n.status = 'purchasing') then
    perform private.yield_sid(p_phone_sid);
  end if;
  update public.user_twilio_numbers n
  set phone_sid = p_phone_sid, friendly_name = p_friendly_name, capabilities = p_capabilities, status = 'active',
    purchased_at = now(),
    is_primary = not exists (select from public.user_twilio_numbers o where o.user_id = n.user_id and o.is_primary)
  where n.id = p_number_id and n.status = 'purchasing'
  returning n.* into bought;

  if bought.id is not null then
    perform private.audit('user:' || bought.user_id, 'number.bought', bought.user_id, bought.account_sid, p_request_id,
      jsonb_build_object('phoneNumber', bought.phone_number, 'phoneSid', bought.phone_sid));
  end if;
  return query
    select case when bought.id is not null then 'recorded' else 'already' end, n.id, n.phone_number::text,
      n.phone_sid::text,
      n.friendly_name::text, n.capabilities, n.is_primary, n.status::text
    from public.user_twilio_numbers n where n.id = p_number_id;
end;
$$;
comment on function public.record_number(uuid, text, text, jsonb, text) is
  'Twilio sold the number: recorded (the first one becomes primary) or already. No row: the reservation is gone.';

create function public.cancel_number_reservation(p_number_id uuid) returns text
language plpgsql
set search_path = ''
as $$
begin
  delete from public.user_twilio_numbers n where n.id = p_number_id and n.status = 'purchasing';
  return case when found then 'canceled' else 'gone' end;
end;
$$;
comment on function public.cancel_number_reservation(uuid) is
  'Twilio refused the purchase for certain: canceled or gone.';

create function public.stale_number_reservations(p_older_than_seconds integer, p_limit integer)
returns table (number_id uuid, user_id uuid, phone_number text)
language sql stable
set search_path = ''
as $$
  select n.id, n.user_id, n.phone_number::text from public.user_twilio_numbers n
  where n.status = 'purchasing' and n.updated_at < now() - make_interval(secs => p_older_than_seconds)
  order by n.updated_at limit p_limit;
$$;
comment on function public.stale_number_reservations(integer, integer) is
  'Purchases whose answer was lost: a job looks at Twilio and settles them.';

insert into private.schedules (name, job, every)
  values ('settle-number-purchases', '{"kind": "settle-number-purchases"}', '1 minute');

-- Changing ------------------------------------------------------------------------------------------------------------

-- The life of a number after its purchase: made primary, renamed, released, moved between the master account and a
-- tenant's.

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
  'Makes the oldest active number of a tenant primary where none is, with its audit line. The caller holds the '
  'tenant''s row.';

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
  'Makes a number of the tenant''s their primary one: set, already, not_found, or why it cannot be (purchasing, '
  'releasing, released).';

create function public.number_to_change(p_user_id uuid, p_number_id uuid)
returns table (outcome text, number jsonb, subaccount_sid text, sealed_token text)
language sql stable
set search_path = ''
as $$
  select case
      when a.outcome <> 'active' then a.outcome::text
      when n.id is null then 'not_found'
      when n.status <> 'active' then n.status::text
      else 'changeable'
    end,
    private.number_row(n), a.subaccount_sid, a.sealed_token
  from public.subaccount_of(p_user_id) a
  left join public.user_twilio_numbers n on n.id = p_number_id and n.user_id = p_user_id;
$$;
comment on function public.number_to_change(uuid, uuid) is
  'What is needed to change a number at Twilio: changeable, not_found, purchasing, releasing, released, none, '
  'pending, suspended or closed.';

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
    perform private.audit('user:' || renamed.user_id, 'number.renamed', renamed.user_id, renamed.account_sid,
      p_request_id,
      jsonb_build_object('phoneNumber', renamed.phone_number, 'phoneSid', renamed.phone_sid, 'from', before,
        'to', p_friendly_name));
  end if;
  return query select case when renamed.id is not null then 'recorded' else 'gone' end, private.number_row(renamed);
end;
$$;
comment on function public.record_number_name(uuid, text, text) is
  'A number has another name at Twilio: recorded, or gone where it is active no more.';

create function public.set_number_pace(p_phone_number text, p_per_second numeric, p_operator_id uuid, p_request_id text)
returns table (outcome text, user_id uuid)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  owner uuid;
begin
  update public.user_twilio_numbers n set messages_per_second = p_per_second
  where n.phone_number = p_phone_number and n.status = 'active' returning n.user_id into owner;
  if owner is null then
    return query select 'not_found', null::uuid;
    return;
  end if;
  perform private.audit('operator:' || p_operator_id, 'number.pace_set', owner, null, p_request_id,
    jsonb_build_object('phoneNumber', p_phone_number, 'messagesPerSecond', p_per_second));
  return query select 'set', owner;
end;
$$;
comment on function public.set_number_pace(text, numeric, uuid, text) is
  'An operator says how fast campaigns may go out from a tenant''s number: set or not_found.';

-- Releasing -----------------------------------------------------------------------------------------------------------

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
    when account.outcome <> 'active' then account.outcome::text
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
  return query select decision, private.number_row(wanted), private.number_row(primary_row), account.subaccount_sid,
    account.sealed_token;
end;
$$;
comment on function public.begin_number_release(uuid, uuid, text) is
  'Decides a release before Twilio is called: begun, releasing (begun before, may be repeated), released, '
  'unconfirmed (another number was typed), purchasing, not_found, none, pending, suspended or closed.';

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
    select case when gone.id is not null then 'recorded' else 'already' end, private.number_row(n),
      private.number_row(p)
    from public.user_twilio_numbers n
    left join public.user_twilio_numbers p on p.user_id = n.user_id and p.is_primary
    where n.id = p_number_id;
end;
$$;
comment on function public.record_number_release(uuid, text) is
  'Twilio has the number no more: recorded (the oldest other becomes primary where the primary went) or already. No '
  'row: the user is gone.';

create function public.cancel_number_release(p_number_id uuid) returns text
language plpgsql
set search_path = ''
as $$
begin
  update public.user_twilio_numbers n set status = 'active' where n.id = p_number_id and n.status = 'releasing';
  return case when found then 'canceled' else 'gone' end;
end;
$$;
comment on function public.cancel_number_release(uuid) is
  'Twilio refused the release for certain: the number is active again. canceled or gone.';

create function public.stale_number_releases(p_older_than_seconds integer, p_limit integer)
returns table (number_id uuid, user_id uuid, phone_number text, phone_sid text)
language sql stable
set search_path = ''
as $$
  select n.id, n.user_id, n.phone_number::text, n.phone_sid::text from public.user_twilio_numbers n
  -- Those of suspended accounts wait, and keep no other waiting.
  cross join lateral public.subaccount_of(n.user_id) a
  where n.status = 'releasing' and n.updated_at < now() - make_interval(secs => p_older_than_seconds)
    and a.outcome = 'active'
  order by n.updated_at limit p_limit;
$$;
comment on function public.stale_number_releases(integer, integer) is
  'Releases whose answer was lost, of active accounts: a job repeats and settles them.';

insert into private.schedules (name, job, every)
  values ('settle-number-releases', '{"kind": "settle-number-releases"}', '1 minute');

-- Moving, by operators ------------------------------------------------------------------------------------------------

create function private.take_in_number(p_user_id uuid, p_account_sid text, p_number jsonb,
  p_read_at timestamptz default 'infinity')
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
      where n.phone_number = p_number ->> 'phoneNumber' and n.status in ('purchasing', 'active', 'releasing')
        and n.user_id <> p_user_id) then
    return query select 'held', known;
    return;
  elsif exists (select from public.user_twilio_numbers n
      where n.phone_number = p_number ->> 'phoneNumber' and n.status in ('purchasing', 'active', 'releasing')) then
    return query select 'left_alone', known;
    return;
  end if;

  if known.user_id = p_user_id then
    update public.user_twilio_numbers n set status = 'active', account_sid = p_account_sid,
      phone_number = p_number ->> 'phoneNumber',
      friendly_name = p_number ->> 'friendlyName', capabilities = p_number -> 'capabilities', purchased_at = now()
    where n.id = known.id returning n.* into taken;
  else
    perform private.yield_sid(p_number ->> 'phoneSid');
    insert into public.user_twilio_numbers (user_id, account_sid, phone_number, phone_sid, friendly_name, capabilities,
      purchased_at)
    values (p_user_id, p_account_sid, p_number ->> 'phoneNumber', p_number ->> 'phoneSid', p_number ->> 'friendlyName',
      p_number -> 'capabilities', now())
    on conflict (phone_number) where status in ('purchasing', 'active', 'releasing') do nothing
    returning * into taken;
  end if;
  return query select case when taken.id is null then 'held' else 'taken_in' end, taken;
end;
$$;
comment on function private.take_in_number(uuid, text, jsonb, timestamptz) is
  'A number that came to a tenant''s account other than by purchase ({phoneNumber, phoneSid, friendlyName, '
  'capabilities}): taken_in, already, held (another tenant''s row has it) or left_alone (the tenant''s own has, or '
  'had it after p_read_at).';

create function public.number_to_move(p_user_id uuid, p_phone_number text)
returns table (outcome text, subaccount_sid text)
language sql stable
set search_path = ''
as $$
  select case
      when not private.user_exists(p_user_id) then 'unknown_user'
      when a.outcome <> 'active' then a.outcome::text
      when n.user_id <> p_user_id then 'held'
      when n.status in ('purchasing', 'releasing') then n.status::text
      else 'movable'
    end,
    a.subaccount_sid
  from public.subaccount_of(p_user_id) a
  left join public.user_twilio_numbers n on n.phone_number = p_phone_number
    and n.status in ('purchasing', 'active', 'releasing');
$$;
comment on function public.number_to_move(uuid, text) is
  'May a number be moved to or from this tenant: movable, held (another tenant''s), purchasing, releasing, '
  'unknown_user, none, pending, suspended or closed.';

create function public.record_number_move(p_user_id uuid, p_account_sid text, p_to text, p_number jsonb,
  p_operator_id uuid, p_reason text, p_request_id text)
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
    delete from private.master_numbers m where m.phone_sid = p_number ->> 'phoneSid'
      or m.phone_number = p_number ->> 'phoneNumber';
    select * into taken from private.take_in_number(p_user_id, p_account_sid, p_number);
    if taken.outcome not in ('taken_in', 'already') then
      return query select taken.outcome, private.number_row(taken.number);
      return;
    end if;
  else
    update public.user_twilio_numbers n set status = 'released', is_primary = false
    where n.user_id = p_user_id and n.phone_sid = p_number ->> 'phoneSid' and n.status = 'active'
    returning n.id into gone;
    delete from private.master_numbers m where m.phone_number = p_number ->> 'phoneNumber'
      and m.phone_sid <> p_number ->> 'phoneSid';
    insert into private.master_numbers as m (phone_sid, phone_number, friendly_name, capabilities)
    select p_number ->> 'phoneSid', p_number ->> 'phoneNumber', p_number ->> 'friendlyName', p_number -> 'capabilities'
    -- As in the copy that a job makes: only those that can text are shared.
    where (p_number -> 'capabilities' ->> 'sms')::boolean
    on conflict (phone_sid) do update set phone_number = excluded.phone_number, friendly_name = excluded.friendly_name,
      capabilities = excluded.capabilities, refreshed_at = now()
    returning m.* into shared;
  end if;
  perform private.audit(actor, 'number.moved', p_user_id, p_account_sid, p_request_id,
    jsonb_build_object('phoneNumber', p_number ->> 'phoneNumber', 'phoneSid', p_number ->> 'phoneSid', 'to', p_to,
      'reason', p_reason));
  perform private.promote_oldest_number(p_user_id, actor, p_request_id);
  return query
    select 'recorded', case when p_to = 'tenant'
      then (select private.number_row(n) from public.user_twilio_numbers n where n.phone_sid = p_number ->> 'phoneSid')
      else jsonb_build_object('id', shared.id, 'phone_number', p_number ->> 'phoneNumber',
        'phone_sid', p_number ->> 'phoneSid',
        'friendly_name', p_number ->> 'friendlyName', 'capabilities', p_number -> 'capabilities', 'is_primary', false,
        'status', 'active') end;
end;
$$;
comment on function public.record_number_move(uuid, text, text, jsonb, uuid, text, text) is
  'An operator moved a number at Twilio, to the tenant or to the master account: recorded on both sides, or held, '
  'left_alone where a row of another purchase has it.';

-- Comparing -----------------------------------------------------------------------------------------------------------

-- Numbers as Twilio has them: read beside our rows, compared by a pure function, and what differs recorded in one
-- decision.

create function public.begin_number_sync(p_user_id uuid)
returns table (outcome text, subaccount_sid text, sealed_token text, read_at timestamptz, numbers jsonb)
language sql stable
set search_path = ''
as $$
  select a.outcome::text, a.subaccount_sid, a.sealed_token, now(), coalesce((
    select jsonb_agg(private.number_row(n) order by n.created_at, n.id)
    from public.user_twilio_numbers n where n.user_id = p_user_id and n.status <> 'released'), '[]')
  from public.subaccount_of(p_user_id) a;
$$;
comment on function public.begin_number_sync(uuid) is
  'The tenant''s rows as of read_at, which is before Twilio is asked for its list: active, none, pending, suspended '
  'or closed.';

create function public.record_number_sync(p_user_id uuid, p_account_sid text, p_read_at timestamptz, p_changes jsonb,
  p_actor text, p_request_id text)
returns table (outcome text, phone_number text, phone_sid text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  change jsonb;
  said jsonb;
  decision text;
  taken record;
  account_now text;
begin
  perform private.lock_tenant(p_user_id);
  select a.subaccount_sid into account_now from public.subaccount_of(p_user_id) a where a.outcome = 'active';

  for change in select * from jsonb_array_elements(p_changes) loop
    said := change -> 'number';
    decision := 'left_alone';
    -- Another account by now, or none: the list was that of numbers which are gone.
    if account_now is distinct from p_account_sid then
      null;
    elsif change ->> 'change' = 'appeared' then
      select * into taken from private.take_in_number(p_user_id, p_account_sid, said, p_read_at);
      decision := case taken.outcome when 'taken_in' then 'appeared' when 'held' then 'held' else 'left_alone' end;
    elsif change ->> 'change' = 'bought' then
      -- A purchase whose answer was lost. Who buys is not disturbed: recording it twice is no harm.
      perform private.yield_sid(said ->> 'phoneSid');
      update public.user_twilio_numbers n set status = 'active', phone_sid = said ->> 'phoneSid',
        friendly_name = said ->> 'friendlyName',
        capabilities = said -> 'capabilities', purchased_at = now()
      where n.id = (change ->> 'numberId')::uuid and n.user_id = p_user_id and n.status = 'purchasing'
        and not exists (select from public.user_twilio_numbers o where o.phone_sid = said ->> 'phoneSid');
      decision := case when found then 'appeared' else 'left_alone' end;
    elsif change ->> 'change' = 'changed' then
      update public.user_twilio_numbers n set friendly_name = said ->> 'friendlyName',
        capabilities = said -> 'capabilities'
      where n.id = (change ->> 'numberId')::uuid and n.user_id = p_user_id and n.status = 'active'
        and n.updated_at < p_read_at;
      decision := case when found then 'changed' else 'left_alone' end;
    elsif change ->> 'change' = 'released' then
      update public.user_twilio_numbers n set status = 'released', is_primary = false
      where n.id = (change ->> 'numberId')::uuid and n.user_id = p_user_id and n.status = 'active'
        and n.updated_at < p_read_at;
      decision := case when found then 'released' else 'left_alone' end;
    elsif change ->> 'change' = 'repaired' then
      decision := 'repaired';
    end if;

    -- What cannot be taken over stays so for a while: it is told once, not every hour.
    if decision <> 'left_alone' and not (decision = 'held' and exists (
        select from public.audit_log l where l.user_id = p_user_id and l.action = 'number.held'
          and l.details ->> 'phoneSid' = said ->> 'phoneSid')) then
      perform private.audit(p_actor, 'number.' || decision, p_user_id, p_account_sid, p_request_id,
        jsonb_build_object('phoneNumber', said ->> 'phoneNumber', 'phoneSid', said ->> 'phoneSid')
          || coalesce(change -> 'details', '{}'));
    end if;
    return query select decision, said ->> 'phoneNumber', said ->> 'phoneSid';
  end loop;
  perform private.promote_oldest_number(p_user_id, p_actor, p_request_id);
end;
$$;
comment on function public.record_number_sync(uuid, text, timestamptz, jsonb, text, text) is
  'Records what differed at Twilio ([{change: appeared, bought, changed, released or repaired, numberId?, number, '
  'details?}]), a row for each: appeared, changed, released, repaired, held (another tenant''s row has the number) '
  'or left_alone (the row was touched after p_read_at, so the list may be older).';

create function public.ask_for_number_syncs(p_spread_seconds integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  tenant uuid;
  job jsonb;
  asked integer := 0;
begin
  for tenant in
    select p.user_id from public.user_preferences p
    where p.twilio_subaccount_status = 'active' and p.twilio_subaccount_sid is not null
      and p.twilio_subaccount_auth_token_encrypted is not null
    order by p.user_id
  loop
    job := jsonb_build_object('kind', 'sync-numbers', 'userId', tenant);
    if not private.is_enqueued(job) then
      -- Each at a moment of their own: Twilio is never asked for everybody's numbers at once.
      perform private.enqueue(job, mod(abs(hashtext(tenant::text)::bigint), greatest(p_spread_seconds, 1))::integer);
      asked := asked + 1;
    end if;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_number_syncs(integer) is
  'Enqueues a sync of numbers for each tenant with an active subaccount, spread over p_spread_seconds. Returns how '
  'many.';

insert into private.schedules (name, job, every) values ('sync-all-numbers', '{"kind": "sync-all-numbers"}', '1 hour');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.number_row(public.user_twilio_numbers),
  public.number_standing(uuid),
  public.replace_master_numbers(jsonb),
  public.reserve_number(uuid, text, text),
  private.yield_sid(text),
  public.record_number(uuid, text, text, jsonb, text),
  public.cancel_number_reservation(uuid),
  public.stale_number_reservations(integer, integer),
  private.promote_oldest_number(uuid, text, text),
  public.set_primary_number(uuid, uuid, text),
  public.number_to_change(uuid, uuid),
  public.record_number_name(uuid, text, text),
  public.set_number_pace(text, numeric, uuid, text),
  public.begin_number_release(uuid, uuid, text),
  public.record_number_release(uuid, text),
  public.cancel_number_release(uuid),
  public.stale_number_releases(integer, integer),
  private.take_in_number(uuid, text, jsonb, timestamptz),
  public.number_to_move(uuid, text),
  public.record_number_move(uuid, text, text, jsonb, uuid, text, text),
  public.begin_number_sync(uuid),
  public.record_number_sync(uuid, text, timestamptz, jsonb, text, text),
  public.ask_for_number_syncs(integer)
  from public, anon, authenticated;
grant execute on function
  private.number_row(public.user_twilio_numbers),
  public.number_standing(uuid),
  public.replace_master_numbers(jsonb),
  public.reserve_number(uuid, text, text),
  private.yield_sid(text),
  public.record_number(uuid, text, text, jsonb, text),
  public.cancel_number_reservation(uuid),
  public.stale_number_reservations(integer, integer),
  private.promote_oldest_number(uuid, text, text),
  public.set_primary_number(uuid, uuid, text),
  public.number_to_change(uuid, uuid),
  public.record_number_name(uuid, text, text),
  public.set_number_pace(text, numeric, uuid, text),
  public.begin_number_release(uuid, uuid, text),
  public.record_number_release(uuid, text),
  public.cancel_number_release(uuid),
  public.stale_number_releases(integer, integer),
  private.take_in_number(uuid, text, jsonb, timestamptz),
  public.number_to_move(uuid, text),
  public.record_number_move(uuid, text, text, jsonb, uuid, text, text),
  public.begin_number_sync(uuid),
  public.record_number_sync(uuid, text, timestamptz, jsonb, text, text),
  public.ask_for_number_syncs(integer)
  to service_role;
