-- Reading messages: one conversation per pair of numbers, stable pages, filters and search, within one tenant.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(83);

select pg_temp.join_as('tenant', 'neighbour', 'attacker');
set local role service_role;
delete from public.sms_messages;
delete from public.sms_conversations;

create function pg_temp.message(p_body text, p_own text default '+15005550101', p_peer text default '+15005550199', p_direction text default 'outbound',
  p_age interval default '0', p_user uuid default pg_temp.tenant(), p_status text default 'delivered', p_campaign uuid default null) returns uuid language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, created_at, campaign_id)
  values (p_user, p_direction::public.message_direction, case p_direction when 'outbound' then p_own else p_peer end, case p_direction when 'outbound' then p_peer else p_own end,
    p_body, (case p_direction when 'outbound' then p_status else 'received' end)::public.message_status, 'AC1', 'subaccount', now() - p_age, p_campaign) returning id;
$$;
create function pg_temp.listed(p_user uuid default pg_temp.tenant(), p_own text default null, p_before_at timestamptz default null, p_before_own text default null, p_before_peer text default null, p_limit integer default 100)
  returns setof public.conversation language sql as $$
  select c.* from public.list_conversations(p_user, p_own, null, null, null, null, null, null, p_before_at, p_before_own, p_before_peer, p_limit) l, jsonb_populate_recordset(null::public.conversation, l.conversations) c;
$$;
create function pg_temp.conversations(p_user uuid default pg_temp.tenant(), p_own text default null, p_limit integer default 100) returns text[] language sql as $$
  select coalesce(array_agg(own_number || ' ' || peer_number || ' ' || (last_message ->> 'body')), '{}') from pg_temp.listed(p_user, p_own, null, null, null, p_limit);
$$;

-- One conversation per pair ------------------------------------------------------------------------------------------

select pg_temp.message('Hello', p_age => '3 hours');
select is(pg_temp.conversations(), '{+15005550101 +15005550199 Hello}', 'A first message creates a conversation');
select pg_temp.message('Hi', p_age => '2 hours', p_direction => 'inbound');
select is(pg_temp.conversations(), '{+15005550101 +15005550199 Hi}', 'A reply belongs to the same conversation and becomes its last message');
select pg_temp.message('Late news', p_age => '5 hours');
select results_eq('select last_message ->> ''body'', last_message_at from pg_temp.listed(pg_temp.tenant(), null, null, null, null, 9)',
  $$ values ('Hi', now() - interval '2 hours') $$, 'An older message does not become the last message');
select pg_temp.message('From elsewhere', '+15005550102', p_age => '1 hour');
select pg_temp.message('To another', p_peer => '+15005550198', p_age => '4 hours');
select is(pg_temp.conversations(), '{+15005550102 +15005550199 From elsewhere,+15005550101 +15005550199 Hi,+15005550101 +15005550198 To another}',
  'Each pair of numbers is a conversation, the newest first');
select is(pg_temp.conversations(p_own => '+15005550102'), '{+15005550102 +15005550199 From elsewhere}', 'list_conversations filters by the tenant''s own number');
select is(pg_temp.conversations(p_own => '+15005550199'), '{}', 'list_conversations does not filter by the peer''s number');
select pg_temp.message('Theirs', '+15005550104', p_user => pg_temp.neighbour());
select pg_temp.message('To a shared number''s reader', '+15005550101', '+15005550199', p_user => pg_temp.neighbour());
select is(pg_temp.conversations(p_limit => 1), '{+15005550102 +15005550199 From elsewhere}', 'Another tenant''s messages between the same numbers are left out');
select is(array_length(pg_temp.conversations(pg_temp.neighbour()), 1), 2, 'The other tenant has their own two conversations');
select is(pg_temp.conversations(pg_temp.attacker()), '{}', 'list_conversations returns nothing for an attacker');
select is(pg_temp.conversations(pg_temp.attacker(), own), '{}', format('list_conversations returns nothing for an attacker who names "%s"', own)) from unnest(array['+15005550101', '%', '']) own;

