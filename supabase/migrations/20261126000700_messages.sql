-- The message ledger.

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

create function private.message_kind(p_direction public.message_direction, p_has_media boolean, p_sid text)
returns public.usage_kind
language plpgsql immutable
set search_path = ''
as $$
declare
  is_mms constant boolean := coalesce(left(p_sid, 2) = 'MM', p_has_media);
begin
  return case p_direction when 'outbound' then case when is_mms then 'mms_out' else 'sms_out' end
    else case when is_mms then 'mms_in' else 'sms_in' end end;
end;
$$;
comment on function private.message_kind(public.message_direction, boolean, text) is
  'An SMS or an MMS, sent or received. Once Twilio has named the message, its SID says which.';

create function private.counts(p_status public.message_status) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_status not in ('refused', 'not_sent');
end;
$$;
comment on function private.counts(public.message_status) is
  'Whether a message counts in limits and totals: not when it was refused or not sent.';

-- Generated columns call functions: Postgres parses their expressions for each statement that writes one of the columns
-- they depend on. None depends on the status, which changes most often.

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
  cost numeric(12, 5) generated always as (private.charge_of(price, price_is_foreign, estimated_price)) stored,
  -- Of the plan in force when the message was reserved or received.
  markup numeric(8, 4) not null default 1,
  plan_key text,
  tenant_price numeric(12, 5) generated always
    as (private.marked_up(private.charge_of(price, price_is_foreign, estimated_price), markup)) stored,
  kind public.usage_kind not null generated always
    as (private.message_kind(direction, has_media, twilio_message_sid)) stored,
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
comment on column public.sms_messages.plan_key is
  'The version of the plan in force then. Null: the plan was deleted.';
comment on column public.sms_messages.tenant_price is
  'What the tenant pays, by the estimate until Twilio reports its price. The tenant sees it through list-messages.';
comment on column public.sms_messages.sent_at is
  'Twilio''s date of sending or receiving, read together with the price: Twilio''s usage counts the message on this '
  'day (UTC). Until it is known, created_at says the day.';
comment on column public.sms_messages.cost is
  'What Twilio charges in the currency of the master account, by the estimate until it reports a price. It counts '
  'unless the message was refused or not sent.';
comment on column public.sms_messages.kind is 'What the tenant pays for, if the message counts.';
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

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.charge_of(numeric, boolean, numeric),
  private.charge_unit(text, boolean),
  private.message_kind(public.message_direction, boolean, text),
  private.counts(public.message_status)
  from public, anon, authenticated;
grant execute on function
  private.charge_of(numeric, boolean, numeric),
  private.charge_unit(text, boolean),
  private.message_kind(public.message_direction, boolean, text),
  private.counts(public.message_status)
  to service_role;
