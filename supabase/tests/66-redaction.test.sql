-- Texts are deleted when their tenant says so or has kept them long enough: at Twilio first, then here, and nothing else with them.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(49);

select pg_temp.join_as('tenant', 'neighbour', 'keeper');
delete from pgmq.q_jobs;
create view pg_temp.jobs as select message as job, vt from pgmq.q_jobs where message ->> 'kind' = 'redact-messages' order by msg_id;
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

-- By the tenant's word --------------------------------------------------------------------------------------------------

select pg_temp.message('secret');
select pg_temp.message('other');
select pg_temp.message('theirs', p_user => pg_temp.neighbour(), p_account => 'AC2');
select is(public.waits_for_redaction(pg_temp.tenant()), false, 'At first nothing waits to be deleted');
select is(pg_temp.ask('secret'), 'accepted delivered SM-secret subaccount 2', 'Asked for, the caller learns what deleting at Twilio needs');
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'redact-messages', 'userId', pg_temp.tenant()) $$, 'A job will do it where the caller cannot');
select cmp_ok((select vt from pg_temp.jobs), '>', clock_timestamp() + interval '50 seconds', 'It leaves the caller time to do it first');
select results_eq($$ select actor, action, user_id, subaccount_sid, request_id, details from public.audit_log order by id desc limit 1 $$,
  $$ select 'user:' || pg_temp.tenant(), 'message.redaction_requested', pg_temp.tenant(), 'AC1', 'req-1', jsonb_build_object('messageId', pg_temp.id('secret')) $$, 'The audit log says who asked');
create temp table audited as select count(*) as n from public.audit_log;
select is(pg_temp.ask('secret'), 'accepted delivered SM-secret subaccount 2', 'Asked again, it is still to be done');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'By the same job');
select is((select count(*) from public.audit_log), (select n from audited), 'And the same line');
select is(public.waits_for_redaction(pg_temp.tenant()), true, 'Now something waits');
select results_eq('select message_id, twilio_message_sid, source::text, media_count, is_at_twilio from public.messages_to_redact(pg_temp.tenant(), 10)', $$ select pg_temp.id('secret'), 'SM-secret', 'subaccount', 2, true $$, 'It is told to whoever deletes');
select is(pg_temp.ask('theirs'), 'not_found', 'A neighbour''s message cannot be asked for');
select is((select outcome from public.request_redaction(pg_temp.tenant(), gen_random_uuid(), 'req-1')), 'not_found', 'Nor can one that is not there');
select is((select redaction_requested_at from public.sms_messages where id = pg_temp.id('theirs')), null, 'The neighbour''s message is as it was');
select is(pg_temp.to_redact(pg_temp.neighbour()), '{}', 'Nothing is deleted for the neighbour');

-- Deleted here ----------------------------------------------------------------------------------------------------------

create temp table before as select * from public.sms_messages;
select is(public.record_redaction(array[pg_temp.id('other')]), 0, 'What nobody asked for is not deleted');
select is(public.record_redaction(array[pg_temp.id('secret'), pg_temp.id('other'), pg_temp.id('theirs'), gen_random_uuid()]), 1, 'What was asked for is');
select results_eq($$ select body, media_urls, media_types, redacted_at from public.sms_messages where id = pg_temp.id('secret') $$,
  $$ values (null::text, '{}'::text[], '{}'::text[], now()) $$, 'The text and the media are gone, and since when');
select results_eq(
  $$ select to_jsonb(m) - '{body,media_urls,media_types,redacted_at}'::text[] from public.sms_messages m order by id $$,
  $$ select to_jsonb(b) - '{body,media_urls,media_types,redacted_at}'::text[] from before b order by id $$, 'All else is as it was, price and numbers included');
