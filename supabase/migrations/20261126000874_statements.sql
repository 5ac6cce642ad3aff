-- Statements: what a tenant is billed for a billing period, line by line, from the rows that its invoice bills. Usage
-- of a subscription that is over, which an invoice of its own bills or a credit gives back, has a statement as well.

alter table private.billing_periods add column id uuid not null default private.new_id();
comment on column private.billing_periods.id is 'The id of its statement.';
create unique index billing_periods_by_id on private.billing_periods (id);

create type public.statement_type as enum ('period', 'later_usage');
comment on type public.statement_type is
  'period: of a billing period. later_usage: what was found after the last invoice of a subscription that is over.';

create type public.statement_status as enum ('open', 'closing', 'closed');
comment on type public.statement_status is
  'open: the period is not over. closing: it is over, and its books are open, or its invoice is not final and compared '
  'yet. closed: the lines never change again.';

create type public.statement_line_type as enum ('usage', 'correction', 'not_counted', 'sent_again');
comment on type public.statement_line_type is
  'usage: messages and fees. correction: a later change of their price, or usage that is taken back. not_counted: '
  'units that Stripe had accepted, and has not counted or not billed. sent_again: those units, billed by this '
  'statement.';

create type public.statement_line_state as enum ('billed', 'pending', 'trial', 'not_billed');
comment on type public.statement_line_state is
  'billed: on the invoice of the statement. pending: not accepted by Stripe yet. trial: free, because it is of a '
  'trial. not_billed: free for another reason, such as use before metering began.';

create type private.statement as (
  id uuid, type public.statement_type, status public.statement_status, user_id uuid, subscription_id text,
  stripe_customer_id text, currency text, starts_at timestamptz, ends_at timestamptz, is_trial boolean,
  books_closed_at timestamptz, frozen_at timestamptz);
comment on type private.statement is
  'A statement without its lines. frozen_at: free usage that is rated later is on no line; null: not known yet.';

create type private.statement_row as (
  kind public.usage_kind, day date, type public.statement_line_type, state public.statement_line_state,
  subscription_id text, period_start timestamptz, period_end timestamptz, count bigint, segments bigint, price numeric,
  included numeric, amount numeric, units bigint);
comment on type private.statement_row is
  'A row of billing_rows as a statement shows it: price and included in the currency of the plan, and nothing of cost, '
  'markup or exchange rate.';

-- Which statements there are ------------------------------------------------------------------------------------------

create function private.trial_lines_open_for() returns interval
language plpgsql immutable
set search_path = ''
as $$
begin
  return interval '54 hours';
end;
$$;
comment on function private.trial_lines_open_for() is
  'How long after its end usage is added to the statement of a trial: until each message is rated by its estimate.';

create function private.is_billing_compared(p_period private.billing_periods) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (select from private.stripe_invoices i
      where i.subscription_id = p_period.subscription_id and i.period_start = p_period.starts_at
        and i.compared_at is not null)
    -- A period without an invoice is looked at once the subscription is over.
    or (exists (select from private.final_bills f
        where f.subscription_id = p_period.subscription_id and f.compared_at is not null)
      and not exists (select from private.stripe_invoices i
        where i.subscription_id = p_period.subscription_id and i.period_start = p_period.starts_at
          and private.is_final(i)));
end;
$$;
comment on function private.is_billing_compared(private.billing_periods) is
  'Whether what Stripe bills of a period was compared with the rows: by its final invoice, or, when there is none, by '
  'the final bill of its subscription. Before that a row may still take units off the period.';

create function private.is_settled(p_period private.billing_periods) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return p_period.books_closed_at is not null
    and (not p_period.is_trial or private.present() >= p_period.ends_at + private.trial_lines_open_for())
    and not exists (select from private.billing_rows r
      where r.stripe_customer_id = p_period.stripe_customer_id and r.billed_start = p_period.starts_at
        and r.state = 'sending')
    and not exists (select from private.meter_days d
      where d.stripe_customer_id = p_period.stripe_customer_id and d.billed_start = p_period.starts_at
        and (coalesce(d.closed_at, d.confirmed_at) is null or not private.is_billing_compared(p_period)));
end;
$$;
comment on function private.is_settled(private.billing_periods) is
  'Whether nothing more can change what a period bills: its books are closed, nothing is in flight, and its invoice '
  'was compared. Then no comparison writes a rejection for it.';

