-- The results of reconciliation: stored for each day, with alerts about closed days that must be explained.

-- Storing, and alerting -----------------------------------------------------------------------------------------------

create function private.is_cut_off(p_account_sid text, p_day date) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (
    select from private.usage_accounts a
    where a.account_sid = p_account_sid and a.gone_at is not null
      and not exists (select from private.usage_days d
        where d.account_sid = p_account_sid and d.day = p_day and d.closed_at < a.gone_at));
end;
$$;
comment on function private.is_cut_off(text, date) is
  'Whether Twilio stopped to show the usage of an account, because it was closed, before the day was: what is stored '
  'may be less than Twilio counted.';

create function private.is_unexplained(p_day private.reconciliations) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_day.is_closed and not p_day.is_shifted
    and (p_day.unknown_category, p_day.missing_here, p_day.missing_at_twilio, p_day.rate, p_day.currency)
      <> (0, 0, 0, 0, 0);
end;
$$;
comment on function private.is_unexplained(private.reconciliations) is
  'Whether a closed day has an amount in one of the last five classes. An index finds these days.';

create function private.must_be_explained(p_day private.reconciliations) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return private.is_unexplained(p_day)
    and ((p_day.unknown_category, p_day.missing_here, p_day.currency) <> (0, 0, 0) or p_day.rate > 0
      or not private.is_cut_off(p_day.account_sid, p_day.day));
end;
$$;
comment on function private.must_be_explained(private.reconciliations) is
  'Whether a day''s difference is one that time does not explain: an operator is alerted.';

create function private.is_shifted(p_day private.reconciliations) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  if (p_day.unknown_category, p_day.rate, p_day.currency) <> (0, 0, 0)
    or (p_day.missing_here, p_day.missing_at_twilio) = (0, 0) then
    return false;
  end if;
  return not exists (
    select from jsonb_each(p_day.kinds) k (kind, counts)
    left join lateral (
      select sum((n.kinds -> k.kind ->> 'missingHere')::numeric) as here,
        sum((n.kinds -> k.kind ->> 'missingAtTwilio')::numeric) as at_twilio
      from private.reconciliations n
      where n.account_sid = p_day.account_sid and n.day in (p_day.day - 1, p_day.day + 1)
    ) beside on true
    where (counts ->> 'missingHere')::numeric > coalesce(beside.at_twilio, 0)
      or (counts ->> 'missingAtTwilio')::numeric > coalesce(beside.here, 0)
      -- Amounts without counts are never shifted.
      or (k.kind in ('fee', 'other') and counts -> 'usagePrice' <> counts -> 'ledgerPrice')
      or (counts ->> 'usageCount' = '0' and (counts ->> 'usagePrice')::numeric <> 0));
end;
$$;
comment on function private.is_shifted(private.reconciliations) is
  'Whether all messages that are missing on one side are, by their number, missing on the other side a day before or '
  'after: Twilio counts a message around midnight on another day than its date says.';

-- Of a product that the ledger does not know, Twilio charges every day: an alert for each day would teach operators to
-- ignore alerts. There is one for each account and category, open until a month has passed without the category.

create index operator_alerts_of_reconciliation on public.operator_alerts ((details ->> 'accountSid'))
  where kind = 'reconciliation' and settled_at is null;

create type private.foreign_category as (category text, class private.usage_class, price numeric);
comment on type private.foreign_category is
  'A category of a day of which the ledger has nothing: unknown (class null), a fee, or of a product that Switchboard '
  'does not sell.';

create function private.foreign_categories(p_day private.reconciliations) returns setof private.foreign_category
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select u.category, u.class, u.price
    from private.usage_of_days(p_day.account_sid, p_day.day, p_day.day) u
    where u.price <> 0 and private.unit_of(u.price_unit) = p_day.price_unit
      and (u.class is null or (u.class in ('fee', 'other')
        and (p_day.kinds -> u.class::text ->> 'ledgerPrice')::numeric = 0
        and (p_day.kinds -> u.class::text ->> 'usagePrice')::numeric > 0))
    order by abs(u.price) desc, u.category limit 20;
end;
$$;
comment on function private.foreign_categories(private.reconciliations) is
  'The categories of a compared day of which the ledger has nothing, in the day''s currency: the twenty that cost '
  'most.';

