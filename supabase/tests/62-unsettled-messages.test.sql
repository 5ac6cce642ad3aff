-- Messages whose outcome is not known are looked for at Twilio, fairly, until no evidence can come any more.
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
create function pg_temp.looked_for(p_older integer, p_limit integer) returns text[] language sql as $$
  select array_agg(body) from public.unsettled_messages(p_older, p_limit);
$$;

select pg_temp.message(body, status, age) from (values
  ('just reserved', 'reserved', interval '29 seconds'), ('reserved', 'reserved', '1 minute'), ('unknown', 'unknown', '2 minutes'),
  ('sent', 'sent', '1 minute'), ('refused', 'refused', '1 minute'), ('delivered', 'delivered', '1 minute'),
  ('an old one', 'unknown', '47 hours'), ('a hopeless one', 'unknown', '49 hours')) cases (body, status, age);

select results_eq($$ select id is not null, user_id, account_sid, source::text, from_number, to_number, body, status::text, created_at from public.unsettled_messages(90, 1) $$,
  $$ values (true, pg_temp.tenant(), 'AC1', 'subaccount', '+15005550101', '+15005550199', 'an old one', 'unknown', now() - interval '47 hours') $$,
  'The oldest is told first, with all that looking for it needs');
select is(pg_temp.looked_for(30, 10), '{an old one,unknown,reserved}', 'Reserved for some time or unknown: both are unsettled, a message of this moment is not');
select is_empty('select 1 from public.unsettled_messages(90, 0)', 'No more are told than were asked for');
select is((select count(*) from public.sms_messages where user_id = pg_temp.tenant() and looked_at is not null), 3::bigint, 'That they were looked for is noted, of them alone');
select is((select looked_at from public.sms_messages where body = 'a hopeless one'), null, 'After two days nothing is looked for any more');

-- Fairness: with room for one at a time, everybody's turn comes.
update public.sms_messages set looked_at = null where user_id = pg_temp.tenant();
select is(pg_temp.looked_for(30, 1), array[body], format('Turn by turn, now comes the %s', body)) from (values ('an old one'), ('unknown'), ('reserved'), ('an old one')) turns (body);
select pg_temp.message('a newcomer', 'unknown', '40 seconds');
select is(pg_temp.looked_for(30, 1), '{a newcomer}', 'One that was never looked for comes before those that were');

select is((public.record_message_status(id, pg_temp.tenant(), 'AC1', 'SM-pgtap-1', 'delivered', null, null)).outcome, 'moved', 'Evidence settles it')
from public.sms_messages where body = 'a newcomer';

select * from finish();
rollback;
