-- A subscription that continues without its tenant raises an alert, and an operator can cancel it.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(31);

select pg_temp.join_as('tenant', 'neighbour', 'leaver', 'operator');
create view pg_temp.open as select subject, user_id, details ->> 'cause' as cause, times from public.operator_alerts
  where kind = 'subscription_without_tenant' and settled_at is null;
grant select on pg_temp.open to service_role;
create function pg_temp.record(p_id text, p_user uuid, p_status text, p_read bigint) returns void language sql as $$
  select public.record_subscription(p_id, 'cus_' || p_id, p_user, 'metadata', null, p_status::public.subscription_status,
    '[{"id": "price", "lookupKey": "team"}]', false, null, null, now(), p_read);
$$;

-- The user's deletion ------------------------------------------------------------------------------------------------

set local role service_role;
select pg_temp.record('sub_active', pg_temp.leaver(), 'active', 1), pg_temp.record('sub_due', pg_temp.leaver(), 'past_due', 1),
  pg_temp.record('sub_over', pg_temp.leaver(), 'canceled', 1), pg_temp.record('sub_expired', pg_temp.leaver(), 'incomplete_expired', 1),
  pg_temp.record('sub_other', pg_temp.neighbour(), 'active', 1);
select is_empty('select * from pg_temp.open', 'The subscription of an existing user raises no alert');
reset role;
select pg_temp.forget_jobs();
select lives_ok('delete from auth.users where id = pg_temp.leaver()', 'A user with subscriptions that continue can be deleted');
select results_eq('select * from pg_temp.open order by subject', $$ values ('sub_active', pg_temp.leaver(), 'user_deleted', 1), ('sub_due', pg_temp.leaver(), 'user_deleted', 1) $$,
  'The deletion raises an alert for each subscription that continues');
select results_eq($$ select details from public.operator_alerts where subject = 'sub_due' $$,
  $$ select jsonb_build_object('cause', 'user_deleted', 'status', 'past_due', 'plan', 'team', 'customerId', 'cus_sub_due') $$, 'The alert names the cause, the status, the plan and the customer');
select is((select count(*) from private.jobs where message ->> 'kind' = 'deliver-alert'), 2::bigint, 'The delivery of each alert is enqueued');
set local role service_role;
select pg_temp.record('sub_active', null, 'active', 2);
select is((select times from pg_temp.open where subject = 'sub_active'), 1, 'A read without another status does not count the alert up');
select pg_temp.record('sub_active', null, 'unpaid', 3);
select is((select times from pg_temp.open where subject = 'sub_active'), 2, 'A read with another status that continues counts the alert up');
select pg_temp.record('sub_due', null, 'canceled', 2);
select bag_eq('select subject from pg_temp.open', array['sub_active'], 'The end of the subscription settles its alert');
select pg_temp.record('sub_due', null, 'canceled', 3);
select is((select count(*) from public.operator_alerts where subject = 'sub_due'), 1::bigint, 'A later read raises no second alert');
-- A first read that comes late, for a customer who is linked to the deleted user.
insert into private.stripe_customers (id, user_id) values ('cus_sub_late', pg_temp.leaver());
select pg_temp.record('sub_late', null, 'trialing', 1);
select results_eq($$ select cause from pg_temp.open where subject = 'sub_late' $$, array['user_deleted'], 'A new subscription of a deleted user''s customer raises an alert');
-- A checkout that is paid after the deletion: its metadata names the user, and no link is made to a deleted user.
create function pg_temp.record_named(p_id text, p_user uuid, p_status text, p_read bigint) returns void language sql as $$
  select public.record_subscription(p_id, 'cus_' || p_id, null, null, p_user, p_status::public.subscription_status,
    '[{"id": "price", "lookupKey": "team"}]', false, null, null, now(), p_read);
$$;
select pg_temp.record_named('sub_paid_late', pg_temp.leaver(), 'incomplete', 1);
select results_eq($$ select user_id, cause from pg_temp.open where subject = 'sub_paid_late' $$, $$ values (pg_temp.leaver(), 'user_deleted') $$,
  'A subscription whose metadata names a deleted user raises an alert');
select pg_temp.record_named('sub_paid_late', pg_temp.leaver(), 'canceled', 2);
select is_empty($$ select 1 from pg_temp.open where subject = 'sub_paid_late' $$, 'Its end settles the alert');
select pg_temp.record_named('sub_foreign', pg_temp.stranger(), 'active', 1);
select is_empty($$ select 1 from pg_temp.open where subject = 'sub_foreign' $$, 'A subscription whose metadata names an id that was never a tenant''s raises no alert');
insert into private.stripe_customers (id, user_id, origin) values ('cus_of_stranger', pg_temp.stranger(), 'metadata');
select pg_temp.record_named('sub_of_stranger', pg_temp.stranger(), 'active', 1);
select is((select cause from pg_temp.open where subject = 'sub_of_stranger'), 'user_deleted', 'A deleted user without a tenancy is known by their Stripe customer');

