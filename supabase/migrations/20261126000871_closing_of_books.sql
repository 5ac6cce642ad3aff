-- Closing the books of billing periods: their usage is rated finally and sent before their invoice is final.

create function private.note_period_end() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if new.books_closed_at is null then
    new.close_due_at := new.ends_at + interval '15 minutes';
  end if;
  return new;
end;
$$;
comment on function private.note_period_end() is
  'Trigger: the closing of its books is looked at after a period''s end.';
create trigger note_period_end before insert or update of ends_at on private.billing_periods
  for each row execute function private.note_period_end();

create function private.note_new_period() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.set_metering_due(new.stripe_customer_id, private.present())
  where exists (select from private.billing_rows r
    where r.stripe_customer_id = new.stripe_customer_id and r.state = 'pending');
  return null;
end;
$$;
comment on function private.note_new_period() is 'Trigger: rows that waited for an open period can be sent.';
create trigger note_new_period after insert on private.billing_periods
  for each row execute function private.note_new_period();

create function private.note_read_invoice() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update private.billing_periods b set close_due_at = private.present()
  where b.subscription_id = new.subscription_id and b.starts_at = new.period_start and b.books_closed_at is null
    and new.created_at >= b.ends_at - interval '1 minute';
  if found then
    perform private.set_metering_due(new.stripe_customer_id, private.present());
  end if;
  return null;
end;
$$;
comment on function private.note_read_invoice() is
  'Trigger: an invoice that is read tells until when usage can be sent into its period.';
create trigger note_read_invoice after insert or update of status, finalises_at, finalised_at, period_start
  on private.stripe_invoices for each row when (new.subscription_id is not null and new.period_start is not null)
  execute function private.note_read_invoice();

create function private.is_invoice_known(p_period private.billing_periods) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return (private.invoice_of_period(p_period)).id is not null
    or exists (select from public.subscriptions s
      where s.id = p_period.subscription_id and s.ended_at <= p_period.ends_at);
end;
$$;
comment on function private.is_invoice_known(private.billing_periods) is
  'Whether it is known until when usage can be sent into a period that is over.';

create function private.flush_at(p_period private.billing_periods) returns timestamptz
language plpgsql stable
set search_path = ''
as $$
begin
  return greatest(private.sending_ends_at(p_period) - interval '1 hour', p_period.ends_at + interval '15 minutes');
end;
$$;
comment on function private.flush_at(private.billing_periods) is
  'When the usage of a period is rated finally: early enough to send it before the books close. An estimate is final '
  'at an age of 48 hours, which for the last usage of a period is the moment at which its books close.';

create function private.close_period(p_period private.billing_periods) returns void
language plpgsql
set search_path = ''
as $$
declare
  is_early constant boolean := private.present() < p_period.ends_at + private.books_open_for();
  is_over constant boolean := exists (select from public.subscriptions s
    where s.id = p_period.subscription_id and s.ended_at <= p_period.ends_at);
begin
  update private.billing_periods b set books_closed_at = private.present(), close_due_at = null
  where b.subscription_id = p_period.subscription_id and b.starts_at = p_period.starts_at;
  perform private.set_metering_due(p_period.stripe_customer_id, private.present());
  if is_early and not is_over and private.has_grace(private.invoice_of_period(p_period)) then
    perform private.raise_alert('invoice_grace', p_period.subscription_id, p_period.user_id, jsonb_build_object(
      'subscriptionId', p_period.subscription_id, 'periodStart', private.iso(p_period.starts_at),
      'periodEnd', private.iso(p_period.ends_at)));
  end if;
end;
$$;
comment on function private.close_period(private.billing_periods) is
  'Closes the books of a period. Its rows that are pending are then sent into an open one. An alert tells when its '
  'invoice should have had a grace period and was final before 48 hours had passed. check_grace settles it.';

create function private.look_at_closing(p_period private.billing_periods) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  present constant timestamptz := private.present();
  closes_at constant timestamptz := private.sending_ends_at(p_period);
  must_flush constant boolean := closes_at > present
    and (p_period.flushed_at is null or p_period.flushed_at < private.flush_at(p_period));
  next timestamptz;
