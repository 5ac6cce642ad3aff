-- A campaign is created once per key. Only its tenant pauses, resumes or cancels it. Its counts always add up.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(158);

select pg_temp.join_as('tenant', 'attacker', 'visitor');
select pg_temp.forget_jobs();
delete from private.rate_limits;
create view pg_temp.jobs as select message as job, vt, msg_id from private.jobs where message ->> 'kind' = 'run-campaign' order by msg_id;
grant select on pg_temp.jobs to service_role;
set local role service_role;
delete from public.campaigns;
delete from public.sms_messages;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.attacker(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary, status) values
  (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', true, 'active'), (pg_temp.tenant(), '+15005550102', 'PN-pgtap-2', false, 'active'),
  (pg_temp.tenant(), '+15005550103', 'PN-pgtap-3', false, 'released'), (pg_temp.attacker(), '+15005550104', 'PN-pgtap-4', true, 'active');
delete from private.master_numbers;
insert into private.master_numbers (phone_sid, phone_number, is_offered) values ('PN-m1', '+15005550001', true);

create function pg_temp.create(p_user uuid default pg_temp.tenant(), p_key text default gen_random_uuid()::text, p_hash text default 'hash', p_from text default null,
  p_at timestamptz default null, p_recipients integer default 3, p_rate integer default null, p_address text default null)
returns table (outcome text, campaign_id uuid, retry_after_seconds integer) language sql as $$
  select c.outcome, (c.campaign ->> 'id')::uuid, c.retry_after_seconds from public.create_campaign(p_user, p_key, p_hash, 'Spring', p_from, 'Hi {{name}}', '{https://example.test/a.png}', p_at,
    (select coalesce(jsonb_agg(jsonb_build_object('position', n * 2, 'to', '+1500555' || 1000 + n, 'country', 'US', 'variables', jsonb_build_object('name', n::text))), '[]') from generate_series(1, p_recipients) n),
    'req-1', p_address, p_rate, p_rate) c;
$$;
create function pg_temp.counts(p_id uuid) returns text language sql as $$
  select format('%s: %s waiting, %s in flight, %s sent, %s delivered, %s failed, %s unknown, %s skipped', status, waiting, in_flight, sent, delivered, failed, unknown, skipped)
  from public.campaigns where id = p_id;
$$;

-- Creating -----------------------------------------------------------------------------------------------------------

create temp table first as select * from pg_temp.create(p_key => 'key-1');
select results_eq('select outcome, retry_after_seconds from first', $$ values ('created', null::integer) $$, 'create_campaign returns created');
select results_eq($$ select user_id, name, from_number, body, media_urls, status::text, scheduled_at, started_at, finished_at, total, waiting, idempotency_key, request_hash, run, failed_batches
    from public.campaigns where id = (select campaign_id from first) $$,
  $$ values (pg_temp.tenant(), 'Spring', '+15005550101', 'Hi {{name}}', array['https://example.test/a.png'], 'running', null::timestamptz, null::timestamptz, null::timestamptz,
    3, 3, 'key-1', 'hash', 1, 0) $$, 'The campaign is stored with every value, and without a number the primary one is used');
select results_eq('select position, to_number, country, variables, message_id, skip_reason::text from private.campaign_recipients where campaign_id = (select campaign_id from first) order by position',
  $$ values (2, '+15005551001', 'US', '{"name": "1"}'::jsonb, null::uuid, null::text), (4, '+15005551002', 'US', '{"name": "2"}', null, null), (6, '+15005551003', 'US', '{"name": "3"}', null, null) $$,
  'The recipients are stored in order, each with their own variables');
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'run-campaign', 'campaignId', campaign_id, 'userId', pg_temp.tenant(), 'run', 1) from first $$, 'create_campaign enqueues a job');
select ok((select vt from pg_temp.jobs) <= clock_timestamp(), 'The job of a campaign without a time is visible at once');
select results_eq($$ select actor, action, user_id, subaccount_sid, request_id, details from public.audit_log order by id desc limit 1 $$,
  $$ select 'user:' || pg_temp.tenant(), 'campaign.created', pg_temp.tenant(), 'AC1', 'req-1', jsonb_build_object('campaignId', campaign_id, 'recipients', 3) from first $$, 'The audit log names the tenant and the campaign');
