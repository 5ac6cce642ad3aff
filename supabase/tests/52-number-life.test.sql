-- Changes of a number: primary, renamed, released, moved. A repeated or late call has an outcome of its own.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(75);

select pg_temp.join_as('tenant', 'neighbour', 'attacker', 'visitor');
set local role service_role;

select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two'),
  pg_temp.store(pg_temp.attacker(), 'AC3', 'active', 'v1.k1.iv.three');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status) values ('sub_pgtap', pg_temp.tenant(), 'cus_pgtap', 'team', 'active');
update public.plans set max_numbers = 5;

select pg_temp.own(pg_temp.tenant(), 1, 'active', true), pg_temp.own(pg_temp.tenant(), 2), pg_temp.own(pg_temp.tenant(), 3),
  pg_temp.own(pg_temp.tenant(), 4, 'purchasing'), pg_temp.own(pg_temp.tenant(), 5, 'released'), pg_temp.own(pg_temp.neighbour(), 6, 'active', true);
create view pg_temp.numbers as
  select right(phone_number, 1)::integer as n, status::text, is_primary from public.user_twilio_numbers where user_id = pg_temp.tenant() order by phone_number;
create view pg_temp.trail as select actor, action, subaccount_sid, request_id, details from public.audit_log where user_id = pg_temp.tenant() order by id desc;
create function pg_temp.status(p_digit integer) returns text language sql as $$ select status from public.user_twilio_numbers where id = pg_temp.row_id(p_digit); $$;
create function pg_temp.primary_number() returns integer language sql as $$ select n from pg_temp.numbers where is_primary; $$;

-- The primary number -------------------------------------------------------------------------------------------------

create function pg_temp.make_primary(p_user uuid, p_digit integer) returns text language sql as $$
  select outcome::text from public.set_primary_number(p_user, pg_temp.row_id(p_digit), 'req-1');
$$;
select results_eq($$ select outcome::text, number ->> 'phone_number', (number ->> 'is_primary')::boolean from public.set_primary_number(pg_temp.tenant(), pg_temp.row_id(2), 'req-1') $$,
  $$ values ('set', '+15005550102', true) $$, 'set_primary_number returns set with the changed number');
select is(pg_temp.primary_number(), 2, 'The former primary number is not primary');
select results_eq('select * from pg_temp.trail limit 1', $$ values ('user:' || pg_temp.tenant(), 'number.made_primary', 'AC1', 'req-1',
  '{"phoneNumber": "+15005550102", "phoneSid": "PN2"}'::jsonb) $$, 'The audit log names the tenant and the number');
select is(pg_temp.make_primary(pg_temp.tenant(), 2), 'already', 'set_primary_number returns already for the primary number');
select is((select count(*) from pg_temp.trail), 1::bigint, 'already writes no audit line');
select is(pg_temp.make_primary(pg_temp.tenant(), 4), 'purchasing', 'set_primary_number returns purchasing for a number that is being bought');
select is(pg_temp.make_primary(pg_temp.tenant(), 5), 'released', 'set_primary_number returns released for a released number');
select results_eq($$ select outcome::text, number from public.set_primary_number(pg_temp.attacker(), pg_temp.row_id(3), null) $$, $$ values ('not_found', null::jsonb) $$,
  'set_primary_number returns not_found, without the number, for another tenant''s number');
select is(pg_temp.primary_number(), 2, 'A refused change keeps the primary number');

-- Renaming -----------------------------------------------------------------------------------------------------------

create function pg_temp.changeable(p_user uuid, p_digit integer) returns text language sql as $$
  select outcome::text from public.number_to_change(p_user, pg_temp.row_id(p_digit));
$$;
select results_eq($$ select outcome::text, number ->> 'phone_sid', subaccount_sid, sealed_token from public.number_to_change(pg_temp.tenant(), pg_temp.row_id(1)) $$,
  $$ values ('changeable', 'PN1', 'AC1', 'v1.k1.iv.one') $$, 'number_to_change returns changeable with the number, the SID and the token of its account');
select is(pg_temp.changeable(pg_temp.tenant(), digit), outcome, format('number_to_change returns %s for a number that is %s', outcome, outcome))
from (values (4, 'purchasing'), (5, 'released'), (9, 'not_found')) cases (digit, outcome);
select results_eq($$ select outcome::text, number from public.number_to_change(pg_temp.attacker(), pg_temp.row_id(1)) $$, $$ values ('not_found', null::jsonb) $$,
  'number_to_change returns not_found, without the number, for another tenant''s number');
select is((select outcome::text from public.number_to_change(pg_temp.visitor(), pg_temp.row_id(1))), 'none',
  'number_to_change returns none for a user without a subaccount');
