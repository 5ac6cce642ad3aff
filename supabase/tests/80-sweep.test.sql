-- The sweep compares every account under the master account with the database, page by page, and converges mismatches.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(41);

delete from public.user_preferences;
delete from private.tenancies;
delete from private.sweeps;
select pg_temp.forget_jobs();
select pg_temp.join_as('tenant', 'neighbour', 'newcomer');
create view pg_temp.asked as
  select message ->> 'userId' as user_id, message -> 'thorough' = 'true' as thorough from private.jobs where message ->> 'kind' = 'converge';
create view pg_temp.pages as select message as job from private.jobs where message ->> 'kind' = 'sweep';
grant select on pg_temp.asked, pg_temp.pages to service_role;
set local role service_role;

insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status, twilio_subaccount_created_at) values
  (pg_temp.tenant(), 'AC1', 'active', '2026-01-01Z'), (pg_temp.neighbour(), 'AC2', 'active', null);
insert into private.tenancies (user_id, user_deleted_at) values (pg_temp.departed(), now());
create function pg_temp.account(p_sid text, p_status text, p_user uuid) returns jsonb language sql as $$
  select jsonb_build_object('sid', p_sid, 'status', p_status, 'userId', p_user);
$$;

-- Mismatches ---------------------------------------------------------------------------------------------------------

-- Compares one page in a new sweep. Returns the counts and the last digits of the converged tenants.
create function pg_temp.compare(variadic p_accounts jsonb[]) returns text language plpgsql as $$
declare
  counts record;
begin
  perform pg_temp.forget_jobs();
  select * into counts from public.record_sweep_page(public.begin_sweep(), to_jsonb(p_accounts), null);
  return format('%s %s %s', counts.accounts, counts.mismatches, counts.strangers)
    || coalesce((select ' ' || string_agg(right(user_id, 1), '' order by user_id) from pg_temp.asked), '');
end;
$$;
select is(pg_temp.compare(pg_temp.account('AC1', 'active', pg_temp.tenant()), pg_temp.account('AC2', 'active', pg_temp.neighbour())), '2 0 0',
  'Accounts that match the database are no mismatch');
select is(pg_temp.compare(pg_temp.account('AC1', 'suspended', pg_temp.tenant())), '1 1 0 1', 'An account suspended at Twilio is a mismatch and converged');
select is(pg_temp.compare(pg_temp.account('AC1', 'closed', pg_temp.tenant())), '1 1 0 1', 'An account closed at Twilio is a mismatch and converged');
select is(pg_temp.compare(pg_temp.account('AC9', 'active', pg_temp.tenant())), '1 1 0 1', 'A second account of a tenant is a mismatch');
select is(pg_temp.compare(pg_temp.account('AC9', 'closed', pg_temp.tenant())), '1 0 0', 'A closed account that is not the stored one is no mismatch');
select is(pg_temp.compare(pg_temp.account('AC3', 'active', pg_temp.newcomer())), '1 1 0 5', 'An account of a user without a stored one is a mismatch');
select is(pg_temp.compare(pg_temp.account('AC4', 'suspended', pg_temp.departed())), '1 1 0 8', 'An open account of a deleted user is a mismatch');
select is(pg_temp.compare(pg_temp.account('AC4', 'closed', pg_temp.departed())), '1 0 0', 'A closed account of a deleted user is no mismatch');
select is(pg_temp.compare(pg_temp.account('AC5', 'active', pg_temp.stranger())), '1 0 1', 'An account of an unknown user is counted as a stranger and not converged');
select is(pg_temp.compare(pg_temp.account('AC6', 'active', null)), '1 0 0', 'An account without a name of ours is not counted');
select is(pg_temp.compare(variadic '{}'::jsonb[]), '0 0 0', 'An empty page changes nothing');
select pg_temp.compare(pg_temp.account('AC1', 'suspended', pg_temp.tenant()));
select results_eq('select user_id, thorough from pg_temp.asked', $$ values (pg_temp.tenant()::text, true) $$,
  'The sweep asks for a thorough convergence');

-- Page by page -------------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
create temp table sweep as select public.begin_sweep() as id;
create function pg_temp.page(p_next text, variadic p_accounts jsonb[]) returns text language sql as $$
  select format('%s %s %s', accounts, mismatches, strangers) from public.record_sweep_page((select id from sweep), to_jsonb(p_accounts), p_next);
$$;
create view pg_temp.counted as select accounts, open_accounts, mismatches, strangers, finished_at from private.sweeps where id = (select id from sweep);

select is(pg_temp.page('/page/2', pg_temp.account('AC1', 'active', pg_temp.tenant()), pg_temp.account('AC6', 'closed', null)), '2 0 0', 'record_sweep_page compares the first page');
select results_eq('select job from pg_temp.pages', $$ select jsonb_build_object('kind', 'sweep', 'sweepId', id, 'pageUrl', '/page/2') from sweep $$,
  'The next page is enqueued as a job');
select is(pg_temp.page('/page/2', pg_temp.account('AC1', 'active', pg_temp.tenant()), pg_temp.account('AC6', 'closed', null)), '0 0 0', 'A repeated page counts no account again');
select is((select count(*) from pg_temp.pages), 1::bigint, 'A repeated page enqueues no second job');
select results_eq('select * from pg_temp.counted', $$ values (2, 1, 0, 0, null::timestamptz) $$, 'The sweep counts each account once');
select is(pg_temp.page(null, pg_temp.account('AC5', 'active', pg_temp.stranger()), pg_temp.account('AC3', 'active', pg_temp.newcomer())), '2 1 1', 'record_sweep_page compares the last page');
select is((select count(*) from pg_temp.pages), 1::bigint, 'The last page enqueues no job');
select results_eq('select * from pg_temp.counted', $$ values (4, 3, 1, 1, null::timestamptz) $$, 'The sweep adds up its pages');

