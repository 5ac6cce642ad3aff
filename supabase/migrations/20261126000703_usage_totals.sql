-- What a tenant has used, kept up to date by triggers: by hour, for limits, and by UTC day, kind and currency, for all
-- that counts whole days. A year's limit or report reads a few rows a day, however many messages there were.

-- The tables ----------------------------------------------------------------------------------------------------------

create table private.sending_totals (
  -- No foreign key: totals outlive the user, like the ledger.
  user_id uuid not null,
  hour timestamptz not null,
  messages bigint not null,
  spend numeric(14, 5) not null,
  price numeric(14, 5) not null default 0,
  primary key (user_id, hour)
) with (fillfactor = 50); -- the row of this hour changes with every message: its old versions are cleared sooner
comment on table private.sending_totals is
  'Sent messages, and what messages of both directions cost and are priced at for the tenant, per tenant and hour. '
  'Limits read the last day of it, and the day on which a billing period begins.';
alter table private.sending_totals enable row level security;
revoke all on private.sending_totals from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.sending_totals to service_role;

create table private.usage_totals (
  user_id uuid not null,
  day date not null,
  kind public.usage_kind not null,
  -- In upper case. Empty: Twilio has not reported it yet, and the amounts are estimates.
  unit text not null,
  count bigint not null,
  segments bigint not null,
  price numeric(16, 5) not null,
  cost numeric(16, 5) not null,
  changes bigint not null default 1,
  primary key (user_id, day, kind, unit)
) with (fillfactor = 50); -- as sending_totals
create index usage_totals_by_day on private.usage_totals (day);
comment on table private.usage_totals is
  'Counts and amounts by tenant, UTC day, kind and currency. price: for the tenant. cost: what Twilio charges. '
  'Messages that were refused or not sent do not count.';
comment on column private.usage_totals.changes is
  'How often the row was written. Rating reads the messages and fees of a day again only when one of its rows was.';
alter table private.usage_totals enable row level security;
revoke all on private.usage_totals from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.usage_totals to service_role;

-- Hours in UTC, independent of the session's time zone, so that a message is always counted in the same row.
create function private.hour_of(p_at timestamptz) returns timestamptz
language plpgsql immutable
set search_path = ''
as $$
begin
  return date_trunc('hour', p_at, 'UTC');
end;
$$;

-- Messages ------------------------------------------------------------------------------------------------------------

-- New and deleted messages are counted per statement: a batch is one change of one hour. Such a trigger also fires for
-- a statement without rows, by any role, which must not reach the private schema. Updates are counted per row, because
-- only such a trigger can have a condition, and most updates change no total.

-- Rows are locked in a fixed order to prevent deadlocks: messages, hours, days, campaigns. Of the kinds of one day,
-- received messages come before sent ones: a received message may have a reply.

create type private.usage_change as (
  user_id uuid, hour timestamptz, kind public.usage_kind, unit text, count bigint, segments bigint, price numeric,
  cost numeric);
comment on type private.usage_change is 'What messages of an hour, kind and currency add to the totals.';

