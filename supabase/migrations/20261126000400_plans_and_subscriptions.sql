-- What a tenant is entitled to: the plans on sale, and each Stripe subscription as last read from Stripe.

-- Countries -----------------------------------------------------------------------------------------------------------

create function private.countries() returns text[]
language sql immutable
set search_path = ''
as $$
  select string_to_array(
    'AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA ' ||
    'CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR ' ||
    'GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP ' ||
    'KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR ' ||
    'MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO ' ||
    'RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT ' ||
    'TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW', ' ');
$$;
comment on function private.countries() is
  'The countries that a phone number can have: ISO 3166 with AC, TA and XK. The list of countries.ts.';

create function private.mother_country(p_country text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when p_country in ('GG', 'IM', 'JE') then 'GB'
    when p_country in ('AS', 'GU', 'MP', 'PR', 'VI') then 'US'
    when p_country in ('CC', 'CX') then 'AU'
    when p_country in ('BL', 'MF') then 'GP'
    when p_country = 'AX' then 'FI'
    when p_country = 'SJ' then 'NO'
    when p_country = 'TA' then 'SH'
    when p_country = 'YT' then 'RE'
  end;
end;
$$;
comment on function private.mother_country(text) is
  'The country that a territory belongs to and shares its calling code with, so that its numbers look the same; null '
  'for a country that is no such territory.';

create function private.is_country_in(p_country text, p_countries text[], p_excluded_territories text[]) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  -- coalesce: a list that contains a null, or an unknown country, must not allow anything.
  return coalesce(p_country = any (p_countries), false)
    or coalesce(private.mother_country(p_country) = any (p_countries)
      and not p_country = any (p_excluded_territories), false);
end;
$$;
comment on function private.is_country_in(text, text[], text[]) is
  'Whether a list of countries names a country, or the mother country of a territory that is not excluded.';

-- Plans ---------------------------------------------------------------------------------------------------------------

create type public.leaving_numbers as enum ('release', 'park');
comment on type public.leaving_numbers is
  'What happens to the numbers of a tenant who leaves. release: they are released. park: they move to the master '
  'account for a time, in which the tenant can come back, and are released after it.';

create table public.plans (
  key text primary key,
  name text not null,
  rank integer not null,
  version integer not null default 1,
  superseded_at timestamptz,
  stripe_price_id text unique,
  max_numbers integer not null,
  max_purchases_per_day integer not null default 5,
  max_purchases_per_month integer not null default 20,
  max_number_price numeric(12, 2) not null default 10,
  daily_message_limit integer not null,
  monthly_message_limit integer not null,
  spend_limit numeric(12, 2) not null default 1000,
  -- What a segment is taken to cost until Twilio tells its price.
  segment_price numeric(12, 5) not null default 0.01,
  markup numeric(8, 4) not null default 1,
  currency text not null default 'usd',
  included_sms_out integer not null default 0,
  included_sms_in integer not null default 0,
  included_mms_out integer not null default 0,
  included_mms_in integer not null default 0,
  included_numbers integer not null default 0,
  allowed_countries text[],
  excluded_territories text[] not null default '{}',
  messages_per_second numeric(8, 3) not null default 10,
  past_due_grace interval not null default '7 days',
  retention interval not null default '30 days',
  entitle_while_pending boolean not null default false,
  leaving_numbers public.leaving_numbers not null default 'release',
  release_notice interval not null default '7 days',
  parking interval not null default '30 days',
  sending_grace interval not null default '14 days',
  constraint plans_version_positive check (version > 0),
  constraint plans_limits_not_negative
    check (max_numbers >= 0 and daily_message_limit >= 0 and monthly_message_limit >= 0),
  constraint plans_spend_not_negative check (spend_limit >= 0 and segment_price >= 0),
  constraint plans_markup_positive check (markup > 0),
  constraint plans_currency_code check (currency ~ '^[a-z]{3}$'),
  constraint plans_included_not_negative check (least(included_sms_out, included_sms_in, included_mms_out,
    included_mms_in, included_numbers) >= 0),
  constraint plans_purchases_not_negative
    check (max_purchases_per_day >= 0 and max_purchases_per_month >= 0 and max_number_price >= 0),
  constraint plans_send_rate_positive check (messages_per_second > 0),
  constraint plans_countries_iso check (allowed_countries <@ private.countries()),
  constraint plans_territories_iso check (excluded_territories <@ private.countries()),
  constraint plans_periods_not_negative check (past_due_grace >= '0' and retention >= '0'
      and release_notice >= '0' and parking >= '0' and sending_grace >= '0')
);
comment on table public.plans is
  'Limits by plan. A Stripe price belongs to a plan by stripe_price_id, otherwise by lookup_key = key. A new version '
  'of a plan is a row of its own, as a new price at Stripe is: subscriptions keep the row they were sold under, so '
  'plan_key names the version that usage is priced by.';
comment on column public.plans.rank is
  'Orders the plans on sale: of two subscriptions, the one with the higher rank gives more.';
comment on column public.plans.version is 'Counts the versions of a plan that were sold under the same name.';
comment on column public.plans.superseded_at is
  'When a newer version replaced this one; null while it is on sale. Existing subscriptions keep a replaced version.';
-- Only plans on sale are compared, so a new version takes over the rank of the one it replaces.
create unique index plans_one_per_rank on public.plans (rank) where superseded_at is null;
comment on column public.plans.max_purchases_per_day is
  'How many numbers may be bought in any twenty-four hours. A number that was released counts. max_purchases_per_month '
  'is the limit of a calendar month in UTC.';
comment on column public.plans.max_number_price is
  'The highest monthly price of a number that may be bought, in the currency of the master account and in the '
  'tenant''s own prices.';
comment on column public.plans.spend_limit is
  'The most that a tenant may spend in a billing period, in the currency of the master account and in the tenant''s '
  'own prices (cost times markup).';
comment on column public.plans.markup is
  'A tenant''s price is what Twilio charges times this (private.marked_up). Hidden from tenants, like segment_price: '
  'with it they would know what Twilio charges. A change applies to usage from then on.';
comment on column public.plans.currency is
  'The currency of the plan''s price at Stripe (ISO 4217, lower case), in which usage is billed.';
comment on column public.plans.included_sms_out is
  'How much of each kind a billing period includes, in order of use: segments of SMS, MMS messages, and monthly fees '
  'of numbers.';
comment on column public.plans.allowed_countries is
  'Countries that messages may go to (ISO 3166); null allows all, an empty list none. A list keeps out SMS pumping '
  'to expensive destinations. A country includes its territories (private.mother_country).';
comment on column public.plans.excluded_territories is
  'Territories that count only when allowed_countries, or the tenant''s own list, names them: not with their mother '
  'country.';
comment on column public.plans.messages_per_second is
  'The send rate of one tenant''s campaigns, over all their numbers.';
comment on column public.plans.past_due_grace is 'How long a past-due tenant keeps sending before suspension.';
comment on column public.plans.retention is
  'How long a canceled tenant''s subaccount stays suspended before it is closed for good.';
comment on column public.plans.entitle_while_pending is
  'Whether a subscription entitles before its first payment has arrived, such as a bank debit that takes days or an '
  'invoice that is paid later.';

comment on column public.plans.leaving_numbers is
  'What happens to the numbers of a tenant whose retention is over. An operator''s closure and a deleted user release '
  'them.';
comment on column public.plans.release_notice is
  'How long before the numbers of a tenant are released or parked the tenant gets a notice of each.';
comment on column public.plans.parking is 'How long a parked number is kept in the master account.';
comment on column public.plans.sending_grace is
  'How long numbers beyond max_numbers still send after the notice.';

alter table public.plans enable row level security;
revoke all on public.plans from public, anon, authenticated, service_role;
-- Columns instead of the table: the assumed cost and the markup are the operator's.
grant select (key, name, rank, version, superseded_at, stripe_price_id, max_numbers, max_purchases_per_day,
  max_purchases_per_month, max_number_price, daily_message_limit, monthly_message_limit, spend_limit,
  currency, included_sms_out, included_sms_in, included_mms_out, included_mms_in, included_numbers,
  allowed_countries, excluded_territories, messages_per_second, past_due_grace, retention, leaving_numbers,
  release_notice, parking, sending_grace, entitle_while_pending)
  on public.plans to authenticated;
grant select, insert, update, delete on public.plans to service_role;
create policy "Anyone signed in reads the plans" on public.plans for select to authenticated using (true);

insert into public.plans (key, name, rank, max_numbers, daily_message_limit, monthly_message_limit,
  spend_limit) values
  ('fallback', 'Shared numbers of the master account', 0, 0, 20, 100, 5),
  ('free', 'Own subaccount without a subscription', 1, 1, 100, 500, 20),
  ('starter', 'Starter', 2, 1, 1000, 10000, 250),
  ('team', 'Team', 3, 5, 10000, 100000, 2500),
  ('scale', 'Scale', 4, 25, 100000, 1000000, 25000);
update public.plans p set max_purchases_per_day = l.per_day, max_purchases_per_month = l.per_month,
  max_number_price = l.price
from (values ('fallback', 0, 0, 0), ('free', 2, 3, 5), ('starter', 3, 6, 10), ('team', 10, 20, 25),
  ('scale', 25, 100, 100)) l (key, per_day, per_month, price)
where p.key = l.key;
-- Operators widen the list plan by plan. The shared numbers reach their own country and Canada only.
update public.plans set allowed_countries =
  '{US,CA,PR,GB,IE,AU,NZ,DE,AT,CH,FR,BE,NL,LU,ES,PT,IT,DK,SE,NO,FI,IS,PL,CZ}';
-- Territories are expensive under a calling code that looks cheap, so the shared numbers reach none.
update public.plans set allowed_countries = '{US,CA}',
  excluded_territories = '{AS,AX,BL,CC,CX,GG,GU,IM,JE,MF,MP,PR,SJ,TA,VI,YT}' where key = 'fallback';
update public.plans set messages_per_second = 25 where key = 'team';
update public.plans set messages_per_second = 100 where key = 'scale';

-- Subscriptions -------------------------------------------------------------------------------------------------------

create type public.subscription_status as enum ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due',
  'canceled', 'unpaid', 'paused');
