-- Billing: what its parts share. Usage is rated in our ledger, one row for each change, and sent to Stripe as meter
-- events whose price is always one ten-thousandth of the currency. Markup and included amounts never leave this
-- database.

-- cost: what Twilio charges. price: what the tenant is priced, in the same currency. amount: what the tenant is billed:
-- the price without what the plan includes, in the currency of the plan. units: whole ten-thousandths of that currency.

create function private.present() returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return now();
end;
$$;
comment on function private.present() is
  'The present, for all decisions of billing. Tests replace this function to let months pass.';

-- Exchange rates ------------------------------------------------------------------------------------------------------

create table private.exchange_rates (
  unit text not null,
  currency text not null,
  valid_from date not null,
  rate numeric(20, 10) not null,
  reason text not null,
  set_by uuid not null,
  set_at timestamptz not null default now(),
  primary key (unit, currency, valid_from),
  constraint exchange_rates_positive check (rate > 0),
  constraint exchange_rates_codes check (unit ~ '^[A-Z]{3}$' and currency ~ '^[a-z]{3}$')
);
comment on table private.exchange_rates is
  'What one of unit, the currency in which Twilio charges, is worth in the currency of a plan, from a UTC day on. Set '
  'by operators.';
alter table private.exchange_rates enable row level security;
revoke all on private.exchange_rates from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.exchange_rates to service_role;

create function private.exchange_rate(p_unit text, p_currency text, p_day date) returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  from_unit constant text := coalesce(nullif(upper(p_unit), ''), private.currency());
begin
  if from_unit = upper(p_currency) then
    return 1;
  end if;
  return (select r.rate from private.exchange_rates r
    where r.unit = from_unit and r.currency = p_currency and r.valid_from <= p_day
    order by r.valid_from desc limit 1);
end;
$$;
comment on function private.exchange_rate(text, text, date) is
  'The exchange rate in force on a day; null when the operator has set none. An empty unit is the currency of the '
  'master account.';

-- Who pays, and when --------------------------------------------------------------------------------------------------

create table private.billing_periods (
  subscription_id text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  -- No foreign keys: financial rows survive their user.
  user_id uuid,
  stripe_customer_id text not null,
  currency text not null,
  is_trial boolean not null default false,
  invoice_id text,
  books_closed_at timestamptz,
  primary key (subscription_id, starts_at),
  constraint billing_periods_forward check (starts_at < ends_at)
);
comment on table private.billing_periods is
  'The billing periods of subscriptions, as read from the item that gives the plan: starts_at belongs to a period, '
  'ends_at does not. A trial is a period. An end that comes earlier than expected shortens the period.';
comment on column private.billing_periods.invoice_id is 'The invoice that bills the usage of the period.';
comment on column private.billing_periods.books_closed_at is
  'When nothing more could be sent into the period. Usage of it that is found later is sent into an open one.';
create index billing_periods_by_user on private.billing_periods (user_id, starts_at);
create index billing_periods_by_customer on private.billing_periods (stripe_customer_id, starts_at);
create index billing_periods_open on private.billing_periods (ends_at) where books_closed_at is null;
alter table private.billing_periods enable row level security;
revoke all on private.billing_periods from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.billing_periods to service_role;

create table private.metered_items (
  subscription_id text not null,
  kind public.usage_kind not null,
  item_id text not null,
  price_id text not null,
  since timestamptz not null,
  added_at timestamptz,
  removed_at timestamptz,
  primary key (subscription_id, kind, item_id)
);
comment on table private.metered_items is
  'The items of subscriptions through which Stripe bills usage. An item counts usage from since on.';
comment on column private.metered_items.added_at is
  'When it was added at Stripe: up to a minute after since, when that is the first moment of a subscription. No event '
  'is stamped before it, because Stripe may count an item from then on only.';
alter table private.metered_items enable row level security;
revoke all on private.metered_items from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.metered_items to service_role;

create type private.payer as (
  subscription_id text, stripe_customer_id text, currency text, starts_at timestamptz, ends_at timestamptz,
  is_trial boolean);
comment on type private.payer is
  'Who pays for usage at a moment: the customer of the tenant''s own subscription, in one of its periods. Without one '
  'all columns but the calendar month in UTC and the currency are null.';

