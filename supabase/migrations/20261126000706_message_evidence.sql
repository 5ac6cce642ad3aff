-- What Twilio says about a sent message, by response, callback or look-up: only this changes its status.

-- Evidence ------------------------------------------------------------------------------------------------------------

-- Evidence is what Twilio reports about a message: a response, a callback or a look-up. It may come late, twice or out
-- of order, so statuses only move forward.

create function private.message_status_named(p_word text) returns public.message_status
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_word::public.message_status;
exception when invalid_text_representation then
  return null;
end;
$$;
comment on function private.message_status_named(text) is
  'The status of that name; null for a word that Twilio introduced later.';

create function private.message_may_move(p_from public.message_status, p_to public.message_status) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  -- Looked up and not found (not_sent): any report by Twilio is better evidence.
  return coalesce(
    p_to > p_from and p_to <= 'read' and (p_from < 'refused' or (p_from = 'delivered' and p_to = 'read')), false);
end;
$$;
comment on function private.message_may_move(public.message_status, public.message_status) is
  'Whether evidence of p_to changes a message at p_from. False for a null and for statuses of received messages.';

create function private.note_reported_opt_out(p_message public.sms_messages) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- A START since then has lifted Twilio's block, or is about to be compared with the STOP before it.
  if exists (
    select from public.sms_messages i
    where i.user_id = p_message.user_id and i.own_number = p_message.own_number
      and i.peer_number = p_message.peer_number and i.consent = 'start' and i.created_at > p_message.created_at
  ) or exists (
    select from private.master_consents c
    where c.sender = p_message.own_number and c.recipient = p_message.peer_number and c.consent = 'start'
      and c.received_at > p_message.created_at
  ) then
    return;
  end if;
  perform private.note_opt_out(case p_message.source when 'subaccount' then p_message.user_id end,
    p_message.from_number, p_message.to_number, '21610');
end;
$$;
comment on function private.note_reported_opt_out(public.sms_messages) is
  'Stores the opt-out behind error 21610, unless the recipient has replied START since the message.';

create type public.evidence_outcome as enum ('moved', 'unchanged', 'mismatch', 'not_found');
comment on type public.evidence_outcome is
  'moved: the status changed. mismatch: the evidence is about another account or another SID.';

create type private.message_evidence as (
  message_id uuid, sid text, status text, error_code integer, error_message text, num_segments integer, price numeric,
  price_unit text, sent_at timestamptz);
comment on type private.message_evidence is
  'What is known about one of several messages, as for record_message_status.';

create type private.evidence_result as (message_id uuid, moved boolean, priced boolean);
comment on type private.evidence_result is
  'What evidence changed about a message. moved: its status. priced: its price.';

create function private.is_about_another(p_message public.sms_messages, p_account_sid text, p_sid text) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return p_message.account_sid is distinct from p_account_sid or p_message.twilio_message_sid <> p_sid
    -- Of two equal messages, the evidence of one does not hold for the other.
    or (p_message.twilio_message_sid is null
      and exists (select from public.sms_messages o where o.twilio_message_sid = p_sid));
end;
$$;
comment on function private.is_about_another(public.sms_messages, text, text) is
  'Whether evidence of an account and a SID is not about this message.';

create function private.apply_evidence(
  p_message public.sms_messages, p_reported public.message_status, p_evidence private.message_evidence
) returns private.evidence_result
language plpgsql
set search_path = ''
as $$
declare
  e constant private.message_evidence := p_evidence;
  moves constant boolean := private.message_may_move(p_message.status, p_reported);
  -- The last report holds: Twilio adds fees of carriers to a price up to a day later. An amount without a unit is not
  -- a price.
  priced constant boolean := e.price is not null and e.price_unit is not null
    and (p_message.price is distinct from e.price or p_message.price_unit is distinct from e.price_unit);
  foreign_price boolean;
