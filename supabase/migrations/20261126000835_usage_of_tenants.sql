-- What a tenant sees of their usage: counts and their own prices, never what Twilio charges.

-- Fees ----------------------------------------------------------------------------------------------------------------

create function private.fee_kind_of(p_class private.usage_class, p_category text) returns public.fee_kind
language plpgsql immutable
set search_path = ''
as $$
begin
  return case p_class
    when 'fee' then 'registration'
    when 'failed_message_fee' then 'failed_message'
    -- Without their parts, and in its domestic category, these are the messages themselves.
    when 'other' then case when p_category not in ('sms', 'mms', 'smsmessages-outbound-domestic') then 'other' end
    -- Numbers have their monthly fees. No row of ours stands for a short code.
    when 'number' then case when left(p_category, 10) = 'shortcodes' then 'other' end
  end;
end;
$$;
comment on function private.fee_kind_of(private.usage_class, text) is
  'The kind of fee that a category of usage counts; null for what messages or the fees of numbers show already. '
  'Carrier fees are part of the prices of messages.';

create function private.cover_fees(p_user_id uuid, p_key text, p_kind public.fee_kind, p_day date, p_cost numeric)
returns numeric
language plpgsql
set search_path = ''
as $$
declare
  reserved private.fees;
  covered numeric := 0;
begin
  for reserved in
    select * from private.fees f
    where f.user_id = p_user_id and f.kind = p_kind and not f.is_from_usage and f.covered_by is null
      -- Twilio counts a fee on the day of the call, or within days of it.
      and f.charged_at >= (p_day - 3)::timestamp at time zone 'utc'
      and f.charged_at < (p_day + 1)::timestamp at time zone 'utc'
    order by f.charged_at, f.key
  loop
    exit when covered >= p_cost;
    update private.fees f set covered_by = p_key where f.id = reserved.id;
    covered := covered + reserved.cost;
  end loop;
  return covered;
end;
$$;
comment on function private.cover_fees(uuid, text, public.fee_kind, date, numeric) is
  'Finds the reserved fees that a fee in usage shows, the oldest first. Each is shown once. Returns their cost.';

create function private.note_usage_fees(p_account private.usage_accounts, p_from date, p_until date) returns void
language plpgsql
set search_path = ''
as $$
declare
  known text[] := '{}';
  seen record;
  beyond numeric;
  plan constant public.plans := private.limiting_plan(p_account.user_id);
  is_raised boolean := false;
begin
  -- The master account's own fees are no tenant's.
  if p_account.user_id is null then
    return;
  end if;
  update private.fees f set covered_by = null
  where f.user_id = p_account.user_id and f.charged_at >= (p_from - 3)::timestamp at time zone 'utc'
    and f.charged_at < (p_until + 1)::timestamp at time zone 'utc' and f.covered_by is not null
    and split_part(f.covered_by, ' ', 1) = p_account.account_sid
    and split_part(f.covered_by, ' ', 2)::date between p_from and p_until;
  for seen in
    select concat_ws(' ', p_account.account_sid, r.day, r.category, r.price_unit) as key,
      private.fee_kind_of(r.class, r.category) as kind, r.day, ceil(r.count)::bigint as count, r.price,
      upper(r.price_unit) as unit,
      f.cost as noted_cost, f.count as noted_count
    from private.usage_of_days(p_account.account_sid, p_from, p_until) r
    left join private.fees f on f.user_id = p_account.user_id
      and f.key = concat_ws(' ', p_account.account_sid, r.day, r.category, r.price_unit)
    where private.fee_kind_of(r.class, r.category) is not null
    order by r.day, r.category, r.price_unit
  loop
    beyond := round(greatest(0, seen.price - case when private.is_foreign(seen.unit) then 0
      else private.cover_fees(p_account.user_id, seen.key, seen.kind, seen.day, seen.price) end), 5);
    continue when beyond = 0;
    known := known || seen.key;
    continue when (seen.noted_cost, seen.noted_count) = (beyond, seen.count);
    -- A day's fee belongs to the billing period in which the day ends.
    insert into private.fees (user_id, key, kind, count, cost, price_unit, markup, plan_key, is_from_usage,
      charged_at)
    values (p_account.user_id, seen.key, seen.kind, seen.count, beyond, seen.unit,
      coalesce(plan.markup, 1), plan.key, true,
      (seen.day + 1)::timestamp at time zone 'utc' - interval '1 microsecond')
    on conflict (user_id, key) do update set cost = excluded.cost, count = excluded.count;
    is_raised := is_raised or beyond > coalesce(seen.noted_cost, 0);
  end loop;
  delete from private.fees f
  where f.user_id = p_account.user_id and f.is_from_usage and split_part(f.key, ' ', 1) = p_account.account_sid
    and f.charged_at >= p_from::timestamp at time zone 'utc'
    and f.charged_at < (p_until + 1)::timestamp at time zone 'utc' and f.key <> all (known);
  if is_raised then
    perform private.set_due_by(p_account.user_id, 'spending');
  end if;