create function private.tell_of_categories(p_day private.reconciliations, p_foreign private.foreign_category[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  item private.foreign_category;
  alert public.operator_alerts;
begin
  foreach item in array p_foreign loop
    select * into alert from public.operator_alerts a
    where a.kind = 'reconciliation' and a.subject = p_day.account_sid || ' ' || item.category and a.settled_at is null;
    if alert.id is null or (alert.details ->> 'day')::date <= p_day.day then
      perform private.raise_alert('reconciliation', p_day.account_sid || ' ' || item.category, p_day.user_id,
        jsonb_strip_nulls(jsonb_build_object('accountSid', p_day.account_sid, 'category', item.category,
          'class', coalesce(item.class::text, 'unknown'), 'day', p_day.day, 'currencyCode', p_day.price_unit,
          'price', item.price)));
    end if;
  end loop;
  perform private.settle_alert('reconciliation', a.subject)
  from public.operator_alerts a
  where a.kind = 'reconciliation' and a.settled_at is null and a.details ->> 'accountSid' = p_day.account_sid
    and a.details ? 'category'
    and ((a.details ->> 'day')::date = p_day.day or (a.details ->> 'day')::date < p_day.day - 31)
    and a.details ->> 'category' not in (select f.category from unnest(p_foreign) f);
end;
$$;
comment on function private.tell_of_categories(private.reconciliations, private.foreign_category[]) is
  'Raises an alert for each category of a closed day of which the ledger has nothing, and settles those of categories '
  'that the account''s last day with them no longer has, or that were not seen for a month.';

create function private.tell_of_day(p_day private.reconciliations) returns void
language plpgsql
set search_path = ''
as $$
declare
  about constant text := p_day.account_sid || ' ' || p_day.day;
  others private.reconciliations := p_day;
  found private.foreign_category[] := '{}';
begin
  if p_day.is_closed and (p_day.unknown_category, p_day.missing_here) <> (0, 0) then
    found := array(select f from private.foreign_categories(p_day) f);
    select p_day.unknown_category - coalesce(sum(f.price) filter (where f.class is null), 0),
      p_day.missing_here - coalesce(sum(f.price) filter (where f.class is not null), 0)
    into others.unknown_category, others.missing_here from unnest(found) f;
  end if;
  perform private.tell_of_categories(p_day, found);
  if not private.must_be_explained(others) then
    perform private.settle_alert('reconciliation', about);
  else
    perform private.raise_alert('reconciliation', about, p_day.user_id, jsonb_strip_nulls(jsonb_build_object(
      'accountSid', p_day.account_sid, 'day', p_day.day, 'currencyCode', p_day.price_unit,
      'usageTotal', p_day.usage_total, 'ledgerTotal', p_day.ledger_total,
      'unknownCategory', nullif(others.unknown_category, 0), 'missingHere', nullif(others.missing_here, 0),
      'missingAtTwilio', nullif(p_day.missing_at_twilio, 0),
      'rate', nullif(p_day.rate, 0), 'currency', nullif(p_day.currency, 0), 'kinds', p_day.kinds,
      'otherCurrencies', nullif(p_day.other_currencies, '{}'))));
  end if;
end;
$$;
comment on function private.tell_of_day(private.reconciliations) is
  'Raises the alert about a closed day that differs in what the ledger knows, or settles it, and those about '
  'categories that it does not know.';

create function private.note_shifts(p_account_sid text, p_day date) returns void
language plpgsql
set search_path = ''
as $$
declare
  near private.reconciliations;
begin
  for near in
    select r.* from private.reconciliations r
    where r.account_sid = p_account_sid and r.day between p_day - 1 and p_day + 1 order by r.day for no key update
  loop
    if near.is_shifted <> private.is_shifted(near) then
      near.is_shifted := not near.is_shifted;
      update private.reconciliations r set is_shifted = near.is_shifted
      where r.account_sid = near.account_sid and r.day = near.day;
      if near.day <> p_day then
        perform private.tell_of_day(near);
      end if;
    end if;
    if near.day = p_day then
      perform private.tell_of_day(near);
    end if;
  end loop;
end;
$$;
comment on function private.note_shifts(text, date) is
  'Decides for a day that was compared, and for the days beside it, whether what is missing is only on another day, '
  'and tells the operator.';

create function private.reconcile_day(p_account_sid text, p_day date) returns void
language plpgsql
set search_path = ''
as $$
declare
  read private.usage_days;
  compared private.reconciliations;
  owner uuid;
  unit text;
begin
  select * into read from private.usage_days d where d.account_sid = p_account_sid and d.day = p_day;
  owner := case when read.account_sid is not null then read.user_id else coalesce(
    (select a.user_id from private.usage_accounts a where a.account_sid = p_account_sid),
    (select p.user_id from public.user_preferences p where p.twilio_subaccount_sid = p_account_sid)) end;
  unit := private.unit_of(read.price_unit);
  compared := private.compare_day(p_account_sid, owner, p_day, unit, coalesce(read.total_price, 0));
  compared.is_closed := private.state_of_usage_day(p_account_sid, p_day) = 'closed';
  compared.is_shifted := false;
  compared.reconciled_at := now();
  delete from private.reconciliations r where r.account_sid = p_account_sid and r.day = p_day;
  insert into private.reconciliations select compared.*;
  perform private.note_shifts(p_account_sid, p_day);
  -- A day without usage has no row whose closing would make it due.
  if read.account_sid is null and not compared.is_closed and p_day > private.utc_day() - 45 then
    perform private.reconcile_by(p_account_sid, p_day, now() + private.spread('1 day'));
  end if;
end;
$$;
comment on function private.reconcile_day(text, date) is
  'Compares an account''s day with the ledger and stores the result.';

create function public.reconcile_due_days(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  -- The rows that were deleted hold up transactions that note another change of these days.
  until constant timestamptz := clock_timestamp() + interval '1 second';
  due private.days_to_reconcile;
  reconciled integer := 0;
begin
  while reconciled < p_limit and clock_timestamp() < until loop
    delete from private.days_to_reconcile d
    where (d.account_sid, d.day) = (
      select n.account_sid, n.day from private.days_to_reconcile n
      where n.due_at <= now() order by n.due_at, n.account_sid, n.day limit 1
      for update skip locked)
    returning d.* into due;
    exit when due.account_sid is null;
    perform private.reconcile_day(due.account_sid, due.day);
    reconciled := reconciled + 1;
  end loop;
  return reconciled;
end;
$$;
comment on function public.reconcile_due_days(integer) is
  'Compares up to p_limit days that are due, the longest due first, for about a second. Returns how many: 0 when none '
  'is due.';

-- Few days are unexplained, and the list of them must not walk past all others.
create index reconciliations_unexplained on private.reconciliations (day, account_sid)
  where private.is_unexplained(reconciliations);

create function public.list_reconciliations(
  p_account_sid text, p_must_be_explained boolean, p_before_day date, p_before_account_sid text, p_limit integer
) returns setof public.reconciliation
language plpgsql stable
set search_path = ''
as $$
declare
  before_day constant date := coalesce(p_before_day, 'infinity');
  before_account constant text := coalesce(p_before_account_sid, '');
begin
  -- A statement for each filter: each is a walk along one index.
  if p_account_sid is not null then
    return query
      select r.* from private.reconciliations r
      where r.account_sid = p_account_sid and (r.day, r.account_sid) < (before_day, before_account)
        and (not p_must_be_explained or private.must_be_explained(r))
      order by r.day desc limit p_limit;
  elsif p_must_be_explained then
    return query
      select r.* from private.reconciliations r
      where private.is_unexplained(r) and private.must_be_explained(r)
        and (r.day, r.account_sid) < (before_day, before_account)
      order by r.day desc, r.account_sid desc limit p_limit;
  else
    return query
      select r.* from private.reconciliations r where (r.day, r.account_sid) < (before_day, before_account)
      order by r.day desc, r.account_sid desc limit p_limit;
  end if;
end;
$$;
comment on function public.list_reconciliations(text, boolean, date, text, integer) is
  'A page of compared days, newest first, before the day and account of the last row of the page before. A null '
  'account is any. p_must_be_explained: only those about which operators are alerted.';

insert into private.schedules (name, job, every)
  values ('reconcile-days', '{"kind": "reconcile-days"}', '5 minutes');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.is_cut_off(text, date),
  private.is_unexplained(private.reconciliations),
  private.must_be_explained(private.reconciliations),
  private.is_shifted(private.reconciliations),
  private.foreign_categories(private.reconciliations),
  private.tell_of_categories(private.reconciliations, private.foreign_category[]),
  private.tell_of_day(private.reconciliations),
  private.note_shifts(text, date),
  private.reconcile_day(text, date),
  public.reconcile_due_days(integer),
  public.list_reconciliations(text, boolean, date, text, integer)
  from public, anon, authenticated;
grant execute on function
  private.is_cut_off(text, date),
  private.is_unexplained(private.reconciliations),
  private.must_be_explained(private.reconciliations),
  private.is_shifted(private.reconciliations),
  private.foreign_categories(private.reconciliations),
  private.tell_of_categories(private.reconciliations, private.foreign_category[]),
  private.tell_of_day(private.reconciliations),
  private.note_shifts(text, date),
  private.reconcile_day(text, date),
  public.reconcile_due_days(integer),
  public.list_reconciliations(text, boolean, date, text, integer)
  to service_role;