select results_eq($$ select outcome::text, number ->> 'friendly_name' from public.record_number_name(pg_temp.row_id(1), 'Front desk', 'req-2') $$,
  $$ values ('recorded', 'Front desk') $$, 'record_number_name returns recorded with the new name');
select results_eq('select action, request_id, details from pg_temp.trail limit 1', $$ values ('number.renamed', 'req-2',
  '{"phoneNumber": "+15005550101", "phoneSid": "PN1", "from": "Line 1", "to": "Front desk"}'::jsonb) $$, 'The audit line has the old and the new name');
select is((select outcome::text from public.record_number_name(pg_temp.row_id(1), 'Front desk', null)), 'recorded', 'record_number_name returns recorded for an unchanged name');
select is((select count(*) from pg_temp.trail where action = 'number.renamed'), 1::bigint, 'An unchanged name writes no audit line');
select results_eq($$ select outcome::text, number from public.record_number_name(pg_temp.row_id(5), 'x', null) $$, $$ values ('gone', null::jsonb) $$, 'record_number_name returns gone for a released number');

-- Releasing ----------------------------------------------------------------------------------------------------------

create function pg_temp.release(p_user uuid, p_digit integer, p_typed text default null) returns text language sql as $$
  select outcome::text from public.begin_number_release(p_user, pg_temp.row_id(p_digit), coalesce(p_typed, '+1500555010' || p_digit));
$$;
select is(pg_temp.release(pg_temp.tenant(), 2, typed), 'unconfirmed', format('begin_number_release returns unconfirmed for the confirmation "%s"', typed))
from unnest(array['', '+15005550101', '15005550102']) typed;
select is(pg_temp.release(pg_temp.attacker(), 2), 'not_found', 'begin_number_release returns not_found for another tenant''s number, even with the right confirmation');
select is(pg_temp.release(pg_temp.tenant(), 4), 'purchasing', 'begin_number_release returns purchasing for a number that is being bought');
select is(pg_temp.status(2), 'active', 'A refused release leaves the number active');
select results_eq($$ select outcome::text, number ->> 'phone_sid', number ->> 'status', subaccount_sid, sealed_token
    from public.begin_number_release(pg_temp.tenant(), pg_temp.row_id(2), '+15005550102') $$,
  $$ values ('begun', 'PN2', 'releasing', 'AC1', 'v1.k1.iv.one') $$, 'begin_number_release returns begun with the number in the status releasing, and its account''s SID and token');
select is(pg_temp.release(pg_temp.tenant(), 2), 'releasing', 'begin_number_release, repeated, returns releasing');
select is(pg_temp.make_primary(pg_temp.tenant(), 2), 'releasing', 'set_primary_number returns releasing for a number that is being released');
select is(pg_temp.changeable(pg_temp.tenant(), 2), 'releasing', 'number_to_change returns releasing for a number that is being released');
select is((select outcome::text from public.reserve_number(pg_temp.neighbour(), '+15005550102', null, 1.15)), 'taken', 'reserve_number returns taken for another tenant''s number that is being released');
select is((select outcome::text from public.reserve_number(pg_temp.tenant(), '+15005550102', null, 1.15)), 'releasing', 'reserve_number returns releasing for the tenant''s own number that is being released');
update public.plans set max_numbers = 4 where key = 'team';
select is((select outcome::text from public.reserve_number(pg_temp.tenant(), '+15005550110', null, 1.15)), 'limit_reached', 'A number that is being released counts toward the quota');
update public.plans set max_numbers = 5 where key = 'team';
select is_empty('select * from public.stale_number_releases(60, 10)', 'stale_number_releases leaves out a recent release');
select results_eq('select id, user_id, phone_number::text, phone_sid::text from public.stale_number_releases(-1, 10)', $$ values (pg_temp.row_id(2), pg_temp.tenant(), '+15005550102', 'PN2') $$,
  'stale_number_releases returns a release older than the given seconds');
update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.tenant();
select is_empty('select * from public.stale_number_releases(-1, 10)', 'stale_number_releases leaves out a release of a suspended account');
select is(pg_temp.release(pg_temp.tenant(), 3), 'suspended', 'begin_number_release returns suspended for a suspended account');
update public.user_preferences set twilio_subaccount_status = 'active' where user_id = pg_temp.tenant();
select is(public.cancel_number_release(pg_temp.row_id(2))::text, 'canceled', 'cancel_number_release returns canceled for a number that is being released');
select results_eq('select status, is_primary from pg_temp.numbers where n = 2', $$ values ('active', true) $$, 'A canceled release leaves the number active and primary');
select is(public.cancel_number_release(pg_temp.row_id(2))::text, 'gone', 'cancel_number_release, repeated, returns gone');