select results_eq($$ select outcome, campaign_id from pg_temp.create(p_key => 'key-1', p_recipients => 5) $$, $$ select 'duplicate', campaign_id from first $$, 'create_campaign returns duplicate for the same request under the same key');
select results_eq($$ select outcome, campaign_id from pg_temp.create(p_key => 'key-1', p_hash => 'other') $$, $$ select 'key_conflict', campaign_id from first $$, 'create_campaign returns key_conflict for another request under the same key');
select results_eq($$ select outcome, campaign_id from pg_temp.create(p_key => 'key-1', p_at => now() - interval '1 hour') $$, $$ select 'duplicate', campaign_id from first $$, 'A repeated request gets its campaign although its time has passed since');
select results_eq($$ select outcome, campaign_id from pg_temp.create(p_at => now() - interval '2 minutes 1 second') $$, $$ values ('scheduled_in_past', null::uuid) $$, 'create_campaign returns scheduled_in_past for a time more than two minutes ago');
select is((select outcome from pg_temp.create(p_at => '-infinity')), 'scheduled_in_past', 'create_campaign returns scheduled_in_past for a time without a date');
select is((select count(*) from pg_temp.jobs), 1::bigint, 'duplicate, key_conflict and scheduled_in_past enqueue no job');
create temp table just_past as select * from pg_temp.create(p_key => 'just past', p_at => now() - interval '2 minutes');
select is((select c.status::text from public.campaigns c join just_past p on p.campaign_id = c.id), 'running', 'A time up to two minutes ago means now');
select ok((select vt from pg_temp.jobs where job ->> 'campaignId' = (select campaign_id::text from just_past)) <= clock_timestamp(), 'Its job is visible at once');
delete from public.campaigns where id = (select campaign_id from just_past);
select pg_temp.forget_jobs();
select is((select outcome from pg_temp.create(pg_temp.attacker(), 'key-1', 'other')), 'created', 'Another tenant may use the same key');
select is((select outcome from pg_temp.create(p_from => '+15005550102')), 'created', 'create_campaign returns created for another of the tenant''s numbers');
select is((select outcome from pg_temp.create(p_from => number)), 'number_not_owned', format('create_campaign returns number_not_owned for %s, %s', number, why)) from (values
  ('+15005550104', 'another tenant''s number'), ('+15005550103', 'a released number'), ('+15005550001', 'a shared number'), ('+15005550999', 'an unknown number')) cases (number, why);
select results_eq($$ select outcome, campaign_id from pg_temp.create(pg_temp.visitor()) $$, $$ values ('no_subaccount', null::uuid) $$, 'create_campaign returns no_subaccount without a subaccount');
select is((select outcome from public.reserve_message(pg_temp.visitor(), 'k', 'h', '+15005550199', 'US', null, 'Hi', '{}', 1, 'GSM-7', true, 'AC-master')), 'reserved', 'reserve_message returns reserved for the same user');
create function pg_temp.outcome_with(p_status text, p_token text) returns text language plpgsql as $$
declare
  decided text;
begin
  update public.user_preferences set twilio_subaccount_status = p_status, twilio_subaccount_auth_token_encrypted = p_token where user_id = pg_temp.tenant();
  decided := (select outcome from pg_temp.create());
  update public.user_preferences set twilio_subaccount_status = 'active', twilio_subaccount_auth_token_encrypted = 'v1.k1.iv.one' where user_id = pg_temp.tenant();
  return decided;
end;
$$;
select is(pg_temp.outcome_with(status, token), outcome, format('With a subaccount that is %s, %s its token, create_campaign returns %s', status, case when token is null then 'without' else 'with' end, outcome))
from (values ('suspended', 'v1.k1.iv.one', 'suspended'), ('closed', 'v1.k1.iv.one', 'closed'), ('pending', 'v1.k1.iv.one', 'pending'), ('active', null, 'pending')) cases (status, token, outcome);
select is((select outcome from pg_temp.create(gen_random_uuid())), 'closed', 'create_campaign returns closed for a deleted user');
select throws_ok($$ select public.create_campaign(pg_temp.tenant(), 'twice', 'hash', null, null, 'Hi', '{}', null,
  '[{"position": 0, "to": "+15005550199", "country": "US"}, {"position": 1, "to": "+15005550199", "country": "US"}]', 'req', null, null, null) $$, '23505', null, 'A recipient who is listed twice is refused');
select is((select outcome from pg_temp.create(p_key => 'rate ' || n, p_rate => 2, p_address => '192.0.2.1')), outcome, format('With a rate limit of two a minute, campaign %s is %s', n, outcome))
from (values (1, 'created'), (2, 'created'), (3, 'rate_limited')) uses (n, outcome);
select ok(retry_after_seconds between 59 and 60 and campaign_id is null, 'rate_limited comes with the seconds to wait') from pg_temp.create(p_rate => 2, p_address => '192.0.2.1');
select is((select outcome from pg_temp.create(pg_temp.attacker(), p_rate => 2, p_address => '192.0.2.1')), 'rate_limited', 'Another tenant at the same address exceeds the limit of the address');

