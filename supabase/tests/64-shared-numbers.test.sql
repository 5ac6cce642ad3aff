-- The shared numbers: which are offered, and the limits that no single user's count can hold.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(43);

select pg_temp.join_as('visitor', 'newcomer', 'attacker', 'tenant');
update public.plans set daily_message_limit = 1000, monthly_message_limit = 1000, spend_limit = 100, segment_price = 0.01, allowed_countries = null;
delete from private.rate_limits;
delete from private.fallback_usage;
delete from private.master_numbers;
set local role service_role;
update private.fallback_limits set daily_messages = 1000, daily_messages_per_recipient = 1000;
insert into private.master_numbers (phone_sid, phone_number) values ('PN-m1', '+15005550001'), ('PN-m2', '+15005550002');

create sequence pg_temp.recipients start 1000;
create function pg_temp.reserve(p_user uuid, p_to text default null, p_key text default gen_random_uuid()::text)
returns table (outcome text, message_limit numeric) language sql as $$
  select r.outcome::text, r.message_limit from public.reserve_message(p_user, p_key, 'hash', coalesce(p_to, '+1707555' || nextval('pg_temp.recipients')), 'US', null, 'Hello', '{}',
    1, 'GSM-7', true, 'AC-master') r;
$$;
create function pg_temp.outcome(p_user uuid, p_to text default null) returns text language sql as $$ select r.outcome from pg_temp.reserve(p_user, p_to) r; $$;
create function pg_temp.used(p_subject text) returns integer language sql as $$
  select coalesce(sum(u.messages), 0)::integer from private.fallback_usage u where u.subject = p_subject;
$$;

-- Offering -----------------------------------------------------------------------------------------------------------

select is(pg_temp.outcome(pg_temp.visitor()), 'no_number', 'A shared number that no operator offered cannot be sent from');
select is(public.offer_number('+15005550001', true, pg_temp.operator(), 'for trials', 'req-1')::text, 'changed', 'offer_number returns changed');
select is(pg_temp.outcome(pg_temp.visitor()), 'reserved', 'An offered number can be sent from');
select is((select plan_key from public.sms_messages where source = 'master' and user_id = pg_temp.visitor()), 'fallback', 'A message from a shared number names the plan of the shared numbers');
select is(public.offer_number('+15005550001', true, pg_temp.operator(), 'again', 'req-2')::text, 'already', 'offer_number returns already for an offered number');
select is(public.offer_number('+15005550009', true, pg_temp.operator(), 'x', 'req-3')::text, 'not_found', 'offer_number returns not_found for an unknown number');
select is(public.offer_number('+15005550001', false, pg_temp.operator(), 'abuse', 'req-4')::text, 'changed', 'offer_number returns changed for a withdrawal');
select is(pg_temp.outcome(pg_temp.visitor()), 'no_number', 'A withdrawn number cannot be sent from');
select results_eq($$ select actor, action, request_id, details from public.audit_log where action in ('number.offered', 'number.withdrawn') order by id $$,
  $$ values ('operator:' || pg_temp.operator(), 'number.offered', 'req-1', '{"phoneNumber": "+15005550001", "phoneSid": "PN-m1", "reason": "for trials"}'::jsonb),
    ('operator:' || pg_temp.operator(), 'number.withdrawn', 'req-4', '{"phoneNumber": "+15005550001", "phoneSid": "PN-m1", "reason": "abuse"}') $$,
  'Each change of an offer is audited once, with its operator and reason');
update private.master_numbers set is_offered = true where phone_sid = 'PN-m1';

-- Users without a confirmed address ----------------------------------------------------------------------------------

create function pg_temp.outcome_as(p_email text, p_email_confirmed boolean, p_phone text, p_phone_confirmed boolean, p_anonymous boolean) returns text language plpgsql as $$
begin
  perform set_config('role', 'none', true);
  update auth.users set email = p_email, email_confirmed_at = case when p_email_confirmed then now() end, phone = p_phone,
    phone_confirmed_at = case when p_phone_confirmed then now() end, is_anonymous = p_anonymous where id = pg_temp.visitor();
  set local role service_role;
  return pg_temp.outcome(pg_temp.visitor());
