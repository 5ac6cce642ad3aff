-- The message ledger, and the sums by which the limits of sending are decided.

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

create type public.usage_kind as enum ('sms_out', 'sms_in', 'mms_out', 'mms_in', 'number', 'fee');
comment on type public.usage_kind is
  'What a tenant pays for. number: the monthly fees of numbers. fee: what Twilio charges beside messages and numbers.';

create type public.consent as enum ('stop', 'start', 'help');
comment on type public.consent is
  'What a keyword in a received message asks for: no more messages, messages again, or help.';

create function private.charge_of(p_price numeric, p_is_foreign boolean, p_estimate numeric) returns numeric
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when p_price is null or p_is_foreign then p_estimate else -p_price end;
end;
$$;
comment on function private.charge_of(numeric, boolean, numeric) is
  'What a message costs: its price, which is negative at Twilio (a positive one is a credit), or the estimate while '
  'there is no price in the currency of the master account.';

create function private.charge_unit(p_price_unit text, p_is_foreign boolean) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when p_is_foreign then '' else coalesce(upper(p_price_unit), '') end;
end;
$$;
comment on function private.charge_unit(text, boolean) is
  'The currency of what a message costs (see charge_of), in upper case; empty for an estimate, which is in that of the '
  'master account.';

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
  has_media boolean not null default false,
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
  price_is_foreign boolean not null default false,
  estimated_price numeric(12, 5) not null default 0,
  -- What the message counts against the spend limit; null when it does not count. A received message cannot be refused,
  -- and counts once it is priced.
  cost numeric(12, 5) generated always
    as (case when direction = 'inbound' then private.charge_of(price, price_is_foreign, null)
      when status not in ('refused', 'not_sent') then private.charge_of(price, price_is_foreign, estimated_price) end)
    stored,
  -- Of the plan in force when the message was reserved or received.
  markup numeric(8, 4) not null default 1,
  tenant_price numeric(12, 5) generated always
    as (private.marked_up(private.charge_of(price, price_is_foreign, estimated_price), markup)) stored,
  kind public.usage_kind generated always
    as (case when direction = 'outbound' and status in ('refused', 'not_sent') then null
      when coalesce(left(twilio_message_sid, 2) = 'MM', has_media)
      then case direction when 'outbound' then 'mms_out'::public.usage_kind else 'mms_in'::public.usage_kind end
      else case direction when 'outbound' then 'sms_out'::public.usage_kind else 'sms_in'::public.usage_kind end
      end) stored,
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
  sent_at timestamptz,
  status_updated_at timestamptz not null default now(),
  created_at timestamptz not null default now()
) with (fillfactor = 80);
-- A cached plan does not know which tenant asks. With many small tenants the planner would expect a few rows for each,
-- and read all messages of a large tenant to find one of them.
alter table public.sms_messages alter column user_id set (n_distinct = 50);
comment on table public.sms_messages is
  'Every SMS and MMS of every tenant. A callback or a look-up at Twilio settles an unknown message. Of a deleted user '
  'the text, the media and both numbers are erased; price, segments, country, time and account stay.';
comment on column public.sms_messages.country is
  'The country of to_number (ISO 3166), which the price of a sent message depends on. Null for received messages.';
comment on column public.sms_messages.source is
  'The account that sent and paid: the tenant''s subaccount or the master account.';
comment on column public.sms_messages.price is
  'What Twilio charges, as it last reported it: negative, in price_unit. It includes the fees of carriers, which '
  'Twilio may add up to a day later. Null: not priced yet.';
comment on column public.sms_messages.price_is_foreign is
  'price_unit is another currency than the master account''s. Such a price is stored as reported and never added to '
  'others: the estimate counts.';
comment on column public.sms_messages.estimated_price is
  'The assumed cost (see message_cost), which counts until Twilio reports the price. Zero for a failed message that '
  'Twilio left without a price.';
comment on column public.sms_messages.has_media is
  'Whether a sent message was an MMS: media_urls is emptied when the media are deleted.';
comment on column public.sms_messages.markup is
  'The markup that the message is priced by. A later change of the plan does not change it.';
comment on column public.sms_messages.tenant_price is
  'What the tenant pays, by the estimate until Twilio reports its price. The tenant sees it through list-messages.';
comment on column public.sms_messages.sent_at is
  'Twilio''s date of sending or receiving, read together with the price: Twilio''s usage counts the message on this '
  'day (UTC). Until it is known, created_at says the day.';