select pg_temp.forget_jobs();
create temp table later as select * from pg_temp.create(p_at => now() + interval '1 hour');
select is(pg_temp.counts(campaign_id), 'scheduled: 3 waiting, 0 in flight, 0 sent, 0 delivered, 0 failed, 0 unknown, 0 skipped', 'A campaign with a later time is scheduled') from later;
select ok((select vt from pg_temp.jobs) between clock_timestamp() + interval '3590 seconds' and clock_timestamp() + interval '3602 seconds', 'The job of a scheduled campaign is visible at its time');
create temp table past as select * from pg_temp.create(p_at => now() - interval '1 minute');
select is((select status from public.campaigns c where c.id = past.campaign_id), 'running', 'A campaign with a past time is running') from past;

-- Recipients in all campaigns of a tenant ---------------------------------------------------------------------------

delete from public.campaigns;
update public.plans set monthly_message_limit = 10 where key = 'free';
create temp table held as select * from pg_temp.create(p_recipients => 6, p_at => now() + interval '1 hour');
create function pg_temp.more(p_recipients integer) returns text language sql as $$
  select concat_ws(' ', outcome, 'with ' || recipients_left) from public.create_campaign(pg_temp.tenant(), gen_random_uuid()::text, 'hash', null, null, 'Hi', '{}', null,
    (select jsonb_agg(jsonb_build_object('position', n, 'to', '+1500555' || 2000 + n, 'country', 'US')) from generate_series(1, p_recipients) n), 'req-1', null, null, null);
$$;
select is(pg_temp.more(5), 'too_many_recipients with 4', 'More recipients than the plan sends in a month are refused, counted over all campaigns, with how many are left');
select is((select count(*) from public.campaigns where user_id = pg_temp.tenant()) || ' ' || (select count(*) from private.campaign_recipients), '1 6', 'A refused campaign stores nothing');
select is((select outcome from pg_temp.create(pg_temp.attacker(), p_recipients => 10)), 'created', 'Another tenant''s recipients do not count');
select is(pg_temp.more(4), 'created with 4', 'As many recipients as are left are accepted');
select is((select outcome::text from public.change_campaign(pg_temp.tenant(), campaign_id, 'pause', 'req-1')), 'changed', 'A campaign with waiting recipients is paused') from held;
select is(pg_temp.more(1), 'too_many_recipients with 0', 'Recipients of a paused campaign count');
select public.change_campaign(pg_temp.tenant(), campaign_id, 'cancel', 'req-1') from held;
select is(pg_temp.more(6), 'created with 6', 'Recipients of a canceled campaign make room');
select is(pg_temp.more(1), 'too_many_recipients with 0', 'The room is used once');
select public.change_campaign(pg_temp.tenant(), c.id, 'cancel', 'req-1') from public.campaigns c where c.user_id = pg_temp.tenant() and c.status <> 'canceled';
select is(pg_temp.more(5), 'too_many_recipients with 4', 'Until they are deleted, canceled recipients are at most as many again');
select is(public.delete_campaign_recipients(1, 5), 0, 'delete_campaign_recipients keeps the recipients of a campaign that ended within the period');
update public.campaigns set finished_at = now() - interval '25 hours' where id = (select campaign_id from held);
create temp table before_deletion as select to_jsonb(c) - 'recipients_deleted_at' - 'updated_at' as row from public.campaigns c, held where c.id = held.campaign_id;
select is(public.delete_campaign_recipients(1, 5), 5, 'delete_campaign_recipients deletes at most the limit, and says that there may be more');
select is((select count(*) || ' ' || (select count(*) from public.campaigns where recipients_deleted_at is not null) from private.campaign_recipients where campaign_id = held.campaign_id), '1 0', 'A campaign with recipients left is not marked') from held;
select is(public.delete_campaign_recipients(1, 5), 1, 'The next call deletes the rest');
select is(public.delete_campaign_recipients(1, 5), 0, 'There is nothing left');
select is((select count(*) from private.campaign_recipients r join public.campaigns c on c.id = r.campaign_id where c.user_id = pg_temp.tenant()), 10::bigint, 'Recipients of other campaigns stay');
select results_eq('select to_jsonb(c) - ''recipients_deleted_at'' - ''updated_at'', c.recipients_deleted_at from public.campaigns c, held where c.id = held.campaign_id', 'select row, now() from before_deletion', 'The campaign keeps its totals, and the deletion is noted');
select is(pg_temp.more(5), 'created with 10', 'Deleted recipients make room');
-- As record_campaign_batch leaves them after Twilio refused each message, which counts toward no limit.
delete from public.campaigns where user_id = pg_temp.tenant();
select pg_temp.more(10);
update public.campaigns set status = 'completed', failed = waiting, waiting = 0 where user_id = pg_temp.tenant();
select pg_temp.more(10);
update public.campaigns set status = 'completed', failed = waiting, waiting = 0 where user_id = pg_temp.tenant() and status <> 'completed';
select is(pg_temp.more(1), 'too_many_recipients with 0', 'Until they are deleted, recipients whose messages failed are at most twice the messages of a month');
update public.plans set monthly_message_limit = 100000 where key = 'free';