comment on type public.subscription_status is
  'A subscription''s status at Stripe. paused: also a running subscription whose collection is paused.';

create type public.subscription_origin as enum ('checkout', 'metadata', 'operator', 'claim');
comment on type public.subscription_origin is
  'How a Stripe customer or a subscription was linked to a user. checkout: the client_reference_id of a checkout, '
  'which its visitor can set, so the subscription is a gift. metadata: user_id in metadata, which only the holder of '
  'the Stripe key can set. operator: by an operator. claim: a gift that the user claimed as their own.';

create table public.subscriptions (
  id text primary key,
  -- No foreign key: financial rows survive their user, with this id as a pseudonym.
  user_id uuid,
  origin public.subscription_origin,
  named_user_id uuid,
  stripe_customer_id text not null,
  plan_key text references public.plans (key),
  unknown_prices jsonb,
  status public.subscription_status not null,
  first_payment_pending boolean not null default false,
  past_due_since timestamptz,
  current_period_start timestamptz,
  current_period_end timestamptz,
  trial_end timestamptz,
  currency text,
  cancel_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- The number of the read from Stripe that this row holds: of two reads that overlap, the later one wins.
  read_number bigint not null default 0
);
comment on table public.subscriptions is
  'Stripe subscriptions as last read from Stripe. user_id is null until an event links the customer to a user, and '
  'stays when the user is deleted.';
