-- Calls every function as every API role: only service_role has the right to execute it.
begin;
create extension if not exists pgtap with schema extensions;
select plan(5);

-- Calls each function with nulls and returns those that did not fail with insufficient_privilege.
create function pg_temp.functions_open_to(p_role text) returns setof text language plpgsql as $$
declare
  candidate record;
begin
  for candidate in
    select n.nspname || '.' || p.proname as name,
      format('select %I.%I(%s)', n.nspname, p.proname,
        (select string_agg('null::' || format_type(t, null), ', ') from unnest(p.proargtypes) t)) as call
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('public', 'private') and p.prorettype <> 'trigger'::regtype
  loop
    begin
      perform set_config('role', p_role, true);
      execute candidate.call;
      return next candidate.name;
    exception
      when insufficient_privilege then null;
      when others then return next candidate.name;
    end;
    perform set_config('role', 'none', true);
  end loop;
end;
$$;

select is_empty($$ select pg_temp.functions_open_to('anon') $$, 'A stranger cannot call any function');
select is_empty($$ select pg_temp.functions_open_to('authenticated') $$, 'A tenant cannot call any function');
select set_eq(
  $$ select pg_temp.functions_open_to('service_role') $$,
  $$ select n.nspname || '.' || p.proname from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname in ('public', 'private') and p.prorettype <> 'trigger'::regtype $$,
  'service_role can call every function, and each has the rights it needs');

set local role authenticated;
set local request.jwt.claims = '{"sub": "a0000000-0000-4000-8000-000000000001", "role": "authenticated", "app_metadata": {"role": "operator"}}';
select throws_ok($$ select * from public.subaccount_of('a0000000-0000-4000-8000-000000000002') $$, '42501',
  'permission denied for function subaccount_of', 'An operator''s token cannot call subaccount_of: only the admin function acts for operators');
select throws_ok($$ select private.enqueue('{}') $$, '42501', 'permission denied for schema private', 'A tenant cannot enqueue a job');

select * from finish();
rollback;
