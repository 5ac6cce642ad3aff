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
  monthly_spend_limit numeric(12, 2) not null default 1000,
  -- What a segment is taken to cost until Twilio tells its price.
  segment_price numeric(12, 5) not null default 0.01,
  allowed_countries text[],
  excluded_territories text[] not null default '{}',
  messages_per_second numeric(8, 3) not null default 10,
  past_due_grace interval not null default '7 days',
  retention interval not null default '30 days',
  entitle_while_pending boolean not null default false,
  constraint plans_version_positive check (version > 0),
  constraint plans_limits_not_negative
    check (max_numbers >= 0 and daily_message_limit >= 0 and monthly_message_limit >= 0),
  constraint plans_spend_not_negative check (monthly_spend_limit >= 0 and segment_price >= 0),
  constraint plans_purchases_not_negative
    check (max_purchases_per_day >= 0 and max_purchases_per_month >= 0 and max_number_price >= 0),
  constraint plans_send_rate_positive check (messages_per_second > 0),
  constraint plans_countries_iso check (allowed_countries <@ private.countries()),
  constraint plans_territories_iso check (excluded_territories <@ private.countries()),
  constraint plans_periods_not_negative check (past_due_grace >= '0' and retention >= '0')
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
  'The highest monthly price of a number that may be bought, in the currency of the master account.';
comment on column public.plans.monthly_spend_limit is
  'The most that the messages and the numbers of a month may cost, in the currency of the master account.';
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

alter table public.plans enable row level security;
revoke all on public.plans from public, anon, authenticated, service_role;
grant select on public.plans to authenticated;
grant select, insert, update, delete on public.plans to service_role;
create policy "Anyone signed in reads the plans" on public.plans for select to authenticated using (true);

insert into public.plans (key, name, rank, max_numbers, daily_message_limit, monthly_message_limit,
  monthly_spend_limit) values
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

create function private.plan_of(p_user_id uuid) returns public.plans
language plpgsql stable
set search_path = ''
as $$
declare
  entitled constant private.entitlement := private.entitlement_of(p_user_id);
  plan public.plans;
begin
  select p.* into plan from public.plans p
  where p.key = case entitled.wanted when 'active' then entitled.plan_key else 'free' end;
  return plan;
end;
$$;
comment on function private.plan_of(uuid) is
  'The plan whose limits apply to a tenant with a subaccount: that of the subscription that entitles them now, or '
  'free. All columns are null when the plan was deleted.';

-- Webhook events ------------------------------------------------------------------------------------------------------

create type public.webhook_provider as enum ('stripe', 'twilio');
comment on type public.webhook_provider is 'The sender of a webhook.';

create type public.event_result as enum ('recorded', 'unlinked', 'superseded', 'ignored', 'nothing_to_record');
comment on type public.event_result is
  'What an event led to. recorded: subscriptions were stored. unlinked: one was stored without a user. superseded: a '
  'later read was stored before. ignored: the event is of a type that is not handled, or about an object that Stripe '
  'does not know. nothing_to_record: its customer has no subscriptions.';

create table public.webhook_events (
  id uuid primary key default gen_random_uuid(),
  provider public.webhook_provider not null,
  event_id text not null,
  type text not null,
  payload jsonb,
  occurred_at timestamptz,
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  result public.event_result
);
comment on table public.webhook_events is
  'Verified webhooks, stored before they are acknowledged. One row per event, however often it is delivered.';
comment on column public.webhook_events.payload is
  'The event as it was delivered; null once it is purged. It may name a customer. The row stays, so that an event that '
  'comes again is known.';
comment on column public.webhook_events.result is 'What processing the event led to; null until it is processed.';

create unique index webhook_events_once on public.webhook_events (provider, event_id);
create index webhook_events_unprocessed on public.webhook_events (received_at) where processed_at is null;
create index webhook_events_expiring on public.webhook_events (processed_at) where payload is not null;

alter table public.webhook_events enable row level security;
revoke all on public.webhook_events from public, anon, authenticated, service_role;
grant select, insert, update on public.webhook_events to service_role;
create policy "Only the service reads webhook events" on public.webhook_events for select to service_role using (true);

