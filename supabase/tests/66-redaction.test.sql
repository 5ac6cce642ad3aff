-- Texts are deleted on request or after the retention, at Twilio first and then here. All other columns stay.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(60);

select pg_temp.join_as('tenant', 'neighbour', 'keeper');
select pg_temp.forget_jobs();
create view pg_temp.jobs as select message as job, vt from private.jobs where message ->> 'kind' = 'redact-messages' order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;
delete from public.sms_messages;
delete from public.messaging_settings;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');

create temp table named (name text primary key, id uuid);
create function pg_temp.message(p_name text, p_status text default 'delivered', p_age interval default '1 hour', p_user uuid default pg_temp.tenant(),
  p_account text default 'AC1', p_source text default 'subaccount', p_sid text default null) returns void language sql as $$
  with made as (
    insert into public.sms_messages (user_id, direction, from_number, to_number, body, media_urls, media_types, status, account_sid, source, twilio_message_sid, created_at, price, num_segments)
    values (p_user, 'outbound', '+15005550101', '+15005550199', p_name, '{https://example.test/a.png,https://example.test/b.png}', '{image/png,image/png}',
      p_status::public.message_status, p_account, p_source::public.message_source, coalesce(p_sid, 'SM-' || p_name), now() - p_age, -0.01, 2) returning id
  )
  insert into named select p_name, id from made on conflict (name) do update set id = excluded.id;
$$;
create function pg_temp.id(p_name text) returns uuid stable return (select id from named where name = p_name);
create function pg_temp.ask(p_name text, p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select concat_ws(' ', r.outcome, m.status, m.twilio_message_sid, m.source, cardinality(m.media_urls))
  from public.request_redaction(p_user, pg_temp.id(p_name), 'req-1') r, jsonb_populate_record(null::public.sms_messages, r.message) m;
$$;
create function pg_temp.to_redact(p_user uuid default pg_temp.tenant(), p_limit integer default 100) returns text[] language sql as $$
  select coalesce(array_agg(n.name order by n.name), '{}') from public.messages_to_redact(p_user, p_limit) r join named n on n.id = r.message_id;
$$;

-- Requests of a tenant -----------------------------------------------------------------------------------------------

select pg_temp.message('secret');
select pg_temp.message('other');
select pg_temp.message('theirs', p_user => pg_temp.neighbour(), p_account => 'AC2');
select is(public.waits_for_redaction(pg_temp.tenant()), false, 'waits_for_redaction is false without a request');
select is(pg_temp.ask('secret'), 'accepted delivered SM-secret subaccount 2', 'request_redaction returns accepted with the message as it was');
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'redact-messages', 'userId', pg_temp.tenant()) $$, 'request_redaction enqueues a job');
select cmp_ok((select vt from pg_temp.jobs), '>', clock_timestamp() + interval '50 seconds', 'The job is delayed, so that the caller deletes first');
select results_eq($$ select actor, action, user_id, subaccount_sid, request_id, details from public.audit_log order by id desc limit 1 $$,
  $$ select 'user:' || pg_temp.tenant(), 'message.redaction_requested', pg_temp.tenant(), 'AC1', 'req-1', jsonb_build_object('messageId', pg_temp.id('secret')) $$, 'The audit log names the tenant and the message');
create temp table audited as select count(*) as n from public.audit_log;
select is(pg_temp.ask('secret'), 'accepted delivered SM-secret subaccount 2', 'request_redaction, repeated, returns accepted');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'A repeated request enqueues no second job');
select is((select count(*) from public.audit_log), (select n from audited), 'A repeated request writes no audit line');
select is(public.waits_for_redaction(pg_temp.tenant()), true, 'waits_for_redaction is true after a request');
select results_eq('select message_id, twilio_message_sid, source::text, media_count, is_at_twilio from public.messages_to_redact(pg_temp.tenant(), 10)', $$ select pg_temp.id('secret'), 'SM-secret', 'subaccount', 2, true $$, 'messages_to_redact returns the requested message');
select is(pg_temp.ask('theirs'), 'not_found', 'request_redaction returns not_found for another tenant''s message');
select is((select outcome from public.request_redaction(pg_temp.tenant(), gen_random_uuid(), 'req-1')), 'not_found', 'request_redaction returns not_found for an unknown message');
select is((select redaction_requested_at from public.sms_messages where id = pg_temp.id('theirs')), null, 'The other tenant''s message is unchanged');
select is(pg_temp.to_redact(pg_temp.neighbour()), '{}', 'messages_to_redact returns nothing for the other tenant');

