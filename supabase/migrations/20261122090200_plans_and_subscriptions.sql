-- What a tenant is entitled to: plans we sell, and the newest truth about each Stripe subscription.

create table public.plans (
  key text primary key,
  name text not null,
  stripe_price_id text unique,
  max_numbers integer not null,
  daily_message_limit integer not null,
  monthly_message_limit integer not null,
  monthly_spend_limit numeric(12, 2) not null default 1000,
  -- What a segment is taken to cost until Twilio tells its price.
  segment_price numeric(12, 5) not null default 0.01,
  allowed_countries text[],
  messages_per_second numeric(8, 3) not null default 10,
  past_due_grace interval not null default '7 days',
  retention interval not null default '30 days',
  constraint plans_limits_not_negative check (max_numbers >= 0 and daily_message_limit >= 0 and monthly_message_limit >= 0),
  constraint plans_spend_not_negative check (monthly_spend_limit >= 0 and segment_price >= 0),
  constraint plans_pace_positive check (messages_per_second > 0),
  constraint plans_countries_iso check (array_to_string(allowed_countries, ' ') ~ '^([A-Z]{2}( [A-Z]{2})*)?$'),
  constraint plans_periods_not_negative check (past_due_grace >= '0' and retention >= '0')
);
comment on table public.plans is
  'Limits by plan. A Stripe price belongs to a plan by stripe_price_id or, failing that, by lookup_key = key.';
comment on column public.plans.monthly_spend_limit is 'What the messages of a month may cost, in the currency of the master account.';
comment on column public.plans.allowed_countries is
  'Where messages may go (ISO 3166). Null allows everywhere: a list keeps SMS pumping to expensive destinations out.';
comment on column public.plans.messages_per_second is 'How fast the campaigns of one tenant go out, over all their numbers.';
comment on column public.plans.past_due_grace is 'How long a past-due tenant keeps sending before suspension.';
comment on column public.plans.retention is 'How long a canceled tenant''s subaccount stays suspended before it is closed for good.';

alter table public.plans enable row level security;
revoke all on public.plans from public, anon, authenticated, service_role;
grant select on public.plans to authenticated;
grant select, insert, update, delete on public.plans to service_role;
create policy "Anyone signed in reads the plans" on public.plans for select to authenticated using (true);

insert into public.plans (key, name, max_numbers, daily_message_limit, monthly_message_limit, monthly_spend_limit) values
  ('fallback', 'Shared numbers of the master account', 0, 20, 100, 5),
  ('free', 'Own subaccount without a subscription', 1, 100, 500, 20),
  ('starter', 'Starter', 1, 1000, 10000, 250),
  ('team', 'Team', 5, 10000, 100000, 2500),
  ('scale', 'Scale', 25, 100000, 1000000, 25000);
-- Widened plan by plan, by those who know their customers. The shared numbers stay at home.
update public.plans set allowed_countries =
  '{US,CA,PR,GB,IE,AU,NZ,DE,AT,CH,FR,BE,NL,LU,ES,PT,IT,DK,SE,NO,FI,IS,PL,CZ}';
update public.plans set allowed_countries = '{US,CA}' where key = 'fallback';
update public.plans set messages_per_second = 25 where key = 'team';
update public.plans set messages_per_second = 100 where key = 'scale';

create table public.subscriptions (
  id text primary key,
  user_id uuid references auth.users (id) on delete cascade,
  stripe_customer_id text not null,
  plan_key text not null references public.plans (key),
  status text not null,
  past_due_since timestamptz,
  current_period_end timestamptz,
  cancel_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- When it was read from Stripe, as a place in line: of two reads that overlap the later one counts.
  read_ticket bigint not null default 0,
  constraint subscriptions_status_known check (status in
    ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'canceled', 'unpaid', 'paused'))
);
comment on table public.subscriptions is
  'Stripe subscriptions as last read from Stripe. user_id is null until an event links the customer to a user.';
create index subscriptions_by_user on public.subscriptions (user_id);
create index subscriptions_by_customer on public.subscriptions (stripe_customer_id);
create index subscriptions_by_plan on public.subscriptions (plan_key);
create trigger touch_updated_at before update on public.subscriptions
  for each row execute function private.touch_updated_at();

alter table public.subscriptions enable row level security;
revoke all on public.subscriptions from public, anon, authenticated, service_role;
grant select on public.subscriptions to authenticated;
grant select, insert, update, delete on public.subscriptions to service_role;
create policy "A tenant reads their own subscriptions" on public.subscriptions
  for select to authenticated using ((select auth.uid()) = user_id);

-- Which user a Stripe customer is. Learned from a checkout's client_reference_id or a subscription's metadata.
create table private.stripe_customers (
  id text primary key,
  user_id uuid not null references auth.users (id) on delete cascade,
  linked_at timestamptz not null default now()
);
create index stripe_customers_by_user on private.stripe_customers (user_id);
alter table private.stripe_customers enable row level security;
revoke all on private.stripe_customers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.stripe_customers to service_role;
