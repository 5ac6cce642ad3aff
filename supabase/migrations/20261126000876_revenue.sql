-- What operators see of billing: revenue, cost and margin, what is not billed yet, what Stripe has rejected, what is
-- lost, and a tenant's next invoice before Stripe makes it.

-- Revenue by month ----------------------------------------------------------------------------------------------------

create table private.revenue_changes (
  id bigint primary key generated always as identity,
  user_id uuid not null,
  month date not null,
  currency text not null,
  loss_reason private.loss_reason,
  row_count bigint not null,
  cost numeric not null,
  billed numeric not null,
  unbilled numeric not null,
  lost numeric not null
);
comment on table private.revenue_changes is
  'Changes of private.revenue that are not added yet. They are only inserted and deleted, so that no two tenants wait '
  'for each other.';
alter table private.revenue_changes enable row level security;
revoke all on private.revenue_changes from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.revenue_changes to service_role;

create table private.revenue (
  user_id uuid,
  month date not null,
  currency text not null,
  loss_reason private.loss_reason,
  row_count bigint not null,
  cost numeric not null,
  billed numeric not null,
  unbilled numeric not null,
  lost numeric not null
);
comment on table private.revenue is
  'Sums of billing_rows by the month of use (UTC), tenant, currency of the plan and reason of a loss, and those of '
  'all tenants together (user_id is null). A report reads as many rows as it returns.';
comment on column private.revenue.cost is 'What Twilio charges, at the exchange rate of each row.';
comment on column private.revenue.billed is
  'What Stripe bills, in the same currency. unbilled: what is to be sent. lost: what is not billed, for loss_reason.';
create unique index revenue_by_month on private.revenue (month, user_id, currency, loss_reason) nulls not distinct;
create index revenue_by_user on private.revenue (user_id, month, currency);
create index revenue_lost on private.revenue (month, user_id, currency, loss_reason) where loss_reason is not null;
alter table private.revenue enable row level security;
revoke all on private.revenue from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.revenue to service_role;

