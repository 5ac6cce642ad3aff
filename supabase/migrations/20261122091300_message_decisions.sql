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

create function private.lock_sending(p_user_id uuid) returns void
language sql
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('send:' || p_user_id, 0));
$$;

create function private.refused_destination(p_user_id uuid, p_country text, p_plan public.plans) returns boolean
language sql stable
set search_path = ''
as $$
  -- No list allows everywhere; one that does not name the country refuses, the plan's or the tenant's own narrower one. coalesce: a
  -- list with a null in it, or a country that nobody knows, allows nothing by accident.
  select (p_plan.allowed_countries is not null and not coalesce(p_country = any (p_plan.allowed_countries), false))
    or exists (select from public.messaging_settings s
      where s.user_id = p_user_id and s.allowed_countries is not null and not coalesce(p_country = any (s.allowed_countries), false));
$$;
comment on function private.refused_destination(uuid, text, public.plans) is 'Whether a country (ISO 3166) is none that plan and tenant send to.';

create function public.reserve_message(
  p_user_id uuid, p_idempotency_key text, p_request_hash text, p_to text, p_country text, p_from text, p_body text, p_media_urls text[],
  p_segments integer, p_encoding text, p_fallback boolean, p_master_account_sid text,
  p_address text default null, p_user_rate integer default null, p_address_rate integer default null
)
returns table (
  outcome text, message_id uuid, from_number text, account_sid text, sealed_token text, source text,
  status text, twilio_message_sid text, error_code integer, error_message text, num_segments integer, encoding text, message_limit numeric,
  retry_after_seconds integer
)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  rate record;
  earlier public.sms_messages;
  sender record;
  plan public.plans;
  room record;
  reserved uuid;
  decision text;
begin
  if p_user_rate is not null then
    select * into rate from public.take_allowance('send', p_user_id, p_address, p_user_rate, p_address_rate, 60);
    if rate.outcome <> 'allowed' then
      return query select 'rate_limited', null::uuid, null::text, null::text, null::text, null::text, null::text, null::text,
        null::integer, null::text, null::integer, null::text, null::numeric, rate.retry_after_seconds;
      return;
    end if;
  end if;

  -- One decision at a time per tenant, so that a quota cannot be overrun by requests that run side by side.
  perform private.lock_sending(p_user_id);

  select * into earlier from public.sms_messages m where m.user_id = p_user_id and m.idempotency_key = p_idempotency_key;
  if earlier.id is not null then
    return query select case when earlier.request_hash = p_request_hash then 'duplicate' else 'key_conflict' end,
      earlier.id, earlier.from_number, earlier.account_sid, null::text, earlier.source, earlier.status, earlier.twilio_message_sid,
      earlier.error_code, earlier.error_message, earlier.num_segments, earlier.encoding, null::numeric, null::integer;
    return;
  end if;

  select * into sender from private.may_send_from(p_user_id, p_from, p_fallback);
  if sender.source = 'master' then
    select * into plan from public.plans p where p.key = 'fallback';
  else
    plan := private.plan_of(p_user_id);
  end if;
  select * into room from private.sending_room(p_user_id, plan);

  decision := case
    when sender.outcome <> 'allowed' then sender.outcome
    when private.refused_destination(p_user_id, p_country, plan) then 'destination_refused'
    when exists (select from public.sms_opt_outs o where o.sender = sender.from_number and o.recipient = p_to) then 'opted_out'
    when room.daily <= 0 then 'daily_limit_reached'
    when room.monthly <= 0 then 'monthly_limit_reached'
    when room.spend < p_segments * plan.segment_price then 'spend_limit_reached'
    else 'reserved'
  end;

  if decision = 'reserved' then
    insert into public.sms_messages (user_id, direction, from_number, to_number, body, media_urls, status, account_sid, source,
      num_segments, encoding, estimated_price, idempotency_key, request_hash)
    values (p_user_id, 'outbound', sender.from_number, p_to, p_body, p_media_urls, 'reserved',
      coalesce(sender.account_sid, p_master_account_sid), sender.source, p_segments, p_encoding, p_segments * plan.segment_price,
      p_idempotency_key, p_request_hash)
    returning id into reserved;
  end if;

  return query select decision, reserved, sender.from_number, coalesce(sender.account_sid, p_master_account_sid), sender.sealed_token,
    sender.source, 'reserved', null::text, null::integer, null::text, p_segments, p_encoding,
    case decision
      when 'daily_limit_reached' then coalesce(plan.daily_message_limit, 0)
      when 'monthly_limit_reached' then coalesce(plan.monthly_message_limit, 0)
      when 'spend_limit_reached' then coalesce(plan.monthly_spend_limit, 0)
    end::numeric, null::integer;
end;
$$;
comment on function public.reserve_message(uuid, text, text, text, text, text, text, text[], integer, text, boolean, text, text, integer, integer) is
  'Decides whether a message may go to Twilio and reserves its row: reserved, duplicate, key_conflict, rate_limited, destination_refused, opted_out, daily_limit_reached, monthly_limit_reached, spend_limit_reached, or the sender''s outcome.';

-- Statuses only move forward, whatever arrives late or twice.
create function private.message_status_rank(p_status text) returns integer
language sql immutable
set search_path = ''
as $$
  select case p_status
    when 'reserved' then 0 when 'unknown' then 1
    -- Looked for and not found: any word of Twilio's is better evidence.
    when 'not_sent' then 2
    when 'accepted' then 3 when 'scheduled' then 3 when 'queued' then 4 when 'sending' then 5 when 'sent' then 6
    when 'refused' then 7 when 'failed' then 7 when 'undelivered' then 7 when 'canceled' then 7 when 'delivered' then 7
    when 'read' then 8
  end;
$$;

