-- The cost of accounts without a paying tenant: what each of them still costs a month, why, and until when.

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
returns table (phone_number text, place text, state text, reason text, leaves_at timestamptz, monthly_price numeric)
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
      coalesce(l.state::text, n.status), l.reason, l.due_at, b.monthly_price
    from (select * from public.user_twilio_numbers h where h.user_id = p_user_id
        and (h.is_held or exists (select from private.leaving_numbers x where x.phone_sid = h.phone_sid))) n
    full join (select * from private.leaving_numbers x where x.user_id = p_user_id) l on l.phone_sid = n.phone_sid
    left join lateral (
      select p.monthly_price from private.number_purchases p where p.number_id = coalesce(n.id, l.number_id)
      order by p.reserved_at desc limit 1) b on true
    where case p_reason when 'downgraded' then n.id = any (beyond) when 'not_returned' then l.phone_sid is not null
      else true end
    order by 1;
end;
$$;
comment on function private.numbers_at_cost(uuid, public.unpaid_reason) is
  'The numbers that cost something for this reason, with the price at which their monthly fees are charged.';

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
    select private.currency() as price_unit, 1 as numbers, n.monthly_price as price, null::numeric as other
    from private.numbers_at_cost(p_user_id, cost.reason) n
    union all
    select private.unit_of(u.price_unit), 0, null, u.price from public.twilio_usage u
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
      'currency', private.currency()) order by n.phone_number)
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
  private.unpaid_reason_of(uuid),
  private.numbers_at_cost(uuid, public.unpaid_reason),
  private.unpaid_candidates(uuid),
  private.unpaid_cost_of(uuid),
  public.list_unpaid_accounts(uuid, integer),
  public.unpaid_account_total()
  from public, anon, authenticated;
grant execute on function
  private.unpaid_reason_of(uuid),
  private.numbers_at_cost(uuid, public.unpaid_reason),
  private.unpaid_candidates(uuid),
  private.unpaid_cost_of(uuid),
  public.list_unpaid_accounts(uuid, integer),
  public.unpaid_account_total()
  to service_role;
