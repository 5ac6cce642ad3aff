-- The message ledger: a row is reserved before Twilio is called, and only evidence moves it afterwards.

-- The ledger ----------------------------------------------------------------------------------------------------------

create table public.sms_messages (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  direction text not null,
  from_number text not null,
  to_number text not null,
  body text,
  media_urls text[] not null default '{}',
  media_types text[] not null default '{}',
  status text not null,
  twilio_message_sid text,
  account_sid text not null,
  source text not null,
  error_code integer,
  error_message text,
  num_segments integer,
  encoding text,
  price numeric(12, 5),
  price_unit text,
  estimated_price numeric(12, 5) not null default 0,
  campaign_id uuid,
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
  created_at timestamptz not null default now(),
  constraint sms_messages_direction_known check (direction in ('outbound', 'inbound')),
  constraint sms_messages_source_known check (source in ('subaccount', 'master')),
  constraint sms_messages_status_known check (status in (
    'reserved', 'refused', 'unknown', 'not_sent',
    'accepted', 'scheduled', 'queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'canceled', 'read',
    'receiving', 'received'))
);
comment on table public.sms_messages is
  'Every SMS and MMS of every tenant. reserved: not yet handed to Twilio. unknown: handed over, the answer was lost; '
  'only a callback or a look-up settles it, as not_sent where Twilio has no such message.';
comment on column public.sms_messages.source is
  'Whose account paid and sent: the tenant''s subaccount or the master account.';
comment on column public.sms_messages.estimated_price is
  'What it was taken to cost before Twilio told its price; counts until then.';
comment on column public.sms_messages.own_number is
  'The tenant''s side of the conversation; peer_number is the other one.';
comment on column public.sms_messages.redacted_at is 'When body and media were deleted, at Twilio and here.';
comment on column public.sms_messages.looked_at is
  'When evidence was last looked for at Twilio, of a message whose outcome is not known.';
comment on column public.sms_messages.request_hash is
  'SHA-256 of the request, so that one idempotency key cannot stand for two messages.';

create unique index sms_messages_one_per_key on public.sms_messages (user_id, idempotency_key)
  where idempotency_key is not null;
create unique index sms_messages_one_per_sid on public.sms_messages (twilio_message_sid)
  where twilio_message_sid is not null;
create index sms_messages_newest_first on public.sms_messages (user_id, created_at desc, id desc);
create index sms_messages_by_conversation on public.sms_messages (user_id, own_number, peer_number, created_at desc,
  id desc);
create index sms_messages_by_campaign on public.sms_messages (campaign_id, status) where campaign_id is not null;
-- lower: text search itself knows the capitals of the server's LC_CTYPE only, in C those of ASCII.
-- The tenant is a word like the others, so that what everybody writes is looked through for one of them alone.
create index sms_messages_by_words on public.sms_messages
  using gin ((to_tsvector('simple', lower(coalesce(body, ''))) || array_to_tsvector(array[user_id::text])));
-- What a look at Twilio may still change: a status that is not final, or a price it has not told. By age: after some
-- days nobody looks any more, and those whose price never came would be in the way for ever.
create index sms_messages_unfinished on public.sms_messages (created_at)
  where twilio_message_sid is not null and direction = 'outbound'
    and (price is null or status in ('accepted', 'scheduled', 'queued', 'sending', 'sent'));
create index sms_messages_unsettled on public.sms_messages (created_at) where status in ('reserved', 'unknown');

create index sms_messages_to_redact on public.sms_messages (user_id, redaction_requested_at)
  where redaction_requested_at is not null and redacted_at is null;
create index sms_messages_texts_by_age on public.sms_messages (user_id, created_at)
  where redaction_requested_at is null;

alter table public.sms_messages enable row level security;
revoke all on public.sms_messages from public, anon, authenticated, service_role;
-- Columns, not the table: what a request hashes to, and when we looked for it, is nobody's business.
grant select (id, user_id, direction, from_number, to_number, body, media_urls, media_types, status, twilio_message_sid,
  account_sid, source,
  error_code, error_message, num_segments, encoding, price, price_unit, campaign_id, own_number, peer_number,
  redacted_at, idempotency_key,
  status_updated_at, created_at)
  on public.sms_messages to authenticated;
