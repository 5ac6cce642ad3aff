-- What operators see of tenants: the list with search, filters and orders, and one tenant whole.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(34);

delete from private.tenancies;
select pg_temp.join_as('tenant', 'neighbour', 'attacker', 'visitor', 'newcomer', 'leaver');
update private.schedules set due_at = now() + interval '1 day';
insert into private.tenancies (user_id, requested_at, applied_status, created_at) values
  (pg_temp.tenant(), now(), 'active', '2026-01-03Z'), (pg_temp.neighbour(), null, 'active', '2026-01-01Z'),
  (pg_temp.attacker(), now(), null, '2026-01-02Z'), (pg_temp.newcomer(), null, 'active', '2026-01-02Z');
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.sealed', 'Ada');
select pg_temp.store(pg_temp.neighbour(), 'AC2', 'suspended', 'v1.k1.iv.sealed');
select pg_temp.store(pg_temp.newcomer(), 'AC3', 'active', 'v1.k1.iv.sealed');
select pg_temp.own(pg_temp.tenant(), 1, 'active', true), pg_temp.own(pg_temp.neighbour(), 3), pg_temp.own(pg_temp.newcomer(), 4);
select pg_temp.own(pg_temp.tenant(), 2, 'released');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, origin, ended_at) values
  ('sub_old', pg_temp.neighbour(), 'cus_1', 'team', 'canceled', 'metadata', now() - interval '1 day'),
  ('sub_new', pg_temp.newcomer(), 'cus_2', 'team', 'active', 'metadata', null),
  ('sub_gift', pg_temp.tenant(), 'cus_3', 'team', 'canceled', 'checkout', now() - interval '400 days');
update private.tenancies set applied_status = 'suspended' where user_id = pg_temp.neighbour();
create temp table names as select * from (values (pg_temp.tenant(), 'tenant'), (pg_temp.neighbour(), 'neighbour'), (pg_temp.attacker(), 'attacker'),
  (pg_temp.newcomer(), 'newcomer'), (pg_temp.visitor(), 'visitor')) n (user_id, name);
grant select on names to service_role;

create function pg_temp.names(p_search text default null, p_status text default null, p_plan text default null, p_drifting boolean default null,
  p_unpaid boolean default null, p_over boolean default null, p_order text default 'id')
returns text language sql as $$
  select coalesce(string_agg(n.name, ' ' order by e.position), l.outcome::text)
  from public.list_tenants(p_search, p_status::public.account_status, p_plan, p_drifting, p_unpaid, p_over, p_order::public.tenant_order, null, null, 10) l
  left join lateral jsonb_array_elements(l.tenants) with ordinality e (tenant, position) on true
  left join names n on n.user_id = (e.tenant ->> 'user_id')::uuid
  group by l.outcome;
$$;
set local role service_role;

-- Orders -------------------------------------------------------------------------------------------------------------

select is(pg_temp.names(), 'tenant neighbour attacker newcomer', 'Tenants are listed by id');
select is(pg_temp.names(p_order => 'oldest'), 'neighbour attacker newcomer tenant', 'Tenants are listed by age, those of the same time by id');
select is(pg_temp.names(p_order => 'newest'), 'tenant newcomer attacker neighbour', 'Tenants are listed from the newest on');

-- Search -------------------------------------------------------------------------------------------------------------

select is(pg_temp.names(pg_temp.tenant()::text), 'tenant', 'A tenant is found by id');
select is(pg_temp.names(pg_temp.visitor()::text), 'listed', 'A user who is no tenant is not listed');
select is(pg_temp.names('AC2'), 'neighbour', 'A tenant is found by the SID of their subaccount');
select is(pg_temp.names('+15005550101'), 'tenant', 'A tenant is found by a number that they hold');
select is(pg_temp.names('+15005550102'), 'listed', 'A released number finds no tenant');
select is(pg_temp.names('Ne'), 'neighbour newcomer', 'Tenants are found by the beginning of their address, in any case');
select is(pg_temp.names('neighbour@pgtap.test'), 'neighbour', 'A tenant is found by their address');
select is(pg_temp.names('n%'), 'listed', 'A search has no wildcards');
reset role;
update auth.users set email = 'Zoe@pgtap.test' where id = pg_temp.tenant();
set local role service_role;
select is(pg_temp.names('zoe@'), 'tenant', 'A changed address is searched');
select is(pg_temp.names('tenant@'), 'listed', 'An address that was changed finds no tenant');

-- Filters ------------------------------------------------------------------------------------------------------------

