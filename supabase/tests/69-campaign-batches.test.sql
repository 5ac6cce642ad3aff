-- A campaign is sent in batches within send rate, limits and budget: no recipient twice, no opted-out recipient, each
-- result counted.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(133);

select pg_temp.join_as('tenant', 'attacker');
update public.plans set daily_message_limit = 10000, monthly_message_limit = 10000, spend_limit = 1000, segment_price = 0.01, allowed_countries = null, messages_per_second = 5000;
set local role service_role;
delete from public.campaigns;
delete from public.sms_messages;
delete from public.sms_opt_outs;
delete from private.send_rates;
delete from private.carrier_fees;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.attacker(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary, messages_per_second) values
  (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', true, 5000), (pg_temp.attacker(), '+15005550104', 'PN-pgtap-4', true, 5000);

-- Recipient n is at position n, +15005551000 + n.
create function pg_temp.campaign(p_recipients integer, p_at timestamptz default null, p_body text default 'Hi') returns uuid language sql as $$
  select (campaign ->> 'id')::uuid from public.create_campaign(pg_temp.tenant(), gen_random_uuid()::text, 'hash', null, '+15005550101', p_body, '{}', p_at,
    (select jsonb_agg(jsonb_build_object('position', n, 'to', '+1500555' || 1000 + n, 'country', case when n % 10 = 7 then 'FR' else 'US' end)) from generate_series(1, p_recipients) n),
    'req-1', null, null, null);
$$;
create temp table named (name text primary key, id uuid);
create function pg_temp.make(p_name text, p_recipients integer, p_at timestamptz default null, p_body text default 'Hi') returns void language sql as $$
  insert into named values (p_name, pg_temp.campaign(p_recipients, p_at, p_body));
$$;
create function pg_temp.id(p_name text) returns uuid stable return (select id from named where name = p_name);
create function pg_temp.batch(p_name text, p_limit integer default 25, p_run integer default 1, p_user uuid default pg_temp.tenant(), p_ignore_rate boolean default true) returns text language plpgsql as $$
declare
  w record;
begin
  if p_ignore_rate then
    delete from private.send_rates;
  end if;
  select * into w from public.reserve_campaign_batch(pg_temp.id(p_name), p_user, p_run, p_limit);
  return concat_ws(' ', w.outcome, (select string_agg(m.position::text, ',' order by m.position) from jsonb_populate_recordset(null::public.batch_message, w.messages) m));
end;
$$;
create function pg_temp.counts(p_name text) returns text language sql as $$
  select concat_ws(', ', c.status || coalesce(' (' || status_reason || ')', ''), nullif(waiting, 0) || ' waiting', nullif(in_flight, 0) || ' in flight', nullif(sent, 0) || ' sent',
    nullif(delivered, 0) || ' delivered', nullif(failed, 0) || ' failed', nullif(unknown, 0) || ' unknown', nullif(skipped, 0) || ' skipped')
  from public.campaigns c where c.id = pg_temp.id(p_name);
$$;
create function pg_temp.message(p_name text, p_position integer) returns uuid language sql as $$
  select message_id from private.campaign_recipients where campaign_id = pg_temp.id(p_name) and position = p_position;
$$;
-- Records the results of the messages at these positions.
create function pg_temp.record(p_name text, p_results jsonb, p_user uuid default pg_temp.tenant()) returns integer language sql as $$
  select public.record_campaign_batch(pg_temp.id(p_name), p_user,
    (select jsonb_agg(jsonb_build_object('message_id', pg_temp.message(p_name, (r ->> 'at')::integer)) || r - 'at') from jsonb_array_elements(p_results) r));
$$;

-- A batch ------------------------------------------------------------------------------------------------------------

select pg_temp.make('one', 6);
create temp table first as select * from public.reserve_campaign_batch(pg_temp.id('one'), pg_temp.tenant(), 1, 2);
select results_eq('select outcome::text, wait_ms, account_sid, sealed_token, from_number, media_urls from first',
  $$ values ('reserved', 0, 'AC1', 'v1.k1.iv.one', '+15005550101', '{}'::text[]) $$, 'reserve_campaign_batch returns reserved with the account, the number and the media');
select results_eq('select m.position, m.to_number, m.body from first, jsonb_populate_recordset(null::public.batch_message, messages) m', $$ values (1, '+15005551001', 'Hi'), (2, '+15005551002', 'Hi') $$,
  'The batch has as many messages as the limit, in order');
select results_eq($$ select user_id, direction::text, from_number, to_number, body, media_urls, status::text, account_sid, source::text, num_segments, estimated_price, campaign_id, idempotency_key from public.sms_messages
    where id = (select (messages -> 0 ->> 'id')::uuid from first) $$,
  $$ values (pg_temp.tenant(), 'outbound', '+15005550101', '+15005551001', 'Hi', '{}'::text[], 'reserved', 'AC1', 'subaccount', 1, 0.01::numeric, pg_temp.id('one'),
    'campaign ' || pg_temp.id('one') || ' 1') $$, 'The messages are stored as reserved');
select is((select plan_key from public.sms_messages where id = (select (messages -> 0 ->> 'id')::uuid from first)), (private.plan_of(pg_temp.tenant())).key, 'They name the version of the plan in force');
select is(pg_temp.message('one', 2), (select (messages -> 1 ->> 'id')::uuid from first), 'Each recipient has the id of their message');
select is(pg_temp.counts('one'), 'running, 4 waiting, 2 in flight', 'The recipients count as in flight');
select is((select started_at from public.campaigns where id = pg_temp.id('one')), now(), 'The first batch sets started_at');
select is((select messages || ' for ' || spend from private.sending_totals where user_id = pg_temp.tenant()), '2 for 0.02000', 'The messages count toward the tenant''s limits');
select is(pg_temp.batch('one', 3), 'reserved 3,4,5', 'The next batch continues after the last position');
select is(pg_temp.batch('one', 3), 'reserved 6', 'The last batch has the remaining recipients');
select is(pg_temp.batch('one'), 'completed', 'A campaign without waiting recipients returns completed');
select results_eq('select status::text, status_reason::text, finished_at from public.campaigns where id = pg_temp.id(''one'')', $$ values ('completed', null::text, now()) $$, 'A completed campaign has no reason, and its end is stored');
select is(pg_temp.batch('one'), 'over', 'A completed campaign returns over');

-- Texts.
insert into named select 'named', (campaign ->> 'id')::uuid from public.create_campaign(pg_temp.tenant(), 'named', 'hash', null, null, 'Dear {{ First Name }}, {{1. Tür}}: {{ First Name }} { {{1. Tür}} }', '{}', null,
  '[{"position": 0, "to": "+15005551001", "country": "US", "variables": {" First Name ": "{{1. Tür}} \\1 & $&", "1. Tür": "7"}}, {"position": 1, "to": "+15005551002", "country": "US", "variables": {" First Name ": "", "1. Tür": "8"}}]', 'req', null, null, null);
select pg_temp.batch('named', 1);
select is(pg_temp.batch('named', 1), 'reserved 1', 'A message is rendered in the batch it is reserved in');
select results_eq($$ select body from public.sms_messages where campaign_id = pg_temp.id('named') order by to_number $$,
  $$ values ('Dear {{1. Tür}} \1 & $&, 7: {{1. Tür}} \1 & $& { 7 }'), ('Dear , 8:  { 8 }') $$, 'Each message has the recipient''s values in place of the placeholders, unchanged');
select pg_temp.message('named', 0);
select is((select variables ->> '1. Tür' from private.campaign_recipients where campaign_id = pg_temp.id('named') and position = 0), '7', 'A recipient with a message keeps their variables: the message may be released');
select pg_temp.record('named', '[{"at": 0, "status": "released"}]');
select is(pg_temp.batch('named'), 'reserved 0', 'A released message is rendered again');

select pg_temp.make('long', 95);
create function pg_temp.all_batches(p_name text, p_limit integer) returns text language plpgsql as $$
declare
  outcome text;
  batches integer := 0;
begin
  loop
    outcome := pg_temp.batch(p_name, p_limit);
    exit when outcome not like 'reserved%' or batches > 200;
    batches := batches + 1;
  end loop;
  return batches || ' batches, ' || outcome;
end;
$$;
select is(pg_temp.all_batches('long', 10), '10 batches, completed', 'A campaign of 95 recipients takes ten batches of ten');
select results_eq($$ select count(*), count(distinct to_number) from public.sms_messages where campaign_id = pg_temp.id('long') $$, $$ values (95::bigint, 95::bigint) $$, 'Each recipient has exactly one message');

-- Tenant and run -----------------------------------------------------------------------------------------------------

select pg_temp.make('two', 50);
select is(pg_temp.batch('two', p_user => pg_temp.attacker()), 'over', 'reserve_campaign_batch returns over for another tenant''s campaign');
select is(pg_temp.batch('two', p_run => run), 'over', format('reserve_campaign_batch returns over for the run %s', coalesce(run::text, 'nothing'))) from unnest(array[0, 2, null]) run;
select is((select outcome from public.reserve_campaign_batch(gen_random_uuid(), pg_temp.tenant(), 1, 25)), 'over', 'reserve_campaign_batch returns over for an unknown campaign');
select is((select outcome from public.reserve_campaign_batch(gen_random_uuid(), gen_random_uuid(), 1, 25)), 'over', 'reserve_campaign_batch returns over for an unknown campaign of a deleted user');
select is_empty($$ select 1 from public.reserve_campaign_batch(pg_temp.id('two'), pg_temp.attacker(), 1, 25) w where coalesce(account_sid, sealed_token, from_number, messages::text) is not null $$, 'over comes with no account, token, number or messages');
select public.change_campaign(pg_temp.tenant(), pg_temp.id('two'), 'pause', 'req');
select is(pg_temp.batch('two'), 'over', 'reserve_campaign_batch returns over for a paused campaign');
select public.change_campaign(pg_temp.tenant(), pg_temp.id('two'), 'resume', 'req');
select is(pg_temp.batch('two'), 'over', 'After a resumption, the former run is over');
select is(pg_temp.batch('two', 1, 2), 'reserved 1', 'After a resumption, the new run continues');
update public.campaigns set run = 1 where id = pg_temp.id('two');

select pg_temp.make('later', 2, now() + interval '1 hour');
select results_eq('select outcome::text, wait_ms from public.reserve_campaign_batch(pg_temp.id(''later''), pg_temp.tenant(), 1, 25)', $$ values ('scheduled', 3600000) $$, 'reserve_campaign_batch returns scheduled with the time to wait');
update public.campaigns set scheduled_at = now() where id = pg_temp.id('later');
select is(pg_temp.batch('later'), 'reserved 1,2', 'At its time, a scheduled campaign returns reserved');
select is(pg_temp.counts('later'), 'running, 2 in flight', 'The first batch sets a scheduled campaign to running');

-- Senders that may not send ------------------------------------------------------------------------------------------

create function pg_temp.without(p_change text) returns text language plpgsql as $$
declare
  decided text;
begin
  begin
    execute p_change;
    decided := pg_temp.batch('two') || ', ' || pg_temp.counts('two');
    raise exception 'undo';
  exception when raise_exception then
    return decided;
  end;
end;
$$;
select is(pg_temp.without(change), expected || ', 49 waiting, 1 in flight', format('After "%s" the batch is %s', change, expected)) from (values
  ($$ update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.tenant() $$, 'paused, paused (suspended)'),
  ($$ update public.user_preferences set twilio_subaccount_status = 'closed' where user_id = pg_temp.tenant() $$, 'paused, paused (closed)'),
  ($$ update public.user_preferences set twilio_subaccount_auth_token_encrypted = null where user_id = pg_temp.tenant() $$, 'paused, paused (pending)'),
  ($$ update public.user_preferences set twilio_subaccount_sid = null where user_id = pg_temp.tenant() $$, 'paused, paused (no_subaccount)'),
  ($$ update public.user_twilio_numbers set status = 'released', is_primary = false where user_id = pg_temp.tenant() $$, 'paused, paused (number_not_owned)'),
  ($$ update public.plans set daily_message_limit = 1 where key = 'free' $$, 'limit_reached, running (daily_limit_reached)'),
  ($$ update public.plans set monthly_message_limit = 1 where key = 'free' $$, 'limit_reached, running (monthly_limit_reached)'),
  ($$ update public.plans set spend_limit = 0.01 where key = 'free' $$, 'limit_reached, running (spend_limit_reached)'),
  ($$ update public.plans set segment_price = 999.999 where key = 'free' $$, 'limit_reached, running (spend_limit_reached)'),
  ($$ delete from public.plans where key = 'free' $$, 'limit_reached, running (daily_limit_reached)')) cases (change, expected);
update public.plans set daily_message_limit = 0 where key = 'free';
select results_eq('select outcome::text, wait_ms from public.reserve_campaign_batch(pg_temp.id(''two''), pg_temp.tenant(), 1, 25)', $$ values ('limit_reached', 600000) $$, 'limit_reached comes with a wait of ten minutes');

-- Limits -------------------------------------------------------------------------------------------------------------

create function pg_temp.sent_today() returns integer language sql as $$ select sum(messages)::integer from private.sending_totals where user_id = pg_temp.tenant(); $$;
update public.plans set daily_message_limit = pg_temp.sent_today() + 3 where key = 'free';
select is(pg_temp.batch('two'), 'reserved 2,3,4', 'A batch is no larger than the remaining daily quota');
select is(pg_temp.counts('two'), 'running, 46 waiting, 4 in flight', 'A reserved batch clears the reason');
select is(pg_temp.batch('two'), 'limit_reached', 'Without a remaining daily quota, the batch is limit_reached');
select is((select outcome from public.reserve_message(pg_temp.tenant(), 'k', 'h', '+15005550199', 'US', null, 'Hi', '{}', 1, 'GSM-7', false, 'AC-master')), 'daily_limit_reached', 'A single message has the same daily limit');
update public.plans set daily_message_limit = 10000, monthly_message_limit = pg_temp.sent_today() + 2 where key = 'free';
select is(pg_temp.batch('two'), 'reserved 5,6', 'A batch is no larger than the remaining monthly quota');
update public.plans set monthly_message_limit = 10000, spend_limit = pg_temp.sent_today() * 0.01 + 0.05 where key = 'free';
select is(pg_temp.batch('two'), 'reserved 7,8,9,10,11', 'A batch costs no more than the remaining spend');
select is((select sum(spend) from private.sending_totals where user_id = pg_temp.tenant()), (select spend_limit from public.plans where key = 'free'), 'A batch may use the spend limit exactly');
update public.plans set spend_limit = 1000 where key = 'free';
select pg_temp.make('wordy', 5, null, repeat('x', 161));
update public.plans set spend_limit = pg_temp.sent_today() * 0.01 + 0.05 where key = 'free';
select is(pg_temp.batch('wordy'), 'reserved 1,2', 'A longer text costs its segments');
select is(pg_temp.batch('wordy'), 'limit_reached', 'A batch whose next message costs too much is limit_reached');
select is(pg_temp.counts('wordy'), 'running (spend_limit_reached), 3 waiting, 2 in flight', 'The campaign stores the limit as its reason');
update public.plans set spend_limit = 1000 where key = 'free';

-- Skipped recipients -------------------------------------------------------------------------------------------------

select pg_temp.make('careful', 30);
insert into public.sms_opt_outs (user_id, sender, recipient, keyword)
select pg_temp.tenant(), '+15005550101', '+1500555' || 1000 + n, 'STOP' from generate_series(2, 4) n union all select pg_temp.tenant(), '+15005550104', '+15005551001', 'STOP';
update public.plans set allowed_countries = '{US}' where key = 'free';
select is(pg_temp.batch('careful', 5), 'reserved 1,5,6,8,9', 'Recipients who opted out of the number and refused destinations are skipped');
select is(pg_temp.counts('careful'), 'running, 19 waiting, 5 in flight, 6 skipped', 'Skipped recipients are counted');
select results_eq($$ select position, skip_reason::text from private.campaign_recipients where campaign_id = pg_temp.id('careful') and skip_reason is not null order by position $$,
  $$ values (2, 'opted_out'), (3, 'opted_out'), (4, 'opted_out'), (7, 'destination_refused'), (17, 'destination_refused'), (27, 'destination_refused') $$, 'Each skipped recipient has a reason');
insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (pg_temp.tenant(), '+15005550101', '+15005551010', 'STOP');
select is(pg_temp.batch('careful', 2), 'reserved 11,12', 'A recipient who opts out between two batches is skipped by the next one');
select public.save_messaging_settings(pg_temp.tenant(), null, null, null, '{FR}', null);
select is(pg_temp.batch('careful'), 'reserved', 'A batch reserves no message when the tenant''s countries exclude all remaining recipients');
select is(pg_temp.counts('careful'), 'running, 7 in flight, 23 skipped', 'All of them are counted as skipped');
select is(pg_temp.batch('careful'), 'completed', 'A campaign with only skipped recipients left is completed');
select public.save_messaging_settings(pg_temp.tenant(), null, null, null, null, null);
update public.plans set allowed_countries = null where key = 'free';

-- More opted-out recipients than one batch checks.
select pg_temp.make('unwanted', 500);
insert into public.sms_opt_outs (sender, recipient, keyword) select '+15005550101', '+1500555' || 1000 + n, 'STOP' from generate_series(1, 499) n on conflict do nothing;
select is(pg_temp.all_batches('unwanted', 10), '3 batches, completed', 'More opted-out recipients than one batch checks take several batches');
select results_eq($$ select to_number from public.sms_messages where campaign_id = pg_temp.id('unwanted') $$, array['+15005551500'],
  'No message is reserved to a recipient who was not checked for an opt-out');
select is(pg_temp.counts('unwanted'), 'completed, 1 in flight, 499 skipped', 'All 499 opted-out recipients are counted as skipped');
delete from public.sms_opt_outs;

-- Send rate ----------------------------------------------------------------------------------------------------------

select pg_temp.make('rated', 100);
delete from private.send_rates;
update public.user_twilio_numbers set messages_per_second = 1 where user_id = pg_temp.tenant();
select is(pg_temp.batch('rated', p_ignore_rate => false), 'reserved 1', 'A number with a send rate of one a second sends one message');
select ok(outcome = 'send_rate_reached' and wait_ms between 800 and 1000, 'send_rate_reached comes with the time to wait') from public.reserve_campaign_batch(pg_temp.id('rated'), pg_temp.tenant(), 1, 25);
update public.user_twilio_numbers set messages_per_second = 50 where user_id = pg_temp.tenant();
select is(pg_temp.batch('rated'), 'reserved 2,3,4,5,6,7,8,9,10,11', 'A batch has up to a fifth of a second''s messages');
update public.user_twilio_numbers set messages_per_second = 5000 where user_id = pg_temp.tenant();
update public.plans set messages_per_second = 2 where key = 'free';
select is(pg_temp.batch('rated'), 'reserved 12', 'The plan''s send rate holds for all numbers of a tenant');
select ok(outcome = 'send_rate_reached' and wait_ms between 400 and 500, 'The plan''s send rate holds for another campaign of the tenant') from public.reserve_campaign_batch(pg_temp.id('two'), pg_temp.tenant(), 1, 25);
update public.plans set messages_per_second = 5000 where key = 'free';
select is(pg_temp.batch('rated', 0), 'send_rate_reached', 'A batch with a limit of zero returns send_rate_reached');

delete from private.send_rates;
select results_eq('select * from private.available_sends(''x'', 1)', $$ values (1, 0) $$, 'available_sends returns one message for a new subject');
select results_eq('select available from unnest(array[0.5, 4.9, 10, 14.9, 1000]) p, private.available_sends(''x'', p)', array[1, 1, 2, 2, 200], 'available_sends returns a fifth of a second''s messages, at least one');
select private.note_sends('x', 2, 3);
select ok(available = 0 and wait_ms between 1400 and 1500, 'Three messages at two a second take a second and a half') from private.available_sends('x', 2);
select private.note_sends('x', 2, 3);
select ok(available = 0 and wait_ms between 2900 and 3000, 'Three more messages take another second and a half') from private.available_sends('x', 2);
select results_eq('select available from private.available_sends(''y'', 2)', array[1], 'Another number has its own send rate');
update private.send_rates set due_at = clock_timestamp() - interval '1 hour' where subject = 'x';
select private.note_sends('x', 2, 3);
select ok(wait_ms between 1400 and 1500, 'Idle time is not saved up') from private.available_sends('x', 2);

select results_eq($$ select outcome::text, user_id from public.set_number_send_rate('+15005550101', 7.5, pg_temp.operator(), 'req-9', 'asked') $$, $$ values ('set', pg_temp.tenant()) $$, 'set_number_send_rate returns set with the tenant');
select is((select messages_per_second from public.user_twilio_numbers where phone_number = '+15005550101'), 7.5, 'The send rate is stored');
select results_eq($$ select actor, action, user_id, request_id, details from public.audit_log order by id desc limit 1 $$,
  $$ values ('operator:' || pg_temp.operator(), 'number.send_rate_set', pg_temp.tenant(), 'req-9', '{"phoneNumber": "+15005550101", "messagesPerSecond": 7.5, "reason": "asked"}'::jsonb) $$, 'The audit log names the operator, the number and the send rate');
select is((select messages_per_second from public.user_twilio_numbers where phone_number = '+15005550104'), 5000.0, 'Another number''s send rate is unchanged');
select results_eq($$ select outcome::text, user_id from public.set_number_send_rate('+15005550999', 1, pg_temp.operator(), 'req-9', 'asked') $$, $$ values ('not_found', null::uuid) $$, 'set_number_send_rate returns not_found for an unknown number');
select throws_ok($$ select public.set_number_send_rate('+15005550101', rate, pg_temp.operator(), 'req-9', 'asked') from unnest(array[$$ || rate || $$]) rate $$, '23514', null, format('A send rate of %s is refused', rate)) from unnest(array[0, -1, 0.0001]) rate;
select public.set_number_send_rate('+15005550101', 5000, pg_temp.operator(), 'req-9', 'asked');

-- Results of a batch -------------------------------------------------------------------------------------------------

select pg_temp.make('results', 12);
select pg_temp.batch('results', 6);
-- The callback of the sixth message is faster than the response.
select public.record_message_status(pg_temp.message('results', 6), pg_temp.tenant(), 'AC1', 'SM-6', 'delivered', null, null);
create temp table before as select pg_temp.message('results', 5) as id;
select is(pg_temp.record('results', '[{"at": 1, "status": "queued", "sid": "SM-1", "num_segments": 2}, {"at": 2, "status": "refused", "error_code": 30006, "error_message": "Landline"},
  {"at": 3, "status": "refused", "error_code": 21610, "error_message": "Unsubscribed"}, {"at": 4, "status": "unknown", "error_message": "Lost"}, {"at": 5, "status": "released"}, {"at": 6, "status": "queued", "sid": "SM-6"}]'),
  0, 'record_campaign_batch returns 0 for a batch with responses');
select results_eq($$ select position, status::text, twilio_message_sid, error_code, error_message, num_segments from private.campaign_recipients r join public.sms_messages m on m.id = r.message_id
    where r.campaign_id = pg_temp.id('results') order by position $$,
  $$ values (1, 'queued', 'SM-1', null::integer, null::text, 2), (2, 'refused', null, 30006, 'Landline', 1), (3, 'refused', null, 21610, 'Unsubscribed', 1), (4, 'unknown', null, null, 'Lost', 1),
    (6, 'delivered', 'SM-6', null, null, 1) $$, 'Each result is recorded, a faster callback stays, and a released message is deleted');
select is(pg_temp.counts('results'), 'running, 7 waiting, 1 in flight, 1 delivered, 2 failed, 1 unknown', 'The results are counted');
select results_eq('select sender, recipient, user_id, keyword from public.sms_opt_outs', $$ values ('+15005550101', '+15005551003', pg_temp.tenant(), '21610') $$, 'Error 21610 in a result stores an opt-out');
select is(pg_temp.batch('results', 2), 'reserved 5,7', 'A recipient of a released message is in the next batch');
select isnt(pg_temp.message('results', 5), id, 'The recipient gets a new message') from before;
select is(pg_temp.record('results', '[{"at": 5, "status": "queued", "sid": "SM-5"}, {"at": 7, "status": "released"}, {"at": 6, "status": "released"}, {"at": 1, "status": "unknown"}]'), 0, 'record_campaign_batch accepts released for messages that Twilio has');
select is(pg_temp.counts('results'), 'running, 6 waiting, 2 in flight, 1 delivered, 2 failed, 1 unknown', 'released and unknown do not change a message that Twilio has');
select is(pg_temp.record('results', '[{"at": 5, "status": "delivered", "sid": "SM-else"}]'), 0, 'record_campaign_batch accepts a result with another SID');
select results_eq($$ select status::text, twilio_message_sid from public.sms_messages where id = pg_temp.message('results', 5) $$, $$ values ('queued', 'SM-5') $$, 'A result with another SID does not change the message');
create temp table unchanged as select array_agg(m order by id) as messages from public.sms_messages m where campaign_id = pg_temp.id('results');
select pg_temp.record('results', '[{"at": 5, "status": "failed", "error_code": 21610}, {"at": 4, "status": "unknown"}]', pg_temp.attacker());
select is((select array_agg(m order by id) from public.sms_messages m where campaign_id = pg_temp.id('results')), messages, 'Another tenant''s results change no message') from unchanged;
select is((select failed_batches || ' ' || (select count(*) from public.sms_opt_outs) from public.campaigns where id = pg_temp.id('results')), '0 1', 'Another tenant''s results change neither failed_batches nor opt-outs');
select is(public.record_campaign_batch(pg_temp.id('results'), pg_temp.tenant(), (select jsonb_agg(jsonb_build_object('message_id', id, 'status', 'failed')) from public.sms_messages where campaign_id = pg_temp.id('one'))), 0,
  'record_campaign_batch accepts results of another campaign''s messages');
select is(pg_temp.counts('one'), 'completed, 6 in flight', 'Results of another campaign''s messages change no count');
select is(public.record_campaign_batch(pg_temp.id('results'), pg_temp.tenant(), '[]'), 0, 'record_campaign_batch returns 0 for an empty array');

-- Later evidence.
select public.record_message_status(pg_temp.message('results', 1), pg_temp.tenant(), 'AC1', 'SM-1', status, null, null) from unnest(array['sent', 'delivered']) status;
select is(pg_temp.counts('results'), 'running, 6 waiting, 1 in flight, 2 delivered, 2 failed, 1 unknown', 'Callbacks are counted');
select public.record_message_reports('AC1', '[{"sid": "SM-5", "status": "undelivered"}, {"sid": "SM-1", "status": "read"}]');
select is(pg_temp.counts('results'), 'running, 6 waiting, 2 delivered, 3 failed, 1 unknown', 'Reports are counted');
select public.record_message_status(pg_temp.message('results', 4), pg_temp.tenant(), 'AC1', null, 'not_sent', null, null);
select is(pg_temp.counts('results'), 'running, 6 waiting, 2 delivered, 4 failed', 'A message that becomes not_sent counts as failed and is not sent again');

-- Batches without a response -----------------------------------------------------------------------------------------

select pg_temp.batch('results', 2);
select is(pg_temp.record('results', '[{"at": 7, "status": "unknown"}, {"at": 8, "status": "unknown"}]'), 1, 'A batch without a response returns one failed batch');
select is(pg_temp.batch('results', 25), 'reserved 9', 'After a failed batch, the next batch has one message');
select is(pg_temp.record('results', '[{"at": 9, "status": "unknown"}]'), 2, 'A second batch without a response returns two failed batches');
select is(pg_temp.record('results', '[{"at": 9, "status": "unknown"}, {"at": 8, "status": "queued", "sid": "SM-8"}]'), 0, 'One response resets the failed batches');
select is(pg_temp.batch('results', 25), 'reserved 10,11,12', 'After a reset, the batch has its full size again');
select is(pg_temp.record('results', '[{"at": 10, "status": "unknown"}, {"at": 11, "status": "released"}, {"at": 12, "status": "released"}]'), 1, 'A released message beside an unknown one does not reset the failed batches');
select is(pg_temp.batch('results', 25), 'reserved 11', 'After another failed batch, the next batch has one message');
select is(pg_temp.record('results', '[{"at": 11, "status": "released"}]'), 0, 'A batch with only released messages resets the failed batches');
select is(pg_temp.batch('results', 25), 'reserved 11,12', 'The batch has its full size again');

-- Throttled batches --------------------------------------------------------------------------------------------------

delete from public.sms_opt_outs;
select pg_temp.make('throttled', 4);
select pg_temp.make('waits', 1);
select pg_temp.batch('throttled', 3);
select is(pg_temp.record('throttled', '[{"at": 1, "status": "throttled"}, {"at": 2, "status": "throttled"}, {"at": 3, "status": "throttled"}]') || ', ' || pg_temp.counts('throttled'),
  '1, running, 4 waiting', 'A throttled batch returns one failed batch, and its recipients wait');
select is(pg_temp.batch('throttled', 3), 'reserved 1', 'After a throttled batch, the next batch has one message');
select is(pg_temp.record('throttled', '[{"at": 1, "status": "throttled"}]'), 2, 'A second throttled batch returns two failed batches');
select public.delay_sender('+15005550101', 30);
select is((select outcome || ', ' || (wait_ms between 29000 and 30000) from public.reserve_campaign_batch(pg_temp.id('waits'), pg_temp.tenant(), 1, 25)), 'send_rate_reached, true', 'delay_sender makes another campaign of the number wait');
select public.change_campaign(pg_temp.tenant(), pg_temp.id(name), 'cancel', null) from unnest(array['throttled', 'waits']) name;
delete from private.send_rates;

-- A recipient who has written since ----------------------------------------------------------------------------------

-- Of six recipients, three replied START after their message went out, and a fourth wrote something else. Twilio reports 21610 for each, by each of the three paths.
select pg_temp.make('written', 12);
delete from public.sms_opt_outs;
select pg_temp.batch('written', 12);
update public.sms_messages set created_at = created_at - interval '1 minute', twilio_message_sid = 'SM-written-' || right(to_number, 2)
where campaign_id = pg_temp.id('written');
insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, consent)
select pg_temp.tenant(), 'inbound', '+1500555' || 1000 + n, '+15005550101', 'Start', 'received', 'AC1', 'subaccount', (case when n < 4 then 'start' end)::public.consent from unnest(array[1, 2, 3, 4]) n;
create function pg_temp.opted_out() returns text language sql as $$
  select coalesce(string_agg(right(recipient, 2), ',' order by recipient), 'none') from public.sms_opt_outs where sender = '+15005550101';
