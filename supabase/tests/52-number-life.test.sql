-- The life of a number: primary, renamed, released, moved. One outcome each, whoever asks, twice or late.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(74);

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

-- The primary one -------------------------------------------------------------------------------------------------------

create function pg_temp.make_primary(p_user uuid, p_digit integer) returns text language sql as $$
  select outcome::text from public.set_primary_number(p_user, pg_temp.row_id(p_digit), 'req-1');
$$;
select results_eq($$ select outcome::text, number ->> 'phone_number', (number ->> 'is_primary')::boolean from public.set_primary_number(pg_temp.tenant(), pg_temp.row_id(2), 'req-1') $$,
  $$ values ('set', '+15005550102', true) $$, 'A tenant makes another number primary, and is told how it is now');
select is(pg_temp.primary_number(), 2, 'It is the only one');
select results_eq('select * from pg_temp.trail limit 1', $$ values ('user:' || pg_temp.tenant(), 'number.made_primary', 'AC1', 'req-1',
  '{"phoneNumber": "+15005550102", "phoneSid": "PN2"}'::jsonb) $$, 'The audit log says who did it');
select is(pg_temp.make_primary(pg_temp.tenant(), 2), 'already', 'What is primary already stays so');
select is((select count(*) from pg_temp.trail), 1::bigint, 'That is no news to the audit log');
select is(pg_temp.make_primary(pg_temp.tenant(), 4), 'purchasing', 'A number that is being bought is not primary yet');
select is(pg_temp.make_primary(pg_temp.tenant(), 5), 'released', 'A released number is not primary any more');
select results_eq($$ select outcome::text, number from public.set_primary_number(pg_temp.attacker(), pg_temp.row_id(3), null) $$, $$ values ('not_found', null::jsonb) $$,
  'An attacker finds nobody else''s number, and is told nothing of it');
select is(pg_temp.primary_number(), 2, 'All that changed nothing');

-- Another name ----------------------------------------------------------------------------------------------------------

create function pg_temp.changeable(p_user uuid, p_digit integer) returns text language sql as $$
  select outcome::text from public.number_to_change(p_user, pg_temp.row_id(p_digit));
$$;
select results_eq($$ select outcome::text, number ->> 'phone_sid', subaccount_sid, sealed_token from public.number_to_change(pg_temp.tenant(), pg_temp.row_id(1)) $$,
  $$ values ('changeable', 'PN1', 'AC1', 'v1.k1.iv.one') $$, 'What a change at Twilio needs is told in one answer');
select is(pg_temp.changeable(pg_temp.tenant(), digit), outcome, format('A number that is %s is %s', outcome, outcome))
from (values (4, 'purchasing'), (5, 'released'), (9, 'not_found')) cases (digit, outcome);
select results_eq($$ select outcome::text, number from public.number_to_change(pg_temp.attacker(), pg_temp.row_id(1)) $$, $$ values ('not_found', null::jsonb) $$,
  'An attacker finds nobody else''s number to change');
select is((select outcome::text from public.number_to_change(pg_temp.visitor(), pg_temp.row_id(1))), 'none',
  'number_to_change returns none for a user without a subaccount');
select results_eq($$ select outcome::text, number ->> 'friendly_name' from public.record_number_name(pg_temp.row_id(1), 'Front desk', 'req-2') $$,
  $$ values ('recorded', 'Front desk') $$, 'A name that Twilio took is recorded');
select results_eq('select action, request_id, details from pg_temp.trail limit 1', $$ values ('number.renamed', 'req-2',
  '{"phoneNumber": "+15005550101", "phoneSid": "PN1", "from": "Line 1", "to": "Front desk"}'::jsonb) $$, 'The audit log says from what to what');
select is((select outcome::text from public.record_number_name(pg_temp.row_id(1), 'Front desk', null)), 'recorded', 'The same name again is no harm');
select is((select count(*) from pg_temp.trail where action = 'number.renamed'), 1::bigint, 'Nor is it news');
select results_eq($$ select outcome::text, number from public.record_number_name(pg_temp.row_id(5), 'x', null) $$, $$ values ('gone', null::jsonb) $$, 'A released number gets no name');

-- Released --------------------------------------------------------------------------------------------------------------

create function pg_temp.release(p_user uuid, p_digit integer, p_typed text default null) returns text language sql as $$
  select outcome::text from public.begin_number_release(p_user, pg_temp.row_id(p_digit), coalesce(p_typed, '+1500555010' || p_digit));
