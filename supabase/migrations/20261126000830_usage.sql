-- Usage as Twilio counts it, per account, day and category.

create type private.usage_class as enum ('sms_out', 'sms_in', 'mms_out', 'mms_in', 'number', 'carrier_fee',
  'failed_message_fee', 'fee', 'other', 'sum', 'total');
comment on type private.usage_class is
  'What a category counts. fee: registration and other fees. other: leaves of other products, such as calls. sum: a '
  'category that contains others, and is not added. total: totalprice.';

create table private.usage_categories (
  category text primary key,
  class private.usage_class not null
);
comment on table private.usage_categories is
  'The known categories of usage records. Only classes other than sum and total are added up. A category that is not '
  'listed is unknown: its rows are kept.';
alter table private.usage_categories enable row level security;
revoke all on private.usage_categories from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.usage_categories to service_role;

create table public.twilio_usage (
  -- No foreign key: financial rows survive their user, with this id as a pseudonym. Null: the master account itself.
  user_id uuid,
  account_sid text not null,
  day date not null,
  category text not null,
  count numeric(20, 6) not null,
  usage numeric(20, 6) not null,
  price numeric(20, 6) not null,
  price_unit text not null,
  refreshed_at timestamptz not null default now(),
  primary key (account_sid, day, category)
);
comment on table public.twilio_usage is
  'Usage of each account by UTC day and category, as Twilio counted it (IncludeSubaccounts=false), refreshed until '
  'Twilio stops changing it.';
create index twilio_usage_by_user on public.twilio_usage (user_id, day desc);

alter table public.twilio_usage enable row level security;
revoke all on public.twilio_usage from public, anon, authenticated, service_role;
grant select, insert, update, delete on public.twilio_usage to service_role;
create policy "Only the service reads usage" on public.twilio_usage for select to service_role using (true);

create table private.usage_days (
  account_sid text not null,
  day date not null,
  user_id uuid, -- as in twilio_usage
  total_price numeric(20, 6) not null,
  price_unit text not null,
  read_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  closed_at timestamptz,
  reopened_at timestamptz,
  primary key (account_sid, day)
);
comment on table private.usage_days is
  'The days whose usage was read. total_price: of the category totalprice. changed_at: when a read last found another '
  'value. A day is closed after three days without a change; a correction by Twilio opens it again.';
create index usage_days_by_user on private.usage_days (user_id, day desc);
alter table private.usage_days enable row level security;
revoke all on private.usage_days from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.usage_days to service_role;