grant select, insert, update, delete on public.sms_messages to service_role;
create policy "A tenant reads their own messages" on public.sms_messages
  for select to authenticated using ((select auth.uid()) = user_id);

-- Opt-outs ------------------------------------------------------------------------------------------------------------

-- Who asked us to stop, per sender. Consent belongs to the pair of numbers, not to the tenant's wishes.
create table public.sms_opt_outs (
  sender text not null,
  recipient text not null,
  user_id uuid references auth.users (id) on delete set null,
  keyword text not null,
  opted_out_at timestamptz not null default now(),
  primary key (sender, recipient)
);
comment on table public.sms_opt_outs is
  'Recipients who replied STOP to a sender. Sending to such a pair is refused before Twilio is called.';
create index sms_opt_outs_by_user on public.sms_opt_outs (user_id);

alter table public.sms_opt_outs enable row level security;
revoke all on public.sms_opt_outs from public, anon, authenticated, service_role;
grant select on public.sms_opt_outs to authenticated;
grant select, insert, update, delete on public.sms_opt_outs to service_role;
create policy "A tenant reads the opt-outs of their numbers" on public.sms_opt_outs
  for select to authenticated using ((select auth.uid()) = user_id);

create function private.note_opt_out(p_sender text, p_recipient text, p_user_id uuid, p_keyword text) returns void
language sql
set search_path = ''
as $$
  insert into public.sms_opt_outs (sender, recipient, user_id, keyword)
    values (p_sender, p_recipient, p_user_id, p_keyword)
  on conflict (sender, recipient) do update set opted_out_at = now(), keyword = excluded.keyword,
    user_id = excluded.user_id
  -- Twilio's word adds nothing to the recipient's own.
  where excluded.keyword <> '21610';
$$;
comment on function private.note_opt_out(text, text, uuid, text) is
  'A recipient wants nothing more from a sender: by a keyword of theirs, or because Twilio says so (21610).';

-- Totals --------------------------------------------------------------------------------------------------------------

-- What a tenant has sent, by the hour: limits are decided by a few sums instead of by counting messages.

create table private.sending_totals (
  user_id uuid not null references auth.users (id) on delete cascade,
  hour timestamptz not null,
  messages bigint not null,
  spend numeric(14, 5) not null,
  primary key (user_id, hour)
);
comment on table private.sending_totals is
  'Outbound messages and what they cost, per tenant and hour, kept by a trigger. A message that was refused, or '
  'never sent, counts for nothing.';
alter table private.sending_totals enable row level security;
revoke all on private.sending_totals from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sending_totals to service_role;

create function private.counts_as_sent(p_message public.sms_messages) returns boolean
language sql immutable
set search_path = ''
as $$
  select p_message.direction = 'outbound' and p_message.status not in ('refused', 'not_sent');
$$;

create function private.cost_of(p_message public.sms_messages) returns numeric
language sql immutable
set search_path = ''
as $$
  -- Twilio's prices are negative: what the account pays.
  select coalesce(abs(p_message.price), p_message.estimated_price);
$$;

-- Hours of one clock, whatever the time zone of the session: a row is found again in the hour it was counted in.
create function private.hour_of(p_at timestamptz) returns timestamptz
language sql immutable
set search_path = ''
as $$
  select date_trunc('hour', p_at, 'UTC');
$$;

