-- The message ledger and the limits of sending. A row is reserved before Twilio is called; afterwards only evidence
-- changes its status.

-- The ledger ----------------------------------------------------------------------------------------------------------

create type public.message_direction as enum ('inbound', 'outbound');
comment on type public.message_direction is 'outbound: sent by the tenant. inbound: received by the tenant.';

create type public.message_source as enum ('subaccount', 'master');
comment on type public.message_source is
  'The account that sends and pays: the tenant''s subaccount, or the master account.';

create type public.message_status as enum (
  'reserved', 'unknown', 'not_sent', 'accepted', 'scheduled', 'queued', 'sending', 'sent',
  'refused', 'failed', 'undelivered', 'canceled', 'delivered', 'read',
  'receiving', 'received');
comment on type public.message_status is
  'Ours: reserved (not yet handed to Twilio), unknown (handed to Twilio, but the response was lost), not_sent (Twilio '
  'has no such message) and refused (Twilio did not take it, or a rule forbids the reply to a keyword). The others are '
  'Twilio''s own. In the order in which a sent message goes through them; refused to delivered are final, except that '
  'a delivered message may be read. The last two are those of received messages.';

create type public.consent as enum ('stop', 'start', 'help');
comment on type public.consent is
  'What a keyword in a received message asks for: no more messages, messages again, or help.';

create table public.sms_messages (
  id uuid primary key default private.new_id(),
  -- No foreign key: the cost of a message outlives its user, under the id as a pseudonym.
  user_id uuid not null,
  direction public.message_direction not null,
  from_number text not null,
  to_number text not null,
  country text,
  body text,
  media_urls text[] not null default '{}',
  media_types text[] not null default '{}',
  status public.message_status not null,
  twilio_message_sid text,
  account_sid text not null,
  source public.message_source not null,
  error_code integer,
  error_message text,
  num_segments integer,
  encoding public.message_encoding,
  price numeric(12, 5),
  price_unit text,
  estimated_price numeric(12, 5) not null default 0,
  -- What the message counts against the limits; null when it does not count. Twilio's prices are negative.
  cost numeric(12, 5) generated always
    as (case when direction = 'outbound' and status not in ('refused', 'not_sent')
      then coalesce(abs(price), estimated_price) end) stored,
  campaign_id uuid,
  consent public.consent,
  own_number text not null generated always
    as (case direction when 'outbound' then from_number else to_number end) stored,
  peer_number text not null generated always
    as (case direction when 'outbound' then to_number else from_number end) stored,
  redaction_requested_at timestamptz,
  redacted_at timestamptz,
  idempotency_key text,
  request_hash text,
  looked_at timestamptz,
  status_updated_at timestamptz not null default now(),
  created_at timestamptz not null default now()
) with (fillfactor = 80);
-- A cached plan does not know which tenant asks. With many small tenants the planner would expect a few rows for each,
-- and read all messages of a large tenant to find one of them.
alter table public.sms_messages alter column user_id set (n_distinct = 50);
comment on table public.sms_messages is
  'Every SMS and MMS of every tenant. A callback or a look-up at Twilio settles an unknown message. Of a deleted user '
  'the text, the media and the peer''s number are erased; price, segments, time and account stay.';
comment on column public.sms_messages.country is
  'The country of to_number (ISO 3166), which the price of a sent message depends on. Null for received messages.';
comment on column public.sms_messages.source is
  'The account that sent and paid: the tenant''s subaccount or the master account.';
comment on column public.sms_messages.estimated_price is
  'The assumed cost (see message_cost), which counts until Twilio reports the price.';
comment on column public.sms_messages.own_number is
  'The tenant''s number. peer_number is the other one; it is empty after erasure.';
comment on column public.sms_messages.consent is
  'What the keyword of a received message asks for; null without one.';
comment on column public.sms_messages.redacted_at is 'When body and media were deleted, at Twilio and here.';
comment on column public.sms_messages.looked_at is
  'When Twilio was last asked about a message whose outcome is unknown.';
comment on column public.sms_messages.request_hash is
  'SHA-256 of the request: the same idempotency key with another request is a conflict.';

-- The indexes name only columns that change at most once: reports of a status, a price or a look-up then change no
-- index (HOT updates), and find room for the new version of the row in its own page.
create unique index sms_messages_one_per_key on public.sms_messages (user_id, idempotency_key)
  where idempotency_key is not null;
create unique index sms_messages_one_per_sid on public.sms_messages (twilio_message_sid)
  where twilio_message_sid is not null;
create index sms_messages_newest_first on public.sms_messages (user_id, created_at desc, id desc);
create index sms_messages_by_conversation on public.sms_messages (user_id, own_number, peer_number, created_at desc,
  id desc);