select is(pg_temp.names(p_status => 'active'), 'tenant newcomer', 'Tenants are filtered by the status of their subaccount');
select is(pg_temp.names(p_plan => 'team'), 'newcomer', 'Tenants are filtered by the plan that applies now, and a lapsed subscription gives none');
select is(pg_temp.names(p_plan => 'free'), 'tenant neighbour attacker', 'Tenants without an entitling subscription have the plan free');
select results_eq($$ select n.name, t ->> 'plan_key', t ->> 'lapsed_plan_key' from public.list_tenants(null, null, null, null, null, null, 'id', null, null, 10) l,
  jsonb_array_elements(l.tenants) t join names n on n.user_id = (t ->> 'user_id')::uuid where n.name in ('neighbour', 'newcomer', 'tenant') order by 1 $$,
  $$ values ('neighbour', 'free', 'team'), ('newcomer', 'team', null), ('tenant', 'free', null) $$,
  'The plan of a canceled subscription is listed as lapsed; one that entitles is not, nor a gift that is over of a tenant who asked for an account');
select is(pg_temp.names(p_drifting => true), 'attacker', 'Tenants are filtered by drift');
select is(pg_temp.names(p_drifting => false, p_order => 'oldest'), 'neighbour newcomer tenant', 'Tenants without drift are filtered, in any order');
select is(pg_temp.names(p_unpaid => true), 'tenant neighbour', 'A tenant with a number that no subscription pays for is unpaid');
select is(pg_temp.names(p_over => true), 'listed', 'A tenant without any use is not over a limit');
insert into private.sending_totals (user_id, hour, messages, spend) values (pg_temp.tenant(), date_trunc('hour', now()), 100, 1), (pg_temp.newcomer(), date_trunc('hour', now()), 100, 1);
select is(pg_temp.names(p_over => true), 'tenant', 'A tenant at their plan''s daily limit is over a limit, and one with a larger plan is not');
select is(pg_temp.names('ne', p_status => 'active'), 'newcomer', 'A search and a filter both apply');

-- Pages --------------------------------------------------------------------------------------------------------------

-- Reads all pages of one length, while a row that was read or is still to be read changes between any two, and tenants come and go.
create function pg_temp.walk(p_order text, p_limit integer, p_unpaid boolean) returns uuid[] language plpgsql as $$
declare
  page record;
  last_at timestamptz;
  last_id uuid;
  seen uuid[] := '{}';
  turn integer := 0;
begin
  loop
    select * into page from public.list_tenants(null, null, null, null, p_unpaid, null, p_order::public.tenant_order, last_at, last_id, p_limit);
    last_at := page.next_at;
    last_id := page.next_id;
    seen := seen || array(select (t ->> 'user_id')::uuid from jsonb_array_elements(page.tenants) t);
    exit when page.next_id is null;
    turn := turn + 1;
    update private.tenancies t set last_error = 'error ' || turn, version = version + 1, converged_at = now() where mod(hashtext(t.user_id::text), 3) = mod(turn, 3);
    insert into private.tenancies (user_id, created_at) select gen_random_uuid(), '2026-01-02Z'::timestamptz + make_interval(hours => turn) where turn <= 3;
  end loop;
  return seen;
end;
$$;
create function pg_temp.faults() returns setof text language plpgsql as $$
declare
  known uuid[];
  seen uuid[];
begin
  for each_limit in 1..7 loop
    for each_order in 1..3 loop
      known := array(select t.user_id from private.tenancies t);
      seen := pg_temp.walk((array['id', 'oldest', 'newest'])[each_order], each_limit, case when mod(each_limit, 2) = 0 then false end);
      if (select count(distinct s) from unnest(seen) s) <> cardinality(seen) then return next format('%s by %s: twice', each_order, each_limit); end if;
      -- The two unpaid tenants are missing where only the others are listed.
      if exists (select from unnest(known) k where k <> all (seen) and (mod(each_limit, 2) = 1 or k not in (pg_temp.tenant(), pg_temp.neighbour()))) then
        return next format('%s by %s: missing', each_order, each_limit);
      end if;
    end loop;
  end loop;
end;
$$;
select is_empty('select * from pg_temp.faults()', 'The pages of a listing have each tenant exactly once, in each order and length, while rows change and tenants are added');

-- Cost ---------------------------------------------------------------------------------------------------------------

insert into private.tenancies (user_id, created_at) select gen_random_uuid(), '2025-01-01Z'::timestamptz + make_interval(secs => n) from generate_series(1, 600) n;
select results_eq($$ select jsonb_array_length(tenants), next_id is not null from public.list_tenants(null, null, null, true, null, null, 'oldest', null, null, 10) $$,
  $$ values (0, true) $$, 'A page without a match ends after 500 tenants, and the next one continues there');