$$;
select is(pg_temp.release(pg_temp.tenant(), 2, typed), 'unconfirmed', format('Whoever types "%s" back has not confirmed', typed))
from unnest(array['', '+15005550101', '15005550102']) typed;
select is(pg_temp.release(pg_temp.attacker(), 2), 'not_found', 'An attacker who knows id and number releases nothing');
select is(pg_temp.release(pg_temp.tenant(), 4), 'purchasing', 'A number that is being bought is not released');
select is(pg_temp.status(2), 'active', 'All that marked nothing');
select results_eq($$ select outcome::text, number ->> 'phone_sid', number ->> 'status', subaccount_sid, sealed_token
    from public.begin_number_release(pg_temp.tenant(), pg_temp.row_id(2), '+15005550102') $$,
  $$ values ('begun', 'PN2', 'releasing', 'AC1', 'v1.k1.iv.one') $$, 'A release is marked before Twilio is called, and told what that needs');
select is(pg_temp.release(pg_temp.tenant(), 2), 'releasing', 'Who asks again is told that it was begun');
select is(pg_temp.make_primary(pg_temp.tenant(), 2), 'releasing', 'A number on its way out is not made primary');
select is(pg_temp.changeable(pg_temp.tenant(), 2), 'releasing', 'Nor renamed');
select is((select outcome::text from public.reserve_number(pg_temp.neighbour(), '+15005550102', null)), 'taken', 'A neighbour cannot have it meanwhile');
select is((select outcome::text from public.reserve_number(pg_temp.tenant(), '+15005550102', null)), 'releasing', 'Who had it cannot buy it meanwhile');
update public.plans set max_numbers = 4 where key = 'team';
select is((select outcome::text from public.reserve_number(pg_temp.tenant(), '+15005550110', null)), 'limit_reached', 'It counts to the quota until it is gone');
update public.plans set max_numbers = 5 where key = 'team';
select is_empty('select * from public.stale_number_releases(60, 10)', 'A release of this moment is left alone');
select results_eq('select id, user_id, phone_number::text, phone_sid::text from public.stale_number_releases(-1, 10)', $$ values (pg_temp.row_id(2), pg_temp.tenant(), '+15005550102', 'PN2') $$,
  'A release without an answer for long enough is looked at');
update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.tenant();
select is_empty('select * from public.stale_number_releases(-1, 10)', 'Not while its account is suspended');
select is(pg_temp.release(pg_temp.tenant(), 3), 'suspended', 'Nor does a suspended tenant release anything');
update public.user_preferences set twilio_subaccount_status = 'active' where user_id = pg_temp.tenant();
select is(public.cancel_number_release(pg_temp.row_id(2))::text, 'canceled', 'Where Twilio refuses, the mark is taken back');
select results_eq('select status, is_primary from pg_temp.numbers where n = 2', $$ values ('active', true) $$, 'The number is active, and primary as before');
select is(public.cancel_number_release(pg_temp.row_id(2))::text, 'gone', 'That is so once');

select pg_temp.release(pg_temp.tenant(), 2);
select results_eq($$ select outcome::text, number ->> 'status', number ->> 'is_primary', primary_number ->> 'phone_number' from public.record_number_release(pg_temp.row_id(2), 'req-3') $$,
  $$ values ('recorded', 'released', 'false', '+15005550101') $$, 'With the primary number gone, the oldest other one is');
select results_eq($$ select actor, action, request_id, details ->> 'phoneSid' from pg_temp.trail limit 2 $$, $$ values
  ('user:' || pg_temp.tenant(), 'number.made_primary', 'req-3', 'PN1'), ('user:' || pg_temp.tenant(), 'number.released', 'req-3', 'PN2') $$, 'The audit log says both');
select results_eq($$ select outcome::text, number ->> 'status', primary_number ->> 'phone_number' from public.record_number_release(pg_temp.row_id(2), 'req-3') $$,
  $$ values ('already', 'released', '+15005550101') $$, 'Recorded twice it is the same, and the second is told the same');
select results_eq($$ select outcome::text, number ->> 'status', primary_number ->> 'phone_number' from public.begin_number_release(pg_temp.tenant(), pg_temp.row_id(2), '+15005550102') $$,
  $$ values ('released', 'released', '+15005550101') $$, 'Who asks again later is told what became of it');
select is((select count(*) from pg_temp.trail where action = 'number.released'), 1::bigint, 'It is audited once');
select results_eq($$ select outcome::text, number ->> 'status' from public.record_number_release(pg_temp.row_id(3), null) $$, $$ values ('recorded', 'released') $$,
  'Gone is gone: also where another who released it took the mark back');
select pg_temp.release(pg_temp.tenant(), 1);
select results_eq($$ select outcome::text, primary_number from public.record_number_release(pg_temp.row_id(1), null) $$, $$ values ('recorded', null::jsonb) $$,
  'After the last number none is primary');
select is_empty($$ select * from public.record_number_release(pg_temp.row_id(9), null) $$, 'Of a number that nobody knows no row is told');
select is((select is_primary from public.user_twilio_numbers where id = pg_temp.row_id(6)), true, 'Of all that a neighbour noticed nothing');

-- Moved -----------------------------------------------------------------------------------------------------------------

