-- Exchange rates, dated: what a unit of a price is worth in the currency of a plan.

create type public.set_exchange_rate_outcome as enum ('set', 'already');
comment on type public.set_exchange_rate_outcome is 'already: the currencies have this rate from this day on.';

create function public.set_exchange_rate(p_unit text, p_currency text, p_valid_from date, p_rate numeric,
  p_operator_id uuid, p_reason text, p_request_id text) returns public.set_exchange_rate_outcome
language plpgsql
set search_path = ''
as $$
begin
  insert into private.exchange_rates as r (unit, currency, valid_from, rate, reason, set_by)
  values (p_unit, p_currency, p_valid_from, p_rate, p_reason, p_operator_id)
  on conflict (unit, currency, valid_from) do update
    set rate = excluded.rate, reason = excluded.reason, set_by = excluded.set_by, set_at = now()
    where r.rate <> excluded.rate;
  if not found then
    return 'already';
  end if;
  perform private.audit('operator:' || p_operator_id, 'exchange_rate.set', null, null, p_request_id,
    jsonb_build_object('unit', p_unit, 'currency', p_currency, 'validFrom', p_valid_from, 'rate', p_rate,
      'reason', p_reason));
  perform private.settle_alert('exchange_rate', p_unit || ' ' || p_currency);
  perform private.set_due_by(t.user_id, 'rating', private.present())
  from (select distinct o.user_id from private.open_days o where o.lacks_rate order by o.user_id) t;
  return 'set';
end;
$$;
comment on function public.set_exchange_rate(text, text, date, numeric, uuid, text, text) is
  'An operator sets what one of a unit is worth in a currency from a UTC day on. Usage that waits for it is rated. '
  'What is rated keeps its rate, also when it is corrected later.';

create type public.exchange_rate as (
  unit text, currency text, valid_from date, rate numeric, reason text, set_by uuid, set_at timestamptz);
comment on type public.exchange_rate is
  'What one of unit (ISO 4217, upper case: the currency of Twilio''s prices) is worth in currency (lower case: of a '
  'plan) from a UTC day on.';

create function public.list_exchange_rates(p_unit text, p_currency text, p_after_unit text, p_after_currency text,
  p_after_day date, p_limit integer)
returns setof public.exchange_rate
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select r.unit, r.currency, r.valid_from, r.rate, r.reason, r.set_by, r.set_at from private.exchange_rates r
    where (p_unit is null or r.unit = p_unit) and (p_currency is null or r.currency = p_currency)
      and (p_after_unit is null or (r.unit, r.currency, r.valid_from) > (p_after_unit, p_after_currency, p_after_day))
    order by r.unit, r.currency, r.valid_from limit p_limit;
end;
$$;
comment on function public.list_exchange_rates(text, text, text, text, date, integer) is
  'A page of exchange rates by unit, currency and day, after the last one of the page before. A null is any.';

create type public.missing_exchange_rate as (unit text, currency text, plans text[]);
comment on type public.missing_exchange_rate is
  'Two currencies that have no exchange rate today, and the plans whose usage needs it.';

create function public.missing_exchange_rates() returns setof public.missing_exchange_rate
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select u.unit, p.currency, array_agg(distinct p.key order by p.key)
    from (
      select n.key, n.currency from public.plans n
      -- A subscription keeps its currency, which may differ from that of its plan.
      union select o.plan_key, b.currency from private.own_subscriptions o
        join private.billing_periods b on b.subscription_id = o.subscription_id and b.books_closed_at is null
        where o.until is null) p
    cross join (
      select private.currency() as unit where private.currency() is not null
      union select t.unit from private.usage_totals t
        where t.unit <> '' and t.day >= private.utc_day(private.present()) - 35) u
    where private.exchange_rate(u.unit, p.currency, private.utc_day(private.present())) is null
    group by u.unit, p.currency order by 1, 2;
end;
$$;
comment on function public.missing_exchange_rates() is
  'The exchange rates that usage needs today and that no operator has set: from the currency of the master account, '
  'and those in which Twilio has charged in the last 35 days, to the currencies of the plans and of the subscriptions '
  'that pay.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  public.set_exchange_rate(text, text, date, numeric, uuid, text, text),
  public.list_exchange_rates(text, text, text, text, date, integer),
  public.missing_exchange_rates()
  from public, anon, authenticated;
grant execute on function
  public.set_exchange_rate(text, text, date, numeric, uuid, text, text),
  public.list_exchange_rates(text, text, text, text, date, integer),
  public.missing_exchange_rates()
  to service_role;