-- The tenant's closure -----------------------------------------------------------------------------------------------

select pg_temp.record('sub_closed', pg_temp.tenant(), 'active', 1);
select public.hold_tenant(pg_temp.tenant(), 'suspended', pg_temp.operator(), 'req', 'spam');
select is_empty($$ select 1 from pg_temp.open where user_id = pg_temp.tenant() $$, 'A suspended tenant with a subscription raises no alert');
select public.hold_tenant(pg_temp.tenant(), 'closed', pg_temp.operator(), 'req', 'fraud');
select results_eq($$ select subject, cause from pg_temp.open where user_id = pg_temp.tenant() $$, $$ values ('sub_closed', 'tenant_closed') $$, 'Closing a tenant with a subscription raises an alert');
select pg_temp.record('sub_second', pg_temp.tenant(), 'active', 1);
select results_eq($$ select subject, cause from pg_temp.open where subject = 'sub_second' $$, $$ values ('sub_second', 'tenant_closed') $$, 'A new subscription of a closed tenant raises an alert');
select public.hold_tenant(pg_temp.tenant(), null, pg_temp.operator(), 'req', 'a mistake');
select is_empty($$ select 1 from pg_temp.open where user_id = pg_temp.tenant() $$, 'Releasing the tenant settles the alerts');
insert into private.tenancies (user_id, operator_hold) values (pg_temp.neighbour(), 'closed')
  on conflict (user_id) do update set operator_hold = 'closed';
select is((select cause from pg_temp.open where subject = 'sub_other'), 'tenant_closed', 'A closure that is written by hand raises the alert too');

-- Cancellation -------------------------------------------------------------------------------------------------------

reset role;
select pg_temp.forget_jobs();
set local role service_role;
create function pg_temp.cancel(p_id text, p_at_period_end boolean default false) returns text language sql as $$
  select r.outcome::text from public.request_cancellation(p_id, null, pg_temp.operator(),
    case when p_at_period_end then 'period_end' else 'now' end::public.cancellation_time, false, 'req-cancel', 'no tenant') r;
$$;
select is(pg_temp.cancel('sub_nobody'), 'unknown_subscription', 'An unknown subscription is not canceled');
select is(pg_temp.cancel('sub_due'), 'already_over', 'A subscription that is over is not canceled again');
select is(pg_temp.cancel('sub_expired'), 'already_over', 'A subscription that was never paid is over');
select is_empty($$ select 1 from public.audit_log where action = 'subscription.cancellation_requested' $$, 'A request that changes nothing writes no audit line');
select is(pg_temp.cancel('sub_active'), 'accepted', 'A subscription that continues is canceled');
select is(pg_temp.cancel('sub_late', true), 'accepted', 'A subscription that continues is canceled at the end of its period');
select is(pg_temp.cancel('sub_active'), 'accepted', 'A cancellation may be requested again until the subscription is over');
select results_eq($$ select actor, user_id, request_id, details from public.audit_log where action = 'subscription.cancellation_requested' order by id limit 1 $$,
  $$ select 'operator:' || pg_temp.operator(), pg_temp.leaver(), 'req-cancel', '{"subscriptionId": "sub_active", "ends": "now", "reason": "no tenant"}'::jsonb $$,
  'The audit log has the operator, the user, the request, the subscription and the reason');
select is((select count(*) from public.audit_log where action = 'subscription.cancellation_requested'), 3::bigint, 'Each accepted request writes an audit line');
reset role;
select bag_eq('select message from private.jobs', $$ values ('{"kind": "cancel-subscription", "subscriptionId": "sub_active"}'::jsonb),
  ('{"kind": "cancel-subscription", "subscriptionId": "sub_active"}'), ('{"kind": "cancel-subscription", "subscriptionId": "sub_late"}') $$,
  'Each accepted request enqueues a job');
select is((select lane::text from private.jobs limit 1), 'billing', 'The job is in the billing lane');
select pg_temp.sign_in(pg_temp.attacker());
select throws_ok($$ select pg_temp.cancel('sub_active') $$, '42501', null, 'A tenant cannot cancel a subscription by calling the decision');

select * from finish();
rollback;