create function pg_temp.movable(p_user uuid, p_digit integer) returns text language sql as $$
  select outcome::text from public.number_to_move(p_user, '+1500555010' || p_digit);
$$;
select is(pg_temp.movable(p_user, digit), outcome, title) from (values
  (pg_temp.tenant(), 7, 'movable', 'A number that nobody''s row has may be moved'),
  (pg_temp.neighbour(), 6, 'movable', 'So may the tenant''s own'),
  (pg_temp.tenant(), 6, 'held', 'Another tenant''s may not'),
  (pg_temp.tenant(), 4, 'purchasing', 'One that is being bought may not'),
  (gen_random_uuid(), 7, 'unknown_user', 'To nobody nothing is moved')) cases (p_user, digit, outcome, title);
create function pg_temp.move(p_user uuid, p_to text, p_digit integer, p_sms boolean default true) returns text language sql as $$
  select outcome::text from public.record_number_move(p_user, 'AC1', p_to::public.move_target, jsonb_build_object('phoneNumber', '+1500555010' || p_digit, 'phoneSid', 'PN' || p_digit,
    'friendlyName', 'Moved', 'capabilities', jsonb_build_object('sms', p_sms)), pg_temp.operator(), 'their wish', 'req-4');
$$;
delete from private.master_numbers;
insert into private.master_numbers (phone_sid, phone_number) values ('PN7', '+15005550107');
select results_eq($$ select outcome::text, number ->> 'phone_number', number ->> 'is_primary' from public.record_number_move(pg_temp.tenant(), 'AC1', 'tenant',
    '{"phoneNumber": "+15005550107", "phoneSid": "PN7", "friendlyName": "Moved", "capabilities": {"sms": true}}', pg_temp.operator(), 'their wish', 'req-4') $$,
  $$ values ('recorded', '+15005550107', 'true') $$, 'A number moved to a tenant is theirs, and the first one primary');
select is_empty('select 1 from private.master_numbers', 'It is not shared any more');
select results_eq($$ select actor, action, details from pg_temp.trail where action = 'number.moved' limit 1 $$, $$ values ('operator:' || pg_temp.operator(), 'number.moved',
  '{"phoneNumber": "+15005550107", "phoneSid": "PN7", "to": "tenant", "reason": "their wish"}'::jsonb) $$, 'The audit log says which operator moved it, and why');
select is(pg_temp.move(pg_temp.tenant(), 'tenant', 7), 'recorded', 'Recorded again it is the same');
select public.replace_master_numbers('[{"phoneSid": "PN7", "phoneNumber": "+15005550107", "friendlyName": "x", "capabilities": {"sms": true}}]');
select is_empty('select 1 from private.master_numbers', 'A list of the master''s numbers that was read before does not share it again');
select is(pg_temp.move(pg_temp.tenant(), 'tenant', 6), 'held', 'What a neighbour''s row has is not taken from them');
select is(pg_temp.move(pg_temp.tenant(), 'master', 7), 'recorded', 'A number moved to the master is the tenant''s no more');
select results_eq('select m.phone_sid, m.is_offered, n.status from private.master_numbers m join public.user_twilio_numbers u on u.phone_sid = m.phone_sid join pg_temp.numbers n on n.n = 7',
  $$ values ('PN7', true, 'released') $$, 'It is shared, and released here');
select is(pg_temp.move(pg_temp.neighbour(), 'tenant', 7), 'recorded', 'From there it may go to a neighbour');
select results_eq($$ select user_id, phone_sid::text, status::text from public.user_twilio_numbers where phone_number = '+15005550107' order by status $$,
  $$ values (pg_temp.neighbour(), 'PN7', 'active'), (pg_temp.tenant(), null, 'released') $$, 'A SID has one row: whose number it is');

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
    '{"phoneNumber": "+15005550109", "phoneSid": "PN9", "friendlyName": "Moved", "capabilities": {"sms": false}}', pg_temp.operator(), 'their wish', 'req-4') $$,
  $$ values ('recorded', null::jsonb) $$, 'record_number_move to the master account returns no number when it is not SMS-capable');
select is(pg_temp.moves() - count, 2::bigint, 'number.moved is audited when the tenant''s row was released') from moves_before;

create temp table again as select (public.begin_number_release(pg_temp.neighbour(), n.id, n.phone_number)).outcome, n.id from public.user_twilio_numbers n where n.phone_sid = 'PN7';
select public.record_number_release(id, null) from again;
select results_eq($$ select r.outcome::text, r.number ->> 'phone_sid' from public.reserve_number(pg_temp.neighbour(), '+15005550107', null) b, public.record_number(b.number_id, 'PN7', 'x', '{}', null) r $$,
  $$ values ('recorded', 'PN7') $$, 'A number that is bought under the SID it had before is recorded');

select * from finish();
rollback;
