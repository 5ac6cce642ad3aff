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
  'Why an account has no paying tenant who can use it; null when it has one, for all of it. A tenant under a hold may '
  'pay.';

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
      coalesce(l.state::text, n.status), l.reason, nullif(l.due_at, 'infinity'), b.monthly_price
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

create index twilio_usage_recurring on public.twilio_usage (day, user_id)
  where category like '%monthly%' and price <> 0;

create view private.recurring_fees with (security_invoker = true) as
select u.user_id, u.day, u.price, u.price_unit
from public.twilio_usage u
join private.tenancies t on t.user_id = u.user_id and t.subaccount_sid = u.account_sid
where u.day > (now() at time zone 'UTC')::date - 31 and u.category like '%monthly%' and u.price <> 0
  and t.subaccount_status <> 'closed'
  and exists (select from private.usage_categories c where c.category = u.category and c.class = 'fee');
comment on view private.recurring_fees is
  'Monthly fees other than those of numbers in the last 31 days, of accounts that are not closed.';
revoke all on private.recurring_fees from public, anon, authenticated, service_role;
grant select on private.recurring_fees to service_role;

create view private.tenants_with_costs with (security_invoker = true) as
select n.user_id from public.user_twilio_numbers n where n.is_held
union all select l.user_id from private.leaving_numbers l
union all select f.user_id from private.recurring_fees f;
comment on view private.tenants_with_costs is
  'Tenants with a cost every month, whether they pay or not, once for each number and fee.';
revoke all on private.tenants_with_costs from public, anon, authenticated, service_role;
grant select on private.tenants_with_costs to service_role;

create function private.unpaid_candidates(p_after uuid, p_limit integer) returns setof uuid
language sql stable
set search_path = ''
as $$
  select distinct o.user_id from private.tenants_with_costs o
  where o.user_id > p_after and (
    not exists (
      select from public.subscriptions s join public.plans p on p.key = s.plan_key
      where s.user_id = o.user_id and s.status in ('active', 'trialing')
        and (p.entitle_while_pending or not s.first_payment_pending))
    or exists (select from private.tenancies t where t.user_id = o.user_id
      and (t.operator_hold is not null or t.suspended_at_twilio or t.user_deleted_at is not null))
    or exists (select from private.excess_numbers e where e.user_id = o.user_id)
    or exists (select from private.leaving_numbers l where l.user_id = o.user_id))
  order by o.user_id limit p_limit;
$$;
comment on function private.unpaid_candidates(uuid, integer) is
  'Up to p_limit tenants after p_after, by id: all whose account has a cost that is not paid for, and a few others. It '
  'reads sets, not tenant by tenant.';

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
  cost.numbers := coalesce((select jsonb_agg(jsonb_build_object('phoneNumber', n.phone_number, 'place', n.place,
      'state', n.state, 'reason', n.reason, 'leavesAt', n.leaves_at, 'monthlyCost', trim_scale(n.monthly_price)::text,
      'currency', private.currency()) order by n.phone_number)
    from private.numbers_at_cost(p_user_id, cost.reason) n), '[]');
  with line as (
    select n.currency as price_unit, 1 as numbers, n."monthlyCost" as price, null::numeric as other
    from jsonb_to_recordset(cost.numbers) as n (currency text, "monthlyCost" numeric)
    union all
    select private.unit_of(f.price_unit), 0, null, f.price from private.recurring_fees f where f.user_id = p_user_id
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
  return next cost;
end;
$$;
comment on function private.unpaid_cost_of(uuid) is
  'What a tenant''s account costs a month without a paying tenant; no row when it has one or costs nothing.';

create function private.is_unpaid(p_user_id uuid) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  -- Most accounts cost nothing.
  return exists (select from private.tenants_with_costs t where t.user_id = p_user_id)
    and exists (select from private.unpaid_cost_of(p_user_id));
end;
$$;
comment on function private.is_unpaid(uuid) is
  'Whether a tenant is in the list of unpaid accounts: their account has a monthly cost and unpaid_reason_of a reason.';

create function public.list_unpaid_accounts(p_after uuid, p_limit integer)
returns table (accounts jsonb, next_id uuid)
language plpgsql stable
set search_path = ''
as $$
declare
  most_walked constant integer := 500;
  walked integer := 0;
  candidate uuid;
  cost public.unpaid_cost;
begin
  accounts := '[]';
  for candidate in select * from private.unpaid_candidates(coalesce(p_after, '00000000-0000-0000-0000-000000000000'),
    most_walked)
  loop
    walked := walked + 1;
    next_id := candidate;
    for cost in select * from private.unpaid_cost_of(candidate) loop
      accounts := accounts || to_jsonb(cost);
    end loop;
    exit when jsonb_array_length(accounts) >= p_limit;
  end loop;
  if walked < most_walked and jsonb_array_length(accounts) < p_limit then
    next_id := null;
  end if;
  return next;
end;
$$;
comment on function public.list_unpaid_accounts(uuid, integer) is
  'A page of the accounts without a paying tenant after p_after, by user id, with what each costs a month: up to '
  'p_limit of 500 tenants that are looked at, so a page may be short before the end. next_id: the last tenant that was '
  'looked at; null at the end.';

-- The total -----------------------------------------------------------------------------------------------------------

-- A total over all accounts takes seconds when there are many. A job adds it up in steps, and readers get the last one.

create table private.unpaid_total (
  is_only boolean primary key default true,
  totals jsonb not null default '[]',
  counted_at timestamptz,
  next_totals jsonb not null default '[]',
  next_after uuid not null default '00000000-0000-0000-0000-000000000000',
  constraint unpaid_total_is_only check (is_only)
);
comment on table private.unpaid_total is
  'The monthly cost of all accounts without a paying tenant, as of counted_at, by currency: [{currency, accounts, '
  'numbers, unpriced, monthlyCost}]. next_totals and next_after: how far the next count has come.';
alter table private.unpaid_total enable row level security;
revoke all on private.unpaid_total from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.unpaid_total to service_role;
insert into private.unpaid_total default values;

create function private.added_totals(p_totals jsonb, p_accounts jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object('currency', s.currency, 'accounts', s.accounts, 'numbers', s.numbers,
      'unpriced', s.unpriced, 'monthlyCost', trim_scale(s.cost)::text) order by s.currency), '[]')
    from (
      select k.currency, sum(k.accounts) as accounts, sum(k.numbers) as numbers, sum(k.unpriced) as unpriced,
        sum(k.cost) as cost
      from (
        select t.currency, t.accounts, t.numbers, t.unpriced, t."monthlyCost" as cost
        from jsonb_to_recordset(p_totals) as t (currency text, accounts bigint, numbers bigint, unpriced bigint,
          "monthlyCost" numeric)
        union all
        select c.currency, 1, c.numbers, c.unpriced, c."monthlyCost" + c."otherMonthlyCost"
        from jsonb_array_elements(p_accounts) a
        cross join lateral jsonb_to_recordset(a -> 'costs') as c (currency text, numbers bigint, unpriced bigint,
          "monthlyCost" numeric, "otherMonthlyCost" numeric)
      ) k
      group by k.currency
    ) s);