select is((select count(*) from public.sms_messages where body is null), 1::bigint, 'No other text is gone');
select is(public.record_redaction(array[pg_temp.id('secret')]), 0, 'It is deleted once');
select is(public.waits_for_redaction(pg_temp.tenant()), false, 'Nothing waits any more');
select is(pg_temp.ask('secret'), 'already delivered SM-secret subaccount 0', 'Asked for again, it is so already');
select is((select (message ->> 'redacted_at')::timestamptz from public.request_redaction(pg_temp.tenant(), pg_temp.id('secret'), 'req-1')), now(), 'And since when');
select is((select count(*) from public.list_messages(pg_temp.tenant(), null, null, null, null, null, null, null, 'secret', null, null, 10)), 0::bigint, 'No search finds the text');

-- Not while under way ---------------------------------------------------------------------------------------------------

select pg_temp.message(status, status) from unnest(array['reserved', 'unknown', 'not_sent', 'refused', 'accepted', 'scheduled', 'queued', 'sending',
  'sent', 'delivered', 'undelivered', 'failed', 'canceled', 'read']) status;
select pg_temp.ask(name) from named where name not in ('secret', 'other', 'theirs');
select is(pg_temp.to_redact(), '{canceled,delivered,failed,not_sent,read,refused,sent,undelivered}', 'What is still under way, or lost and to be found by its text, is not deleted yet');
select is(public.waits_for_redaction(pg_temp.tenant()), true, 'It waits');
select is(pg_temp.to_redact(p_limit => 3), (select array_agg(name order by name) from (select name from named where name = any (pg_temp.to_redact()) order by id limit 3) first),
  'They come in batches, those asked for first');
update public.sms_messages set created_at = now() - interval '49 hours' where id in (pg_temp.id('unknown'), pg_temp.id('queued'));
select ok(pg_temp.to_redact() @> '{unknown,queued}', 'After two days nothing more comes of those either, and they are deleted');
update public.sms_messages set status = 'delivered' where id = pg_temp.id('sending');
select ok(pg_temp.to_redact() @> '{sending}', 'Once one is finished its turn comes');

-- Where the account is gone ---------------------------------------------------------------------------------------------

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
select is(pg_temp.account_is(status) || ': ' || pg_temp.at_twilio('sent'), status || ': ' || there, format('Of an account that is %s the texts are %s Twilio', status, case when there then 'at' else 'no longer at' end))
from (values ('active', true), ('suspended', true), ('closed', false)) cases (status, there);
select is(pg_temp.at_twilio('shared'), true, 'What went through the master account is there all the same');
select is(pg_temp.at_twilio('former'), false, 'What an earlier account of theirs sent went with it');
select pg_temp.account_is('active');

-- Of a campaign ---------------------------------------------------------------------------------------------------------

insert into public.campaigns (id, user_id, from_number, status, total, waiting, delivered, idempotency_key, request_hash)
values ('c0000000-0000-4000-8000-000000000001', pg_temp.tenant(), '+15005550101', 'running', 2, 1, 1, 'key', 'hash');
select pg_temp.message('for Ann');
update public.sms_messages set campaign_id = 'c0000000-0000-4000-8000-000000000001' where id = pg_temp.id('for Ann');
insert into private.campaign_recipients (campaign_id, position, to_number, country, body, message_id) values
  ('c0000000-0000-4000-8000-000000000001', 0, '+15005550199', 'US', 'for Ann', pg_temp.id('for Ann')), ('c0000000-0000-4000-8000-000000000001', 1, '+15005550198', 'US', 'for Bob', null);
update public.campaigns set delivered = 1, waiting = 1 where id = 'c0000000-0000-4000-8000-000000000001';
select pg_temp.ask('for Ann');
select is(public.record_redaction(array[pg_temp.id('for Ann')]), 1, 'A message of a campaign is deleted like any other');
select results_eq('select position, body from private.campaign_recipients order by position', $$ values (0, null::text), (1, 'for Bob') $$,
  'So is the copy from which it was made, and no other recipient''s');

-- By age ----------------------------------------------------------------------------------------------------------------