comment on column public.subscriptions.origin is 'How the subscription was linked to its user; null until it is.';
comment on column public.subscriptions.named_user_id is
  'The user that the subscription''s own metadata names. It outranks the user of the customer.';
comment on column public.subscriptions.plan_key is
  'The best plan among the items'' prices, as last known; null when no price was ever known. Without a plan a '
  'subscription entitles to nothing.';
comment on column public.subscriptions.unknown_prices is
  'The items'' prices when none of them belongs to a plan; null otherwise. A plan that gets one of these prices is '
  'applied to the subscription.';
comment on column public.subscriptions.first_payment_pending is
  'Whether the first invoice has not been paid yet. Stripe may already call such a subscription active.';
comment on column public.subscriptions.current_period_start is
  'The start of the billing period of the item that gave the plan: usage in a period goes on its invoice.';
comment on column public.subscriptions.trial_end is
  'When its trial ends or ended: a billing period that begins before is a trial. currency: in which Stripe bills it.';
comment on column public.subscriptions.cancel_at is
  'When the subscription will end. Until then it runs: only ended_at is an end.';
create index subscriptions_by_user on public.subscriptions (user_id);
create index subscriptions_by_customer on public.subscriptions (stripe_customer_id);
create index subscriptions_by_plan on public.subscriptions (plan_key);
create index subscriptions_with_unknown_prices on public.subscriptions (id) where unknown_prices is not null;
create trigger touch_updated_at before update on public.subscriptions
  for each row execute function private.touch_updated_at();

