-- Deleting the texts of messages, and everything of a deleted user.

-- Deleting texts ------------------------------------------------------------------------------------------------------

create type public.redaction_outcome as enum ('accepted', 'already', 'not_found');
comment on type public.redaction_outcome is 'accepted: to be deleted now; a job retries it. already: it is deleted.';

create function public.request_redaction(p_user_id uuid, p_message_id uuid, p_request_id text)
returns table (outcome public.redaction_outcome, message jsonb)
language plpgsql
set search_path = ''
as $$
declare
  stored public.sms_messages;
begin
  select * into stored from public.sms_messages m where m.id = p_message_id and m.user_id = p_user_id for update;
  if stored.id is null then
    outcome := 'not_found';
    return next;
    return;
  end if;
  message := to_jsonb(stored);
  outcome := case when stored.redacted_at is null then 'accepted' else 'already' end;
  if outcome = 'accepted' and stored.redaction_requested_at is null then
    update public.sms_messages m set redaction_requested_at = now() where m.id = p_message_id;
    perform private.audit('user:' || p_user_id, 'message.redaction_requested', p_user_id, stored.account_sid,
      p_request_id, jsonb_build_object('messageId', p_message_id));
    -- The caller continues at once; this job finishes the work if the caller dies or Twilio is not ready.
    perform private.enqueue(jsonb_build_object('kind', 'redact-messages', 'userId', p_user_id), 60);
  end if;
  return next;
end;
$$;
comment on function public.request_redaction(uuid, uuid, text) is
  'A tenant wants the text and media of a message deleted. message is the row as it was.';

create type public.message_to_redact as (
  message_id uuid, twilio_message_sid text, source public.message_source, media_count integer, is_at_twilio boolean);
comment on type public.message_to_redact is
  'A message whose text and media are to be deleted. is_at_twilio: its account still exists, so they are deleted at '
  'Twilio first.';

create function public.messages_to_redact(p_user_id uuid, p_limit integer) returns setof public.message_to_redact
language sql stable
set search_path = ''
as $$
  select m.id, m.twilio_message_sid, m.source, cardinality(m.media_urls),
    -- The messages of a closed account are gone with it.
    m.source = 'master' or exists (select from public.user_preferences p
      where p.user_id = m.user_id and p.twilio_subaccount_sid = m.account_sid
        and p.twilio_subaccount_status <> 'closed')
  from public.sms_messages m
  where m.user_id = p_user_id and m.redaction_requested_at is not null and m.redacted_at is null
    -- Twilio deletes only finished messages, and a lost message is recognised by its text. Both end after two days.
    and (m.status not in ('reserved', 'unknown', 'accepted', 'scheduled', 'queued', 'sending')
      or m.created_at < now() - interval '2 days')
  order by m.redaction_requested_at, m.id limit p_limit;
$$;
comment on function public.messages_to_redact(uuid, integer) is
  'Messages of a tenant whose deletion was requested and is possible now.';

create function public.waits_for_redaction(p_user_id uuid) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (select from public.sms_messages m
    where m.user_id = p_user_id and m.redaction_requested_at is not null and m.redacted_at is null);
$$;
comment on function public.waits_for_redaction(uuid) is
  'Whether a tenant has texts whose deletion was requested and is not done.';

create function public.record_redaction(p_message_ids uuid[]) returns integer
language plpgsql
set search_path = ''
as $$
declare
  redacted integer;
begin
  -- Locked in a fixed order to prevent deadlocks.
  perform from public.sms_messages m where m.id = any (p_message_ids) order by m.id for update;
  update public.sms_messages m set body = null, media_urls = '{}', media_types = '{}', redacted_at = now()
  where m.id = any (p_message_ids) and m.redaction_requested_at is not null and m.redacted_at is null;
  get diagnostics redacted = row_count;
  -- The recipient's row of a campaign has the variables of the text.
  update private.campaign_recipients r set variables = null
  from public.sms_messages m where m.id = any (p_message_ids) and m.redacted_at is not null and r.message_id = m.id
    and r.variables is not null;
  return redacted;
end;
$$;
comment on function public.record_redaction(uuid[]) is
  'Deletes texts and media that Twilio has deleted. Returns how many messages changed.';