create function private.count_sending() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  -- By statement, not by row: hours are locked in one order, all of them before any campaign (see
  -- count_campaign_messages), so that of two statements at once none waits in a circle. A wave of messages is one
  -- change of one hour. Also a statement that touched no row comes here, whoever sent it.
  if tg_op = 'INSERT' then
    if not exists (select from new_rows) then
      return null;
    end if;
    insert into private.sending_totals as t (user_id, hour, messages, spend)
    select n.user_id, private.hour_of(n.created_at), count(*), sum(private.cost_of(n))
    from new_rows n where private.counts_as_sent(n) group by 1, 2 order by 1, 2
    on conflict (user_id, hour) do update set messages = t.messages + excluded.messages,
      spend = t.spend + excluded.spend;
    return null;
  end if;

  if not exists (select from old_rows) then
    return null;
  end if;
  if tg_op = 'UPDATE' then
    insert into private.sending_totals as t (user_id, hour, messages, spend)
    select c.user_id, c.hour, sum(c.messages), sum(c.spend)
    from (
      select n.user_id, private.hour_of(n.created_at) as hour, 1 as messages, private.cost_of(n) as spend
        from new_rows n where private.counts_as_sent(n)
      union all
      select o.user_id, private.hour_of(o.created_at), -1, -private.cost_of(o) from old_rows o
        where private.counts_as_sent(o)
    ) c
    group by 1, 2 having sum(c.messages) <> 0 or sum(c.spend) <> 0 order by 1, 2
    on conflict (user_id, hour) do update set messages = t.messages + excluded.messages,
      spend = t.spend + excluded.spend;
  else
    -- Never inserted: where the user is being deleted, their totals may be gone already.
    perform from private.sending_totals t
    where (t.user_id, t.hour) in (select o.user_id, private.hour_of(o.created_at) from old_rows o
      where private.counts_as_sent(o))
    order by t.user_id, t.hour for no key update;
    update private.sending_totals t set messages = t.messages - c.messages, spend = t.spend - c.spend
    from (
      select o.user_id, private.hour_of(o.created_at) as hour, count(*) as messages, sum(private.cost_of(o)) as spend
      from old_rows o where private.counts_as_sent(o) group by 1, 2
    ) c
    where t.user_id = c.user_id and t.hour = c.hour;
  end if;
  return null;
end;
$$;
comment on function private.count_sending() is 'Trigger: keeps sending_totals true to the ledger.';

create trigger count_new after insert on public.sms_messages
  referencing new table as new_rows for each statement execute function private.count_sending();
create trigger count_changed after update on public.sms_messages
  referencing old table as old_rows new table as new_rows for each statement execute function private.count_sending();
create trigger count_deleted after delete on public.sms_messages
  referencing old table as old_rows for each statement execute function private.count_sending();

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
  'Locks this hour of a tenant''s totals, for a decision that locks a campaign before it makes messages.';

create function private.sending_room(p_user_id uuid, p_plan public.plans)
returns table (daily bigint, monthly bigint, spend numeric)
language sql stable
set search_path = ''
as $$
  -- The hour that began a day ago counts whole: never more than the limit in any twenty-four hours. Months are those of
  -- UTC. coalesce: a plan that was deleted allows nothing, rather than everything.
  select
    (coalesce(p_plan.daily_message_limit, 0)
      - coalesce(sum(t.messages) filter (where t.hour > now() - interval '25 hours'), 0))::bigint,
    (coalesce(p_plan.monthly_message_limit, 0)
      - coalesce(sum(t.messages) filter (where t.hour >= date_trunc('month', now(), 'UTC')), 0))::bigint,
    coalesce(p_plan.monthly_spend_limit, 0)
      - coalesce(sum(t.spend) filter (where t.hour >= date_trunc('month', now(), 'UTC')), 0)
  from private.sending_totals t
  where t.user_id = p_user_id and t.hour >= least(date_trunc('month', now(), 'UTC'), now() - interval '25 hours');
$$;
comment on function private.sending_room(uuid, public.plans) is
  'How many messages, and how much money, a plan leaves a tenant: today, this month, this month.';

-- Settings ------------------------------------------------------------------------------------------------------------

-- What a tenant decides about their messages: answers to keywords, where they send to, how long texts are kept.

create table public.messaging_settings (
  user_id uuid primary key references auth.users (id) on delete cascade,
  stop_reply text,
  start_reply text,
  help_reply text,
  allowed_countries text[],
  retention_days integer,
  updated_at timestamptz not null default now(),
  constraint messaging_settings_countries_iso
    check (array_to_string(allowed_countries, ' ') ~ '^[A-Z]{2}( [A-Z]{2})*$'),
  constraint messaging_settings_retention_sensible check (retention_days between 1 and 3650)
);
comment on table public.messaging_settings is
  'A tenant''s own rules for their messages. No row, and null in any column, is the default.';
comment on column public.messaging_settings.stop_reply is
  'What answers a STOP; likewise START and HELP. Null leaves the answer to Twilio, which has one of its own: ours to '
  'START and HELP goes out besides it, ours to STOP is blocked (21610), unless Twilio''s support has turned its '
  'handling of keywords off.';
