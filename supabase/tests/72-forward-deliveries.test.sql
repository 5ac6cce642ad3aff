-- The deliveries of received messages: recorded, listed, replayed, purged and erased.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(42);

select pg_temp.join_as('tenant', 'attacker');
select pg_temp.forget_jobs();
create view pg_temp.jobs as select message as job from private.jobs where message ->> 'kind' = 'forward-message' order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;
delete from public.forward_deliveries;
delete from private.forward_webhooks;
insert into private.forward_webhooks (user_id, id, url, sealed_secret) values (pg_temp.tenant(), gen_random_uuid(), 'https://one.example', 'v1.k1.iv.s1');

create function pg_temp.message(p_digit integer) returns uuid immutable return ('c0000000-0000-4000-8000-00000000000' || p_digit)::uuid;
create function pg_temp.attempt(p_digit integer, p_status text, p_http integer default null, p_failure text default null, p_next integer default null, p_user uuid default pg_temp.tenant())
returns text language sql as $$
  select public.record_forward_attempt(p_user, pg_temp.message(p_digit), p_status::public.forward_delivery_status, p_http, p_http / 10, p_failure::public.forward_failure, p_next)::text;
$$;
create function pg_temp.shown(p_digit integer) returns text language sql as $$
  select concat_ws(' ', d.status, d.attempt_count, d.attempts -> -1 ->> 'status', d.attempts -> -1 ->> 'durationMs', d.attempts -> -1 ->> 'failure',
    round(extract(epoch from d.next_attempt_at - now()))) from public.forward_deliveries d where d.id = pg_temp.message(p_digit);
$$;
create function pg_temp.listed(p_user uuid default pg_temp.tenant(), p_status text default null, p_before integer default null, p_limit integer default 10, p_since timestamptz default null, p_until timestamptz default null)
returns integer[] language sql as $$
  select coalesce(array_agg(right(l.id::text, 1)::integer), '{}') from public.list_forward_deliveries(p_user, p_status::public.forward_delivery_status, p_since, p_until,
    (select created_at from public.forward_deliveries where id = pg_temp.message(p_before)), pg_temp.message(p_before), p_limit) l;
