-- What Twilio says of messages later: prices it fills in minutes afterwards, and statuses whose callback never came.

create function public.unfinished_messages(p_accounts integer, p_limit integer)
returns table (account_sid text, user_id uuid, source text, sids text[], first_sent_at timestamptz, last_sent_at timestamptz)
language sql
set search_path = ''
as $$
  with due as materialized (
    select m.id, m.account_sid
    from public.sms_messages m
    where m.twilio_message_sid is not null and m.direction = 'outbound'
      and (m.price is null or m.status in ('accepted', 'scheduled', 'queued', 'sending', 'sent'))
      and m.created_at between now() - interval '7 days' and now() - interval '2 minutes'
      -- Ever more seldom: a tenth of its age, but not more often than every two minutes.
      and (m.looked_at is null or m.looked_at < now() - greatest(interval '2 minutes', (now() - m.created_at) / 10))
    order by m.looked_at nulls first, m.created_at
    limit p_limit
    for update skip locked
  ), chosen as (
    select a.account_sid from due a group by a.account_sid order by count(*) desc limit p_accounts
  ), noted as (
    update public.sms_messages m set looked_at = clock_timestamp()
    from due d where m.id = d.id and d.account_sid in (select c.account_sid from chosen c)
    returning m.*
  )
  select n.account_sid, (array_agg(n.user_id order by n.id))[1], n.source, array_agg(n.twilio_message_sid order by n.created_at, n.id),
    min(n.created_at), max(n.created_at)
  from noted n group by n.account_sid, n.source;
$$;
comment on function public.unfinished_messages(integer, integer) is
  'Sent messages without a final status or a price, by account, for a job that asks Twilio for both.';

create function public.record_message_reports(p_account_sid text, p_reports jsonb) returns table (moved integer, priced integer)
language plpgsql
set search_path = ''
as $$
begin
  return query
    with reports as (
      select r.* from jsonb_to_recordset(p_reports)
        as r (sid text, status text, "errorCode" integer, "errorMessage" text, "numSegments" integer, price numeric, "priceUnit" text)
    ), before as materialized (
      -- In one order, so that two of these at once do not wait in a circle.
      select m.id, private.message_may_move(m.status, r.status) as moves, m.price is null and r.price is not null as is_priced, r.*
      from public.sms_messages m join reports r on r.sid = m.twilio_message_sid
      where m.account_sid = p_account_sid
      order by m.id for update of m
    ), changed as (
      update public.sms_messages m set
        status = case when b.moves then b.status else m.status end,
        error_code = case when b.moves then b."errorCode" else m.error_code end,
        error_message = case when b.moves then b."errorMessage" else m.error_message end,
        status_updated_at = case when b.moves then now() else m.status_updated_at end,
        num_segments = coalesce(b."numSegments", m.num_segments),
        price = coalesce(b.price, m.price),
        price_unit = coalesce(b."priceUnit", m.price_unit)
      from before b where m.id = b.id and (b.moves or b.is_priced)
      returning b.moves, b.is_priced
    )
    select (count(*) filter (where c.moves))::integer, (count(*) filter (where c.is_priced))::integer from changed c;
end;
$$;
comment on function public.record_message_reports(text, jsonb) is
  'What Twilio says now of messages of one account ([{sid, status, errorCode, errorMessage, numSegments, price, priceUnit}]): how many moved on, how many got their price.';

insert into private.schedules (name, job, every) values ('refresh-messages', '{"kind": "refresh-messages"}', '1 minute');

-- Deleting texts ------------------------------------------------------------------------------------------------------------

create index sms_messages_to_redact on public.sms_messages (user_id, redaction_requested_at)
  where redaction_requested_at is not null and redacted_at is null;
create index sms_messages_texts_by_age on public.sms_messages (user_id, created_at) where redaction_requested_at is null;

create function public.request_redaction(p_user_id uuid, p_message_id uuid, p_request_id text)
returns table (outcome text, status text, twilio_message_sid text, source text, media_count integer, redacted_at timestamptz)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  message public.sms_messages;
begin
  select * into message from public.sms_messages m where m.id = p_message_id and m.user_id = p_user_id for update;
  if message.id is null then
    return query select 'not_found', null::text, null::text, null::text, null::integer, null::timestamptz;
    return;
  elsif message.redacted_at is not null then
    return query select 'already', message.status, message.twilio_message_sid, message.source, 0, message.redacted_at;
    return;
  end if;
  if message.redaction_requested_at is null then
    update public.sms_messages m set redaction_requested_at = now() where m.id = p_message_id;
    perform private.audit('user:' || p_user_id, 'message.redaction_requested', p_user_id, message.account_sid, p_request_id,
      jsonb_build_object('messageId', p_message_id));
    -- The caller goes ahead at once; this job is what finishes the work if that dies, or if Twilio is not ready.
    perform private.enqueue(jsonb_build_object('kind', 'redact-messages', 'userId', p_user_id), 60);
  end if;
  return query select 'accepted', message.status, message.twilio_message_sid, message.source, cardinality(message.media_urls), null::timestamptz;