-- Changes at each status ---------------------------------------------------------------------------------------------

create function pg_temp.campaign(p_status text, p_at timestamptz default null) returns uuid language plpgsql as $$
declare
  made uuid;
begin
  select campaign_id into made from pg_temp.create(p_at => now() + interval '1 minute');
  update public.campaigns set status = p_status::public.campaign_status, scheduled_at = p_at, status_reason = 'suspended', failed_batches = 3,
    waiting = case when p_status = 'completed' then 0 else 3 end, delivered = case when p_status = 'completed' then 3 else 0 end where id = made;
  return made;
end;
$$;
create function pg_temp.change(p_status text, p_change text, p_at timestamptz default null) returns text language sql as $$
  select outcome || ' ' || (campaign ->> 'status') from public.change_campaign(pg_temp.tenant(), pg_temp.campaign(p_status, p_at), p_change::public.campaign_change, 'req-2');
$$;
select is(pg_temp.change(status, change, scheduled), expected, format('change_campaign: %s of a campaign that is %s%s returns %s', change, status, case when scheduled is not null then ' with a later time' else '' end, expected))
from (values
  ('scheduled', 'pause', null::timestamptz, 'changed paused'), ('running', 'pause', null, 'changed paused'), ('paused', 'pause', null, 'already paused'), ('canceled', 'pause', null, 'over canceled'), ('completed', 'pause', null, 'over completed'),
  ('scheduled', 'resume', now() + interval '1 hour', 'already scheduled'), ('running', 'resume', null, 'already running'), ('paused', 'resume', null, 'changed running'),
  ('paused', 'resume', now() + interval '1 hour', 'changed scheduled'), ('paused', 'resume', now() - interval '1 hour', 'changed running'), ('canceled', 'resume', null, 'over canceled'), ('completed', 'resume', null, 'over completed'),
  ('scheduled', 'cancel', null, 'changed canceled'), ('running', 'cancel', null, 'changed canceled'), ('paused', 'cancel', null, 'changed canceled'), ('canceled', 'cancel', null, 'already canceled'), ('completed', 'cancel', null, 'over completed')) cases (status, change, scheduled, expected);
select throws_ok($$ select pg_temp.change('running', 'delete') $$, '22P02', null, 'change_campaign refuses a change that is not pause, resume or cancel');
create function pg_temp.ask(p_id uuid, p_change text, p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select concat_ws(' ', outcome, campaign ->> 'status') from public.change_campaign(p_user, p_id, p_change::public.campaign_change, 'req-2');
$$;

create temp table one as select pg_temp.campaign('running') as id;
select pg_temp.forget_jobs();
select is(pg_temp.ask(id, 'pause'), 'changed paused', 'change_campaign returns changed for a pause') from one;
select results_eq('select status::text, status_reason::text, failed_batches, run, finished_at from public.campaigns where id = (select id from one)',
  $$ values ('paused', null::text, 0, 1, null::timestamptz) $$, 'A pause clears the reason, the failed batches and the end');
select is_empty('select 1 from pg_temp.jobs', 'A pause enqueues no job');
select results_eq($$ select actor, action, user_id, request_id, details from public.audit_log order by id desc limit 1 $$,
  $$ select 'user:' || pg_temp.tenant(), 'campaign.paused', pg_temp.tenant(), 'req-2', jsonb_build_object('campaignId', id) from one $$, 'The audit log names the tenant and the campaign');
select is(pg_temp.ask(id, 'resume'), 'changed running', 'change_campaign returns changed for a resumption') from one;
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'run-campaign', 'campaignId', id, 'userId', pg_temp.tenant(), 'run', 2) from one $$, 'A resumption enqueues a job of the next run');
select is((select action from public.audit_log order by id desc limit 1), 'campaign.resumed', 'A resumption writes an audit line');
create temp table audited as select count(*) as n from public.audit_log;
select is(pg_temp.ask(id, 'resume'), 'already running', 'change_campaign returns already for a running campaign') from one;
select is((select count(*) from pg_temp.jobs) || ' ' || (select count(*) from public.audit_log), '1 ' || n, 'already enqueues no job and writes no audit line') from audited;
select is((select run from public.campaigns c where c.id = one.id), 2, 'already keeps the run') from one;