create function private.statements_of(p_user_id uuid) returns setof private.statement
language plpgsql stable
set search_path = ''
as $$
declare
  kept_since constant timestamptz := private.present() - private.kept_for('financial');
begin
  return query
    select b.id, 'period'::public.statement_type,
      case when b.books_closed_at is null and private.present() < b.ends_at then 'open'::public.statement_status
        when private.is_settled(b) then 'closed' else 'closing' end,
      p_user_id, b.subscription_id, b.stripe_customer_id, b.currency, b.starts_at, b.ends_at, b.is_trial,
      b.books_closed_at,
      case when b.is_trial then greatest(b.books_closed_at, b.ends_at + private.trial_lines_open_for())
        else b.books_closed_at end
    from private.billing_periods b
    where b.ends_at > kept_since and exists (select from private.own_subscriptions o
      where o.user_id = p_user_id and o.subscription_id = b.subscription_id and o.since < b.ends_at
        and (o.until is null or o.until > b.starts_at))
    union all
    select c.id, 'later_usage', case when c.done_at is null then 'closing'::public.statement_status else 'closed' end,
      c.user_id, c.subscription_id, c.stripe_customer_id, c.currency, f.ended_at, greatest(c.began_at, f.ended_at),
      false, c.began_at, c.began_at
    from private.final_charges c join private.final_bills f on f.subscription_id = c.subscription_id
    where c.user_id = p_user_id and c.began_at > kept_since;
end;
$$;
comment on function private.statements_of(uuid) is
  'The statements of a tenant: the billing periods in which a subscription was their own, and what was billed or given '
  'back after the end of one.';
create index final_charges_by_user on private.final_charges (user_id);

-- Lines ---------------------------------------------------------------------------------------------------------------

create function private.as_statement_row(p_row private.billing_rows) returns private.statement_row
language plpgsql immutable
set search_path = ''
as $$
declare
  state constant public.statement_line_state := case
    when p_row.state = 'trial' then 'trial' when p_row.state = 'lost' then 'not_billed'
    when p_row.state in ('pending', 'sending') then 'pending' else 'billed' end;
  is_free constant boolean := state in ('trial', 'not_billed');
begin
  return (p_row.kind, p_row.day,
    case when p_row.reason <> 'usage' then 'sent_again' when p_row.count > 0 then 'usage' else 'correction' end,
    state, p_row.subscription_id, p_row.period_start, p_row.period_end, p_row.count, p_row.segments,
    p_row.price * p_row.exchange_rate, p_row.included * p_row.exchange_rate,
    case when is_free then 0 when p_row.reason = 'usage' then p_row.amount else p_row.units / 10000.0 end,
    case when is_free then 0 else p_row.units end)::private.statement_row;
end;
$$;
comment on function private.as_statement_row(private.billing_rows) is
  'A row as a statement shows it. Units that are sent again have the amount that they bill: the statement that has not '
  'billed them is without it.';

create function private.rows_of_period(p_statement private.statement) returns setof private.billing_rows
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  return query
    select r.* from private.billing_rows r
    where r.stripe_customer_id = p_statement.stripe_customer_id and r.billed_start = p_statement.starts_at
      and r.billed_subscription_id = p_statement.subscription_id and r.user_id = p_statement.user_id
      and r.state in ('sending', 'accepted')
    union all
    -- What cannot be sent into its own period any more will be billed by the open one.
    select r.* from private.billing_rows r
    where r.stripe_customer_id = p_statement.stripe_customer_id and r.state = 'pending'
      and r.user_id = p_statement.user_id and r.subscription_id = p_statement.subscription_id
      and ((r.period_start = p_statement.starts_at and p_statement.books_closed_at is null)
        or (r.period_start < p_statement.starts_at and p_statement.status = 'open'
          and not exists (select from private.billing_periods b
            where b.subscription_id = r.subscription_id and b.starts_at = r.period_start
              and b.books_closed_at is null)))
    union all
    select r.* from private.billing_rows r
    where r.user_id = p_statement.user_id and r.period_start = p_statement.starts_at
      and r.subscription_id = p_statement.subscription_id
      and (r.state = 'trial' or r.loss_reason = 'before_metering')
      and (p_statement.frozen_at is null or r.created_at <= p_statement.frozen_at);
end;
$$;
comment on function private.rows_of_period(private.statement) is
  'What the invoice of a period bills, what will be billed by it, and what is free of its usage. Of a period whose '
  'books are closed only outcomes of calls in flight change this.';