select results_eq($$ select last_message from pg_temp.listed(pg_temp.tenant(), '+15005550102', null, null, null, 9) $$,
  $$ select to_jsonb(m) from public.sms_messages m where body = 'From elsewhere' $$, 'last_message is the whole row of the newest message');

-- Released messages --------------------------------------------------------------------------------------------------

select is(public.release_message(pg_temp.message('Never sent', p_peer => '+15005550197', p_status => 'reserved')), 'released', 'release_message returns released for the only message of a conversation');
select is(array_length(pg_temp.conversations(), 1), 3, 'A conversation without messages is left out');
select is(public.release_message(pg_temp.message('Never sent', p_status => 'reserved')), 'released', 'release_message returns released for the last message of a conversation');
select ok('+15005550101 +15005550199 Hi' = any (pg_temp.conversations()), 'After a release, the message before is the last one again');
select pg_temp.message('Now sent', p_peer => '+15005550197');
select ok('+15005550101 +15005550197 Now sent' = any (pg_temp.conversations()), 'A message to the same peer shows the conversation again');

-- Opt-outs -----------------------------------------------------------------------------------------------------------

insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (pg_temp.tenant(), '+15005550101', '+15005550199', 'STOP'), (pg_temp.tenant(), '+15005550199', '+15005550102', 'STOP'),
  (pg_temp.neighbour(), '+15005550101', '+15005550198', 'STOP');
select set_eq('select own_number, peer_number from pg_temp.listed(pg_temp.tenant(), null, null, null, null, 9) where opted_out',
  $$ values ('+15005550101', '+15005550199') $$, 'opted_out is true only for the pair whose recipient opted out of the tenant''s number');

-- Pages while messages arrive ----------------------------------------------------------------------------------------

-- Twenty-five conversations, ten of them with a newest message of the same moment.
create function pg_temp.create_conversations() returns void language sql as $$
  delete from public.sms_messages;
  delete from public.sms_conversations;
  select pg_temp.message('Talk ' || n, '+1500555010' || n % 3, '+1500555' || 1000 + n, p_age => case when n <= 10 then interval '1 hour' else make_interval(mins => 60 + n) end)
  from generate_series(1, 25) n;
$$;
create view pg_temp.talks as select 'Talk ' || n as talk, row_number() over (order by case when n <= 10 then 0 else n end, n % 3, 1000 + n) as place from generate_series(1, 25) n;
create function pg_temp.paged_conversations(p_between text) returns text[] language plpgsql as $$
declare
  seen text[] := '{}';
  last record;
  page record;
  size integer;
begin
  select null::timestamptz as last_message_at, null::text as own_number, null::text as peer_number into last;
  loop
    size := 0;
    for page in select * from pg_temp.listed(pg_temp.tenant(), null, last.last_message_at, last.own_number, last.peer_number, 4) loop
      seen := seen || (page.last_message ->> 'body');
      size := size + 1;
      last := page;
    end loop;
    exit when size < 4;
    execute p_between;
  end loop;
  return seen;
end;
$$;
select pg_temp.create_conversations();
select is(pg_temp.paged_conversations('select 1'), (select array_agg(talk order by place) from pg_temp.talks),
  'The pages list every conversation once, the newest first, ties by the numbers');
select is(pg_temp.paged_conversations($$ select pg_temp.message('New', '+15005550109', '+1500556' || (random() * 9999)::integer) $$), (select array_agg(talk order by place) from pg_temp.talks),
  'Conversations that begin between two pages shift no page');
select pg_temp.create_conversations();
select is(pg_temp.paged_conversations($$ select pg_temp.message('News', '+15005550101', '+15005551001') $$), (select array_agg(talk order by place) from pg_temp.talks),
  'A listed conversation with a newer message is not repeated, and no other is left out');
