-- The ledger compared with Twilio's usage, per account and UTC day, in classes whose sum is the difference.
--
-- All amounts are positive for a cost and in the currency of the day's totalprice. usage_total is totalprice.
-- ledger_total is what the ledger has for the day: the prices of messages that are priced in that currency, the fees of
-- numbers, and other fees. A class is positive when Twilio counts more than the ledger.
--
-- Why usage_total - ledger_total is exactly the sum of the classes:
-- 1. Usage splits by definition: totalprice = leaves + unknown categories + beyond, where
--    beyond = totalprice - leaves - unknown categories. unknown_category is the amount of the unknown categories.
--    beyond is uncategorised, or currency on a day that has categories in another currency.
-- 2. The leaves are those of kinds (messages in and out, numbers, fees, other products), of carrier fees and of fees
--    for failed messages. The ledger splits into the same kinds and its own fees for failed messages.
-- 3. In a kind with counts, c messages of Twilio's cost P, p messages of the ledger are priced and cost A, o are not
--    priced yet, and f are priced in another currency. Of the c, as many as possible are the p, then the f, then the o;
--    the rest is missing here. compare_kind cuts P into four shares by these counts and A into three, both by
--    cumulative sums whose last one is P and A themselves. So P = counted + f's + o's + missing share, and
--    A = counted + counted in another currency + missing at Twilio, without a remainder.
--    surplus = A's counted part - P's counted part.
-- 4. In a kind without counts of ours (fees, other products), P - A is missing here or at Twilio by its sign.
-- 5. Message.price contains carrier fees, and the leaves of messages do not. Per channel, F is the carrier fees and the
--    surpluses S of its two kinds may contain them: carrier_fee = F - used and rate = used - S add up to F - S for any
--    `used`. It is as much of the positive surpluses as F covers, so carrier_fee is 0 without F, and rate is 0 when F
--    covers all.
-- 6. The shares of step 3 are averages, and messages to different countries cost differently. So a rate moves to the
--    class of what is not priced or missing in the same channel, if each of those messages then costs between nothing
--    and twenty times the average. A rate that is left has no such explanation. Numbers are a channel without fees.
-- Each step only splits an amount into parts that add up to it, so the sum of the classes is the difference. A check
-- constraint repeats this for every row.
--
-- Rounding: a share is rounded to six decimals, the sum of the shares is not. A counted part that differs by no more
-- than 0.000001 from the ledger's counts as equal on a day with open, foreign or missing messages.

create type public.reconciliation as (
  account_sid text, day date, user_id uuid, price_unit text, usage_total numeric, ledger_total numeric,
  not_priced_yet numeric, carrier_fee numeric, failed_message_fee numeric, uncategorised numeric,
  unknown_category numeric, missing_here numeric, missing_at_twilio numeric, rate numeric, currency numeric,
  kinds jsonb, other_currencies jsonb, is_closed boolean, is_shifted boolean, reconciled_at timestamptz);
comment on type public.reconciliation is
  'An account''s day compared with Twilio''s usage: a row of private.reconciliations.';

create table private.reconciliations of public.reconciliation (
  primary key (account_sid, day),
  price_unit with options not null,
  kinds with options not null,
  other_currencies with options not null,
  is_closed with options not null,
  is_shifted with options not null,
  reconciled_at with options not null,
  constraint reconciliations_whole check (num_nulls(usage_total, ledger_total, not_priced_yet, carrier_fee,
    failed_message_fee, uncategorised, unknown_category, missing_here, missing_at_twilio, rate, currency) = 0),
  constraint reconciliations_add_up check (usage_total - ledger_total = not_priced_yet + carrier_fee
    + failed_message_fee + uncategorised + unknown_category + missing_here + missing_at_twilio + rate + currency)
);
comment on table private.reconciliations is
  'The last comparison of each account''s day with Twilio''s usage. user_id is null for the master account, whose own '
  'usage is compared with the messages that it sent for tenants and its own numbers. No foreign key: financial rows '
  'survive their user.';
