-- When the numbers of a tenant leave, the notices before it, and who may have a parked number.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(63);

select pg_temp.join_as('tenant', 'neighbour', 'attacker', 'operator');
update public.plans set leaving_numbers = 'park', release_notice = '7 days', parking = '20 days', retention = '30 days', past_due_grace = '7 days', max_numbers = 9,
  max_number_price = 9, spend_limit = 900 where key = 'team';
insert into private.tenancies (user_id, applied_status, subaccount_sid, subaccount_status) values
  (pg_temp.tenant(), 'suspended', 'AC1', 'suspended'), (pg_temp.attacker(), 'active', 'AC3', 'active');
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'suspended', 'v1.k1.iv.one'), pg_temp.store(pg_temp.attacker(), 'AC3', 'active', 'v1.k1.iv.three');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, ended_at, origin) values
  ('sub_1', pg_temp.tenant(), 'cus_1', 'team', 'canceled', now(), 'metadata'), ('sub_3', pg_temp.attacker(), 'cus_3', 'team', 'active', null, 'metadata');
select pg_temp.own(pg_temp.tenant(), 1, p_primary => true), pg_temp.own(pg_temp.tenant(), 2), pg_temp.own(pg_temp.attacker(), 4, p_primary => true);

create function pg_temp.ended(p_ago interval) returns void language sql as $$ update public.subscriptions set status = 'canceled', ended_at = now() - p_ago where id = 'sub_1'; $$;
create function pg_temp.converge() returns text language sql as $$
  update private.tenancies set leased_until = null;
  select wanted::text from public.begin_convergence(pg_temp.tenant(), 90) $$;
create function pg_temp.fence() returns bigint stable language sql as $$ select fence from private.tenancies where user_id = pg_temp.tenant() $$;
create function pg_temp.listed(variadic p_digits integer[]) returns jsonb language sql as $$
  select coalesce(jsonb_agg(jsonb_build_object('phoneSid', 'PN' || d, 'phoneNumber', '+1500555010' || d, 'friendlyName', 'x', 'capabilities', '{"sms": true}'::jsonb)), '[]') from unnest(p_digits) d $$;
create function pg_temp.decide(p_by_hand boolean, variadic p_digits integer[]) returns text language sql as $$
  select outcome || coalesce(' ' || (select string_agg(n ->> 'action', ',') from jsonb_array_elements(numbers) n), '')
  from public.decide_leaving(pg_temp.tenant(), pg_temp.fence(), 'AC1', p_by_hand, pg_temp.listed(variadic p_digits)) $$;
create function pg_temp.note(p_digit integer, p_step public.leaving_step) returns text language sql as $$
  select public.note_leaving_step(pg_temp.tenant(), pg_temp.fence(), 'PN' || p_digit, p_step)::text $$;
create function pg_temp.record(p_digit integer, p_place public.number_place, p_reason text default null) returns text language sql as $$
  select public.record_leaving_step(pg_temp.tenant(), pg_temp.fence(), 'PN' || p_digit, p_place, 'AC1', p_reason, 'req')::text $$;
create function pg_temp.wait_until_due() returns void language sql as $$ update private.leaving_numbers set released_at = now() - interval '1 second' + (released_at - due_at), due_at = now() - interval '1 second' where due_at > now() $$;
create view pg_temp.notices as select details ->> 'phoneNumber' as number, details ->> 'action' as action, (details ->> 'at')::timestamptz as at, (details ->> 'releasedAt')::timestamptz as released_at
  from public.tenant_notices where user_id = pg_temp.tenant() and kind = 'number.release_scheduled';
create function pg_temp.state(p_digit integer) returns text language sql as $$ select concat_ws(' ', state, due_at - now(), reason) from private.leaving_numbers where phone_sid = 'PN' || p_digit $$;

-- When
select is(private.leaves_at(pg_temp.tenant()), now() + interval '30 days', 'The numbers of a canceled tenant leave when the retention ends');
select is(private.leaving_work_at(pg_temp.tenant()), now() + interval '23 days', 'The convergence that gives notice is due the notice period before that');
select is(private.leaves_at(pg_temp.attacker()), null, 'The numbers of a paying tenant do not leave');
update public.subscriptions set status = 'past_due', past_due_since = now() - interval '90 days' where id = 'sub_1';
select is(private.leaves_at(pg_temp.tenant()), null, 'The numbers of a past-due tenant do not leave, however long that lasts');
update public.subscriptions set status = 'paused' where id = 'sub_1';
select is(private.leaves_at(pg_temp.tenant()), null, 'The numbers of a paused tenant do not leave');
select pg_temp.ended('10 days');
select is(pg_temp.converge(), 'suspended', 'Within the retention the account is suspended');
select is_empty('select * from pg_temp.notices', 'Three weeks before, no notice is given');
select pg_temp.ended('23 days');
select pg_temp.converge();
select results_eq('select number, action, at - now(), released_at - at from pg_temp.notices order by 1', $$ values ('+15005550101', 'park', interval '7 days', interval '20 days'), ('+15005550102', 'park', '7 days', '20 days') $$,
  'A week before, notice is given of each number, with the date and what happens to it');
