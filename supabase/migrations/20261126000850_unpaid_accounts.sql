-- The cost of accounts without a paying tenant: what each of them still costs a month, why, and until when.

create table private.number_list_prices (
  phone_number text primary key,
  monthly_price numeric(12, 5),
  price_unit text,
  checked_at timestamptz,
  constraint number_list_prices_price_not_negative check (monthly_price >= 0),
  constraint number_list_prices_have_a_unit check ((monthly_price is null) = (price_unit is null))
);
comment on table private.number_list_prices is
  'Twilio''s listed monthly prices of numbers that were not bought here, such as those that an operator moved. '
  'monthly_price is null until it is read, and when Twilio lists none.';
create index number_list_prices_to_read on private.number_list_prices (checked_at nulls first)
  where monthly_price is null;
alter table private.number_list_prices enable row level security;
revoke all on private.number_list_prices from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.number_list_prices to service_role;

create function private.note_unpriced_number() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into private.number_list_prices (phone_number) values (new.phone_number) on conflict do nothing;
  return null;
end;
$$;
comment on function private.note_unpriced_number() is
  'Trigger: the price of a number that was not bought here is to be read.';
-- A purchase is inserted as purchasing, and has a price of its own.
create trigger price_when_taken_in after insert on public.user_twilio_numbers
  for each row when (new.status = 'active') execute function private.note_unpriced_number();
create trigger price_when_leaving after insert on private.leaving_numbers
  for each row execute function private.note_unpriced_number();

create function private.forget_list_price() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  delete from private.number_list_prices p
  where p.phone_number = old.phone_number
    and not exists (select from public.user_twilio_numbers n where n.phone_number = old.phone_number and n.is_held)
    and not exists (select from private.leaving_numbers l where l.phone_number = old.phone_number);
  return null;
end;
$$;
comment on function private.forget_list_price() is
  'Trigger: the number of a deleted user stays here no longer than it costs something.';
create trigger forget_price_when_erased after delete on public.user_twilio_numbers
  for each row execute function private.forget_list_price();
create trigger forget_price_when_left after delete on private.leaving_numbers
  for each row execute function private.forget_list_price();

create function public.numbers_to_price(p_limit integer) returns table (phone_number text)
language sql stable
set search_path = ''
as $$
  select p.phone_number from private.number_list_prices p
  where p.monthly_price is null and (p.checked_at is null or p.checked_at < now() - interval '7 days')
  order by p.checked_at nulls first limit p_limit;
$$;
comment on function public.numbers_to_price(integer) is
  'Numbers whose listed price is to be read at Twilio, at most p_limit. One without a price is asked for weekly.';

create function public.record_list_price(p_phone_number text, p_monthly_price numeric, p_price_unit text)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update private.number_list_prices p set monthly_price = p_monthly_price,
    price_unit = case when p_monthly_price is not null then p_price_unit end, checked_at = now()
  where p.phone_number = p_phone_number;
  return found;
end;
$$;
comment on function public.record_list_price(text, numeric, text) is
  'Records the listed price of a number; null: Twilio lists none.';

insert into private.schedules (name, job, every) values ('price-numbers', '{"kind": "price-numbers"}', '1 hour');

create function private.master_price_unit() returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(
    (select d.price_unit from private.usage_days d where d.user_id is null order by d.day desc limit 1),
    (select p.price_unit from private.number_list_prices p where p.price_unit is not null limit 1));
end;
$$;
comment on function private.master_price_unit() is
  'The currency of the master account, as Twilio last told it; null when it is not known yet.';

-- Costs ---------------------------------------------------------------------------------------------------------------

create type public.unpaid_reason as enum ('user_deleted', 'suspended_at_twilio', 'operator_hold', 'past_due', 'paused',
  'unpaid', 'canceled', 'no_subscription', 'not_returned', 'downgraded');
comment on type public.unpaid_reason is
  'Why a tenant''s account costs something that no subscription pays. operator_hold: an operator suspended or closed '
  'it. past_due, paused, unpaid, canceled: the subscription''s status. no_subscription: none was ever paid. '
  'not_returned: the tenant pays again, and Twilio refuses that a parked number returns. downgraded: only the numbers '
  'beyond the plan''s limit count.';

create type public.unpaid_cost as (
  user_id uuid, reason public.unpaid_reason, subaccount_sid text, account_status public.twilio_account_status,
  costs jsonb, numbers jsonb);