comment on column private.reconciliations.price_unit is 'The currency of all amounts, in upper case.';
comment on column private.reconciliations.not_priced_yet is
  'Messages and numbers of the ledger without a price, as many as Twilio counts, at the day''s price in usage.';
comment on column private.reconciliations.carrier_fee is
  'Carrier fees in usage that the prices of messages do not contain yet.';
comment on column private.reconciliations.failed_message_fee is
  'Fees for failed messages in usage, beyond those in the ledger.';
comment on column private.reconciliations.uncategorised is 'What totalprice has beyond its categories, or less.';
comment on column private.reconciliations.unknown_category is
  'Categories that usage_categories does not list. One that contains others makes uncategorised as much less.';
comment on column private.reconciliations.missing_here is
  'Messages that Twilio counts and the ledger does not have, at the day''s price in usage, and what Twilio charges for '
  'products that the ledger does not have.';
comment on column private.reconciliations.missing_at_twilio is
  'Priced messages, numbers and fees of the ledger that Twilio does not count: negative, at the ledger''s average '
  'price.';
comment on column private.reconciliations.rate is
  'For what both count: another price in usage, carrier fees aside. Positive: Twilio''s usage is more.';
comment on column private.reconciliations.currency is
  'What one side has in another currency: messages at the day''s price in usage, and what totalprice has beyond its '
  'categories on a day with categories in another currency.';
comment on column private.reconciliations.kinds is
  'The evidence, per kind: counts and amounts of both sides, and how many messages fell into each class.';
comment on column private.reconciliations.other_currencies is
  'Amounts in other currencies, by currency: {"EUR": {"usage": 1.5, "ledger": 0}}. Never added to the others.';
comment on column private.reconciliations.is_shifted is
  'What is missing on one side is missing on the other side a day before or after: counted around midnight.';
create index reconciliations_by_day on private.reconciliations (day, account_sid);
create index reconciliations_unknown on private.reconciliations (day) where unknown_category <> 0;
alter table private.reconciliations enable row level security;
revoke all on private.reconciliations from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.reconciliations to service_role;

-- What is due ---------------------------------------------------------------------------------------------------------

create table private.days_to_reconcile (
  account_sid text not null,
  day date not null,
  due_at timestamptz not null default now(),
  primary key (account_sid, day)
);
comment on table private.days_to_reconcile is
  'Days of which the usage or the ledger changed since they were compared. A day without a row is not looked at.';
create index days_to_reconcile_by_due_at on private.days_to_reconcile (due_at);
alter table private.days_to_reconcile enable row level security;
revoke all on private.days_to_reconcile from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.days_to_reconcile to service_role;

create function private.reconcile_by(p_account_sid text, p_day date, p_due_at timestamptz default now()) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.days_to_reconcile as d (account_sid, day, due_at) values (p_account_sid, p_day, p_due_at)
  on conflict (account_sid, day) do update set due_at = excluded.due_at where d.due_at > excluded.due_at;
end;
$$;
comment on function private.reconcile_by(text, date, timestamptz) is
  'Makes a day due for comparison at a moment at the latest.';

create function private.note_changed_usage() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.reconcile_by(new.account_sid, new.day);
  if tg_table_name = 'usage_days' and new.user_id is null then
    perform private.learn_currency(new.price_unit, 'usage');
  end if;
  return null;
end;
$$;
comment on function private.note_changed_usage() is
  'Trigger: compares a day again after its usage changed, or the day was closed or opened.';
create trigger note_new_day after insert on private.usage_days
  for each row execute function private.note_changed_usage();
create trigger note_changed_day after update on private.usage_days
  for each row when ((old.total_price, old.price_unit, old.changed_at, old.user_id, old.closed_at is null)
    is distinct from (new.total_price, new.price_unit, new.changed_at, new.user_id, new.closed_at is null))
  execute function private.note_changed_usage();
create trigger note_new_usage after insert on public.twilio_usage
  for each row execute function private.note_changed_usage();