select pg_temp.forget_jobs();
delete from public.campaigns;
delete from public.sms_messages;
select public.save_messaging_settings(pg_temp.tenant(), null, null, null, null, 30), public.save_messaging_settings(pg_temp.neighbour(), null, null, null, null, 7),
  public.save_messaging_settings(pg_temp.keeper(), 'Bye', null, null, null, null);
select pg_temp.message(format('%s %s days', name, age), p_age => make_interval(days => age), p_user => user_id)
from (values ('tenant', pg_temp.tenant()), ('neighbour', pg_temp.neighbour()), ('keeper', pg_temp.keeper())) users (name, user_id), unnest(array[6, 8, 29, 31, 40]) age;
select is(public.ask_for_due_redactions(1), 2, 'At most so many of each tenant''s at a time');
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'redact-messages', 'userId', u) from unnest(array[pg_temp.tenant(), pg_temp.neighbour()]) u $$, 'Each has a job');
select results_eq($$ select actor, action, user_id, details from public.audit_log order by id desc limit 2 $$,
  $$ values ('retention', 'message.redaction_requested', pg_temp.neighbour(), '{"messages": 1, "olderThanDays": 7}'::jsonb),
    ('retention', 'message.redaction_requested', pg_temp.tenant(), '{"messages": 1, "olderThanDays": 30}') $$, 'And a line in the audit log');
select results_eq($$ select name from named join public.sms_messages m using (id) where redaction_requested_at is not null order by name $$,
  array['neighbour 40 days', 'tenant 40 days'], 'The oldest come first');
select is(public.ask_for_due_redactions(100), 4, 'Then the others');
select results_eq($$ select name from named join public.sms_messages m using (id) where redaction_requested_at is not null order by name $$,
  array['neighbour 29 days', 'neighbour 31 days', 'neighbour 40 days', 'neighbour 8 days', 'tenant 31 days', 'tenant 40 days'],
  'All that is older than its tenant keeps, and nothing of who keeps all');
select pg_temp.forget_jobs();
select is(public.ask_for_due_redactions(100), 0, 'What was asked for is not asked for again');
select is_empty('select 1 from pg_temp.jobs', 'Nothing due is no job');
insert into public.campaigns (user_id, from_number, body, status, total, waiting, skipped, idempotency_key, request_hash, finished_at)
select user_id, '+15005550101', 'Dear {{name}}', 'canceled', 1, 0, 1, 'old', 'hash', now() - interval '31 days'
from (values (pg_temp.tenant()), (pg_temp.keeper())) users (user_id);
insert into public.campaigns (user_id, from_number, body, status, total, waiting, skipped, idempotency_key, request_hash, finished_at)
values (pg_temp.tenant(), '+15005550101', 'Dear {{name}}', 'canceled', 1, 0, 1, 'young', 'hash', now() - interval '29 days');
insert into private.campaign_recipients (campaign_id, position, to_number, country, body, skip_reason)
select id, 0, '+15005550199', 'US', 'Dear Ann', 'canceled' from public.campaigns;
select is(public.ask_for_due_redactions(100), 0, 'Campaigns that ended are looked at as well');
select set_eq($$ select user_id, idempotency_key from public.campaigns c where body is null
    and not exists (select from private.campaign_recipients r where r.campaign_id = c.id and r.body is not null) $$,
  $$ values (pg_temp.tenant(), 'old') $$, 'Of one that ended before its tenant''s retention neither the text nor those made of it are kept');
select is((select count(*) from public.campaigns c join private.campaign_recipients r on r.campaign_id = c.id where c.body is not null and r.body is not null), 2::bigint,
  'A younger one, and one of a tenant who keeps all, stay as they were');
select throws_ok($$ select public.save_messaging_settings(pg_temp.tenant(), null, null, null, null, 0) $$, '23514', null, 'To keep nothing at all is no retention');
select is((select every from private.schedules where name = 'redact-old-messages' and job = '{"kind": "redact-old-messages"}'), '1 hour', 'Ages are looked at every hour');

select * from finish();
rollback;