alter table public.subscriptions enable row level security;
revoke all on public.subscriptions from public, anon, authenticated, service_role;
grant select on public.subscriptions to authenticated;
grant select, insert, update, delete on public.subscriptions to service_role;
create policy "A tenant reads their own subscriptions" on public.subscriptions
  for select to authenticated using ((select auth.uid()) = user_id);

create table private.stripe_customers (
  id text primary key,
  -- No foreign key: an invoice of a deleted user still belongs to a known customer.
  user_id uuid not null,
  origin public.subscription_origin,
  linked_at timestamptz not null default now(),
  deleted_at timestamptz
);
comment on table private.stripe_customers is
  'The user behind each Stripe customer, from a checkout''s client_reference_id or from metadata.';
comment on column private.stripe_customers.deleted_at is 'When the customer was found to be deleted at Stripe.';
create index stripe_customers_by_user on private.stripe_customers (user_id);
alter table private.stripe_customers enable row level security;
revoke all on private.stripe_customers from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.stripe_customers to service_role;

-- Entitlement ---------------------------------------------------------------------------------------------------------

create function private.wanted_by_subscription(p_status public.subscription_status, p_past_due_since timestamptz,
  p_ended_at timestamptz, p_grace interval, p_retention interval, p_at timestamptz) returns public.wanted_status
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when p_status in ('trialing', 'active') then 'active'
    when p_status = 'past_due' and p_at < p_past_due_since + p_grace then 'active'
    when p_status in ('past_due', 'paused', 'unpaid') then 'suspended'
    when p_status = 'canceled' and p_at < p_ended_at + p_retention then 'suspended'
    when p_status = 'canceled' then 'closed'
    else 'none' -- incomplete, incomplete_expired: never paid
  end;
end;
$$;
comment on function private.wanted_by_subscription(public.subscription_status, timestamptz, timestamptz, interval,
  interval, timestamptz) is 'The account status that one subscription entitles to at a moment.';

create type private.entitlement as (
  wanted public.wanted_status, plan_key text, subscription_id text, is_gift boolean, changes_at timestamptz
);
comment on type private.entitlement is
  'What a tenant''s subscriptions give them at a moment, by the one that counts. wanted: the account status; null when '
  'none was ever paid. plan_key: the plan of the subscription that counts. is_gift: whether no subscription of their '
  'own was ever paid. changes_at: when time alone may next change this, at the end of a grace or retention period; '
  'null: never.';

create function private.entitlement_of(p_user_id uuid, p_at timestamptz default now()) returns private.entitlement
language plpgsql stable
set search_path = ''
as $$
declare
  entitled private.entitlement;
  each record;
  wanted public.wanted_status;
  ends_at timestamptz;
begin
  -- A loop, because each decision on a message calls this: window functions over the same rows take twice as long.
  for each in
    select s.id, s.plan_key, s.origin, s.status, coalesce(s.past_due_since, s.updated_at) as past_due_since,
      coalesce(s.ended_at, s.updated_at) as ended_at, p.past_due_grace, p.retention
    from public.subscriptions s join public.plans p on p.key = s.plan_key
    where s.user_id = p_user_id and (p.entitle_while_pending or not s.first_payment_pending)
    order by p.rank desc, s.created_at desc, s.id
  loop
    wanted := private.wanted_by_subscription(each.status, each.past_due_since, each.ended_at, each.past_due_grace,
      each.retention, p_at);
    continue when wanted = 'none';
    -- The enum's order ranks the statuses: a subscription that entitles now counts before a lapsed one, and an old
    -- canceled one does not suspend a paid one.
    if entitled.wanted is null or wanted < entitled.wanted then
      entitled.wanted := wanted;
      entitled.plan_key := each.plan_key;
      entitled.subscription_id := each.id;
    end if;
    entitled.is_gift := coalesce(entitled.is_gift, true) and each.origin is not distinct from 'checkout';
    ends_at := case each.status
      when 'past_due' then each.past_due_since + each.past_due_grace
      when 'canceled' then each.ended_at + each.retention end;
    if ends_at > p_at then
      entitled.changes_at := least(entitled.changes_at, ends_at);
    end if;
  end loop;
  return entitled;
end;
$$;
comment on function private.entitlement_of(uuid, timestamptz) is
  'The one place that ranks a tenant''s subscriptions: those that entitle now first, then by the rank of the plan, '
  'then the newest. The first one gives both the plan and the account status. All columns are null when none was ever '
  'paid.';