-- However often it is paused and resumed, a campaign has one job and a bounded number of audit lines.
create temp table restless as select campaign_id as id from pg_temp.create(p_at => now() + interval '1 hour');
create temp table audited_before as select count(*) as n from public.audit_log;
do $$
begin
  for n in 1 .. 150 loop
    perform pg_temp.ask(id, 'pause'), pg_temp.ask(id, 'resume') from restless;
  end loop;
end;
$$;
select is((select array_agg(j.job ->> 'run') from pg_temp.jobs j where j.job ->> 'campaignId' = id::text), '{151}', 'After 300 changes, the job of the last run is the only one') from restless;
select is((select count(*) from public.audit_log) - n, 10::bigint, '300 changes write ten audit lines') from audited_before;
select is((select status::text from public.campaigns c where c.id = restless.id), 'scheduled', 'Every change was made') from restless;
reset role;
create temp table claimed_jobs as select (public.claim_jobs('campaigns', 50, 60)).job_id;
grant select on claimed_jobs to service_role;
set local role service_role;
select pg_temp.ask(id, 'pause') from one;
select ok(job_id in (select job_id from claimed_jobs) and exists (select from pg_temp.jobs j where j.msg_id = c.job_id), 'A job that is being run is not deleted') from one join public.campaigns c using (id);
select pg_temp.ask(id, 'resume') from one;
select is((select array_agg(j.job ->> 'run' order by j.job ->> 'run') from pg_temp.jobs j where j.job ->> 'campaignId' = id::text), '{2,3}', 'A resumption does not rely on a job that is being run: it may be about to end') from one;
select pg_temp.ask(id, 'cancel') from restless;
select is_empty('select 1 from restless r join pg_temp.jobs j on j.job ->> ''campaignId'' = r.id::text', 'A cancellation deletes the waiting job');
select is((select action from public.audit_log order by id desc limit 1), 'campaign.canceled', 'A cancellation is always in the audit log');
select public.pause_campaign(id, pg_temp.tenant(), 'suspended') from restless;

-- One of three recipients already has a message.
create function pg_temp.send(p_campaign uuid, p_position integer, p_status text) returns uuid language plpgsql as $$
declare
  sent uuid;
begin
  insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, campaign_id)
  select pg_temp.tenant(), 'outbound', '+15005550101', to_number, 'Hi', 'reserved', 'AC1', 'subaccount', campaign_id
  from private.campaign_recipients where campaign_id = p_campaign and position = p_position returning id into sent;
  update private.campaign_recipients set message_id = sent where campaign_id = p_campaign and position = p_position;
  perform private.move_campaign_count(p_campaign, 'waiting', 'in_flight', 1);
  update public.sms_messages set status = p_status::public.message_status where id = sent;
  return sent;
end;
$$;
create temp table in_flight_message as select pg_temp.send(id, 2, 'queued') as message_id, id from one;
select is(pg_temp.ask(id, 'cancel'), 'changed canceled', 'change_campaign returns changed for a cancellation') from one;
select is(pg_temp.counts(id), 'canceled: 0 waiting, 1 in flight, 0 sent, 0 delivered, 0 failed, 0 unknown, 2 skipped', 'A cancellation skips waiting recipients and keeps messages in flight') from one;
select results_eq('select position, counted::text, skip_reason::text from one, public.list_campaign_recipients(pg_temp.tenant(), id, null, null, 9)',
  $$ values (2, 'in_flight', null::text), (4, 'skipped', 'canceled'), (6, 'skipped', 'canceled') $$, 'The skip reason of skipped recipients is canceled');
select ok((select finished_at = now() from public.campaigns c where c.id = one.id), 'A cancellation stores the end') from one;
update public.sms_messages set status = 'delivered' where id = (select message_id from in_flight_message);
select is(pg_temp.counts(id), 'canceled: 0 waiting, 0 in flight, 0 sent, 1 delivered, 0 failed, 0 unknown, 2 skipped', 'Messages of a canceled campaign are still counted') from one;