create trigger note_changed_usage after update on public.twilio_usage
  for each row when ((old.count, old.price) is distinct from (new.count, new.price))
  execute function private.note_changed_usage();

create function private.note_late_price(p_message public.sms_messages, p_sent_at timestamptz) returns void
language plpgsql
set search_path = ''
as $$
declare
  counted_on constant date := private.utc_day(coalesce(p_sent_at, p_message.sent_at, p_message.created_at));
begin
  if counted_on < private.utc_day() then
    perform private.reconcile_by(p_message.account_sid, counted_on);
    if counted_on <> private.utc_day(coalesce(p_message.sent_at, p_message.created_at)) then
      perform private.reconcile_by(p_message.account_sid, private.utc_day(
        coalesce(p_message.sent_at, p_message.created_at)));
    end if;
  end if;
end;
$$;
comment on function private.note_late_price(public.sms_messages, timestamptz) is
  'Compares the day of a message again, because its price changed after that day. p_message: as it was before.';

create function private.note_known_category() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into private.days_to_reconcile (account_sid, day)
  select r.account_sid, r.day
  from private.reconciliations r join public.twilio_usage u using (account_sid, day)
  where r.unknown_category <> 0 and u.category = new.category
  on conflict (account_sid, day) do nothing;
  return null;
end;
$$;
comment on function private.note_known_category() is
  'Trigger: compares the days again on which a category was unknown that is listed now.';
create trigger note_known_category after insert or update on private.usage_categories
  for each row execute function private.note_known_category();

-- The two sides -------------------------------------------------------------------------------------------------------

create function private.is_counted(p_message public.sms_messages) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_message.twilio_message_sid is not null and p_message.status not in ('refused', 'not_sent')
    -- Twilio charges a fee of its own for failed messages, and counts them nowhere else.
    and (p_message.status not in ('failed', 'canceled') or coalesce(p_message.price, 0) <> 0);
end;
$$;
comment on function private.is_counted(public.sms_messages) is
  'Whether Twilio''s usage should count a message of the ledger.';

create function private.messages_of_day(p_account_sid text, p_user_id uuid, p_day date)
returns setof public.sms_messages
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  -- Twilio's date of sending is at most hours from ours.
  earliest constant timestamptz := (p_day - 1)::timestamp at time zone 'utc';
  latest constant timestamptz := (p_day + 2)::timestamp at time zone 'utc';
begin
  if p_user_id is null then
    return query
      select m.* from public.sms_messages m
      where m.source = 'master' and m.account_sid = p_account_sid and m.created_at >= earliest and m.created_at < latest
        and private.utc_day(coalesce(m.sent_at, m.created_at)) = p_day and private.is_counted(m);
  else
    return query
      select m.* from public.sms_messages m
      where m.user_id = p_user_id and m.created_at >= earliest and m.created_at < latest
        and m.account_sid = p_account_sid
        and private.utc_day(coalesce(m.sent_at, m.created_at)) = p_day and private.is_counted(m);
  end if;
end;
$$;
comment on function private.messages_of_day(text, uuid, date) is
  'The messages that an account sent or received on a UTC day, by Twilio''s date, and that Twilio should count. '
  'p_user_id: the tenant of the account, null for the master account.';

create function private.number_fees_of_day(p_account_sid text, p_user_id uuid, p_day date)
returns table (priced bigint, price numeric, open bigint)
language plpgsql stable
set search_path = ''
as $$
begin
  select coalesce(sum(f.fees) filter (where f.monthly_price is not null), 0),
    coalesce(sum(f.fees * f.monthly_price), 0), coalesce(sum(f.fees) filter (where f.monthly_price is null), 0)
  into priced, price, open
  from (
    select p.monthly_price, private.fees_between(p.reserved_at, p.held_until, p_day::timestamp at time zone 'utc',
      (p_day + 1)::timestamp at time zone 'utc') as fees
    from private.number_purchases p
    where p.user_id = p_user_id and p.account_sid = p_account_sid and p.is_purchase
      and p.held_until >= p_day::timestamp at time zone 'utc'
  ) f;
  -- Of other numbers, and of those that returned, Twilio's own date is not known.
  open := open + (
    select count(*) from private.number_purchases p
    where p.user_id = p_user_id and not p.is_purchase and coalesce(p.account_sid, p_account_sid) = p_account_sid
      and p.reserved_at < (p_day + 1)::timestamp at time zone 'utc'
      and p.held_until >= p_day::timestamp at time zone 'utc'
  ) + (
    select count(*) from public.user_twilio_numbers n
    where n.user_id = p_user_id and n.account_sid = p_account_sid and n.status <> 'purchasing'
      and not exists (select from private.number_purchases p where p.number_id = n.id));
  return next;
