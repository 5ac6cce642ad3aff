-- Opt-outs, and what received messages do: they are stored, change consent and are answered.

-- Opt-outs ------------------------------------------------------------------------------------------------------------

create type public.opt_out_source as enum ('received', 'reported', 'imported', 'manual');
comment on type public.opt_out_source is
  'Where an opt-out comes from. received: the recipient''s STOP. reported: Twilio''s error 21610. imported, manual: '
  'the tenant.';

create table public.sms_opt_outs (
  id uuid primary key default private.new_id(),
  -- No foreign key: an opt-out must never become one of a master number by losing its tenant.
  user_id uuid,
  sender text,
  recipient text not null,
  source public.opt_out_source not null default 'received',
  keyword text,
  message_sid text,
  opted_out_at timestamptz not null default now(),
  -- The recipient first: the same index finds what binds one tenant, and what a START to a shared number lifts.
  constraint sms_opt_outs_one_per_pair unique nulls not distinct (recipient, sender, user_id),
  constraint sms_opt_outs_bind_someone check (sender is not null or user_id is not null),
  constraint sms_opt_outs_of_everyone_known check (user_id is not null or source in ('received', 'reported'))
);
comment on table public.sms_opt_outs is
  'Recipients who want no messages from a sender. A message to such a pair is refused before Twilio is called. Only '
  'the recipient''s START deletes a row.';
comment on column public.sms_opt_outs.user_id is
  'The tenant who owns the sender or added the row. Null for a STOP to a master number, or a 21610 of one: the opt-out '
  'binds every tenant.';
comment on column public.sms_opt_outs.sender is 'Null: all senders of the tenant.';
comment on column public.sms_opt_outs.keyword is
  'The recipient''s own word, or 21610 where Twilio reported the opt-out. Null for a row that the tenant added.';
comment on column public.sms_opt_outs.message_sid is
  'The SID of the STOP: Twilio has its time, which a START is compared with. Without a SID opted_out_at is compared.';
create index sms_opt_outs_newest_first on public.sms_opt_outs (user_id, opted_out_at desc, id desc);

alter table public.sms_opt_outs enable row level security;
revoke all on public.sms_opt_outs from public, anon, authenticated, service_role;
grant select on public.sms_opt_outs to authenticated;
grant select, insert, update, delete on public.sms_opt_outs to service_role;
create policy "A tenant reads the opt-outs of their numbers" on public.sms_opt_outs
  for select to authenticated using ((select auth.uid()) = user_id);

create function private.has_opted_out(p_user_id uuid, p_sender text, p_recipient text) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  -- Three probes of one index. Other tenants' rows for the recipient are not read.
  return exists (select from public.sms_opt_outs o
    where (o.recipient = p_recipient and o.sender = p_sender and o.user_id = p_user_id)
      or (o.recipient = p_recipient and o.sender = p_sender and o.user_id is null)
      or (o.recipient = p_recipient and o.sender is null and o.user_id = p_user_id));
end;
$$;
comment on function private.has_opted_out(uuid, text, text) is
  'Whether a recipient opted out of a sender, as far as it binds this tenant.';

create function private.note_opt_out(
  p_user_id uuid, p_sender text, p_recipient text, p_keyword text, p_message_sid text default null
) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  was_opted_out constant boolean := private.has_opted_out(p_user_id, p_sender, p_recipient);
begin
  insert into public.sms_opt_outs (user_id, sender, recipient, keyword, message_sid, source)
    values (p_user_id, p_sender, p_recipient, p_keyword, p_message_sid,
      (case p_keyword when '21610' then 'reported' else 'received' end)::public.opt_out_source)
  on conflict (recipient, sender, user_id) do update set opted_out_at = now(), keyword = excluded.keyword,
    message_sid = excluded.message_sid, source = excluded.source
  -- A report by Twilio adds nothing to the recipient's own word.
  where excluded.source <> 'reported';
  return not was_opted_out;