-- A message that is released after the cancellation, or after the completion.
create temp table two as select pg_temp.campaign('running') as id;
create temp table taken as select pg_temp.send(id, 2, 'reserved') as message_id, id from two;
select pg_temp.ask(id, 'cancel') from two;
select is(public.release_message(message_id), 'released', 'release_message returns released for a message of a canceled campaign') from taken;
select is(pg_temp.counts(id), 'canceled: 0 waiting, 0 in flight, 0 sent, 0 delivered, 0 failed, 0 unknown, 3 skipped', 'The recipient of a message released after the cancellation is skipped') from two;
select results_eq('select counted::text, skip_reason::text from two, public.list_campaign_recipients(pg_temp.tenant(), id, null, null, 1)', $$ values ('skipped', 'canceled') $$, 'The skip reason of that recipient is canceled');
create temp table three as select pg_temp.campaign('running') as id;
create temp table returned as select pg_temp.send(id, 2, 'reserved') as message_id, id from three;
select pg_temp.send(id, n, 'sent') from three, unnest(array[4, 6]) n;
update public.campaigns set status = 'completed', finished_at = now() where id = (select id from three);
select public.release_message(message_id) from returned;
select is(pg_temp.counts(id), 'running: 1 waiting, 0 in flight, 2 sent, 0 delivered, 0 failed, 0 unknown, 0 skipped', 'A completed campaign runs again when a message is released') from three;

-- The counts ---------------------------------------------------------------------------------------------------------

create temp table four as select pg_temp.campaign('running') as id;
create temp table counted as select pg_temp.send(id, 2, 'reserved') as message_id from four;
create function pg_temp.becomes(p_status text) returns text language plpgsql as $$
declare
  found text;
begin
  update public.sms_messages set status = p_status::public.message_status where id = (select message_id from counted);
  select case when in_flight = 1 then 'in_flight' when sent = 1 then 'sent' when delivered = 1 then 'delivered' when failed = 1 then 'failed' when unknown = 1 then 'unknown' end into found
  from public.campaigns where id = (select id from four) and waiting = 2 and skipped = 0 and in_flight + sent + delivered + failed + unknown = 1;
  return found;
end;
$$;
select is(pg_temp.becomes(status), counted, format('A message that is %s counts as %s only', status, counted)) from (values
  ('reserved', 'in_flight'), ('unknown', 'unknown'), ('accepted', 'in_flight'), ('scheduled', 'in_flight'), ('queued', 'in_flight'), ('sending', 'in_flight'), ('sent', 'sent'),
  ('delivered', 'delivered'), ('read', 'delivered'), ('refused', 'failed'), ('failed', 'failed'), ('undelivered', 'failed'), ('canceled', 'failed'), ('not_sent', 'failed'), ('reserved', 'in_flight')) cases (status, counted);
update public.sms_messages set looked_at = now(), price = -0.01 where id = (select message_id from counted);
select is(pg_temp.becomes('sent'), 'sent', 'An update that does not change the status moves no count');
select throws_ok($$ update public.campaigns set waiting = waiting - 1 where id = (select id from four) $$, '23514', null, 'Counts that do not add up are refused');
select throws_ok($$ select private.move_campaign_count(id, 'skipped', 'waiting', 1) from four $$, '23514', null, 'A negative count is refused');
select is_empty($$ select id from public.campaigns where waiting + in_flight + sent + delivered + failed + unknown + skipped <> total $$, 'The counts of every campaign add up');

-- Reading ------------------------------------------------------------------------------------------------------------

select is(pg_temp.ask(id, change, pg_temp.attacker()), 'not_found', format('An attacker cannot %s another tenant''s campaign', change)) from four, unnest(array['pause', 'resume', 'cancel']) change;
select is(pg_temp.ask(gen_random_uuid(), 'pause'), 'not_found', 'change_campaign returns not_found for an unknown campaign');
select is((select status from public.campaigns c where c.id = four.id), 'running', 'The attacked campaign is still running') from four;
select is_empty($$ select 1 from four, public.list_campaigns(pg_temp.attacker(), id, null, null, null, 9) $$, 'list_campaigns returns nothing for an attacker who names the campaign');
select is_empty($$ select 1 from four, public.list_campaign_recipients(pg_temp.attacker(), id, null, null, 9) $$, 'list_campaign_recipients returns nothing for an attacker');
select results_eq('select l.id, l.waiting, l.sent from four, public.list_campaigns(pg_temp.tenant(), four.id, null, null, null, 9) l', 'select id, 2, 1 from four', 'list_campaigns returns the tenant''s campaign with its counts');
select set_eq($$ select user_id from public.list_campaigns(pg_temp.attacker(), null, null, null, null, 99) $$, array[pg_temp.attacker()], 'An attacker lists only their own campaigns');
select set_eq($$ select status::text from public.list_campaigns(pg_temp.tenant(), null, 'canceled', null, null, 99) $$, array['canceled'], 'list_campaigns filters by status');