create function private.rows_of_statement(p_statement private.statement) returns setof private.statement_row
language plpgsql stable
set search_path = ''
as $$
begin
  if p_statement.type = 'later_usage' then
    return query
      select (private.as_statement_row(r)).* from private.billing_rows r
      where r.final_charge_id = p_statement.id;
    return;
  end if;
  return query
    select (private.as_statement_row(r)).* from private.rows_of_period(p_statement) r
    union all
    select r.kind, r.day, 'not_counted', 'billed', r.subscription_id, r.period_start, r.period_end, 0::bigint,
      0::bigint, 0::numeric, 0::numeric, -r.units / 10000.0, -r.units
    from private.billing_rows r
    where r.user_id = p_statement.user_id and r.period_start = p_statement.starts_at and r.reason <> 'usage'
      and r.subscription_id = p_statement.subscription_id;
end;
$$;
comment on function private.rows_of_statement(private.statement) is
  'The rows of a statement. Units that are sent again are taken off the period that had them and did not bill them.';

create function private.lines_of_statement(p_statement private.statement) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('kind', l.kind, 'day', l.day, 'type', l.type, 'state', l.state,
      'from', private.iso(l.period_start), 'until', private.iso(l.period_end),
      'isLate', p_statement.type = 'later_usage' or l.period_start < p_statement.starts_at,
      'count', l.count, 'segments', l.segments, 'price', l.price, 'included', l.included, 'amount', l.amount,
      'units', l.units)
      order by l.kind, l.day, l.period_start, l.type, l.state), '[]')
    from (
      select r.kind, r.day, r.type, r.state, r.period_start, max(r.period_end) as period_end, sum(r.count) as count,
        sum(r.segments) as segments, round(sum(r.price), 10) as price, round(sum(r.included), 10) as included,
        round(sum(r.amount), 10) as amount, sum(r.units) as units
      from private.rows_of_statement(p_statement) r
      group by r.kind, r.day, r.type, r.state, r.period_start) l);
end;
$$;
comment on function private.lines_of_statement(private.statement) is
  'The lines as the API returns them: one for each kind, UTC day of use, billing period of use, type and state.';

-- Invoices ------------------------------------------------------------------------------------------------------------

alter table private.stripe_invoices add column hosted_url text;
comment on column private.stripe_invoices.hosted_url is 'Stripe''s page of the invoice for the customer.';

create function private.major_of(p_minor numeric, p_currency text) returns numeric
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_minor * private.units_of_minor(p_currency) / 10000;
end;
$$;
comment on function private.major_of(numeric, text) is
  'An amount of Stripe, in the smallest unit of the currency, as an amount of the currency.';

create function private.most_rounding(p_currency text) returns numeric
language plpgsql immutable
set search_path = ''
as $$
begin
  return private.units_of_minor(p_currency) * private.minor_step(p_currency) / 2.0;
end;
$$;
comment on function private.most_rounding(text) is
  'How many units Stripe may round a line of an invoice by: half of what it bills at least.';

create type private.statement_invoice as (
  id text, number text, status text, currency text, total bigint, url text, is_final boolean, lines jsonb);
comment on type private.statement_invoice is
  'An invoice, or a credit note on one, of a statement. lines: [{kind, quantity, amount}], the amounts in the smallest '
  'unit of the currency; kind and quantity are null where Stripe does not tell them.';

create function private.invoices_of_statement(p_statement private.statement) returns setof private.statement_invoice
language plpgsql stable
set search_path = ''
as $$
begin
  if p_statement.type = 'later_usage' then
    return query
      select d.id, i.number, i.status, c.currency, i.total, i.hosted_url, c.done_at is not null, d.lines
      from private.final_charges c
      cross join lateral (
        select x ->> 'invoiceId' as id, jsonb_agg(jsonb_build_object('amount',
          (x ->> 'amount')::bigint * case x ->> 'type' when 'credit_note' then -1 else 1 end)) as lines
        from jsonb_array_elements(c.documents) x group by 1) d
      left join private.stripe_invoices i on i.id = d.id
      where c.id = p_statement.id order by d.id;
    return;
  end if;
  -- An invoice that is made during a period bills no usage of it.
  return query
    select i.id, i.number, i.status, i.currency, i.total, i.hosted_url, private.is_final(i) and i.status <> 'void',
      i.metered
    from private.stripe_invoices i
    where i.subscription_id = p_statement.subscription_id and i.period_start = p_statement.starts_at
      and i.created_at >= p_statement.ends_at - interval '1 minute' and i.status <> 'deleted'
    order by (i.status = 'draft'), i.created_at, i.id;
