-- Received messages are stored once, and their keywords change opt-outs.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(18);

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
select pg_temp.receive('SM-pgtap-5', 'Start', 'start');
select is_empty('select 1 from pg_temp.opt_outs', 'START of the recipient lifts their opt-out');
select is(pg_temp.may_send(), 'reserved', 'reserve_message returns reserved after START');
insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (null, '+15005550101', '+15005550199', 'STOP');
select is(pg_temp.may_send(), 'opted_out', 'An opt-out from when the number was a master number still binds its tenant');
select pg_temp.receive('SM-pgtap-6', 'Start', 'start');
select is_empty('select 1 from pg_temp.opt_outs', 'START of the recipient lifts an opt-out without a tenant');
insert into public.messaging_settings (user_id, help_reply) values (pg_temp.tenant(), 'Call us');
delete from public.plans where key = 'free';
select is(pg_temp.receive('SM-pgtap-7', 'Help', 'help'), 'recorded', 'A keyword is stored although the plan that would price its reply was deleted');
select is((select count(*) from public.sms_messages where user_id = pg_temp.neighbour()), 0::bigint, 'Another tenant has received no message');

select * from finish();
rollback;
