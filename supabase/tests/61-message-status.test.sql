-- Evidence moves a message forward, never back, whatever comes late, twice, or from the wrong account.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(34);

select pg_temp.join_as('tenant', 'attacker');

-- The life of a message, in stages: evidence counts when it is of a later stage. The last stage is final, but for `delivered`,
-- which may still be read. Statuses of received messages are no evidence about sent ones.
create temp table stages (status text primary key, stage integer);
insert into stages values ('reserved', 0), ('unknown', 1), ('not_sent', 2), ('accepted', 3), ('scheduled', 3), ('queued', 4), ('sending', 5), ('sent', 6),
  ('refused', 7), ('failed', 7), ('undelivered', 7), ('canceled', 7), ('delivered', 7), ('read', 8), ('receiving', null), ('received', null);
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

-- Every pair of statuses ------------------------------------------------------------------------------------------------

select set_eq(
  $$ select status::text from unnest(enum_range(null::public.message_status)) status $$,
  'select status from stages', 'Every status that the table takes has its stage here');

create view pg_temp.pairs as
  select b.status as before, a.status as after,
    coalesce(a.stage > b.stage and (b.stage < 7 or (b.status = 'delivered' and a.status = 'read')), false) as moves
  from stages b, stages a;
grant select on pg_temp.pairs to service_role;
select results_eq(
  $$ select before, after, pg_temp.evidence(pg_temp.message(before), null, after) from pg_temp.pairs order by before, after $$,
  $$ select before, after, case when moves then 'moved ' || after else 'unchanged ' || before end from pg_temp.pairs order by before, after $$,
  'Of all 225 pairs of statuses, those and only those move that go forward');
select results_eq(
  $$ select status::text, count(*) from public.sms_messages where user_id = pg_temp.tenant() group by 1 order by 1 $$,
  $$ select case when moves then after else before end as status, count(*) from pg_temp.pairs group by 1 order by 1 $$,
  'What is stored is what was answered');

-- All orders of three reports, each perhaps twice: the outcome is the same, except that of two final ones the first counts.
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
  'In whatever order the reports come, a delivered message ends delivered');
select is(pg_temp.outcome_of('{queued,undelivered,delivered,read,sent}'), 'undelivered', 'Of two final reports the first counts');
select is(pg_temp.outcome_of('{unknown,sent,delivered,read}'), 'read', 'A message whose answer was lost goes on by its callbacks');
select is(pg_temp.outcome_of('{nonsense,sent,nonsense}'), 'sent', 'A word that nobody knows moves nothing');

-- What else is kept -----------------------------------------------------------------------------------------------------

create temp table told as select pg_temp.message('reserved') as id;
update public.sms_messages set status_updated_at = '2026-01-01Z' where id = (select id from told);
create function pg_temp.told() returns public.sms_messages language sql as $$ select m from public.sms_messages m where m.id = (select id from told); $$;
select results_eq(
  $$ select r.outcome::text, r.status::text from told, public.record_message_status(id, pg_temp.tenant(), 'AC1', 'SM-pgtap-1', 'failed', 30003, 'Unreachable') r $$,
  $$ values ('moved', 'failed') $$, 'A report with all it can carry is recorded');
select public.record_message_reports('AC1', '[{"sid": "SM-pgtap-1", "num_segments": 2, "price": -0.0158, "price_unit": "USD"}]');
select results_eq(
  $$ select (t).status::text, (t).twilio_message_sid, (t).error_code, (t).error_message, (t).num_segments, (t).price, (t).price_unit, (t).status_updated_at from pg_temp.told() t $$,
  $$ values ('failed', 'SM-pgtap-1', 30003, 'Unreachable', 2, -0.0158::numeric, 'USD', now()) $$, 'All of it is kept, with the time');
update public.sms_messages set status_updated_at = '2026-01-01Z' where id = (select id from told);
select results_eq(
  $$ select r.outcome::text, r.status::text from told, public.record_message_status(id, pg_temp.tenant(), 'AC1', 'SM-pgtap-1', 'sent', 1, 'Late') r $$,
  $$ values ('unchanged', 'failed') $$, 'A late report changes no status');