create function private.wanted_subaccount(p_user_id uuid, p_at timestamptz default now(),
  p_requested boolean default false) returns public.wanted_status
language plpgsql stable
set search_path = ''
as $$
declare
  entitled constant private.entitlement := private.entitlement_of(p_user_id, p_at);
  tenancy private.tenancies;
begin
  -- Read from auth itself: a token outlives its user, so a request may arrive after the deletion.
  if not private.user_exists(p_user_id) then
    return 'closed';
  end if;
  select * into tenancy from private.tenancies t where t.user_id = p_user_id;
  return case
    when tenancy.operator_hold is not null then tenancy.operator_hold::text::public.wanted_status
    when entitled.wanted = 'active' or not entitled.is_gift then entitled.wanted
    -- A gift that is over takes nothing away: the request counts as if the gift had never been.
    when tenancy.requested_at is not null or p_requested then 'active'
    when entitled.wanted = 'closed' and tenancy.requested_by = 'existing' then 'suspended'
    else coalesce(entitled.wanted, 'none') end;
end;
$$;
comment on function private.wanted_subaccount(uuid, timestamptz, boolean) is
  'The status that a tenant''s subaccount should have. The order of precedence: the user''s deletion, an operator''s '
  'hold, a subscription that entitles now, lapsed subscriptions of their own, the request of the tenant or an '
  'operator, lapsed gifts. p_requested: as if the tenant had asked.';

-- A tenant's own limits, set by an operator. A null leaves the plan's limit.
create table private.tenant_limits (
  user_id uuid primary key references auth.users (id) on delete cascade,
  max_numbers integer,
  max_purchases_per_day integer,
  max_purchases_per_month integer,
  max_number_price numeric(12, 2),
  daily_message_limit integer,
  monthly_message_limit integer,
  spend_limit numeric(12, 2),
  messages_per_second numeric(8, 3),
  markup numeric(8, 4),
  valid_until timestamptz,
  reason text not null,
  set_by uuid not null,
  set_at timestamptz not null default now(),
  constraint tenant_limits_not_negative check (least(max_numbers, max_purchases_per_day, max_purchases_per_month,
    max_number_price, daily_message_limit, monthly_message_limit, spend_limit) >= 0),
  constraint tenant_limits_send_rate_positive check (messages_per_second > 0),
  constraint tenant_limits_markup_positive check (markup > 0)
);
comment on table private.tenant_limits is
  'Limits of single tenants that replace those of any plan that they have, until valid_until (null: no end).';
alter table private.tenant_limits enable row level security;
revoke all on private.tenant_limits from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.tenant_limits to service_role;
create index tenant_limits_to_end on private.tenant_limits (valid_until) where valid_until is not null;