create function private.add_revenue_changes(p_old private.billing_rows[], p_new private.billing_rows[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.revenue_changes (user_id, month, currency, loss_reason, row_count, cost, billed, unbilled, lost)
  select r.user_id, date_trunc('month', r.day::timestamp), r.currency, r.loss_reason, sum(r.times),
    sum(r.times * r.cost * r.exchange_rate),
    sum(r.times * (case when r.state in ('accepted', 'invoiced', 'credited') then r.value else 0 end
      - case when r.reason = 'usage' then 0 else r.value end)),
    sum(case when r.state in ('pending', 'sending') then r.times * r.value else 0 end),
    sum(case when r.state = 'lost' then r.times * r.value else 0 end)
  from (
    select c.times, (c.r).*, case (c.r).reason when 'usage' then (c.r).amount else (c.r).units / 10000.0 end as value
    from (select -1 as times, o as r from unnest(p_old) o union all select 1, n from unnest(p_new) n) c
  ) r
  group by 1, 2, 3, 4
  having (sum(r.times), sum(r.times * r.cost * r.exchange_rate)) <> (0, 0) or bool_or(r.value <> 0);
end;
$$;
comment on function private.add_revenue_changes(private.billing_rows[], private.billing_rows[]) is
  'Notes by how much rows change the revenue. Units that are sent again were billed before: they are taken off what is '
  'billed until Stripe accepts them, or for good when they are lost.';

create function private.note_revenue() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    perform private.add_revenue_changes('{}', array(select n::private.billing_rows from new_rows n));
  elsif tg_op = 'DELETE' then
    perform private.add_revenue_changes(array(select o::private.billing_rows from old_rows o), '{}');
  else
    -- Most updates are about sending and change no sum.
    perform private.add_revenue_changes(array_agg(c.o), array_agg(c.n))
    from (
      select o::private.billing_rows as o, n::private.billing_rows as n
      from old_rows o join new_rows n on n.id = o.id
      where (o.user_id, o.day, o.currency, o.state, o.loss_reason, o.cost, o.amount, o.units, o.exchange_rate)
        is distinct from
        (n.user_id, n.day, n.currency, n.state, n.loss_reason, n.cost, n.amount, n.units, n.exchange_rate)) c
    having count(*) > 0;
  end if;
  return null;
end;
$$;
comment on function private.note_revenue() is 'Trigger: notes by how much a statement changes the revenue.';
create trigger revenue_of_new_rows after insert on private.billing_rows
  referencing new table as new_rows for each statement execute function private.note_revenue();
create trigger revenue_of_changed_rows after update on private.billing_rows
  referencing old table as old_rows new table as new_rows for each statement execute function private.note_revenue();
create trigger revenue_of_deleted_rows after delete on private.billing_rows
  referencing old table as old_rows for each statement execute function private.note_revenue();

create function public.add_up_revenue(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  added integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('revenue', 0));
  with taken as (
    delete from private.revenue_changes c
    where c.id in (select o.id from private.revenue_changes o order by o.id limit p_limit)
    returning c.*
  ), written as (
    insert into private.revenue as r (user_id, month, currency, loss_reason, row_count, cost, billed, unbilled, lost)
    select t.user_id, t.month, t.currency, t.loss_reason, sum(t.row_count), sum(t.cost), sum(t.billed), sum(t.unbilled),
      sum(t.lost)
    from taken t
    group by grouping sets ((t.user_id, t.month, t.currency, t.loss_reason), (t.month, t.currency, t.loss_reason))
    on conflict (month, user_id, currency, loss_reason) do update set row_count = r.row_count + excluded.row_count,
      cost = r.cost + excluded.cost, billed = r.billed + excluded.billed, unbilled = r.unbilled + excluded.unbilled,
      lost = r.lost + excluded.lost
  )
  select count(*) into added from taken;
  -- What the end of the retention has deleted leaves no sums behind.
  delete from private.revenue r
  where r.row_count = 0 and r.month <= private.utc_day(private.present() - private.kept_for('financial'));
  return added;
end;
$$;
comment on function public.add_up_revenue(integer) is
  'Adds up to p_limit changes to the revenue. Returns how many; p_limit: there may be more.';

create type public.revenue_by as enum ('total', 'tenant');
comment on type public.revenue_by is 'total: of all tenants together. tenant: of each tenant.';

create type public.revenue as (
  month date, user_id uuid, currency text, revenue numeric, billed numeric, unbilled numeric, lost numeric,
  cost numeric, margin numeric);
comment on type public.revenue is
  'A calendar month (UTC) of usage in one currency. revenue: billed and unbilled. margin: revenue without cost, which '
  'includes the cost of what is lost and of trials. user_id: null in total.';

create view private.monthly_revenue with (security_invoker = true) as
select r.month, r.user_id, r.currency, sum(r.billed) as billed, sum(r.unbilled) as unbilled, sum(r.lost) as lost,
  sum(r.cost) as cost
from private.revenue r
group by r.month, r.user_id, r.currency
having sum(r.row_count) > 0;
comment on view private.monthly_revenue is
  'The revenue of each month, tenant and currency, over the reasons of losses.';
revoke all on private.monthly_revenue from public, anon, authenticated, service_role;
grant select on private.monthly_revenue to service_role;

create function private.as_revenue(p_sums private.monthly_revenue) returns public.revenue
language plpgsql immutable
set search_path = ''
as $$
declare
  revenue constant numeric := p_sums.billed + p_sums.unbilled;
begin
  return (p_sums.month, p_sums.user_id, p_sums.currency, round(revenue, 10), round(p_sums.billed, 10),
    round(p_sums.unbilled, 10), round(p_sums.lost, 10), round(p_sums.cost, 10),
    round(revenue - p_sums.cost, 10))::public.revenue;
end;
$$;
comment on function private.as_revenue(private.monthly_revenue) is 'Sums of a month as operators see them.';

create type public.revenue_order as enum ('month', 'revenue', 'margin');
comment on type public.revenue_order is
  'month: the oldest first. revenue: the largest first. margin: the smallest first, which may be negative.';

create function private.revenue_rank(p_month private.monthly_revenue, p_order public.revenue_order) returns numeric
language plpgsql immutable
set search_path = ''
as $$
begin
  return case p_order when 'revenue' then -(p_month.billed + p_month.unbilled)
    when 'margin' then p_month.billed + p_month.unbilled - p_month.cost end;
end;
$$;
comment on function private.revenue_rank(private.monthly_revenue, public.revenue_order) is
  'Sorts months of tenants by what they bring: the lower, the earlier. null in the order by month.';

create function public.list_revenue(p_by public.revenue_by, p_from date, p_until date, p_user_id uuid, p_currency text,
  p_order public.revenue_order, p_after_month date, p_after_user_id uuid, p_after_currency text, p_limit integer)
returns setof public.revenue
language plpgsql
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  after_rank numeric;
begin
  perform public.add_up_revenue(10000);
  if p_order = 'month' then
    return query
      select (private.as_revenue(m)).* from private.monthly_revenue m
      where m.month >= p_from and m.month < p_until
        and case when p_by = 'total' then m.user_id is null else m.user_id is not null end
        and (p_user_id is null or m.user_id = p_user_id) and (p_currency is null or m.currency = p_currency)
        and (p_after_month is null or case when p_by = 'total'
          then (m.month, m.currency) > (p_after_month, p_after_currency)
          else (m.month, m.user_id, m.currency) > (p_after_month, p_after_user_id, p_after_currency) end)
      order by m.month, m.user_id, m.currency limit p_limit;
    return;
  end if;
  select private.revenue_rank(m, p_order) into after_rank from private.monthly_revenue m
  where m.month = p_after_month and m.user_id is not distinct from p_after_user_id and m.currency = p_after_currency;
  return query
    select (private.as_revenue(r.m)).*
    from (select m, private.revenue_rank(m, p_order) as rank from private.monthly_revenue m
      where m.month >= p_from and m.month < p_until
        and case when p_by = 'total' then m.user_id is null else m.user_id is not null end
        and (p_user_id is null or m.user_id = p_user_id) and (p_currency is null or m.currency = p_currency)) r
    where p_after_month is null or case when p_by = 'total'
      then (r.rank, (r.m).month, (r.m).currency) > (after_rank, p_after_month, p_after_currency)
      else (r.rank, (r.m).month, (r.m).user_id, (r.m).currency)
        > (after_rank, p_after_month, p_after_user_id, p_after_currency) end
    order by r.rank, (r.m).month, (r.m).user_id, (r.m).currency limit p_limit;
end;
$$;
comment on function public.list_revenue(public.revenue_by, date, date, uuid, text, public.revenue_order, date, uuid,
  text, integer) is
  'A page of the revenue of months from p_from up to and without p_until, after the last one of the page before. A '
  'null tenant or currency is any. In another order than by month it reads all that match, so that it costs as much as '
  'there are tenants in these months.';

-- What is lost --------------------------------------------------------------------------------------------------------

create type public.loss as (
  month date, user_id uuid, currency text, reason text, row_count bigint, amount numeric, cost numeric);
comment on type public.loss is
  'What was used in a calendar month (UTC) and is not billed, for one reason. amount: what it would have billed.';

create function public.list_losses(p_by public.revenue_by, p_from date, p_until date, p_reason text, p_user_id uuid,
  p_after_month date, p_after_user_id uuid, p_after_currency text, p_after_reason text, p_limit integer)
returns setof public.loss
language plpgsql
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  perform public.add_up_revenue(10000);
  return query
    select t.month, t.user_id, t.currency, t.loss_reason::text, t.row_count, round(t.lost, 10), round(t.cost, 10)
    from private.revenue t
    where t.loss_reason is not null and t.row_count > 0 and t.month >= p_from and t.month < p_until
      and case when p_by = 'total' then t.user_id is null else t.user_id is not null end
      and (p_user_id is null or t.user_id = p_user_id)
      and (p_reason is null or t.loss_reason::text = p_reason)
      and (p_after_month is null or case when p_by = 'total'
        then (t.month, t.currency, t.loss_reason::text) > (p_after_month, p_after_currency, p_after_reason)
        else (t.month, t.user_id, t.currency, t.loss_reason::text)
          > (p_after_month, p_after_user_id, p_after_currency, p_after_reason) end)
    order by t.month, t.user_id, t.currency, t.loss_reason::text limit p_limit;
end;
$$;
comment on function public.list_losses(public.revenue_by, date, date, text, uuid, date, uuid, text, text, integer) is
  'A page of what is not billed, by month, tenant, currency and reason, after the last one of the page before.';

-- What is not billed yet ----------------------------------------------------------------------------------------------

create index billing_rows_unbilled on private.billing_rows (day, id) where state in ('pending', 'sending');
create index open_days_by_day on private.open_days (day, user_id);

create type public.unbilled_state as enum ('pending', 'sending', 'waits_for_rate', 'waits_for_price');
comment on type public.unbilled_state is
  'pending: to be sent. sending: a call has begun, and its outcome is not recorded. waits_for_rate: not rated, because '
  'no exchange rate is set. waits_for_price: not rated, because Twilio has not priced all of the day, or Stripe has '
  'not told the billing period yet.';

create type public.unbilled_usage as (
  day date, id uuid, user_id uuid, state public.unbilled_state, kind public.usage_kind, currency text, amount numeric,
  units bigint, tries integer, error text, since timestamptz);
comment on type public.unbilled_usage is
  'A row that is not accepted yet, or a UTC day of a tenant that is not rated yet (id is the tenant''s, and what the '
  'usage is worth is not known). since: when the row was written.';

create function public.list_unbilled(p_state public.unbilled_state, p_user_id uuid, p_last_day date, p_after_day date,
  p_after_id uuid, p_limit integer)
returns setof public.unbilled_usage
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  return query
    select u.* from (
      (select r.day, r.id, r.user_id, r.state::text::public.unbilled_state, r.kind, r.currency,
          case r.reason when 'usage' then r.amount else r.units / 10000.0 end, r.units, r.tries, r.error, r.created_at
        from private.billing_rows r
        where r.state in ('pending', 'sending') and (p_state is null or r.state::text = p_state::text)
          and (p_user_id is null or r.user_id = p_user_id) and (p_last_day is null or r.day <= p_last_day)
          and (p_after_day is null or (r.day, r.id) > (p_after_day, p_after_id))
        order by r.day, r.id limit p_limit)
      union all
      (select o.day, o.user_id, o.user_id,
          case when o.lacks_rate then 'waits_for_rate' else 'waits_for_price' end::public.unbilled_state, null, null,
          null, null, null, null, null
        from private.open_days o
        where o.is_waiting
          and (p_state is null or p_state = case when o.lacks_rate then 'waits_for_rate' else 'waits_for_price' end
            ::public.unbilled_state)
          and (p_user_id is null or o.user_id = p_user_id) and (p_last_day is null or o.day <= p_last_day)
          and (p_after_day is null or (o.day, o.user_id) > (p_after_day, p_after_id))
        order by o.day, o.user_id limit p_limit)) u
    order by 1, 2 limit p_limit;
end;
$$;
comment on function public.list_unbilled(public.unbilled_state, uuid, date, date, uuid, integer) is
  'A page of what is not billed yet, the oldest day of use first, after the last one of the page before. A null is '
  'any.';

-- What Stripe has rejected --------------------------------------------------------------------------------------------

create index billing_rows_rejected on private.billing_rows (number)
  where rejections > 0 or refusals > 0 or reason <> 'usage';

create type public.rejected_usage as (
  number bigint, id uuid, user_id uuid, day date, kind public.usage_kind, reason text, state text, loss_reason text,
  currency text, units bigint, rejections integer, refusals integer, error text, created_at timestamptz);
comment on type public.rejected_usage is
  'A row that Stripe refused, or one of units that it had accepted and did not count or bill, which are sent again.';

create function public.list_rejected(p_user_id uuid, p_before_number bigint, p_limit integer)
returns setof public.rejected_usage
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  return query
    select r.number, r.id, r.user_id, r.day, r.kind, r.reason::text, r.state::text, r.loss_reason::text, r.currency,
      r.units, r.rejections, r.refusals, r.error, r.created_at
    from private.billing_rows r
    where (r.rejections > 0 or r.refusals > 0 or r.reason <> 'usage')
      and (p_user_id is null or r.user_id = p_user_id) and (p_before_number is null or r.number < p_before_number)
    order by r.number desc limit p_limit;
end;
$$;
comment on function public.list_rejected(uuid, bigint, integer) is
  'A page of what Stripe has rejected, newest first, before the row with this number.';

-- The next invoice ----------------------------------------------------------------------------------------------------

create type private.estimated_usage as (
  kind public.usage_kind, count bigint, segments bigint, price numeric, unit text, amount numeric);
comment on type private.estimated_usage is
  'Usage that is not rated yet, by what it would be rated now. amount: null without an exchange rate.';

create function private.estimated_usage_of(p_user_id uuid, p_payer private.payer)
returns setof private.estimated_usage
language plpgsql stable
set search_path = ''
as $$
declare
  opened private.open_days;
begin
  for opened in
    select p_user_id, d.day, -1, true, false, 'infinity'::timestamptz
    from (
      select o.day from private.open_days o where o.user_id = p_user_id
      union
      select c.day from private.changed_days c where c.user_id = p_user_id) d
    where d.day >= private.first_ratable_day() order by d.day limit 100
  loop
    -- As rate_day, without writing.
    return query
      select m.kind, m.count, m.segments, m.price, m.unit,
        (m.price - m.included) * private.rate_for(opened, m)
      from private.missing_of_day(opened, array(select t from private.targets_of_day(opened,
        array(select s from private.rated_spans(p_user_id, opened.day) s)) t)) m
      where m.outcome = 'payer' and (m.payer).subscription_id = p_payer.subscription_id
        and ((m.payer).starts_at = p_payer.starts_at or exists (select from private.billing_periods b
          where b.subscription_id = (m.payer).subscription_id and b.starts_at = (m.payer).starts_at
            and b.books_closed_at is not null));
  end loop;
end;
$$;
comment on function private.estimated_usage_of(uuid, private.payer) is
  'What of a tenant''s usage the open period will bill and is not rated yet, by the same rules and with the estimate '
  'of messages that Twilio has not priced. Included amounts count as far as earlier days are rated.';

create function private.invoice_kinds(p_user_id uuid, p_payer private.payer) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  statement private.statement;
  lately constant timestamptz := private.present() - private.summary_lag();
begin
  select * into statement from private.statements_of(p_user_id) s
  where s.type = 'period' and s.subscription_id = p_payer.subscription_id and s.starts_at = p_payer.starts_at;
  return (
    select coalesce(jsonb_agg(jsonb_build_object('kind', k.kind, 'acceptedUnits', k.accepted,
      'unsentUnits', k.unsent, 'estimatedAmount', round(k.estimated, 10), 'withoutRate', k.without_rate,
      'leastUnits', k.accepted - k.recent_up + k.sending_down, 'mostUnits', k.accepted - k.recent_down + k.sending_up,
      'missingUnits', k.missing) order by k.kind), '[]')
    from (
      select kind, coalesce(a.accepted, 0) as accepted, coalesce(a.unsent, 0) as unsent,
        coalesce(e.amount, 0) as estimated, coalesce(e.without_rate, 0) as without_rate,
        coalesce(f.recent_up, 0) as recent_up, coalesce(f.recent_down, 0) as recent_down,
        coalesce(f.sending_up, 0) as sending_up, coalesce(f.sending_down, 0) as sending_down,
        coalesce((select sum(d.missing) from private.meter_days d
          where d.stripe_customer_id = p_payer.stripe_customer_id and d.kind = u.kind
            and d.billed_start = p_payer.starts_at), 0) as missing
      from unnest(enum_range(null::public.usage_kind)) u (kind)
      left join (
        select r.kind, sum(r.units) filter (where r.state = 'billed') as accepted,
          sum(r.units) filter (where r.state = 'pending') as unsent
        from private.rows_of_statement(statement) r group by r.kind) a using (kind)
      left join (
        select x.kind, sum(x.amount) as amount, count(*) filter (where x.amount is null) as without_rate
        from private.estimated_usage_of(p_user_id, p_payer) x group by x.kind) e using (kind)
      left join (
        select r.kind, sum(r.units) filter (where r.state = 'accepted' and r.units > 0) as recent_up,
          sum(r.units) filter (where r.state = 'accepted' and r.units < 0) as recent_down,
          sum(r.units) filter (where r.state = 'sending' and r.units > 0) as sending_up,
          sum(r.units) filter (where r.state = 'sending' and r.units < 0) as sending_down
        from private.billing_rows r
        where r.stripe_customer_id = p_payer.stripe_customer_id and r.billed_start = p_payer.starts_at
          and (r.state = 'sending' or (r.state = 'accepted' and r.accepted_at > lately))
        group by r.kind) f using (kind)
      where a.kind is not null or e.kind is not null) k);
end;
$$;
comment on function private.invoice_kinds(uuid, private.payer) is
  'By kind, what the open period will bill: what Stripe has accepted, what is rated and not sent, and what is not '
  'rated. leastUnits, mostUnits: what Stripe may have counted so far, because calls are on their way and its sums are '
  'late. missingUnits: what the last comparison found missing.';

create type public.next_invoice_outcome as enum ('found', 'no_payer', 'not_found');
comment on type public.next_invoice_outcome is
  'no_payer: the tenant has no subscription of their own, so nothing is invoiced. not_found: no user has this id.';

create function public.next_invoice_of(p_user_id uuid)
returns table (outcome public.next_invoice_outcome, subscription_id text, customer_id text, starts_at timestamptz,
  ends_at timestamptz, currency text, is_trial boolean, kinds jsonb)
language plpgsql stable
set search_path = ''
as $$
declare
  payer constant private.payer := private.payer_at(p_user_id, private.present());
begin
  outcome := case when payer.subscription_id is not null then 'found'
    when private.user_exists(p_user_id) then 'no_payer' else 'not_found' end;
  if outcome = 'found' then
    subscription_id := payer.subscription_id;
    customer_id := payer.stripe_customer_id;
    starts_at := payer.starts_at;
    ends_at := payer.ends_at;
    currency := payer.currency;
    is_trial := payer.is_trial;
    kinds := private.invoice_kinds(p_user_id, payer);
  end if;
  return next;
end;
$$;
comment on function public.next_invoice_of(uuid) is
  'What a tenant''s next invoice will bill, by our own reckoning. ends_at is null while Stripe has not told the '
  'period.';

-- A tenant's billing --------------------------------------------------------------------------------------------------

create function private.billing_of(p_user_id uuid) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  payer constant private.payer := private.payer_at(p_user_id, private.present());
begin
  return jsonb_build_object(
    'payer', case when payer.subscription_id is not null then jsonb_build_object(
      'subscriptionId', payer.subscription_id, 'customerId', payer.stripe_customer_id,
      'periodStart', private.iso(payer.starts_at), 'periodEnd', private.iso(payer.ends_at),
      'isTrial', payer.is_trial) end,
    'currency', payer.currency,
    'ownMarkup', (select l.markup from private.tenant_limits l where l.user_id = p_user_id),
    'unsent', (
      select coalesce(jsonb_agg(jsonb_build_object('currency', c.currency, 'units', c.units) order by c.currency), '[]')
      from (
        select r.currency, sum(r.units) as units
        from private.billing_customers b
        join private.billing_rows r on r.stripe_customer_id = b.stripe_customer_id
          and r.state in ('pending', 'sending')
        where b.user_id = p_user_id group by r.currency) c),
    'statements', (
      select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'type', s.type, 'status', s.status,
        'startsAt', private.iso(s.starts_at), 'endsAt', private.iso(s.ends_at), 'currency', s.currency,
        'amount', s.amount, 'units', s.units, 'pendingUnits', s.pending_units) order by s.starts_at desc, s.id desc),
        '[]')
      from public.list_statements(p_user_id, null, null, 3) s));