create function private.message_may_move(p_from text, p_to text) returns boolean
language sql immutable
set search_path = ''
as $$
  select coalesce(
    private.message_status_rank(p_to) > private.message_status_rank(p_from)
      -- A final status stays; only what was delivered may still be read.
      and (private.message_status_rank(p_from) < 7 or p_from = 'delivered'),
    false);
$$;
comment on function private.message_may_move(text, text) is
  'Whether evidence of p_to is news for a message at p_from. False for statuses of received messages and for words nobody knows.';

create function private.note_opt_out(p_sender text, p_recipient text, p_user_id uuid, p_keyword text) returns void
language sql
set search_path = ''
as $$
  insert into public.sms_opt_outs (sender, recipient, user_id, keyword) values (p_sender, p_recipient, p_user_id, p_keyword)
  on conflict (sender, recipient) do update set opted_out_at = now(), keyword = excluded.keyword, user_id = excluded.user_id
  -- Twilio's word adds nothing to the recipient's own.
  where excluded.keyword <> '21610';
$$;
comment on function private.note_opt_out(text, text, uuid, text) is
  'A recipient wants nothing more from a sender: by a keyword of theirs, or because Twilio says so (21610).';

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
  if moves and p_error_code = 21610 and not exists (
    -- Who has written since may have said START. If not, Twilio says so again next time.
    select from public.sms_messages i
    where i.user_id = p_user_id and i.own_number = message.from_number and i.peer_number = message.to_number
      and i.direction = 'inbound' and i.created_at > message.created_at
  ) then
    perform private.note_opt_out(message.from_number, message.to_number, p_user_id, '21610');
  end if;
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
  p_user_id uuid, p_twilio_message_sid text, p_account_sid text, p_from text, p_to text, p_body text, p_media_urls text[], p_media_types text[],
  p_num_segments integer, p_consent text, p_keyword text
) returns table (outcome text, reply text, reply_id uuid)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  received uuid;
  answer text;
  answer_id uuid;
begin
  insert into public.sms_messages (user_id, direction, from_number, to_number, body, media_urls, media_types, status, twilio_message_sid,
    account_sid, source, num_segments)
  values (p_user_id, 'inbound', p_from, p_to, p_body, p_media_urls, p_media_types, 'received', p_twilio_message_sid, p_account_sid,
    'subaccount', p_num_segments)
  on conflict (twilio_message_sid) where twilio_message_sid is not null do nothing
  returning id into received;
  if received is null then
    -- Twilio asks again when our answer was lost: it gets the same one, and has sent none before.
    return query select 'duplicate', m.body, m.id
      from (select 1) one left join public.sms_messages m
        on m.user_id = p_user_id and m.idempotency_key = 'reply ' || p_twilio_message_sid and m.twilio_message_sid is null;
    return;
  end if;

  -- The sender of an opt-out is our number: the pair as send-sms will look for it.
  if p_consent = 'stop' then
    perform private.note_opt_out(p_to, p_from, p_user_id, p_keyword);
  elsif p_consent = 'start' then
    delete from public.sms_opt_outs o where o.sender = p_to and o.recipient = p_from;
  end if;

  select case p_consent when 'stop' then s.stop_reply when 'start' then s.start_reply when 'help' then s.help_reply end into answer
  from public.messaging_settings s where s.user_id = p_user_id;
  -- Two machines that answer each other must come to an end.
  if (select count(*) from public.sms_messages m where m.user_id = p_user_id and m.own_number = p_to and m.peer_number = p_from
      and m.created_at > now() - interval '1 hour' and m.idempotency_key like 'reply %') >= 3 then
    answer := null;
  end if;
  if answer is not null then
    -- Twilio sends it for us; its callback brings the SID to this row. The key has a space, so that no caller's can be the same.
    insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, idempotency_key)
    values (p_user_id, 'outbound', p_to, p_from, answer, 'reserved', p_account_sid, 'subaccount', 'reply ' || p_twilio_message_sid)
    returning id into answer_id;
  end if;

  if exists (select from private.forward_webhooks f where f.user_id = p_user_id and f.disabled_at is null) then
    perform private.enqueue(jsonb_build_object('kind', 'forward-message', 'userId', p_user_id, 'messageId', received));
  end if;
  return query select 'recorded', answer, answer_id;
end;
$$;
comment on function public.record_inbound_message(uuid, text, text, text, text, text, text[], text[], integer, text, text) is
  'Stores a received message once, by its SID, keeps the opt-outs with it, and enqueues its forwarding: recorded or duplicate, with what is to be answered, if anything, and the row of that answer.';

revoke execute on function
  private.may_send_from(uuid, text, boolean), private.lock_sending(uuid), private.refused_destination(uuid, text, public.plans),
  private.message_status_rank(text), private.note_opt_out(text, text, uuid, text),
  private.message_may_move(text, text),
  public.reserve_message(uuid, text, text, text, text, text, text, text[], integer, text, boolean, text, text, integer, integer),
  public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text),
  public.release_message(uuid), public.unsettled_messages(integer, integer),
  public.record_inbound_message(uuid, text, text, text, text, text, text[], text[], integer, text, text)
  from public, anon, authenticated;
grant execute on function
  private.may_send_from(uuid, text, boolean), private.lock_sending(uuid), private.refused_destination(uuid, text, public.plans),
  private.message_status_rank(text), private.note_opt_out(text, text, uuid, text),
  private.message_may_move(text, text),
  public.reserve_message(uuid, text, text, text, text, text, text, text[], integer, text, boolean, text, text, integer, integer),
  public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text),
  public.release_message(uuid), public.unsettled_messages(integer, integer),
  public.record_inbound_message(uuid, text, text, text, text, text, text[], text[], integer, text, text)
  to service_role;