create function private.end_tenant_limits(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  over private.tenant_limits;
  ended integer := 0;
begin
  for over in
    select * from private.tenant_limits l where l.valid_until <= now() order by l.valid_until limit p_limit
    for update skip locked
  loop
    delete from private.tenant_limits l where l.user_id = over.user_id;
    perform private.audit('system', 'limits.ended', over.user_id, null, null,
      jsonb_build_object('validUntil', private.iso(over.valid_until)));
    ended := ended + 1;
  end loop;
  return ended;
end;
$$;
comment on function private.end_tenant_limits(integer) is
  'Deletes up to p_limit rows whose time is over, so that their end is a change like any other. Returns how many.';

create function private.plan_of(p_user_id uuid) returns public.plans
language plpgsql stable
set search_path = ''
as $$
declare
  entitled constant private.entitlement := private.entitlement_of(p_user_id);
  plan public.plans;
  own private.tenant_limits;
begin
  select p.* into plan from public.plans p
  where p.key = case entitled.wanted when 'active' then entitled.plan_key else 'free' end;
  select * into own from private.tenant_limits l
  where l.user_id = p_user_id and (l.valid_until is null or l.valid_until > now());
  -- Of a plan that was deleted nothing is replaced: it allows nothing.
  if found and plan.key is not null then
    plan.max_numbers := coalesce(own.max_numbers, plan.max_numbers);
    plan.max_purchases_per_day := coalesce(own.max_purchases_per_day, plan.max_purchases_per_day);
    plan.max_purchases_per_month := coalesce(own.max_purchases_per_month, plan.max_purchases_per_month);
    plan.max_number_price := coalesce(own.max_number_price, plan.max_number_price);
    plan.daily_message_limit := coalesce(own.daily_message_limit, plan.daily_message_limit);
    plan.monthly_message_limit := coalesce(own.monthly_message_limit, plan.monthly_message_limit);
    plan.spend_limit := coalesce(own.spend_limit, plan.spend_limit);
    plan.messages_per_second := coalesce(own.messages_per_second, plan.messages_per_second);
    plan.markup := coalesce(own.markup, plan.markup);
  end if;
  return plan;
end;
$$;
comment on function private.plan_of(uuid) is
  'The plan whose limits apply to a tenant with a subaccount: that of the subscription that entitles them now, or '
  'free. Its limits are replaced by the tenant''s own (tenant_limits). All columns are null when the plan was deleted.';

-- Prices --------------------------------------------------------------------------------------------------------------

create function private.marked_up(p_cost numeric, p_markup numeric) returns numeric
language plpgsql immutable
set search_path = ''
as $$
begin
  -- greatest() ignores nulls, but an unknown cost has no price.
  return case when p_cost is not null
    then greatest(0, round(ceil(p_cost * coalesce(p_markup, 1) * 100000) / 100000, 5)) end;
end;
$$;
comment on function private.marked_up(numeric, numeric) is
  'A tenant''s price: what Twilio charges (positive) times the markup, rounded up to five decimals and never below '
  'zero. Rounded once for each message, fee or purchase; prices are then added up and never rounded again.';

create function private.tenant_price(p_plan public.plans, p_cost numeric) returns numeric
language plpgsql immutable
set search_path = ''
as $$
begin
  return private.marked_up(p_cost, p_plan.markup);
end;
$$;
comment on function private.tenant_price(public.plans, numeric) is
  'The price of one message, fee or purchase under a plan (see marked_up). A plan that was deleted adds nothing.';

-- Billing periods -----------------------------------------------------------------------------------------------------

create type private.period as (starts_at timestamptz, ends_at timestamptz);
comment on type private.period is 'A span of time: starts_at belongs to it, ends_at does not.';

create type private.quota as (
  daily bigint, monthly bigint, spend numeric, used numeric, starts_at timestamptz, ends_at timestamptz);
comment on type private.quota is
  'What is left: messages a day, messages a calendar month, and what may still be spent in the billing period, in the '
  'tenant''s price. used: what is spent or reserved in that period.';

create function private.billing_period_of(p_user_id uuid, p_at timestamptz default now()) returns private.period
language plpgsql stable
set search_path = ''
as $$
declare
  entitled constant private.entitlement := private.entitlement_of(p_user_id, p_at);
  period private.period;
begin
  -- A lapsed subscription gives no plan, and no period either.
  select s.current_period_start, s.current_period_end into period
  from public.subscriptions s where s.id = entitled.subscription_id and entitled.wanted = 'active';
  -- After its end a period continues until Stripe tells the next one.
  if period.starts_at is null or period.ends_at is null or p_at < period.starts_at then
    period.starts_at := date_trunc('month', p_at, 'UTC');
    period.ends_at := date_trunc('month', p_at at time zone 'UTC' + interval '1 month') at time zone 'UTC';
  end if;
  return period;
end;
$$;
comment on function private.billing_period_of(uuid, timestamptz) is
  'The billing period of the subscription that gives a tenant their plan; the calendar month in UTC without one.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.countries(),
  private.mother_country(text),
  private.is_country_in(text, text[], text[]),
  private.wanted_by_subscription(public.subscription_status, timestamptz, timestamptz, interval, interval, timestamptz),
  private.entitlement_of(uuid, timestamptz),
  private.wanted_subaccount(uuid, timestamptz, boolean),
  private.end_tenant_limits(integer),
  private.plan_of(uuid),
  private.marked_up(numeric, numeric),
  private.tenant_price(public.plans, numeric),
  private.billing_period_of(uuid, timestamptz)
  from public, anon, authenticated;
grant execute on function
  private.countries(),
  private.mother_country(text),
  private.is_country_in(text, text[], text[]),
  private.wanted_by_subscription(public.subscription_status, timestamptz, timestamptz, interval, interval, timestamptz),
  private.entitlement_of(uuid, timestamptz),
  private.wanted_subaccount(uuid, timestamptz, boolean),
  private.end_tenant_limits(integer),
  private.plan_of(uuid),
  private.marked_up(numeric, numeric),
  private.tenant_price(public.plans, numeric),
  private.billing_period_of(uuid, timestamptz)
  to service_role;
