-- The message ledger: a row is reserved before Twilio is called, and only evidence moves it afterwards.

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
  own_number text not null generated always as (case direction when 'outbound' then from_number else to_number end) stored,
  peer_number text not null generated always as (case direction when 'outbound' then to_number else from_number end) stored,
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
  'Every SMS and MMS of every tenant. reserved: not yet handed to Twilio. unknown: handed over, the answer was lost; only a callback or a look-up settles it, as not_sent where Twilio has no such message.';
comment on column public.sms_messages.source is 'Whose account paid and sent: the tenant''s subaccount or the master account.';
comment on column public.sms_messages.estimated_price is 'What it was taken to cost before Twilio told its price; counts until then.';
comment on column public.sms_messages.own_number is 'The tenant''s side of the conversation; peer_number is the other one.';
comment on column public.sms_messages.redacted_at is 'When body and media were deleted, at Twilio and here.';
comment on column public.sms_messages.looked_at is 'When evidence was last looked for at Twilio, of a message whose outcome is not known.';
comment on column public.sms_messages.request_hash is 'SHA-256 of the request, so that one idempotency key cannot stand for two messages.';

create unique index sms_messages_one_per_key on public.sms_messages (user_id, idempotency_key) where idempotency_key is not null;
create unique index sms_messages_one_per_sid on public.sms_messages (twilio_message_sid) where twilio_message_sid is not null;
create index sms_messages_newest_first on public.sms_messages (user_id, created_at desc, id desc);
create index sms_messages_by_conversation on public.sms_messages (user_id, own_number, peer_number, created_at desc, id desc);
create index sms_messages_by_campaign on public.sms_messages (campaign_id, status) where campaign_id is not null;
-- lower: text search itself knows the capitals of the server's LC_CTYPE only, in C those of ASCII.
-- The tenant is a word like the others, so that what everybody writes is looked through for one of them alone.
create index sms_messages_by_words on public.sms_messages
  using gin ((to_tsvector('simple', lower(coalesce(body, ''))) || array_to_tsvector(array[user_id::text])));
-- What a look at Twilio may still change: a status that is not final, or a price it has not told. By age: after some days nobody
-- looks any more, and those whose price never came would be in the way for ever.
create index sms_messages_unfinished on public.sms_messages (created_at)
  where twilio_message_sid is not null and direction = 'outbound'
    and (price is null or status in ('accepted', 'scheduled', 'queued', 'sending', 'sent'));
create index sms_messages_unsettled on public.sms_messages (created_at) where status in ('reserved', 'unknown');

alter table public.sms_messages enable row level security;
revoke all on public.sms_messages from public, anon, authenticated, service_role;
-- Columns, not the table: what a request hashes to, and when we looked for it, is nobody's business.
grant select (id, user_id, direction, from_number, to_number, body, media_urls, media_types, status, twilio_message_sid, account_sid, source,
  error_code, error_message, num_segments, encoding, price, price_unit, campaign_id, own_number, peer_number, redacted_at, idempotency_key,
  status_updated_at, created_at)
  on public.sms_messages to authenticated;
grant select, insert, update, delete on public.sms_messages to service_role;
create policy "A tenant reads their own messages" on public.sms_messages
  for select to authenticated using ((select auth.uid()) = user_id);

-- Who asked us to stop, per sender. Consent belongs to the pair of numbers, not to the tenant's wishes.
create table public.sms_opt_outs (
  sender text not null,
  recipient text not null,
  user_id uuid references auth.users (id) on delete set null,
  keyword text not null,
  opted_out_at timestamptz not null default now(),
  primary key (sender, recipient)
);
comment on table public.sms_opt_outs is 'Recipients who replied STOP to a sender. Sending to such a pair is refused before Twilio is called.';
create index sms_opt_outs_by_user on public.sms_opt_outs (user_id);

alter table public.sms_opt_outs enable row level security;
revoke all on public.sms_opt_outs from public, anon, authenticated, service_role;
grant select on public.sms_opt_outs to authenticated;
grant select, insert, update, delete on public.sms_opt_outs to service_role;
create policy "A tenant reads the opt-outs of their numbers" on public.sms_opt_outs
  for select to authenticated using ((select auth.uid()) = user_id);