end;
$$;
comment on function private.number_fees_of_day(text, uuid, date) is
  'The monthly fees of an account''s numbers on a day: those that Switchboard bought, with the price at that time. '
  'open: numbers that came another way, whose fee Twilio may count on any day.';

-- Comparing -----------------------------------------------------------------------------------------------------------

create function private.cut(p_amount numeric, p_part numeric, p_whole numeric) returns numeric
language plpgsql immutable
set search_path = ''
as $$
begin
  return case when p_part <= 0 then 0 when p_part >= p_whole then p_amount
    else round(p_amount * p_part / p_whole, 6) end;
end;
$$;
comment on function private.cut(numeric, numeric, numeric) is
  'The amount of the first p_part of p_whole equal pieces; exactly 0 for none and exactly p_amount for all.';

create type private.kind_comparison as (
  not_priced_yet numeric, missing_here numeric, missing_at_twilio numeric, currency numeric, surplus numeric,
  counted numeric, open numeric, here numeric, at_twilio numeric);
comment on type private.kind_comparison is
  'How a kind''s amount in usage and in the ledger differ: usage - ledger = not_priced_yet + missing_here + '
  'missing_at_twilio + currency - surplus. counted: messages that both have. open, here, at_twilio: messages that are '
  'not priced, missing here and missing at Twilio.';

create function private.compare_kind(
  p_count numeric, p_price numeric, p_other_count numeric, -- at Twilio: in the day's currency, and in others
  p_priced numeric, p_paid numeric, p_open numeric, p_foreign numeric -- in the ledger
) returns private.kind_comparison
language plpgsql immutable
set search_path = ''
as $$
declare
  compared private.kind_comparison;
  at_twilio constant numeric := greatest(p_count, 0);
  elsewhere constant numeric := greatest(p_other_count, 0);
  counted constant numeric := least(p_priced, at_twilio);
  -- A message in another currency on both sides is no difference.
  foreign_left constant numeric := p_foreign - least(p_foreign, elsewhere);
  elsewhere_left constant numeric := elsewhere - least(p_foreign, elsewhere);
  foreign_counted constant numeric := least(foreign_left, at_twilio - counted);
  open_counted constant numeric := least(p_open, at_twilio - counted - foreign_counted);
  priced_elsewhere constant numeric := least(p_priced - counted, elsewhere_left);
  charged numeric := private.cut(p_price, counted, at_twilio);
  paid numeric := private.cut(p_paid, counted, p_priced);
  charged_to_foreign numeric;
  charged_to_open numeric;
  paid_to_elsewhere numeric;
