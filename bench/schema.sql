-- The tables of the original's flow and of the bare functions, with the indexes that such a product would have.

create table public.original_user_preferences (
  user_id uuid primary key,
  twilio_subaccount_sid text not null,
  twilio_subaccount_auth_token text not null,
  twilio_subaccount_status text not null default 'active'
);

create table public.original_twilio_numbers (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  phone_number text not null unique,
  is_primary boolean not null default true
);
create index original_twilio_numbers_by_user on public.original_twilio_numbers (user_id);

create table public.original_sms_messages (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null,
  from_number text not null,
  to_number text not null,
  body text,
  status text not null,
  twilio_message_sid text unique,
  error_code integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index original_sms_messages_by_user on public.original_sms_messages (user_id, created_at);

-- The columns of the ledger in a table without triggers, with three indexes.
create table public.bare_messages (like public.sms_messages including defaults including generated);
alter table public.bare_messages add primary key (id);
create unique index bare_messages_one_per_sid on public.bare_messages (twilio_message_sid);
create index bare_messages_by_user on public.bare_messages (user_id, created_at);

create table public.bare_stripe_events (
  event_id text primary key,
  type text not null,
  payload jsonb not null,
  received_at timestamptz not null default now()
);

alter table public.original_user_preferences enable row level security;
alter table public.original_twilio_numbers enable row level security;
alter table public.original_sms_messages enable row level security;
alter table public.bare_messages enable row level security;
alter table public.bare_stripe_events enable row level security;
grant select, insert, update, delete on public.original_user_preferences, public.original_twilio_numbers,
  public.original_sms_messages, public.bare_messages, public.bare_stripe_events to service_role;