end;
$$;
comment on function private.added_totals(jsonb, jsonb) is
  'Totals with the costs of more accounts. Amounts of different currencies are never added.';

create function public.count_unpaid_accounts(p_limit integer) returns boolean
language plpgsql
set search_path = ''
as $$
declare
  count private.unpaid_total;
  page record;
begin
  select * into count from private.unpaid_total for update;
  select * into page from public.list_unpaid_accounts(count.next_after, p_limit);
  count.next_totals := private.added_totals(count.next_totals, page.accounts);
  if page.next_id is null then
    update private.unpaid_total t set totals = count.next_totals, counted_at = now(), next_totals = default,
      next_after = default;
  else
    update private.unpaid_total t set next_totals = count.next_totals, next_after = page.next_id;
  end if;
  return page.next_id is null;
end;
$$;
comment on function public.count_unpaid_accounts(integer) is
  'Adds the next p_limit accounts without a paying tenant to the total. Returns whether it was the last step, which '
  'publishes the total.';

insert into private.schedules (name, job, every)
  values ('count-unpaid-accounts', '{"kind": "count-unpaid-accounts"}', '15 minutes');

create function public.unpaid_account_total() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object('totals', t.totals, 'countedAt', private.iso(t.counted_at),
      'ageSeconds', floor(extract(epoch from now() - t.counted_at)))
    from private.unpaid_total t);
end;
$$;
comment on function public.unpaid_account_total() is
  'The monthly cost of all accounts without a paying tenant, as the API returns it: by currency, as of countedAt '
  '(null: not counted yet).';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.unpaid_reason_of(uuid),
  private.numbers_at_cost(uuid, public.unpaid_reason),
  private.unpaid_candidates(uuid, integer),
  private.unpaid_cost_of(uuid),
  private.is_unpaid(uuid),
  public.list_unpaid_accounts(uuid, integer),
  private.added_totals(jsonb, jsonb),
  public.count_unpaid_accounts(integer),
  public.unpaid_account_total()
  from public, anon, authenticated;
grant execute on function
  private.unpaid_reason_of(uuid),
  private.numbers_at_cost(uuid, public.unpaid_reason),
  private.unpaid_candidates(uuid, integer),
  private.unpaid_cost_of(uuid),
  private.is_unpaid(uuid),
  public.list_unpaid_accounts(uuid, integer),
  private.added_totals(jsonb, jsonb),
  public.count_unpaid_accounts(integer),
  public.unpaid_account_total()
  to service_role;