begin
  if closes_at <= present
    and (private.is_invoice_known(p_period) or p_period.is_trial
      or present >= p_period.ends_at + private.books_open_for())
    and p_period.ends_at <= present
  then
    perform private.close_period(p_period);
    return false;
  end if;
  next := case
    -- The invoice is not known yet: reading it makes the period due.
    when closes_at <= present then least(present + interval '1 hour', p_period.ends_at + private.books_open_for())
    when not must_flush then closes_at
    -- Of a process that ends, the next one flushes.
    when private.flush_at(p_period) <= present then present + interval '10 minutes'
    else private.flush_at(p_period) end;
  update private.billing_periods b set close_due_at = greatest(next, p_period.ends_at)
  where b.subscription_id = p_period.subscription_id and b.starts_at = p_period.starts_at;
  return must_flush and private.flush_at(p_period) <= present;
end;
$$;
comment on function private.look_at_closing(private.billing_periods) is
  'Closes the books of a period when it is time, or says when they are to be looked at again. Returns whether the '
  'period is to be flushed now.';

create function public.close_due_periods(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  due private.billing_periods;
  period private.billing_periods;
  looked_at integer := 0;
begin
  for due in
    select * from private.billing_periods b where b.close_due_at <= private.present()
    order by b.close_due_at limit p_limit
  loop
    -- A customer that another process has locked waits for the next run.
    perform from private.billing_customers c where c.stripe_customer_id = due.stripe_customer_id
    for update skip locked;
    continue when not found and exists (select from private.billing_customers c
      where c.stripe_customer_id = due.stripe_customer_id);
    select * into period from private.billing_periods b
    where b.subscription_id = due.subscription_id and b.starts_at = due.starts_at
      and b.close_due_at <= private.present()
    for update skip locked;
    continue when not found;
    looked_at := looked_at + 1;
    if private.look_at_closing(period) then
      perform private.enqueue(jsonb_build_object('kind', 'close-periods', 'period', jsonb_build_object(
        'customerId', period.stripe_customer_id, 'subscriptionId', period.subscription_id,
        'startsAt', period.starts_at)));
    end if;
  end loop;
  return looked_at;
end;
$$;
comment on function public.close_due_periods(integer) is
  'Closes the books of periods that are due, and enqueues the flush of those that close soon. Returns their number.';

create function public.note_flush(p_subscription_id text, p_starts_at timestamptz) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  period private.billing_periods;
begin
  perform private.lock_billing_customer(b.stripe_customer_id) from private.billing_periods b
  where b.subscription_id = p_subscription_id and b.starts_at = p_starts_at;
  update private.billing_periods b set flushed_at = private.present()
  where b.subscription_id = p_subscription_id and b.starts_at = p_starts_at and b.books_closed_at is null
  returning * into period;
  if found then
    perform private.look_at_closing(period);
  end if;
  return found;
end;
$$;
comment on function public.note_flush(text, timestamptz) is
  'Records that a period was rated finally and all that could be sent is sent. Returns whether its books were open.';

create function public.close_books(p_subscription_id text) returns timestamptz
language plpgsql
set search_path = ''
as $$
declare
  customer_id text;
begin
  -- Two periods may be open: one in its grace, and the present one.
  select b.stripe_customer_id into customer_id from private.billing_periods b
  where b.subscription_id = p_subscription_id limit 1;
  perform private.lock_billing_customer(customer_id);
  update private.billing_periods b set books_closed_at = private.present(), close_due_at = null
  where b.subscription_id = p_subscription_id and b.books_closed_at is null;
  return coalesce((select c.leased_until from private.billing_customers c
    where c.stripe_customer_id = customer_id and c.leased_until > private.present()), private.present());
end;
$$;
comment on function public.close_books(text) is
  'Ends the sending into all periods of a subscription, before it is canceled or its draft is finalised. Returns until '
  'when a call may still be in flight.';

insert into private.schedules (name, job, every) values ('close-periods', '{"kind": "close-periods"}', '1 minute');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.note_period_end(),
  private.note_new_period(),
  private.note_read_invoice(),
  private.is_invoice_known(private.billing_periods),
  private.flush_at(private.billing_periods),
  private.close_period(private.billing_periods),
  private.look_at_closing(private.billing_periods),
  public.close_due_periods(integer),
  public.note_flush(text, timestamptz),
  public.close_books(text)
  from public, anon, authenticated;
grant execute on function
  private.is_invoice_known(private.billing_periods),
  private.flush_at(private.billing_periods),
  private.close_period(private.billing_periods),
  private.look_at_closing(private.billing_periods),
  public.close_due_periods(integer),
  public.note_flush(text, timestamptz),
  public.close_books(text)
  to service_role;