-- Recording a deletion -----------------------------------------------------------------------------------------------

create temp table before as select * from public.sms_messages;
select is(public.record_redaction(array[pg_temp.id('other')]), 0, 'record_redaction ignores a message without a request');
select is(public.record_redaction(array[pg_temp.id('secret'), pg_temp.id('other'), pg_temp.id('theirs'), gen_random_uuid()]), 1, 'record_redaction returns the number of requested messages');
select results_eq($$ select body, media_urls, media_types, redacted_at from public.sms_messages where id = pg_temp.id('secret') $$,
  $$ values (null::text, '{}'::text[], '{}'::text[], now()) $$, 'Text and media are deleted, and the time is stored');
select results_eq(
  $$ select to_jsonb(m) - '{body,media_urls,media_types,redacted_at}'::text[] from public.sms_messages m order by id $$,
  $$ select to_jsonb(b) - '{body,media_urls,media_types,redacted_at}'::text[] from before b order by id $$, 'All other columns are unchanged');
select is((select count(*) from public.sms_messages where body is null), 1::bigint, 'No other message''s text is deleted');
select is(public.record_redaction(array[pg_temp.id('secret')]), 0, 'record_redaction, repeated, returns 0');
select is(public.waits_for_redaction(pg_temp.tenant()), false, 'waits_for_redaction is false after the deletion');
select is(pg_temp.ask('secret'), 'already delivered SM-secret subaccount 0', 'request_redaction returns already for a deleted text');
select is((select (message ->> 'redacted_at')::timestamptz from public.request_redaction(pg_temp.tenant(), pg_temp.id('secret'), 'req-1')), now(), 'already comes with the time of the deletion');
select is((select count(*) from public.list_messages(pg_temp.tenant(), null, null, null, null, null, null, null, 'secret', null, null, 10)), 0::bigint, 'A search does not find the deleted text');

-- Messages in flight -------------------------------------------------------------------------------------------------

select pg_temp.message(status, status) from unnest(array['reserved', 'unknown', 'not_sent', 'refused', 'accepted', 'scheduled', 'queued', 'sending',
  'sent', 'delivered', 'undelivered', 'failed', 'canceled', 'read']) status;
select pg_temp.ask(name) from named where name not in ('secret', 'other', 'theirs');
select is(pg_temp.to_redact(), '{canceled,delivered,failed,not_sent,read,refused,sent,undelivered}', 'messages_to_redact leaves out messages that are in flight or unknown');
select is(public.waits_for_redaction(pg_temp.tenant()), true, 'waits_for_redaction is true while a message is in flight');
select is(pg_temp.to_redact(p_limit => 3), (select array_agg(name order by name) from (select name from named where name = any (pg_temp.to_redact()) order by id limit 3) first),
  'messages_to_redact respects its limit, the earliest requests first');
update public.sms_messages set created_at = now() - interval '49 hours' where id in (pg_temp.id('unknown'), pg_temp.id('queued'));
select ok(pg_temp.to_redact() @> '{unknown,queued}', 'messages_to_redact returns messages in flight or unknown after two days');
update public.sms_messages set status = 'delivered' where id = pg_temp.id('sending');
select ok(pg_temp.to_redact() @> '{sending}', 'messages_to_redact returns a message once it is final');

-- Closed accounts ----------------------------------------------------------------------------------------------------

select pg_temp.message('shared', p_account => 'AC-master', p_source => 'master');
select pg_temp.message('former', p_account => 'AC0');
select pg_temp.ask(name) from unnest(array['shared', 'former']) name;
create function pg_temp.at_twilio(p_name text) returns boolean language sql as $$
  select is_at_twilio from public.messages_to_redact(pg_temp.tenant(), 100) where message_id = pg_temp.id(p_name);
$$;
create function pg_temp.account_is(p_status text) returns text language plpgsql as $$
begin
  update public.user_preferences set twilio_subaccount_status = p_status where user_id = pg_temp.tenant();
  return p_status;
end;
$$;
select is(pg_temp.account_is(status) || ': ' || pg_temp.at_twilio('sent'), status || ': ' || there, format('The texts of an account that is %s are %s Twilio', status, case when there then 'at' else 'no longer at' end))
from (values ('active', true), ('suspended', true), ('closed', false)) cases (status, there);
select is(pg_temp.at_twilio('shared'), true, 'The text of a message of the master account is at Twilio after the subaccount''s closure');
select is(pg_temp.at_twilio('former'), false, 'The text of a message of a former account is no longer at Twilio');
select pg_temp.account_is('active');

-- Messages of a campaign ---------------------------------------------------------------------------------------------