begin
  if abs(charged - paid) <= 0.000001 then -- see Rounding
    if counted < at_twilio then
      charged := paid;
    elsif counted < p_priced then
      paid := charged;
    end if;
  end if;
  -- Of equal counts, the sums are equal: a class without messages is 0.
  charged_to_foreign := case when foreign_counted = 0 then charged
    else private.cut(p_price, counted + foreign_counted, at_twilio) end;
  charged_to_open := case when open_counted = 0 then charged_to_foreign
    else private.cut(p_price, counted + foreign_counted + open_counted, at_twilio) end;
  paid_to_elsewhere := case when priced_elsewhere = 0 then paid
    else private.cut(p_paid, counted + priced_elsewhere, p_priced) end;
  compared.counted := counted;
  compared.open := open_counted;
  compared.here := at_twilio - counted - foreign_counted - open_counted;
  compared.at_twilio := p_priced - counted - priced_elsewhere;
  compared.surplus := paid - charged;
  compared.currency := (charged_to_foreign - charged) - (paid_to_elsewhere - paid);
  compared.not_priced_yet := charged_to_open - charged_to_foreign;
  -- With a count of 0 the cuts are 0: an amount for no message is one that the ledger does not have.
  compared.missing_here := p_price - charged_to_open;
  compared.missing_at_twilio := paid_to_elsewhere - p_paid;
  return compared;
end;
$$;
comment on function private.compare_kind(numeric, numeric, numeric, numeric, numeric, numeric, numeric) is
  'Compares what Twilio and the ledger have of one kind, by their counts (see the head of this file, 3).';

create function private.unit_of(p_price_unit text) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(nullif(upper(p_price_unit), ''), private.currency(), '');
end;
$$;
comment on function private.unit_of(text) is
  'A currency in upper case. Where none was reported, it is the master account''s.';

create type private.usage_part as (kind text, count numeric, price numeric, other_count numeric);
comment on type private.usage_part is
  'The leaves of one kind on a day: count and price in the day''s currency, other_count in other currencies. The kind '
  'is a class, unknown, or the carrier fees of sms or mms.';

create function private.usage_parts(p_account_sid text, p_day date, p_unit text) returns setof private.usage_part
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select u.kind,
      -- Setting up a number is counted, and free.
      coalesce(sum(u.count) filter (where u.unit = p_unit and (u.kind <> 'number' or u.price <> 0)), 0),
      coalesce(sum(u.price) filter (where u.unit = p_unit), 0),
      coalesce(sum(u.count) filter (where u.unit <> p_unit and u.price <> 0), 0)
    from (
      select case when r.class = 'carrier_fee' then case when r.category like 'mms%' then 'mms_fee' else 'sms_fee' end
          else coalesce(r.class::text, 'unknown') end as kind,
        private.unit_of(r.price_unit) as unit, r.count, r.price
      from private.usage_of_days(p_account_sid, p_day, p_day) r
    ) u
    group by u.kind;
end;
$$;
comment on function private.usage_parts(text, date, text) is 'Twilio''s usage of a day by kind, in one currency.';

create type private.ledger_part as (kind text, priced numeric, paid numeric, open numeric, in_others numeric);
comment on type private.ledger_part is
  'What the ledger has of one kind on a day: how many are priced in the day''s currency and their cost, how many are '
  'not priced, and how many are priced in another currency.';

create function private.fee_parts(p_account_sid text, p_user_id uuid, p_day date, p_unit text)
returns setof private.ledger_part
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select case f.kind when 'registration' then 'fee' when 'failed_message' then 'failed_message_fee' else 'other' end,
      0::numeric, sum(f.cost), 0::numeric, 0::numeric
    from private.fees f
    where f.user_id = p_user_id and f.kind <> 'number' and not f.is_from_usage
      and f.charged_at >= p_day::timestamp at time zone 'utc'
      and f.charged_at < (p_day + 1)::timestamp at time zone 'utc' and private.unit_of(null) in (p_unit, '')
      -- A fee has no account. It is one of the account that the tenant had last by then.
      and not exists (select from private.usage_accounts o join private.usage_accounts a using (user_id)
        where o.user_id = p_user_id and a.account_sid = p_account_sid and o.first_day > a.first_day
          and o.first_day <= p_day)
    group by 1;
end;
$$;
comment on function private.fee_parts(text, uuid, date, text) is
  'The reserved fees of a tenant on a day by kind, if the day''s usage is in the currency of the master account. Those '
  'that were found in usage are no evidence against it, and the fees of numbers are those of number_fees_of_day.';