end;
$$;
comment on function private.invoices_of_statement(private.statement) is
  'The invoices that bill a statement, as last read from Stripe.';

create function private.invoices_json(p_invoices private.statement_invoice[]) returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'number', i.number, 'status', i.status,
      'total', private.major_of(i.total, i.currency), 'url', i.url,
      'lines', (
        select coalesce(jsonb_agg(jsonb_build_object('kind', l.line ->> 'kind',
          'quantity', (l.line ->> 'quantity')::numeric, 'amount', l.amount,
          'rounding', l.amount - (l.line ->> 'quantity')::numeric / 10000)
          order by l.line ->> 'kind', l.position), '[]')
        from (
          select e.line, e.position, private.major_of((e.line ->> 'amount')::numeric, i.currency) as amount
          from jsonb_array_elements(i.lines) with ordinality e (line, position)) l))
      order by i.position), '[]')
    from unnest(p_invoices) with ordinality i (id, number, status, currency, total, url, is_final, lines, position));
end;
$$;
comment on function private.invoices_json(private.statement_invoice[]) is
  'Invoices as the API returns them. rounding: what Stripe bills more than the units of a line.';

-- What adds up --------------------------------------------------------------------------------------------------------

create type private.statement_total as (
  kind public.usage_kind, count bigint, segments bigint, price numeric, included numeric, amount numeric, units bigint,
  pending_units bigint, others_units bigint, invoiced numeric);
comment on type private.statement_total is
  'The sums of the lines of a kind. others_units: what Stripe bills on the same invoice of another tenant with the '
  'same customer. invoiced: the quantity of the final invoices; null before there is one.';

create function private.others_units(p_statement private.statement, p_kind public.usage_kind) returns bigint
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce((
      select sum(r.units) from private.billing_rows r
      where r.stripe_customer_id = p_statement.stripe_customer_id and r.billed_start = p_statement.starts_at
        and r.kind = p_kind and r.state = 'accepted'
        and r.billed_subscription_id = p_statement.subscription_id and r.user_id <> p_statement.user_id), 0)
    - coalesce((
      select sum(r.units) from private.billing_rows r
      where r.stripe_customer_id = p_statement.stripe_customer_id and r.period_start = p_statement.starts_at
        and r.kind = p_kind and r.reason <> 'usage'
        and r.subscription_id = p_statement.subscription_id and r.user_id <> p_statement.user_id), 0);
end;
$$;
comment on function private.others_units(private.statement, public.usage_kind) is
  'What Stripe counts of a kind in the same billed period for other tenants of the subscription.';

create function private.totals_of_statement(p_statement private.statement, p_invoices private.statement_invoice[])
returns setof private.statement_total
language plpgsql stable
set search_path = ''
as $$
declare
  is_period constant boolean := p_statement.type = 'period';
  has_final constant boolean := is_period and exists (select from unnest(p_invoices) i where i.is_final);
begin
  return query
    with sums as (
      select r.kind, sum(r.count)::bigint as count, sum(r.segments)::bigint as segments, sum(r.price) as price,
        sum(r.included) as included, sum(r.amount) as amount, sum(r.units)::bigint as units,
        coalesce(sum(r.units) filter (where r.state = 'pending'), 0)::bigint as pending_units
      from private.rows_of_statement(p_statement) r group by r.kind
    ), lines as (
      select (l ->> 'kind')::public.usage_kind as kind, sum((l ->> 'quantity')::numeric) as quantity
      from unnest(p_invoices) i cross join lateral jsonb_array_elements(i.lines) l
      where has_final and i.is_final group by 1
    )
    select k.kind, coalesce(s.count, 0), coalesce(s.segments, 0), round(coalesce(s.price, 0), 10),
      round(coalesce(s.included, 0), 10), round(coalesce(s.amount, 0), 10), coalesce(s.units, 0),
      coalesce(s.pending_units, 0),
      case when is_period then private.others_units(p_statement, k.kind) else 0 end,
      case when has_final then coalesce(l.quantity, 0) end
    from unnest(enum_range(null::public.usage_kind)) k (kind)
    left join sums s on s.kind = k.kind
    left join lines l on l.kind = k.kind
    where s.kind is not null or l.quantity <> 0
    order by k.kind;
