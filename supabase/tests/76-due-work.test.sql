-- Due work: a claim takes the tenants who have been due longest, at most its limit, by index, and they come again.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(19);

delete from private.due_work;
create function pg_temp.due_in(p_user uuid, p_kind text default 'redaction') returns interval stable
  return (select due_at - now() from private.due_work where user_id = p_user and kind = p_kind::private.due_kind);
grant usage on type private.due_kind to service_role;
create function pg_temp.claim(p_limit integer, p_kind text default 'redaction') returns uuid[] language sql as $$
  select coalesce(array_agg(c order by c), '{}') from private.claim_due(p_kind::private.due_kind, p_limit, '1 hour') c;
$$;
set local role service_role;

-- Dates --------------------------------------------------------------------------------------------------------------

select private.set_due_by(pg_temp.tenant(), 'redaction', now() + interval '1 hour');
select is(pg_temp.due_in(pg_temp.tenant()), '1 hour', 'set_due_by stores the first date');
select private.set_due_by(pg_temp.tenant(), 'redaction', now() + interval '2 hours');
select is(pg_temp.due_in(pg_temp.tenant()), '1 hour', 'set_due_by keeps an earlier date');
select private.set_due_by(pg_temp.tenant(), 'redaction');
select is(pg_temp.due_in(pg_temp.tenant()), '0', 'set_due_by takes an earlier date');
select private.set_due(pg_temp.tenant(), 'redaction', now() + interval '3 hours');
select is(pg_temp.due_in(pg_temp.tenant()), '3 hours', 'set_due takes a later date');
select private.set_due(pg_temp.tenant(), 'redaction', null);
select is(pg_temp.due_in(pg_temp.tenant()), null, 'set_due with null deletes the date');

-- Claims -------------------------------------------------------------------------------------------------------------

insert into private.due_work (user_id, kind, due_at) values
  (pg_temp.tenant(), 'redaction', now() - interval '1 minute'), (pg_temp.neighbour(), 'redaction', now() - interval '2 minutes'),
  (pg_temp.visitor(), 'redaction', '-infinity'), (pg_temp.keeper(), 'redaction', now()), (pg_temp.newcomer(), 'redaction', now() + interval '1 second'),
  (pg_temp.attacker(), 'number_sync', now() - interval '1 day');
select is(pg_temp.claim(0), '{}', 'claim_due with a limit of zero claims no tenant');
select is(pg_temp.claim(2), array[pg_temp.neighbour(), pg_temp.visitor()], 'claim_due claims the tenants who have been due longest, up to its limit');
select is(pg_temp.claim(100), array[pg_temp.tenant(), pg_temp.keeper()], 'claim_due, repeated, claims the other due tenants, and none of another date or kind');
select is(pg_temp.claim(100), '{}', 'A claimed tenant is not claimed again before its date');
select is((select count(*) from private.due_work where kind = 'redaction' and due_at - now() between interval '54 minutes' and interval '66 minutes'), 4::bigint,
  'A claimed tenant is due again after the given interval, up to a tenth earlier or later');
select is((select count(distinct due_at) from private.due_work where kind = 'redaction' and due_at > now() + interval '54 minutes'), 4::bigint, 'Tenants who were claimed together are due at different times');
select is(pg_temp.due_in(pg_temp.attacker(), 'number_sync'), '-1 day', 'A claim of one kind leaves the dates of other kinds');
update private.due_work set due_at = due_at - interval '67 minutes' where kind = 'redaction' and user_id = pg_temp.tenant();
select is(pg_temp.claim(100), array[pg_temp.tenant()], 'A tenant whose job was lost is claimed again after the interval');
select results_eq($$ select c from private.claim_due('redaction', 1, '1 hour', now() + interval '1 minute') c $$, array[pg_temp.newcomer()], 'claim_due with another moment claims the tenants who are due then');

-- The plan -----------------------------------------------------------------------------------------------------------

reset role;
create function pg_temp.plan_of(p_statement text) returns jsonb language plpgsql as $$
declare
  plan jsonb;
begin
  execute 'explain (analyze, format json) ' || p_statement into plan;
  return plan;
end;
$$;
-- 20,000 tenants of each kind, of which three are due.
insert into private.due_work (user_id, kind, due_at)
select md5(n::text)::uuid, kind, now() + n * interval '1 second'
from generate_series(1, 20000) n, unnest(enum_range(null::private.due_kind)) kind;
update private.due_work set due_at = now() - interval '1 second' where user_id in (select md5(n::text)::uuid from generate_series(1, 3) n);
analyze private.due_work;
create temp table plan as select pg_temp.plan_of($$ select d.user_id from private.due_work d
  where d.kind = 'convergence' and d.due_at <= now() order by d.due_at limit 100 for update skip locked $$) as plan;
select ok(plan::text like '%"Index Name": "due_work_by_date"%', 'Due tenants are found by the index of dates') from plan;
select ok(plan::text not like '%Seq Scan%', 'Due tenants are found without a scan of all tenants') from plan;
select is(jsonb_path_query_first(plan, '$.**."Actual Rows"')::text::numeric, 3::numeric, 'The rows visited are the due ones') from plan;
-- The function itself, by what it reads: a scan of the table would read hundreds of pages.
create function pg_temp.pages_read() returns bigint volatile return pg_stat_get_xact_tuples_returned('private.due_work'::regclass)
  + pg_stat_get_xact_tuples_returned('private.due_work_pkey'::regclass) + pg_stat_get_xact_tuples_returned('private.due_work_by_date'::regclass);
create temp table read as select pg_temp.pages_read() as before;
select is(cardinality(pg_temp.claim(100, 'convergence')), 3, 'claim_due claims the three due tenants of 20,000');
select cmp_ok(pg_temp.pages_read() - before, '<', 50::bigint, 'claim_due reads rows in proportion to the due ones') from read;

select * from finish();
rollback;
