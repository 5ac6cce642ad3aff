-- Usage triggers at Twilio: the wanted value, when a tenant is due, the lease, and what a firing leads to.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(55);

select pg_temp.join_as('tenant', 'neighbour', 'attacker', 'operator');
delete from private.due_work;
update public.plans set spend_limit = 20, markup = 1 where key = 'free';
insert into public.plans (key, name, rank, max_numbers, daily_message_limit, monthly_message_limit, spend_limit, markup)
values ('big', 'Big', 90, 10, 1000, 1000, 300, 1.5);
create function pg_temp.due(p_user uuid) returns timestamptz stable
  return (select min(due_at) from private.due_work where user_id = p_user and kind in ('usage_trigger', 'changed_spend_limit'));
create function pg_temp.jobs(p_user uuid) returns bigint stable security definer
  return (select count(*) from pgmq.q_jobs_usage where message ->> 'userId' = p_user::text);
create function pg_temp.subscribe(p_plan text, p_days integer default 30) returns void language sql as $$
  insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, current_period_start, current_period_end)
  values ('sub_1', pg_temp.tenant(), 'cus_1', p_plan, 'active', now() - interval '1 day', now() + make_interval(days => p_days - 1))
  on conflict (id) do update set plan_key = p_plan, current_period_end = excluded.current_period_end;
$$;
create function pg_temp.spend(p_amount numeric) returns void language sql as $$
  delete from private.fees where user_id = pg_temp.tenant();
  insert into private.fees (user_id, key, kind, cost) values (pg_temp.tenant(), 'spent', 'other', p_amount);
$$;
create function pg_temp.fire(p_day text, p_value numeric, p_sid text default 'UT1', p_at timestamptz default now(), p_user uuid default pg_temp.tenant(), p_account text default 'ACtenant')
returns text language sql as $$
  select public.record_usage_callback(p_user, p_account, p_sid, p_account || '-FIRES-' || p_sid || '-' || p_day, p_at, p_value)::text;
$$;
grant usage on type private.due_kind to service_role;

-- The value ----------------------------------------------------------------------------------------------------------

select is(private.trigger_value_of(pg_temp.tenant()), 30.00, 'Without a subscription the value is 150 % of the free plan''s limit');
select pg_temp.subscribe('big');
select is(private.trigger_value_of(pg_temp.tenant()), 300.00, 'The limit is in the tenant''s price: the value is divided by the markup');
select pg_temp.subscribe('big', 365);
select is(private.trigger_value_of(pg_temp.tenant()), 300.00, 'A yearly limit may be spent in one month: its value is not divided');
select pg_temp.subscribe('big', 28);
select is(private.trigger_value_of(pg_temp.tenant()), 300.00, 'A billing period of 28 days counts as a month');
select pg_temp.subscribe('big', 7);
select is(private.trigger_value_of(pg_temp.tenant()), 1500.00, 'Five weekly limits fit into a month');
select pg_temp.subscribe('big');
update public.plans set spend_limit = 0 where key = 'big';
select is(private.trigger_value_of(pg_temp.tenant()), 0.01, 'The value of a limit of zero is positive, as Twilio requires');
update public.plans set spend_limit = 300 where key = 'big';
select results_eq($$ select m.starts_at, m.ends_at from private.gmt_month_of('2026-01-31 23:30:00-02') m $$, $$ values ('2026-02-01Z'::timestamptz, '2026-03-01Z'::timestamptz) $$,
  'A month is a calendar month in GMT');

-- Due ----------------------------------------------------------------------------------------------------------------

delete from private.due_work;
select pg_temp.store(pg_temp.tenant(), 'ACtenant', 'active', 'v1.k1.aaaa.bbbb');
select is(pg_temp.due(pg_temp.tenant()), now() + interval '1 minute', 'A tenant with a new account is due');
delete from private.due_work;
update public.user_preferences set twilio_subaccount_friendly_name = 'x' where user_id = pg_temp.tenant();
select is(pg_temp.due(pg_temp.tenant()), null, 'Another name makes no tenant due');
update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.tenant();
select isnt(pg_temp.due(pg_temp.tenant()), null, 'Another status of the account makes the tenant due');
update public.user_preferences set twilio_subaccount_status = 'active' where user_id = pg_temp.tenant();
delete from private.due_work;
update public.subscriptions set plan_key = 'free' where user_id = pg_temp.tenant();
select isnt(pg_temp.due(pg_temp.tenant()), null, 'Another plan makes the tenant due');
select pg_temp.subscribe('big');
delete from private.due_work;
insert into private.due_work (user_id, kind, due_at) values (pg_temp.tenant(), 'usage_trigger', now() + interval '20 hours');
insert into private.due_work (user_id, kind, due_at) values (pg_temp.neighbour(), 'usage_trigger', now() + interval '20 hours');
update public.plans set name = 'Bigger' where key = 'big';
select is(pg_temp.due(pg_temp.tenant()), now() + interval '20 hours', 'Another name of the plan leaves the date');
update public.plans set spend_limit = 310 where key = 'big';
select ok(pg_temp.due(pg_temp.tenant()) between now() and now() + interval '1 hour', 'Another limit of the plan makes its tenants due within an hour');
select is(pg_temp.due(pg_temp.neighbour()), now() + interval '20 hours', 'Another limit of the plan leaves the tenants of other plans');
update public.plans set markup = 2 where key = 'free';
select ok(pg_temp.due(pg_temp.neighbour()) <= now() + interval '1 hour', 'Another markup of the free plan makes tenants without a subscription due');
update public.plans set markup = 1 where key = 'free';
update public.plans set spend_limit = 300 where key = 'big';