select pg_temp.create_conversations();
select is(pg_temp.paged_conversations($$ select pg_temp.message('News', '+15005550101', '+15005551025') $$), (select array_agg(talk order by place) from pg_temp.talks where talk <> 'Talk 25'),
  'A conversation with a newer message before its page moves to the front, and no other is left out');

delete from public.sms_messages;
select pg_temp.message('Message ' || n, p_age => case when n <= 10 then interval '1 hour' else make_interval(mins => 60 + n) end) from generate_series(1, 25) n;
create function pg_temp.paged_messages(p_between text) returns text[] language plpgsql as $$
declare
  seen text[] := '{}';
  last record;
  page record;
  size integer;
begin
  select null::timestamptz as created_at, null::uuid as id into last;
  loop
    size := 0;
    for page in select * from public.list_messages(pg_temp.tenant(), null, null, null, null, null, null, null, null, last.created_at, last.id, 4) loop
      seen := seen || page.body;
      size := size + 1;
      last := page;
    end loop;
    exit when size < 4;
    execute p_between;
  end loop;
  return seen;
end;
$$;
select is(pg_temp.paged_messages('select 1'), (select array_agg(body order by created_at desc, id desc) from public.sms_messages where user_id = pg_temp.tenant()),
  'The pages list every message once, including those of the same moment');
select is(pg_temp.paged_messages($$ select pg_temp.message('New') $$), (select array_agg(body order by created_at desc, id desc) from public.sms_messages where body like 'Message %'),
  'Messages that arrive between two pages shift no page');
delete from public.sms_messages where body = 'New';
select is(pg_temp.paged_messages($$ delete from public.sms_messages where body = 'Message 25' $$), (select array_agg(body order by created_at desc, id desc) from public.sms_messages where body <> 'Message 25'),
  'A message deleted between two pages shifts no page');

-- Filters ------------------------------------------------------------------------------------------------------------

delete from public.sms_messages;
insert into public.campaigns (id, user_id, from_number, status, total, waiting, delivered, idempotency_key, request_hash) values
  ('c0000000-0000-4000-8000-000000000001', pg_temp.tenant(), '+15005550101', 'running', 1, 0, 1, 'key', 'hash'),
  ('c0000000-0000-4000-8000-000000000002', pg_temp.neighbour(), '+15005550104', 'running', 1, 0, 1, 'key', 'hash');
select pg_temp.message('a', p_age => '1 hour'), pg_temp.message('b', p_direction => 'inbound', p_age => '2 hours'),
  pg_temp.message('c', p_peer => '+15005550198', p_age => '3 hours', p_status => 'failed'), pg_temp.message('d', '+15005550102', p_age => '4 hours', p_status => 'queued'),
  pg_temp.message('e', p_age => '5 hours', p_campaign => 'c0000000-0000-4000-8000-000000000001'),
  pg_temp.message('neighbour''s', '+15005550104', p_age => '1 hour', p_user => pg_temp.neighbour(), p_campaign => 'c0000000-0000-4000-8000-000000000002');
create function pg_temp.list(p_user uuid default pg_temp.tenant(), p_direction text default null, p_statuses text[] default null, p_own text default null, p_peer text default null,
  p_campaign uuid default null, p_since timestamptz default null, p_until timestamptz default null, p_search text default null, p_limit integer default 100) returns text language sql as $$
  select coalesce(string_agg(body, ''), '') from public.list_messages(p_user, p_direction::public.message_direction, p_statuses::public.message_status[], p_own, p_peer, p_campaign, p_since, p_until, p_search, null, null, p_limit);
