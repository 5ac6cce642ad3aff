-- What each tenant used, per day and category, as Twilio counted it.

create table public.twilio_usage (
  user_id uuid not null references auth.users (id) on delete cascade,
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
comment on table public.twilio_usage is 'Daily usage records of each subaccount (IncludeSubaccounts=false), refreshed until Twilio stops changing them.';
create index twilio_usage_by_user on public.twilio_usage (user_id, day desc);

alter table public.twilio_usage enable row level security;
revoke all on public.twilio_usage from public, anon, authenticated, service_role;
grant select on public.twilio_usage to authenticated;
grant select, insert, update, delete on public.twilio_usage to service_role;
create policy "A tenant reads their own usage" on public.twilio_usage
  for select to authenticated using ((select auth.uid()) = user_id);