begin
  if priced then
    if private.currency() is null then
      perform private.learn_currency(e.price_unit, 'message');
    end if;
    foreign_price := private.is_foreign(e.price_unit);
  end if;
  if moves or priced or (p_message.twilio_message_sid is null and e.sid is not null)
    or (e.num_segments is not null and p_message.num_segments is distinct from e.num_segments)
    or (e.sent_at is not null and p_message.sent_at is distinct from e.sent_at) then
    update public.sms_messages m set
      twilio_message_sid = coalesce(m.twilio_message_sid, e.sid),
      num_segments = coalesce(e.num_segments, m.num_segments),
      price = case when priced then e.price else m.price end,
      price_unit = case when priced then e.price_unit else m.price_unit end,
      price_is_foreign = case when priced then foreign_price else m.price_is_foreign end,
      sent_at = coalesce(e.sent_at, m.sent_at),
      status = case when moves then p_reported else m.status end,
      error_code = case when moves then e.error_code else m.error_code end,
      error_message = case when m.to_number = '' then null when moves then e.error_message else m.error_message end,
      status_updated_at = case when moves then now() else m.status_updated_at end
    where m.id = p_message.id;
  end if;
  if priced then
    perform private.note_charge(p_message, e.price, e.num_segments) where not foreign_price;
    perform private.note_late_price(p_message, e.sent_at);
  end if;
  if moves and e.error_code = 21610 then
    perform private.note_reported_opt_out(p_message);
  end if;
  return (p_message.id, moves, priced);
end;
$$;
comment on function private.apply_evidence(public.sms_messages, public.message_status, private.message_evidence) is
  'Writes what evidence says about a locked message: what it changes, and what follows from a price or an opt-out.';

create function public.record_message_status(
  p_message_id uuid, p_user_id uuid, p_account_sid text, p_twilio_message_sid text, p_status text, p_error_code integer,
  p_error_message text, p_num_segments integer default null, p_price numeric default null,
  p_price_unit text default null, p_sent_at timestamptz default null
) returns table (outcome public.evidence_outcome, status public.message_status, priced boolean)
language plpgsql
set search_path = ''
set plan_cache_mode = 'force_generic_plan' -- see reserve_message
as $$
#variable_conflict use_column
declare
  message public.sms_messages;
  reported constant public.message_status := private.message_status_named(p_status);
  changed private.evidence_result;
begin
  -- Most reports are callbacks about a message whose SID is known, and move its status. They need no look before. A
  -- response of Twilio brings the SID; its status is one of the first three.
  if reported > 'queued' and p_price is null and p_num_segments is null and p_sent_at is null
    and p_error_code is distinct from 21610 then
    update public.sms_messages m set status = reported, error_code = p_error_code,
      -- Twilio quotes a number in it: an erased message, which has none, gets no text again.
      error_message = case when m.to_number <> '' then p_error_message end, status_updated_at = now()
    where m.id = p_message_id and m.user_id = p_user_id and m.account_sid = p_account_sid
      and m.twilio_message_sid = p_twilio_message_sid and private.message_may_move(m.status, reported);
    if found then
      outcome := 'moved';
      status := reported;
      priced := false;
      return next;
      return;
    end if;
  end if;

  -- By our id (a callback may come before we know the SID) or by Twilio's SID.
  if p_message_id is not null then
    select * into message from public.sms_messages m
    where m.id = p_message_id and m.user_id = p_user_id for no key update;
  else
    select * into message from public.sms_messages m
    where m.twilio_message_sid = p_twilio_message_sid and m.user_id = p_user_id for no key update;
  end if;
  status := message.status;
  if not found then
    outcome := 'not_found';
  elsif private.is_about_another(message, p_account_sid, p_twilio_message_sid) then
    outcome := 'mismatch';
  else
    changed := private.apply_evidence(message, reported, (p_message_id, p_twilio_message_sid, p_status, p_error_code,
      p_error_message, p_num_segments, p_price, p_price_unit, p_sent_at));
    outcome := case when changed.moved then 'moved' else 'unchanged' end;
    status := case when changed.moved then reported else message.status end;
    priced := changed.priced;
  end if;
  return next;
end;
$$;
comment on function public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text,
  timestamptz) is
  'The one place where evidence (a response, a callback, a look-up) changes a message: status, error, SID, segments, '
  'price, time of sending, and an opt-out that Twilio reports. A null says nothing, and neither does a price without a '
  'unit. p_status is ours or a word of Twilio''s; status is the message''s afterwards. priced: its price is new or '
  'another one.';