insert into public.campaigns (id, user_id, from_number, status, total, waiting, delivered, idempotency_key, request_hash)
values ('c0000000-0000-4000-8000-000000000001', pg_temp.tenant(), '+15005550101', 'running', 2, 1, 1, 'key', 'hash');
select pg_temp.message('for Ann');
update public.sms_messages set campaign_id = 'c0000000-0000-4000-8000-000000000001' where id = pg_temp.id('for Ann');
insert into private.campaign_recipients (campaign_id, position, to_number, country, variables, message_id) values
  ('c0000000-0000-4000-8000-000000000001', 0, '+15005550199', 'US', '{"name": "Ann"}', pg_temp.id('for Ann')), ('c0000000-0000-4000-8000-000000000001', 1, '+15005550198', 'US', '{"name": "Bob"}', null);
update public.campaigns set delivered = 1, waiting = 1 where id = 'c0000000-0000-4000-8000-000000000001';
select pg_temp.ask('for Ann');
select is(public.record_redaction(array[pg_temp.id('for Ann')]), 1, 'record_redaction deletes the text of a campaign''s message');
select results_eq('select position, variables ->> ''name'' from private.campaign_recipients order by position', $$ values (0, null::text), (1, 'Bob') $$,
  'record_redaction deletes the variables of that recipient only');

-- By age -------------------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
delete from public.campaigns;
delete from public.sms_messages;
select public.save_messaging_settings(pg_temp.tenant(), null, null, null, null, 30), public.save_messaging_settings(pg_temp.neighbour(), null, null, null, null, 7),
  public.save_messaging_settings(pg_temp.keeper(), 'Bye', null, null, null, null);
select pg_temp.message(format('%s %s days', name, age), p_age => make_interval(days => age), p_user => user_id)
from (values ('tenant', pg_temp.tenant()), ('neighbour', pg_temp.neighbour()), ('keeper', pg_temp.keeper())) users (name, user_id), unnest(array[6, 8, 29, 31, 40]) age;
create function pg_temp.look(p_limit integer) returns text language sql as $$ select format('%s %s', checked, asked) from public.ask_for_due_redactions(p_limit) $$;
create view pg_temp.due as select user_id, due_at - now() as due_in from private.due_work where kind = 'redaction' order by user_id;
create function pg_temp.a_day_passes() returns void language sql as $$ update private.due_work set due_at = due_at - interval '28 hours' where kind = 'redaction' $$;
select results_eq('select * from pg_temp.due', $$ select u, interval '0' from unnest(array[pg_temp.tenant(), pg_temp.neighbour()]) u $$, 'A tenant with a retention is due, and one without is not');
update private.due_work set due_at = due_at - interval '1 hour' where kind = 'redaction' and user_id = pg_temp.tenant();
select is(pg_temp.look(1), '1 1', 'ask_for_due_redactions respects its limit');
select is((select due_in from pg_temp.due where user_id = pg_temp.tenant()), '0', 'A tenant who may have more due texts stays due');
update private.due_work set due_at = due_at + case when user_id = pg_temp.tenant() then interval '1 hour' else '-1 hour' end where kind = 'redaction';
select is(pg_temp.look(1), '1 1', 'The next call takes the tenant who has been due longest');
update private.due_work set due_at = now() where kind = 'redaction';
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'redact-messages', 'userId', u) from unnest(array[pg_temp.tenant(), pg_temp.neighbour()]) u $$, 'Each tenant with due texts has one job');
select results_eq($$ select actor, action, user_id, details from public.audit_log order by id desc limit 2 $$,
  $$ values ('retention', 'message.redaction_requested', pg_temp.neighbour(), '{"messages": 1, "olderThanDays": 7}'::jsonb),
    ('retention', 'message.redaction_requested', pg_temp.tenant(), '{"messages": 1, "olderThanDays": 30}') $$, 'Each tenant with due texts has one audit line');
select results_eq($$ select name from named join public.sms_messages m using (id) where redaction_requested_at is not null order by name $$,
  array['neighbour 40 days', 'tenant 40 days'], 'The oldest texts come first');
select is(pg_temp.look(100), '2 4', 'ask_for_due_redactions returns the numbers of checked tenants and of due texts');
select is((select count(*) from pg_temp.due where due_in between interval '21 hours' and interval '27 hours'), 2::bigint, 'A tenant without further due texts is due again in a day');
select results_eq($$ select name from named join public.sms_messages m using (id) where redaction_requested_at is not null order by name $$,
  array['neighbour 29 days', 'neighbour 31 days', 'neighbour 40 days', 'neighbour 8 days', 'tenant 31 days', 'tenant 40 days'],
  'All texts older than their tenant''s retention are requested, and none without a retention');