end;
$$;
reset role;
create temp table cases (title text, email text, email_confirmed boolean, phone text, phone_confirmed boolean, anonymous boolean, outcome text);
insert into cases values
  ('A user with an unconfirmed address', 'v@pgtap.test', false, null, false, false, 'unconfirmed_user'),
  ('A user with an unconfirmed phone number', null, false, '4915112345678', false, false, 'unconfirmed_user'),
  ('A user whose confirmed address was removed', null, true, null, false, false, 'unconfirmed_user'),
  ('An anonymous user', null, false, null, false, true, 'unconfirmed_user'),
  ('An anonymous user with a confirmed address', 'v@pgtap.test', true, null, false, true, 'unconfirmed_user'),
  ('A user with a confirmed phone number', null, false, '4915112345678', true, false, 'reserved'),
  ('A user with a confirmed address', 'v@pgtap.test', true, null, false, false, 'reserved');
select is(pg_temp.outcome_as(email, email_confirmed, phone, phone_confirmed, anonymous), outcome, format('%s gets %s', title, outcome)) from cases;
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary) values (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', true);
reset role;
update auth.users set email_confirmed_at = null where id = pg_temp.tenant();
set local role service_role;
select is(pg_temp.outcome(pg_temp.tenant()), 'reserved', 'A tenant with their own number needs no confirmed address');

-- The limit of all users together ------------------------------------------------------------------------------------

delete from private.fallback_usage;
update private.fallback_limits set daily_messages = 3;
select is((select array_agg(pg_temp.outcome(case n % 2 when 0 then pg_temp.visitor() else pg_temp.newcomer() end)) from generate_series(1, 4) n),
  '{reserved,reserved,reserved,fallback_limit_reached}', 'All users of the shared numbers together stay within the limit of a day');
select results_eq($$ select outcome, message_limit from pg_temp.reserve(pg_temp.attacker()) $$, $$ values ('fallback_limit_reached', 3::numeric) $$, 'A new user gets fallback_limit_reached with the limit');
select is((select count(*) from public.sms_messages where user_id = pg_temp.attacker()), 0::bigint, 'A message beyond the limit is not in the ledger');
select is((select coalesce(sum(messages), 0) from private.sending_totals where user_id = pg_temp.attacker()), 0::numeric, 'A message beyond the limit counts nowhere');
select is((select count(*) from public.sms_conversations where user_id = pg_temp.attacker()) + (select count(*) from private.awaited_reports r where not exists (select from public.sms_messages m where m.id = r.message_id)), 0::bigint,
  'A message beyond the limit leaves no conversation and no awaited report');
create temp table reached as select min(peer_number) as number, count(*) as conversations from public.sms_conversations where user_id = pg_temp.visitor();
select results_eq($$ select pg_temp.outcome(pg_temp.visitor(), number), (select count(*) from public.sms_conversations where user_id = pg_temp.visitor()) from reached $$, $$ select 'fallback_limit_reached', conversations from reached $$,
  'A message beyond the limit leaves a conversation with other messages');
select is(pg_temp.used('all'), 3, 'A refused message is not counted');
select is((select count(*) from private.fallback_usage where messages > 0), 6::bigint, 'A refused message leaves no count of its recipient or contact');
select is(pg_temp.outcome(pg_temp.tenant()), 'reserved', 'A tenant with their own number is not held by the limit of the shared numbers');
update private.fallback_usage set day = day - 1;
select is(pg_temp.outcome(pg_temp.attacker()), 'reserved', 'The limit of a day holds for its day');

-- The limit per recipient --------------------------------------------------------------------------------------------

delete from private.fallback_usage;
update private.fallback_limits set daily_messages = 1000, daily_messages_per_recipient = 2;
select is((select array_agg(pg_temp.outcome(u, '+17075550188')) from unnest(array[pg_temp.visitor(), pg_temp.newcomer(), pg_temp.attacker()]) u),
  '{reserved,reserved,recipient_limit_reached}', 'A recipient gets no more than their limit from all users together');
select results_eq($$ select outcome, message_limit from pg_temp.reserve(pg_temp.visitor(), '+17075550188') $$, $$ values ('recipient_limit_reached', 2::numeric) $$, 'recipient_limit_reached comes with the limit');
select is(pg_temp.outcome(pg_temp.visitor(), '+17075550189'), 'reserved', 'Another recipient has a limit of their own');
select is((select array_agg(pg_temp.outcome(pg_temp.tenant(), '+17075550188')) from generate_series(1, 1)), '{reserved}', 'A tenant''s own number may still send to the recipient');

-- Deleting and signing up again --------------------------------------------------------------------------------------

delete from private.fallback_usage;
update private.fallback_limits set daily_messages_per_recipient = 1000;
update public.plans set daily_message_limit = 2, monthly_message_limit = 3 where key = 'fallback';
create function pg_temp.send_as(p_email text, p_times integer) returns text[] language plpgsql as $$
declare
  member uuid := gen_random_uuid();
  outcomes text[] := '{}';
begin
  perform set_config('role', 'none', true);
  insert into auth.users (id, email, email_confirmed_at) values (member, p_email, now());
  set local role service_role;
  for i in 1..p_times loop
    outcomes := outcomes || pg_temp.outcome(member);
  end loop;
  perform set_config('role', 'none', true);
  delete from auth.users where id = member;
  set local role service_role;
  return outcomes;
end;
$$;
select is(pg_temp.send_as('eve@pgtap.test', 3), '{reserved,reserved,daily_limit_reached}', 'A user reaches the limit of a day');
select is(pg_temp.send_as('eve@pgtap.test', 1), '{daily_limit_reached}', 'Deleting the user and signing up again starts no new count');
select is(pg_temp.send_as('Eve+again@PGTAP.test', 1), '{daily_limit_reached}', 'Another spelling of the address starts no new count');
select is(pg_temp.send_as('adam@pgtap.test', 1), '{reserved}', 'Another address has a count of its own');
update public.plans set daily_message_limit = 1000 where key = 'fallback';
select is(pg_temp.send_as('eve@pgtap.test', 2), '{reserved,monthly_limit_reached}', 'Signing up again starts no new count of the month');
select is_empty($$ select 1 from private.fallback_usage where subject ~ '@|eve|adam|\+|7075550' $$, 'The counts hold no address and no number');

select is(private.normalized_email(given), expected, format('%s is counted as %s', given, expected)) from (values
  ('First.Last+x@GoogleMail.com', 'firstlast@gmail.com'), ('First.Last+x@example.com', 'first.last@example.com')) cases (given, expected);

-- Released messages --------------------------------------------------------------------------------------------------

update public.plans set monthly_message_limit = 1000 where key = 'fallback';
create temp table counted as select array_agg(u.subject || ' ' || u.messages order by u.subject) as rows from private.fallback_usage u where u.messages > 0;
create temp table throttled as select (message ->> 'id')::uuid as id from public.reserve_message(pg_temp.visitor(), 'throttled', 'hash', '+17075559999', 'US', null, 'Hello', '{}', 1, 'GSM-7', true, 'AC-master');
select is(public.release_message(id), 'released', 'A message from a shared number that Twilio did not process is released') from throttled;
select is((select array_agg(u.subject || ' ' || u.messages order by u.subject) from private.fallback_usage u where u.messages > 0), rows, 'A released message counts toward no limit of the shared numbers') from counted;

-- Forgetting ---------------------------------------------------------------------------------------------------------

insert into private.fallback_usage (subject, day, messages) values ('all', date_trunc('month', now() at time zone 'UTC')::date - 1, 7);
select public.forget_rate_limits();
select results_eq('select bool_and(day >= date_trunc(''month'', now() at time zone ''UTC'')::date), count(*) > 0 from private.fallback_usage', 'values (true, true)',
  'forget_rate_limits deletes the counts of the month before and keeps those of this month');
select throws_ok('insert into private.fallback_limits default values', '23505', null, 'A second row of limits is refused');

select * from finish();
rollback;
