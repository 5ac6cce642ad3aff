-- Sending: one decision reserves the row, one call goes to Twilio, one decision records what came of it.

create function private.may_send_from(p_user_id uuid, p_from text, p_fallback boolean)
returns table (outcome text, from_number text, account_sid text, sealed_token text, source text)
language plpgsql stable
set search_path = ''
as $$
declare
  tenant public.user_preferences;
  sender text;
begin
  select * into tenant from public.user_preferences p where p.user_id = p_user_id;

  if tenant.twilio_subaccount_sid is not null then
    -- Whoever has (or had) a subaccount sends through it or not at all: the master account is no way around a suspension.
    if tenant.twilio_subaccount_status <> 'active' then
      return query select tenant.twilio_subaccount_status::text, null, null, null, null;
      return;
    elsif tenant.twilio_subaccount_auth_token_encrypted is null then
      return query select 'pending', null, null, null, null;
      return;
    end if;
    select n.phone_number into sender
    from public.user_twilio_numbers n
    where n.user_id = p_user_id and n.status = 'active' and (n.phone_number = p_from or (p_from is null and n.is_primary));
    return query select
      case when sender is not null then 'allowed' when p_from is null then 'no_number' else 'number_not_owned' end,
      sender, tenant.twilio_subaccount_sid::text, tenant.twilio_subaccount_auth_token_encrypted, 'subaccount';
    return;
  end if;

  -- Never had one. An operator's hold, or a subscription that has lapsed, closes the fallback as well.
  if private.wanted_subaccount(p_user_id) in ('suspended', 'closed') then
    return query select private.wanted_subaccount(p_user_id), null, null, null, null;
  elsif exists (select from private.tenancies t where t.user_id = p_user_id and t.applied_status is not null) then
    -- They had one and their row was lost, with the host's table or by the tenant's own hand: until it is found again, wait.
    return query select 'pending', null, null, null, null;
  elsif not p_fallback then
    return query select 'no_subaccount', null, null, null, null;
  else
    select m.phone_number into sender
    from private.master_numbers m
    where m.is_offered and (p_from is null or m.phone_number = p_from)
    order by m.phone_number limit 1;
    return query select
      case when sender is not null then 'allowed' when p_from is null then 'no_number' else 'number_not_owned' end,
      sender, null, null, 'master';
  end if;
end;
$$;
comment on function private.may_send_from(uuid, text, boolean) is
  'Which account and number a tenant sends with: allowed, no_number, number_not_owned, no_subaccount, pending, suspended or closed.';

create function private.sent_since(p_user_id uuid, p_since timestamptz) returns bigint
language sql stable
set search_path = ''
as $$
  select count(*) from public.sms_messages m
  where m.user_id = p_user_id and m.direction = 'outbound' and m.created_at >= p_since and m.status <> 'refused';
$$;