end;
$$;
comment on function private.billing_of(uuid) is
  'A tenant''s billing: their payer and its period now (null: usage has no payer), their own markup if an operator has '
  'set one, what is not accepted yet, and their last three statements.';

-- Schedule ------------------------------------------------------------------------------------------------------------

insert into private.schedules (name, job, every) values
  ('add-up-revenue', '{"kind": "add-up-revenue"}', '5 minutes');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.add_revenue_changes(private.billing_rows[], private.billing_rows[]),
  private.note_revenue(),
  public.add_up_revenue(integer),
  private.as_revenue(private.monthly_revenue),
  private.revenue_rank(private.monthly_revenue, public.revenue_order),
  public.list_revenue(public.revenue_by, date, date, uuid, text, public.revenue_order, date, uuid, text, integer),
  public.list_losses(public.revenue_by, date, date, text, uuid, date, uuid, text, text, integer),
  public.list_unbilled(public.unbilled_state, uuid, date, date, uuid, integer),
  public.list_rejected(uuid, bigint, integer),
  private.estimated_usage_of(uuid, private.payer),
  private.invoice_kinds(uuid, private.payer),
  public.next_invoice_of(uuid),
  private.billing_of(uuid)
  from public, anon, authenticated;
grant execute on function
  private.add_revenue_changes(private.billing_rows[], private.billing_rows[]),
  private.note_revenue(),
  public.add_up_revenue(integer),
  private.as_revenue(private.monthly_revenue),
  private.revenue_rank(private.monthly_revenue, public.revenue_order),
  public.list_revenue(public.revenue_by, date, date, uuid, text, public.revenue_order, date, uuid, text, integer),
  public.list_losses(public.revenue_by, date, date, text, uuid, date, uuid, text, text, integer),
  public.list_unbilled(public.unbilled_state, uuid, date, date, uuid, integer),
  public.list_rejected(uuid, bigint, integer),
  private.estimated_usage_of(uuid, private.payer),
  private.invoice_kinds(uuid, private.payer),
  public.next_invoice_of(uuid),
  private.billing_of(uuid)
  to service_role;
