-- A deleted user's texts, media and peer numbers are erased in batches; the cost of their messages stays.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(37);

select pg_temp.join_as('leaver', 'keeper', 'visitor');
select pg_temp.forget_jobs();
create view pg_temp.jobs as select message as job, vt from private.jobs where message ->> 'kind' = 'erase-user' order by msg_id;
set local role service_role;
select pg_temp.store(pg_temp.leaver(), 'AC1', 'active', 'v1.k1.iv.one'), pg_temp.store(pg_temp.keeper(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary) values
  (pg_temp.leaver(), '+15005550101', 'PN-pgtap-1', true), (pg_temp.keeper(), '+15005550102', 'PN-pgtap-2', true);

-- Seven messages with three peers for each of two tenants, of which one is deleted.
insert into public.sms_messages (user_id, direction, from_number, to_number, body, media_urls, media_types, status, twilio_message_sid, account_sid, source, error_message,
  num_segments, price, idempotency_key, request_hash, created_at)
select u, case when n % 2 = 0 then 'inbound' else 'outbound' end::public.message_direction,
  case when n % 2 = 0 then '+1500555019' || n % 3 else own end, case when n % 2 = 0 then own else '+1500555019' || n % 3 end,
  'Text ' || n, '{https://example.test/a.png}', '{image/png}', case when n % 2 = 0 then 'received' else 'delivered' end::public.message_status, 'SM-' || own || n, account, 'subaccount',
  'About +1500555019' || n % 3, n, -0.01 * n, 'key ' || n, 'hash', now() - n * interval '1 hour'
from (values (pg_temp.leaver(), '+15005550101', 'AC1'), (pg_temp.keeper(), '+15005550102', 'AC2')) tenants (u, own, account), generate_series(1, 7) n;
insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values
  (pg_temp.leaver(), '+15005550101', '+15005550191', 'STOP'), (pg_temp.keeper(), '+15005550102', '+15005550191', 'STOP'), (null, '+15005550001', '+15005550191', 'STOP');
select public.save_contacts(u, '[{"position": 0, "phone_number": "+15005550191", "name": "Ann"}, {"position": 1, "phone_number": "+15005550192"}, {"position": 2, "phone_number": "+15005550193"}]')
from unnest(array[pg_temp.leaver(), pg_temp.keeper()]) u;
select public.save_messaging_settings(u, 'Bye', null, null, null, null) from unnest(array[pg_temp.leaver(), pg_temp.keeper()]) u;
create temp table made as select u as user_id, c.campaign->>'id' as id from unnest(array[pg_temp.leaver(), pg_temp.keeper()]) u,
  lateral (select campaign from public.create_campaign(u, 'spring', 'hash', 'Spring', null, 'Dear {{name}}', '{}', null,
    '[{"position": 0, "to": "+15005550191", "country": "US", "variables": {"name": "Ann"}}, {"position": 1, "to": "+15005550192", "country": "US", "variables": {"name": "Bob"}}]', 'req', null, null, null)) c;
create temp table before as select id, user_id, direction, status, price, price_unit, num_segments, account_sid, source, twilio_message_sid, created_at from public.sms_messages;

select is(public.erase_messages_of_deleted_user(pg_temp.leaver(), 100), 'user_exists', 'erase_messages_of_deleted_user refuses a user who exists');
select is((select count(*) from public.sms_messages where user_id = pg_temp.leaver() and body is not null), 7::bigint, 'user_exists erases nothing');

reset role;
select private.raise_alert('campaign_paused', m.id, m.user_id) from made m;
select lives_ok('delete from auth.users where id = pg_temp.leaver()', 'A user with messages and campaigns can be deleted');
select is((select count(*) from public.sms_messages where user_id = pg_temp.leaver()), 7::bigint, 'The deletion removes no message');
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'erase-user', 'userId', pg_temp.leaver()) $$, 'The deletion enqueues the erasure');
select cmp_ok((select vt from pg_temp.jobs), '>', clock_timestamp() + interval '50 seconds', 'The erasure is delayed until requests in progress are over');
select lives_ok('delete from auth.users where id = pg_temp.visitor()', 'A user without messages and numbers can be deleted');
select is((select count(*) from pg_temp.jobs where job ->> 'userId' = pg_temp.visitor()::text), 1::bigint, 'It enqueues an erasure too, for a first message that another transaction has not committed yet');
set local role service_role;

-- In batches of two: no call touches more messages.
create temp table batches (n integer, outcome text, erased bigint);
do $$
declare
  said public.erasure_outcome;
begin
  for n in 1 .. 50 loop
    said := public.erase_messages_of_deleted_user(pg_temp.leaver(), 2);
    insert into batches select n, said, count(*) from public.sms_messages where user_id = pg_temp.leaver() and redacted_at is not null;
    exit when said = 'done';
  end loop;
end;
$$;
select is((select outcome from batches order by n desc limit 1), 'done', 'Repeated calls end with done');
select is_empty('select 1 from batches b join batches a on a.n = b.n + 1 where a.erased - b.erased > 2', 'No batch erases more messages than its limit');
select is_empty($$ select 1 from public.sms_messages where user_id = pg_temp.leaver()
    and (body is not null or media_urls <> '{}' or media_types <> '{}' or peer_number <> '' or own_number <> '' or error_message is not null or idempotency_key is not null or request_hash is not null) $$,
  'No text, media, number or key of the deleted user is left');
