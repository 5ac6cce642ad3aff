-- What a tenant sees of their usage: counts and their own prices, never what Twilio charges.

-- Fees ----------------------------------------------------------------------------------------------------------------

create function private.note_fee_markup() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from private.usage_categories c
    where c.category = new.category and c.counts_as in ('fee', 'failed_message_fee')) then
    new.markup := coalesce((private.plan_of(new.user_id)).markup, 1);
  end if;
  return new;
end;
$$;
comment on function private.note_fee_markup() is
  'Trigger: a fee keeps the markup of the plan in force when it was first read.';
create trigger note_fee_markup before insert on public.twilio_usage
  for each row when (new.user_id is not null) execute function private.note_fee_markup();

-- Usage by day --------------------------------------------------------------------------------------------------------

create function private.currency_of(p_user_id uuid) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(
    (select t.unit from private.usage_totals t
      where t.user_id = p_user_id and t.unit <> '' order by t.day desc limit 1),
    (select upper(u.price_unit) from public.twilio_usage u
      where u.user_id = p_user_id and u.price_unit <> '' order by u.day desc limit 1));
end;
$$;
comment on function private.currency_of(uuid) is
  'The currency in which Twilio last priced something of a tenant; null before it has. Estimates and the fees of '
  'numbers are taken to be in it.';

create type private.day_usage as (
  day date, kind public.usage_kind, currency text, count bigint, segments bigint, price numeric,
  cost numeric);
comment on type private.day_usage is
  'What a tenant used on a UTC day, by kind and currency. price: the tenant''s. cost: what Twilio charges, which only '
  'operators see.';

create function private.usage_by_day(p_user_id uuid, p_from date, p_until date) returns setof private.day_usage
language plpgsql stable
set search_path = ''
as $$
declare
  currency constant text := private.currency_of(p_user_id);
begin
  return query
    select u.day, u.kind, u.currency, sum(u.count)::bigint, sum(u.segments)::bigint, sum(u.price),
      sum(u.cost)
    from (
      select t.day, t.kind, case t.unit when '' then currency else t.unit end as currency, t.count, t.segments, t.price,
        t.cost
      from private.usage_totals t where t.user_id = p_user_id and t.day >= p_from and t.day < p_until
      union all
      select r.day, 'fee', case r.price_unit when '' then currency else upper(r.price_unit) end, ceil(r.count)::bigint,
        0, private.marked_up(r.price, f.markup), r.price
      from private.usage_accounts a
      cross join lateral private.usage_of_days(a.account_sid, p_from, p_until - 1) r
      join public.twilio_usage f on f.account_sid = a.account_sid and (f.day, f.category, f.price_unit)
        = (r.day, r.category, r.price_unit)
      -- Carrier fees are part of the prices of messages.
      where a.user_id = p_user_id and r.class in ('fee', 'failed_message_fee')
    ) u
    group by u.day, u.kind, u.currency 
    having (sum(u.count), sum(u.segments), sum(u.price), sum(u.cost)) <> (0, 0, 0, 0);
end;
$$;
comment on function private.usage_by_day(uuid, date, date) is
  'A tenant''s usage on the days from p_from up to and without p_until: messages and numbers by our own count, fees as '
  'Twilio counted them. It reads a few rows a day, however many messages there were.';

-- Billing period ------------------------------------------------------------------------------------------------------

create type private.period_usage as (
  first_day date, last_day date, currency text, spent numeric, forecast numeric);
comment on type private.period_usage is
  'The UTC days of a billing period, both included, what was spent on them in currency, and what will be.';

create function private.fees_to_come(p_user_id uuid, p_until date) returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  plan constant public.plans := private.plan_of(p_user_id);
begin
  return coalesce((
    select sum(private.tenant_price(plan, p.monthly_price))
    from private.number_purchases p
    cross join lateral generate_series(p.fees, p.fees + 12) n
    where p.user_id = p_user_id and p.held_until = 'infinity'
      and private.utc_day(private.fee_date(p.reserved_at, n)) < p_until), 0);
end;
$$;
comment on function private.fees_to_come(uuid, date) is
  'The fees of the numbers that a tenant holds, up to and without a day at most a year ahead, as of now.';

create function private.period_usage_of(p_user_id uuid) returns private.period_usage
language plpgsql stable
set search_path = ''
as $$
declare
  today constant date := private.utc_day(now());
  period constant private.period := private.billing_period_of(p_user_id);
  used private.period_usage;
  complete_days integer;
  linear numeric; -- messages and other fees of complete days
  linear_today numeric;
  numbers numeric;
  currencies bigint;
begin
  used.first_day := private.utc_day(period.starts_at);
  -- The day on which a period begins is the first day of that period alone. Without news from Stripe it continues.
  used.last_day := greatest(private.utc_day(period.ends_at) - 1, today);
  used.currency := private.currency_of(p_user_id);
  select count(distinct u.currency),
    coalesce(sum(u.price) filter (where u.currency is not distinct from used.currency), 0),
    coalesce(sum(u.price) filter (where u.kind <> 'number' and u.day < today), 0),
    coalesce(sum(u.price) filter (where u.kind <> 'number' and u.day >= today), 0),
    coalesce(sum(u.price) filter (where u.kind = 'number'), 0)
  into currencies, used.spent, linear, linear_today, numbers
  from private.usage_by_day(p_user_id, used.first_day, used.last_day + 1) u;
  complete_days := today - used.first_day;
  if complete_days >= 3 and currencies <= 1 then
    used.forecast := numbers + private.fees_to_come(p_user_id, used.last_day + 1)
      + greatest(linear + linear_today,
        round(linear * (used.last_day + 1 - used.first_day) / complete_days, 5));
  end if;
  return used;