create function pg_temp.scheduled() returns setof text language sql as $$
  select concat_ws(' ', n ->> 'numberId', n ->> 'change', (n ->> 'at')::timestamptz - now()) from public.numbers_overview(pg_temp.tenant()) o, jsonb_array_elements(o.scheduled) n $$;
select results_eq('select * from pg_temp.scheduled()', $$ select pg_temp.row_id(d) || ' park 7 days' from (values (1), (2)) v (d) $$,
  'The overview of numbers says what happens to each, and when');
-- The outlook
create function pg_temp.outlook(p_user uuid) returns text language sql as $$
  select concat_ws(' ', is_held, suspends_at - now(), numbers_released_at - now()) from public.account_outlook(p_user) $$;
select is(pg_temp.outlook(pg_temp.tenant()), 'f 27 days', 'After the notice a canceled tenant reads the date at which the first number is released');
select private.keep_numbers(pg_temp.tenant());
select is_empty('select * from pg_temp.scheduled()', 'For a tenant who stays after all it says nothing, though the notices are kept');
select pg_temp.ended('10 days');
delete from private.leaving_numbers;
select is(pg_temp.outlook(pg_temp.tenant()), 'f 40 days', 'Before the notice they read the date that it will have');
update public.plans set leaving_numbers = 'release' where key = 'team';
select is(pg_temp.outlook(pg_temp.tenant()), 'f 20 days', 'Without parking that is the end of the retention');
update public.plans set leaving_numbers = 'park' where key = 'team';
select is(pg_temp.outlook(pg_temp.attacker()), 'f', 'A paying tenant has no such date');
update public.subscriptions set status = 'past_due', past_due_since = now() - interval '1 day' where id = 'sub_3';
select is(pg_temp.outlook(pg_temp.attacker()), 'f 6 days', 'A past-due tenant reads when the grace period ends');
update public.subscriptions set past_due_since = now() - interval '8 days' where id = 'sub_3';
select is(pg_temp.outlook(pg_temp.attacker()), 'f', 'After the grace period there is no such date');
update public.subscriptions set status = 'active', past_due_since = null where id = 'sub_3';
update private.tenancies set operator_hold = 'suspended' where user_id = pg_temp.attacker();
select is(pg_temp.outlook(pg_temp.attacker()), 't', 'An account that an operator suspended is held');
update private.tenancies set operator_hold = null where user_id = pg_temp.attacker();
select is(pg_temp.outlook(pg_temp.newcomer()), 'f', 'A user without an account has no dates');
update public.user_twilio_numbers set status = 'released', is_primary = false where user_id = pg_temp.tenant();
select is(pg_temp.outlook(pg_temp.tenant()), 'f', 'A canceled tenant without numbers has no date');
update public.user_twilio_numbers set status = 'active', is_primary = phone_sid = 'PN1' where user_id = pg_temp.tenant();
-- A late notice moves the date
delete from private.leaving_numbers;
delete from public.tenant_notices;
select pg_temp.ended('90 days');
select is(pg_temp.converge(), 'suspended', 'An account whose retention is over is not closed while no notice was given');
select is(pg_temp.state(1), 'noticed 7 days', 'A notice that is late moves the date on which a number leaves');
select is(pg_temp.decide(false, 1, 2), 'wait', 'Until then no number may leave');
select is(pg_temp.note(1, 'release'), 'stopped', 'And no step is allowed');
select pg_temp.wait_until_due();
select is(pg_temp.converge(), 'closed', 'After the date the account is to be closed');
select is(pg_temp.decide(false, 1, 2), 'leave park,park', 'Its numbers leave as the plan says');
-- A number without a row
select is(pg_temp.decide(false, 1, 2, 3), 'wait', 'A number at Twilio that has no row is given notice of first');
select is((select status from public.user_twilio_numbers where phone_sid = 'PN3'), 'active', 'It is taken in as the tenant''s');
select pg_temp.wait_until_due();
-- In the console
select is(pg_temp.decide(true, 1, 2, 3), 'listed', 'Nothing leaves an account that was suspended in Twilio''s console');
select is((select user_id || ' ' || subject || ' ' || (details ->> 'reason') from public.operator_alerts where kind = 'unpaid_account'), pg_temp.tenant() || ' AC1 suspended_at_twilio',
  'It is listed with its owner and the reason');