-- Figures ------------------------------------------------------------------------------------------------------------

reset role;
create function pg_temp.today() returns date stable return (now() at time zone 'utc')::date;
delete from private.usage_totals;
-- The tenant's period is the calendar month; that of the newcomer began 40 days ago, with their subscription.
update public.subscriptions set current_period_start = now() - interval '40 days', current_period_end = now() + interval '1 day' where id = 'sub_new';
insert into private.usage_totals (user_id, day, kind, unit, count, segments, price, cost) values
  (pg_temp.newcomer(), pg_temp.today(), 'sms_out', 'USD', 3, 9, 0.3, 0.1), (pg_temp.newcomer(), pg_temp.today(), 'mms_in', 'USD', 2, 2, 0.2, 0.1),
  (pg_temp.newcomer(), pg_temp.today(), 'sms_out', 'EUR', 1, 1, 0.05, 0.07), (pg_temp.newcomer(), pg_temp.today() - 29, 'sms_in', 'USD', 7, 7, 0.07, 0.07),
  (pg_temp.newcomer(), pg_temp.today() - 30, 'number', 'USD', 1, 0, 2, 1.5), (pg_temp.newcomer(), pg_temp.today() - 40, 'sms_out', 'USD', 4, 4, 1, 0.5),
  (pg_temp.newcomer(), pg_temp.today() - 41, 'sms_out', 'USD', 100, 100, 100, 50), (pg_temp.attacker(), pg_temp.today(), 'sms_out', 'USD', 1000, 1000, 1000, 1000);
insert into private.usage_totals (user_id, day, kind, unit, count, segments, price, cost)
select gen_random_uuid(), pg_temp.today() - d, 'sms_out', 'USD', 1, 1, 1, 1 from generate_series(1, 400), generate_series(0, 29) d;
analyze private.usage_totals;
create function pg_temp.figures(variadic p_ids uuid[]) returns jsonb language sql as $$ select public.figures_of_tenants(p_ids) -> 'tenants' $$;
create function pg_temp.totals_read() returns bigint volatile
  return pg_stat_get_xact_tuples_returned('private.usage_totals'::regclass) + pg_stat_get_xact_tuples_fetched('private.usage_totals'::regclass);
set local role service_role;

select is(pg_temp.figures(pg_temp.newcomer()) -> 0 -> 'amounts', jsonb_build_array(
  '{"currency": "EUR", "price": "0.05", "cost": "0.07", "margin": "-0.02"}'::jsonb, '{"currency": "USD", "price": "3.57", "cost": "2.27", "margin": "1.3"}'::jsonb),
  'The figures have the amounts of the billing period, of each currency alone, and nothing from before it');
select is(pg_temp.figures(pg_temp.newcomer()) -> 0 ->> 'from', (pg_temp.today() - 40)::text, 'They say on which day the period began');
select is(pg_temp.figures(pg_temp.newcomer()) -> 0 -> 'messages', to_jsonb(array[7] || array_fill(0, array[28]) || array[6]),
  'They have the messages of 30 days up to today, in both directions and all currencies, without the fees of numbers');
select is(pg_temp.figures(pg_temp.tenant()) -> 0, jsonb_build_object('userId', pg_temp.tenant(), 'from', date_trunc('month', pg_temp.today())::date,
  'amounts', '[]'::jsonb, 'messages', to_jsonb(array_fill(0, array[30]))), 'A tenant without usage has no amounts, and no messages on any day');
select is(jsonb_path_query_array(pg_temp.figures(pg_temp.newcomer(), pg_temp.visitor(), pg_temp.attacker()), '$[*].userId'),
  to_jsonb(array[pg_temp.newcomer(), pg_temp.visitor(), pg_temp.attacker()]), 'The figures of several tenants have the given order, also with a user who is no tenant');
select is(public.figures_of_tenants('{}'), jsonb_build_object('until', pg_temp.today() + 1, 'tenants', '[]'::jsonb), 'No tenants have no figures');
create temp table totals as select pg_temp.totals_read() as before;
select is(jsonb_array_length(pg_temp.figures(pg_temp.newcomer(), pg_temp.tenant())), 2, 'Two tenants have figures');
select cmp_ok(pg_temp.totals_read() - (select before from totals), '<', 40::bigint, 'Their figures read their own totals, not the 12,000 of other tenants');
select pg_temp.sign_in(pg_temp.attacker());
select throws_ok($$ select public.figures_of_tenants(array[pg_temp.newcomer()]) $$, '42501', null, 'Tenants cannot read the figures of anybody');
reset role;

select * from finish();
rollback;