comment on column public.messaging_settings.allowed_countries is 'Narrower than the plan''s list, never wider.';
comment on column public.messaging_settings.retention_days is
  'Bodies and media of older messages are deleted, at Twilio and here. Null keeps them.';
create trigger touch_updated_at before update on public.messaging_settings
  for each row execute function private.touch_updated_at();

alter table public.messaging_settings enable row level security;
revoke all on public.messaging_settings from public, anon, authenticated, service_role;
grant select on public.messaging_settings to authenticated;
grant select, insert, update, delete on public.messaging_settings to service_role;
create policy "A tenant reads their own messaging settings" on public.messaging_settings
  for select to authenticated using ((select auth.uid()) = user_id);

create function public.save_messaging_settings(
  p_user_id uuid, p_stop_reply text, p_start_reply text, p_help_reply text, p_allowed_countries text[],
  p_retention_days integer
) returns text
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
  'Replaces a tenant''s messaging settings as a whole: saved, or unknown_user.';

-- Sending -------------------------------------------------------------------------------------------------------------

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
    -- Whoever has (or had) a subaccount sends through it or not at all: the master account is no way around a
    -- suspension.
    if tenant.twilio_subaccount_status <> 'active' then
      return query select tenant.twilio_subaccount_status::text, null, null, null, null;
      return;
    elsif tenant.twilio_subaccount_auth_token_encrypted is null then
      return query select 'pending', null, null, null, null;
      return;
    end if;
    select n.phone_number into sender
    from public.user_twilio_numbers n
    where n.user_id = p_user_id and n.status = 'active'
      and (n.phone_number = p_from or (p_from is null and n.is_primary));
    return query select
      case when sender is not null then 'allowed' when p_from is null then 'no_number' else 'number_not_owned' end,
      sender, tenant.twilio_subaccount_sid::text, tenant.twilio_subaccount_auth_token_encrypted, 'subaccount';
    return;
  end if;

  -- Never had one. An operator's hold, or a subscription that has lapsed, closes the fallback as well.
  if private.wanted_subaccount(p_user_id) in ('suspended', 'closed') then
    return query select private.wanted_subaccount(p_user_id), null, null, null, null;
  elsif exists (select from private.tenancies t where t.user_id = p_user_id and t.applied_status is not null) then
    -- They had one and their row was lost, with the host's table or by the tenant's own hand: until it is found again,
    -- wait.
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
  'Which account and number a tenant sends with: allowed, no_number, number_not_owned, no_subaccount, pending, '
  'suspended or closed.';

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
  -- No list allows everywhere; one that does not name the country refuses, the plan's or the tenant's own narrower one.
  -- coalesce: a list with a null in it, or a country that nobody knows, allows nothing by accident.
  select (p_plan.allowed_countries is not null and not coalesce(p_country = any (p_plan.allowed_countries), false))
    or exists (select from public.messaging_settings s
      where s.user_id = p_user_id and s.allowed_countries is not null
        and not coalesce(p_country = any (s.allowed_countries), false));
$$;
comment on function private.refused_destination(uuid, text, public.plans) is
  'Whether a country (ISO 3166) is none that plan and tenant send to.';

