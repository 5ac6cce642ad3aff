-- Buying a number: reserved here before Twilio is called, so that quota, ownership and double purchase are one decision.

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
  'For a tenant without numbers: the state of their subaccount (none, pending, active, suspended, closed) and the shared numbers.';

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
  where not exists (select from public.user_twilio_numbers t where t.phone_sid = n."phoneSid" and t.status <> 'released')
  on conflict (phone_sid) do update set
    phone_number = excluded.phone_number, friendly_name = excluded.friendly_name,
    capabilities = excluded.capabilities, refreshed_at = now();
  get diagnostics kept = row_count;
  return kept;
end;
$$;
comment on function public.replace_master_numbers(jsonb) is
  'Makes the shared numbers those just read from the master account ([{phoneSid, phoneNumber, friendlyName, capabilities}]); is_offered is kept. Returns how many.';

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
    return query select case existing.status when 'active' then 'already_owned' when 'releasing' then 'releasing' else 'in_progress' end,
      existing.id, tenant.twilio_subaccount_sid::text, tenant.twilio_subaccount_auth_token_encrypted, max_numbers;
    return;
  elsif existing.id is not null then
    return query select 'taken', null::uuid, null::text, null::text, max_numbers;
    return;
  end if;

  if (select count(*) from public.user_twilio_numbers n where n.user_id = p_user_id and n.status in ('purchasing', 'active', 'releasing')) >= max_numbers then
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
  'Decides a purchase before Twilio is called: reserved, in_progress, already_owned, releasing, taken, limit_reached, no_subaccount, pending, suspended or closed.';

create function private.yield_sid(p_phone_sid text) returns void
language sql
set search_path = ''
as $$
  update public.user_twilio_numbers n set phone_sid = null where n.phone_sid = p_phone_sid and n.status = 'released';
$$;
comment on function private.yield_sid(text) is
  'A SID has one row. A number that was moved away and comes back has the SID it had: the released row gives it up.';

create function public.record_number(p_number_id uuid, p_phone_sid text, p_friendly_name text, p_capabilities jsonb, p_request_id text)
returns table (outcome text, id uuid, phone_number text, phone_sid text, friendly_name text, capabilities jsonb, is_primary boolean, status text)
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
    select case when bought.id is not null then 'recorded' else 'already' end, n.id, n.phone_number::text, n.phone_sid::text,
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
comment on function public.cancel_number_reservation(uuid) is 'Twilio refused the purchase for certain: canceled or gone.';

create function public.stale_number_reservations(p_older_than_seconds integer, p_limit integer)
returns table (number_id uuid, user_id uuid, phone_number text)
language sql stable
set search_path = ''
as $$
  select n.id, n.user_id, n.phone_number::text from public.user_twilio_numbers n
  where n.status = 'purchasing' and n.updated_at < now() - make_interval(secs => p_older_than_seconds)
  order by n.updated_at limit p_limit;
$$;
comment on function public.stale_number_reservations(integer, integer) is 'Purchases whose answer was lost: a job looks at Twilio and settles them.';

revoke execute on function
  private.yield_sid(text), public.number_standing(uuid), public.replace_master_numbers(jsonb), public.reserve_number(uuid, text, text),
  public.record_number(uuid, text, text, jsonb, text), public.cancel_number_reservation(uuid), public.stale_number_reservations(integer, integer)
  from public, anon, authenticated;
grant execute on function
  private.yield_sid(text), public.number_standing(uuid), public.replace_master_numbers(jsonb), public.reserve_number(uuid, text, text),
  public.record_number(uuid, text, text, jsonb, text), public.cancel_number_reservation(uuid), public.stale_number_reservations(integer, integer)
  to service_role;