select public.record_message_reports('AC1', '[{"sid": "SM-pgtap-1", "price": -0.02}]');
select results_eq(
  $$ select (t).error_code, (t).error_message, (t).status_updated_at, (t).num_segments, (t).price, (t).price_unit from pg_temp.told() t $$,
  $$ values (30003, 'Unreachable', '2026-01-01Z'::timestamptz, 2, -0.0158::numeric, 'USD') $$,
  'Late reports change no error and no time, the first price stays, and what they do not tell stays');

-- By our id or by Twilio's ----------------------------------------------------------------------------------------------

create temp table early as select pg_temp.message('reserved') as id;
select is(pg_temp.evidence(id, 'SM-pgtap-2', 'sent'), 'moved sent', 'A callback that comes before the answer finds the message by our id') from early;
select is((select twilio_message_sid from public.sms_messages m where m.id = early.id), 'SM-pgtap-2', 'And tells its SID') from early;
select is(pg_temp.evidence(id, 'SM-pgtap-2', 'queued'), 'unchanged sent', 'The answer that comes after it does not turn the message back') from early;
select is(pg_temp.evidence(null, 'SM-pgtap-2', 'delivered'), 'moved delivered', 'A report without our id finds the message by its SID');
select is(pg_temp.evidence(null, 'SM-pgtap-never', 'delivered'), 'not_found', 'A SID that nobody knows finds nothing');
select is(pg_temp.evidence(null, null, 'delivered'), 'not_found', 'A report of nothing finds nothing');
select is(pg_temp.evidence(gen_random_uuid(), 'SM-pgtap-2', 'read'), 'not_found', 'An id that nobody knows is not replaced by a SID');

-- From the wrong place --------------------------------------------------------------------------------------------------

select is(pg_temp.evidence(id, 'SM-pgtap-2', 'read', p_user => pg_temp.attacker()), 'not_found', 'Evidence about another tenant''s message finds nothing') from early;
select is(pg_temp.evidence(null, 'SM-pgtap-2', 'read', p_user => pg_temp.attacker()), 'not_found', 'Also by its SID');
select is(pg_temp.evidence(id, 'SM-pgtap-2', 'read', 'AC2'), 'mismatch delivered', 'Evidence from another account is no evidence') from early;
select is(pg_temp.evidence(id, 'SM-pgtap-2', 'read', null), 'mismatch delivered', 'Evidence from no account is no evidence') from early;
select is(pg_temp.evidence(id, 'SM-pgtap-3', 'read'), 'mismatch delivered', 'Evidence about another SID is no evidence') from early;
create temp table twin as select pg_temp.message('unknown') as id;
select is(pg_temp.evidence(id, 'SM-pgtap-2', 'sent'), 'mismatch unknown', 'The evidence of one of two equal messages is none for the other') from twin;
select is((select twilio_message_sid from public.sms_messages m where m.id = twin.id), null, 'A mismatch changes nothing') from twin;
select is((select status from public.sms_messages m where m.id = early.id), 'delivered', 'Nor there') from early;
select throws_ok($$ insert into public.sms_messages (user_id, direction, from_number, to_number, status, account_sid, source, twilio_message_sid)
  values (pg_temp.tenant(), 'outbound', '+1', '+2', 'sent', 'AC1', 'subaccount', 'SM-pgtap-2') $$, '23505', null, 'A SID has one message, whoever writes');
select is(pg_temp.evidence(pg_temp.message('received', 'SM-pgtap-4', 'inbound'), 'SM-pgtap-4', 'delivered'), 'unchanged received', 'A received message has no further life');

-- Taking back what was certainly not sent -------------------------------------------------------------------------------

select is(public.release_message(pg_temp.message('reserved')), 'released', 'A message that Twilio certainly did not take is released');
select is(public.release_message(pg_temp.message(status)), 'gone', format('A message that is %s is not', status)) from unnest(array['unknown', 'refused', 'queued']) status;
select is(public.release_message(pg_temp.message('reserved', 'SM-pgtap-5')), 'gone', 'A message whose SID is known was taken');
select is(public.release_message(gen_random_uuid()), 'gone', 'What is not there cannot be released');

select * from finish();
rollback;