select pg_temp.release(pg_temp.tenant(), 2);
select results_eq($$ select outcome::text, number ->> 'status', number ->> 'is_primary', primary_number ->> 'phone_number' from public.record_number_release(pg_temp.row_id(2), 'req-3') $$,
  $$ values ('recorded', 'released', 'false', '+15005550101') $$, 'record_number_release returns the released number and the oldest active number as primary');
select results_eq($$ select actor, action, request_id, details ->> 'phoneSid' from pg_temp.trail limit 2 $$, $$ values
  ('user:' || pg_temp.tenant(), 'number.made_primary', 'req-3', 'PN1'), ('user:' || pg_temp.tenant(), 'number.released', 'req-3', 'PN2') $$, 'The audit log has the release and the new primary number');
select results_eq($$ select outcome::text, number ->> 'status', primary_number ->> 'phone_number' from public.record_number_release(pg_temp.row_id(2), 'req-3') $$,
  $$ values ('already', 'released', '+15005550101') $$, 'record_number_release, repeated, returns already with the same numbers');
select results_eq($$ select outcome::text, number ->> 'status', primary_number ->> 'phone_number' from public.begin_number_release(pg_temp.tenant(), pg_temp.row_id(2), '+15005550102') $$,
  $$ values ('released', 'released', '+15005550101') $$, 'begin_number_release returns released with the number after its release');
select is((select count(*) from pg_temp.trail where action = 'number.released'), 1::bigint, 'A release is audited once');
select results_eq($$ select outcome::text, number ->> 'status' from public.record_number_release(pg_temp.row_id(3), null) $$, $$ values ('recorded', 'released') $$,
  'record_number_release releases a number whose release was canceled by a concurrent request');
select pg_temp.release(pg_temp.tenant(), 1);
select results_eq($$ select outcome::text, primary_number from public.record_number_release(pg_temp.row_id(1), null) $$, $$ values ('recorded', null::jsonb) $$,
  'No number is primary after the last one was released');
select is_empty($$ select * from public.record_number_release(pg_temp.row_id(9), null) $$, 'record_number_release returns no row for an unknown id');
select is((select is_primary from public.user_twilio_numbers where id = pg_temp.row_id(6)), true, 'Another tenant''s number is unchanged');

-- Moving -------------------------------------------------------------------------------------------------------------

create function pg_temp.movable(p_user uuid, p_digit integer) returns text language sql as $$
  select outcome::text from public.number_to_move(p_user, '+1500555010' || p_digit);
$$;
select is(pg_temp.movable(p_user, digit), outcome, title) from (values
  (pg_temp.tenant(), 7, 'movable', 'number_to_move returns movable for a number without a row'),
  (pg_temp.neighbour(), 6, 'movable', 'number_to_move returns movable for the tenant''s own number'),
  (pg_temp.tenant(), 6, 'held', 'number_to_move returns held for another tenant''s number'),
  (pg_temp.tenant(), 4, 'purchasing', 'number_to_move returns purchasing for a number that is being bought'),
  (gen_random_uuid(), 7, 'unknown_user', 'number_to_move returns unknown_user for an unknown user')) cases (p_user, digit, outcome, title);
create function pg_temp.move(p_user uuid, p_to text, p_digit integer, p_sms boolean default true) returns text language sql as $$
  select outcome::text from public.record_number_move(p_user, 'AC1', p_to::public.move_target, jsonb_build_object('phoneNumber', '+1500555010' || p_digit, 'phoneSid', 'PN' || p_digit,
    'friendlyName', 'Moved', 'capabilities', jsonb_build_object('sms', p_sms)), pg_temp.operator(), 'their request', 'req-4');
$$;
delete from private.master_numbers;
insert into private.master_numbers (phone_sid, phone_number) values ('PN7', '+15005550107');
select results_eq($$ select outcome::text, number ->> 'phone_number', number ->> 'is_primary' from public.record_number_move(pg_temp.tenant(), 'AC1', 'tenant',
    '{"phoneNumber": "+15005550107", "phoneSid": "PN7", "friendlyName": "Moved", "capabilities": {"sms": true}}', pg_temp.operator(), 'their request', 'req-4') $$,
  $$ values ('recorded', '+15005550107', 'true') $$, 'record_number_move to a tenant returns their new number, primary when it is the first');
select is_empty('select 1 from private.master_numbers', 'A moved number is not shared any more');
select results_eq($$ select actor, action, details from pg_temp.trail where action = 'number.moved' limit 1 $$, $$ values ('operator:' || pg_temp.operator(), 'number.moved',
  '{"phoneNumber": "+15005550107", "phoneSid": "PN7", "to": "tenant", "reason": "their request"}'::jsonb) $$, 'The audit log names the operator, the direction and the reason');