end;
$$;
comment on function public.request_redaction(uuid, uuid, text) is
  'A tenant wants a message''s text and media deleted: accepted (do it now; a job does it otherwise), already, or not_found.';

create function public.messages_to_redact(p_user_id uuid, p_limit integer)
returns table (message_id uuid, twilio_message_sid text, source text, media_count integer, is_at_twilio boolean)
language sql stable
set search_path = ''
as $$
  select m.id, m.twilio_message_sid, m.source, cardinality(m.media_urls),
    -- A closed account is gone, and its messages with it.
    m.source = 'master' or exists (select from public.user_preferences p
      where p.user_id = m.user_id and p.twilio_subaccount_sid = m.account_sid and p.twilio_subaccount_status <> 'closed')
  from public.sms_messages m
  where m.user_id = p_user_id and m.redaction_requested_at is not null and m.redacted_at is null
    and m.status not in ('accepted', 'scheduled', 'queued', 'sending') -- Twilio deletes only what it has finished
    -- Where the answer was lost, it may have the text all the same, and the text is how it is found: not after two days, though.
    and (m.status not in ('reserved', 'unknown') or m.created_at < now() - interval '2 days')
  order by m.redaction_requested_at, m.id limit p_limit;
$$;
comment on function public.messages_to_redact(uuid, integer) is 'Messages of a tenant whose text is still to be deleted, and can be.';

create function public.waits_for_redaction(p_user_id uuid) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (select from public.sms_messages m
    where m.user_id = p_user_id and m.redaction_requested_at is not null and m.redacted_at is null);
$$;
comment on function public.waits_for_redaction(uuid) is 'Whether any text of a tenant is still to be deleted.';

create function public.record_redaction(p_message_ids uuid[]) returns integer
language plpgsql
set search_path = ''
as $$
declare
  redacted integer;
begin
  update public.sms_messages m set body = null, media_urls = '{}', media_types = '{}', redacted_at = now()
  where m.id = any (p_message_ids) and m.redaction_requested_at is not null and m.redacted_at is null;
  get diagnostics redacted = row_count;
  -- What was made for one recipient of a campaign is the same text.
  update private.campaign_recipients r set body = null
  where r.message_id in (select m.id from public.sms_messages m where m.id = any (p_message_ids) and m.redacted_at is not null);
  return redacted;
end;
$$;
comment on function public.record_redaction(uuid[]) is 'Twilio has deleted these texts: they are deleted here as well. Returns how many.';

create function public.ask_for_due_redactions(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  setting record;
  asked integer := 0;
  due integer;
begin
  for setting in select s.user_id, s.retention_days from public.messaging_settings s where s.retention_days is not null order by s.user_id loop
    update public.sms_messages m set redaction_requested_at = now()
    where m.id in (
      select d.id from public.sms_messages d
      where d.user_id = setting.user_id and d.redaction_requested_at is null
        and d.created_at < now() - make_interval(days => setting.retention_days)
      order by d.created_at limit p_limit);
    get diagnostics due = row_count;
    if due > 0 then
      asked := asked + due;
      perform private.enqueue(jsonb_build_object('kind', 'redact-messages', 'userId', setting.user_id));
      perform private.audit('retention', 'message.redaction_requested', setting.user_id, null, null,
        jsonb_build_object('messages', due, 'olderThanDays', setting.retention_days));
    end if;
  end loop;
  return asked;
end;
$$;
comment on function public.ask_for_due_redactions(integer) is
  'Marks texts older than their tenant''s retention, at most so many per tenant, and enqueues their deletion. Returns how many.';

insert into private.schedules (name, job, every) values ('redact-old-messages', '{"kind": "redact-old-messages"}', '1 hour');

revoke execute on function
  public.unfinished_messages(integer, integer), public.record_message_reports(text, jsonb), public.request_redaction(uuid, uuid, text),
  public.messages_to_redact(uuid, integer), public.waits_for_redaction(uuid), public.record_redaction(uuid[]), public.ask_for_due_redactions(integer)
  from public, anon, authenticated;
grant execute on function
  public.unfinished_messages(integer, integer), public.record_message_reports(text, jsonb), public.request_redaction(uuid, uuid, text),
  public.messages_to_redact(uuid, integer), public.waits_for_redaction(uuid), public.record_redaction(uuid[]), public.ask_for_due_redactions(integer)
  to service_role;