-- Rows ----------------------------------------------------------------------------------------------------------------

create type private.billing_row_reason as enum ('usage', 'rejection', 'unbilled');
comment on type private.billing_row_reason is
  'usage: usage was rated, or a correction of it. rejection: units that Stripe had accepted and did not count, to be '
  'sent again. unbilled: units that Stripe had counted and did not bill, likewise. Both name the period of those units '
  'as their period, and their price and amount are zero.';

create type private.billing_state as enum ('pending', 'sending', 'accepted', 'invoiced', 'credited', 'lost', 'trial');
comment on type private.billing_state is
  'pending: to be sent. sending: a call has begun, and its outcome is not recorded. accepted: Stripe has taken the '
  'meter event. invoiced: billed by an invoice of its own. credited: given back by a credit note. lost: not billed, '
  'for a named reason. trial: of a trial, and not billed.';

create type private.loss_reason as enum ('no_payer', 'before_metering', 'too_small', 'not_invoiced', 'refused',
  'customer_gone', 'written_off', 'credit_owed');
comment on type private.loss_reason is
  'Why usage is not billed. no_payer: no subscription of the tenant''s own. before_metering: the subscription had no '
  'metered item yet. too_small: of a tenant who has left, below the amount of an own invoice. not_invoiced: Stripe '
  'ended a subscription without billing it, and it is too small. refused: Stripe refuses it for good. customer_gone: '
  'the customer was deleted at Stripe. written_off: by an operator. credit_owed: negative, and owed to a tenant who '
  'has left, because no invoice has room for the credit.';

create table private.billing_rows (
  id uuid primary key default private.new_id(),
  number bigint generated always as identity,
  user_id uuid not null,
  kind public.usage_kind not null,
  day date not null,
  plan_key text,
  unit text not null,
  reason private.billing_row_reason not null default 'usage',
  subscription_id text,
  stripe_customer_id text,
  period_start timestamptz not null,
  period_end timestamptz not null,
  count bigint not null default 0,
  segments bigint not null default 0,
  cost numeric not null default 0,
  price numeric not null default 0,
  included numeric not null default 0,
  exchange_rate numeric not null default 1,
  currency text not null,
  amount numeric not null default 0,
  units bigint not null default 0,
  remainder numeric not null default 0,
  state private.billing_state not null default 'pending',
  loss_reason private.loss_reason,
  event_at timestamptz,
  billed_start timestamptz,
  rejections integer not null default 0,
  tries integer not null default 0,
  first_tried_at timestamptz,
  tried_at timestamptz,
  accepted_at timestamptz,
  error text,
  created_at timestamptz not null default private.present(),
  constraint billing_rows_loss_named check ((state = 'lost') = (loss_reason is not null)),
  constraint billing_rows_payer_whole check ((subscription_id is null) = (stripe_customer_id is null)),
  constraint billing_rows_remainder_small check (remainder >= -0.5 and remainder <= 0.5)
);
comment on table private.billing_rows is
  'What tenants are billed: one row for each change of the usage of a tenant, kind, UTC day, billing period and plan '
  'version. A row is written before it is sent. Of a written row only what is known about its sending changes.';
comment on column private.billing_rows.number is 'The order in which the rows were written.';
comment on column private.billing_rows.unit is 'The currency of cost and price, in upper case.';
comment on column private.billing_rows.period_start is
  'The billing period in which it was used. Without a payer, the calendar month in UTC.';
comment on column private.billing_rows.count is
  'Of messages, segments, cost, price, included and amount it is the change since the rows before with the same key.';
comment on column private.billing_rows.included is 'The part of the price that the plan includes.';
comment on column private.billing_rows.amount is '(price - included) times exchange_rate; zero in a trial.';
comment on column private.billing_rows.units is
  'Whole ten-thousandths of the currency: the amount and the remainder of the row before of the same tenant, kind, '
  'period and outcome, rounded half up once. They are what Stripe is sent. remainder: what is carried on, in units.';
comment on column private.billing_rows.event_at is
  'The timestamp of the meter event. Set before it is first sent, and then never changed.';