-- The steps
select is(pg_temp.note(1, 'park') || ' ' || pg_temp.record(1, 'master'), 'noted written', 'A number is parked');
select is(pg_temp.state(1), 'parked 20 days', 'It is parked for the time of the plan');
select is((select s from pg_temp.scheduled() s where s like '%parked%'), pg_temp.row_id(1) || ' parked_until 20 days', 'The overview says until when it is kept');
select is((select count(*) from pg_temp.notices where number = '+15005550101' and action = 'release' and at = now() + interval '20 days'), 1::bigint, 'Notice is given of its release');
select is(pg_temp.note(1, 'release'), 'stopped', 'A parked number is not released before its time');
select is((select outcome::text from public.reserve_number(pg_temp.attacker(), '+15005550101', null, 1)), 'taken', 'Another tenant cannot buy a parked number');
select is((select outcome::text from public.number_to_move(pg_temp.attacker(), '+15005550101')), 'held', 'An operator does not move a parked number to another tenant by mistake');
select is(public.replace_master_numbers(pg_temp.listed(1)), 0, 'A parked number is not one of the shared numbers');
select is(pg_temp.note(2, 'park') || ' ' || pg_temp.record(2, 'tenant', 'Address needed'), 'noted written', 'A refused step is recorded');
select is(pg_temp.state(2), 'kept 20 days Address needed', 'What cannot be parked is kept for that time, with the reason');
select is(pg_temp.note(3, 'release'), 'noted', 'A release is begun');
-- A payment
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, origin) values ('sub_2', pg_temp.tenant(), 'cus_1', 'team', 'active', 'metadata');
select is(pg_temp.note(3, 'release'), 'stopped', 'After a payment the next step is not allowed');
select pg_temp.converge();
select results_eq($$ select phone_sid, todo::text from public.parked_numbers_to_do(pg_temp.tenant(), now()) $$, $$ values ('PN1', 'return'), ('PN3', 'look') $$, 'What is parked returns, and what was begun is looked for');
select is(pg_temp.note(1, 'return') || ' ' || pg_temp.record(1, 'tenant'), 'noted written', 'A parked number returns');
select is((select status from public.user_twilio_numbers where phone_sid = 'PN1'), 'active', 'It is the tenant''s again');

-- No number is released before the date in its notice
create function pg_temp.begin_again() returns void language sql as $$
  delete from private.leaving_numbers; delete from public.tenant_notices; delete from public.subscriptions where id = 'sub_2';
  update private.tenancies set operator_hold = null where user_id = pg_temp.tenant();
  update public.user_twilio_numbers set status = 'active' where user_id = pg_temp.tenant() and phone_sid in ('PN1', 'PN2');
  update public.user_twilio_numbers set status = 'released' where user_id = pg_temp.tenant() and phone_sid not in ('PN1', 'PN2');
  select pg_temp.ended('90 days');
  select pg_temp.converge();
$$;
create function pg_temp.plan_says(p_action public.leaving_numbers, p_parking interval default '20 days') returns void language sql as $$
  update public.plans set leaving_numbers = p_action, parking = p_parking where key = 'team' $$;
select pg_temp.begin_again();
select pg_temp.wait_until_due();
select pg_temp.plan_says('release');
select is(pg_temp.converge() || ' ' || pg_temp.decide(false, 1, 2), 'suspended wait', 'Numbers that were to be parked are not released when the plan now says so');
select results_eq($$ select number, at - now(), released_at - now() from pg_temp.notices where action = 'release' order by 1 $$, $$ values ('+15005550101', interval '7 days', interval '7 days'), ('+15005550102', '7 days', '7 days') $$,
  'Notice is given anew, with a new date');
select pg_temp.wait_until_due();
select is(pg_temp.converge() || ' ' || pg_temp.decide(false, 1, 2), 'closed leave release,release', 'After that date they are released');
select pg_temp.plan_says('park');
select pg_temp.begin_again();
select pg_temp.plan_says('park', '2 days');
update private.leaving_numbers set due_at = now() - interval '1 second';
select is(pg_temp.decide(false, 1, 2) || ' ' || pg_temp.note(1, 'park') || ' ' || pg_temp.record(1, 'master') || ' ' || pg_temp.state(1), 'leave park,park noted written parked 27 days',
  'A parked number stays until the date in its notice, though the plan now parks for a shorter time');