create function public.reserve_message(
  p_user_id uuid, p_idempotency_key text, p_request_hash text, p_to text, p_from text, p_body text, p_media_urls text[],
  p_segments integer, p_encoding text, p_fallback boolean, p_master_account_sid text
)
returns table (
  outcome text, message_id uuid, from_number text, account_sid text, sealed_token text, source text,
  status text, twilio_message_sid text, error_code integer, error_message text, num_segments integer, encoding text, message_limit integer
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  earlier public.sms_messages;
  sender record;
  plan public.plans;
  reserved uuid;
  decision text;
begin
  -- One decision at a time per tenant, so that a quota cannot be overrun by requests that run side by side.
  perform pg_advisory_xact_lock(hashtextextended('send:' || p_user_id, 0));

  select * into earlier from public.sms_messages m where m.user_id = p_user_id and m.idempotency_key = p_idempotency_key;
  if earlier.id is not null then
    return query select case when earlier.request_hash = p_request_hash then 'duplicate' else 'key_conflict' end,
      earlier.id, earlier.from_number, earlier.account_sid, null::text, earlier.source, earlier.status, earlier.twilio_message_sid,
      earlier.error_code, earlier.error_message, earlier.num_segments, earlier.encoding, null::integer;
    return;
  end if;

  select * into sender from private.may_send_from(p_user_id, p_from, p_fallback);
  if sender.source = 'master' then
    select * into plan from public.plans p where p.key = 'fallback';
  else
    plan := private.plan_of(p_user_id);
  end if;

  decision := case
    when sender.outcome <> 'allowed' then sender.outcome
    when exists (select from public.sms_opt_outs o where o.sender = sender.from_number and o.recipient = p_to) then 'opted_out'
    -- coalesce: a plan that was deleted allows nothing, rather than everything
    when private.sent_since(p_user_id, now() - interval '1 day') >= coalesce(plan.daily_message_limit, 0) then 'daily_limit_reached'
    when private.sent_since(p_user_id, date_trunc('month', now())) >= coalesce(plan.monthly_message_limit, 0) then 'monthly_limit_reached'
    else 'reserved'
  end;

  if decision = 'reserved' then
    insert into public.sms_messages (user_id, direction, from_number, to_number, body, media_urls, status, account_sid, source,
      num_segments, encoding, idempotency_key, request_hash)
    values (p_user_id, 'outbound', sender.from_number, p_to, p_body, p_media_urls, 'reserved',
      coalesce(sender.account_sid, p_master_account_sid), sender.source, p_segments, p_encoding, p_idempotency_key, p_request_hash)
    returning id into reserved;
  end if;

  return query select decision, reserved, sender.from_number, coalesce(sender.account_sid, p_master_account_sid), sender.sealed_token,
    sender.source, 'reserved', null::text, null::integer, null::text, p_segments, p_encoding,
    case decision when 'daily_limit_reached' then coalesce(plan.daily_message_limit, 0)
      when 'monthly_limit_reached' then coalesce(plan.monthly_message_limit, 0) end;
end;
$$;
comment on function public.reserve_message(uuid, text, text, text, text, text, text[], integer, text, boolean, text) is
  'Decides whether a message may go to Twilio and reserves its row: reserved, duplicate, key_conflict, opted_out, daily_limit_reached, monthly_limit_reached, or the sender''s outcome.';

-- Statuses only move forward, whatever arrives late or twice.
create function private.message_status_rank(p_status text) returns integer
language sql immutable
set search_path = ''
as $$
  select case p_status
    when 'reserved' then 0 when 'unknown' then 1 when 'accepted' then 2 when 'scheduled' then 2 when 'queued' then 3
    when 'sending' then 4 when 'sent' then 5
    when 'refused' then 6 when 'failed' then 6 when 'undelivered' then 6 when 'canceled' then 6 when 'delivered' then 6
    when 'read' then 7
  end;
$$;

create function private.message_may_move(p_from text, p_to text) returns boolean
language sql immutable
set search_path = ''
as $$
  select coalesce(
    private.message_status_rank(p_to) > private.message_status_rank(p_from)
      -- A final status stays; only what was delivered may still be read.
      and (private.message_status_rank(p_from) < 6 or p_from = 'delivered'),
    false);
$$;
comment on function private.message_may_move(text, text) is
  'Whether evidence of p_to is news for a message at p_from. False for statuses of received messages and for words nobody knows.';

create function public.record_message_status(
  p_message_id uuid, p_user_id uuid, p_account_sid text, p_twilio_message_sid text, p_status text, p_error_code integer,
  p_error_message text, p_num_segments integer default null, p_price numeric default null, p_price_unit text default null
) returns table (outcome text, status text)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  message public.sms_messages;
  moves boolean;
begin
  select * into message from public.sms_messages m
  where m.user_id = p_user_id
    -- by our id (the callback may come before we know the SID) or by Twilio's
    and (m.id = p_message_id or (p_message_id is null and m.twilio_message_sid = p_twilio_message_sid))
  for update;
  if message.id is null then
    return query select 'not_found', null::text;
    return;
  elsif message.account_sid is distinct from p_account_sid or message.twilio_message_sid <> p_twilio_message_sid
    -- of two equal messages the evidence of one is none for the other
    or exists (select from public.sms_messages o where o.twilio_message_sid = p_twilio_message_sid and o.id <> message.id) then
    return query select 'mismatch', message.status;
    return;
  end if;

  moves := private.message_may_move(message.status, p_status);
  update public.sms_messages m set
    twilio_message_sid = coalesce(m.twilio_message_sid, p_twilio_message_sid),
    num_segments = coalesce(p_num_segments, m.num_segments),
    price = coalesce(p_price, m.price),
    price_unit = coalesce(p_price_unit, m.price_unit),
    status = case when moves then p_status else m.status end,
    error_code = case when moves then p_error_code else m.error_code end,
    error_message = case when moves then p_error_message else m.error_message end,
    status_updated_at = case when moves then now() else m.status_updated_at end
  where m.id = message.id;
  return query select case when moves then 'moved' else 'unchanged' end, case when moves then p_status else message.status end;
end;
$$;
comment on function public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text) is
  'Evidence about a message (Twilio''s answer, a callback, a look-up): moved, unchanged, mismatch (another account or SID), or not_found.';

