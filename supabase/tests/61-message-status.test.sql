-- Evidence moves a message forward and never back. Late, repeated and foreign evidence changes nothing.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(37);

select pg_temp.join_as('tenant', 'attacker');

-- The stage of each status: evidence of a later stage moves a message. Stage 8 is final, except that a delivered message
-- may become read. Statuses of received messages have no stage.
create temp table stages (status text primary key, stage integer);
insert into stages values ('reserved', 0), ('unknown', 1), ('not_sent', 2), ('accepted', 3), ('scheduled', 4), ('queued', 5), ('sending', 6), ('sent', 7),
  ('refused', 8), ('failed', 8), ('undelivered', 8), ('canceled', 8), ('delivered', 8), ('read', 9), ('receiving', null), ('received', null);
grant select on stages to service_role;
set local role service_role;

create function pg_temp.message(p_status text, p_sid text default null, p_direction text default 'outbound') returns uuid language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, twilio_message_sid)
  values (pg_temp.tenant(), p_direction::public.message_direction, '+15005550101', '+15005550199', p_status::public.message_status, 'AC1', 'subaccount', p_sid) returning id;
$$;
create function pg_temp.evidence(p_id uuid, p_sid text, p_status text, p_account text default 'AC1', p_user uuid default pg_temp.tenant()) returns text
language sql as $$
  select outcome || coalesce(' ' || status, '') from public.record_message_status(p_id, p_user, p_account, p_sid, p_status, null, null);
$$;

-- Every pair of statuses ---------------------------------------------------------------------------------------------

select set_eq(
  $$ select status::text from unnest(enum_range(null::public.message_status)) status $$,
  'select status from stages', 'The stages above cover every message status');

create view pg_temp.pairs as
  select b.status as before, a.status as after,
    coalesce(a.stage > b.stage and (b.stage < 8 or (b.status = 'delivered' and a.status = 'read')), false) as moves
  from stages b, stages a;
grant select on pg_temp.pairs to service_role;
select results_eq(
  $$ select before, after, pg_temp.evidence(pg_temp.message(before), null, after) from pg_temp.pairs order by before, after $$,
  $$ select before, after, case when moves then 'moved ' || after else 'unchanged ' || before end from pg_temp.pairs order by before, after $$,
  'Of all pairs of statuses, exactly those that go forward move');
select results_eq(
  $$ select status::text, count(*) from public.sms_messages where user_id = pg_temp.tenant() group by 1 order by 1 $$,
  $$ select case when moves then after else before end as status, count(*) from pg_temp.pairs group by 1 order by 1 $$,
  'The stored statuses are the returned ones');

-- Reports in every order, some repeated, have the same outcome; of two final ones, the first counts.
create function pg_temp.outcome_of(p_reports text[]) returns text language plpgsql as $$
declare
  message uuid := pg_temp.message('reserved');
  report text;
begin
  foreach report in array p_reports loop
    perform pg_temp.evidence(message, null, report);
  end loop;
  return (select status from public.sms_messages m where m.id = message);
end;
$$;
select is_empty(
  $$ select x, y, z from unnest(array['queued', 'sending', 'sent', 'delivered']) x, unnest(array['queued', 'sending', 'sent', 'delivered']) y,
       unnest(array['queued', 'sending', 'sent', 'delivered']) z
     where pg_temp.outcome_of(array[x, y, z, 'delivered', x]) <> 'delivered' $$,
  'A delivered message ends as delivered, in any order of reports');
select is(pg_temp.outcome_of('{queued,undelivered,delivered,read,sent}'), 'undelivered', 'Of two final reports, the first counts');
select is(pg_temp.outcome_of('{unknown,sent,delivered,read}'), 'read', 'A message with a lost response moves on by its callbacks');
select is(pg_temp.outcome_of('{nonsense,sent,nonsense}'), 'sent', 'An unknown status word moves no message');

-- Other values of evidence -------------------------------------------------------------------------------------------

create temp table told as select pg_temp.message('reserved') as id;
update public.sms_messages set status_updated_at = '2026-01-01Z' where id = (select id from told);
create function pg_temp.told() returns public.sms_messages language sql as $$ select m from public.sms_messages m where m.id = (select id from told); $$;
select results_eq(
  $$ select r.outcome::text, r.status::text from told, public.record_message_status(id, pg_temp.tenant(), 'AC1', 'SM-pgtap-1', 'failed', 30003, 'Unreachable') r $$,
  $$ values ('moved', 'failed') $$, 'record_message_status returns moved for a later status');
select public.record_message_reports('AC1', '[{"sid": "SM-pgtap-1", "num_segments": 2, "price": -0.0158, "price_unit": "USD"}]');
select results_eq(
  $$ select (t).status::text, (t).twilio_message_sid, (t).error_code, (t).error_message, (t).num_segments, (t).price, (t).price_unit, (t).status_updated_at from pg_temp.told() t $$,
  $$ values ('failed', 'SM-pgtap-1', 30003, 'Unreachable', 2, -0.0158::numeric, 'USD', now()) $$, 'Status, SID, error, segments, price and time are stored');
update public.sms_messages set status_updated_at = '2026-01-01Z' where id = (select id from told);
select results_eq(
  $$ select r.outcome::text, r.status::text from told, public.record_message_status(id, pg_temp.tenant(), 'AC1', 'SM-pgtap-1', 'sent', 1, 'Late') r $$,
  $$ values ('unchanged', 'failed') $$, 'record_message_status returns unchanged for an earlier status');