create function private.add_changes(p_changes private.usage_change[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into private.sending_totals as t (user_id, hour, messages, spend, price)
  select c.user_id, c.hour, coalesce(sum(c.count) filter (where c.kind in ('sms_out', 'mms_out')), 0), sum(c.cost),
    sum(c.price)
  from unnest(p_changes) c group by 1, 2 order by 1, 2
  on conflict (user_id, hour) do update set messages = t.messages + excluded.messages,
    spend = t.spend + excluded.spend, price = t.price + excluded.price
  where (excluded.messages, excluded.spend, excluded.price) <> (0, 0, 0);
  insert into private.usage_totals as t (user_id, day, kind, unit, count, segments, price, cost)
  select c.user_id, private.utc_day(c.hour), c.kind, c.unit, sum(c.count), sum(c.segments), sum(c.price), sum(c.cost)
  from unnest(p_changes) c group by 1, 2, 3, 4 order by 1, 2, 3 desc, 4
  on conflict (user_id, day, kind, unit) do update set count = t.count + excluded.count,
    segments = t.segments + excluded.segments, price = t.price + excluded.price, cost = t.cost + excluded.cost,
    changes = t.changes + 1
  where (excluded.count, excluded.segments, excluded.price, excluded.cost) <> (0, 0, 0, 0);
end;
$$;
comment on function private.add_changes(private.usage_change[]) is
  'Adds to the totals of hours and of days. A row to which nothing is added is created or locked.';

create function private.usage_of(p_message public.sms_messages, p_sign integer) returns private.usage_change
language plpgsql stable
set search_path = ''
as $$
begin
  return row(p_message.user_id, private.hour_of(p_message.created_at), p_message.kind,
    private.charge_unit(p_message.price_unit, p_message.price_is_foreign), p_sign,
    p_sign * greatest(p_message.num_segments, 1), p_sign * p_message.tenant_price,
    p_sign * p_message.cost)::private.usage_change;
end;
$$;
comment on function private.usage_of(public.sms_messages, integer) is
  'What a message that counts adds to the totals, or with the sign -1 takes out of them.';

create function private.total_inserts() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from new_rows) then
    perform private.add_changes(array(
      select row(n.user_id, private.hour_of(n.created_at), n.kind,
        private.charge_unit(n.price_unit, n.price_is_foreign), count(*), sum(greatest(n.num_segments, 1)),
        sum(n.tenant_price), sum(n.cost))::private.usage_change
      from new_rows n where private.counts(n.status)
      group by n.user_id, private.hour_of(n.created_at), n.kind,
        private.charge_unit(n.price_unit, n.price_is_foreign)));
  end if;
  return null;
end;
$$;
comment on function private.total_inserts() is 'Trigger: adds new messages to the totals.';

create function private.total_update() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  changes private.usage_change[] := '{}';
begin
  if private.counts(old.status) then
    changes := changes || private.usage_of(old, -1);
  end if;
  if private.counts(new.status) then
    changes := changes || private.usage_of(new, 1);
  end if;
  perform private.add_changes(changes);
  -- Nothing is decided about a late price: only here can it reach a threshold.
  if new.cost > old.cost then
    perform private.set_due_by(new.user_id, 'spending');
  end if;
  return null;
end;
$$;
comment on function private.total_update() is
  'Trigger: moves a change of status, price or segments into the totals. The thresholds of the spend limit are due for '
  'a check when the cost has grown.';

create function private.total_deletes() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if exists (select from old_rows) then
    perform private.add_changes(array(
      select private.usage_of(o, -1) from old_rows o where private.counts(o.status)));
  end if;
  return null;
end;
$$;
comment on function private.total_deletes() is 'Trigger: takes deleted messages out of the totals.';

create trigger count_new after insert on public.sms_messages
  referencing new table as new_rows for each statement execute function private.total_inserts();
-- Two conditions that exclude each other, so that the report of a status, the most frequent update, has little to
-- check.
create trigger count_changed after update of price, price_unit, price_is_foreign, estimated_price, num_segments,
    has_media, twilio_message_sid, created_at on public.sms_messages
  for each row when (private.counts(old.status) and private.counts(new.status)
    and (old.cost, old.price_unit, old.price_is_foreign, old.num_segments, old.kind, old.created_at)
      is distinct from (new.cost, new.price_unit, new.price_is_foreign, new.num_segments, new.kind, new.created_at))
  execute function private.total_update();
create trigger count_changed_status after update of status on public.sms_messages
  for each row when (private.counts(old.status) <> private.counts(new.status))
  execute function private.total_update();
create trigger count_deleted after delete on public.sms_messages
  referencing old table as old_rows for each statement execute function private.total_deletes();

create function private.lock_totals_of(p_message_ids uuid[]) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from private.sending_totals t
  where (t.user_id, t.hour) in (select m.user_id, private.hour_of(m.created_at) from public.sms_messages m
    where m.id = any (p_message_ids))
  order by t.user_id, t.hour for no key update;
  perform from private.usage_totals t
  where (t.user_id, t.day) in (select m.user_id, private.utc_day(m.created_at) from public.sms_messages m
    where m.id = any (p_message_ids)) and t.kind <= 'mms_in'
  order by t.user_id, t.day, t.kind desc, t.unit for no key update;
end;
$$;
comment on function private.lock_totals_of(uuid[]) is
  'Locks the totals of several messages, for a decision that changes them one after the other.';

create function private.lock_totals_of_sending(p_user_id uuid) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform private.add_changes(array[
    row(p_user_id, private.hour_of(now()), 'sms_out', '', 0, 0, 0, 0)::private.usage_change,
    row(p_user_id, private.hour_of(now()), 'mms_out', '', 0, 0, 0, 0)::private.usage_change]);
end;
$$;
comment on function private.lock_totals_of_sending(uuid) is
  'Locks the totals that new messages to send are added to, for a decision that locks a campaign before it inserts '
  'them.';

-- Fees ----------------------------------------------------------------------------------------------------------------

create function private.usage_kind_of(p_kind public.fee_kind) returns public.usage_kind
language plpgsql immutable
set search_path = ''
as $$
begin
  return case p_kind when 'number' then 'number' else 'fee' end;
end;
$$;
comment on function private.usage_kind_of(public.fee_kind) is 'Under what a tenant sees a fee in their usage.';

create function private.add_fee() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op <> 'INSERT' then
    -- A day without a total is older than the totals that are kept.
    update private.usage_totals t set count = t.count - old.count, price = t.price - old.tenant_price,
      cost = t.cost - old.cost, changes = t.changes + 1
    where t.user_id = old.user_id and t.day = private.utc_day(old.charged_at)
      and t.kind = private.usage_kind_of(old.kind) and t.unit = old.price_unit;
  end if;
  if tg_op <> 'DELETE' then
    insert into private.usage_totals as t (user_id, day, kind, unit, count, segments, price, cost)
    values (new.user_id, private.utc_day(new.charged_at), private.usage_kind_of(new.kind), new.price_unit, new.count,
      0, new.tenant_price, new.cost)
    on conflict (user_id, day, kind, unit) do update set count = t.count + excluded.count,
      price = t.price + excluded.price, cost = t.cost + excluded.cost, changes = t.changes + 1;
  end if;
  return null;
end;
$$;
comment on function private.add_fee() is 'Trigger: keeps usage_totals the sum of the fees.';
create trigger add_new_fee after insert or delete on private.fees for each row execute function private.add_fee();
create trigger add_changed_fee after update on private.fees
  for each row when ((old.user_id, old.charged_at, old.kind, old.price_unit, old.count, old.cost, old.tenant_price)
    is distinct from (new.user_id, new.charged_at, new.kind, new.price_unit, new.count, new.cost, new.tenant_price))
  execute function private.add_fee();

-- Numbers -------------------------------------------------------------------------------------------------------------

-- A number's fee is charged at its purchase and on each monthly anniversary, at the markup of the plan then in force.

create function private.fee_date(p_reserved_at timestamptz, p_fees integer) returns timestamptz
language plpgsql immutable
set search_path = ''
as $$
begin
  -- From the purchase and not from the fee before: a number of the 31st is due on the last day of a short month.
  return (p_reserved_at at time zone 'UTC' + p_fees * interval '1 month') at time zone 'UTC';
end;
$$;
comment on function private.fee_date(timestamptz, integer) is 'When a number''s fee is due after p_fees fees.';

create function private.charge_fee(p_purchase private.number_purchases, p_fees integer) returns void
language plpgsql
set search_path = ''
as $$
declare
  due_at constant timestamptz := private.fee_date(p_purchase.reserved_at, p_fees);
  plan constant public.plans := private.plan_of(p_purchase.user_id);
begin
  insert into private.fees (user_id, key, kind, number_id, cost, markup, plan_key, charged_at)
  values (p_purchase.user_id,
    p_purchase.number_id || to_char(due_at at time zone 'UTC', ' YYYY-MM-DD"T"HH24:MI:SS.US'), 'number',
    p_purchase.number_id, coalesce(p_purchase.monthly_price, 0),
    coalesce(plan.markup, 1), plan.key, due_at)
  on conflict (user_id, key) do nothing;
end;
$$;
comment on function private.charge_fee(private.number_purchases, integer) is
  'Charges the fee that is due after p_fees fees, at the markup of the plan in force. It is zero until the number''s '
  'price is known.';

create function private.charge_first_fee() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform private.charge_fee(new, 0);
  return null;
end;
$$;
comment on function private.charge_first_fee() is 'Trigger: the first fee of a number is charged at once.';
create trigger charge_first_fee after insert on private.number_purchases
  for each row execute function private.charge_first_fee();

create function private.correct_fees() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    delete from private.fees f
    where f.number_id = old.number_id and f.charged_at >= old.reserved_at
      and f.charged_at < greatest(old.held_until, old.reserved_at + interval '1 microsecond');
  else
    update private.fees f set cost = coalesce(new.monthly_price, 0)
    where f.number_id = new.number_id and f.charged_at >= new.reserved_at
      and f.charged_at < greatest(new.held_until, new.reserved_at + interval '1 microsecond');
    perform private.set_due_by(new.user_id, 'spending');
  end if;
  return null;
end;
$$;
comment on function private.correct_fees() is
  'Trigger: a purchase that Twilio did not make has no fees, and those of a number whose price becomes known have it.';
create trigger correct_fees_of_deleted after delete on private.number_purchases
  for each row execute function private.correct_fees();
create trigger correct_fees after update on private.number_purchases
  for each row when (old.monthly_price is distinct from new.monthly_price) execute function private.correct_fees();

create function private.schedule_fee() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    new.next_fee_at := private.fee_date(new.reserved_at, new.fees);
  end if;
  if new.held_until < 'infinity' then
    -- A fee that was due before the release is still added.
    new.next_fee_at := case when new.next_fee_at < new.held_until then new.next_fee_at else 'infinity' end;
  elsif tg_op = 'UPDATE' then
    while private.fee_date(new.reserved_at, new.fees) <= old.held_until loop
      new.fees := new.fees + 1;
    end loop;
    new.next_fee_at := private.fee_date(new.reserved_at, new.fees);
  end if;
  return new;
end;
$$;
comment on function private.schedule_fee() is
  'Trigger: a released number has no more fees, and one that returns has them again from the next anniversary on.';
create trigger schedule_first_fee before insert on private.number_purchases
  for each row execute function private.schedule_fee();
create trigger schedule_fee before update on private.number_purchases
  for each row when (old.held_until <> new.held_until) execute function private.schedule_fee();

create function public.charge_number_fees(p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  due private.number_purchases;
  charged integer := 0;
begin
  for due in
    -- The second condition is the index's: the planner does not know that now() is finite.
    select p.* from private.number_purchases p where p.next_fee_at <= now() and p.next_fee_at < 'infinity'
    order by p.next_fee_at limit p_limit
    for no key update skip locked
  loop
    perform private.charge_fee(due, due.fees);
    update private.number_purchases p set fees = due.fees + 1,
      next_fee_at = case when private.fee_date(due.reserved_at, due.fees + 1) < p.held_until
        then private.fee_date(due.reserved_at, due.fees + 1) else 'infinity' end
    where p.number_id = due.number_id and p.reserved_at = due.reserved_at;
    -- Fees alone may pass a threshold, in a period without a decision.
    perform private.set_due_by(due.user_id, 'spending');
    charged := charged + 1;
  end loop;
  return charged;
end;
$$;
comment on function public.charge_number_fees(integer) is
  'Charges the monthly fees of numbers that are due, the oldest first. Returns how many.';

insert into private.schedules (name, job, every)
  values ('charge-number-fees', '{"kind": "charge-number-fees"}', '10 minutes');

-- Listed prices -------------------------------------------------------------------------------------------------------

-- A number that was moved here or found by a sync has no known price. One job reads it from Twilio's price list, and it
-- becomes the price of its purchase: the spend limit, usage and the cost of unpaid accounts then read the same.

create function private.wake_pricing() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  update private.schedules s set due_at = now()
  -- All tenants share the row: a transaction that does not get it leaves its number to the next run.
  where s.name in (select o.name from private.schedules o
    where o.name = 'price-numbers' and o.due_at > now() for update skip locked);
  return null;
end;
$$;
comment on function private.wake_pricing() is 'Trigger: the price of a number that was not bought here is read soon.';
create trigger wake_pricing after insert on private.number_purchases
  for each row when (new.monthly_price is null) execute function private.wake_pricing();

create function public.numbers_to_price(p_limit integer) returns table (number_id uuid, phone_number text)
language sql stable
set search_path = ''
as $$
  select p.number_id, coalesce(n.phone_number, l.phone_number)
  from private.number_purchases p
  left join public.user_twilio_numbers n on n.id = p.number_id
  left join private.leaving_numbers l on l.number_id = p.number_id
  where p.monthly_price is null and (p.price_asked_at is null or p.price_asked_at < now() - interval '7 days')
    and (n.id is not null or l.number_id is not null)
  order by p.price_asked_at nulls first limit p_limit;
$$;
comment on function public.numbers_to_price(integer) is
  'Numbers whose listed price is to be read at Twilio, at most p_limit. One without a price is asked for weekly.';

create function public.record_list_price(p_number_id uuid, p_monthly_price numeric, p_price_unit text) returns boolean
language plpgsql
set search_path = ''
as $$
begin
  perform private.learn_currency(p_price_unit, 'price_list');
  update private.number_purchases p set price_asked_at = now(),
    monthly_price = case when not private.is_foreign(p_price_unit) then p_monthly_price end
  where p.number_id = p_number_id and p.monthly_price is null;
  return found;
end;
$$;
comment on function public.record_list_price(uuid, numeric, text) is
  'Records the listed price of a number, also for the fees that were charged before; null: Twilio lists none. A price '
  'in another currency than the master account''s does not count.';

insert into private.schedules (name, job, every) values ('price-numbers', '{"kind": "price-numbers"}', '1 hour');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.hour_of(timestamptz),
  private.add_changes(private.usage_change[]),
  private.usage_of(public.sms_messages, integer),
  private.total_inserts(),
  private.total_update(),
  private.total_deletes(),
  private.lock_totals_of(uuid[]),
  private.lock_totals_of_sending(uuid),
  private.usage_kind_of(public.fee_kind),
  private.add_fee(),
  private.fee_date(timestamptz, integer),
  private.charge_fee(private.number_purchases, integer),
  private.charge_first_fee(),
  private.correct_fees(),
  private.schedule_fee(),
  public.charge_number_fees(integer),
  private.wake_pricing(),
  public.numbers_to_price(integer),
  public.record_list_price(uuid, numeric, text)
  from public, anon, authenticated;
grant execute on function
  private.hour_of(timestamptz),
  private.add_changes(private.usage_change[]),
  private.usage_of(public.sms_messages, integer),
  private.lock_totals_of(uuid[]),
  private.lock_totals_of_sending(uuid),
  private.usage_kind_of(public.fee_kind),
  private.fee_date(timestamptz, integer),
  private.charge_fee(private.number_purchases, integer),
  public.charge_number_fees(integer),
  public.numbers_to_price(integer),
  public.record_list_price(uuid, numeric, text)
  to service_role;
