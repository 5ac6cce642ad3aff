-- What `deno task verify` is told: all is well here, and what is broken is called by its name.
begin;
create extension if not exists pgtap with schema extensions;
select plan(14);

-- Whether cron is set up depends on the project's Vault, so that line is not judged here.
create view pg_temp.failures as select subject, finding from public.describe_installation() where verdict = 'fail' and subject <> 'schedule';
create view pg_temp.told as select * from public.describe_installation();
delete from pgmq.q_jobs_dead;
delete from private.master_numbers;

select is_empty('select * from pg_temp.failures', 'In a database as the migrations make it nothing fails');
select set_eq($$ select substr(subject, 7) from pg_temp.told where subject like 'table %' $$,
  $$ select relname::text from pg_catalog.pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' $$, 'It looks at every public table');
select is((select verdict::text from pg_temp.told where subject = 'shared numbers'), 'warn', 'That nothing is shared is worth a word');
select pgmq.send('jobs_dead', '{}');
select is((select verdict::text from pg_temp.told where subject = 'dead letters'), 'warn', 'That a job gave up is worth a word');

alter table public.plans disable row level security;
select results_eq('select subject from pg_temp.failures', array['table plans'], 'A table without row security is told');
alter table public.plans enable row level security;
drop policy "Anyone signed in reads the plans" on public.plans;
select results_eq('select subject from pg_temp.failures', array['table plans'], 'A table without a policy is told');
create policy "Anyone signed in reads the plans" on public.plans for select to authenticated using (true);
grant select on public.user_preferences to authenticated;
select results_eq('select subject from pg_temp.failures', array['sealed tokens'], 'A token column that tenants may read is told');
revoke select on public.user_preferences from authenticated;
grant execute on function public.claim_jobs(integer, integer) to anon;
select results_eq('select subject, finding from pg_temp.failures', $$ values ('decisions', 'callable by a browser: claim_jobs') $$, 'A function that a browser may call is told by its name');
revoke execute on function public.claim_jobs(integer, integer) from anon;
grant execute on function private.refuse_change() to authenticated;
comment on function private.refuse_change() is null;
select results_eq('select subject, finding from pg_temp.failures', $$ values ('decisions', 'callable by a browser: refuse_change') $$,
  'A function without a comment that a browser may call is told by its name');
revoke execute on function private.refuse_change() from authenticated;
create function public.host_function() returns integer language sql as 'select 1';
comment on function public.host_function() is 'A function of the host.';
grant execute on function public.host_function() to anon;
select is_empty('select * from pg_temp.failures', 'A host''s own function may be called by a browser');
drop function public.host_function();
set local role service_role;
select lives_ok('select * from public.describe_installation()', 'The service may ask with its own rights');
select results_eq('select subject, finding from public.describe_installation() where subject = $$decisions$$',
  $$ values ('decisions', 'no function of ours can be called by a browser') $$, 'With those it sees every function of ours');
select is((select count(*) from public.describe_installation() where subject like 'table %' and verdict = 'ok'), (select count(*) from private.our_tables()), 'With those it sees every table of ours');
reset role;
select is_empty('select * from pg_temp.failures', 'Mended, nothing fails');

select * from finish();
rollback;