create function private.redact_old_texts(p_user_id uuid, p_retention_days integer, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  recipients_at_once constant integer := 10000;
  oldest constant timestamptz := now() - make_interval(days => p_retention_days);
  since constant timestamptz := coalesce(
    (select d.done_until from private.due_work d where d.user_id = p_user_id and d.kind = 'redaction'), '-infinity');
  marked integer;
begin
  update public.sms_messages m set redaction_requested_at = now()
  where m.id in (
    select d.id from public.sms_messages d
    where d.user_id = p_user_id and d.redaction_requested_at is null and d.created_at >= since
      and d.created_at < oldest
    order by d.created_at limit p_limit
    for update skip locked); -- a row that is being updated is taken the next time
  get diagnostics marked = row_count;
  update private.due_work d
  set done_until = coalesce((select m.created_at from public.sms_messages m
    where m.user_id = p_user_id and m.redaction_requested_at is null and m.created_at >= since
      and m.created_at < oldest
    order by m.created_at limit 1), oldest)
  where d.user_id = p_user_id and d.kind = 'redaction';
  if private.delete_campaign_texts(p_user_id, oldest, recipients_at_once) then
    perform private.set_due(p_user_id, 'redaction', now() + interval '1 minute');
  end if;
  if marked > 0 then
    perform private.enqueue(jsonb_build_object('kind', 'redact-messages', 'userId', p_user_id));
    perform private.audit('retention', 'message.redaction_requested', p_user_id, null, null,
      jsonb_build_object('messages', marked, 'olderThanDays', p_retention_days));
  end if;
  return marked;
end;
$$;
comment on function private.redact_old_texts(uuid, integer, integer) is
  'Marks up to p_limit texts of a tenant that are older than their retention, the oldest first, and enqueues their '
  'deletion. Returns how many.';

create function public.ask_for_due_redactions(p_limit integer) returns table (checked integer, asked integer)
language plpgsql
set search_path = ''
as $$
declare
  tenant uuid;
  retention integer;
  marked integer;
begin
  checked := 0;
  asked := 0;
  while checked < p_limit and asked < p_limit loop
    -- One tenant at a time, because each of them may use up the limit.
    tenant := (select c from private.claim_due('redaction', 1, '1 day') c);
    exit when tenant is null;
    checked := checked + 1;
    retention := (select s.retention_days from public.messaging_settings s where s.user_id = tenant);
    if retention is null then
      perform private.set_due(tenant, 'redaction', null);
    else
      marked := private.redact_old_texts(tenant, retention, p_limit - asked);
      asked := asked + marked;
      if asked = p_limit then
        perform private.set_due(tenant, 'redaction', now()); -- more of their texts may be due
      end if;
    end if;
  end loop;
  return next;
end;
$$;
comment on function public.ask_for_due_redactions(integer) is
  'Checks due tenants for texts older than their retention and enqueues the deletion of such texts: at most p_limit '
  'tenants and p_limit texts. checked or asked = p_limit: more may be due.';

insert into private.schedules (name, job, every)
  values ('redact-old-messages', '{"kind": "redact-old-messages"}', '1 hour');

-- Erasing a deleted user ----------------------------------------------------------------------------------------------

-- Accounting needs the cost of every message, so rows stay. What identifies people goes: in batches, because a tenant
-- may have millions of messages and a statement may take eight seconds.

create type public.erasure_outcome as enum ('continues', 'done', 'user_exists');
comment on type public.erasure_outcome is
  'continues: a batch was erased, and there may be more. user_exists: the user is not deleted, and nothing is erased.';

create function private.erase_conversations(p_user_id uuid, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  conversations uuid[];
  messages uuid[];
begin
  -- Every message belongs to a conversation, and an erased one has left it: each batch finds its messages by index.
  conversations := array(select c.id from public.sms_conversations c where c.user_id = p_user_id limit p_limit);
  messages := array(
    select m.id from public.sms_conversations c
    join public.sms_messages m on m.user_id = c.user_id and m.own_number = c.own_number
      and m.peer_number = c.peer_number
    where c.id = any (conversations) limit p_limit);
  perform from public.sms_messages m where m.id = any (messages) order by m.id for update;
  update public.sms_messages m set
    from_number = '', to_number = '', -- the tenant's own number identifies them, too
    body = null, media_urls = '{}', media_types = '{}',
    error_message = null, -- Twilio quotes the number in it
    idempotency_key = null, request_hash = null,
    redaction_requested_at = coalesce(m.redaction_requested_at, now()), redacted_at = coalesce(m.redacted_at, now())
  where m.id = any (messages);
  if cardinality(messages) < p_limit then
    delete from public.sms_conversations c where c.id = any (conversations);
  end if;
  return cardinality(messages) + cardinality(conversations);
end;
$$;
comment on function private.erase_conversations(uuid, integer) is
  'Erases texts, media and numbers of up to p_limit messages, and conversations without messages left. Returns 0 when '
  'nothing is left.';

create function private.erase_opt_outs(p_user_id uuid, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  erased integer;
begin
  delete from public.sms_opt_outs o
  where o.id = any (array(select d.id from public.sms_opt_outs d where d.user_id = p_user_id limit p_limit));
  get diagnostics erased = row_count;
  return erased;
end;
$$;
comment on function private.erase_opt_outs(uuid, integer) is
  'Deletes opt-outs of a tenant''s own numbers. Those of master numbers have no tenant and stay.';

-- The user may own most rows of a table: the planner would then read all of them for each batch.
create function public.erase_messages_of_deleted_user(p_user_id uuid, p_limit integer) returns public.erasure_outcome
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  if private.user_exists(p_user_id) then
    return 'user_exists';
  end if;
  return case
    when private.erase_conversations(p_user_id, p_limit) + private.erase_opt_outs(p_user_id, p_limit)
      + private.erase_campaigns(p_user_id, p_limit) + private.erase_numbers(p_user_id, p_limit)
      + private.erase_forward_deliveries(p_user_id, p_limit) + private.erase_contacts(p_user_id, p_limit) = 0
      then 'done'
    else 'continues'
  end;
end;
$$;
comment on function public.erase_messages_of_deleted_user(uuid, integer) is
  'Erases one batch of a deleted user''s messages, conversations, opt-outs, campaigns, numbers, deliveries and '
  'contacts. Price, segments, time and account of each message stay under the user''s id.';

create function private.ask_for_erasure() returns trigger
language plpgsql
security definer -- auth's own roles delete users and have no rights here
set search_path = ''
as $$
begin
  -- For every user: a request that is under way may be about to commit the user's first message. It is over by then.
  perform private.enqueue(jsonb_build_object('kind', 'erase-user', 'userId', old.id), 60);
  return null;
end;
$$;
comment on function private.ask_for_erasure() is
  'Trigger: enqueues the erasure of a deleted user''s messages, in the transaction of the deletion.';
create trigger switchboard_ask_for_erasure after delete on auth.users
  for each row execute function private.ask_for_erasure();

-- Purging financial rows ----------------------------------------------------------------------------------------------

-- Erased messages belong to deleted users. Those of others are the tenants' own, and stay.
create index sms_messages_erased on public.sms_messages (created_at) where peer_number = '';
create index sending_totals_by_hour on private.sending_totals (hour);
create index number_purchases_ended on private.number_purchases (held_until) where held_until < 'infinity';

create function private.purge_messages(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from public.sms_messages m
  where m.ctid = any (array(
    select e.ctid from public.sms_messages e
    where e.peer_number = '' and e.created_at <= now() - private.kept_for('financial')
    order by e.created_at limit p_limit for update));
  get diagnostics purged = row_count;
  return purged;
end;
$$;
comment on function private.purge_messages(integer) is
  'Deletes up to p_limit erased messages that are old enough, the oldest first. Returns how many.';

create function private.purge_totals(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  hours integer;
  days integer;
  charged integer;
begin
  delete from private.sending_totals t
  where t.ctid = any (array(
    select o.ctid from private.sending_totals o where o.hour <= now() - private.kept_for('financial')
    order by o.hour limit p_limit for update));
  get diagnostics hours = row_count;
  delete from private.usage_totals t
  where t.ctid = any (array(
    select o.ctid from private.usage_totals o where o.day < private.utc_day(now() - private.kept_for('financial'))
    order by o.day limit p_limit for update));
  get diagnostics days = row_count;
  delete from private.fees f
  where f.ctid = any (array(
    select o.ctid from private.fees o where o.charged_at <= now() - private.kept_for('financial')
    order by o.charged_at limit p_limit for update));
  get diagnostics charged = row_count;
  return greatest(hours, days, charged);
end;
$$;
comment on function private.purge_totals(integer) is
  'Deletes up to p_limit totals of sent messages, and as many of usage and fees, that are old enough, the oldest '
  'first. Returns how many of the kind of which there were most.';

create function private.purge_number_purchases(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  purged integer;
begin
  delete from private.number_purchases p
  where p.ctid = any (array(
    select o.ctid from private.number_purchases o
    where o.held_until < 'infinity' and o.held_until <= now() - private.kept_for('financial')
    order by o.held_until limit p_limit for update));
  get diagnostics purged = row_count;
  return purged;
end;
$$;
comment on function private.purge_number_purchases(integer) is
  'Deletes up to p_limit purchases of numbers that were released long enough ago, the oldest first. Returns how many.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  public.request_redaction(uuid, uuid, text),
  public.messages_to_redact(uuid, integer),
  public.waits_for_redaction(uuid),
  public.record_redaction(uuid[]),
  private.redact_old_texts(uuid, integer, integer),
  public.ask_for_due_redactions(integer),
  private.erase_conversations(uuid, integer),
  private.erase_opt_outs(uuid, integer),
  private.purge_messages(integer),
  private.purge_totals(integer),
  private.purge_number_purchases(integer),
  private.ask_for_erasure(),
  public.erase_messages_of_deleted_user(uuid, integer)
  from public, anon, authenticated;
grant execute on function
  public.request_redaction(uuid, uuid, text),
  public.messages_to_redact(uuid, integer),
  public.waits_for_redaction(uuid),
  public.record_redaction(uuid[]),
  private.redact_old_texts(uuid, integer, integer),
  public.ask_for_due_redactions(integer),
  private.erase_conversations(uuid, integer),
  private.erase_opt_outs(uuid, integer),
  private.purge_messages(integer),
  private.purge_totals(integer),
  private.purge_number_purchases(integer),
  public.erase_messages_of_deleted_user(uuid, integer)
  to service_role;
