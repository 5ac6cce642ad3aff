-- Stripe's invoices as last read from Stripe, and payments that move without usage.

-- Reading invoices ----------------------------------------------------------------------------------------------------

create function public.ask_for_invoice(p_invoice_id text) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  perform private.enqueue(jsonb_build_object('kind', 'read-invoice', 'invoiceId', p_invoice_id));
  return true;
end;
$$;
comment on function public.ask_for_invoice(text) is 'Enqueues the reading of an invoice from Stripe.';

create function private.owner_of_invoice(p_customer_id text, p_subscription_id text,
  out is_known boolean, out user_id uuid)
language plpgsql stable
set search_path = ''
as $$
declare
  subscription public.subscriptions;
  link private.stripe_customers;
  payer private.billing_customers;
begin
  select * into subscription from public.subscriptions s
  where s.id = p_subscription_id or s.stripe_customer_id = p_customer_id
  order by (s.id = p_subscription_id) desc nulls last, s.created_at desc limit 1;
  select * into link from private.stripe_customers c where c.id = p_customer_id;
  select * into payer from private.billing_customers c where c.stripe_customer_id = p_customer_id;
  is_known := subscription.id is not null or link.id is not null or payer.stripe_customer_id is not null;
  user_id := coalesce(subscription.user_id, payer.user_id, link.user_id);
end;
$$;
comment on function private.owner_of_invoice(text, text) is
  'The tenant of an invoice. is_known: its customer or its subscription is one of ours.';

create function private.period_of_invoice(p_invoice private.stripe_invoices) returns private.billing_periods
language plpgsql stable
set search_path = ''
as $$
declare
  period private.billing_periods;
begin
  select * into period from private.billing_periods b
  where b.subscription_id = p_invoice.subscription_id
    and b.starts_at <= p_invoice.period_start and p_invoice.period_start < b.ends_at
  order by b.starts_at desc limit 1;
  return period;
end;
$$;
comment on function private.period_of_invoice(private.stripe_invoices) is
  'The billing period whose usage an invoice bills; null for one that bills no usage of a period. The lines of an '
  'item that was added in mid-period begin later than the period.';

create function private.is_final(p_invoice private.stripe_invoices) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return p_invoice.status not in ('draft', 'deleted') or p_invoice.finalised_at is not null;
end;
$$;
comment on function private.is_final(private.stripe_invoices) is
  'Whether the quantities of an invoice can change no more.';

create function private.has_grace(p_invoice private.stripe_invoices) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(p_invoice.billing_reason = 'subscription_cycle' and p_invoice.metered <> '[]', false);
end;
$$;
comment on function private.has_grace(private.stripe_invoices) is
  'Whether Stripe keeps an invoice as a draft for the grace period that is set: that of a period end with metered '
  'items. Others are final after an hour or at once, and tell nothing about the setting.';

create function private.check_grace(p_invoice private.stripe_invoices) returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_invoice.status <> 'draft' or p_invoice.finalises_at is null or p_invoice.period_end is null
    or not private.has_grace(p_invoice) then
    return;
  end if;
  -- An hour less than 72: Stripe may count from the end of the period or from the draft.
  if p_invoice.finalises_at >= p_invoice.period_end + interval '71 hours' then
    perform private.settle_alert('invoice_grace', p_invoice.subscription_id);
  else
    perform private.raise_alert('invoice_grace', p_invoice.subscription_id, p_invoice.user_id,
      jsonb_build_object('invoiceId', p_invoice.id, 'periodEnd', p_invoice.period_end,
        'finalisesAt', p_invoice.finalises_at, 'customerId', p_invoice.stripe_customer_id));
  end if;
end;
$$;
comment on function private.check_grace(private.stripe_invoices) is
  'Raises an alert when Stripe will finalise a draft with usage less than 72 hours after the period, and settles it '
  'when a later draft of the subscription leaves the time.';

create function private.is_own_invoice(p_invoice private.stripe_invoices) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return exists (select from private.final_charges c
    where c.stripe_customer_id = p_invoice.stripe_customer_id and c.units > 0
      and c.documents @> jsonb_build_array(jsonb_build_object('invoiceId', p_invoice.id)));