$$;
select is(pg_temp.list(), 'abcde', 'list_messages without a filter returns all of a tenant''s messages, newest first');
select is(pg_temp.list(p_limit => 2), 'ab', 'list_messages respects its limit');
select is(pg_temp.list(p_limit => 0), '', 'list_messages with a limit of zero returns nothing');
select is(pg_temp.list(p_direction => 'inbound'), 'b', 'list_messages filters by the direction inbound');
select is(pg_temp.list(p_direction => 'outbound'), 'acde', 'list_messages filters by the direction outbound');
select is(pg_temp.list(p_statuses => '{failed,queued}'), 'cd', 'list_messages filters by several statuses');
select is(pg_temp.list(p_statuses => '{}'), '', 'list_messages with an empty list of statuses returns nothing');
select is(pg_temp.list(p_own => '+15005550101'), 'abce', 'list_messages filters by the tenant''s own number, in both directions');
select is(pg_temp.list(p_peer => '+15005550198'), 'c', 'list_messages filters by the peer''s number');
select is(pg_temp.list(p_own => '+15005550101', p_peer => '+15005550199'), 'abe', 'list_messages filters by both numbers');
select is(pg_temp.list(p_campaign => 'c0000000-0000-4000-8000-000000000001'), 'e', 'list_messages filters by campaign');
select is(pg_temp.list(p_since => now() - interval '3 hours'), 'abc', 'list_messages filters by since, inclusive');
select is(pg_temp.list(p_until => now() - interval '3 hours'), 'de', 'list_messages filters by until, exclusive');
select is(pg_temp.list(p_direction => 'outbound', p_since => now() - interval '4 hours', p_until => now() - interval '1 hour', p_statuses => '{failed,delivered}'), 'c', 'list_messages combines filters');
select results_eq($$ select o.* from public.sms_messages m, public.message_of(pg_temp.tenant(), m.id) o order by o.created_at desc $$,
  $$ select * from public.list_messages(pg_temp.tenant(), null, null, null, null, null, null, null, null, null, null, 100) $$,
  'message_of returns the same rows as list_messages, and none of another tenant');

-- Other tenants' messages --------------------------------------------------------------------------------------------

select is(pg_temp.list(pg_temp.attacker()), '', 'list_messages returns nothing for an attacker');
select is(pg_temp.list(pg_temp.attacker(), p_campaign => campaign), '', 'list_messages returns nothing for an attacker who names the tenant''s campaign') from (values ('c0000000-0000-4000-8000-000000000001'::uuid)) c (campaign);
select is(pg_temp.list(pg_temp.attacker(), p_own => '+15005550101', p_peer => '+15005550199'), '', 'list_messages returns nothing for an attacker who names the tenant''s numbers');
select is(pg_temp.list(pg_temp.attacker(), p_search => search), '', format('list_messages returns nothing for an attacker who searches for "%s"', search)) from unnest(array['a', '500555', '%', 'neighbour']) search;
select is(pg_temp.list(p_campaign => 'c0000000-0000-4000-8000-000000000002'), '', 'list_messages returns nothing for another tenant''s campaign');
select is_empty($$ select 1 from public.sms_messages m, public.message_of(pg_temp.attacker(), m.id) $$, 'message_of returns nothing for an attacker');
select is_empty($$ select 1 from public.message_of(null, (select id from public.sms_messages where body = 'a')) $$, 'message_of returns nothing without a user');
select is_empty($$ select 1 from public.list_messages(null, null, null, null, null, null, null, null, null, null, null, 100) $$, 'list_messages returns nothing without a user');
select is_empty($$ select 1 from pg_temp.listed(null, null, null, null, null, 100) $$, 'list_conversations returns nothing without a user');

-- Searching ----------------------------------------------------------------------------------------------------------

delete from public.sms_messages;
select pg_temp.message(body, p_peer => peer, p_age => age) from (values
  ('Your parcel arrives tomorrow', '+14155550123', interval '1 hour'), ('Parcels are at the gate', '+14155550124', '2 hours'),
  ('Grüße aus Köln, bis morgen', '+4915112345678', '3 hours'), ('See https://example.com/parcel?id=1', '+14155550125', '4 hours'),
  (null, '+14155550126', '5 hours'), ('It''s a well-known place', '+14155550127', '6 hours'), ('Code 481516', '+14155550128', '7 hours')) messages (body, peer, age);