$$;
select is((public.record_message_status(pg_temp.message('written', 1), pg_temp.tenant(), 'AC1', 'SM-written-01', 'failed', 21610, null)).outcome || ', ' || pg_temp.opted_out(), 'moved, none',
  'record_message_status with error 21610 adds no opt-out for a recipient who has replied START since');
select is((public.record_message_reports('AC1', '[{"sid": "SM-written-02", "status": "failed", "error_code": 21610}]')).moved || ', ' || pg_temp.opted_out(), '1, none',
  'record_message_reports with error 21610 adds no opt-out for a recipient who has replied START since');
select pg_temp.record('written', '[{"at": 3, "status": "refused", "error_code": 21610}]');
select is((select status from public.sms_messages where id = pg_temp.message('written', 3)) || ', ' || pg_temp.opted_out(), 'refused, none', 'record_campaign_batch with error 21610 adds no opt-out for a recipient who has replied START since');
select public.record_message_status(pg_temp.message('written', 4), pg_temp.tenant(), 'AC1', 'SM-written-04', 'failed', 21610, null),
  public.record_message_reports('AC1', '[{"sid": "SM-written-05", "status": "failed", "error_code": 21610}]'),
  pg_temp.record('written', '[{"at": 6, "status": "refused", "error_code": 21610}]');