create function private.ledger_parts(p_account_sid text, p_user_id uuid, p_day date, p_unit text)
returns setof private.ledger_part
language plpgsql stable
set search_path = ''
as $$
declare
  numbers record;
begin
  return query
    select m.kind::text,
      count(*) filter (where m.price is not null and private.unit_of(m.price_unit) = p_unit)::numeric,
      coalesce(sum(-m.price) filter (where private.unit_of(m.price_unit) = p_unit), 0),
      count(*) filter (where m.price is null)::numeric,
      count(*) filter (where m.price is not null and private.unit_of(m.price_unit) <> p_unit)::numeric
    from private.messages_of_day(p_account_sid, p_user_id, p_day) m
    group by m.kind;
  select * into numbers from private.number_fees_of_day(p_account_sid, p_user_id, p_day);
  if private.unit_of(null) in (p_unit, '') then
    return next row('number', numbers.priced, numbers.price, numbers.open, 0)::private.ledger_part;
  else
    return next row('number', 0, 0, numbers.open, numbers.priced)::private.ledger_part;
  end if;
  return query select * from private.fee_parts(p_account_sid, p_user_id, p_day, p_unit);
end;
$$;
comment on function private.ledger_parts(text, uuid, date, text) is
  'What the ledger has of an account''s day by kind, in one currency.';

create function private.other_currencies(p_account_sid text, p_user_id uuid, p_day date, p_unit text) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_object_agg(o.unit, jsonb_build_object('usage', o.usage, 'ledger', o.ledger)), '{}')
    from (
      select a.unit, sum(a.usage) as usage, sum(a.ledger) as ledger
      from (
        select private.unit_of(r.price_unit) as unit, r.price as usage, 0 as ledger
        from private.usage_of_days(p_account_sid, p_day, p_day) r
        union all
        select private.unit_of(m.price_unit), 0, -m.price
        from private.messages_of_day(p_account_sid, p_user_id, p_day) m where m.price is not null
      ) a
      where a.unit <> p_unit group by a.unit
    ) o);
end;
$$;
comment on function private.other_currencies(text, uuid, date, text) is
  'What usage and ledger have in other currencies than p_unit, by currency.';

create type private.explained_rate as (
  not_priced_yet numeric, missing_here numeric, missing_at_twilio numeric, rate numeric);
comment on type private.explained_rate is 'The shares of a channel in four classes.';

create function private.explain_rate(p_rate numeric, p_shares jsonb) returns private.explained_rate
language plpgsql immutable
set search_path = ''
as $$
declare
  most constant numeric := 20; -- a message to one country costs up to that many times one to another
  explained private.explained_rate;
  share numeric;
  class text;
begin
  explained := jsonb_populate_record(null::private.explained_rate, coalesce(p_shares,
    '{"not_priced_yet": 0, "missing_here": 0, "missing_at_twilio": 0}'));
  explained.rate := p_rate;
  foreach class in array array['not_priced_yet', 'missing_here', 'missing_at_twilio'] loop
    share := (p_shares ->> class)::numeric;
    if explained.rate <> 0 and share <> 0 and (share + explained.rate) / share between 0 and most then
      explained := jsonb_populate_record(explained, jsonb_build_object(class, share + explained.rate, 'rate', 0));
    end if;
  end loop;
  return explained;
end;
$$;
comment on function private.explain_rate(numeric, jsonb) is
  'Moves the rate of a channel to one of its shares, if that is likely (see the head of this file, 6). The sum stays.';

create type private.compared_kind as (
  kind text, channel text, usage_price numeric, ledger_price numeric, compared private.kind_comparison, evidence jsonb);
comment on type private.compared_kind is
  'A kind of a day on both sides. channel and compared: of kinds with counts; carrier fees have the channel alone. '
  'evidence: what the reconciliation shows of the kind; null when neither side has any.';

create function private.compared_kinds(p_account_sid text, p_user_id uuid, p_day date, p_unit text)
returns setof private.compared_kind
language plpgsql stable
set search_path = ''
as $$
declare
  k record;
  compared private.kind_comparison;