select is(pg_temp.note(2, 'park') || ' ' || pg_temp.record(2, 'tenant', 'Address needed') || ' ' || pg_temp.state(2), 'noted written kept 27 days Address needed', 'So does a number that cannot be parked');
-- A duplicate account
create function pg_temp.duplicate(p_fence bigint, p_refused jsonb) returns text language plpgsql as $$
  declare outcome public.duplicate_outcome := public.decide_duplicate(pg_temp.tenant(), p_fence, 'AC9', p_refused); begin
  return outcome || ' ' || (select count(*) from public.operator_alerts where kind = 'unpaid_account' and subject = 'AC9' and settled_at is null); end; $$;
select is(pg_temp.duplicate(pg_temp.fence(), '[{"phoneNumber": "+15005550109", "reason": "Address needed"}]'), 'listed 1', 'A duplicate account with a number that cannot be moved stays open and is listed');
select is(pg_temp.duplicate(pg_temp.fence() - 1, '[]'), 'fenced 1', 'Without the lease it is not closed');
select is(pg_temp.duplicate(pg_temp.fence(), '[]'), 'close 0', 'Once its numbers have moved it is closed');
-- A closure by an operator
update private.tenancies set operator_hold = 'closed' where user_id = pg_temp.tenant();
select is(pg_temp.converge() || ' ' || pg_temp.decide(false, 2), 'closed leave release', 'A closure by an operator releases a kept number at once');
select results_eq($$ select phone_sid, todo::text from public.parked_numbers_to_do(pg_temp.tenant(), now()) $$, $$ values ('PN1', 'release') $$, 'And a parked one');
select is(public.decide_duplicate(pg_temp.tenant(), pg_temp.fence(), 'AC9', '[{"phoneNumber": "+15005550109", "reason": "Address needed"}]')::text, 'close', 'And a duplicate account with a number that cannot be moved is closed');
select results_eq($$ select number, released_at from pg_temp.notices where at = now() order by 1 $$, $$ values ('+15005550101', now()), ('+15005550102', now()) $$, 'The tenant is told of both');
select is(pg_temp.note(2, 'release') || ' ' || pg_temp.record(2, 'tenant', 'Not now') || ' ' || pg_temp.converge() || ' ' || pg_temp.decide(false, 2), 'noted written closed wait', 'What Twilio refuses to release is tried again a day later');
-- A payment while a number is parked, and another end
select pg_temp.begin_again();
update private.leaving_numbers set due_at = now() - interval '1 second';
select pg_temp.note(1, 'park'), pg_temp.record(1, 'master'), pg_temp.wait_until_due();
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, origin) values ('sub_2', pg_temp.tenant(), 'cus_1', 'team', 'active', 'metadata');
select pg_temp.converge();
select is((select due_at from private.leaving_numbers where phone_sid = 'PN1'), 'infinity', 'A number that is parked for a tenant who pays again has no date');
delete from public.subscriptions where id = 'sub_2';
select is(pg_temp.converge() || ' ' || pg_temp.state(1), 'suspended parked 7 days', 'A later end gives notice of it anew');
select is((select count(*) from pg_temp.notices where number = '+15005550101' and action = 'release' and at = now() + interval '7 days'), 1::bigint, 'With the date of its release');
-- The tenant's own release
select pg_temp.begin_again();
delete from public.tenant_notices;
update public.user_twilio_numbers set status = 'releasing' where phone_sid = 'PN2';
delete from private.leaving_numbers where phone_sid = 'PN2';
select pg_temp.ended('25 days'), pg_temp.converge(), pg_temp.converge();
select is((select array_agg(action || ' ' || (at - now()) || ' ' || (released_at - at)) from pg_temp.notices where number = '+15005550102'), '{release 5 days 00:00:00}', 'A number that the tenant releases is released with the others, and told of once');
-- A number at Twilio that is not theirs here
select pg_temp.begin_again();
insert into public.user_twilio_numbers (user_id, phone_number, status) values (pg_temp.neighbour(), '+15005550105', 'purchasing');
select pg_temp.wait_until_due();
select is(pg_temp.decide(false, 1, 5) || ' ' || pg_temp.state(5), 'wait noticed 7 days', 'A number that is not known to be the tenant''s is given notice of, too');
select throws_ok($$ set local role authenticated; select * from private.leaving_numbers $$, '42501', null, 'A tenant cannot read or change what leaves');

select * from finish();
rollback;
