-- The audit log is append only: grants refuse changes by service_role, and triggers refuse them for the owner as well.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(26);

select pg_temp.join_as('tenant');

set local role service_role;
select lives_ok(
  $$ insert into public.audit_log (actor, action, user_id) values ('operator:x', 'tenant.suspended', pg_temp.tenant()) $$,
  'service_role adds a line');
select lives_ok(
  $$ select private.audit('converge', 'subaccount.created', pg_temp.tenant(), 'AC1', 'req-1') $$,
  'private.audit adds a line');
select results_eq(
  $$ select action, subaccount_sid, request_id, details from public.audit_log where user_id = pg_temp.tenant() order by id $$,
  $$ values ('tenant.suspended', null, null, '{}'::jsonb), ('subaccount.created', 'AC1', 'req-1', '{}') $$,
  'service_role reads the lines in the order of insertion');
select throws_ok('update public.audit_log set actor = ''another actor''', '42501', null, 'service_role cannot update a line');
select throws_ok('delete from public.audit_log', '42501', null, 'service_role cannot delete a line');
select throws_ok('truncate public.audit_log', '42501', null, 'service_role cannot truncate the log');
select throws_ok(
  $$ insert into public.audit_log (actor, action) values ('first', 'x') on conflict (id) do update set actor = 'second' $$,
  '42501', null, 'service_role cannot update a line by an upsert');
select throws_ok($$ insert into public.audit_log (actor, action) values ('', 'x') $$, '23514', null, 'A line without an actor is refused');
select throws_ok($$ insert into public.audit_log (id, actor, action) values (1, 'x', 'x') $$, '428C9', null, 'A line with an explicit id is refused');

reset role;
select throws_ok('update public.audit_log set actor = ''another actor''', '42501', 'Cannot update public.audit_log: it is append only',
  'The owner cannot update a line');
select throws_ok('delete from public.audit_log', '42501', 'Cannot delete public.audit_log: it is append only',
  'The owner cannot delete a line');
select throws_ok('truncate public.audit_log', '42501', 'Cannot truncate public.audit_log: it is append only',
  'The owner cannot truncate the log');

-- Expired details may be emptied, and nothing else.
alter table public.audit_log disable trigger append_only_update;
update public.audit_log set at = now() - interval '365 days', details = '{"reason": "Ada wrote to us"}' where action = 'subaccount.created';
update public.audit_log set at = now() - interval '364 days 23 hours', details = '{"reason": "Bob wrote to us"}' where action = 'tenant.suspended';
alter table public.audit_log enable trigger append_only_update;
select throws_ok(format('update public.audit_log set %s where action = ''subaccount.created''', change), '42501', 'Cannot update public.audit_log: it is append only',
  format('The owner cannot change an old line by "set %s"', change))
from unnest(array['actor = ''another actor'', details = ''{}''', 'at = now(), details = ''{}''', 'user_id = null, details = ''{}''', 'subaccount_sid = null, details = ''{}''',
  'details = ''{"reason": "another"}''', 'details = details || ''{"more": 1}''', 'id = default, details = ''{}''']) change;
select throws_ok($$ update public.audit_log set details = '{}' where action = 'tenant.suspended' $$, '42501', null, 'The owner cannot empty details that have not expired');
set local role service_role;
select throws_ok($$ update public.audit_log set details = '{}' where action = 'subaccount.created' $$, '42501', null, 'service_role cannot empty details by an update');
select is(private.purge_audit_details(10), 1, 'service_role purges the details that have expired');
select results_eq($$ select actor, action, user_id, subaccount_sid, request_id, details from public.audit_log where user_id = pg_temp.tenant() order by id $$,
  $$ values ('operator:x', 'tenant.suspended', pg_temp.tenant(), null, null, '{"reason": "Bob wrote to us"}'::jsonb), ('converge', 'subaccount.created', pg_temp.tenant(), 'AC1', 'req-1', '{}') $$,
  'A purge empties the expired details and keeps the line, and other lines keep their details');
reset role;

grant all on public.audit_log to service_role;
set local role service_role;
select throws_ok('update public.audit_log set actor = ''another actor''', '42501', 'Cannot update public.audit_log: it is append only',
  'service_role with a grant of all rights cannot update a line');

reset role;
select lives_ok('delete from auth.users where id = pg_temp.tenant()', 'A user with lines in the log can be deleted');
select is(
  (select count(*) from public.audit_log where user_id = pg_temp.tenant() and subaccount_sid = 'AC1'), 1::bigint,
  'The lines of a deleted user stay, with the SID of their subaccount');

select * from finish();
rollback;