create function private.purge_event_payloads(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  purged integer;
begin
  update public.webhook_events e set payload = null
  where e.id = any (array(
    select o.id from public.webhook_events o
    where o.payload is not null and o.processed_at <= now() - private.kept_for('event_payload')
    order by o.processed_at limit p_limit for update skip locked));
  get diagnostics purged = row_count;
  return purged;
end;
$$;
comment on function private.purge_event_payloads(integer) is
  'Deletes the payloads of up to p_limit events that were processed long enough ago, the oldest first. Returns how '
  'many.';

-- Stripe events -------------------------------------------------------------------------------------------------------

-- One statement stores an event and enqueues its job. The job then reads the subscription from Stripe and records it.

create type public.record_stripe_event_outcome as enum ('recorded', 'duplicate');
comment on type public.record_stripe_event_outcome is 'Whether an event was new.';

create function public.record_stripe_event(p_event_id text, p_type text, p_occurred_at timestamptz, p_payload jsonb)
  returns public.record_stripe_event_outcome
language plpgsql
set search_path = ''
as $$
begin
  insert into public.webhook_events (provider, event_id, type, occurred_at, payload)
  values ('stripe', p_event_id, p_type, p_occurred_at, p_payload)
  on conflict (provider, event_id) do nothing;
  if not found then
    return 'duplicate';
  end if;
  perform private.enqueue(jsonb_build_object('kind', 'stripe-event', 'eventId', p_event_id));
  return 'recorded';
end;
$$;
comment on function public.record_stripe_event(text, text, timestamptz, jsonb) is
  'Stores a verified event and enqueues its processing. After either outcome the event may be acknowledged.';

create function public.list_unrecorded_events(p_event_ids text[]) returns table (event_id text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    select i from unnest(p_event_ids) i
    where not exists (select from public.webhook_events e where e.provider = 'stripe' and e.event_id = i);
end;
$$;
comment on function public.list_unrecorded_events(text[]) is
  'Of the ids of Stripe''s events, those that are not stored.';

-- Numbers the reads from Stripe. Each change at Stripe makes an event, and its job takes a number after the change. So
-- the read with the highest number is never older than the last change, whichever job is the first to write.
create sequence private.stripe_reads;
revoke all on sequence private.stripe_reads from public, anon, authenticated, service_role;
grant usage on sequence private.stripe_reads to service_role;

create type public.begin_stripe_event_outcome as enum ('pending', 'processed', 'not_found');
comment on type public.begin_stripe_event_outcome is 'Whether an event is pending, was processed, or is unknown.';

create function public.begin_stripe_event(p_event_id text)
returns table (outcome public.begin_stripe_event_outcome, type text, payload jsonb, read_number bigint)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  event public.webhook_events;
begin
  select * into event from public.webhook_events e where e.provider = 'stripe' and e.event_id = p_event_id;
  if event.id is null then
    outcome := 'not_found';
  elsif event.processed_at is not null then
    outcome := 'processed';
  else
    outcome := 'pending';
    type := event.type;
    payload := event.payload;
    read_number := nextval('private.stripe_reads');
  end if;
  return next;
end;
$$;
comment on function public.begin_stripe_event(text) is
  'A stored event, with the number of the read from Stripe that follows.';

create type public.settle_stripe_event_outcome as enum ('settled', 'already');
comment on type public.settle_stripe_event_outcome is 'Whether an event was marked processed, or was so before.';

create function public.settle_stripe_event(p_event_id text, p_result public.event_result)
  returns public.settle_stripe_event_outcome
language plpgsql
set search_path = ''
as $$
begin
  update public.webhook_events set processed_at = now(), result = p_result
  where provider = 'stripe' and event_id = p_event_id and processed_at is null;
  return case when found then 'settled' else 'already' end;
end;
$$;
comment on function public.settle_stripe_event(text, public.event_result) is
  'Marks an event as processed, with its result.';

create function private.lock_stripe_customer(p_customer_id text) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('stripe-customer:' || p_customer_id, 0));
end;
$$;
comment on function private.lock_stripe_customer(text) is
  'Until the end of the transaction no other links this customer or records a subscription of theirs: at the same '
  'time, neither would see the other''s row.';

create function private.link_customer(p_customer_id text, p_user_id uuid, p_origin public.subscription_origin)
returns private.stripe_customers
language plpgsql
set search_path = ''
as $$
declare
  link private.stripe_customers;
begin
  if private.user_exists(p_user_id) then
    insert into private.stripe_customers as c (id, user_id, origin) values (p_customer_id, p_user_id, p_origin)
    on conflict (id) do update set user_id = excluded.user_id, origin = excluded.origin, linked_at = now()
    -- The first link stays, unless its user was deleted, or only the visitor of a checkout named them.
    where not private.user_exists(c.user_id) or (c.origin = 'checkout' and excluded.origin <> 'checkout');
  end if;
  select * into link from private.stripe_customers c where c.id = p_customer_id;
  return link;
end;
$$;
comment on function private.link_customer(text, uuid, public.subscription_origin) is
  'Links a Stripe customer to an existing user when it is not linked yet, or only by a checkout''s visitor. Returns '
  'the link; null without one. The caller holds lock_stripe_customer.';

create function private.keep_existing_subaccount(p_user_id uuid, p_subscription_id text) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.tenancies as t (user_id, requested_by, requested_at)
  select p.user_id, 'existing', case when p.twilio_subaccount_status <> 'suspended' then now() end
  from public.user_preferences p
  where p.user_id = p_user_id and p.twilio_subaccount_sid is not null and p.twilio_subaccount_status <> 'closed'
    and not exists (select from public.subscriptions s where s.user_id = p_user_id and s.id <> p_subscription_id)
  on conflict (user_id) do update set requested_by = excluded.requested_by, requested_at = excluded.requested_at
  where t.requested_by is null;
end;
$$;
comment on function private.keep_existing_subaccount(uuid, text) is
  'Called when a tenant gets a gift. A subaccount that exists without a subscription or a request, such as one in a '
  'restored row, must have the same status after the gift, so its existence is recorded.';

create type public.link_stripe_customer_outcome as enum ('linked', 'unknown_user');
comment on type public.link_stripe_customer_outcome is 'Whether a customer is linked, or the user does not exist.';

create function public.link_stripe_customer(p_customer_id text, p_user_id uuid, p_origin public.subscription_origin)
  returns public.link_stripe_customer_outcome
language plpgsql
set search_path = ''
as $$
declare
  link private.stripe_customers;
  subscription_id text;
begin
  if not private.user_exists(p_user_id) then
    return 'unknown_user';
  end if;
  perform private.lock_stripe_customer(p_customer_id);
  link := private.link_customer(p_customer_id, p_user_id, p_origin);
  -- Events may arrive before the checkout that names the user: their subscriptions get their user now, unless their own
  -- metadata names another.
  for subscription_id in
    update public.subscriptions s set user_id = link.user_id, origin = link.origin
    where s.stripe_customer_id = p_customer_id and s.user_id is null and s.named_user_id is null
    returning s.id
  loop
    if link.origin = 'checkout' then
      perform private.keep_existing_subaccount(link.user_id, subscription_id);
    end if;
    perform private.ask_for_convergence(link.user_id);
  end loop;
  return 'linked';
end;
$$;
comment on function public.link_stripe_customer(text, uuid, public.subscription_origin) is
  'Links a Stripe customer to a user, and the customer''s subscriptions with it. The first link stays.';

create function private.plan_for_price(p_price_id text, p_lookup_key text) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(
    (select p.key from public.plans p where p.stripe_price_id = p_price_id),
    (select p.key from public.plans p where p.key = p_lookup_key));
end;
$$;
comment on function private.plan_for_price(text, text) is
  'The key of the plan that a Stripe price belongs to; null for an unknown price.';

create type private.priced_item as (
  plan_key text, price_id text, period_start timestamptz, period_end timestamptz
);
comment on type private.priced_item is
  'An item of a subscription: its price and billing period, with the plan of the price (null: unknown).';

create function private.best_item(p_prices jsonb) returns private.priced_item
language plpgsql stable
set search_path = ''
as $$
declare
  best private.priced_item;
begin
  select p.key, i.id, i.period_start, i.period_end into best
  from rows from (jsonb_to_recordset(p_prices)
    as (id text, "lookupKey" text, "periodStart" timestamptz, "periodEnd" timestamptz)) with ordinality
    as i (id, lookup_key, period_start, period_end, position)
  left join public.plans p on p.key = private.plan_for_price(i.id, i.lookup_key)
  order by p.rank desc nulls last, i.position
  limit 1;
  return best;
end;
$$;
comment on function private.best_item(jsonb) is
  'Of a subscription''s items ([{id, lookupKey, periodStart, periodEnd}], by their prices), the one with the best '
  'known plan; without a known price the first one, with a null plan_key.';

create function private.settle_unknown_price(p_subscription_id text, p_prices jsonb) returns void
language plpgsql
set search_path = ''
as $$
declare
  subject constant text := coalesce(p_prices -> 0 ->> 'id', p_subscription_id);
begin
  if not exists (
    select from public.subscriptions s
    where s.unknown_prices is not null and coalesce(s.unknown_prices -> 0 ->> 'id', s.id) = subject) then
    perform private.settle_alert('unknown_price', subject);
  end if;
end;
$$;
comment on function private.settle_unknown_price(text, jsonb) is
  'Closes the alert about a subscription''s unknown prices, unless another subscription has the same.';

create function private.lock_plan_prices(p_for_change boolean) returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_for_change then
    perform pg_advisory_xact_lock(hashtextextended('plan-prices', 0));
  else
    perform pg_advisory_xact_lock_shared(hashtextextended('plan-prices', 0));
  end if;
end;
$$;
comment on function private.lock_plan_prices(boolean) is
  'Until the end of the transaction no plan gets a price or, p_for_change, no subscription is recorded: at the same '
  'time, the subscription would not find the plan, and the plan not the subscription.';

create function private.begin_priced_plan() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.lock_plan_prices(true);
  return null;
end;
$$;
comment on function private.begin_priced_plan() is
  'Trigger: a plan is about to get a price. Before the row is locked, because recording a subscription locks its plan.';
create trigger price_changes before insert or update of stripe_price_id on public.plans
  for each statement execute function private.begin_priced_plan();

create function private.note_priced_plan() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  unpriced record;
  best private.priced_item;
begin
  for unpriced in
    select s.id, s.user_id, s.unknown_prices from public.subscriptions s
    where s.unknown_prices is not null order by s.id for update
  loop
    best := private.best_item(unpriced.unknown_prices);
    continue when best.plan_key is null;
    update public.subscriptions s set plan_key = best.plan_key, unknown_prices = null,
      current_period_start = best.period_start, current_period_end = best.period_end
    where s.id = unpriced.id;
    perform private.settle_unknown_price(unpriced.id, unpriced.unknown_prices);
    if private.user_exists(unpriced.user_id) then
      perform private.ask_for_convergence(unpriced.user_id);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.note_priced_plan() is
  'Trigger: a plan that gets a price, or is new, is applied to the subscriptions that were waiting for it.';
create trigger price_known_when_new after insert on public.plans
  for each row execute function private.note_priced_plan();
create trigger price_known_when_changed after update on public.plans
  for each row when (new.stripe_price_id is distinct from old.stripe_price_id)
  execute function private.note_priced_plan();

create type public.record_subscription_outcome as enum ('recorded', 'unlinked', 'superseded');
comment on type public.record_subscription_outcome is
  'Whether a subscription was stored. unlinked: stored, but no user is known for it. superseded: a later read was '
  'stored before.';

create function private.owner_named_by(p_named_user_id uuid, p_link private.stripe_customers)
returns table (user_id uuid, origin public.subscription_origin)
language plpgsql stable
set search_path = ''
as $$
begin
  if p_named_user_id is null then
    user_id := p_link.user_id;
    origin := p_link.origin;
  elsif private.user_exists(p_named_user_id) then
    user_id := p_named_user_id;
    origin := 'metadata';
  end if;
  return next;
end;
$$;
comment on function private.owner_named_by(uuid, private.stripe_customers) is
  'The user of a subscription: the one that its own metadata names, or that of its customer. With metadata that names '
  'an unknown user it has no user.';

create function private.note_recorded_subscription(p_before public.subscriptions, p_after public.subscriptions)
returns void
language plpgsql
set search_path = ''
as $$
declare
  affected uuid;
begin
  if p_after.origin = 'checkout' and p_before.user_id is null then
    perform private.keep_existing_subaccount(p_after.user_id, p_after.id);
  end if;
  -- A deleted user's convergence was asked for by the deletion.
  for affected in
    select distinct u from unnest(array[p_before.user_id, p_after.user_id]) u where private.user_exists(u) order by u
  loop
    perform private.ask_for_convergence(affected);
  end loop;
  if p_after.unknown_prices is not null then
    perform private.raise_alert('unknown_price', coalesce(p_after.unknown_prices -> 0 ->> 'id', p_after.id),
      p_after.user_id, jsonb_build_object('subscriptionId', p_after.id, 'keepsPlan', p_after.plan_key,
        'priceIds', jsonb_path_query_array(p_after.unknown_prices, '$[*].id')));
  end if;
  if p_before.unknown_prices is distinct from p_after.unknown_prices and p_before.unknown_prices is not null then
    perform private.settle_unknown_price(p_before.id, p_before.unknown_prices);
  end if;
end;
$$;
comment on function private.note_recorded_subscription(public.subscriptions, public.subscriptions) is
  'What a subscription that was just stored leads to: the convergence of its user and of the one it belonged to '
  'before, and an alert for prices that belong to no plan.';

create function public.record_subscription(
  p_subscription_id text, p_customer_id text, p_user_id uuid, p_origin public.subscription_origin,
  p_named_user_id uuid, p_status public.subscription_status, p_prices jsonb, p_first_payment_pending boolean,
  p_cancel_at timestamptz, p_ended_at timestamptz, p_created_at timestamptz, p_read_number bigint
) returns table (outcome public.record_subscription_outcome, user_id uuid)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  is_over constant boolean := p_status in ('canceled', 'incomplete_expired');
  best private.priced_item;
  owner record;
  before public.subscriptions;
  after public.subscriptions;
begin
  perform private.lock_stripe_customer(p_customer_id);
  perform private.lock_plan_prices(false);
  best := private.best_item(p_prices);
  select o.user_id, o.origin into owner from private.owner_named_by(p_named_user_id,
    private.link_customer(p_customer_id, coalesce(p_named_user_id, p_user_id),
      case when p_named_user_id is null then p_origin else 'metadata' end)) o;
  select * into before from public.subscriptions s where s.id = p_subscription_id for update;
  insert into public.subscriptions as s (id, user_id, origin, named_user_id, stripe_customer_id, plan_key,
    unknown_prices, status, first_payment_pending, past_due_since, current_period_start, current_period_end, cancel_at,
    ended_at, created_at, read_number)
  values (p_subscription_id, owner.user_id, owner.origin, p_named_user_id, p_customer_id, best.plan_key,
    case when best.plan_key is null and not is_over then p_prices end, p_status,
    coalesce(p_first_payment_pending, false), case when p_status = 'past_due' then now() end, best.period_start,
    best.period_end, p_cancel_at, p_ended_at, p_created_at, p_read_number)
  on conflict (id) do update set
    -- A known subscription keeps its user, unless its own metadata names another.
    user_id = case when p_named_user_id is null then coalesce(s.user_id, excluded.user_id)
      else coalesce(excluded.user_id, s.user_id) end,
    origin = case when p_named_user_id is null then coalesce(s.origin, excluded.origin)
      else coalesce(excluded.origin, s.origin) end,
    named_user_id = excluded.named_user_id,
    stripe_customer_id = excluded.stripe_customer_id,
    -- An unknown price takes no plan away.
    plan_key = coalesce(excluded.plan_key, s.plan_key),
    unknown_prices = excluded.unknown_prices,
    status = excluded.status,
    first_payment_pending = coalesce(p_first_payment_pending, s.first_payment_pending),
    -- The grace period starts with the first day past due, not with the latest reminder.
    past_due_since = case when excluded.status = 'past_due' then coalesce(s.past_due_since, now()) end,
    current_period_start = excluded.current_period_start,
    current_period_end = excluded.current_period_end,
    cancel_at = excluded.cancel_at,
    ended_at = excluded.ended_at,
    read_number = excluded.read_number
  where s.read_number <= excluded.read_number
  returning s.* into after;
  if after.id is null then
    outcome := 'superseded';
    user_id := before.user_id;
    return next;
    return;
  end if;
  outcome := case when after.user_id is null then 'unlinked' else 'recorded' end;
  user_id := after.user_id;
  perform private.note_recorded_subscription(before, after);
  return next;
end;
$$;
comment on function public.record_subscription(text, text, uuid, public.subscription_origin, uuid,
  public.subscription_status, jsonb, boolean, timestamptz, timestamptz, timestamptz, bigint) is
  'Stores a subscription as just read from Stripe and asks for convergence. p_user_id: the user that the event names. '
  'p_named_user_id: the user that the subscription''s own metadata names. p_prices: as best_item reads them. '
  'p_first_payment_pending: null when the latest invoice does not tell. user_id is the tenant it belongs to.';

-- Usage ---------------------------------------------------------------------------------------------------------------

create table public.twilio_usage (
  -- No foreign key: financial rows survive their user, with this id as a pseudonym.
  user_id uuid not null,
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
  'Usage of each subaccount by day and category, as Twilio counted it (IncludeSubaccounts=false), refreshed until '
  'Twilio stops changing it.';
create index twilio_usage_by_user on public.twilio_usage (user_id, day desc);

alter table public.twilio_usage enable row level security;
revoke all on public.twilio_usage from public, anon, authenticated, service_role;
grant select on public.twilio_usage to authenticated;
grant select, insert, update, delete on public.twilio_usage to service_role;
create policy "A tenant reads their own usage" on public.twilio_usage
  for select to authenticated using ((select auth.uid()) = user_id);

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.countries(),
  private.mother_country(text),
  private.is_country_in(text, text[], text[]),
  private.wanted_by_subscription(public.subscription_status, timestamptz, timestamptz, interval, interval,
    timestamptz),
  private.entitlement_of(uuid, timestamptz),
  private.wanted_subaccount(uuid, timestamptz, boolean),
  private.plan_of(uuid),
  public.record_stripe_event(text, text, timestamptz, jsonb),
  public.list_unrecorded_events(text[]),
  private.purge_event_payloads(integer),
  public.begin_stripe_event(text),
  public.settle_stripe_event(text, public.event_result),
  private.lock_stripe_customer(text),
  private.link_customer(text, uuid, public.subscription_origin),
  public.link_stripe_customer(text, uuid, public.subscription_origin),
  private.plan_for_price(text, text),
  private.keep_existing_subaccount(uuid, text),
  private.best_item(jsonb),
  private.settle_unknown_price(text, jsonb),
  private.lock_plan_prices(boolean),
  private.begin_priced_plan(),
  private.note_priced_plan(),
  private.owner_named_by(uuid, private.stripe_customers),
  private.note_recorded_subscription(public.subscriptions, public.subscriptions),
  public.record_subscription(text, text, uuid, public.subscription_origin, uuid, public.subscription_status, jsonb,
    boolean, timestamptz, timestamptz, timestamptz, bigint)
  from public, anon, authenticated;
grant execute on function
  private.countries(),
  private.mother_country(text),
  private.is_country_in(text, text[], text[]),
  private.wanted_by_subscription(public.subscription_status, timestamptz, timestamptz, interval, interval,
    timestamptz),
  private.entitlement_of(uuid, timestamptz),
  private.wanted_subaccount(uuid, timestamptz, boolean),
  private.plan_of(uuid),
  public.record_stripe_event(text, text, timestamptz, jsonb),
  public.list_unrecorded_events(text[]),
  private.purge_event_payloads(integer),
  public.begin_stripe_event(text),
  public.settle_stripe_event(text, public.event_result),
  private.lock_stripe_customer(text),
  private.link_customer(text, uuid, public.subscription_origin),
  public.link_stripe_customer(text, uuid, public.subscription_origin),
  private.plan_for_price(text, text),
  private.keep_existing_subaccount(uuid, text),
  private.best_item(jsonb),
  private.settle_unknown_price(text, jsonb),
  private.lock_plan_prices(boolean),
  private.owner_named_by(uuid, private.stripe_customers),
  private.note_recorded_subscription(public.subscriptions, public.subscriptions),
  public.record_subscription(text, text, uuid, public.subscription_origin, uuid, public.subscription_status, jsonb,
    boolean, timestamptz, timestamptz, timestamptz, bigint)
  to service_role;
