-- The report for `deno task verify`: no failure after the migrations, and each fault by its name.
begin;
create extension if not exists pgtap with schema extensions;
select plan(21);
\ir actors.psql

-- The lines about the schedule depend on the project's Vault, so they are left out.
create view pg_temp.failures as select subject, finding from public.describe_installation() where verdict = 'fail' and subject not like 'schedule%';
create view pg_temp.report as select * from public.describe_installation();
delete from pgmq.q_jobs_dead;
delete from private.master_numbers;

select is_empty('select * from pg_temp.failures', 'describe_installation reports no failure after the migrations');
select set_eq($$ select substr(subject, 7) from pg_temp.report where subject like 'table %' $$,
  $$ select relname::text from pg_catalog.pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' $$, 'describe_installation reports every public table');
insert into private.master_numbers (phone_sid, phone_number, is_offered) values ('PN-m1', '+15005550001', true), ('PN-m2', '+15005550002', false);
select results_eq($$ select verdict::text, finding from pg_temp.report where subject = 'shared numbers' $$, $$ values ('ok', '1 of 2 offered to tenants without a subaccount') $$,
  'describe_installation counts the shared numbers on offer');
select pg_temp.forget_jobs();
select private.enqueue('{"kind": "run-campaign"}');
select bag_eq($$ select subject, finding from pg_temp.report where subject like 'queue %' $$,
  $$ values ('queue control', '0 jobs waiting'), ('queue messages', '0 jobs waiting'), ('queue campaigns', '1 jobs waiting'), ('queue forwarding', '0 jobs waiting'), ('queue usage', '0 jobs waiting'), ('queue billing', '0 jobs waiting') $$,
  'describe_installation counts the waiting jobs of each lane');
select pgmq.send('jobs_dead', '{}');
select is((select verdict::text from pg_temp.report where subject = 'dead letters'), 'warn', 'describe_installation warns of a dead letter');

select private.learn_currency('USD', 'usage');
select is((select verdict::text from pg_temp.report where subject = 'exchange rates'), 'ok', 'describe_installation needs no exchange rate for plans in the currency of the master account');
update public.plans set currency = 'eur' where key = 'team';
select results_eq($$ select verdict::text, finding from pg_temp.report where subject = 'exchange rates' $$, $$ values ('fail', 'missing, so usage is not billed: USD to eur (team)') $$, 'It fails for a currency of a plan that no exchange rate leads to');
select public.set_exchange_rate('USD', 'eur', private.utc_day(), 0.9, pg_temp.operator(), 'ECB', 'req');
select is((select verdict::text from pg_temp.report where subject = 'exchange rates'), 'ok', 'A rate from today on settles it');
select is((select verdict::text from pg_temp.report where subject = 'due work'), 'ok', 'describe_installation reports no late work after the migrations');
insert into private.due_work (user_id, kind, due_at) values (gen_random_uuid(), 'redaction', now() - interval '119 minutes'), (gen_random_uuid(), 'token_rotation', '-infinity');
select is((select verdict::text from pg_temp.report where subject = 'due work'), 'ok', 'Work that is less than two hours late, and an old token, are no late work');
insert into private.due_work (user_id, kind, due_at) values (gen_random_uuid(), 'number_sync', now() - interval '50 hours');
select results_eq($$ select verdict::text, finding from pg_temp.report where subject = 'due work' $$, $$ values ('warn', 'late: number_sync by 50 hours') $$, 'describe_installation warns of late work');
alter table public.plans disable row level security;
select results_eq('select subject from pg_temp.failures', array['table plans'], 'describe_installation reports a table without row level security');
alter table public.plans enable row level security;
drop policy "Anyone signed in reads the plans" on public.plans;
select results_eq('select subject from pg_temp.failures', array['table plans'], 'describe_installation reports a table without a policy');
create policy "Anyone signed in reads the plans" on public.plans for select to authenticated using (true);
grant select on public.user_preferences to authenticated;
select results_eq('select subject from pg_temp.failures', array['sealed tokens'], 'describe_installation reports a token column that authenticated may read');
revoke select on public.user_preferences from authenticated;
grant execute on function public.claim_jobs(public.job_lane, integer, integer) to anon;
select results_eq('select subject, finding from pg_temp.failures', $$ values ('decisions', 'callable by a browser: claim_jobs') $$, 'describe_installation names a function that anon may call');
revoke execute on function public.claim_jobs(public.job_lane, integer, integer) from anon;
grant execute on function private.refuse_change() to authenticated;
comment on function private.refuse_change() is null;
select results_eq('select subject, finding from pg_temp.failures', $$ values ('decisions', 'callable by a browser: refuse_change') $$,
  'describe_installation names a function without a comment that authenticated may call');
revoke execute on function private.refuse_change() from authenticated;
create function public.host_function() returns integer language sql as 'select 1';
comment on function public.host_function() is 'A function of the host.';
grant execute on function public.host_function() to anon;
select is_empty('select * from pg_temp.failures', 'describe_installation ignores a host''s function');
drop function public.host_function();
set local role service_role;
select lives_ok('select * from public.describe_installation()', 'service_role may call describe_installation');
select results_eq('select subject, finding from public.describe_installation() where subject = $$decisions$$',
  $$ values ('decisions', 'no function of ours can be called by a browser') $$, 'As service_role, describe_installation checks every function of ours');
select is((select count(*) from public.describe_installation() where subject like 'table %' and verdict = 'ok'), (select count(*) from private.our_tables()), 'As service_role, describe_installation checks every table of ours');
reset role;
select is_empty('select * from pg_temp.failures', 'describe_installation reports no failure after the repairs');

select * from finish();
rollback;