create index sms_messages_by_campaign on public.sms_messages (campaign_id) where campaign_id is not null;
create index sms_messages_without_sid on public.sms_messages (created_at)
  where twilio_message_sid is null and direction = 'outbound';
-- The replies to keywords: reserve_reply counts those of a pair. A prefix by "like" would let the planner read all
-- replies of the tenant, by their keys.
create index sms_messages_replies on public.sms_messages (user_id, own_number, peer_number, created_at)
  where left(idempotency_key, 6) = 'reply ';
create index sms_messages_to_redact on public.sms_messages (user_id, redaction_requested_at)
  where redaction_requested_at is not null and redacted_at is null;

alter table public.sms_messages enable row level security;
revoke all on public.sms_messages from public, anon, authenticated, service_role;
-- Columns instead of the table: the request hash and the time of the last look-up are internal.
grant select (id, user_id, direction, from_number, to_number, body, media_urls, media_types, status, twilio_message_sid,
  account_sid, source,
  error_code, error_message, num_segments, encoding, price, price_unit, campaign_id, own_number, peer_number,
  redacted_at, idempotency_key,
  status_updated_at, created_at)
  on public.sms_messages to authenticated;
grant select, insert, update, delete on public.sms_messages to service_role;
create policy "A tenant reads their own messages" on public.sms_messages
  for select to authenticated using ((select auth.uid()) = user_id);

-- Totals --------------------------------------------------------------------------------------------------------------

-- What a tenant has sent, per hour: limits are decided by a few sums instead of by counting messages.

create table private.sending_totals (
  -- No foreign key: totals outlive the user, like the ledger.
  user_id uuid not null,
  hour timestamptz not null,
  messages bigint not null,
  spend numeric(14, 5) not null,
  primary key (user_id, hour)
) with (fillfactor = 50); -- the row of this hour changes with every message: its old versions are cleared sooner
comment on table private.sending_totals is
  'Outbound messages and their cost, per tenant and hour, kept by triggers. Messages that were refused or not sent do '
  'not count.';
alter table private.sending_totals enable row level security;
revoke all on private.sending_totals from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sending_totals to service_role;

-- Hours in UTC, independent of the session's time zone, so that a message is always counted in the same row.
create function private.hour_of(p_at timestamptz) returns timestamptz
language plpgsql immutable
set search_path = ''
as $$
begin
  return date_trunc('hour', p_at, 'UTC');
end;
$$;

-- New messages are counted per statement: a batch is one change of one hour. Updates are counted per row, because only
-- such a trigger can have a condition, and most updates change no total. Rows are locked in a fixed order (messages,
-- then hours, then campaigns, see record_evidence) to prevent deadlocks. A trigger per statement also fires for a
-- statement without rows, by any role, which must not reach the private schema.

create function private.total_inserts() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from new_rows) then
    return null;
  end if;
  insert into private.sending_totals as t (user_id, hour, messages, spend)
  select n.user_id, private.hour_of(n.created_at), count(*), sum(n.cost)
  from new_rows n where n.cost is not null group by 1, 2 order by 1, 2
  on conflict (user_id, hour) do update set messages = t.messages + excluded.messages,
    spend = t.spend + excluded.spend;
  return null;
end;
$$;
comment on function private.total_inserts() is 'Trigger: adds new messages to sending_totals.';

create function private.total_update() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into private.sending_totals as t (user_id, hour, messages, spend)
  select c.user_id, private.hour_of(c.created_at), sum(c.messages), sum(c.spend)
  from (values
    (old.user_id, old.created_at, -(old.cost is not null)::integer, -coalesce(old.cost, 0)),
    (new.user_id, new.created_at, (new.cost is not null)::integer, coalesce(new.cost, 0))
  ) c (user_id, created_at, messages, spend)
  group by 1, 2 order by 1, 2
  on conflict (user_id, hour) do update set messages = t.messages + excluded.messages,
    spend = t.spend + excluded.spend;
  return null;
end;
$$;
comment on function private.total_update() is 'Trigger: moves a change of status or price into sending_totals.';

create function private.total_deletes() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from old_rows) then
    return null;
  end if;
  perform from private.sending_totals t
  where (t.user_id, t.hour) in (select o.user_id, private.hour_of(o.created_at) from old_rows o
    where o.cost is not null)
  order by t.user_id, t.hour for no key update;
  update private.sending_totals t set messages = t.messages - c.messages, spend = t.spend - c.spend
  from (
    select o.user_id, private.hour_of(o.created_at) as hour, count(*) as messages, sum(o.cost) as spend
    from old_rows o where o.cost is not null group by 1, 2
  ) c
  where t.user_id = c.user_id and t.hour = c.hour;
  return null;
end;
$$;
comment on function private.total_deletes() is 'Trigger: takes deleted messages out of sending_totals.';