-- A tenant's own limits
delete from private.due_work where user_id = pg_temp.tenant(); -- the plan's change has set a random date, which may be sooner
insert into private.tenant_limits (user_id, spend_limit, reason, set_by) values (pg_temp.tenant(), 60, 'asked', pg_temp.operator());
select is(pg_temp.due(pg_temp.tenant()), now() + interval '1 minute', 'A limit of their own makes a tenant due');
select is(private.trigger_value_of(pg_temp.tenant()), 60.00, 'A limit of their own counts for the value');
delete from private.due_work where kind = 'changed_spend_limit';
delete from private.tenant_limits;
select is(pg_temp.due(pg_temp.tenant()), now() + interval '1 minute', 'The end of a limit of their own makes a tenant due');

set local role service_role;
-- 1,000 others have been due for hours
insert into private.due_work (user_id, kind, due_at) select gen_random_uuid(), 'usage_trigger', now() - interval '9 hours' from generate_series(1, 1000);
update private.due_work set due_at = now() where kind = 'changed_spend_limit';
select is(public.ask_for_usage_triggers(100), 100, 'ask_for_usage_triggers claims as many tenants as it may');
select is(pg_temp.jobs(pg_temp.tenant()), 1::bigint, 'A tenant whose limit changed does not wait for the daily look at all others');
select is((select count(*) from private.due_work where kind = 'changed_spend_limit'), 0::bigint, 'A changed limit makes a tenant due once');
delete from private.due_work where due_at < now() or user_id not in (pg_temp.tenant(), pg_temp.neighbour());
select pg_temp.store(pg_temp.attacker(), 'ACattacker', 'closed', null);
update private.due_work set due_at = now();
select is(public.ask_for_usage_triggers(10), 3, 'ask_for_usage_triggers claims the due tenants');
select is(array[pg_temp.jobs(pg_temp.tenant()), pg_temp.jobs(pg_temp.neighbour()), pg_temp.jobs(pg_temp.attacker())], array[2, 0, 0]::bigint[],
  'ask_for_usage_triggers enqueues a job of the usage lane for a tenant with an open account only');
select is((select count(*) from private.due_work where kind = 'usage_trigger'), 1::bigint, 'A tenant without an open account is not due any more');
select ok(pg_temp.due(pg_temp.tenant()) between now() + interval '21 hours' and now() + interval '27 hours', 'A tenant with an open account is due again after a day');

-- The lease ----------------------------------------------------------------------------------------------------------

select results_eq($$ select outcome::text, account_sid, trigger_value from public.begin_usage_trigger(pg_temp.tenant(), 60) $$, $$ values ('leased', 'ACtenant', 300.00) $$,
  'begin_usage_trigger takes the lease and returns the account and the wanted value');