select pg_temp.forget_jobs();
select is(pg_temp.look(100), '0 0', 'ask_for_due_redactions, repeated, checks no tenant that is not due');
select pg_temp.a_day_passes();
select is(pg_temp.look(100), '2 0', 'A day later, ask_for_due_redactions asks for no text again');
select is_empty('select 1 from pg_temp.jobs', 'Without due texts, no job is enqueued');
insert into public.campaigns (user_id, from_number, body, status, total, waiting, skipped, idempotency_key, request_hash, finished_at)
select user_id, '+15005550101', 'Dear {{name}}', 'canceled', 1, 0, 1, 'old', 'hash', now() - interval '31 days'
from (values (pg_temp.tenant()), (pg_temp.keeper())) users (user_id);
insert into public.campaigns (user_id, from_number, body, status, total, waiting, skipped, idempotency_key, request_hash, finished_at)
values (pg_temp.tenant(), '+15005550101', 'Dear {{name}}', 'canceled', 1, 0, 1, 'young', 'hash', now() - interval '29 days');
insert into private.campaign_recipients (campaign_id, position, to_number, country, variables, skip_reason)
select id, 0, '+15005550199', 'US', '{"name": "Ann"}', 'canceled' from public.campaigns;
select pg_temp.a_day_passes();
select is(pg_temp.look(100), '2 0', 'ask_for_due_redactions does not count campaigns');
select set_eq($$ select user_id, idempotency_key from public.campaigns c where body is null
    and not exists (select from private.campaign_recipients r where r.campaign_id = c.id and r.variables is not null) $$,
  $$ values (pg_temp.tenant(), 'old') $$, 'The texts of a campaign that ended before the retention are deleted, and its recipients'' variables too');
select is((select count(*) from public.campaigns c join private.campaign_recipients r on r.campaign_id = c.id where c.body is not null and r.variables is not null), 2::bigint,
  'A younger campaign, and one of a tenant without a retention, keep their texts');
insert into public.campaigns (user_id, from_number, body, status, finished_at, total, waiting, skipped, idempotency_key, request_hash)
values (pg_temp.tenant(), '+15005550101', 'Dear {{name}}', 'canceled', now() - interval '40 days', 3, 0, 3, 'many', 'hash');
insert into private.campaign_recipients (campaign_id, position, to_number, country, variables)
select id, n, '+1500555019' || n, 'US', '{"name": "Ann"}' from public.campaigns, generate_series(1, 3) n where idempotency_key = 'many';
create function pg_temp.texts_left() returns text language sql as $$
  select (c.body is not null) || ' ' || count(r.variables) from public.campaigns c join private.campaign_recipients r on r.campaign_id = c.id where idempotency_key = 'many' group by c.body;
$$;
select is(private.delete_campaign_texts(pg_temp.tenant(), now() - interval '30 days', 2) || ', ' || pg_temp.texts_left(), 'true, true 1', 'The variables of a limited number of recipients are deleted at a time');
select is(private.delete_campaign_texts(pg_temp.tenant(), now() - interval '30 days', 2) || ', ' || pg_temp.texts_left(), 'false, false 0', 'The text of the campaign is deleted with the last of them');
select throws_ok($$ select public.save_messaging_settings(pg_temp.tenant(), null, null, null, null, 0) $$, '23514', null, 'A retention of zero days is refused');
select public.save_messaging_settings(pg_temp.tenant(), 'Bye', null, null, null, 30);
select is((select due_in > '0' from pg_temp.due where user_id = pg_temp.tenant()), true, 'Settings saved with the same retention leave the date');
select public.save_messaging_settings(pg_temp.tenant(), null, null, null, null, 29), public.save_messaging_settings(pg_temp.neighbour(), null, null, null, null, null);
select results_eq('select * from pg_temp.due', $$ values (pg_temp.tenant(), interval '0') $$, 'Another retention makes the tenant due, and without a retention there is no date');
reset role;
delete from auth.users where id = pg_temp.tenant();
set local role service_role;
select is(pg_temp.look(100), '1 0', 'ask_for_due_redactions checks a deleted user once');
select is_empty('select * from pg_temp.due', 'A deleted user is no longer due');
select is((select every from private.schedules where name = 'redact-old-messages' and job = '{"kind": "redact-old-messages"}'), '1 hour', 'redact-old-messages is scheduled every hour');

select * from finish();
rollback;