update public.campaigns set created_at = case when numbered.n % 3 = 0 then now() else now() - numbered.n * interval '1 minute' end
from (select id, row_number() over (order by id) as n from public.campaigns) numbered where numbered.id = campaigns.id;
create function pg_temp.paged(p_between text) returns uuid[] language plpgsql as $$
declare
  seen uuid[] := '{}';
  last record;
  page record;
  size integer;
begin
  select null::timestamptz as created_at, null::uuid as id into last;
  loop
    size := 0;
    for page in select * from public.list_campaigns(pg_temp.tenant(), null, null, last.created_at, last.id, 4) loop
      seen := seen || page.id;
      size := size + 1;
      last := page;
    end loop;
    exit when size < 4;
    execute p_between;
  end loop;
  return seen;
end;
$$;
create temp table listed as select array_agg(id order by created_at desc, id desc) as ids from public.campaigns where user_id = pg_temp.tenant();
select ok((select cardinality(ids) from listed) > 20, 'The list has several pages');
select is(pg_temp.paged('select 1'), (select ids from listed), 'The pages list every campaign once, newest first');
select is((select array_agg(id order by n) from unnest(pg_temp.paged('select pg_temp.create()')) with ordinality p (id, n) where id = any (ids)), ids, 'Campaigns created between two pages shift no page') from listed;

-- Recipients ---------------------------------------------------------------------------------------------------------

create temp table five as select campaign_id as id from pg_temp.create(p_recipients => 8);
select pg_temp.send(id, position, status) from five, (values (2, 'queued'), (4, 'sent'), (6, 'delivered'), (8, 'failed'), (10, 'unknown')) messages (position, status);
update public.sms_messages set error_code = 30003, error_message = 'Unreachable' where status = 'failed' and campaign_id = (select id from five);
update private.campaign_recipients set skip_reason = 'opted_out' where campaign_id = (select id from five) and position = 12;
select private.move_campaign_count(id, 'waiting', 'skipped', 1) from five;
create function pg_temp.recipients(p_count text, p_after integer default null, p_limit integer default 99) returns text[] language sql as $$
  select array_agg(position || ' ' || counted order by position) from five, public.list_campaign_recipients(pg_temp.tenant(), id, p_count::public.campaign_count, p_after, p_limit);
$$;
select is(pg_temp.recipients(null), '{2 in_flight,4 sent,6 delivered,8 failed,10 unknown,12 skipped,14 waiting,16 waiting}', 'list_campaign_recipients returns each recipient with the count they belong to');
select is(pg_temp.recipients(counted), array_remove(array[expected], null), format('list_campaign_recipients filters by the count %s', counted))
from (values ('in_flight', '2 in_flight'), ('sent', '4 sent'), ('delivered', '6 delivered'), ('failed', '8 failed'), ('unknown', '10 unknown'), ('skipped', '12 skipped')) cases (counted, expected);
select is(pg_temp.recipients('waiting'), '{14 waiting,16 waiting}', 'list_campaign_recipients filters by the count waiting');
select is(pg_temp.recipients(null, 6, 2), '{8 failed,10 unknown}', 'A page begins after the given position');
select is(pg_temp.recipients('waiting', 14), '{16 waiting}', 'A page of one count begins after the given position');
select results_eq($$ select to_number, skip_reason::text, message_id is not null, status::text, error_code, error_message from five, public.list_campaign_recipients(pg_temp.tenant(), id, null, 7, 3) $$,
  $$ values ('+15005551004', null::text, true, 'failed', 30003, 'Unreachable'), ('+15005551005', null, true, 'unknown', null, null), ('+15005551006', 'opted_out', false, null, null, null) $$,
  'list_campaign_recipients returns the skip reason, the message and its error');
select is_empty($$ select counted, n from (select counted, count(*) as n from five, public.list_campaign_recipients(pg_temp.tenant(), id, null, null, 99) group by counted) l
  where n <> (select (to_jsonb(c) ->> counted::text)::integer from public.campaigns c where c.id = (select id from five)) $$, 'The recipients of each count are as many as the campaign''s counts');

-- Retries ------------------------------------------------------------------------------------------------------------

create function pg_temp.retry(p_id uuid, p_key text default gen_random_uuid()::text, p_user uuid default pg_temp.tenant(), p_rate integer default null)
returns table (outcome text, campaign_id uuid, recipients integer) language sql as $$
  select r.outcome, (r.campaign ->> 'id')::uuid, r.recipients from public.retry_campaign(p_user, p_id, p_key, 'req-3', null, p_rate, null) r;