create function public.reserve_message(
  p_user_id uuid, p_idempotency_key text, p_request_hash text, p_to text, p_country text, p_from text, p_body text,
  p_media_urls text[],
  p_segments integer, p_encoding text, p_fallback boolean, p_master_account_sid text,
  p_address text default null, p_user_rate integer default null, p_address_rate integer default null
)
returns table (
  outcome text, message_id uuid, from_number text, account_sid text, sealed_token text, source text,
  status text, twilio_message_sid text, error_code integer, error_message text, num_segments integer, encoding text,
  message_limit numeric,
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
    select * into rate from public.count_request('send', p_user_id, p_address, p_user_rate, p_address_rate, 60);
    if rate.outcome <> 'allowed' then
      return query select 'rate_limited', null::uuid, null::text, null::text, null::text, null::text, null::text,
        null::text,
        null::integer, null::text, null::integer, null::text, null::numeric, rate.retry_after_seconds;
      return;
    end if;
  end if;

  -- One decision at a time per tenant, so that a quota cannot be overrun by requests that run side by side.
  perform private.lock_sending(p_user_id);

  select * into earlier from public.sms_messages m
    where m.user_id = p_user_id and m.idempotency_key = p_idempotency_key;
  if earlier.id is not null then
    return query select case when earlier.request_hash = p_request_hash then 'duplicate' else 'key_conflict' end,
      earlier.id, earlier.from_number, earlier.account_sid, null::text, earlier.source, earlier.status,
      earlier.twilio_message_sid,
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
    when exists (select from public.sms_opt_outs o where o.sender = sender.from_number and o.recipient = p_to)
      then 'opted_out'
    when room.daily <= 0 then 'daily_limit_reached'
    when room.monthly <= 0 then 'monthly_limit_reached'
    when room.spend < p_segments * plan.segment_price then 'spend_limit_reached'
    else 'reserved'
  end;

  if decision = 'reserved' then
    insert into public.sms_messages (user_id, direction, from_number, to_number, body, media_urls, status, account_sid,
      source,
      num_segments, encoding, estimated_price, idempotency_key, request_hash)
    values (p_user_id, 'outbound', sender.from_number, p_to, p_body, p_media_urls, 'reserved',
      coalesce(sender.account_sid, p_master_account_sid), sender.source, p_segments, p_encoding,
      p_segments * plan.segment_price,
      p_idempotency_key, p_request_hash)
    returning id into reserved;
  end if;

  return query select decision, reserved, sender.from_number, coalesce(sender.account_sid, p_master_account_sid),
    sender.sealed_token,
    sender.source, 'reserved', null::text, null::integer, null::text, p_segments, p_encoding,
    case decision
      when 'daily_limit_reached' then coalesce(plan.daily_message_limit, 0)
      when 'monthly_limit_reached' then coalesce(plan.monthly_message_limit, 0)
      when 'spend_limit_reached' then coalesce(plan.monthly_spend_limit, 0)
    end::numeric, null::integer;
end;
$$;
comment on function public.reserve_message(uuid, text, text, text, text, text, text, text[], integer, text, boolean,
  text, text, integer, integer) is
  'Decides whether a message may go to Twilio and reserves its row: reserved, duplicate, key_conflict, rate_limited, '
  'destination_refused, opted_out, daily_limit_reached, monthly_limit_reached, spend_limit_reached, or the sender''s '
  'outcome.';

create function public.release_message(p_message_id uuid) returns text
language plpgsql
set search_path = ''
as $$
begin
  delete from public.sms_messages m where m.id = p_message_id and m.status = 'reserved'
    and m.twilio_message_sid is null;
  return case when found then 'released' else 'gone' end;
end;
$$;
comment on function public.release_message(uuid) is
  'Twilio said for certain that it did not process the request (429, or it was never sent): the key may be used '
  'again. released or gone.';

-- Evidence ------------------------------------------------------------------------------------------------------------

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
  'Whether evidence of p_to is news for a message at p_from. False for statuses of received messages and for words '
  'nobody knows.';

create function public.record_message_status(
  p_message_id uuid, p_user_id uuid, p_account_sid text, p_twilio_message_sid text, p_status text, p_error_code integer,
  p_error_message text, p_num_segments integer default null, p_price numeric default null,
  p_price_unit text default null
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
    or exists (select from public.sms_messages o where o.twilio_message_sid = p_twilio_message_sid
      and o.id <> message.id) then
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
  return query select case when moves then 'moved' else 'unchanged' end,
    case when moves then p_status else message.status end;
end;
$$;
comment on function public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text) is
  'Evidence about a message (Twilio''s answer, a callback, a look-up): moved, unchanged, mismatch (another account '
  'or SID), or not_found.';

create function public.unsettled_messages(p_older_than_seconds integer, p_limit integer)
returns table (message_id uuid, user_id uuid, account_sid text, source text, from_number text, to_number text,
  body text, status text, created_at timestamptz)
language sql
set search_path = ''
as $$
  -- Those looked at least lately come first, so that some for which there never will be evidence do not hold up the
  -- others.
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
comment on function public.unsettled_messages(integer, integer) is
  'Messages whose outcome is not known, for a job that looks for evidence at Twilio: first those it has not looked '
  'for, then the longest ago.';

insert into private.schedules (name, job, every) values ('settle-messages', '{"kind": "settle-messages"}', '1 minute');

-- What Twilio says of messages later: prices it fills in minutes afterwards, and statuses whose callback never came.

create function public.unfinished_messages(p_accounts integer, p_limit integer)
returns table (account_sid text, user_id uuid, source text, sids text[], first_sent_at timestamptz,
  last_sent_at timestamptz)
language sql
set search_path = ''
as $$
  with due as materialized (
    select m.id, m.account_sid, m.looked_at, m.created_at
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
    -- The accounts that have waited longest: many busy ones do not keep a small one waiting for ever.
    select a.account_sid from due a group by a.account_sid
      order by min(coalesce(a.looked_at, a.created_at)), a.account_sid limit p_accounts
  ), noted as (
    update public.sms_messages m set looked_at = clock_timestamp()
    from due d where m.id = d.id and d.account_sid in (select c.account_sid from chosen c)
    returning m.*
  )
  select n.account_sid, (array_agg(n.user_id order by n.id))[1], n.source,
    array_agg(n.twilio_message_sid order by n.created_at, n.id),
    min(n.created_at), max(n.created_at)
  from noted n group by n.account_sid, n.source;
$$;
comment on function public.unfinished_messages(integer, integer) is
  'Sent messages without a final status or a price, by account, for a job that asks Twilio for both.';

create function public.record_message_reports(p_account_sid text, p_reports jsonb)
  returns table (moved integer, priced integer)
language plpgsql
set search_path = ''
as $$
begin
  return query
    with reports as (
      select r.* from jsonb_to_recordset(p_reports)
        as r (sid text, status text, "errorCode" integer, "errorMessage" text, "numSegments" integer, price numeric,
          "priceUnit" text)
    ), before as materialized (
      -- In one order, so that two of these at once do not wait in a circle.
      select m.id, private.message_may_move(m.status, r.status) as moves,
        m.price is null and r.price is not null as is_priced, r.*
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
        price = coalesce(m.price, b.price),
        price_unit = coalesce(b."priceUnit", m.price_unit)
      from before b where m.id = b.id and (b.moves or b.is_priced)
      returning b.moves, b.is_priced, m.user_id, m.from_number, m.to_number,
      b.moves and b."errorCode" = 21610 as opts_out
    ), opted_out as materialized (
      select count(private.note_opt_out(c.from_number, c.to_number, c.user_id, '21610')) from changed c where c.opts_out
    )
    select (count(*) filter (where c.moves))::integer, (count(*) filter (where c.is_priced))::integer
    from changed c left join opted_out o on true;
end;
$$;
comment on function public.record_message_reports(text, jsonb) is
  'What Twilio says now of messages of one account ([{sid, status, errorCode, errorMessage, numSegments, price, '
  'priceUnit}]): how many moved on, how many got their price.';

insert into private.schedules (name, job, every)
  values ('refresh-messages', '{"kind": "refresh-messages"}', '1 minute');

-- Receiving -----------------------------------------------------------------------------------------------------------

create function public.record_inbound_message(
  p_user_id uuid, p_twilio_message_sid text, p_account_sid text, p_from text, p_to text, p_body text,
  p_media_urls text[], p_media_types text[],
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
  insert into public.sms_messages (user_id, direction, from_number, to_number, body, media_urls, media_types, status,
    twilio_message_sid,
    account_sid, source, num_segments)
  values (p_user_id, 'inbound', p_from, p_to, p_body, p_media_urls, p_media_types, 'received', p_twilio_message_sid,
    p_account_sid,
    'subaccount', p_num_segments)
  on conflict (twilio_message_sid) where twilio_message_sid is not null do nothing
  returning id into received;
  if received is null then
    -- Twilio asks again when our answer was lost: it gets the same one, and has sent none before.
    return query select 'duplicate', m.body, m.id
      from (select 1) one left join public.sms_messages m
        on m.user_id = p_user_id and m.idempotency_key = 'reply ' || p_twilio_message_sid
          and m.twilio_message_sid is null;
    return;
  end if;

  -- The sender of an opt-out is our number: the pair as send-sms will look for it.
  if p_consent = 'stop' then
    perform private.note_opt_out(p_to, p_from, p_user_id, p_keyword);
  elsif p_consent = 'start' then
    delete from public.sms_opt_outs o where o.sender = p_to and o.recipient = p_from;
  end if;

  select case p_consent when 'stop' then s.stop_reply when 'start' then s.start_reply when 'help'
    then s.help_reply end into answer
  from public.messaging_settings s where s.user_id = p_user_id;
  -- Two machines that answer each other must come to an end.
  if (select count(*) from public.sms_messages m where m.user_id = p_user_id and m.own_number = p_to
    and m.peer_number = p_from
      and m.created_at > now() - interval '1 hour' and m.idempotency_key like 'reply %') >= 3 then
    answer := null;
  end if;
  if answer is not null then
    -- Twilio sends it for us; its callback brings the SID to this row. The key has a space, so that no caller's can be
    -- the same.
    insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source,
      idempotency_key)
    values (p_user_id, 'outbound', p_to, p_from, answer, 'reserved', p_account_sid, 'subaccount',
      'reply ' || p_twilio_message_sid)
    returning id into answer_id;
  end if;

  if exists (select from private.forward_webhooks f where f.user_id = p_user_id and f.disabled_at is null) then
    perform private.enqueue(jsonb_build_object('kind', 'forward-message', 'userId', p_user_id, 'messageId', received));
  end if;
  return query select 'recorded', answer, answer_id;
end;
$$;
comment on function public.record_inbound_message(uuid, text, text, text, text, text, text[], text[], integer, text,
  text) is
  'Stores a received message once, by its SID, keeps the opt-outs with it, and enqueues its forwarding: recorded or '
  'duplicate, with what is to be answered, if anything, and the row of that answer.';

-- Deleting texts ------------------------------------------------------------------------------------------------------

create function public.request_redaction(p_user_id uuid, p_message_id uuid, p_request_id text)
returns table (outcome text, status text, twilio_message_sid text, source text, media_count integer,
  redacted_at timestamptz)
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
    perform private.audit('user:' || p_user_id, 'message.redaction_requested', p_user_id, message.account_sid,
      p_request_id,
      jsonb_build_object('messageId', p_message_id));
    -- The caller goes ahead at once; this job is what finishes the work if that dies, or if Twilio is not ready.
    perform private.enqueue(jsonb_build_object('kind', 'redact-messages', 'userId', p_user_id), 60);
  end if;
  return query select 'accepted', message.status, message.twilio_message_sid, message.source,
    cardinality(message.media_urls), null::timestamptz;
end;
$$;
comment on function public.request_redaction(uuid, uuid, text) is
  'A tenant wants a message''s text and media deleted: accepted (do it now; a job does it otherwise), already, or '
  'not_found.';

create function public.messages_to_redact(p_user_id uuid, p_limit integer)
returns table (message_id uuid, twilio_message_sid text, source text, media_count integer, is_at_twilio boolean)
language sql stable
set search_path = ''
as $$
  select m.id, m.twilio_message_sid, m.source, cardinality(m.media_urls),
    -- A closed account is gone, and its messages with it.
    m.source = 'master' or exists (select from public.user_preferences p
      where p.user_id = m.user_id and p.twilio_subaccount_sid = m.account_sid
        and p.twilio_subaccount_status <> 'closed')
  from public.sms_messages m
  where m.user_id = p_user_id and m.redaction_requested_at is not null and m.redacted_at is null
    -- Twilio deletes only what it has finished with, and a text is what a lost message is found by. After two days
    -- nothing more comes of either.
    and (m.status not in ('reserved', 'unknown', 'accepted', 'scheduled', 'queued', 'sending')
      or m.created_at < now() - interval '2 days')
  order by m.redaction_requested_at, m.id limit p_limit;
$$;
comment on function public.messages_to_redact(uuid, integer) is
  'Messages of a tenant whose text is still to be deleted, and can be.';

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
  -- In one order, as those who report on them.
  perform from public.sms_messages m where m.id = any (p_message_ids) order by m.id for update;
  update public.sms_messages m set body = null, media_urls = '{}', media_types = '{}', redacted_at = now()
  where m.id = any (p_message_ids) and m.redaction_requested_at is not null and m.redacted_at is null;
  get diagnostics redacted = row_count;
  -- The text that a campaign made for this recipient is the same one.
  update private.campaign_recipients r set body = null
  from public.sms_messages m where m.id = any (p_message_ids) and m.redacted_at is not null and r.message_id = m.id
    and r.body is not null;
  return redacted;
end;
$$;
comment on function public.record_redaction(uuid[]) is
  'Twilio has deleted these texts: they are deleted here as well. Returns how many.';

create function public.ask_for_due_redactions(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  setting record;
  asked integer := 0;
  due integer;
begin
  for setting in select s.user_id, s.retention_days from public.messaging_settings s where s.retention_days is not null
    order by s.user_id loop
    update public.sms_messages m set redaction_requested_at = now()
    where m.id in (
      select d.id from public.sms_messages d
      where d.user_id = setting.user_id and d.redaction_requested_at is null
        and d.created_at < now() - make_interval(days => setting.retention_days)
      order by d.created_at limit p_limit
      for update skip locked); -- what somebody reports on now is asked for the next time
    get diagnostics due = row_count;
    -- Campaigns that were over by then keep neither their text nor those made for recipients who got none.
    update private.campaign_recipients r set body = null from public.campaigns c
    where c.id = r.campaign_id and c.user_id = setting.user_id and r.body is not null and r.message_id is null
      and c.finished_at < now() - make_interval(days => setting.retention_days);
    update public.campaigns c set body = null
    where c.user_id = setting.user_id and c.body is not null
      and c.finished_at < now() - make_interval(days => setting.retention_days);
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
  'Marks texts older than their tenant''s retention, at most so many per tenant, and enqueues their deletion. '
  'Returns how many.';

insert into private.schedules (name, job, every)
  values ('redact-old-messages', '{"kind": "redact-old-messages"}', '1 hour');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.note_opt_out(text, text, uuid, text),
  private.counts_as_sent(public.sms_messages),
  private.cost_of(public.sms_messages),
  private.hour_of(timestamptz),
  private.count_sending(),
  private.lock_totals(uuid),
  private.sending_room(uuid, public.plans),
  public.save_messaging_settings(uuid, text, text, text, text[], integer),
  private.may_send_from(uuid, text, boolean),
  private.lock_sending(uuid),
  private.refused_destination(uuid, text, public.plans),
  public.reserve_message(uuid, text, text, text, text, text, text, text[], integer, text, boolean, text, text, integer,
    integer),
  public.release_message(uuid),
  private.message_status_rank(text),
  private.message_may_move(text, text),
  public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text),
  public.unsettled_messages(integer, integer),
  public.unfinished_messages(integer, integer),
  public.record_message_reports(text, jsonb),
  public.record_inbound_message(uuid, text, text, text, text, text, text[], text[], integer, text, text),
  public.request_redaction(uuid, uuid, text),
  public.messages_to_redact(uuid, integer),
  public.waits_for_redaction(uuid),
  public.record_redaction(uuid[]),
  public.ask_for_due_redactions(integer)
  from public, anon, authenticated;
grant execute on function
  private.note_opt_out(text, text, uuid, text),
  private.counts_as_sent(public.sms_messages),
  private.cost_of(public.sms_messages),
  private.hour_of(timestamptz),
  private.lock_totals(uuid),
  private.sending_room(uuid, public.plans),
  public.save_messaging_settings(uuid, text, text, text, text[], integer),
  private.may_send_from(uuid, text, boolean),
  private.lock_sending(uuid),
  private.refused_destination(uuid, text, public.plans),
  public.reserve_message(uuid, text, text, text, text, text, text, text[], integer, text, boolean, text, text, integer,
    integer),
  public.release_message(uuid),
  private.message_status_rank(text),
  private.message_may_move(text, text),
  public.record_message_status(uuid, uuid, text, text, text, integer, text, integer, numeric, text),
  public.unsettled_messages(integer, integer),
  public.unfinished_messages(integer, integer),
  public.record_message_reports(text, jsonb),
  public.record_inbound_message(uuid, text, text, text, text, text, text[], text[], integer, text, text),
  public.request_redaction(uuid, uuid, text),
  public.messages_to_redact(uuid, integer),
  public.waits_for_redaction(uuid),
  public.record_redaction(uuid[]),
  public.ask_for_due_redactions(integer)
  to service_role;