end;
$$;
comment on function private.note_opt_out(uuid, text, text, text, text) is
  'Stores an opt-out, by the recipient''s keyword or by Twilio''s error 21610. The tenant is null for a master number. '
  'Returns whether the recipient had not opted out before.';

create function private.share_opt_outs(p_user_id uuid, p_sender text) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into public.sms_opt_outs (user_id, sender, recipient, source, keyword, message_sid, opted_out_at)
  select null, o.sender, o.recipient, o.source, o.keyword, o.message_sid, o.opted_out_at from public.sms_opt_outs o
  where o.user_id = p_user_id and o.sender = p_sender and o.source in ('received', 'reported')
  on conflict (recipient, sender, user_id) do nothing;
end;
$$;
comment on function private.share_opt_outs(uuid, text) is
  'Makes the opt-outs that recipients of a tenant''s number expressed bind every tenant, because it becomes a master '
  'number. Those that the tenant added stay theirs.';

create function public.list_opt_outs(
  p_user_id uuid, p_recipient text, p_sender text, p_source public.opt_out_source, p_before_at timestamptz,
  p_before_id uuid, p_limit integer
) returns setof public.sms_opt_outs
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan' -- a recipient is found by its own index
as $$
begin
  return query
    select o.* from public.sms_opt_outs o
    where o.user_id = p_user_id
      and (p_recipient is null or o.recipient = p_recipient)
      and (p_sender is null or o.sender = p_sender)
      and (p_source is null or o.source = p_source)
      and (p_before_at is null or (o.opted_out_at, o.id) < (p_before_at, p_before_id))
    order by o.opted_out_at desc, o.id desc
    limit p_limit;
end;
$$;
comment on function public.list_opt_outs(uuid, text, text, public.opt_out_source, timestamptz, uuid, integer) is
  'A tenant''s opt-outs, newest first. A null filter does not filter. before_* are the key of the last row of the page '
  'before.';

create type public.add_opt_outs_outcome as enum ('added', 'limit_reached', 'unknown_user');
comment on type public.add_opt_outs_outcome is
  'limit_reached: the tenant has as many opt-outs as are kept for one. unknown_user: the user was deleted; their token '
  'may still be valid.';

create function public.add_opt_outs(
  p_user_id uuid, p_source public.opt_out_source, p_opt_outs jsonb, p_kept_at_most integer default 500000
) returns table (outcome public.add_opt_outs_outcome, added integer, known integer, not_owned integer[])
language plpgsql
set search_path = ''
as $$
declare
  owned text[];
begin
  if p_source not in ('imported', 'manual') then
    raise exception 'A tenant cannot add an opt-out of the source %', p_source using errcode = '22023';
  end if;
  if not private.user_exists(p_user_id) then
    outcome := 'unknown_user';
    return next;
    return;
  end if;
  if (select count(*) from (
      select from public.sms_opt_outs o where o.user_id = p_user_id limit p_kept_at_most) k) >= p_kept_at_most then
    outcome := 'limit_reached';
    return next;
    return;
  end if;
  owned := array(
    select n.phone_number from public.user_twilio_numbers n where n.user_id = p_user_id
    union select m.phone_number from private.master_numbers m where m.is_offered);
  select coalesce(array_agg(r.position order by r.position)
      filter (where r.sender is not null and r.sender <> all (owned)), '{}'),
    count(*) filter (where r.sender is null or r.sender = any (owned))
  into not_owned, known
  from jsonb_to_recordset(p_opt_outs) as r(position integer, sender text);
  insert into public.sms_opt_outs (user_id, sender, recipient, source, opted_out_at)
  select p_user_id, r.sender, r.recipient, p_source, least(coalesce(r.opted_out_at, now()), now())
  from jsonb_to_recordset(p_opt_outs)
    as r(position integer, sender text, recipient text, opted_out_at timestamptz)
  where r.sender is null or r.sender = any (owned)
  -- In a fixed order to prevent deadlocks.
  order by r.recipient, r.sender, r.position
  on conflict (recipient, sender, user_id) do nothing;
  get diagnostics added = row_count;
  known := known - added;
  outcome := 'added';
  return next;
