-- Where the files of received messages are, and whose credentials read them.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(19);

select pg_temp.join_as('tenant', 'attacker');
set local role service_role;
delete from public.sms_messages;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'),
  pg_temp.store(pg_temp.attacker(), 'AC2', 'active', 'v1.k1.iv.two');

create temp table named (name text primary key, id uuid);
create function pg_temp.message(p_name text, p_direction text default 'inbound', p_account text default 'AC1', p_source text default 'subaccount')
returns void language sql as $$
  with made as (
    insert into public.sms_messages (user_id, direction, from_number, to_number, media_urls, media_types, status, account_sid, source, twilio_message_sid)
    values (pg_temp.tenant(), p_direction::public.message_direction, '+15005550199', '+15005550101', '{https://api.test/a,https://api.test/b}', '{image/png,video/mp4}',
      case p_direction when 'inbound' then 'received' else 'delivered' end::public.message_status, p_account, p_source::public.message_source, 'MM-' || p_name)
    returning id
  )
  insert into named select p_name, id from made;
$$;
create function pg_temp.open(p_name text, p_index integer default 0, p_user uuid default pg_temp.tenant(), p_rate integer default null)
returns text language sql as $$
  select concat_ws(' ', r.outcome, r.account_sid, r.message_sid, r.media_url, r.media_type, r.sealed_token,
    case when r.retry_after_seconds > 0 then 'wait' end)
  from public.message_media(p_user, (select id from named where name = p_name), p_index, 'media', '192.0.2.1', p_rate, 100, 60) r;
$$;

select pg_temp.message('cat');
select pg_temp.message('sent', 'outbound');
select pg_temp.message('old', p_account => 'AC0');
select pg_temp.message('master', p_account => 'AC9', p_source => 'master');

select is(pg_temp.open('cat'), 'own_account AC1 MM-cat https://api.test/a image/png v1.k1.iv.one', 'message_media returns own_account with the first file and the token of an active subaccount');
select is(pg_temp.open('cat', 1), 'own_account AC1 MM-cat https://api.test/b video/mp4 v1.k1.iv.one', 'Index 1 is the second file');
select is(pg_temp.open('cat', 2), 'not_found', 'message_media returns not_found for an index beyond the last file');
select is(pg_temp.open('cat', -1), 'not_found', 'message_media returns not_found for a negative index');
select is(pg_temp.open('cat', p_user => null), 'own_account AC1 MM-cat https://api.test/a image/png v1.k1.iv.one', 'Without a user, the message names the tenant');
select is(pg_temp.open('cat', p_user => pg_temp.attacker()), 'not_found', 'message_media returns not_found for another tenant');
select is(pg_temp.open('sent'), 'not_found', 'message_media returns not_found for a sent message');
select is(pg_temp.open('nothing'), 'not_found', 'message_media returns not_found for an unknown message');
select is(pg_temp.open('nothing', p_user => null), 'not_found', 'message_media returns not_found for an unknown message without a user');
select is(pg_temp.open('old'), 'gone AC0 MM-old https://api.test/a image/png', 'message_media returns gone for a message of an earlier account');
select is(pg_temp.open('master'), 'master_account AC9 MM-master https://api.test/a image/png', 'message_media returns master_account for a message of the master account');

select is(array[pg_temp.open('cat', p_rate => 1), pg_temp.open('cat', p_user => null, p_rate => 1)],
  array['own_account AC1 MM-cat https://api.test/a image/png v1.k1.iv.one', 'exceeded wait'], 'A link counts toward the limit of its tenant');
select is(pg_temp.open('cat', p_user => pg_temp.attacker(), p_rate => 1), 'not_found', 'The first request of another tenant is not limited');
select is(pg_temp.open('cat', p_user => pg_temp.attacker(), p_rate => 1), 'exceeded wait', 'Requests for messages of others count as well');

update public.user_preferences set twilio_subaccount_status = 'suspended' where user_id = pg_temp.tenant();
select is(pg_temp.open('cat'), 'master_account AC1 MM-cat https://api.test/a image/png', 'message_media returns master_account and no token for a suspended subaccount');
update public.user_preferences set twilio_subaccount_status = 'closed' where user_id = pg_temp.tenant();
select matches(pg_temp.open('cat'), '^gone ', 'message_media returns gone for a closed subaccount');
update public.user_preferences set twilio_subaccount_status = 'active' where user_id = pg_temp.tenant();
select public.request_redaction(pg_temp.tenant(), (select id from named where name = 'cat'), 'req-1');
select is(pg_temp.open('cat'), 'gone', 'message_media returns gone as soon as the deletion of a message is requested');

select pg_temp.sign_in(pg_temp.tenant());
select throws_ok($$ select pg_temp.open('cat') $$, '42501', null, 'A user cannot call message_media');
select pg_temp.sign_out();
select throws_ok($$ select pg_temp.open('cat') $$, '42501', null, 'anon cannot call message_media');

select * from finish();
rollback;