begin
  for k in
    select kind, coalesce(u.count, 0) as count, coalesce(u.price, 0) as price, coalesce(u.other_count, 0) as elsewhere,
      coalesce(l.priced, 0) as priced, coalesce(l.paid, 0) as paid, coalesce(l.in_others, 0) as in_others,
      -- What shared numbers receive belongs to no tenant, and the master account's own numbers have no purchase here:
      -- the ledger never has them.
      case when p_user_id is null and kind in ('sms_in', 'mms_in', 'number') then greatest(u.count, 0)
        else coalesce(l.open, 0) end as open,
      case when kind not in ('unknown', 'failed_message_fee', 'fee', 'other') then left(kind, 3) end as channel,
      kind in ('sms_out', 'sms_in', 'mms_out', 'mms_in', 'number') as has_counts
    from private.usage_parts(p_account_sid, p_day, p_unit) u
    full join private.ledger_parts(p_account_sid, p_user_id, p_day, p_unit) l using (kind)
  loop
    compared := null;
    if k.has_counts then
      compared := private.compare_kind(k.count, k.price, k.elsewhere, k.priced, k.paid, k.open, k.in_others);
    end if;
    return next row(k.kind, k.channel, k.price, k.paid, compared,
      case when k.count <> 0 or k.price <> 0 or k.priced <> 0 or k.in_others <> 0
          or (k.open <> 0 and k.kind <> 'number') then
        jsonb_build_object('usageCount', k.count, 'usagePrice', k.price, 'priced', k.priced, 'ledgerPrice', k.paid,
          'open', k.open, 'otherCurrency', k.in_others, 'missingHere', coalesce(compared.here, 0),
          'missingAtTwilio', coalesce(compared.at_twilio, 0)) end)::private.compared_kind;
  end loop;
end;
$$;
comment on function private.compared_kinds(text, uuid, date, text) is
  'Compares each kind of a day by itself (see the head of this file, 2 and 3).';

create type private.compared_channel as (carrier_fee numeric, explained private.explained_rate);
comment on type private.compared_channel is 'The shares of a channel, with its carrier fees.';

create function private.compared_channels(p_kinds private.compared_kind[]) returns setof private.compared_channel
language plpgsql immutable
set search_path = ''
as $$
declare
  c record;
  used numeric;
begin
  for c in
    select coalesce(sum(k.usage_price) filter (where k.compared is null), 0) as fee,
      coalesce(sum(greatest((k.compared).surplus, 0)), 0) as above, -- may contain carrier fees
      coalesce(sum(least((k.compared).surplus, 0)), 0) as below,
      jsonb_build_object('not_priced_yet', coalesce(sum((k.compared).not_priced_yet), 0),
        'missing_here', coalesce(sum((k.compared).missing_here), 0),
        'missing_at_twilio', coalesce(sum((k.compared).missing_at_twilio), 0)) as shares
    from unnest(p_kinds) k where k.channel is not null group by k.channel
  loop
    -- Of the prices above usage's, as much is carrier fees as usage has; of a negative fee likewise.
    used := case when c.fee >= 0 then least(c.above, c.fee) else greatest(c.below, c.fee) end;
    return next row(c.fee - used, private.explain_rate(used - c.above - c.below, c.shares))::private.compared_channel;
  end loop;
end;
$$;
comment on function private.compared_channels(private.compared_kind[]) is
  'Adds the kinds of each channel, and explains their rates (see the head of this file, 5 and 6).';

create function private.compare_day(p_account_sid text, p_user_id uuid, p_day date, p_unit text, p_total numeric)
returns private.reconciliations
language plpgsql stable
set search_path = ''
as $$
declare
  r private.reconciliations;
  kinds constant private.compared_kind[] :=
    array(select k from private.compared_kinds(p_account_sid, p_user_id, p_day, p_unit) k);
  channels record;
  beyond numeric;