-- Ending -------------------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
select results_eq('select s.outcome::text, s.open_accounts, s.mismatches, s.missing, s.strangers from sweep, public.end_sweep(id, 1000) s', $$ values ('within', 3, 2, 1, 1) $$, 'end_sweep returns the level and the counts');
select results_eq('select user_id, thorough from pg_temp.asked', $$ values (pg_temp.neighbour()::text, true) $$,
  'A stored account that was not listed is converged, even without a creation date');
select is((select finished_at from pg_temp.counted), now(), 'end_sweep stores the end');
select is_empty('select 1 from private.sweep_sightings where sweep_id = (select id from sweep)', 'end_sweep deletes the sightings');
select pg_temp.forget_jobs();
select results_eq('select s.outcome::text, s.open_accounts, s.mismatches, s.missing, s.strangers from sweep, public.end_sweep(id, 1000) s', $$ values ('within', 3, 2, 1, 1) $$, 'end_sweep, repeated, returns the same counts');
select is_empty('select 1 from pg_temp.asked', 'end_sweep, repeated, asks for no convergence');
select is(pg_temp.page('/page/2', pg_temp.account('AC1', 'suspended', pg_temp.tenant())), '0 0 0', 'A page after the end is not compared');
select is_empty('select 1 from pg_temp.pages', 'A page after the end enqueues no job');
update public.user_preferences set twilio_subaccount_created_at = now() + interval '1 second' where user_id = pg_temp.neighbour();
update public.user_preferences set twilio_subaccount_status = 'closed' where user_id = pg_temp.tenant();
select is((select missing from public.end_sweep(public.begin_sweep(), 1000)), 0, 'A closed account, or one created after the sweep began, is not missing');

-- In batches ---------------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
delete from public.user_preferences;
create function pg_temp.member(p_digit integer) returns uuid immutable return ('d0000000-0000-4000-8000-00000000000' || p_digit)::uuid;
reset role;
insert into auth.users (id, email) select pg_temp.member(n), n || '@pgtap.test' from generate_series(1, 5) n;
set local role service_role;
insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status)
select pg_temp.member(n), 'AC-batch-' || n, 'active' from generate_series(1, 5) n;
update sweep set id = public.begin_sweep();
create function pg_temp.end_in_batches() returns text[] language plpgsql as $$
declare
  ended text[] := '{}';
begin
  loop
    ended := ended || (select format('%s %s', s.outcome, s.missing) from sweep, public.end_sweep(id, 1000, 2) s);
    exit when ended[cardinality(ended)] not like 'continues%';
  end loop;
  return ended;
end;
$$;
select pg_temp.page(null, variadic array(select pg_temp.account('AC-batch-' || n, 'active', pg_temp.member(n)) from generate_series(1, 4) n));
select is(pg_temp.end_in_batches(), '{continues 0,continues 0,continues 1,continues 1,within 1}', 'end_sweep checks tenants and deletes sightings in batches of its limit');
select results_eq('select user_id from pg_temp.asked', array[pg_temp.member(5)::text], 'The missing account of any batch is converged once');
select is_empty('select 1 from private.sweep_sightings where sweep_id = (select id from sweep)', 'The last batch leaves no sighting');

-- The limit ----------------------------------------------------------------------------------------------------------

create function pg_temp.level(p_open integer) returns text language plpgsql as $$
declare
  sweep bigint := public.begin_sweep();
begin
  update private.sweeps set open_accounts = p_open where id = sweep;
  return (select outcome from public.end_sweep(sweep, 100));
end;
$$;
create view pg_temp.alarms as select action, details from public.audit_log where actor = 'sweep' and at = now();
select is(pg_temp.level(79), 'within', 'Below 80 % of the limit, the level is within');
select is(pg_temp.level(80), 'warning', 'At 80 % of the limit, the level is warning');
select is(pg_temp.level(94), 'warning', 'Below 95 % of the limit, the level is warning');
select results_eq('select * from pg_temp.alarms', $$ values ('subaccounts.limit_warning', '{"open": 80, "limit": 100}'::jsonb) $$, 'A level is audited once');
select is(pg_temp.level(95), 'critical', 'At 95 % of the limit, the level is critical');
select is(pg_temp.level(10), 'within', 'Below 80 % again, the level is within');
select pg_temp.level(80);
select is((select string_agg(action, ' ' order by id) from public.audit_log where actor = 'sweep' and at = now()),
  'subaccounts.limit_warning subaccounts.limit_critical subaccounts.limit_warning', 'Each change to warning or critical is audited, and a change to within is not');

-- The master account --------------------------------------------------------------------------------------------------

select public.report_inactive_master('ACmaster');
select public.report_inactive_master('ACmaster');
select results_eq($$ select subject, times, settled_at from public.operator_alerts where kind = 'master_account_inactive' $$,
  $$ values ('ACmaster', 2, null::timestamptz) $$, 'An inactive master account raises one alert, however many jobs find it');
select public.begin_sweep();
select is((select settled_at from public.operator_alerts where kind = 'master_account_inactive'), now(), 'A sweep that begins settles the alert');

select * from finish();
rollback;