create function public.release_message(p_message_id uuid) returns text
language plpgsql
set search_path = ''
as $$
begin
  delete from public.sms_messages m where m.id = p_message_id and m.status = 'reserved' and m.twilio_message_sid is null;
  return case when found then 'released' else 'gone' end;
end;
$$;
comment on function public.release_message(uuid) is
  'Twilio said for certain that it did not process the request (429, or it was never sent): the key may be used again. released or gone.';

create function public.unsettled_messages(p_older_than_seconds integer, p_limit integer)
returns table (message_id uuid, user_id uuid, account_sid text, source text, from_number text, to_number text, body text, status text, created_at timestamptz)
language sql
set search_path = ''
as $$
  -- Those looked at least lately come first, so that some for which there never will be evidence do not hold up the others.
  with chosen as materialized (
    select u.id from public.sms_messages u
    where u.status in ('reserved', 'unknown') and u.created_at < now() - make_interval(secs => p_older_than_seconds)
      and u.created_at > now() - interval '2 days' -- by then no evidence will come; unknown stays unknown
    order by u.looked_at nulls first, u.created_at limit p_limit
    for update skip locked
  ), noted as (
    update public.sms_messages m set looked_at = clock_timestamp() from chosen where m.id = chosen.id
    returning m.*
  )
  select n.id, n.user_id, n.account_sid, n.source, n.from_number, n.to_number, n.body, n.status, n.created_at
  from noted n order by n.created_at;
$$;
comment on function public.unsettled_messages(integer, integer) is 'Messages whose outcome is not known, for a job that looks for evidence at Twilio: first those it has not looked for, then the longest ago.';

create function public.record_inbound_message(
  p_user_id uuid, p_twilio_message_sid text, p_account_sid text, p_from text, p_to text, p_body text, p_media_urls text[],
  p_num_segments integer, p_consent text, p_keyword text
) returns text
language plpgsql
set search_path = ''
as $$
begin
  insert into public.sms_messages (user_id, direction, from_number, to_number, body, media_urls, status, twilio_message_sid,
    account_sid, source, num_segments)
  values (p_user_id, 'inbound', p_from, p_to, p_body, p_media_urls, 'received', p_twilio_message_sid, p_account_sid, 'subaccount', p_num_segments)
  on conflict (twilio_message_sid) where twilio_message_sid is not null do nothing;
  if not found then
    return 'duplicate';
  end if;
  -- The sender of an opt-out is our number: the pair as send-sms will look for it.
  if p_consent = 'stop' then
    insert into public.sms_opt_outs (sender, recipient, user_id, keyword) values (p_to, p_from, p_user_id, p_keyword)
    on conflict (sender, recipient) do update set opted_out_at = now(), keyword = excluded.keyword, user_id = excluded.user_id;
  elsif p_consent = 'start' then
    delete from public.sms_opt_outs o where o.sender = p_to and o.recipient = p_from;
  end if;
  return 'recorded';
end;
$$;
comment on function public.record_inbound_message(uuid, text, text, text, text, text, text[], integer, text, text) is
  'Stores a received message once, by its SID, and keeps the opt-outs with it: recorded or duplicate.';

revoke execute on function
  private.may_send_from(uuid, text, boolean), private.sent_since(uuid, timestamptz), private.message_status_rank(text),
  private.message_may_move(text, text),
  public.reserve_message(uuid, text, text, text, text, text, text[], integer, text, boolean, text),
  public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text),
  public.release_message(uuid), public.unsettled_messages(integer, integer),
  public.record_inbound_message(uuid, text, text, text, text, text, text[], integer, text, text)
  from public, anon, authenticated;
grant execute on function
  private.may_send_from(uuid, text, boolean), private.sent_since(uuid, timestamptz), private.message_status_rank(text),
  private.message_may_move(text, text),
  public.reserve_message(uuid, text, text, text, text, text, text[], integer, text, boolean, text),
  public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text),
  public.release_message(uuid), public.unsettled_messages(integer, integer),
  public.record_inbound_message(uuid, text, text, text, text, text, text[], integer, text, text)
  to service_role;