create trigger count_new after insert on public.sms_messages
  referencing new table as new_rows for each statement execute function private.total_inserts();
create trigger count_changed after update on public.sms_messages
  for each row when (old.cost is distinct from new.cost or old.created_at <> new.created_at)
  execute function private.total_update();
create trigger count_deleted after delete on public.sms_messages
  referencing old table as old_rows for each statement execute function private.total_deletes();

create function private.lock_totals(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.sending_totals (user_id, hour, messages, spend) values (p_user_id, private.hour_of(now()), 0, 0)
    on conflict do nothing;
  perform from private.sending_totals t where t.user_id = p_user_id and t.hour = private.hour_of(now())
    for no key update;
end;
$$;
comment on function private.lock_totals(uuid) is
  'Locks this hour of a tenant''s totals, for a decision that locks a campaign before it inserts messages.';

create type private.quota as (daily bigint, monthly bigint, spend numeric);
comment on type private.quota is
  'Messages a day, messages a month, and what the messages and numbers of a month may cost.';

create function private.remaining_quota(p_user_id uuid, p_plan public.plans) returns private.quota
language plpgsql stable
set search_path = ''
as $$
declare
  -- The hour that began a day ago counts as a whole: the limit holds in any twenty-four hours. Months are those of UTC.
  day_start constant timestamptz := now() - interval '25 hours';
  month_start constant timestamptz := date_trunc('month', now(), 'UTC');
  remaining private.quota;
begin
  -- coalesce: a plan that was deleted allows nothing.
  select
    coalesce(p_plan.daily_message_limit, 0) - coalesce(sum(t.messages) filter (where t.hour > day_start), 0),
    coalesce(p_plan.monthly_message_limit, 0) - coalesce(sum(t.messages) filter (where t.hour >= month_start), 0),
    coalesce(p_plan.monthly_spend_limit, 0) - coalesce(sum(t.spend) filter (where t.hour >= month_start), 0)
      - private.number_spend(p_user_id)
  into remaining
  from private.sending_totals t
  where t.user_id = p_user_id and t.hour >= least(month_start, day_start);
  return remaining;
end;
$$;
comment on function private.remaining_quota(uuid, public.plans) is
  'What is left of a tenant''s quota under a plan. Zero or less: the limit is reached.';

-- Settings ------------------------------------------------------------------------------------------------------------

create table public.messaging_settings (
  user_id uuid primary key references auth.users (id) on delete cascade,
  stop_reply text,
  start_reply text,
  help_reply text,
  allowed_countries text[],
  retention_days integer,
  updated_at timestamptz not null default now(),
  constraint messaging_settings_countries_iso
    check (cardinality(allowed_countries) > 0 and allowed_countries <@ private.countries()),
  constraint messaging_settings_retention_sensible check (retention_days between 1 and 3650)
);
comment on table public.messaging_settings is
  'A tenant''s own rules for their messages: replies to keywords, countries, retention. Without a row, and where a '
  'column is null, the default holds.';
comment on column public.messaging_settings.stop_reply is
  'The reply to STOP; likewise for START and HELP. Null leaves the reply to Twilio, which has its own: our replies to '
  'START and HELP are sent in addition to it, and our reply to STOP is blocked (21610), unless Twilio''s support has '
  'turned off its handling of keywords.';
comment on column public.messaging_settings.allowed_countries is
  'Narrows the plan''s list and never widens it. A country includes its territories, as in the plan.';
comment on column public.messaging_settings.retention_days is
  'Bodies and media of older messages are deleted, at Twilio and here. Null keeps them.';
create trigger touch_updated_at before update on public.messaging_settings
  for each row when (old.* is distinct from new.*) execute function private.touch_updated_at();

alter table public.messaging_settings enable row level security;
revoke all on public.messaging_settings from public, anon, authenticated, service_role;
grant select on public.messaging_settings to authenticated;
grant select, insert, update, delete on public.messaging_settings to service_role;
create policy "A tenant reads their own messaging settings" on public.messaging_settings
  for select to authenticated using ((select auth.uid()) = user_id);

create function private.note_changed_retention() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_due(new.user_id, 'redaction', case when new.retention_days is not null then now() end);
  return null;
end;
$$;
comment on function private.note_changed_retention() is
  'Trigger: a tenant''s texts are due for the check of their age when the retention changes, and then daily.';
create trigger due_when_new after insert on public.messaging_settings
  for each row when (new.retention_days is not null) execute function private.note_changed_retention();
create trigger due_when_changed after update on public.messaging_settings
  for each row when (old.retention_days is distinct from new.retention_days)
  execute function private.note_changed_retention();

create type public.save_settings_outcome as enum ('saved', 'unknown_user');
comment on type public.save_settings_outcome is 'unknown_user: the user was deleted; their token may still be valid.';

create function public.save_messaging_settings(
  p_user_id uuid, p_stop_reply text, p_start_reply text, p_help_reply text, p_allowed_countries text[],
  p_retention_days integer
) returns public.save_settings_outcome
language plpgsql
set search_path = ''
as $$
begin
  if not private.user_exists(p_user_id) then
    return 'unknown_user';
  end if;
  insert into public.messaging_settings as s (user_id, stop_reply, start_reply, help_reply, allowed_countries,
    retention_days)
  values (p_user_id, p_stop_reply, p_start_reply, p_help_reply, p_allowed_countries, p_retention_days)
  on conflict (user_id) do update set stop_reply = excluded.stop_reply, start_reply = excluded.start_reply,
    help_reply = excluded.help_reply, allowed_countries = excluded.allowed_countries,
    retention_days = excluded.retention_days;
  return 'saved';
end;
$$;
comment on function public.save_messaging_settings(uuid, text, text, text, text[], integer) is
  'Replaces all of a tenant''s messaging settings.';

-- Sending -------------------------------------------------------------------------------------------------------------

-- One decision reserves the row, one call goes to Twilio, one decision records the result.

create type public.sender_outcome as enum (
  'allowed', 'unconfirmed_user', 'no_number', 'number_not_owned', 'number_not_capable', 'no_subaccount', 'pending',
  'suspended', 'closed');
comment on type public.sender_outcome is
  'Whether a tenant may send, and from the number they name. number_not_capable: the number cannot send this kind of '
  'message. unconfirmed_user: they have confirmed no address, which '
  'the shared numbers need. pending, suspended and closed are account statuses.';

create type private.sender as (
  outcome public.sender_outcome, from_number text, account_sid text, sealed_token text, source public.message_source);
comment on type private.sender is
  'The number and the account a message goes out with. The master account has no SID and no token here.';

create function private.sender_of(p_user_id uuid, p_from text, p_fallback boolean, p_has_media boolean default false)
returns private.sender
language plpgsql stable
set search_path = ''
as $$
declare
  account constant private.account := private.account_of(p_user_id);
  sender private.sender;
  is_capable boolean;
begin
  -- Auth is asked: the host's preferences may outlive the user, and so may the user's token.
  if not private.user_exists(p_user_id) then
    sender.outcome := 'closed';
    return sender;
  end if;
  case account.status
    when 'active' then
      sender.source := 'subaccount';
      sender.account_sid := account.subaccount_sid;
      sender.sealed_token := account.sealed_token;
      select n.phone_number, private.can_send(n.capabilities, p_has_media) into sender.from_number, is_capable
      from public.user_twilio_numbers n
      where n.user_id = p_user_id and n.status = 'active'
        and (n.phone_number = p_from
          -- A primary number that cannot send at all is none: the next sync chooses another.
          or (p_from is null and n.is_primary and private.can_send(n.capabilities, false)));
    when 'none' then
      if not p_fallback then
        sender.outcome := 'no_subaccount';
        return sender;
      end if;
      if cardinality(private.confirmed_contacts(p_user_id)) = 0 then
        sender.outcome := 'unconfirmed_user';
        return sender;
      end if;
      sender.source := 'master';
      select m.phone_number, private.can_send(m.capabilities, p_has_media) into sender.from_number, is_capable
      from private.master_numbers m
      where m.is_offered and (p_from is null or m.phone_number = p_from)
      order by private.can_send(m.capabilities, p_has_media) desc, m.phone_number limit 1;
    else
      -- The master account is no way around a suspension.
      sender.outcome := account.status;
      return sender;
  end case;
  sender.outcome := case when is_capable then 'allowed' when sender.from_number is not null then 'number_not_capable'
    when p_from is null then 'no_number' else 'number_not_owned' end;
  return sender;
end;
$$;
comment on function private.sender_of(uuid, text, boolean, boolean) is
  'The account and number a tenant sends with. p_fallback: without a subaccount, a master number, one that can send '
  'media if there are any. The tenant''s own primary number is not replaced by another for media.';

create function private.lock_sending(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('send:' || p_user_id, 0));
end;
$$;
comment on function private.lock_sending(uuid) is
  'Makes a tenant''s sends wait for each other, so that concurrent requests cannot exceed a limit.';

create function private.is_destination_refused(p_user_id uuid, p_country text, p_plan public.plans) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  -- Without a list every country is allowed; a list refuses the countries that are not in it.
  return (p_plan.allowed_countries is not null
      and not private.is_country_in(p_country, p_plan.allowed_countries, p_plan.excluded_territories))
    or exists (select from public.messaging_settings s
      where s.user_id = p_user_id and s.allowed_countries is not null
        and not private.is_country_in(p_country, s.allowed_countries, p_plan.excluded_territories));
end;
$$;
comment on function private.is_destination_refused(uuid, text, public.plans) is
  'Whether the plan or the tenant''s settings exclude a country (ISO 3166). A territory counts with its mother '
  'country, unless the plan excludes it.';

create type public.reserve_message_outcome as enum (
  'reserved', 'duplicate', 'key_conflict', 'rate_limited', 'destination_refused', 'opted_out', 'daily_limit_reached',
  'monthly_limit_reached', 'spend_limit_reached', 'recipient_limit_reached', 'fallback_limit_reached',
  'unconfirmed_user', 'no_number', 'number_not_owned', 'number_not_capable', 'no_subaccount', 'pending', 'suspended',
  'closed');
comment on type public.reserve_message_outcome is
  'duplicate: the key was used for the same request. key_conflict: for another one. recipient_limit_reached, '
  'fallback_limit_reached: the limits of the shared numbers for one recipient and for all users together. The last '
  'eight are those of sender_outcome.';

create type private.sending_rule as (outcome public.reserve_message_outcome, message_limit numeric);
comment on type private.sending_rule is
  'A rule that forbids a message, with the limit it reached. outcome is null when no rule does.';

create function private.reached_limit(p_remaining private.quota, p_cost numeric) returns public.reserve_message_outcome
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when p_remaining.daily <= 0 then 'daily_limit_reached'
    when p_remaining.monthly <= 0 then 'monthly_limit_reached'
    when p_remaining.spend < p_cost then 'spend_limit_reached' end;
end;
$$;
comment on function private.reached_limit(private.quota, numeric) is
  'The limit that a message of this cost would exceed; null when it fits.';

create function private.check_sending_rules(
  p_user_id uuid, p_sender private.sender, p_plan public.plans, p_to text, p_country text, p_cost numeric
) returns private.sending_rule
language plpgsql stable
set search_path = ''
as $$
declare
  remaining private.quota;
  rule private.sending_rule;
begin
  if p_sender.outcome <> 'allowed' then
    rule.outcome := p_sender.outcome;
    return rule;
  end if;
  remaining := private.remaining_quota(p_user_id, p_plan);
  if private.is_destination_refused(p_user_id, p_country, p_plan) then
    rule.outcome := 'destination_refused';
  elsif private.has_opted_out(p_user_id, p_sender.from_number, p_to) then
    rule.outcome := 'opted_out';
  else
    rule.outcome := private.reached_limit(remaining, p_cost);
    rule.message_limit := case rule.outcome when 'daily_limit_reached' then coalesce(p_plan.daily_message_limit, 0)
      when 'monthly_limit_reached' then coalesce(p_plan.monthly_message_limit, 0)
      when 'spend_limit_reached' then coalesce(p_plan.monthly_spend_limit, 0) end;
  end if;
  return rule;
end;
$$;
comment on function private.check_sending_rules(uuid, private.sender, public.plans, text, text, numeric) is
  'The first rule that forbids a message; its outcome is null when the message may go. p_to is null for the '
  'confirmation of a STOP, which no opt-out forbids.';

create function public.reserve_message(
  p_user_id uuid, p_idempotency_key text, p_request_hash text, p_to text, p_country text, p_from text, p_body text,
  p_media_urls text[], p_segments integer, p_encoding public.message_encoding, p_fallback boolean,
  p_master_account_sid text,
  p_address text default null, p_user_rate integer default null, p_address_rate integer default null
)
returns table (
  outcome public.reserve_message_outcome, message jsonb, sealed_token text, from_number text, message_limit numeric,
  retry_after_seconds integer
)
language plpgsql
set search_path = ''
-- One plan for each statement: otherwise every connection plans each of them five times, and again after each analyze.
set plan_cache_mode = 'force_generic_plan'
as $$
#variable_conflict use_column
declare
  sender private.sender;
  plan public.plans;
  cost numeric;
  rule private.sending_rule;
begin
  -- The tenant's lock first: no row that tenants share is locked while this waits.
  perform private.lock_sending(p_user_id);
  if p_user_rate is not null then
    retry_after_seconds := private.count_request('send', p_user_id, p_address, p_user_rate, p_address_rate, 60);
    if retry_after_seconds is not null then
      outcome := 'rate_limited';
      return next;
      return;
    end if;
  end if;

  select case when m.request_hash = p_request_hash then 'duplicate' else 'key_conflict' end, to_jsonb(m)
  into outcome, message
  from public.sms_messages m where m.user_id = p_user_id and m.idempotency_key = p_idempotency_key;
  if not found then
    sender := private.sender_of(p_user_id, p_from, p_fallback, cardinality(p_media_urls) > 0);
    from_number := sender.from_number;
    plan := private.sending_plan(p_user_id, sender.source);
    cost := private.message_cost(plan, p_country, p_segments, cardinality(p_media_urls) > 0);
    rule := private.check_sending_rules(p_user_id, sender, plan, p_to, p_country, cost);
    outcome := rule.outcome;
    message_limit := rule.message_limit;
  end if;
  if outcome is not null then
    return next;
    return;
  end if;

  insert into public.sms_messages as m (user_id, direction, from_number, to_number, country, body, media_urls, status,
    account_sid, source, num_segments, encoding, estimated_price, idempotency_key, request_hash)
  values (p_user_id, 'outbound', sender.from_number, p_to, p_country, p_body, p_media_urls, 'reserved',
    coalesce(sender.account_sid, p_master_account_sid), sender.source, p_segments, p_encoding, cost, p_idempotency_key,
    p_request_hash)
  returning to_jsonb(m) into message;
  if sender.source = 'master' then
    -- Last, because tenants share these counts: nothing is waited for while they are locked.
    rule := private.count_fallback_message(p_user_id, p_to, plan);
    if rule.outcome is not null then
      perform private.undo_reservation((message ->> 'id')::uuid);
      message := null;
      outcome := rule.outcome;
      message_limit := rule.message_limit;
      return next;
      return;
    end if;
  end if;
  outcome := 'reserved';
  sealed_token := sender.sealed_token;
  return next;
end;
$$;
comment on function public.reserve_message(uuid, text, text, text, text, text, text, text[], integer,
  public.message_encoding, boolean, text, text, integer, integer) is
  'Decides whether a message may go to Twilio and reserves its row. message is the row, reserved now or under this key '
  'before; sealed_token is null for the master account.';

create function private.undo_reservation(p_message_id uuid) returns void
language plpgsql
set search_path = ''
as $$
declare
  undone public.sms_messages;
begin
  delete from public.sms_messages m where m.id = p_message_id returning m.* into undone;
  delete from private.awaited_reports r where r.message_id = undone.id;
  delete from public.sms_conversations c
  where c.user_id = undone.user_id and c.own_number = undone.own_number and c.peer_number = undone.peer_number
    and not exists (select from public.sms_messages m where m.user_id = undone.user_id
      and m.own_number = undone.own_number and m.peer_number = undone.peer_number);
end;
$$;
comment on function private.undo_reservation(uuid) is
  'Deletes a message that this transaction reserved, with its rows in other tables: a request that is refused stores '
  'nothing. Only for such a message: this transaction then holds the row of its conversation.';

create function private.sending_plan(p_user_id uuid, p_source public.message_source) returns public.plans
language plpgsql stable
set search_path = ''
as $$
declare
  plan public.plans;
begin
  if p_source = 'subaccount' then
    return private.plan_of(p_user_id);
  end if;
  select * into plan from public.plans p where p.key = 'fallback';
  return plan;
end;
$$;
comment on function private.sending_plan(uuid, public.message_source) is
  'The plan whose limits hold for a message: the tenant''s, or the one of the master numbers.';

create type public.release_message_outcome as enum ('released', 'gone');
comment on type public.release_message_outcome is 'gone: the message is not reserved any more, or Twilio has it.';

create function public.release_message(p_message_id uuid) returns public.release_message_outcome
language plpgsql
set search_path = ''
as $$
declare
  released public.sms_messages;
begin
  delete from public.sms_messages m where m.id = p_message_id and m.status = 'reserved'
    and m.twilio_message_sid is null
  returning m.* into released;
  if released.source = 'master' then
    perform private.uncount_fallback_message(released);
  end if;
  return case when released.id is not null then 'released' else 'gone' end;
end;
$$;
comment on function public.release_message(uuid) is
  'Deletes a reservation that Twilio certainly did not process (429, a full queue, or the request was never made). It '
  'counts toward no limit, and its idempotency key may be used again.';

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

create function public.record_message_status(
  p_message_id uuid, p_user_id uuid, p_account_sid text, p_twilio_message_sid text, p_status text, p_error_code integer,
  p_error_message text, p_num_segments integer default null, p_price numeric default null,
  p_price_unit text default null
) returns table (outcome public.evidence_outcome, status public.message_status, priced boolean)
language plpgsql
set search_path = ''
set plan_cache_mode = 'force_generic_plan' -- see reserve_message
as $$
#variable_conflict use_column
declare
  message public.sms_messages;
  reported constant public.message_status := private.message_status_named(p_status);
  moves boolean;
begin
  -- Most reports are callbacks about a message whose SID is known, and move its status. They need no look before. A
  -- response of Twilio brings the SID; its status is one of the first three.
  if reported > 'queued' and p_price is null and p_num_segments is null and p_error_code is distinct from 21610 then
    update public.sms_messages m set status = reported, error_code = p_error_code, error_message = p_error_message,
      status_updated_at = now()
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
  if not found then
    outcome := 'not_found';
    return next;
    return;
  end if;
  status := message.status;
  if message.account_sid is distinct from p_account_sid or message.twilio_message_sid <> p_twilio_message_sid
    -- Of two equal messages, the evidence of one does not hold for the other.
    or (message.twilio_message_sid is null and exists (select from public.sms_messages o
      where o.twilio_message_sid = p_twilio_message_sid)) then
    outcome := 'mismatch';
    return next;
    return;
  end if;

  moves := private.message_may_move(message.status, reported);
  priced := message.price is null and p_price is not null;
  if moves or priced or (message.twilio_message_sid is null and p_twilio_message_sid is not null)
    or (p_num_segments is not null and message.num_segments is distinct from p_num_segments) then
    update public.sms_messages m set
      twilio_message_sid = coalesce(m.twilio_message_sid, p_twilio_message_sid),
      num_segments = coalesce(p_num_segments, m.num_segments),
      price = coalesce(m.price, p_price),
      price_unit = case when priced then p_price_unit else m.price_unit end,
      status = case when moves then reported else m.status end,
      error_code = case when moves then p_error_code else m.error_code end,
      error_message = case when moves then p_error_message else m.error_message end,
      status_updated_at = case when moves then now() else m.status_updated_at end
    where m.id = message.id;
  end if;
  if priced then
    perform private.note_charge(message, p_price, p_num_segments);
  end if;
  if moves and p_error_code = 21610 then
    perform private.note_reported_opt_out(message);
  end if;
  outcome := case when moves then 'moved' else 'unchanged' end;
  status := case when moves then reported else message.status end;
  return next;
end;
$$;
comment on function public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text) is
  'The one place where evidence (a response, a callback, a look-up) changes a message: status, error, SID, segments, '
  'first price, and an opt-out that Twilio reports. A null says nothing. p_status is ours or a word of Twilio''s; '
  'status is the message''s afterwards. priced: it got its first price.';