create function private.lock_for_evidence(p_message_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from public.sms_messages m where m.id = any (p_message_ids) order by m.id for no key update;
  perform private.lock_totals_of(p_message_ids);
  perform from public.campaigns c
  where c.id in (select m.campaign_id from public.sms_messages m where m.id = any (p_message_ids))
  order by c.id for no key update;
end;
$$;
comment on function private.lock_for_evidence(uuid[]) is
  'Locks all rows that evidence about several messages may change, in a fixed order to prevent deadlocks.';

create function private.record_evidence(p_evidence private.message_evidence[]) returns setof private.evidence_result
language plpgsql
set search_path = ''
as $$
declare
  evidence record;
begin
  perform private.lock_for_evidence(array(select e.message_id from unnest(p_evidence) e));
  for evidence in
    select e.*, m.user_id, m.account_sid from unnest(p_evidence) e join public.sms_messages m on m.id = e.message_id
    order by m.user_id -- in this order tenants become due, see total_update
  loop
    return query
      select evidence.message_id, r.outcome = 'moved', r.priced
      from public.record_message_status(evidence.message_id, evidence.user_id, evidence.account_sid, evidence.sid,
        evidence.status, evidence.error_code, evidence.error_message, evidence.num_segments, evidence.price,
        evidence.price_unit, evidence.sent_at) r;
  end loop;
end;
$$;
comment on function private.record_evidence(private.message_evidence[]) is
  'Records evidence about several messages. The caller checks which evidence belongs to which tenant and account.';

create type private.status_report as (
  message_id uuid, user_id uuid, account_sid text, sid text, status text, error_code integer, error_message text);
comment on type private.status_report is
  'Evidence about one message of a tenant, as for record_message_status. message_id is null when only the SID is '
  'known.';

create type public.recorded_status as (outcome public.evidence_outcome, status public.message_status);
comment on type public.recorded_status is 'What record_message_status returns about one of several reports.';

create function public.record_message_statuses(p_reports jsonb) returns setof public.recorded_status
language plpgsql
set search_path = ''
-- A locked row of one tenant must not hold up the reports of others: then each is recorded alone.
set lock_timeout = '1s'
as $$
declare
  reports constant private.status_report[] :=
    array(select r from jsonb_populate_recordset(null::private.status_report, p_reports) r);
  report private.status_report;
begin
  perform private.lock_for_evidence(array(
    select r.message_id from unnest(reports) r where r.message_id is not null
    union all
    select m.id from unnest(reports) r join public.sms_messages m on m.twilio_message_sid = r.sid
      where r.message_id is null));
  foreach report in array reports loop
    return query
      select r.outcome, r.status from public.record_message_status(report.message_id, report.user_id,
        report.account_sid, report.sid, report.status, report.error_code, report.error_message) r;
  end loop;
end;
$$;
comment on function public.record_message_statuses(jsonb) is
  'Records several reports, an array in the shape of status_report, each as record_message_status does. Returns what '
  'came of them, in the same order.';

create function public.unsettled_messages(p_older_than_seconds integer, p_limit integer)
returns setof public.sms_messages
language sql
set search_path = ''
as $$
  -- The least recently looked up come first, so that messages without evidence do not hold up the others.
  with chosen as materialized (
    select u.id from public.sms_messages u
    where u.twilio_message_sid is null and u.direction = 'outbound' and u.status in ('reserved', 'unknown')
      and u.created_at < now() - make_interval(secs => p_older_than_seconds)
      and u.created_at > now() - interval '2 days' -- by then no evidence will come; unknown stays unknown
      and u.peer_number <> '' -- an erased message can no longer be recognised
    order by u.looked_at nulls first, u.created_at limit p_limit
    for update skip locked
  ), noted as (
    update public.sms_messages m set looked_at = clock_timestamp() from chosen where m.id = chosen.id
    returning m.*
  )
  select * from noted n order by n.created_at;
$$;
comment on function public.unsettled_messages(integer, integer) is
  'Messages whose outcome is unknown, for a job that looks them up at Twilio: first those never looked up, then the '
  'least recent.';

insert into private.schedules (name, job, every) values ('settle-messages', '{"kind": "settle-messages"}', '1 minute');

-- Prices, which Twilio fills in minutes later and changes when carriers report their fees, and statuses whose callback
-- never came.

-- The dates of the look-ups bound how often a message is read: after 2, 6, 18 minutes and so on, each time at three
-- times the age, until it has a final status and a price, and once more when its price is final. The last look-up of
-- all messages that an account sent in an hour is due at one moment, so that a list of that hour answers them together.

create table private.awaited_reports (
  -- No foreign key: its check would cost each message more than this row. A look-up deletes the row of a lost message.
  message_id uuid primary key,
  due_at timestamptz not null
);
comment on table private.awaited_reports is
  'Messages that may still get a status, a price or another price, with the time at which Twilio is asked about them.';
create index awaited_reports_by_due_at on private.awaited_reports (due_at);
alter table private.awaited_reports enable row level security;
revoke all on private.awaited_reports from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.awaited_reports to service_role;

create function private.await_reports() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into private.awaited_reports (message_id, due_at)
  values (new.id, new.created_at
    -- A received message has its final status: only its price comes later.
    + case new.direction when 'outbound' then interval '2 minutes' else interval '20 minutes' end);
  return null;
end;
$$;
comment on function private.await_reports() is 'Trigger: schedules the first look-up of a new message.';
create trigger await_reports after insert on public.sms_messages
  for each row execute function private.await_reports();

create function private.price_final_at(p_message public.sms_messages) returns timestamptz
language plpgsql immutable
set search_path = ''
as $$
begin
  -- Twilio adds the fees of carriers within 24 hours.
  return greatest(p_message.created_at, p_message.sent_at,
    case when p_message.status >= 'failed' then p_message.status_updated_at end) + interval '26 hours';
end;
$$;
comment on function private.price_final_at(public.sms_messages) is
  'When Twilio no longer changes the price of a message. A price that is read then, or later, is the last one.';

create type public.unfinished_account as (
  account_sid text, user_id uuid, source public.message_source, sids text[], first_sent_at timestamptz,
  last_sent_at timestamptz);
comment on type public.unfinished_account is
  'The SIDs of messages of one account and hour without a final status or a final price, and the times between which '
  'Twilio sent or received them. user_id is one of its tenants: the master account has several.';

create function public.unfinished_messages(p_accounts integer, p_limit integer) returns setof public.unfinished_account
language sql
set search_path = ''
as $$
  with due as materialized (
    select r.message_id, r.due_at, m.account_sid, m.created_at, m.twilio_message_sid is not null as is_at_twilio,
      m.id is null or m.created_at < now() - interval '7 days' or m.status in ('not_sent', 'refused') as is_over
    from private.awaited_reports r left join public.sms_messages m on m.id = r.message_id
    where r.due_at <= now()
    order by r.due_at limit p_limit
    for update of r skip locked
  ), over as (
    delete from private.awaited_reports r using due d where r.message_id = d.message_id and d.is_over
  ), chosen as (
    -- The accounts that have waited longest, so that busy accounts do not keep a small one waiting.
    select d.account_sid from due d where d.is_at_twilio and not d.is_over group by d.account_sid
      order by min(d.due_at), d.account_sid limit p_accounts
  ), noted as (
    -- Unless the report says more (see await_again).
    update private.awaited_reports r
    set due_at = now() + greatest(interval '2 minutes', (now() - d.created_at) * 2)
    from due d
    where r.message_id = d.message_id and not d.is_over
      and (not d.is_at_twilio or d.account_sid in (select c.account_sid from chosen c))
    returning r.message_id
  )
  select m.account_sid, (array_agg(m.user_id order by m.id))[1], m.source,
    array_agg(m.twilio_message_sid order by m.created_at, m.id), min(m.created_at),
    -- A message may wait in Twilio's queue for ten hours before it counts as sent.
    max(least(case when m.status >= 'failed' then greatest(m.created_at, m.status_updated_at) else now() end,
      m.created_at + interval '11 hours'))
  from noted n join public.sms_messages m on m.id = n.message_id and m.twilio_message_sid is not null
  group by m.account_sid, m.source, private.hour_of(m.created_at);
$$;
comment on function public.unfinished_messages(integer, integer) is
  'Messages without a final status or a final price for which a look-up is due, grouped by account and hour: of an '
  'hour, because a list of Twilio''s has all messages between two times. After seven days nothing is awaited any more.';

create function private.await_again(p_message_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  -- Twilio charges no price for a message that it did not send.
  update public.sms_messages m set estimated_price = 0
  where m.id = any (p_message_ids) and m.status in ('failed', 'canceled') and m.price is null
    and m.estimated_price <> 0 and now() >= private.price_final_at(m);
  delete from private.awaited_reports r using public.sms_messages m
  where m.id = any (p_message_ids) and r.message_id = m.id and m.status >= 'failed'
    and (m.price is not null or m.status in ('failed', 'canceled')) and now() >= private.price_final_at(m);
  update private.awaited_reports r
  set due_at = private.hour_of(private.price_final_at(m))
    + make_interval(secs => 3600 + mod(abs(hashtext(m.account_sid)::bigint), 3600))
  from public.sms_messages m
  where m.id = any (p_message_ids) and r.message_id = m.id and m.status >= 'failed'
    and (m.price is not null or m.status in ('failed', 'canceled'));
end;
$$;
comment on function private.await_again(uuid[]) is
  'Decides after a report whether more is awaited: nothing after the final price, and only that of a message with a '
  'final status and a price. Of the others, whose look-up was dated when it was claimed, everything is awaited.';

create function public.record_message_reports(p_account_sid text, p_reports jsonb)
returns table (moved integer, priced integer)
language plpgsql
set search_path = ''
as $$
begin
  select count(*) filter (where r.moved), count(*) filter (where r.priced) into moved, priced
  from private.record_evidence(array(
    select jsonb_populate_record(null::private.message_evidence, report || jsonb_build_object('message_id', m.id))
    from jsonb_array_elements(p_reports) report
    join public.sms_messages m on m.twilio_message_sid = report ->> 'sid' and m.account_sid = p_account_sid
  )) r;
  perform private.await_again(array(
    select m.id from public.sms_messages m
    where m.twilio_message_sid in (select report ->> 'sid' from jsonb_array_elements(p_reports) report)
      and m.account_sid = p_account_sid));
  return next;
end;
$$;
comment on function public.record_message_reports(text, jsonb) is
  'Records what Twilio reports about messages of one account, an array in the shape of message_evidence with the sid. '
  'Returns how many statuses moved and how many messages got another price.';

insert into private.schedules (name, job, every)
  values ('refresh-messages', '{"kind": "refresh-messages"}', '1 minute');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.message_status_named(text),
  private.message_may_move(public.message_status, public.message_status),
  private.lock_for_evidence(uuid[]),
  private.record_evidence(private.message_evidence[]),
  public.record_message_statuses(jsonb),
  private.note_reported_opt_out(public.sms_messages),
  private.is_about_another(public.sms_messages, text, text),
  private.apply_evidence(public.sms_messages, public.message_status, private.message_evidence),
  public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text, timestamptz),
  public.unsettled_messages(integer, integer),
  private.await_reports(),
  private.price_final_at(public.sms_messages),
  public.unfinished_messages(integer, integer),
  private.await_again(uuid[]),
  public.record_message_reports(text, jsonb)
  from public, anon, authenticated;
grant execute on function
  private.message_status_named(text),
  private.message_may_move(public.message_status, public.message_status),
  private.lock_for_evidence(uuid[]),
  private.record_evidence(private.message_evidence[]),
  public.record_message_statuses(jsonb),
  private.note_reported_opt_out(public.sms_messages),
  private.is_about_another(public.sms_messages, text, text),
  private.apply_evidence(public.sms_messages, public.message_status, private.message_evidence),
  public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text, timestamptz),
  public.unsettled_messages(integer, integer),
  private.price_final_at(public.sms_messages),
  public.unfinished_messages(integer, integer),
  private.await_again(uuid[]),
  public.record_message_reports(text, jsonb)
  to service_role;
