-- Notices: stored once for each cause, forwarded to the tenant's webhook, read by the tenant alone, and purged.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(19);

select pg_temp.join_as('tenant', 'attacker');
select pg_temp.forget_jobs();
create view pg_temp.jobs as select message as job from private.jobs where message ->> 'kind' like 'forward-%' order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;
delete from public.tenant_notices;
create function pg_temp.notify(p_subject text, p_user uuid default pg_temp.tenant()) returns boolean language sql as $$
  select private.notify_tenant(p_user, 'usage.threshold', p_subject, '{"percent": 80}');
$$;
create function pg_temp.id_of(p_subject text) returns uuid language sql as $$ select id from public.tenant_notices where subject = p_subject; $$;

-- Once ---------------------------------------------------------------------------------------------------------------

select ok(pg_temp.notify('one'), 'notify_tenant returns true for a new notice');
select ok(not pg_temp.notify('one'), 'notify_tenant returns false for a cause that was noticed before');
select results_eq($$ select kind::text, subject, details from public.tenant_notices $$, $$ values ('usage.threshold', 'one', '{"percent": 80}'::jsonb) $$, 'A cause gives one notice');
select ok(pg_temp.notify('one', pg_temp.attacker()), 'Another tenant gets a notice of their own');
select ok(not pg_temp.notify('one', pg_temp.stranger()), 'A user who does not exist gets no notice');

-- Forwarding ---------------------------------------------------------------------------------------------------------

select is_empty('select * from pg_temp.jobs', 'Without a webhook no notice is forwarded');
insert into private.forward_webhooks (user_id, id, url, sealed_secret) values (pg_temp.tenant(), gen_random_uuid(), 'https://one.example', 'v1.k1.iv.s1');
select pg_temp.notify('two'), pg_temp.notify('two');
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'forward-notice', 'userId', pg_temp.tenant(), 'noticeId', pg_temp.id_of('two')) $$,
  'A new notice is forwarded once to a webhook in use');
select is(private.lane_of('{"kind": "forward-notice"}')::text, 'forwarding', 'Notices are forwarded in the lane of forwarding');
select is(public.record_forward_attempt(pg_temp.tenant(), pg_temp.id_of('two'), 'failed', 500, 20, 'refused', null)::text, 'failed', 'An attempt to forward a notice is recorded as a delivery');
select pg_temp.forget_jobs();
select is((select outcome::text from public.replay_forward_delivery(pg_temp.tenant(), pg_temp.id_of('two'), 'req-1')), 'replayed', 'The delivery of a notice can be replayed');
select results_eq($$ select job ->> 'kind', job ->> 'noticeId' from pg_temp.jobs $$, $$ select 'forward-notice', pg_temp.id_of('two')::text $$, 'A replay enqueues the notice');
update private.forward_webhooks set disabled_at = now();
select pg_temp.forget_jobs();
select pg_temp.notify('three');
select is_empty('select * from pg_temp.jobs', 'A disabled webhook gets no notice');
select results_eq('select subject from public.notice_of(pg_temp.tenant(), pg_temp.id_of(''two''))', array['two'], 'notice_of returns a notice of the tenant');
select is_empty('select * from public.notice_of(pg_temp.attacker(), pg_temp.id_of(''two''))', 'notice_of returns no notice of another tenant');

-- Reading, retention and deletion ------------------------------------------------------------------------------------

select pg_temp.sign_in(pg_temp.attacker());
select results_eq('select user_id from public.tenant_notices', array[pg_temp.attacker()], 'A tenant reads their own notices only');
select throws_ok($$ select private.notify_tenant(pg_temp.tenant(), 'usage.threshold', 'x', '{}') $$, '42501', null, 'A tenant cannot write a notice');
reset role;
set local role service_role;
update public.tenant_notices set raised_at = now() - interval '401 days' where subject in ('one', 'two');
update public.tenant_notices set raised_at = now() - interval '399 days' where subject = 'three';
select is((select tenant_notices from public.purge_expired(2)), 2, 'A purge stops at its limit');
select public.purge_expired(10);
select results_eq('select subject from public.tenant_notices', array['three'], 'Notices are kept for 400 days, longer than a billing period of a year');
reset role;
delete from auth.users where id = pg_temp.tenant();
select is_empty('select from public.tenant_notices where user_id = pg_temp.tenant()', 'The notices of a deleted user are deleted');

select * from finish();
rollback;