select is(pg_temp.opted_out(), '04,05,06', 'Each path with error 21610 adds an opt-out for a recipient who has not replied START since');

-- Pausing by the system ----------------------------------------------------------------------------------------------

select is(public.pause_campaign(pg_temp.id('two'), pg_temp.attacker(), 'account_refused'), 'unchanged', 'pause_campaign returns unchanged for another tenant''s campaign');
select is(public.pause_campaign(pg_temp.id('two'), pg_temp.tenant(), 'account_refused'), 'paused', 'pause_campaign returns paused for a running campaign');
select results_eq('select status::text, status_reason::text from public.campaigns where id = pg_temp.id(''two'')', $$ values ('paused', 'account_refused') $$, 'A paused campaign stores the reason');
select results_eq($$ select actor, action, user_id, details from public.audit_log order by id desc limit 1 $$, $$ values ('campaigns', 'campaign.paused', pg_temp.tenant(), jsonb_build_object('campaignId', pg_temp.id('two'), 'reason', 'account_refused')) $$, 'The audit line has the campaign and the reason');
select is(public.pause_campaign(pg_temp.id(name), pg_temp.tenant(), 'suspended'), 'unchanged', format('pause_campaign returns unchanged for a campaign that is %s', status)) from (values ('two', 'paused'), ('one', 'completed')) cases (name, status);