end;
$$;
comment on function private.note_usage_fees(private.usage_accounts, date, date) is
  'Records the fees that usage has on the days from p_from to p_until beyond those that were reserved, at the markup '
  'of the plan in force when each was first read. What usage no longer has is deleted.';

-- Usage by day --------------------------------------------------------------------------------------------------------

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
  currency constant text := private.currency();
begin
  return query
    select t.day, t.kind, case t.unit when '' then currency else t.unit end, sum(t.count)::bigint,
      sum(t.segments)::bigint, sum(t.price), sum(t.cost)
    from private.usage_totals t
    where t.user_id = p_user_id and t.day >= p_from and t.day < p_until
    group by 1, 2, 3 having (sum(t.count), sum(t.segments), sum(t.price), sum(t.cost)) <> (0, 0, 0, 0);
end;
$$;
comment on function private.usage_by_day(uuid, date, date) is
  'A tenant''s usage on the days from p_from up to and without p_until. Estimates and the fees of numbers are in the '
  'currency of the master account. It reads a few rows a day, however many messages there were.';

-- Billing period ------------------------------------------------------------------------------------------------------

create type private.period_usage as (
  first_day date, last_day date, currency text, spent numeric, forecast numeric);
comment on type private.period_usage is
  'The UTC days of a billing period, both included, what was spent on them in currency, and what will be.';

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
  used.currency := private.currency();
  select count(distinct u.currency),
    coalesce(sum(u.price) filter (where u.currency is not distinct from used.currency), 0),
    coalesce(sum(u.price) filter (where u.kind <> 'number' and u.day < today), 0),
    coalesce(sum(u.price) filter (where u.kind <> 'number' and u.day >= today), 0),
    coalesce(sum(u.price) filter (where u.kind = 'number'), 0)
  into currencies, used.spent, linear, linear_today, numbers
  from private.usage_by_day(p_user_id, used.first_day, used.last_day + 1) u;
  complete_days := today - used.first_day;
  if complete_days >= 3 and currencies <= 1 then
    used.forecast := numbers + (private.fees_to_come(p_user_id, private.plan_of(p_user_id), '-infinity',
        (used.last_day + 1)::timestamp at time zone 'utc')).price
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
  private.fee_kind_of(private.usage_class, text),
  private.cover_fees(uuid, text, public.fee_kind, date, numeric),
  private.note_usage_fees(private.usage_accounts, date, date),
  private.usage_by_day(uuid, date, date),
  private.period_usage_of(uuid),
  private.usage_report(uuid, public.usage_step, date, date),
  public.get_usage(uuid, public.usage_step, date, date),
  public.cost_of_usage(uuid, date, date)
  from public, anon, authenticated;
grant execute on function
  private.fee_kind_of(private.usage_class, text),
  private.cover_fees(uuid, text, public.fee_kind, date, numeric),
  private.note_usage_fees(private.usage_accounts, date, date),
  private.usage_by_day(uuid, date, date),
  private.period_usage_of(uuid),
  private.usage_report(uuid, public.usage_step, date, date),
  public.get_usage(uuid, public.usage_step, date, date),
  public.cost_of_usage(uuid, date, date)
  to service_role;