comment on column public.sms_messages.kind is 'What the tenant pays for; null for a message that does not count.';
comment on column public.sms_messages.own_number is
  'The tenant''s number. peer_number is the other one. Both are empty after erasure.';
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
create index sms_messages_of_master on public.sms_messages (account_sid, created_at) where source = 'master';
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
-- Columns instead of the table: the request hash and the time of the last look-up are internal. What Twilio charges
-- and the markup are the operator's; the same price in the ledger and in usage is what tenants see.
grant select (id, user_id, direction, from_number, to_number, body, media_urls, media_types, status, twilio_message_sid,
  account_sid, source,
  error_code, error_message, num_segments, encoding, campaign_id, own_number, peer_number,
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
  price numeric(14, 5) not null default 0,
  primary key (user_id, hour)
) with (fillfactor = 50); -- the row of this hour changes with every message: its old versions are cleared sooner
comment on table private.sending_totals is
  'Outbound messages, and what messages of both directions cost and are priced at for the tenant, per tenant and hour, '
  'kept by triggers. Messages that were refused or not sent do not count.';
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
-- then usage totals, then hours, then campaigns, see record_evidence) to prevent deadlocks. A trigger per statement
-- also fires for a statement without rows, by any role, which must not reach the private schema.

create function private.total_inserts() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not exists (select from new_rows) then
    return null;
  end if;
  insert into private.sending_totals as t (user_id, hour, messages, spend, price)
  select n.user_id, private.hour_of(n.created_at), count(*) filter (where n.direction = 'outbound'), sum(n.cost),
    sum(n.tenant_price)
  from new_rows n where n.cost is not null group by 1, 2 order by 1, 2
  on conflict (user_id, hour) do update set messages = t.messages + excluded.messages,
    spend = t.spend + excluded.spend, price = t.price + excluded.price;
  return null;
end;
$$;
comment on function private.total_inserts() is 'Trigger: adds new messages to sending_totals.';

create function private.total_update() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into private.sending_totals as t (user_id, hour, messages, spend, price)
  select c.user_id, private.hour_of(c.created_at), sum(c.messages), sum(c.spend), sum(c.price)
  from (values
    (old.user_id, old.created_at, -(old.direction = 'outbound' and old.cost is not null)::integer,
      -coalesce(old.cost, 0), case when old.cost is not null then -old.tenant_price else 0 end),
    (new.user_id, new.created_at, (new.direction = 'outbound' and new.cost is not null)::integer,
      coalesce(new.cost, 0), case when new.cost is not null then new.tenant_price else 0 end)
  ) c (user_id, created_at, messages, spend, price)
  group by 1, 2 order by 1, 2
  on conflict (user_id, hour) do update set messages = t.messages + excluded.messages,
    spend = t.spend + excluded.spend, price = t.price + excluded.price;
  -- Nothing is decided about a late price: only here can it reach a threshold.
  if new.cost > coalesce(old.cost, 0) then
    perform private.check_spending(new.user_id);
  end if;
  return null;
end;
$$;
comment on function private.total_update() is
  'Trigger: moves a change of status or price into sending_totals, and checks the thresholds of the spend limit.';

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
  update private.sending_totals t set messages = t.messages - c.messages, spend = t.spend - c.spend,
    price = t.price - c.price
  from (
    select o.user_id, private.hour_of(o.created_at) as hour, sum(o.cost) as spend, sum(o.tenant_price) as price,
      count(*) filter (where o.direction = 'outbound') as messages
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
  perform private.lock_usage_of_sending(p_user_id);
  insert into private.sending_totals (user_id, hour, messages, spend) values (p_user_id, private.hour_of(now()), 0, 0)
    on conflict do nothing;
  perform from private.sending_totals t where t.user_id = p_user_id and t.hour = private.hour_of(now())
    for no key update;
end;
$$;
comment on function private.lock_totals(uuid) is
  'Locks this hour of a tenant''s totals, for a decision that locks a campaign before it inserts messages.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.charge_of(numeric, boolean, numeric),
  private.charge_unit(text, boolean),
  private.hour_of(timestamptz),
  private.total_inserts(),
  private.total_update(),
  private.total_deletes(),
  private.lock_totals(uuid)
  from public, anon, authenticated;
grant execute on function
  private.charge_of(numeric, boolean, numeric),
  private.charge_unit(text, boolean),
  private.hour_of(timestamptz),
  private.lock_totals(uuid)
  to service_role;