select is(pg_temp.move(pg_temp.tenant(), 'tenant', 7), 'recorded', 'record_number_move, repeated, returns recorded');
select public.replace_master_numbers('[{"phoneSid": "PN7", "phoneNumber": "+15005550107", "friendlyName": "x", "capabilities": {"sms": true}}]');
select is_empty('select 1 from private.master_numbers', 'replace_master_numbers with an older list does not share a moved number again');
select is((select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted and (classid::bigint << 32) | objid::bigint = hashtextextended('master-numbers', 0)), 1::bigint, 'Two processes cannot store shared numbers at once');
select is(pg_temp.move(pg_temp.tenant(), 'tenant', 6), 'held', 'record_number_move returns held for another tenant''s number');
select is(pg_temp.move(pg_temp.tenant(), 'master', 7), 'recorded', 'record_number_move to the master account returns recorded');
select results_eq('select m.phone_sid, m.is_offered, n.status from private.master_numbers m join public.user_twilio_numbers u on u.phone_sid = m.phone_sid join pg_temp.numbers n on n.n = 7',
  $$ values ('PN7', false, 'released') $$, 'A number moved to the master account is stored there, not offered, and the tenant''s row is released');
select is(pg_temp.move(pg_temp.neighbour(), 'tenant', 7), 'recorded', 'record_number_move from the master account to another tenant returns recorded');
select results_eq($$ select user_id, phone_sid::text, status::text from public.user_twilio_numbers where phone_number = '+15005550107' order by status $$,
  $$ values (pg_temp.neighbour(), 'PN7', 'active'), (pg_temp.tenant(), null, 'released') $$, 'The new owner''s row takes the SID from the released row');

-- A move is audited when it changed a row of ours, once.
create function pg_temp.moves() returns bigint language sql as $$ select count(*) from public.audit_log where action = 'number.moved'; $$;
create temp table moves_before as select pg_temp.moves() as count;
select is(pg_temp.move(pg_temp.neighbour(), 'tenant', 7), 'recorded', 'record_number_move to a tenant, repeated, returns recorded');
select is(pg_temp.move(pg_temp.tenant(), 'master', 8), 'recorded', 'record_number_move to the master account returns recorded for a number without a row');
select is(pg_temp.move(pg_temp.tenant(), 'master', 8), 'recorded', 'record_number_move to the master account, repeated, returns recorded');
select is(pg_temp.moves() - count, 1::bigint, 'number.moved is audited once, when the number became shared, and not for repeated moves') from moves_before;
select is(pg_temp.move(pg_temp.tenant(), 'master', 9, false), 'recorded', 'record_number_move to the master account returns recorded for a number that is neither ours nor SMS-capable');
select is(pg_temp.moves() - count, 1::bigint, 'number.moved is not audited when no row of ours changed') from moves_before;
insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (pg_temp.tenant(), '+15005550108', '+15005550199', 'STOP'), (pg_temp.neighbour(), '+15005550108', '+15005550198', 'STOP');
select pg_temp.move(pg_temp.tenant(), 'master', 8);
select results_eq($$ select recipient, keyword from public.sms_opt_outs where user_id is null and sender = '+15005550108' $$, $$ values ('+15005550199', 'STOP') $$,
  'record_number_move to the master account makes the tenant''s opt-outs of the number bind every tenant');
select pg_temp.own(pg_temp.tenant(), 9);
select results_eq($$ select outcome::text, number from public.record_number_move(pg_temp.tenant(), 'AC1', 'master',
    '{"phoneNumber": "+15005550109", "phoneSid": "PN9", "friendlyName": "Moved", "capabilities": {"sms": false}}', pg_temp.operator(), 'their request', 'req-4') $$,
  $$ values ('recorded', null::jsonb) $$, 'record_number_move to the master account returns no number when it is not SMS-capable');
select is(pg_temp.moves() - count, 2::bigint, 'number.moved is audited when the tenant''s row was released') from moves_before;

create temp table again as select (public.begin_number_release(pg_temp.neighbour(), n.id, n.phone_number)).outcome, n.id from public.user_twilio_numbers n where n.phone_sid = 'PN7';
select public.record_number_release(id, null) from again;
select results_eq($$ select r.outcome::text, r.number ->> 'phone_sid' from public.reserve_number(pg_temp.neighbour(), '+15005550107', null, 1.15) b, public.record_number(b.number_id, 'PN7', 'x', '{}', null) r $$,
  $$ values ('recorded', 'PN7') $$, 'record_number returns recorded for a number that returns under its former SID');

select * from finish();
rollback;
