-- Received messages are stored once, and their keywords change opt-outs.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(51);

select pg_temp.join_as('tenant', 'neighbour');
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1');

create function pg_temp.receive(p_sid text, p_body text, p_consent text, p_from text default '+15005550199') returns text language sql as $$
  select outcome from public.record_inbound_message(pg_temp.tenant(), p_sid, 'AC1', p_from, 'US', '+15005550101', p_body, array['https://example.test/a.png'], array['image/png'], 1, p_consent::public.consent, upper(p_body));
$$;
create function pg_temp.may_send() returns text language sql as $$
  select outcome from public.reserve_message(pg_temp.tenant(), gen_random_uuid()::text, 'hash', '+15005550199', 'US', '+15005550101', 'Hi', '{}', 1, 'GSM-7', false, 'AC-master');
$$;
create view pg_temp.opt_outs as select sender, recipient, user_id, keyword, opted_out_at from public.sms_opt_outs where sender = '+15005550101' order by recipient;

select is(pg_temp.receive('SM-pgtap-1', 'Hello', null), 'recorded', 'record_inbound_message returns recorded for a new SID');
select results_eq($$ select user_id, direction::text, from_number, to_number, body, media_urls, status::text, account_sid, source::text, num_segments, idempotency_key
    from public.sms_messages where twilio_message_sid = 'SM-pgtap-1' $$,
  $$ values (pg_temp.tenant(), 'inbound', '+15005550199', '+15005550101', 'Hello', array['https://example.test/a.png'], 'received', 'AC1', 'subaccount', 1, null::text) $$,
  'The received message is stored with every value');
select is((select plan_key from public.sms_messages where twilio_message_sid = 'SM-pgtap-1'), 'free', 'It names the version of the plan in force');
select is_empty('select 1 from pg_temp.opt_outs', 'A message without a keyword changes no opt-out');
select is(pg_temp.receive('SM-pgtap-1', 'Hello again', 'stop'), 'duplicate', 'record_inbound_message returns duplicate for a known SID');
select results_eq($$ select body from public.sms_messages where twilio_message_sid = 'SM-pgtap-1' $$, array['Hello'], 'A duplicate does not change the stored message');
select is_empty('select 1 from pg_temp.opt_outs', 'A duplicate changes no opt-out');

select is(pg_temp.receive('SM-pgtap-2', 'Stop', 'stop'), 'recorded', 'record_inbound_message returns recorded for STOP');
select results_eq('select * from pg_temp.opt_outs', $$ values ('+15005550101', '+15005550199', pg_temp.tenant(), 'STOP', now()) $$,
  'STOP stores an opt-out of the tenant''s number by the sender');
select is(pg_temp.may_send(), 'opted_out', 'reserve_message returns opted_out after STOP');
update public.sms_opt_outs set opted_out_at = '2026-01-01Z' where sender = '+15005550101';
select pg_temp.receive('SM-pgtap-3', 'Quit', 'stop');
select results_eq('select keyword, opted_out_at from pg_temp.opt_outs', $$ values ('QUIT', now()) $$, 'A second STOP updates the opt-out');
select pg_temp.receive('SM-pgtap-4', 'Start', 'start', '+15005550188');
select is((select count(*) from pg_temp.opt_outs), 1::bigint, 'START of another sender does not lift an opt-out');
select pg_temp.receive('SM-pgtap-1', 'Start', 'start');
select is((select count(*) from pg_temp.opt_outs), 1::bigint, 'START in a duplicate does not lift an opt-out');
create function pg_temp.pending(p_sid text, p_consent text) returns text language sql as $$
  select concat_ws(' ', outcome, start_sid, stop_sids) from public.record_inbound_message(pg_temp.tenant(), p_sid, 'AC1', '+15005550199', 'US', '+15005550101', p_consent, '{}', '{}', 1, p_consent::public.consent, upper(p_consent));