select is_empty($$ select m.id from public.sms_messages m where user_id = pg_temp.leaver() and (to_jsonb(m) - 'twilio_message_sid')::text ~ '\+1500555' $$, 'No column has the tenant''s own number or a peer''s');
select is_empty($$ select 1 from public.sms_messages where user_id = pg_temp.leaver() and position('50191' in to_jsonb(sms_messages)::text) > 0 $$, 'No column has a peer''s number');
select results_eq($$ select id, user_id, direction, status, price, price_unit, num_segments, account_sid, source, twilio_message_sid, created_at from public.sms_messages order by id $$,
  $$ select * from before order by id $$, 'Price, segments, time, account and SID of every message stay under the user''s id');
select public.record_message_status(m.id, m.user_id, m.account_sid, m.twilio_message_sid, 'read', 30003, 'To +15005550191')
from public.sms_messages m where m.user_id = pg_temp.leaver() and m.direction = 'outbound' limit 1;
select results_eq($$ select status::text, error_message from public.sms_messages where user_id = pg_temp.leaver() and status = 'read' $$, $$ values ('read', null::text) $$,
  'A report that comes after the erasure changes the status, and brings no number back');
update before b set status = m.status from public.sms_messages m where m.id = b.id;
select is((select sum(messages)::text || ' for ' || trim_scale(sum(spend)) from private.sending_totals where user_id = pg_temp.leaver()), '4 for 0.28', 'The totals of the deleted user stay, with what received messages cost');
select is_empty('select 1 from public.sms_conversations where user_id = pg_temp.leaver()', 'The conversations of the deleted user are deleted');
select is_empty('select 1 from public.sms_opt_outs where user_id = pg_temp.leaver()', 'The opt-outs of the deleted user''s numbers are deleted');
select is_empty('select 1 from public.contacts where user_id = pg_temp.leaver() union all select 1 from private.contact_counts where user_id = pg_temp.leaver()', 'The contacts of the deleted user are deleted, with their count');
select is_empty('select 1 from public.user_twilio_numbers where user_id = pg_temp.leaver()', 'The numbers of the deleted user are deleted');
select is_empty('select 1 from public.messaging_settings where user_id = pg_temp.leaver()', 'The settings of the deleted user are deleted');
select is_empty($$ select 1 from private.campaign_recipients r join made m on m.id::uuid = r.campaign_id where m.user_id = pg_temp.leaver() $$, 'The recipients of the deleted user''s campaigns are deleted');
select set_eq($$ select a.user_id, a.settled_at is not null from public.operator_alerts a where a.kind = 'campaign_paused' $$, $$ values (pg_temp.leaver(), true), (pg_temp.keeper(), false) $$, 'The alerts about the deleted user''s campaigns are settled');
select results_eq($$ select name, from_number, body, status::text, waiting, skipped, total from public.campaigns where user_id = pg_temp.leaver() $$,
  $$ values (null::text, '', null::text, 'canceled', 0, 2, 2) $$, 'The campaigns of the deleted user are canceled and emptied, with counts that add up');
select is(public.erase_messages_of_deleted_user(pg_temp.leaver(), 2), 'done', 'erase_messages_of_deleted_user, repeated, returns done');

-- Rows of another tenant.
select is((select count(*) from public.sms_messages where user_id = pg_temp.keeper() and body is not null and peer_number <> ''), 7::bigint, 'Another tenant''s messages are unchanged');
select is((select count(*) from public.user_twilio_numbers where user_id = pg_temp.keeper()), 1::bigint, 'Another tenant''s number is unchanged');
select is((select count(*) from public.sms_conversations where user_id = pg_temp.keeper()), 3::bigint, 'Another tenant''s conversations are unchanged');
select is((select count(*) from public.contacts where user_id = pg_temp.keeper()), 3::bigint, 'Another tenant''s contacts are unchanged');
select set_eq('select user_id from public.sms_opt_outs', array[pg_temp.keeper(), null], 'Another tenant''s opt-outs and those of master numbers stay');
select results_eq($$ select name, body, waiting from public.campaigns where user_id = pg_temp.keeper() $$, $$ values ('Spring', 'Dear {{name}}', 2) $$, 'Another tenant''s campaign is unchanged');

-- Calls after the erasure.
select is((public.record_inbound_message(pg_temp.leaver(), 'SM-late', 'AC1', '+15005550191', 'US', '+15005550101', 'Hi', '{}', '{}', 1, null, 'HI')).outcome, 'unknown_user',
  'record_inbound_message returns unknown_user for a deleted user');
select is((public.save_contacts(pg_temp.leaver(), '[{"position": 0, "phone_number": "+15005550191"}]')).outcome, 'unknown_user', 'save_contacts returns unknown_user for a deleted user');
select is((public.reserve_message(pg_temp.leaver(), 'k', 'h', '+15005550191', 'US', null, 'Hi', '{}', 1, 'GSM-7', true, 'AC-master')).outcome, 'closed', 'reserve_message returns closed for a deleted user');
update public.sms_messages set price = null where twilio_message_sid = 'SM-+150055501011';
select is((public.record_message_reports('AC1', '[{"sid": "SM-+150055501011", "status": "read", "price": -0.02, "price_unit": "USD"}]')).priced, 1, 'A price that Twilio reports after the erasure is recorded');
update public.sms_messages set status = 'unknown', twilio_message_sid = null, created_at = now() - interval '1 hour' where twilio_message_sid = 'SM-+150055501013';
select is_empty('select 1 from public.unsettled_messages(30, 10) where user_id = pg_temp.leaver()', 'unsettled_messages leaves out an erased message');
select is((select count(*) from public.sms_messages where user_id = pg_temp.leaver() and body is not null), 0::bigint, 'No later call restores a text');

select * from finish();
rollback;
