-- A tenant or an operator changes when a subscription ends. The last request is carried out.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(32);

select pg_temp.join_as('tenant', 'attacker', 'operator');
create function pg_temp.record(p_id text, p_user uuid, p_origin text, p_status text, p_plan text) returns void language sql as $$
  select public.record_subscription(p_id, 'cus_' || p_id, p_user, p_origin::public.subscription_origin, null, p_status::public.subscription_status,
    jsonb_build_array(jsonb_build_object('id', 'price_' || p_plan, 'lookupKey', p_plan)), false, null, null, now(), 1);
$$;
create function pg_temp.ask(p_id text, p_user uuid, p_ends text) returns text language sql as $$
  select concat_ws(' ', r.outcome, r.subscription_id) from public.request_cancellation(p_id, p_user, null, p_ends::public.cancellation_time, false, 'req', null) r;
$$;
create function pg_temp.order(p_id text, p_ends text, p_prorate boolean default false) returns text language sql as $$
  select r.outcome::text from public.request_cancellation(p_id, null, pg_temp.operator(), p_ends::public.cancellation_time, p_prorate, 'req', 'fraud') r;
$$;
create function pg_temp.begun(p_id text) returns text language sql as $$
  select concat_ws(' ', b.outcome, b.ends, b.number) from public.begin_cancellation(p_id) b;
$$;
set local role service_role;
select pg_temp.record('sub_old', pg_temp.tenant(), 'metadata', 'canceled', 'scale'), pg_temp.record('sub_starter', pg_temp.tenant(), 'metadata', 'active', 'starter'),
  pg_temp.record('sub_team', pg_temp.tenant(), 'claim', 'past_due', 'team'), pg_temp.record('sub_gift', pg_temp.tenant(), 'checkout', 'active', 'scale');

select is(pg_temp.ask(null, pg_temp.tenant(), 'period_end'), 'accepted sub_team', 'Without an id, the subscription that continues and has the best plan is meant');
select is(pg_temp.ask('sub_starter', pg_temp.tenant(), 'period_end'), 'accepted sub_starter', 'A tenant cancels one of several subscriptions of their own');
select is(pg_temp.ask('sub_old', pg_temp.tenant(), 'now'), 'already_over sub_old', 'A subscription that is over is not canceled again');
select is(pg_temp.ask('sub_gift', pg_temp.tenant(), 'now'), 'unknown_subscription', 'A tenant cannot cancel a gift: another person pays for it');
select is(pg_temp.ask('sub_team', pg_temp.attacker(), 'now'), 'unknown_subscription', 'An attacker cannot cancel a tenant''s subscription');
select is(pg_temp.ask(null, pg_temp.attacker(), 'now'), 'unknown_subscription', 'A tenant without a subscription has none to cancel');
select results_eq($$ select actor, details from public.audit_log where action = 'subscription.cancellation_requested' order by id $$,
  $$ values ('user:' || pg_temp.tenant(), '{"subscriptionId": "sub_team", "ends": "period_end"}'::jsonb), ('user:' || pg_temp.tenant(), '{"subscriptionId": "sub_starter", "ends": "period_end"}') $$,
  'The audit log has each accepted request of a tenant, and no refused one');

select is(pg_temp.begun('sub_team'), 'carry_out period_end 1', 'A job carries the request out');
select is(pg_temp.ask('sub_team', pg_temp.tenant(), 'never'), 'accepted sub_team', 'A tenant undoes a scheduled cancellation');
select is(public.settle_cancellation('sub_team', 1)::text, 'superseded', 'A request that another one replaced while a job wrote to Stripe is not settled');
select is(pg_temp.begun('sub_team'), 'carry_out never 2', 'The job then carries out the later request');
select is(public.settle_cancellation('sub_team', 2)::text, 'settled', 'The last request is settled');
select is(public.settle_cancellation('sub_team', 2)::text, 'settled', 'A repeated job settles it again');
select is(pg_temp.begun('sub_team'), 'nothing', 'A request that was carried out is not carried out again');
select is(pg_temp.begun('sub_gift'), 'nothing', 'Without a request there is nothing to carry out');

select is(pg_temp.order('sub_team', 'now', true), 'accepted', 'An operator cancels a tenant''s subscription');
select is((select b.prorate from public.begin_cancellation('sub_team') b), true, 'An operator may give back what was paid for the rest of the period');
select is(pg_temp.ask('sub_team', pg_temp.tenant(), 'never'), 'decided_by_operator sub_team', 'A tenant cannot undo what an operator decided');
select is(pg_temp.begun('sub_team'), 'carry_out now 3', 'A refused request changes nothing');
select is(pg_temp.order('sub_team', 'never'), 'accepted', 'An operator undoes it');
select is(pg_temp.ask('sub_team', pg_temp.tenant(), 'period_end'), 'accepted sub_team', 'The tenant may then cancel again');

create function pg_temp.lease(p_is_flushed boolean) returns text language sql as $$
  select concat_ws(' ', l.outcome, l.seconds) from public.lease_cancellation('sub_team', p_is_flushed, 60) l;
$$;
select is(pg_temp.lease(false), 'leased 0', 'Without usage a cancellation waits for nothing');
insert into private.billing_customers (stripe_customer_id, user_id) values ('cus_sub_team', pg_temp.tenant());
select is(pg_temp.lease(false), 'later 60', 'A cancellation waits for usage that is not sent');
select is(pg_temp.lease(true), 'leased 0', 'A cancellation takes the lease of the customer when all usage is sent');
select is(pg_temp.lease(true), 'later 3', 'A cancellation waits while another process has the lease');
update private.cancellations set requested_at = now() - interval '3 days' where subscription_id = 'sub_team';
select is(pg_temp.begun('sub_team') || ', ' || pg_temp.lease(false), 'carry_out period_end 5, later 60', 'A job that comes days after the request waits for usage as well');
update private.cancellations set began_at = now() - interval '15 minutes' where subscription_id = 'sub_team';
select is(pg_temp.lease(false), 'leased 0', '15 minutes after a job began it a cancellation waits no longer');

-- The answer of the call that cancels may be lost, and its last invoice be final.
update private.cancellations set canceling_at = null where subscription_id = 'sub_team';
update private.billing_customers set leased_until = null;
delete from private.billing_periods where subscription_id = 'sub_team';
insert into private.billing_periods (subscription_id, starts_at, ends_at, user_id, stripe_customer_id, currency)
values ('sub_team', now() - interval '1 day', now() + interval '1 day', pg_temp.tenant(), 'cus_sub_team', 'usd');
create function pg_temp.takes_usage() returns boolean language sql as $$
  select (private.open_period_of('sub_team', private.present())).subscription_id is not null;
$$;
select is(pg_temp.takes_usage(), true, 'Before a cancellation begins, usage is sent into the period');
select pg_temp.lease(true);
select is(pg_temp.takes_usage(), false, 'From when a job is about to cancel, nothing is sent into the period, although no answer came');
select public.settle_cancellation('sub_team', 5);
select is(pg_temp.takes_usage(), true, 'A request that was carried out and did not end the subscription keeps nothing back');
update private.cancellations set carried_out_at = null where subscription_id = 'sub_team';
select is(pg_temp.takes_usage(), true, 'Nor does a later request before its own call, so that all usage is sent first');

select pg_temp.sign_in(pg_temp.attacker());
select throws_ok($$ select pg_temp.ask('sub_team', pg_temp.tenant(), 'now') $$, '42501', null, 'A tenant cannot call the decision');

select * from finish();
rollback;