select is((select outcome::text from public.begin_usage_trigger(pg_temp.tenant(), 60)), 'busy', 'begin_usage_trigger returns busy while another holder has the lease');
select is((select outcome::text from public.begin_usage_trigger(pg_temp.attacker(), 60)), 'no_account', 'begin_usage_trigger returns no_account for a closed account');
select is(public.renew_usage_trigger_lease(pg_temp.tenant(), 0, 60)::text, 'fenced', 'An older holder cannot renew the lease');
select is(public.renew_usage_trigger_lease(pg_temp.tenant(), 1, 60)::text, 'written', 'The holder renews the lease');
select is(public.record_usage_trigger(pg_temp.tenant(), 0, 'ACtenant', 'UT0', 1, '[]')::text, 'fenced', 'An older holder records nothing');
select is(public.record_usage_trigger(pg_temp.tenant(), 1, 'ACtenant', 'UT1', 300, '[]')::text, 'written', 'The holder records the trigger');
select is(public.end_usage_trigger(pg_temp.tenant(), 0)::text, 'fenced', 'An older holder cannot give the lease back');
reset role;
delete from private.due_work where kind = 'changed_spend_limit';
update private.due_work set due_at = now() + interval '1 day' where user_id = pg_temp.tenant();
select public.end_usage_trigger(pg_temp.tenant(), 1);
select is(pg_temp.due(pg_temp.tenant()), now() + interval '1 day', 'end_usage_trigger leaves the date of a tenant whose limit is the same');
select is((select trigger_value from public.begin_usage_trigger(pg_temp.tenant(), 60)), 300.00, 'The lease is free after its end');
update public.plans set spend_limit = 400 where key = 'big';
select public.end_usage_trigger(pg_temp.tenant(), 2);
select is(pg_temp.due(pg_temp.tenant()), now(), 'end_usage_trigger makes a tenant due whose limit changed meanwhile');
update public.plans set spend_limit = 100 where key = 'big';
select is((select trigger_value from public.begin_usage_trigger(pg_temp.tenant(), 0)), 100.00, 'A lower limit is wanted at once while our own count is below it');
select pg_temp.spend(120);
select is((select trigger_value from public.begin_usage_trigger(pg_temp.tenant(), 0)), 300.00, 'A lower limit that our own count has passed waits: its trigger would fire at once');
select pg_temp.spend(1);
insert into private.tenancies (user_id, operator_hold) values (pg_temp.tenant(), 'suspended')
  on conflict (user_id) do update set operator_hold = 'suspended';
select is((select trigger_value from public.begin_usage_trigger(pg_temp.tenant(), 0)), 300.00, 'The trigger of an account that is to be suspended keeps its value');
update private.tenancies set operator_hold = null where user_id = pg_temp.tenant();

-- Firings ------------------------------------------------------------------------------------------------------------

set local role service_role;
select is(pg_temp.fire('1', 500, 'UT9'), 'unknown_trigger', 'A trigger that we do not know leads to nothing');
select is((select count(*) from private.usage_firings), 0::bigint, 'A firing of an unknown trigger is not recorded');
select is(pg_temp.fire('1', 500, 'UT1', now(), pg_temp.attacker(), 'ACattacker'), 'unknown_trigger', 'The trigger of another tenant is unknown');
select is(pg_temp.fire('1', 90), 'outdated', 'A firing below the value of a limit that was raised since is recorded without an alert');
select pg_temp.spend(60);
select is(pg_temp.fire('2', 119), 'alerted', 'A firing of which we count more than half alerts and holds no tenant');
select results_eq($$ select subject, user_id, times, details ->> 'accountSid', (details ->> 'ownSpend')::numeric from public.operator_alerts where kind = 'usage_trigger' $$,
  $$ values ('UT1', pg_temp.tenant(), 1, 'ACtenant', 60::numeric) $$, 'The alert names the trigger, the tenant and our own count');
select is(pg_temp.fire('2', 119), 'duplicate', 'A token counts once');
select is((select operator_hold from private.tenancies where user_id = pg_temp.tenant()), null, 'No hold so far');
select is(pg_temp.fire('2b', 119, 'UT1', now() + interval '40 days'), 'alerted', 'A firing that Twilio dates later than our clock is compared with the current month');
update public.subscriptions set status = 'canceled', ended_at = now() - interval '900 days' where id = 'sub_1';
update public.plans set spend_limit = 20 where key = 'free';
select is(pg_temp.fire('2c', 500), 'alerted', 'A firing of an account that is to be closed alerts only');
select is((select operator_hold from private.tenancies where user_id = pg_temp.tenant()), null, 'A hold would keep the account open');
update public.subscriptions set status = 'active', ended_at = null where id = 'sub_1';
select is(pg_temp.fire('3', 121), 'held', 'A firing of which we count less than half suspends the tenant');
select results_eq($$ select actor, action, (details ->> 'currentValue')::numeric, details ? 'reason' from public.audit_log where user_id = pg_temp.tenant() and action = 'tenant.suspended' $$,
  $$ values ('usage_trigger', 'tenant.suspended', 121::numeric, true) $$, 'The suspension is audited with its reason');
select is((select private.wanted_subaccount(pg_temp.tenant())::text), 'suspended', 'The subaccount is to be suspended');
select public.hold_tenant(pg_temp.tenant(), null, pg_temp.operator(), 'r1', 'looked at it');
select is(pg_temp.fire('4', 500), 'alerted', 'After an operator released the hold, the same month alerts only');
select is(pg_temp.fire('5', 500, 'UT1', now() - interval '1 month'), 'alerted', 'A firing of an earlier month alerts only: its value is not known any more');
select * from finish();
rollback;