create function pg_temp.found(p_search text) returns text[] language sql as $$
  select coalesce(array_agg(coalesce(substring(body from '^\S+'), '-')), '{}') from public.list_messages(pg_temp.tenant(), null, null, null, null, null, null, null, p_search, null, null, 100);
$$;
select is(pg_temp.found(search), expected, format('Searching for "%s" finds %s', search, expected)) from (values
  ('parcel', '{Your,Parcels,See}'::text[]), ('PARC', '{Your,Parcels,See}'), ('parcel tomo', '{Your}'), ('tomorrow parcel', '{Your}'), ('parcel nowhere', '{}'), ('arcel', '{}'),
  ('köln', '{Grüße}'), ('481', '{Code}'), ('4155550123', '{Your}'), ('(415) 555-0124', '{Parcels}'),
  ('+49 151', '{Grüße}'), ('15', '{}'), ('126', '{-}')) cases (search, expected);
select is(pg_temp.found(left(pg_temp.tenant()::text, length)), '{}',
  format('Searching for the first %s characters of the tenant''s own id finds nothing', length)) from unnest(array[2, 8, 36]) length;
select is(pg_temp.found('well-known'), '{It''s}', 'A search for a hyphenated word finds it');
select is(pg_temp.found('known place'), '{It''s}', 'A search for the parts of a hyphenated word finds it');

-- No search text raises an error.
create function pg_temp.raises(p_search text) returns text language plpgsql as $$
begin
  perform pg_temp.found(p_search);
  return null;
exception when others then
  return sqlstate || ' ' || p_search;
end;
$$;
select is_empty($q$ select r from (select pg_temp.raises(search) as r from unnest(array['', ' ', '''', '"', '\', '''''', ':*', '&', '|', '!', '<->', '(', ')', 'a & b', 'a | !b', 'a:*', ':', '*', '%', '_',
    'it''s', 'a\b', '\''', 'a''b''c', 'x <2> y', '!!!', '...', '?;--', 'http://a.b/c''d\e?f=g&h', 'foo@bar.com', '/usr/local/x''y', '1.5e10', '-5', 'a' || repeat('b', 199), repeat('ü', 200), E'\t\n', '😀', '😀 parcel',
    'drop table', '::text', '$$', 'null', 'ﬁ', '中文', repeat('a ', 100), repeat('''', 200), repeat('\', 200), repeat('(', 200), E'a\u200bb', '&amp;', '<b>x</b>', '<!-- x', 'a/b/c', '#tag', '@me', 'C:\x\y'])
  search) s where r is not null $q$, 'No search text raises an error');
select is_empty($$ select r from (select pg_temp.raises((select string_agg(chr(33 + (random() * 93)::integer), '') from generate_series(1, 12) where n > 0)) as r from generate_series(1, 300) n) s where r is not null $$,
  'Three hundred random searches raise no error');
-- The parser keeps paths, hosts and addresses whole, including characters that are operators in a tsquery.
select is_empty($$ select r from (select pg_temp.raises(replace(place, '~', chr(n))) as r from generate_series(32, 126) n,
  unnest(array['http://a.b/x~y', 'a.b:80~8/c', '/usr/x~y', 'x.y@z.w~v', 'a~b', '<a ~>', 'http://a.b/x?y=~~z&w:v', 'a.b/~']) place) s where r is not null $$,
  'No character raises an error inside a path, host or address');
select is(pg_temp.found('https://example.com/parcel?id=1'), '{See}', 'A search for a link finds it');
select is(pg_temp.found('http://no.where:8080/a:b?c=1&d=(e'), '{}', 'A search for an unknown link finds nothing');
select is(pg_temp.found(search), '{}', format('Searching for "%s" finds nothing', search)) from unnest(array['', '''', '&', '...', ':*', '\']) search;
select is(pg_temp.found('?! parcel &'), '{Your,Parcels,See}', 'Punctuation beside a word is ignored');

select * from finish();
rollback;