select pg_temp.make('charged', 2);
select pg_temp.batch('charged', 1);
select public.record_message_status(pg_temp.message('charged', 1), pg_temp.tenant(), 'AC1', 'SM-charged', 'undelivered', 30034, null);
select is(public.pause_campaign_of('AC2', 'SM-charged', 'sender_refused', 30034), 'unchanged', 'pause_campaign_of returns unchanged for a message of another account');
select is(public.pause_campaign_of('AC1', 'SM-charged', 'sender_refused', 30035), 'unchanged', 'pause_campaign_of returns unchanged for an error that the message does not have');
select is(public.pause_campaign_of('AC1', 'SM-charged', 'sender_refused', 30034), 'paused', 'pause_campaign_of pauses the campaign of a message with the error');
select results_eq($$ select c.status_reason::text, c.twilio_error_code, a.kind::text, a.details from public.campaigns c join public.operator_alerts a on a.subject = c.id::text where c.id = pg_temp.id('charged') $$,
  $$ values ('sender_refused', 30034, 'campaign_paused', '{"reason": "sender_refused", "twilioCode": 30034, "phoneNumber": "+15005550101"}'::jsonb) $$, 'The campaign has the error, and the operator an alert');
select public.change_campaign(pg_temp.tenant(), pg_temp.id('charged'), 'resume', null);
select results_eq($$ select c.twilio_error_code, a.settled_at is not null from public.campaigns c join public.operator_alerts a on a.subject = c.id::text where c.id = pg_temp.id('charged') $$,
  $$ values (null::integer, true) $$, 'A resumed campaign has no error, and its alert is settled');