$$;
create function pg_temp.lift(p_started_at timestamptz, p_older text[] default '{}', p_gone text[] default '{}', p_user uuid default pg_temp.tenant()) returns integer language sql as $$
  select lifted from public.lift_opt_outs(p_user, '+15005550101', '+15005550199', p_started_at, p_older, p_gone, null, null);
$$;
select is(pg_temp.pending('SM-pgtap-5', 'start'), 'recorded SM-pgtap-5 {SM-pgtap-3,SM-pgtap-2}', 'record_inbound_message returns the STOPs that a START has to be compared with, that of the opt-out first');
select is((select count(*) from pg_temp.opt_outs), 1::bigint, 'A START lifts nothing before it is compared');
reset role;
select results_eq($$ select message from private.jobs where message ->> 'kind' = 'settle-start' $$, format($$ values ('{"kind": "settle-start", "userId": "%s", "startSid": "SM-pgtap-5"}'::jsonb) $$, pg_temp.tenant()), 'A START with an opt-out to lift enqueues its comparison');
set local role service_role;
select is(pg_temp.pending('SM-pgtap-5', 'start'), 'duplicate SM-pgtap-5 {SM-pgtap-3,SM-pgtap-2}', 'A START delivered again has to be compared again');
select results_eq($$ select * from public.start_to_settle(pg_temp.tenant(), 'SM-pgtap-5') $$, $$ values ('+15005550101', '+15005550199', array['SM-pgtap-3', 'SM-pgtap-2']) $$, 'start_to_settle returns the pair and the STOPs');
select is_empty($$ select * from public.start_to_settle(pg_temp.neighbour(), 'SM-pgtap-5') union all select * from public.start_to_settle(null, 'SM-pgtap-5') $$, 'start_to_settle returns no START of another tenant');
select is(pg_temp.lift(null), 0, 'Without a time, lift_opt_outs lifts nothing');
select is(pg_temp.lift('infinity', '{SM-pgtap-2}'), 0, 'lift_opt_outs lifts no opt-out whose STOP was not compared, such as a newer one');
select is(pg_temp.lift('infinity', '{SM-pgtap-3}', p_user => pg_temp.neighbour()), 0, 'START to another tenant''s number lifts nothing');
select is(pg_temp.lift(now() - interval '1 second', '{}', '{SM-pgtap-3}'), 0, 'A STOP that Twilio no longer has stays when it was received after the START');
select is(pg_temp.lift(now(), '{SM-pgtap-3}'), 1, 'lift_opt_outs lifts the opt-out of an older STOP');
select is_empty('select 1 from pg_temp.opt_outs', 'START of the recipient lifts their opt-out');
select is(pg_temp.may_send(), 'reserved', 'reserve_message returns reserved after START');
select is_empty($$ select * from public.start_to_settle(pg_temp.tenant(), 'SM-pgtap-5') $$, 'start_to_settle returns nothing once nothing is left to lift');
select is(pg_temp.pending('SM-pgtap-5', 'start'), 'duplicate', 'A START without an opt-out has nothing to be compared with');
select is(pg_temp.pending('SM-pgtap-5b', 'stop'), 'recorded SM-pgtap-5 {SM-pgtap-5b,SM-pgtap-2,SM-pgtap-3}', 'A STOP that arrives after a START is an opt-out, and is compared with that START');
select is(pg_temp.may_send(), 'opted_out', 'Until then the recipient is opted out');
select is(pg_temp.lift(now(), '{}', '{SM-pgtap-5b}'), 1, 'A STOP that Twilio no longer has is lifted by a START after it was received');
select pg_temp.pending('SM-pgtap-5c', 'stop');
update public.sms_messages set created_at = now() - interval '25 hours' where twilio_message_sid = 'SM-pgtap-5';
select is(pg_temp.pending('SM-pgtap-5d', 'stop'), 'recorded', 'A STOP is not compared with a START of an earlier day');
select pg_temp.lift(now(), '{SM-pgtap-5d}');