$$;
create function pg_temp.replay(p_digit integer, p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select concat_ws(' ', outcome, delivery ->> 'status') from public.replay_forward_delivery(p_user, pg_temp.message(p_digit), 'req-1');
$$;

-- Attempts -----------------------------------------------------------------------------------------------------------

select is(pg_temp.attempt(1, 'pending', 500, 'refused', 60), 'pending', 'record_forward_attempt returns the status');
select is(pg_temp.shown(1), 'pending 1 500 50 refused 60', 'The first attempt creates the delivery, with the time of the next attempt');
select pg_temp.attempt(1, 'pending', null, 'no_response', 120);
select is(pg_stat_get_xact_tuples_hot_updated('public.forward_deliveries'::regclass), 1::bigint, 'An attempt that leaves the delivery pending changes no index');
select is(pg_temp.shown(1), 'pending 2 no_response 120', 'An attempt without a response has no status and no duration');
select pg_temp.attempt(1, 'delivered', 204);
select is(pg_temp.shown(1), 'delivered 3 204 20', 'A successful attempt leaves no next attempt');
select is((select array_agg(a ->> 'status') from public.forward_deliveries d, jsonb_array_elements(d.attempts) a where d.id = pg_temp.message(1)), '{500,NULL,204}', 'The attempts are kept in order');
select is((select count(*) from generate_series(1, 30) n where pg_temp.attempt(2, 'pending', 400 + n, 'refused', 5) is not null), 30::bigint, 'Thirty attempts are recorded');
select is((select array[attempt_count, jsonb_array_length(attempts), (attempts -> 0 ->> 'status')::integer, (attempts -> -1 ->> 'status')::integer] from public.forward_deliveries where id = pg_temp.message(2)),
  array[30, 20, 411, 430], 'Of many attempts the last twenty are kept, and all are counted');
select pg_temp.attempt(1, 'failed', 500, 'refused', p_user => pg_temp.attacker());
select is(pg_temp.shown(1), 'delivered 3 204 20', 'An attempt for another user changes nothing');
select pg_temp.attempt(3, 'delivered', 200, p_user => pg_temp.stranger());
select is(pg_temp.shown(3), null, 'An attempt of a deleted user is not recorded');
select is(public.cancel_forward_delivery(pg_temp.tenant(), pg_temp.message(2)), true, 'cancel_forward_delivery ends a pending delivery');
select is(pg_temp.shown(2), 'canceled 30 430 43 refused', 'A canceled delivery has no next attempt');
select is(public.cancel_forward_delivery(pg_temp.tenant(), pg_temp.message(1)), false, 'cancel_forward_delivery leaves a delivered one');
select is(public.cancel_forward_delivery(pg_temp.attacker(), pg_temp.message(2)), false, 'cancel_forward_delivery ends no delivery of another tenant');

-- Lists --------------------------------------------------------------------------------------------------------------

select pg_temp.attempt(4, 'failed', 410, 'refused');
update public.forward_deliveries set created_at = now() - make_interval(hours => right(id::text, 1)::integer);
select is(pg_temp.listed(), '{1,2,4}', 'Deliveries are listed newest first');
select is(pg_temp.listed(p_limit => 2), '{1,2}', 'A page has at most its limit of deliveries');
select is(pg_temp.listed(p_before => 2), '{4}', 'The next page follows the last delivery of the page before');
select is(pg_temp.listed(p_status => 'failed'), '{4}', 'A status selects its deliveries');
select is(pg_temp.listed(p_since => now() - interval '2 hours', p_until => now() - interval '90 minutes'), '{2}', 'since and until select a time');
select is(pg_temp.listed(pg_temp.attacker()), '{}', 'Another tenant''s list is empty');

select is((select count(*) from public.forward_delivery_of(pg_temp.tenant(), pg_temp.message(4))), 1::bigint, 'forward_delivery_of returns a delivery of the tenant');
select is_empty('select * from public.forward_delivery_of(pg_temp.attacker(), pg_temp.message(4))', 'forward_delivery_of returns no delivery of another tenant');

-- The cost of reads: a tenant with many deliveries, of which few failed ------------------------------------------------

create function pg_temp.rows_read() returns bigint volatile language sql as $$
  select pg_stat_get_xact_tuples_returned('public.forward_deliveries'::regclass) + sum(pg_stat_get_xact_tuples_fetched(i.indexrelid))::bigint
  from pg_catalog.pg_index i where i.indrelid = 'public.forward_deliveries'::regclass;
$$;
create function pg_temp.rows_read(p_query text) returns bigint language plpgsql as $$
declare
  before constant bigint := pg_temp.rows_read();
begin
  execute p_query;
  return pg_temp.rows_read() - before;
end;
$$;
savepoint few;
insert into public.forward_deliveries (id, user_id, status, attempts, created_at)
  select gen_random_uuid(), pg_temp.tenant(), 'delivered', '[]', now() - n * interval '1 minute' from generate_series(1, 3000) n;
reset role;
analyze public.forward_deliveries;
set local role service_role;
select cmp_ok(pg_temp.rows_read(format($$ select * from public.list_forward_deliveries(%L, 'failed', null, null, null, null, 51) $$, pg_temp.tenant())), '<=', 2::bigint,
  'A list of failed deliveries reads no others');
select cmp_ok(pg_temp.rows_read(format($$ select * from public.list_forward_deliveries(%L, null, null, null, null, null, 51) $$, pg_temp.tenant())), '<=', 60::bigint,
  'A page reads no more deliveries than it has');
select cmp_ok(pg_temp.rows_read(format($$ select * from public.list_forward_deliveries(%L, 'delivered', null, null, now() - interval '1 day', gen_random_uuid(), 51) $$, pg_temp.tenant())), '<=', 60::bigint,
  'A later page of a status reads no more deliveries than it has');
rollback to savepoint few;

-- Replays ------------------------------------------------------------------------------------------------------------

select is(pg_temp.replay(4, pg_temp.attacker()), 'not_found', 'replay_forward_delivery returns not_found for another tenant''s delivery');
select is(pg_temp.replay(9), 'not_found', 'replay_forward_delivery returns not_found for an unknown delivery');
select is_empty('select job from pg_temp.jobs', 'A refused replay enqueues nothing');
select is(pg_temp.replay(4), 'replayed pending', 'replay_forward_delivery returns replayed with the pending delivery');
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'forward-message', 'userId', pg_temp.tenant(), 'messageId', pg_temp.message(4)) $$, 'A replay enqueues the message');
select results_eq($$ select actor, action, request_id, details from public.audit_log order by id desc limit 1 $$,
  $$ select 'user:' || pg_temp.tenant(), 'forward_delivery.replayed', 'req-1', jsonb_build_object('eventId', pg_temp.message(4)) $$, 'A replay writes an audit line');
select is(pg_temp.replay(4), 'pending', 'replay_forward_delivery, repeated, returns pending');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'A repeated replay enqueues nothing');
update public.forward_deliveries set next_attempt_at = now() - interval '2 hours' where id = pg_temp.message(4);
select is(pg_temp.replay(4), 'replayed pending', 'A delivery whose attempt was lost with its job can be replayed');
update private.forward_webhooks set disabled_at = now();
select is(pg_temp.replay(1), 'not_enabled', 'replay_forward_delivery returns not_enabled for a disabled webhook');

-- Ends ---------------------------------------------------------------------------------------------------------------

update public.forward_deliveries set created_at = now() - case right(id::text, 1) when '1' then interval '40 days' when '2' then interval '31 days' else interval '29 days' end;
select is((select forward_deliveries from public.purge_expired(1)), 1, 'A purge stops at its limit');
select is(pg_temp.listed(), '{4,2}', 'The oldest delivery is purged first');
select is((select forward_deliveries from public.purge_expired(10)), 1, 'A purge takes what is thirty days old');
reset role;
delete from auth.users where id = pg_temp.tenant();
set local role service_role;
select public.erase_messages_of_deleted_user(pg_temp.tenant(), 100);
select is_empty('select id from public.forward_deliveries', 'The deliveries of a deleted user are erased');

select pg_temp.sign_in(pg_temp.attacker());
select throws_ok($$ select pg_temp.replay(4) $$, '42501', null, 'A user cannot call replay_forward_delivery');
select throws_ok($$ select public.list_forward_deliveries(pg_temp.tenant(), null, null, null, null, null, 1) $$, '42501', null, 'A user cannot call list_forward_deliveries');
select throws_ok($$ select public.forward_delivery_of(pg_temp.tenant(), pg_temp.message(4)) $$, '42501', null, 'A user cannot call forward_delivery_of');

select * from finish();
rollback;