comment on type public.unpaid_cost is
  'What one tenant''s account costs a month, in Twilio''s price. costs, for each currency: [{currency, numbers, '
  'unpriced, monthlyCost, otherMonthlyCost}]; monthlyCost: its numbers, in the tenant''s account and parked, without '
  'those that have no known price (unpriced); otherMonthlyCost: recurring fees of the last 31 days. numbers: '
  '[{phoneNumber, place, state, reason, leavesAt, monthlyCost, currency}].';

create function private.unpaid_reason_of(p_user_id uuid) returns public.unpaid_reason
language plpgsql stable
set search_path = ''
as $$
declare
  entitled constant private.entitlement := private.entitlement_of(p_user_id);
  tenancy private.tenancies;
  status public.subscription_status;
begin
  select * into tenancy from private.tenancies t where t.user_id = p_user_id;
  select s.status into status from public.subscriptions s where s.id = entitled.subscription_id;
  return case
    when not private.user_exists(p_user_id) then 'user_deleted'
    when tenancy.suspended_at_twilio then 'suspended_at_twilio'
    when tenancy.operator_hold is not null then 'operator_hold'
    when status is null then 'no_subscription'
    when status not in ('active', 'trialing') then status::text
    when exists (select from private.leaving_numbers l where l.user_id = p_user_id) then 'not_returned'
    when exists (select from private.excess_numbers e where e.user_id = p_user_id) then 'downgraded' end;
end;
$$;
comment on function private.unpaid_reason_of(uuid) is
  'Why no subscription pays for a tenant''s account; null when one does, for all of it.';