end;
$$;
comment on function private.is_own_invoice(private.stripe_invoices) is
  'Whether an invoice of its own bills later usage of a customer who has left.';

create function private.follow_invoice(p_before private.stripe_invoices, p_after private.stripe_invoices)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_periods b set invoice_id = p_after.id
  from private.period_of_invoice(p_after) p
  where b.subscription_id = p.subscription_id and b.starts_at = p.starts_at and b.invoice_id is distinct from p_after.id
    and (b.invoice_id is null or p_after.metered <> '[]') and p_after.status <> 'void';
  perform private.check_grace(p_after);
  if private.is_final(p_after) and p_after.compared_at is null then
    update private.billing_customers c
    set compare_due_at = least(coalesce(c.compare_due_at, 'infinity'), private.present())
    where c.stripe_customer_id = p_after.stripe_customer_id;
  end if;
  if p_after.status in ('void', 'uncollectible') and p_before.status is distinct from p_after.status
    and (p_after.metered <> '[]' or private.is_own_invoice(p_after)) then
    perform private.raise_alert('payment_moved', p_after.id, p_after.user_id, jsonb_build_object(
      'invoiceId', p_after.id, 'cause', p_after.status, 'customerId', p_after.stripe_customer_id,
      'total', p_after.total, 'currency', p_after.currency));
  end if;
end;
$$;
comment on function private.follow_invoice(private.stripe_invoices, private.stripe_invoices) is
  'What an invoice that was just stored leads to: its period names it, a final one is compared with our rows, and the '
  'operator learns of a short grace period and of an invoice that is given up.';

create type public.record_invoice_outcome as enum ('recorded', 'superseded', 'unknown_customer');
comment on type public.record_invoice_outcome is
  'Whether an invoice was stored. superseded: a later read was stored before. unknown_customer: neither its customer '
  'nor its subscription is one of ours, so nothing is stored.';

create function public.record_invoice(p_invoice jsonb, p_read_number bigint, p_problem text default null)
returns public.record_invoice_outcome
language plpgsql
set search_path = ''
as $$
declare
  read private.stripe_invoices := jsonb_populate_record(
    jsonb_populate_record(null::private.stripe_invoices, '{"metered": [], "credited": 0}'), p_invoice);
  period private.billing_periods;
  owner record;
  before private.stripe_invoices;
  after private.stripe_invoices;
begin
  select o.is_known, o.user_id into owner
  from private.owner_of_invoice(read.stripe_customer_id, read.subscription_id) o;
  if not owner.is_known then
    return 'unknown_customer';
  end if;
  perform private.lock_billing_customer(read.stripe_customer_id);
  period := private.period_of_invoice(read);
  if period.subscription_id is not null then
    read.period_start := period.starts_at;
    read.period_end := period.ends_at;
  end if;
  select * into before from private.stripe_invoices i where i.id = read.id for update;
  insert into private.stripe_invoices as i (id, user_id, stripe_customer_id, subscription_id, number, status, currency,
    created_at, period_start, period_end, finalises_at, finalised_at, total, amount_remaining, metered, read_number,
    billing_reason, credited, hosted_url)
  values (read.id, owner.user_id, read.stripe_customer_id, read.subscription_id, read.number, read.status,
    read.currency, read.created_at, read.period_start, read.period_end, read.finalises_at, read.finalised_at,
    read.total, read.amount_remaining, read.metered, p_read_number, read.billing_reason, read.credited,
    read.hosted_url)
  on conflict (id) do update set
    user_id = coalesce(i.user_id, excluded.user_id), number = excluded.number, status = excluded.status,
    period_start = excluded.period_start, period_end = excluded.period_end, finalises_at = excluded.finalises_at,
    finalised_at = excluded.finalised_at, total = excluded.total, amount_remaining = excluded.amount_remaining,
    metered = excluded.metered, read_number = excluded.read_number, billing_reason = excluded.billing_reason,
    credited = excluded.credited, hosted_url = excluded.hosted_url
  where i.read_number <= excluded.read_number
  returning i.* into after;
  if after.id is null then
    return 'superseded';
  end if;
  perform private.follow_invoice(before, after);
  if p_problem is not null then
    perform private.raise_alert('invoice_difference', after.id, after.user_id, jsonb_build_object('invoiceId', after.id,
      'cause', 'not_finalised', 'problem', p_problem, 'customerId', after.stripe_customer_id));
  elsif before.status = 'draft' then
    perform private.settle_alert('invoice_difference', after.id);
  end if;
  return 'recorded';