end;
$$;
comment on function public.add_opt_outs(uuid, public.opt_out_source, jsonb, integer) is
  'Adds a tenant''s opt-outs ([{position, recipient, sender, opted_out_at}]). Each binds that tenant alone, also for a '
  'shared number. A row that exists is left as it is. not_owned: the positions of rows with a foreign sender.';

-- Receiving -----------------------------------------------------------------------------------------------------------

-- A START may arrive after a later STOP, and a STOP after a later START: webhooks are delivered again after a failure.
-- So a START lifts nothing by itself. It is compared with each STOP by the messages' own times at Twilio, and then
-- lift_opt_outs deletes what is older.

create table private.master_consents (
  message_sid text primary key,
  sender text not null,
  recipient text not null,
  consent public.consent not null,
  received_at timestamptz not null default now()
);
comment on table private.master_consents is
  'Each STOP and START that a master number received in the last two days, so that a repeated or late one is '
  'recognised. No tenant owns these messages: their texts are not stored.';
create index master_consents_by_pair on private.master_consents (recipient, sender, received_at desc);
create index master_consents_by_age on private.master_consents (received_at);
alter table private.master_consents enable row level security;
revoke all on private.master_consents from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.master_consents to service_role;

create function private.purge_master_consents(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from private.master_consents c
  where c.message_sid = any (array(
    select d.message_sid from private.master_consents d where d.received_at < now() - interval '2 days'
    order by d.received_at limit p_limit));
  get diagnostics purged = row_count;
  return purged;
end;
$$;
comment on function private.purge_master_consents(integer) is
  'Deletes up to p_limit keywords that master numbers received more than two days ago. Returns how many.';

create function private.liftable_opt_outs(p_user_id uuid, p_own_number text, p_peer_number text)
returns setof public.sms_opt_outs
language plpgsql stable
set search_path = ''
as $$
begin
  if p_user_id is null then
    return query select o.* from public.sms_opt_outs o where o.recipient = p_peer_number and o.sender = p_own_number;
  else
    -- Without a tenant: from a time when the number was a master number.
    return query select o.* from public.sms_opt_outs o
      where (o.recipient = p_peer_number and o.sender = p_own_number and o.user_id = p_user_id)
        or (o.recipient = p_peer_number and o.sender = p_own_number and o.user_id is null)
        or (o.recipient = p_peer_number and o.sender is null and o.user_id = p_user_id);
  end if;
end;
$$;
comment on function private.liftable_opt_outs(uuid, text, text) is
  'The opt-outs that a START to a number lifts: those of its tenant, or, without a tenant, those of a master number '
  'for every tenant. A START to a master number names no tenant, so opt-outs of all senders of a tenant stay.';

create type private.start_check as (start_sid text, stop_sids text[]);
comment on type private.start_check is
  'A START to be compared with STOPs at Twilio. start_sid is null when there is nothing to compare.';

create function private.check_for_start(p_user_id uuid, p_own_number text, p_peer_number text, p_start_sid text)
returns private.start_check
language plpgsql stable
set search_path = ''
as $$
declare
  found_check private.start_check;
begin
  if p_start_sid is null
    or not exists (select from private.liftable_opt_outs(p_user_id, p_own_number, p_peer_number)) then
    return found_check;
  end if;
  found_check.start_sid := p_start_sid;
  -- Also the STOPs that an opt-out does not name, because another STOP arrived after them: one may be the newest. More
  -- than ten cannot be compared: what the others opted out of stays so.
  found_check.stop_sids := array(
    select s.sid from (
      select o.message_sid, true, o.opted_out_at
      from private.liftable_opt_outs(p_user_id, p_own_number, p_peer_number) o where o.message_sid is not null
      union all
      select m.twilio_message_sid, false, m.created_at from public.sms_messages m
      where m.user_id = p_user_id and m.own_number = p_own_number and m.peer_number = p_peer_number
        and m.consent = 'stop' and m.created_at > now() - interval '2 days'
      union all
      select c.message_sid, false, c.received_at from private.master_consents c
      where p_user_id is null and c.recipient = p_peer_number and c.sender = p_own_number and c.consent = 'stop'
    ) s (sid, is_named, received_at)
    group by s.sid order by bool_or(s.is_named) desc, max(s.received_at) desc, s.sid limit 10);
  return found_check;
end;
$$;
comment on function private.check_for_start(uuid, text, text, text) is
  'What a START has to be compared with before it lifts an opt-out.';

create function public.start_to_settle(p_user_id uuid, p_start_sid text)
returns table (own_number text, peer_number text, stop_sids text[])
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select r.own_number, r.peer_number, c.stop_sids
    from (
      select m.own_number, m.peer_number from public.sms_messages m
      where m.twilio_message_sid = p_start_sid and m.user_id = p_user_id and m.consent = 'start'
      union all
      select t.sender, t.recipient from private.master_consents t
      where p_user_id is null and t.message_sid = p_start_sid and t.consent = 'start'
    ) r, private.check_for_start(p_user_id, r.own_number, r.peer_number, p_start_sid) c
    where c.start_sid is not null;
end;
$$;
comment on function public.start_to_settle(uuid, text) is
  'A received START with the STOPs it has to be compared with. No row: it has nothing left to lift. The tenant is null '
  'for a master number.';

create function private.enqueue_start(p_user_id uuid, p_start_sid text) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Later than the response of the webhook, which usually settles it.
  perform private.enqueue(
    jsonb_build_object('kind', 'settle-start', 'userId', p_user_id, 'startSid', p_start_sid), 60);
end;
$$;
comment on function private.enqueue_start(uuid, text) is
  'Enqueues the comparison of a START, for the case that the webhook does not get to it.';

create function private.keyword_reply(p_user_id uuid, p_consent public.consent) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return (select case p_consent when 'stop' then s.stop_reply when 'start' then s.start_reply
      when 'help' then s.help_reply end
    from public.messaging_settings s where s.user_id = p_user_id);
end;
$$;
comment on function private.keyword_reply(uuid, public.consent) is
  'The tenant''s configured reply to a keyword; null without one.';

create function private.reserve_reply(
  p_received public.sms_messages, p_country text, p_consent public.consent, p_text text, p_key text
) returns table (reply text, reply_id uuid)
language plpgsql
set search_path = ''
as $$
declare
  plan constant public.plans := private.plan_of(p_received.user_id);
  measured constant private.text_measure := private.measure_text(p_text);
  cost constant numeric := private.message_cost(plan, p_country, measured.segments, false);
  price constant numeric := private.tenant_price(plan, cost);
  rule private.sending_rule;
begin
  -- Two machines that reply to each other must come to an end. Refused replies count, so their rows are bounded, too.
  if (select count(*) from public.sms_messages m
    where m.user_id = p_received.user_id and m.own_number = p_received.own_number
      and m.peer_number = p_received.peer_number
      and m.created_at > now() - interval '1 hour' and left(m.idempotency_key, 6) = 'reply ') >= 3 then
    return next;
    return;
  end if;
  rule := private.check_sending_rules(p_received.user_id,
    private.sender_of(p_received.user_id, p_received.own_number, false), plan,
    -- The confirmation of a STOP goes to a recipient who has just opted out.
    case p_consent when 'stop' then null else p_received.peer_number end, p_country, price);
  -- Twilio sends the reply with our response; its callback brings the SID of this row.
  insert into public.sms_messages (user_id, direction, from_number, to_number, country, body, status, error_message,
    account_sid, source, num_segments, encoding, estimated_price, markup, plan_key, idempotency_key)
  values (p_received.user_id, 'outbound', p_received.own_number, p_received.peer_number, p_country, p_text,
    (case when rule.outcome is null then 'reserved' else 'refused' end)::public.message_status,
    'The reply was not sent: ' || rule.outcome, p_received.account_sid, 'subaccount', measured.segments,
    measured.encoding, coalesce(cost, 0), -- a plan that was deleted has no price, and sends nothing
    coalesce(plan.markup, 1), plan.key, p_key)
  returning id into reply_id;
  if rule.outcome is null then
    perform private.note_spending(p_received.user_id, plan, rule.remaining, price);
    reply := p_text;
  else
    perform private.note_spending(p_received.user_id, plan, rule.remaining, 0, true)
    where rule.outcome = 'spend_limit_reached';
    reply_id := null;
  end if;
  return next;
end;
$$;
comment on function private.reserve_reply(public.sms_messages, text, public.consent, text, text) is
  'Decides whether a reply to a keyword may be sent, by the rules of every message, and reserves its row. A refused '
  'reply is stored as refused, with the rule. Both columns are null when nothing is sent; after three replies to this '
  'peer within an hour nothing is stored. The caller holds the tenant''s lock.';

create type public.inbound_outcome as enum ('recorded', 'duplicate', 'unknown_user');
comment on type public.inbound_outcome is
  'duplicate: Twilio repeats a message because our response was lost. unknown_user: the user was deleted, or their '
  'numbers are leaving, and nothing is stored.';

create function private.reply_under_way(p_user_id uuid, p_key text) returns table (reply text, reply_id uuid)
language plpgsql stable
set search_path = ''
as $$
begin
  return query select m.body, m.id from public.sms_messages m
    where m.user_id = p_user_id and m.idempotency_key = p_key and m.twilio_message_sid is null
      and m.status <> 'refused';
end;
$$;
comment on function private.reply_under_way(uuid, text) is 'The reply to a keyword that Twilio has not sent yet.';

create function public.record_inbound_message(
  p_user_id uuid, p_twilio_message_sid text, p_account_sid text, p_from text, p_country text, p_to text, p_body text,
  p_media_urls text[], p_media_types text[], p_num_segments integer, p_consent public.consent, p_keyword text
) returns table (
  outcome public.inbound_outcome, reply text, reply_id uuid, start_sid text, stop_sids text[], answered_sid text)
language plpgsql
set search_path = ''
as $$
declare
  -- The space keeps this key apart from those of callers.
  reply_key constant text := 'reply ' || p_twilio_message_sid;
  plan constant public.plans := private.plan_of(p_user_id);
  configured_reply constant text := private.keyword_reply(p_user_id, p_consent);
  received public.sms_messages;
  pending private.start_check;
  replies boolean := p_consent = 'help';
begin
  -- A keyword counts also while the numbers leave: a STOP must never be lost.
  if not private.user_exists(p_user_id) or (p_consent is null and private.is_leaving(p_user_id)) then
    outcome := 'unknown_user';
    return next;
    return;
  end if;
  if configured_reply is not null then
    perform private.lock_sending(p_user_id); -- before any row, as every send does
  end if;
  insert into public.sms_messages (user_id, direction, from_number, to_number, body, media_urls, media_types, status,
    twilio_message_sid, account_sid, source, num_segments, markup, plan_key, consent)
  values (p_user_id, 'inbound', p_from, p_to, p_body, p_media_urls, p_media_types, 'received', p_twilio_message_sid,
    p_account_sid, 'subaccount', p_num_segments, coalesce(plan.markup, 1), plan.key, p_consent)
  on conflict (twilio_message_sid) where twilio_message_sid is not null do nothing
  returning * into received;
  if received.id is null then
    -- Twilio gets the same reply again, unless it has sent it.
    outcome := 'duplicate';
    select r.reply, r.reply_id into reply, reply_id from private.reply_under_way(p_user_id, reply_key) r;
    select s.stop_sids, p_twilio_message_sid, p_twilio_message_sid into stop_sids, start_sid, answered_sid
    from public.start_to_settle(p_user_id, p_twilio_message_sid) s;
    return next;
    return;
  end if;

  if p_consent = 'stop' then
    -- The sender of an opt-out is the tenant's number: the pair as reserve_message looks it up.
    replies := private.note_opt_out(p_user_id, p_to, p_from, p_keyword, p_twilio_message_sid);
    -- A START of the last day may be the later word of the two.
    pending := private.check_for_start(p_user_id, p_to, p_from, (
      select m.twilio_message_sid from public.sms_messages m
      where m.user_id = p_user_id and m.own_number = p_to and m.peer_number = p_from and m.consent = 'start'
        and m.created_at > now() - interval '1 day'
      order by m.created_at desc, m.id desc limit 1));
  elsif p_consent = 'start' then
    pending := private.check_for_start(p_user_id, p_to, p_from, p_twilio_message_sid);
  end if;
  if pending.start_sid is not null then
    perform private.enqueue_start(p_user_id, pending.start_sid);
    start_sid := pending.start_sid;
    stop_sids := pending.stop_sids;
    answered_sid := case when p_consent = 'start' or replies then p_twilio_message_sid end;
  elsif configured_reply is not null and replies then
    select r.reply, r.reply_id into reply, reply_id
    from private.reserve_reply(received, p_country, p_consent, configured_reply, reply_key) r;
  end if;
  perform private.forward_event(p_user_id, jsonb_build_object('kind', 'forward-message', 'messageId', received.id));
  outcome := 'recorded';
  return next;
end;
$$;
comment on function public.record_inbound_message(uuid, text, text, text, text, text, text, text[], text[], integer,
  public.consent, text) is
  'Stores a received message once, by its SID, adds an opt-out and enqueues forwarding. p_country is that of p_from '
  '(ISO 3166), null when it is not known. reply is the text to respond with and reply_id its row; both are null when '
  'there is none. start_sid: that START has to be compared with stop_sids at Twilio, and lift_opt_outs then returns '
  'the reply to answered_sid, if that is not null. STOP is replied to only when the recipient had not opted out '
  'before.';

create function public.lift_opt_outs(
  p_user_id uuid, p_own_number text, p_peer_number text, p_started_at timestamptz, p_older_stops text[],
  p_gone_stops text[], p_answered_sid text, p_country text
) returns table (lifted integer, reply text, reply_id uuid)
language plpgsql
set search_path = ''
as $$
declare
  reply_key constant text := 'reply ' || p_answered_sid;
  answered public.sms_messages;
  configured_reply text;
begin
  if p_user_id is not null then
    perform private.lock_sending(p_user_id);
  end if;
  -- A STOP that came since the comparison has another SID. Twilio's times are whole seconds.
  delete from public.sms_opt_outs o
  where o.id in (select l.id from private.liftable_opt_outs(p_user_id, p_own_number, p_peer_number) l)
    and case when o.message_sid is null then date_trunc('second', o.opted_out_at) <= p_started_at
      else o.message_sid = any (p_older_stops)
        -- The time at which we received a STOP is not before Twilio's.
        or (o.message_sid = any (p_gone_stops) and o.opted_out_at <= p_started_at) end;
  get diagnostics lifted = row_count;

  select * into answered from public.sms_messages m
  where m.twilio_message_sid = p_answered_sid and m.user_id = p_user_id;
  configured_reply := private.keyword_reply(p_user_id, answered.consent);
  select r.reply, r.reply_id into reply, reply_id from private.reply_under_way(p_user_id, reply_key) r;
  if configured_reply is not null and not exists (select from public.sms_messages m
      where m.user_id = p_user_id and m.idempotency_key = reply_key)
    and ((answered.consent = 'start' and lifted > 0)
      or (answered.consent = 'stop' and private.has_opted_out(p_user_id, p_own_number, p_peer_number))) then
    select r.reply, r.reply_id into reply, reply_id
    from private.reserve_reply(answered, p_country, answered.consent, configured_reply, reply_key) r;
  end if;
  return next;
end;
$$;
comment on function public.lift_opt_outs(uuid, text, text, timestamptz, text[], text[], text, text) is
  'Deletes the opt-outs that are older than a START: those with a STOP in p_older_stops, and those without a STOP at '
  'Twilio (p_gone_stops) by their own time. p_started_at is null when nothing may be lifted. Returns how many, and the '
  'reply to p_answered_sid, the START or the STOP that a webhook brought.';

create type public.master_consent_outcome as enum ('recorded', 'duplicate', 'unknown_number');
comment on type public.master_consent_outcome is
  'duplicate: Twilio repeats a message. unknown_number: the master account has no such SMS-capable number, as far as '
  'the last refresh knows.';

create function public.record_master_consent(
  p_message_sid text, p_from text, p_to text, p_consent public.consent, p_keyword text
) returns table (outcome public.master_consent_outcome, start_sid text, stop_sids text[])
language plpgsql
set search_path = ''
as $$
declare
  pending private.start_check;
begin
  -- Also while the number is not offered: it may be offered again.
  if not exists (select from private.master_numbers m where m.phone_number = p_to) then
    outcome := 'unknown_number';
    return next;
    return;
  end if;
  insert into private.master_consents (message_sid, sender, recipient, consent)
    values (p_message_sid, p_to, p_from, p_consent)
  on conflict do nothing;
  outcome := (case when found then 'recorded' else 'duplicate' end)::public.master_consent_outcome;
  if p_consent = 'stop' and outcome = 'recorded' then
    perform private.note_opt_out(null, p_to, p_from, p_keyword, p_message_sid);
    pending := private.check_for_start(null, p_to, p_from, (
      select c.message_sid from private.master_consents c
      where c.recipient = p_from and c.sender = p_to and c.consent = 'start'
      order by c.received_at desc limit 1));
  elsif p_consent = 'start' then
    pending := private.check_for_start(null, p_to, p_from, p_message_sid);
  end if;
  if pending.start_sid is not null and outcome = 'recorded' then
    perform private.enqueue_start(null, pending.start_sid);
  end if;
  start_sid := pending.start_sid;
  stop_sids := pending.stop_sids;
  return next;
end;
$$;
comment on function public.record_master_consent(text, text, text, public.consent, text) is
  'Records a STOP or a START that a master number received. A STOP binds every tenant. start_sid: that START has to be '
  'compared with stop_sids at Twilio before lift_opt_outs.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.has_opted_out(uuid, text, text),
  private.note_opt_out(uuid, text, text, text, text),
  private.share_opt_outs(uuid, text),
  public.list_opt_outs(uuid, text, text, public.opt_out_source, timestamptz, uuid, integer),
  public.add_opt_outs(uuid, public.opt_out_source, jsonb, integer),
  private.purge_master_consents(integer),
  private.liftable_opt_outs(uuid, text, text),
  private.check_for_start(uuid, text, text, text),
  public.start_to_settle(uuid, text),
  private.enqueue_start(uuid, text),
  private.keyword_reply(uuid, public.consent),
  private.reserve_reply(public.sms_messages, text, public.consent, text, text),
  private.reply_under_way(uuid, text),
  public.lift_opt_outs(uuid, text, text, timestamptz, text[], text[], text, text),
  public.record_master_consent(text, text, text, public.consent, text),
  public.record_inbound_message(uuid, text, text, text, text, text, text, text[], text[], integer, public.consent, text)
  from public, anon, authenticated;
grant execute on function
  private.has_opted_out(uuid, text, text),
  private.note_opt_out(uuid, text, text, text, text),
  private.share_opt_outs(uuid, text),
  public.list_opt_outs(uuid, text, text, public.opt_out_source, timestamptz, uuid, integer),
  public.add_opt_outs(uuid, public.opt_out_source, jsonb, integer),
  private.purge_master_consents(integer),
  private.liftable_opt_outs(uuid, text, text),
  private.check_for_start(uuid, text, text, text),
  public.start_to_settle(uuid, text),
  private.enqueue_start(uuid, text),
  private.keyword_reply(uuid, public.consent),
  private.reserve_reply(public.sms_messages, text, public.consent, text, text),
  private.reply_under_way(uuid, text),
  public.lift_opt_outs(uuid, text, text, timestamptz, text[], text[], text, text),
  public.record_master_consent(text, text, text, public.consent, text),
  public.record_inbound_message(uuid, text, text, text, text, text, text, text[], text[], integer, public.consent, text)
  to service_role;
