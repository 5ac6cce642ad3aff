-- Received messages are stored once, and what they say about consent is kept with them.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(17);

select pg_temp.join_as('tenant', 'neighbour');
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid) values (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1');

create function pg_temp.receive(p_sid text, p_body text, p_consent text, p_from text default '+15005550199') returns text language sql as $$
  select outcome from public.record_inbound_message(pg_temp.tenant(), p_sid, 'AC1', p_from, '+15005550101', p_body, array['https://example.test/a.png'], array['image/png'], 1, p_consent::public.consent, upper(p_body));
$$;
create function pg_temp.may_send() returns text language sql as $$
  select outcome from public.reserve_message(pg_temp.tenant(), gen_random_uuid()::text, 'hash', '+15005550199', 'US', '+15005550101', 'Hi', '{}', 1, 'GSM-7', false, 'AC-master');
$$;
create view pg_temp.opt_outs as select sender, recipient, user_id, keyword, opted_out_at from public.sms_opt_outs where sender = '+15005550101' order by recipient;

select is(pg_temp.receive('SM-pgtap-1', 'Hello', null), 'recorded', 'A received message is recorded');
select results_eq($$ select user_id, direction::text, from_number, to_number, body, media_urls, status::text, account_sid, source::text, num_segments, idempotency_key
    from public.sms_messages where twilio_message_sid = 'SM-pgtap-1' $$,
  $$ values (pg_temp.tenant(), 'inbound', '+15005550199', '+15005550101', 'Hello', array['https://example.test/a.png'], 'received', 'AC1', 'subaccount', 1, null::text) $$,
  'All of it is kept');
select is_empty('select 1 from pg_temp.opt_outs', 'An ordinary message says nothing about consent');
select is(pg_temp.receive('SM-pgtap-1', 'Hello again', 'stop'), 'duplicate', 'The same SID again is a duplicate');
select results_eq($$ select body from public.sms_messages where twilio_message_sid = 'SM-pgtap-1' $$, array['Hello'], 'What came first stays');
select is_empty('select 1 from pg_temp.opt_outs', 'A duplicate says nothing about consent either');

select is(pg_temp.receive('SM-pgtap-2', 'Stop', 'stop'), 'recorded', 'A stop is recorded as a message');
select results_eq('select * from pg_temp.opt_outs', $$ values ('+15005550101', '+15005550199', pg_temp.tenant(), 'STOP', now()) $$,
  'It is kept as the pair of our number and theirs');
select is(pg_temp.may_send(), 'opted_out', 'From then on nothing is sent to them from this number');
update public.sms_opt_outs set opted_out_at = '2026-01-01Z' where sender = '+15005550101';
select pg_temp.receive('SM-pgtap-3', 'Quit', 'stop');
select results_eq('select keyword, opted_out_at from pg_temp.opt_outs', $$ values ('QUIT', now()) $$, 'A second stop is no second row');
select pg_temp.receive('SM-pgtap-4', 'Start', 'start', '+15005550188');
select is((select count(*) from pg_temp.opt_outs), 1::bigint, 'Somebody else''s start does not undo it');
select pg_temp.receive('SM-pgtap-1', 'Start', 'start');
select is((select count(*) from pg_temp.opt_outs), 1::bigint, 'A start that was seen before does not undo it');
select pg_temp.receive('SM-pgtap-5', 'Start', 'start');
select is_empty('select 1 from pg_temp.opt_outs', 'Their own start undoes it');
select is(pg_temp.may_send(), 'reserved', 'From then on messages go to them again');
insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (null, '+15005550101', '+15005550199', 'STOP');
select is(pg_temp.may_send(), 'opted_out', 'An opt-out from when the number was a master number still binds its tenant');
select pg_temp.receive('SM-pgtap-6', 'Start', 'start');
select is_empty('select 1 from pg_temp.opt_outs', 'The recipient''s own START lifts it');
select is((select count(*) from public.sms_messages where user_id = pg_temp.neighbour()), 0::bigint, 'A neighbour has received nothing');

select * from finish();
rollback;
