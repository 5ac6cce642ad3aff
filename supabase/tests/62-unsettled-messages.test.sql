-- Messages with an unknown outcome are looked up at Twilio in turn, until no evidence can arrive any more.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(11);

select pg_temp.join_as('tenant');
set local role service_role;
delete from public.sms_messages where status in ('reserved', 'unknown');

create function pg_temp.message(p_body text, p_status text, p_age interval) returns void language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, created_at)
  values (pg_temp.tenant(), 'outbound', '+15005550101', '+15005550199', p_body, p_status::public.message_status, 'AC1', 'subaccount', now() - p_age);
$$;
create function pg_temp.looked_up(p_older integer, p_limit integer) returns text[] language sql as $$
  select array_agg(body) from public.unsettled_messages(p_older, p_limit);
$$;

select pg_temp.message(body, status, age) from (values
  ('just reserved', 'reserved', interval '29 seconds'), ('reserved', 'reserved', '1 minute'), ('unknown', 'unknown', '2 minutes'),
  ('sent', 'sent', '1 minute'), ('refused', 'refused', '1 minute'), ('delivered', 'delivered', '1 minute'),
  ('old', 'unknown', '47 hours'), ('too old', 'unknown', '49 hours')) cases (body, status, age);

select results_eq($$ select id is not null, user_id, account_sid, source::text, from_number, to_number, body, status::text, created_at from public.unsettled_messages(90, 1) $$,
  $$ values (true, pg_temp.tenant(), 'AC1', 'subaccount', '+15005550101', '+15005550199', 'old', 'unknown', now() - interval '47 hours') $$,
  'unsettled_messages returns the oldest message first, with every value');
select is(pg_temp.looked_up(30, 10), '{old,unknown,reserved}', 'unsettled_messages returns reserved and unknown messages older than the given seconds');
select is_empty('select 1 from public.unsettled_messages(90, 0)', 'unsettled_messages respects its limit');
select is((select count(*) from public.sms_messages where user_id = pg_temp.tenant() and looked_at is not null), 3::bigint, 'unsettled_messages sets looked_at on the returned messages only');
select is((select looked_at from public.sms_messages where body = 'too old'), null, 'unsettled_messages leaves out messages older than two days');

-- Fairness: with a limit of one, every message has its turn.
update public.sms_messages set looked_at = null where user_id = pg_temp.tenant();
select is(pg_temp.looked_up(30, 1), array[body], format('With a limit of one, the messages take turns: %s', body)) from (values ('old'), ('unknown'), ('reserved'), ('old')) turns (body);
select pg_temp.message('new', 'unknown', '40 seconds');
select is(pg_temp.looked_up(30, 1), '{new}', 'A message that was never looked up comes first');

select is((public.record_message_status(id, pg_temp.tenant(), 'AC1', 'SM-pgtap-1', 'delivered', null, null)).outcome, 'moved', 'Evidence settles an unknown message')
from public.sms_messages where body = 'new';

select * from finish();
rollback;