-- Opt-outs without a STOP at Twilio
insert into public.sms_opt_outs (user_id, sender, recipient, source, opted_out_at) values (pg_temp.tenant(), null, '+15005550199', 'imported', '2026-05-05 10:00:00.9Z'), (pg_temp.neighbour(), null, '+15005550199', 'manual', '2026-05-05Z');
select is(pg_temp.may_send(), 'opted_out', 'An opt-out of all senders binds its tenant');
select is(private.has_opted_out(pg_temp.attacker(), '+15005550101', '+15005550199'), false, 'An opt-out of all senders of a tenant binds no other tenant');
select is(pg_temp.lift('2026-05-05 09:59:59Z'), 0, 'A START before the time of an imported opt-out does not lift it');
select is(pg_temp.lift('2026-05-05 10:00:00Z'), 1, 'A START in the second of an imported opt-out, or after it, lifts it');
select is((select count(*) from public.sms_opt_outs where user_id = pg_temp.neighbour()), 1::bigint, 'Another tenant''s opt-out of the recipient stays');
select throws_ok($$ insert into public.sms_opt_outs (user_id, sender, recipient) values (null, null, '+15005550199') $$, '23514', null, 'An opt-out binds a sender or a tenant');
select throws_ok($$ insert into public.sms_opt_outs (user_id, sender, recipient, source) values (null, '+1', '+15005550199', 'manual') $$, '23514', null, 'An opt-out that a tenant added binds that tenant alone');
insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (null, '+15005550101', '+15005550199', 'STOP');
select is(pg_temp.may_send(), 'opted_out', 'An opt-out from when the number was a master number still binds its tenant');
select is(pg_temp.pending('SM-pgtap-6', 'start'), 'recorded SM-pgtap-6 {SM-pgtap-2,SM-pgtap-3,SM-pgtap-5b,SM-pgtap-5c,SM-pgtap-5d}', 'For an opt-out without a STOP, the STOPs of the last two days are compared');
select is(pg_temp.lift(now()), 1, 'START of the recipient lifts an opt-out without a tenant');

-- A STOP is answered when it changed an opt-out, also after a START
create function pg_temp.answered(p_sid text, p_consent text, p_from text default '+15005550177') returns text language sql as $$
  select concat_ws(' ', outcome, start_sid is not null, answered_sid) from public.record_inbound_message(pg_temp.tenant(), p_sid, 'AC1', p_from, 'US', '+15005550101', p_consent, '{}', '{}', 1, p_consent::public.consent, upper(p_consent));
$$;
select is(pg_temp.answered('SM-pgtap-a1', 'start'), 'recorded f', 'A START without an opt-out is not answered');
select is(pg_temp.answered('SM-pgtap-a2', 'stop'), 'recorded t SM-pgtap-a2', 'The STOP after it may be answered once it is compared');
select is(pg_temp.answered('SM-pgtap-a3', 'stop'), 'recorded t', 'A second STOP is compared and not answered');
select is(pg_temp.answered('SM-pgtap-a4', 'start'), 'recorded t SM-pgtap-a4', 'A START with an opt-out may be answered once it is compared');
select is(pg_temp.answered('SM-pgtap-a4', 'start'), 'duplicate t SM-pgtap-a4', 'A START delivered again may be answered, too');
select is(cardinality((select stop_sids from public.start_to_settle(pg_temp.tenant(), 'SM-pgtap-a4'))), 2, 'The START is compared with the STOP that the opt-out does not name, too');

insert into public.messaging_settings (user_id, help_reply) values (pg_temp.tenant(), 'Call us');
select pg_temp.receive('SM-pgtap-b1', 'Help', 'help');
select is((select plan_key from public.sms_messages where idempotency_key = 'reply SM-pgtap-b1'), 'free', 'So does the reply to a keyword');
delete from public.plans where key = 'free';
select is(pg_temp.receive('SM-pgtap-7', 'Help', 'help'), 'recorded', 'A keyword is stored although the plan that would price its reply was deleted');
select is((select count(*) from public.sms_messages where user_id = pg_temp.neighbour()), 0::bigint, 'Another tenant has received no message');

select * from finish();
rollback;
