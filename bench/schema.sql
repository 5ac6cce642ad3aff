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

-- A decision that decides nothing: each is one round trip, as the product's decisions are.
create function public.bare_reserve(p_user_id uuid, p_from text, p_to text, p_body text, p_account_sid text)
returns table (id uuid)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    insert into public.bare_messages as m (user_id, direction, from_number, to_number, body, status, account_sid, source)
    values (p_user_id, 'outbound', p_from, p_to, p_body, 'reserved', p_account_sid, 'master') returning m.id;
end;
$$;
create function public.bare_record(p_id uuid, p_sid text, p_status public.message_status) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update public.bare_messages m set twilio_message_sid = p_sid, status = p_status, status_updated_at = now()
  where m.id = p_id;
  return found;
end;
$$;
revoke execute on function public.bare_reserve(uuid, text, text, text, text),
  public.bare_record(uuid, text, public.message_status) from public, anon, authenticated;
grant execute on function public.bare_reserve(uuid, text, text, text, text),
  public.bare_record(uuid, text, public.message_status) to service_role;

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