create type private.message_evidence as (
  message_id uuid, sid text, status text, error_code integer, error_message text, num_segments integer, price numeric,
  price_unit text);
comment on type private.message_evidence is
  'What is known about one of several messages, as for record_message_status.';

create type private.evidence_result as (message_id uuid, moved boolean, priced boolean);
comment on type private.evidence_result is
  'What evidence changed about a message. moved: its status. priced: it got its first price.';

create function private.lock_for_evidence(p_message_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from public.sms_messages m where m.id = any (p_message_ids) order by m.id for no key update;
  perform from private.sending_totals t
  where (t.user_id, t.hour) in (select m.user_id, private.hour_of(m.created_at) from public.sms_messages m
    where m.id = any (p_message_ids))
  order by t.user_id, t.hour for no key update;
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
  loop
    return query
      select evidence.message_id, r.outcome = 'moved', r.priced
      from public.record_message_status(evidence.message_id, evidence.user_id, evidence.account_sid, evidence.sid,
        evidence.status, evidence.error_code, evidence.error_message, evidence.num_segments, evidence.price,
        evidence.price_unit) r;
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

-- Prices, which Twilio fills in minutes later, and statuses whose callback never came.

create table private.awaited_reports (
  -- No foreign key: its check would cost each message more than this row. A look-up deletes the row of a lost message.
  message_id uuid primary key,
  due_at timestamptz not null
);
comment on table private.awaited_reports is
  'Sent messages that may still get a status or a price, with the time at which Twilio is asked about them.';
create index awaited_reports_by_due_at on private.awaited_reports (due_at);
alter table private.awaited_reports enable row level security;
revoke all on private.awaited_reports from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.awaited_reports to service_role;

create function private.await_reports() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into private.awaited_reports (message_id, due_at) values (new.id, new.created_at + interval '2 minutes');
  return null;
end;
$$;
comment on function private.await_reports() is 'Trigger: schedules the first look-up of a new message.';
create trigger await_reports after insert on public.sms_messages
  for each row when (new.direction = 'outbound') execute function private.await_reports();

create function private.is_finished(p_status public.message_status, p_price numeric) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_status in ('not_sent', 'refused') or (p_status >= 'failed' and p_price is not null);
end;
$$;
comment on function private.is_finished(public.message_status, numeric) is
  'Whether nothing more is awaited about a sent message: it has a final status and, if Twilio took it, its price.';

create type public.unfinished_account as (
  account_sid text, user_id uuid, source public.message_source, sids text[], first_sent_at timestamptz,
  last_sent_at timestamptz);
comment on type public.unfinished_account is
  'An account with the SIDs of sent messages without a final status or a price, and the times of the first and the '
  'last of them. user_id is one of its tenants: the master account has several.';

create function public.unfinished_messages(p_accounts integer, p_limit integer) returns setof public.unfinished_account
language sql
set search_path = ''
as $$
  with due as materialized (
    select r.message_id, r.due_at, m.account_sid, m.created_at, m.twilio_message_sid is not null as is_at_twilio,
      m.id is null or m.created_at < now() - interval '7 days' or private.is_finished(m.status, m.price) as is_over
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
    -- The older a message, the rarer its look-ups: every tenth of its age, at most every two minutes.
    update private.awaited_reports r
    set due_at = now() + greatest(interval '2 minutes', (now() - d.created_at) / 10)
    from due d
    where r.message_id = d.message_id and not d.is_over
      and (not d.is_at_twilio or d.account_sid in (select c.account_sid from chosen c))
    returning r.message_id
  )
  select m.account_sid, (array_agg(m.user_id order by m.id))[1], m.source,
    array_agg(m.twilio_message_sid order by m.created_at, m.id), min(m.created_at), max(m.created_at)
  from noted n join public.sms_messages m on m.id = n.message_id and m.twilio_message_sid is not null
  group by m.account_sid, m.source;
$$;
comment on function public.unfinished_messages(integer, integer) is
  'Sent messages without a final status or a price for which a look-up is due, grouped by account. After seven days '
  'nothing is awaited any more.';

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
  delete from private.awaited_reports r using public.sms_messages m
  where m.twilio_message_sid in (select report ->> 'sid' from jsonb_array_elements(p_reports) report)
    and m.account_sid = p_account_sid and r.message_id = m.id and private.is_finished(m.status, m.price);
  return next;
end;
$$;
comment on function public.record_message_reports(text, jsonb) is
  'Records what Twilio reports about messages of one account, an array in the shape of message_evidence with the sid. '
  'Returns how many statuses moved and how many messages got their price.';

insert into private.schedules (name, job, every)
  values ('refresh-messages', '{"kind": "refresh-messages"}', '1 minute');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.note_changed_retention(),
  private.hour_of(timestamptz),
  private.total_inserts(),
  private.total_update(),
  private.total_deletes(),
  private.lock_totals(uuid),
  private.remaining_quota(uuid, public.plans),
  public.save_messaging_settings(uuid, text, text, text, text[], integer),
  private.sender_of(uuid, text, boolean, boolean),
  private.lock_sending(uuid),
  private.is_destination_refused(uuid, text, public.plans),
  private.reached_limit(private.quota, numeric),
  private.check_sending_rules(uuid, private.sender, public.plans, text, text, numeric),
  public.reserve_message(uuid, text, text, text, text, text, text, text[], integer, public.message_encoding, boolean,
    text, text, integer, integer),
  private.undo_reservation(uuid),
  private.sending_plan(uuid, public.message_source),
  public.release_message(uuid),
  private.message_status_named(text),
  private.message_may_move(public.message_status, public.message_status),
  private.lock_for_evidence(uuid[]),
  private.record_evidence(private.message_evidence[]),
  public.record_message_statuses(jsonb),
  private.note_reported_opt_out(public.sms_messages),
  public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text),
  public.unsettled_messages(integer, integer),
  private.await_reports(),
  private.is_finished(public.message_status, numeric),
  public.unfinished_messages(integer, integer),
  public.record_message_reports(text, jsonb)
  from public, anon, authenticated;
grant execute on function
  private.hour_of(timestamptz),
  private.lock_totals(uuid),
  private.remaining_quota(uuid, public.plans),
  public.save_messaging_settings(uuid, text, text, text, text[], integer),
  private.sender_of(uuid, text, boolean, boolean),
  private.lock_sending(uuid),
  private.is_destination_refused(uuid, text, public.plans),
  private.reached_limit(private.quota, numeric),
  private.check_sending_rules(uuid, private.sender, public.plans, text, text, numeric),
  public.reserve_message(uuid, text, text, text, text, text, text, text[], integer, public.message_encoding, boolean,
    text, text, integer, integer),
  private.undo_reservation(uuid),
  private.sending_plan(uuid, public.message_source),
  public.release_message(uuid),
  private.message_status_named(text),
  private.message_may_move(public.message_status, public.message_status),
  private.lock_for_evidence(uuid[]),
  private.record_evidence(private.message_evidence[]),
  public.record_message_statuses(jsonb),
  private.note_reported_opt_out(public.sms_messages),
  public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text),
  public.unsettled_messages(integer, integer),
  private.is_finished(public.message_status, numeric),
  public.unfinished_messages(integer, integer),
  public.record_message_reports(text, jsonb)
  to service_role;