select public.record_message_reports('AC1', '[{"sid": "SM-pgtap-1", "price": -0.02}]');
select results_eq(
  $$ select (t).error_code, (t).error_message, (t).status_updated_at, (t).num_segments, (t).price, (t).price_unit from pg_temp.told() t $$,
  $$ values (30003, 'Unreachable', '2026-01-01Z'::timestamptz, 2, -0.0158::numeric, 'USD') $$,
  'Late reports change no error, time, segments or first price');

-- By our id or by Twilio's -------------------------------------------------------------------------------------------

create temp table early as select pg_temp.message('reserved') as id;
select is(pg_temp.evidence(id, 'SM-pgtap-2', 'sent'), 'moved sent', 'A callback before the response finds the message by our id') from early;
select is((select twilio_message_sid from public.sms_messages m where m.id = early.id), 'SM-pgtap-2', 'That callback stores the SID') from early;
select is(pg_temp.evidence(id, 'SM-pgtap-2', 'queued'), 'unchanged sent', 'The response after the callback does not move the message back') from early;
select is(pg_temp.evidence(null, 'SM-pgtap-2', 'delivered'), 'moved delivered', 'A report without our id finds the message by its SID');
select is(pg_temp.evidence(null, 'SM-pgtap-never', 'delivered'), 'not_found', 'record_message_status returns not_found for an unknown SID');
select is(pg_temp.evidence(null, null, 'delivered'), 'not_found', 'record_message_status returns not_found without an id and a SID');
select is(pg_temp.evidence(gen_random_uuid(), 'SM-pgtap-2', 'read'), 'not_found', 'record_message_status returns not_found for an unknown id with a known SID');

-- Evidence of another tenant, account or SID -------------------------------------------------------------------------

select is(pg_temp.evidence(id, 'SM-pgtap-2', 'read', p_user => pg_temp.attacker()), 'not_found', 'record_message_status returns not_found for another tenant''s message by id') from early;
select is(pg_temp.evidence(null, 'SM-pgtap-2', 'read', p_user => pg_temp.attacker()), 'not_found', 'record_message_status returns not_found for another tenant''s message by SID');
select is(pg_temp.evidence(id, 'SM-pgtap-2', 'read', 'AC2'), 'mismatch delivered', 'record_message_status returns mismatch for another account') from early;
select is(pg_temp.evidence(id, 'SM-pgtap-2', 'read', null), 'mismatch delivered', 'record_message_status returns mismatch without an account') from early;
select is(pg_temp.evidence(id, 'SM-pgtap-3', 'read'), 'mismatch delivered', 'record_message_status returns mismatch for another SID') from early;
create temp table twin as select pg_temp.message('unknown') as id;
select is(pg_temp.evidence(id, 'SM-pgtap-2', 'sent'), 'mismatch unknown', 'record_message_status returns mismatch for the SID of an equal message') from twin;
select is((select twilio_message_sid from public.sms_messages m where m.id = twin.id), null, 'A mismatch stores no SID') from twin;
select is((select status from public.sms_messages m where m.id = early.id), 'delivered', 'A mismatch does not change the message that has the SID') from early;
select throws_ok($$ insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, twilio_message_sid)
  values (pg_temp.tenant(), 'outbound', '+1', '+2', 'sent', 'AC1', 'subaccount', 'SM-pgtap-2') $$, '23505', null, 'Two messages with one SID are refused by the table');
select is(pg_temp.evidence(pg_temp.message('received', 'SM-pgtap-4', 'inbound'), 'SM-pgtap-4', 'delivered'), 'unchanged received', 'A received message keeps its status');

-- Several reports -----------------------------------------------------------------------------------------------------

create temp table several as select pg_temp.message('reserved') as first, pg_temp.message('reserved') as second;
create function pg_temp.callback(p_id uuid, p_sid text, p_status text, p_user uuid default pg_temp.tenant()) returns jsonb language sql as $$
  select jsonb_build_object('message_id', p_id, 'user_id', p_user, 'account_sid', 'AC1', 'sid', p_sid, 'status', p_status, 'error_code', null, 'error_message', null);
$$;
select is(array(select r.outcome || coalesce(' ' || r.status, '') from public.record_message_statuses(jsonb_build_array(
    pg_temp.callback(second, 'SM-several-2', 'delivered'), pg_temp.callback(first, 'SM-several-1', 'sent', pg_temp.attacker()),
    pg_temp.callback(gen_random_uuid(), 'SM-several-3', 'sent'), pg_temp.callback(first, 'SM-several-2', 'sent'),
    pg_temp.callback(first, 'SM-several-1', 'sent'), pg_temp.callback(null, 'SM-several-1', 'delivered'), pg_temp.callback(null, 'SM-several-2', 'sent'))) r),
  '{moved delivered,not_found,not_found,mismatch reserved,moved sent,moved delivered,unchanged delivered}', 'record_message_statuses records each report by itself and returns what came of them in order') from several;
select results_eq($$ select m.status::text, m.twilio_message_sid from several, public.sms_messages m where m.id in (first, second) order by m.id = second $$,
  $$ values ('delivered', 'SM-several-1'), ('delivered', 'SM-several-2') $$, 'Several reports store statuses and SIDs as single ones do');
select is_empty($$ select public.record_message_statuses('[]') $$, 'No reports have no outcomes');

-- Releasing a message that was certainly not sent --------------------------------------------------------------------

select is(public.release_message(pg_temp.message('reserved')), 'released', 'release_message returns released for a reserved message');
select is(public.release_message(pg_temp.message(status)), 'gone', format('release_message returns gone for a message that is %s', status)) from unnest(array['unknown', 'refused', 'queued']) status;
select is(public.release_message(pg_temp.message('reserved', 'SM-pgtap-5')), 'gone', 'release_message returns gone for a reserved message with a SID');
select is(public.release_message(gen_random_uuid()), 'gone', 'release_message returns gone for an unknown id');

select * from finish();
rollback;
