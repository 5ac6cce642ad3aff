-- What operators see of tenants: the list with search, filters and orders, and one tenant whole.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(24);

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
  ('sub_new', pg_temp.newcomer(), 'cus_2', 'team', 'active', 'metadata', null);
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

select * from finish();
rollback;
