-- Phone numbers: the tenants' own, and those of the master account that may be shared.

create table public.user_twilio_numbers (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references auth.users (id) on delete cascade,
  phone_number varchar(20) not null,
  phone_sid varchar(100),
  friendly_name varchar(255),
  capabilities jsonb not null default '{}',
  is_primary boolean not null default false,
  status varchar(50) not null default 'active',
  purchased_at timestamptz,
  account_sid varchar(100),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint user_twilio_numbers_phone_number_e164 check (phone_number ~ '^\+[1-9][0-9]{1,14}$'),
  constraint user_twilio_numbers_status_known check (status in ('purchasing', 'active', 'releasing', 'released')),
  constraint user_twilio_numbers_active_has_sid check (status not in ('active', 'releasing') or phone_sid is not null),
  -- A number that is being released stays the primary one until it is gone: it may turn out to stay.
  constraint user_twilio_numbers_primary_is_active check (not is_primary or status in ('active', 'releasing'))
);
comment on table public.user_twilio_numbers is
  'Numbers in the tenants'' subaccounts. A purchase in flight is a row too (purchasing), so a number is never bought twice; so is a release in flight (releasing).';

create unique index user_twilio_numbers_one_primary on public.user_twilio_numbers (user_id) where is_primary;
create unique index user_twilio_numbers_one_row_per_sid on public.user_twilio_numbers (phone_sid);
-- One owner at a time: two buyers of one number meet here, before Twilio is called.
create unique index user_twilio_numbers_one_owner on public.user_twilio_numbers (phone_number)
  where status in ('purchasing', 'active', 'releasing');
create index user_twilio_numbers_by_user on public.user_twilio_numbers (user_id, created_at);
create trigger touch_updated_at before update on public.user_twilio_numbers
  for each row execute function private.touch_updated_at();

alter table public.user_twilio_numbers enable row level security;
revoke all on public.user_twilio_numbers from public, anon, authenticated, service_role;
grant select on public.user_twilio_numbers to authenticated;
grant select, insert, update, delete on public.user_twilio_numbers to service_role;
create policy "A tenant reads their own numbers" on public.user_twilio_numbers
  for select to authenticated using ((select auth.uid()) = user_id);

-- The shared numbers: a copy of the master account's SMS-capable numbers, refreshed by a job.
create table private.master_numbers (
  phone_sid text primary key,
  id uuid not null unique default gen_random_uuid(),
  phone_number text not null unique,
  friendly_name text,
  capabilities jsonb not null default '{}',
  is_offered boolean not null default true,
  refreshed_at timestamptz not null default now()
);
comment on table private.master_numbers is 'Numbers of the master account. is_offered = tenants without a subaccount may send from it.';
alter table private.master_numbers enable row level security;
revoke all on private.master_numbers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.master_numbers to service_role;