comment on column private.billing_rows.billed_start is
  'The start of the period on whose invoice and statement it is. Later than period_start for what was found after the '
  'books of its own period had closed.';
comment on column private.billing_rows.rejections is
  'How often Stripe has refused it. The identifier of the meter event and the Idempotency-Key of the call are the id '
  'and this number.';
create unique index billing_rows_in_order on private.billing_rows (number);
create index billing_rows_by_key on private.billing_rows (user_id, period_start, kind, day);
create index billing_rows_by_customer on private.billing_rows (stripe_customer_id, billed_start, kind)
  where stripe_customer_id is not null;
create index billing_rows_to_send on private.billing_rows (stripe_customer_id, kind, number)
  where state in ('pending', 'sending');
create index billing_rows_lost on private.billing_rows (loss_reason, created_at) where state = 'lost';
create index billing_rows_by_day on private.billing_rows (day);
alter table private.billing_rows enable row level security;
revoke all on private.billing_rows from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.billing_rows to service_role;

-- At Stripe -----------------------------------------------------------------------------------------------------------

create table private.meters (
  kind public.usage_kind primary key,
  meter_id text not null unique,
  read_at timestamptz not null default now()
);
comment on table private.meters is 'The meter of each kind at Stripe, as last read by its event name.';
alter table private.meters enable row level security;
revoke all on private.meters from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.meters to service_role;

create table private.billing_customers (
  stripe_customer_id text primary key,
  user_id uuid not null,
  due_at timestamptz,
  compare_due_at timestamptz,
  fence bigint not null default 0,
  leased_until timestamptz
);
comment on table private.billing_customers is
  'The Stripe customers to whom usage is billed. One process at a time sends and compares for a customer, under a '
  'lease; fence grows with each lease, so that a process whose lease is over can record nothing.';
create index billing_customers_due on private.billing_customers (due_at) where due_at is not null;
create index billing_customers_to_compare on private.billing_customers (compare_due_at)
  where compare_due_at is not null;
create index billing_customers_by_user on private.billing_customers (user_id);
alter table private.billing_customers enable row level security;
revoke all on private.billing_customers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.billing_customers to service_role;

create table private.stripe_invoices (
  id text primary key,
  user_id uuid,
  stripe_customer_id text not null,
  subscription_id text,
  number text,
  status text not null,
  currency text not null,
  created_at timestamptz not null,
  period_start timestamptz,
  period_end timestamptz,
  finalises_at timestamptz,
  finalised_at timestamptz,
  total bigint not null,
  amount_remaining bigint not null default 0,
  credited bigint not null default 0,
  billing_reason text,
  metered jsonb not null default '[]',
  read_number bigint not null default 0,
  compared_at timestamptz,
  difference_seen_at timestamptz
);
comment on table private.stripe_invoices is
  'Stripe''s invoices of our customers, as last read. metered: its lines of usage, [{kind, quantity, amount, '
  'periodStart, periodEnd}]; total and amounts in the smallest unit of the currency.';
comment on column private.stripe_invoices.period_start is
  'The period whose usage it bills. finalises_at: when Stripe will finalise the draft; null when it will not by '
  'itself.';
comment on column private.stripe_invoices.billing_reason is 'Why Stripe made it, in Stripe''s words.';
comment on column private.stripe_invoices.credited is 'The sum of its credit notes.';
comment on column private.stripe_invoices.compared_at is
  'When the quantities of a final invoice were compared with our rows; null: not yet.';
comment on column private.stripe_invoices.difference_seen_at is
  'When a comparison first found a difference. A later one acts on it.';
create index stripe_invoices_by_subscription on private.stripe_invoices (subscription_id, period_start);
create index stripe_invoices_by_customer on private.stripe_invoices (stripe_customer_id, created_at);
create index stripe_invoices_by_user on private.stripe_invoices (user_id, created_at);
alter table private.stripe_invoices enable row level security;
revoke all on private.stripe_invoices from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.stripe_invoices to service_role;

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.present(),
  private.exchange_rate(text, text, date)
  from public, anon, authenticated;
grant execute on function
  private.present(),
  private.exchange_rate(text, text, date)
  to service_role;