select public.pause_campaign_of('AC1', 'SM-charged', 'sender_refused', 30034), public.change_campaign(pg_temp.tenant(), pg_temp.id('charged'), 'resume', null) from generate_series(1, 12);
select is((select count(*) from public.operator_alerts where subject = pg_temp.id('charged')::text), 10::bigint, 'A campaign that is resumed and paused again and again raises ten alerts an hour');

select is_empty($$ select id from public.campaigns where waiting + in_flight + sent + delivered + failed + unknown + skipped <> total $$, 'The counts of every campaign add up');
select is_empty($$ select c.id from public.campaigns c cross join lateral (
    select count(*) filter (where is_waiting and c.status <> 'canceled') as waiting, count(*) filter (where skip_reason is not null or (is_waiting and c.status = 'canceled')) as skipped, count(*) filter (where message_id is not null) as messages
    from private.campaign_recipients r where r.campaign_id = c.id) r
  where (c.waiting, c.skipped, c.total - c.waiting - c.skipped) <> (r.waiting, r.skipped, r.messages) $$, 'The counts of every campaign equal those of its recipients');
select is((select sum(messages) from private.sending_totals where user_id = pg_temp.tenant()), (select count(*)::numeric from public.sms_messages m where user_id = pg_temp.tenant() and m.direction = 'outbound' and private.counts(m.status)),
  'The tenant''s total equals the count of their messages');

select * from finish();
rollback;