end;
$$;
comment on function private.period_usage_of(uuid) is
  'A tenant''s current billing period in whole UTC days. forecast: messages and other fees go on as on the complete '
  'days of the period, and numbers that are held keep their fees; null before three days are complete, and with more '
  'than one currency.';

-- The report ----------------------------------------------------------------------------------------------------------

create type public.usage_step as enum ('day', 'month', 'period');
comment on type public.usage_step is 'A UTC day, a calendar month in UTC, or the whole range.';

create function private.usage_report(p_user_id uuid, p_by public.usage_step, p_from date, p_until date) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object('from', r.from_day, 'until', r.until_day, 'kind', r.kind,
      'currency', r.currency, 'count', r.count, 'segments', r.segments, 'price', r.price)
      order by r.from_day, r.kind, r.currency)
    from (
      select s.from_day, s.until_day, s.kind, s.currency, sum(s.count) as count, sum(s.segments) as segments,
        sum(s.price) as price
      from (
        select u.*,
          case p_by when 'day' then u.day
            when 'month' then greatest(p_from, date_trunc('month', u.day::timestamp)::date) else p_from end as from_day,
          case p_by when 'day' then u.day + 1
            when 'month' then least(p_until, (date_trunc('month', u.day::timestamp) + interval '1 month')::date)
            else p_until end as until_day
        from private.usage_by_day(p_user_id, p_from, p_until) u
      ) s
      group by grouping sets ((s.from_day, s.until_day, s.kind, s.currency), (s.kind, s.currency), (s.currency))
    ) r), '[]');
end;
$$;
comment on function private.usage_report(uuid, public.usage_step, date, date) is
  'The usage of a range of days by step, kind and currency: [{from, until, kind, currency, count, segments, price}]. '
  'Rows without from are totals of the range, by kind, or without a kind of everything in a currency.';

create function public.get_usage(p_user_id uuid, p_by public.usage_step, p_from date default null,
  p_until date default null)
returns table (from_day date, until_day date, report jsonb, period_from date, period_until date, plan_key text,
  currency text, spent numeric, spend_limit numeric, spend_left numeric, forecast numeric, daily_limit bigint,
  daily_left bigint, monthly_limit bigint, monthly_left bigint, estimated_messages bigint, fees_read_at timestamptz,
  fees_final_until date)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  period constant private.period_usage := private.period_usage_of(p_user_id);
  limits constant private.limits := private.limits_of(p_user_id);
begin
  period_from := period.first_day;
  period_until := period.last_day + 1;
  currency := period.currency;
  spent := period.spent;
  forecast := period.forecast;
  from_day := coalesce(p_from, period_from);
  until_day := coalesce(p_until, period_until);
  report := private.usage_report(p_user_id, p_by, from_day, until_day);
  plan_key := limits.plan_key;
  spend_limit := limits.spend_limit;
  spend_left := limits.spend_left;
  daily_limit := limits.daily_message_limit;
  daily_left := limits.daily_messages_left;
  monthly_limit := limits.monthly_message_limit;
  monthly_left := limits.monthly_messages_left;
  estimated_messages := coalesce((select sum(t.count) from private.usage_totals t
    where t.user_id = p_user_id and t.day >= from_day and t.day < until_day and t.unit = ''
      and t.kind in ('sms_out', 'mms_out')), 0);
  select max(a.read_at), coalesce(min(open.day), min(a.read_through) + 1) into fees_read_at, fees_final_until
  from private.usage_accounts a
  left join lateral (
    select d.day from private.usage_days d where d.account_sid = a.account_sid and d.closed_at is null
    order by d.day limit 1
  ) open on true
  where a.user_id = p_user_id;
  return next;
end;
$$;
comment on function public.get_usage(uuid, public.usage_step, date, date) is
  'A tenant''s usage from p_from up to and without p_until (null: of the billing period), see usage_report, and what '
  'is left of their limits. estimated_messages: sent messages of the range that Twilio has not priced yet. '
  'fees_final_until: the first day whose fees may still change; null when none were read.';

create function public.cost_of_usage(p_user_id uuid, p_from date, p_until date) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('days', coalesce(jsonb_agg(jsonb_build_object('day', u.day, 'kind', u.kind,
      'currency', u.currency, 'count', u.count, 'segments', u.segments, 'price', trim_scale(u.price)::text,
      'cost', trim_scale(u.cost)::text) order by u.day, u.kind, u.currency), '[]'))
    from private.usage_by_day(p_user_id, p_from, p_until) u);
end;
$$;
comment on function public.cost_of_usage(uuid, date, date) is
  'A tenant''s usage on the days from p_from up to and without p_until, with what Twilio charges: {days: [{day, '
  'kind, currency, count, segments, price, cost}]}. For operators only.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.note_fee_markup(),
  private.currency_of(uuid),
  private.usage_by_day(uuid, date, date),
  private.fees_to_come(uuid, date),
  private.period_usage_of(uuid),
  private.usage_report(uuid, public.usage_step, date, date),
  public.get_usage(uuid, public.usage_step, date, date),
  public.cost_of_usage(uuid, date, date)
  from public, anon, authenticated;
grant execute on function
  private.currency_of(uuid),
  private.usage_by_day(uuid, date, date),
  private.fees_to_come(uuid, date),
  private.period_usage_of(uuid),
  private.usage_report(uuid, public.usage_step, date, date),
  public.get_usage(uuid, public.usage_step, date, date),
  public.cost_of_usage(uuid, date, date)
  to service_role;