end;
$$;
comment on function private.totals_of_statement(private.statement, private.statement_invoice[]) is
  'The totals of a statement by kind, and what its final invoices bill of each.';

create function private.adds_up_in_ledger(p_statement private.statement) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return not exists (
    select from private.billing_rows r
    where r.user_id = p_statement.user_id and r.reason = 'usage' and r.currency = p_statement.currency
      and (r.period_start, r.kind, r.subscription_id) in (
        select s.period_start, s.kind, s.subscription_id from private.rows_of_statement(p_statement) s)
    group by r.period_start, r.kind, r.subscription_id, private.outcome_of(r)
    having abs(sum(r.amount) * 10000 - sum(r.units)) > 0.5);
end;
$$;
comment on function private.adds_up_in_ledger(private.statement) is
  'Whether the amounts of each kind and period of use on the statement are their units and a remainder of at most half '
  'a unit, over all statements that have a part of them. What is lost of them has a remainder of its own.';

create function private.adds_up_in_summaries(p_statement private.statement) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  if p_statement.type <> 'period' then
    return null;
  end if;
  return (
    select case when bool_or(d.missing <> 0) then false when bool_and(d.confirmed_at is not null) then true end
    from private.meter_days d
    where d.stripe_customer_id = p_statement.stripe_customer_id and d.billed_start = p_statement.starts_at);
end;
$$;
comment on function private.adds_up_in_summaries(private.statement) is
  'Whether Stripe''s meters have counted what was sent. Null: not compared yet.';

create function private.adds_up_on_invoice(p_statement private.statement, p_invoices private.statement_invoice[],
  p_totals private.statement_total[]) returns boolean
language plpgsql stable
set search_path = ''
as $$
declare
  most constant numeric := private.most_rounding(p_statement.currency);
  size constant integer := private.units_of_minor(p_statement.currency);
begin
  if not exists (select from unnest(p_invoices) i where i.is_final) then
    return null;
  elsif p_statement.type = 'later_usage' then
    return abs((select sum(t.units) from unnest(p_totals) t) - size * (
        select sum((l ->> 'amount')::numeric) from unnest(p_invoices) i, jsonb_array_elements(i.lines) l))
      <= most * (select sum(jsonb_array_length(i.lines)) from unnest(p_invoices) i);
  end if;
  return not exists (select from unnest(p_totals) t
      where t.invoiced <> t.units - t.pending_units + t.others_units)
    and not exists (select from unnest(p_invoices) i, jsonb_array_elements(i.lines) l
      where i.is_final and (i.currency <> p_statement.currency
        or abs((l ->> 'amount')::numeric * size - (l ->> 'quantity')::numeric) > most));
end;
$$;
comment on function private.adds_up_on_invoice(private.statement, private.statement_invoice[],
  private.statement_total[]) is
  'Whether the final invoices bill the units of the statement, kind by kind, and each line its quantity, rounded to '
  'the smallest unit of the currency. Null before an invoice is final.';

-- Reading -------------------------------------------------------------------------------------------------------------

create type public.statement as (
  id uuid, type public.statement_type, status public.statement_status, starts_at timestamptz, ends_at timestamptz,
  is_trial boolean, currency text, units bigint, amount numeric, pending_units bigint, invoices jsonb);
comment on type public.statement is
  'A statement in a list: the sums of its lines in whole ten-thousandths of the currency and as an amount, and the '
  'invoices that bill it.';

create function private.shown_statement(p_statement private.statement) returns public.statement
language plpgsql stable
set search_path = ''
as $$
declare
  shown public.statement;
begin
  select coalesce(sum(r.units), 0), coalesce(round(sum(r.amount), 10), 0),
    coalesce(sum(r.units) filter (where r.state = 'pending'), 0)
  into shown.units, shown.amount, shown.pending_units
  from private.rows_of_statement(p_statement) r;
  shown.id := p_statement.id;
  shown.type := p_statement.type;
  shown.status := p_statement.status;
  shown.starts_at := p_statement.starts_at;
  shown.ends_at := p_statement.ends_at;
  shown.is_trial := p_statement.is_trial;
  shown.currency := p_statement.currency;
  shown.invoices := private.invoices_json(array(select i from private.invoices_of_statement(p_statement) i));
  return shown;
end;
$$;
comment on function private.shown_statement(private.statement) is 'A statement with its sums and its invoices.';

