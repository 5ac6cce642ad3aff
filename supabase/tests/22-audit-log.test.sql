-- The audit log only grows: the grants say no to the service, and triggers say no even to the owner.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(15);

select pg_temp.join_as('tenant');

set local role service_role;
select lives_ok(
  $$ insert into public.audit_log (actor, action, user_id) values ('operator:x', 'tenant.suspended', pg_temp.tenant()) $$,
  'The service adds a line');
select lives_ok(
  $$ select private.audit('converge', 'subaccount.created', pg_temp.tenant(), 'AC1', 'req-1') $$,
  'The service adds a line by the helper');
select results_eq(
  $$ select action, subaccount_sid, request_id, details from public.audit_log where user_id = pg_temp.tenant() order by id $$,
  $$ values ('tenant.suspended', null, null, '{}'::jsonb), ('subaccount.created', 'AC1', 'req-1', '{}') $$,
  'The service reads the lines in the order they were added');
select throws_ok('update public.audit_log set actor = ''somebody else''', '42501', null, 'The service cannot change a line');
select throws_ok('delete from public.audit_log', '42501', null, 'The service cannot delete a line');
select throws_ok('truncate public.audit_log', '42501', null, 'The service cannot empty the log');
select throws_ok(
  $$ insert into public.audit_log (actor, action) values ('someone', 'x') on conflict (id) do update set actor = 'someone else' $$,
  '42501', null, 'The service cannot change a line by an upsert');
select throws_ok($$ insert into public.audit_log (actor, action) values ('', 'x') $$, '23514', null, 'A line without an actor is refused');
select throws_ok($$ insert into public.audit_log (id, actor, action) values (1, 'x', 'x') $$, '428C9', null, 'A line cannot choose its place');

reset role;
select throws_ok('update public.audit_log set actor = ''somebody else''', '42501', 'Cannot update public.audit_log: it is append only',
  'Not even the owner changes a line');
select throws_ok('delete from public.audit_log', '42501', 'Cannot delete public.audit_log: it is append only',
  'Not even the owner deletes a line');
select throws_ok('truncate public.audit_log', '42501', 'Cannot truncate public.audit_log: it is append only',
  'Not even the owner empties the log');

grant all on public.audit_log to service_role;
set local role service_role;
select throws_ok('update public.audit_log set actor = ''somebody else''', '42501', 'Cannot update public.audit_log: it is append only',
  'A careless grant does not let the service change a line');

reset role;
select lives_ok('delete from auth.users where id = pg_temp.tenant()', 'A user with lines in the log can be deleted');
select is(
  (select count(*) from public.audit_log where user_id = pg_temp.tenant() and subaccount_sid = 'AC1'), 1::bigint,
  'The trail of a deleted user, with the SID of their subaccount, survives them');

select * from finish();
rollback;