begin
  r.account_sid := p_account_sid;
  r.day := p_day;
  r.user_id := p_user_id;
  r.price_unit := p_unit;
  r.usage_total := p_total;
  r.other_currencies := private.other_currencies(p_account_sid, p_user_id, p_day, p_unit);

  select coalesce(sum((c.explained).not_priced_yet), 0) as not_priced_yet,
    coalesce(sum((c.explained).missing_here), 0) as missing_here,
    coalesce(sum((c.explained).missing_at_twilio), 0) as missing_at_twilio,
    coalesce(sum((c.explained).rate), 0) as rate, coalesce(sum(c.carrier_fee), 0) as carrier_fee
  into channels from private.compared_channels(kinds) c;
  r.not_priced_yet := channels.not_priced_yet;
  r.carrier_fee := channels.carrier_fee;
  r.rate := channels.rate;

  select coalesce(sum(k.ledger_price), 0), p_total - coalesce(sum(k.usage_price), 0),
    coalesce(sum((k.compared).currency), 0),
    coalesce(sum(k.usage_price) filter (where k.kind = 'unknown'), 0),
    coalesce(sum(k.usage_price - k.ledger_price) filter (where k.kind = 'failed_message_fee'), 0),
    channels.missing_here
      + coalesce(sum(greatest(k.usage_price - k.ledger_price, 0)) filter (where k.kind in ('fee', 'other')), 0),
    channels.missing_at_twilio
      + coalesce(sum(least(k.usage_price - k.ledger_price, 0)) filter (where k.kind in ('fee', 'other')), 0),
    coalesce(jsonb_object_agg(k.kind, k.evidence) filter (where k.evidence is not null), '{}')
  into r.ledger_total, beyond, r.currency, r.unknown_category, r.failed_message_fee, r.missing_here,
    r.missing_at_twilio, r.kinds
  from unnest(kinds) k;

  if jsonb_path_exists(r.other_currencies, '$.*.usage ? (@ != 0)') then
    r.uncategorised := 0;
    r.currency := r.currency + beyond;
  else
    r.uncategorised := beyond;
  end if;
  return r;
end;
$$;
comment on function private.compare_day(text, uuid, date, text, numeric) is
  'Compares a day''s usage, with its totalprice in p_unit, with the ledger (see the head of this file). Without the '
  'columns that say when and how far.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.reconcile_by(text, date, timestamptz),
  private.note_changed_usage(),
  private.note_late_price(public.sms_messages, timestamptz),
  private.note_known_category(),
  private.is_counted(public.sms_messages),
  private.messages_of_day(text, uuid, date),
  private.number_fees_of_day(text, uuid, date),
  private.cut(numeric, numeric, numeric),
  private.compare_kind(numeric, numeric, numeric, numeric, numeric, numeric, numeric),
  private.unit_of(text),
  private.usage_parts(text, date, text),
  private.fee_parts(text, uuid, date, text),
  private.ledger_parts(text, uuid, date, text),
  private.other_currencies(text, uuid, date, text),
  private.explain_rate(numeric, jsonb),
  private.compared_kinds(text, uuid, date, text),
  private.compared_channels(private.compared_kind[]),
  private.compare_day(text, uuid, date, text, numeric)
  from public, anon, authenticated;
grant execute on function
  private.reconcile_by(text, date, timestamptz),
  private.note_late_price(public.sms_messages, timestamptz),
  private.is_counted(public.sms_messages),
  private.messages_of_day(text, uuid, date),
  private.number_fees_of_day(text, uuid, date),
  private.cut(numeric, numeric, numeric),
  private.compare_kind(numeric, numeric, numeric, numeric, numeric, numeric, numeric),
  private.unit_of(text),
  private.usage_parts(text, date, text),
  private.fee_parts(text, uuid, date, text),
  private.ledger_parts(text, uuid, date, text),
  private.other_currencies(text, uuid, date, text),
  private.explain_rate(numeric, jsonb),
  private.compared_kinds(text, uuid, date, text),
  private.compared_channels(private.compared_kind[]),
  private.compare_day(text, uuid, date, text, numeric)
  to service_role;