create function public.list_statements(p_user_id uuid, p_before_at timestamptz, p_before_id uuid, p_limit integer)
returns setof public.statement
language plpgsql stable
set search_path = ''
as $$
declare
  each private.statement;
begin
  for each in
    select * from private.statements_of(p_user_id) s
    where p_before_at is null or (s.starts_at, s.id) < (p_before_at, p_before_id)
    order by s.starts_at desc, s.id desc limit p_limit
  loop
    return next private.shown_statement(each);
  end loop;
end;
$$;
comment on function public.list_statements(uuid, timestamptz, uuid, integer) is
  'A page of a tenant''s statements, newest first, after the last one of the page before.';

create type public.show_statement_outcome as enum ('found', 'not_found');
comment on type public.show_statement_outcome is 'not_found: the tenant has no statement with this id.';

create function public.show_statement(p_user_id uuid, p_statement_id uuid)
returns table (outcome public.show_statement_outcome, statement jsonb, parts jsonb)
language plpgsql stable
set search_path = ''
as $$
declare
  chosen private.statement;
  invoices private.statement_invoice[];
  totals private.statement_total[];
begin
  select * into chosen from private.statements_of(p_user_id) s where s.id = p_statement_id;
  outcome := case when chosen.id is null then 'not_found' else 'found' end;
  if outcome = 'found' then
    invoices := array(select i from private.invoices_of_statement(chosen) i);
    totals := array(select t from private.totals_of_statement(chosen, invoices) t);
    statement := to_jsonb(private.shown_statement(chosen));
    parts := jsonb_build_object('lines', private.lines_of_statement(chosen), 'totals', (
        select coalesce(jsonb_agg(jsonb_build_object('kind', t.kind, 'count', t.count, 'segments', t.segments,
          'price', t.price, 'included', t.included, 'amount', t.amount, 'units', t.units,
          'remainder', t.amount * 10000 - t.units, 'pendingUnits', t.pending_units, 'othersUnits', t.others_units,
          'invoicedUnits', t.invoiced) order by t.kind), '[]') from unnest(totals) t),
      'addsUp', jsonb_build_object('ledger', private.adds_up_in_ledger(chosen),
        'summaries', private.adds_up_in_summaries(chosen),
        'invoice', private.adds_up_on_invoice(chosen, invoices, totals)));
  end if;
  return next;
end;
$$;
comment on function public.show_statement(uuid, uuid) is
  'One statement of a tenant, as a row of the list, and its lines and totals as the API returns them.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.trial_lines_open_for(),
  private.is_billing_compared(private.billing_periods),
  private.is_settled(private.billing_periods),
  private.statements_of(uuid),
  private.as_statement_row(private.billing_rows),
  private.rows_of_period(private.statement),
  private.rows_of_statement(private.statement),
  private.lines_of_statement(private.statement),
  private.major_of(numeric, text),
  private.most_rounding(text),
  private.invoices_of_statement(private.statement),
  private.invoices_json(private.statement_invoice[]),
  private.others_units(private.statement, public.usage_kind),
  private.totals_of_statement(private.statement, private.statement_invoice[]),
  private.adds_up_in_ledger(private.statement),
  private.adds_up_in_summaries(private.statement),
  private.adds_up_on_invoice(private.statement, private.statement_invoice[], private.statement_total[]),
  private.shown_statement(private.statement),
  public.list_statements(uuid, timestamptz, uuid, integer),
  public.show_statement(uuid, uuid)
  from public, anon, authenticated;
grant execute on function
  private.trial_lines_open_for(),
  private.is_billing_compared(private.billing_periods),
  private.is_settled(private.billing_periods),
  private.statements_of(uuid),
  private.as_statement_row(private.billing_rows),
  private.rows_of_period(private.statement),
  private.rows_of_statement(private.statement),
  private.lines_of_statement(private.statement),
  private.major_of(numeric, text),
  private.most_rounding(text),
  private.invoices_of_statement(private.statement),
  private.invoices_json(private.statement_invoice[]),
  private.others_units(private.statement, public.usage_kind),
  private.totals_of_statement(private.statement, private.statement_invoice[]),
  private.adds_up_in_ledger(private.statement),
  private.adds_up_in_summaries(private.statement),
  private.adds_up_on_invoice(private.statement, private.statement_invoice[], private.statement_total[]),
  private.shown_statement(private.statement),
  public.list_statements(uuid, timestamptz, uuid, integer),
  public.show_statement(uuid, uuid)
  to service_role;