create function private.numbers_at_cost(p_user_id uuid, p_reason public.unpaid_reason)
returns table (phone_number text, place text, state text, reason text, leaves_at timestamptz, monthly_price numeric,
  price_unit text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  beyond constant uuid[] := case when p_reason = 'downgraded' then private.numbers_beyond_limit(p_user_id) end;
begin
  return query
    select coalesce(n.phone_number, l.phone_number)::text,
      case when l.parked_at is null then 'tenant' else 'master' end,
      coalesce(l.state::text, n.status), l.reason, l.due_at, coalesce(b.monthly_price, p.monthly_price),
      case when b.monthly_price is not null or p.price_unit is null then private.master_price_unit()
        else p.price_unit end
    from (select * from public.user_twilio_numbers h where h.user_id = p_user_id
        and (h.is_held or exists (select from private.leaving_numbers x where x.phone_sid = h.phone_sid))) n
    full join (select * from private.leaving_numbers x where x.user_id = p_user_id) l on l.phone_sid = n.phone_sid
    left join private.number_purchases b on b.number_id = n.id
    left join private.number_list_prices p on p.phone_number = coalesce(n.phone_number, l.phone_number)
    where case p_reason when 'downgraded' then n.id = any (beyond) when 'not_returned' then l.phone_sid is not null
      else true end
    order by 1;
end;
$$;
comment on function private.numbers_at_cost(uuid, public.unpaid_reason) is
  'The numbers that cost something for this reason, with the price at which they were bought, or the listed one.';

create function private.unpaid_candidates(p_after uuid) returns setof uuid
language sql stable
set search_path = ''
as $$
  with owner as (
    select n.user_id from public.user_twilio_numbers n where n.is_held and n.user_id > p_after
    union select l.user_id from private.leaving_numbers l where l.user_id > p_after
    union select t.user_id from private.tenancies t where t.subaccount_status = 'suspended' and t.user_id > p_after
  )
  select o.user_id from owner o
  where not exists (
      select from public.subscriptions s join public.plans p on p.key = s.plan_key
      where s.user_id = o.user_id and s.status in ('active', 'trialing')
        and (p.entitle_while_pending or not s.first_payment_pending))
    or exists (select from private.tenancies t where t.user_id = o.user_id
      and (t.operator_hold is not null or t.suspended_at_twilio or t.user_deleted_at is not null))
    or exists (select from private.excess_numbers e where e.user_id = o.user_id)
    or exists (select from private.leaving_numbers l where l.user_id = o.user_id)
  order by o.user_id;
$$;
comment on function private.unpaid_candidates(uuid) is
  'Tenants after p_after, by id, whose account may cost something that is not paid for. It reads sets, not tenant by '
  'tenant.';
create index tenancies_suspended on private.tenancies (user_id) where subaccount_status = 'suspended';

create function private.unpaid_cost_of(p_user_id uuid) returns setof public.unpaid_cost
language plpgsql stable
set search_path = ''
as $$
declare
  cost public.unpaid_cost;
begin
  cost.user_id := p_user_id;
  cost.reason := private.unpaid_reason_of(p_user_id);
  if cost.reason is null then
    return;
  end if;
  select t.subaccount_sid, t.subaccount_status into cost.subaccount_sid, cost.account_status
  from private.tenancies t where t.user_id = p_user_id;
  with line as (
    select n.price_unit, 1 as numbers, n.monthly_price as price, null::numeric as other
    from private.numbers_at_cost(p_user_id, cost.reason) n
    union all
    select u.price_unit, 0, null, u.price from public.twilio_usage u
    where u.user_id = p_user_id and u.day > current_date - 31 and u.category like '%monthly%' and u.price <> 0
      and exists (select from private.usage_categories c where c.category = u.category and c.class = 'fee')
  ), unit as (
    select l.price_unit, sum(l.numbers) as numbers, sum(l.numbers) - count(l.price) as unpriced,
      coalesce(sum(l.price), 0) as price, coalesce(sum(l.other), 0) as other
    from line l group by l.price_unit
  )
  select jsonb_agg(jsonb_build_object('currency', u.price_unit, 'numbers', u.numbers, 'unpriced', u.unpriced,
    'monthlyCost', trim_scale(u.price)::text,
    'otherMonthlyCost', trim_scale(u.other)::text) order by u.price_unit) into cost.costs from unit u;
  if cost.costs is null then
    return;
  end if;
  cost.numbers := coalesce((select jsonb_agg(jsonb_build_object('phoneNumber', n.phone_number, 'place', n.place,
      'state', n.state, 'reason', n.reason, 'leavesAt', n.leaves_at, 'monthlyCost', trim_scale(n.monthly_price)::text,
      'currency', n.price_unit) order by n.phone_number)
    from private.numbers_at_cost(p_user_id, cost.reason) n), '[]');
  return next cost;
end;
$$;
comment on function private.unpaid_cost_of(uuid) is
  'What a tenant''s account costs a month without being paid for; no row when nothing does.';

create function public.list_unpaid_accounts(p_after uuid, p_limit integer) returns setof public.unpaid_cost
language sql stable
set search_path = ''
as $$
  select c.*
  from private.unpaid_candidates(coalesce(p_after, '00000000-0000-0000-0000-000000000000')) u
  cross join lateral private.unpaid_cost_of(u) c limit p_limit;
$$;
comment on function public.list_unpaid_accounts(uuid, integer) is
  'Accounts without a paying tenant after p_after, by user id, with what each costs a month. At most p_limit.';

create function public.unpaid_account_total()
returns table (price_unit text, accounts bigint, numbers bigint, unpriced bigint, monthly_cost numeric)
language sql stable
set search_path = ''
as $$
  select k.currency, count(*), sum(k.numbers)::bigint, sum(k.unpriced)::bigint,
    sum(k."monthlyCost" + k."otherMonthlyCost")
  from private.unpaid_candidates('00000000-0000-0000-0000-000000000000') u
  cross join lateral private.unpaid_cost_of(u) c
  cross join lateral jsonb_to_recordset(c.costs) as k (currency text, numbers integer, unpriced integer,
    "monthlyCost" numeric, "otherMonthlyCost" numeric)
  group by k.currency order by k.currency;
$$;
comment on function public.unpaid_account_total() is
  'The monthly cost of all accounts without a paying tenant, by currency. Amounts of different currencies are never '
  'added.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.forget_list_price(),
  private.note_unpriced_number(),
  public.numbers_to_price(integer),
  public.record_list_price(text, numeric, text),
  private.master_price_unit(),
  private.unpaid_reason_of(uuid),
  private.numbers_at_cost(uuid, public.unpaid_reason),
  private.unpaid_candidates(uuid),
  private.unpaid_cost_of(uuid),
  public.list_unpaid_accounts(uuid, integer),
  public.unpaid_account_total()
  from public, anon, authenticated;
grant execute on function
  public.numbers_to_price(integer),
  public.record_list_price(text, numeric, text),
  private.master_price_unit(),
  private.unpaid_reason_of(uuid),
  private.numbers_at_cost(uuid, public.unpaid_reason),
  private.unpaid_candidates(uuid),
  private.unpaid_cost_of(uuid),
  public.list_unpaid_accounts(uuid, integer),
  public.unpaid_account_total()
  to service_role;