$$;
create temp table six as select campaign_id as id from pg_temp.create(p_recipients => 9);
create temp table six_messages as select n, pg_temp.send(id, n, status) as message_id from six, (values (2, 'failed'), (4, 'undelivered'), (6, 'refused'), (8, 'not_sent'), (10, 'unknown'), (12, 'delivered'), (14, 'sent'), (16, 'failed'), (18, 'queued')) m (n, status);
select is((select outcome from pg_temp.retry(id)), 'not_over', 'retry_campaign returns not_over for a running campaign') from six;
update public.campaigns set status = 'completed', finished_at = now() where id = (select id from six);
update public.sms_messages set body = null, redacted_at = now() where id = (select message_id from six_messages where n = 16);
select is((select outcome from pg_temp.retry(id, p_user => pg_temp.attacker())), 'not_found', 'An attacker cannot retry another tenant''s campaign') from six;
select is((select outcome from pg_temp.retry(gen_random_uuid())), 'not_found', 'retry_campaign returns not_found for an unknown campaign');
update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.tenant();
select results_eq('select outcome, campaign_id from six, pg_temp.retry(id)', $$ values ('suspended', null::uuid) $$, 'The rules of a campaign hold for a retry');
update public.user_preferences set twilio_subaccount_status = 'active' where user_id = pg_temp.tenant();
select pg_temp.forget_jobs();
create temp table again as select r.* from six, pg_temp.retry(id, 'retry-1') r;
select results_eq('select outcome, recipients from again', $$ values ('created', 4) $$, 'retry_campaign returns created with the number of recipients');
select results_eq('select r.position, r.to_number, r.variables from again join private.campaign_recipients r using (campaign_id) order by 1',
  $$ values (2, '+15005551001', '{"name": "1"}'::jsonb), (4, '+15005551002', '{"name": "2"}'), (6, '+15005551003', '{"name": "3"}'), (8, '+15005551004', '{"name": "4"}') $$,
  'A retry has the failed recipients with their variables: none with an unknown result, and none whose text was deleted');
select results_eq('select c.retry_of, c.name, c.from_number, c.body, c.media_urls, c.status::text, c.total from again join public.campaigns c on c.id = campaign_id',
  $$ select id, 'Spring', '+15005550101', 'Hi {{name}}', array['https://example.test/a.png'], 'running', 4 from six $$, 'A retry has the text, the media and the sender of its campaign, and names it');
select results_eq('select job from pg_temp.jobs', $$ select jsonb_build_object('kind', 'run-campaign', 'campaignId', campaign_id, 'userId', pg_temp.tenant(), 'run', 1) from again $$, 'A retry enqueues a job');
select results_eq('select r.outcome, r.campaign_id from six, pg_temp.retry(id, ''retry-1'') r', $$ select 'duplicate', campaign_id from again $$, 'retry_campaign returns duplicate with the campaign under the same key');
select is((select outcome from pg_temp.retry(id, 'key of another')), 'nothing_failed', 'Recipients of a retry are in no second one') from six;
select is((select outcome from pg_temp.retry(campaign_id, 'retry-1')), 'key_conflict', 'retry_campaign returns key_conflict for another campaign under the same key') from again;
select pg_temp.send(campaign_id, 2, 'delivered') from again;
select pg_temp.ask(campaign_id, 'cancel') from again;
select results_eq('select outcome, recipients from six, pg_temp.retry(id, p_rate => 50)', $$ values ('created', 3) $$, 'Those whom a canceled retry did not reach may be retried');
create temp table seven as select campaign_id as id from pg_temp.create(p_recipients => 1);
select pg_temp.send(id, 2, 'delivered') from seven;
update public.campaigns set status = 'completed', finished_at = now() where id = (select id from seven);
select is((select outcome from pg_temp.retry(id)), 'nothing_failed', 'retry_campaign returns nothing_failed when all were delivered') from seven;
update public.campaigns set body = null, media_urls = '{}' where id = (select id from seven);
select is((select outcome from pg_temp.retry(id)), 'texts_deleted', 'retry_campaign returns texts_deleted when the text is deleted') from seven;

reset role;
select lives_ok($$ delete from auth.users where id = pg_temp.tenant() $$, 'A user with campaigns can be deleted');
select public.erase_messages_of_deleted_user(pg_temp.tenant(), 1000);
select is_empty($$ select 1 from public.campaigns where user_id = pg_temp.tenant() and coalesce(name, body) is not null
    union all select 1 from private.campaign_recipients, five where campaign_id = id $$,
  'Erasure deletes the texts and the recipients of a deleted user''s campaigns');

select * from finish();
rollback;