end;
$$;
comment on function public.record_invoice(jsonb, bigint, text) is
  'Stores an invoice as just read from Stripe. p_invoice: the columns of private.stripe_invoices that Stripe gives. '
  'p_problem: why Stripe cannot finalise it, of which the operator learns.';

create function public.forget_invoice(p_invoice_id text, p_read_number bigint) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  forgotten private.stripe_invoices;
begin
  perform private.lock_billing_customer(i.stripe_customer_id) from private.stripe_invoices i where i.id = p_invoice_id;
  update private.stripe_invoices i set status = 'deleted', finalises_at = null, read_number = p_read_number
  where i.id = p_invoice_id and i.status = 'draft' and i.read_number <= p_read_number
  returning * into forgotten;
  if not found then
    return false;
  end if;
  update private.billing_periods b set invoice_id = null where b.invoice_id = p_invoice_id;
  perform private.raise_alert('invoice_difference', forgotten.id, forgotten.user_id, jsonb_build_object(
    'invoiceId', forgotten.id, 'cause', 'deleted', 'customerId', forgotten.stripe_customer_id));
  return true;
end;
$$;
comment on function public.forget_invoice(text, bigint) is
  'Records that Stripe no longer knows an invoice that was a draft: it was deleted, and bills nothing. Returns whether '
  'it was a known draft.';

create function public.kinds_of_prices(p_price_ids text[]) returns table (price_id text, kind public.usage_kind)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  return query
    select distinct m.price_id, m.kind from private.metered_items m where m.price_id = any (p_price_ids);
end;
$$;
comment on function public.kinds_of_prices(text[]) is
  'Of prices of invoice lines, those that a recorded metered item has, with their kind.';

-- Refunds and disputes ------------------------------------------------------------------------------------------------

create type public.record_payment_move_outcome as enum ('alerted', 'unknown_customer');
comment on type public.record_payment_move_outcome is
  'Whether an alert tells of it. unknown_customer: the charge is of something else.';

create function public.record_payment_move(p_charge_id text, p_customer_id text, p_details jsonb)
returns public.record_payment_move_outcome
language plpgsql
set search_path = ''
as $$
declare
  owner record;
begin
  select o.is_known, o.user_id into owner from private.owner_of_invoice(p_customer_id, null) o;
  if not owner.is_known then
    return 'unknown_customer';
  end if;
  perform private.raise_alert('payment_moved', p_charge_id, owner.user_id,
    p_details || jsonb_build_object('chargeId', p_charge_id, 'customerId', p_customer_id));
  return 'alerted';
end;
$$;
comment on function public.record_payment_move(text, text, jsonb) is
  'Tells the operator of a refund or a dispute of a customer''s charge. It moves money and changes no usage.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  public.ask_for_invoice(text),
  private.owner_of_invoice(text, text),
  private.period_of_invoice(private.stripe_invoices),
  private.is_final(private.stripe_invoices),
  private.has_grace(private.stripe_invoices),
  private.check_grace(private.stripe_invoices),
  private.is_own_invoice(private.stripe_invoices),
  private.follow_invoice(private.stripe_invoices, private.stripe_invoices),
  public.record_invoice(jsonb, bigint, text),
  public.forget_invoice(text, bigint),
  public.kinds_of_prices(text[]),
  public.record_payment_move(text, text, jsonb)
  from public, anon, authenticated;
grant execute on function
  public.ask_for_invoice(text),
  private.owner_of_invoice(text, text),
  private.period_of_invoice(private.stripe_invoices),
  private.is_final(private.stripe_invoices),
  private.has_grace(private.stripe_invoices),
  private.check_grace(private.stripe_invoices),
  private.is_own_invoice(private.stripe_invoices),
  private.follow_invoice(private.stripe_invoices, private.stripe_invoices),
  public.record_invoice(jsonb, bigint, text),
  public.forget_invoice(text, bigint),
  public.kinds_of_prices(text[]),
  public.record_payment_move(text, text, jsonb)
  to service_role;
