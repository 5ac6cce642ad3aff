-- Reading messages: a conversation per pair of numbers, pages without gap or repeat, any filter, any search, nobody else's.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(80);

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
create function pg_temp.conversations(p_user uuid default pg_temp.tenant(), p_own text default null, p_limit integer default 100) returns text[] language sql as $$
  select coalesce(array_agg(own_number || ' ' || peer_number || ' ' || (last_message ->> 'body')), '{}') from public.list_conversations(p_user, p_own, null, null, null, p_limit);
$$;

-- One per pair ----------------------------------------------------------------------------------------------------------

select pg_temp.message('Hello', p_age => '3 hours');
select is(pg_temp.conversations(), '{+15005550101 +15005550199 Hello}', 'A first message begins a conversation');
select pg_temp.message('Hi', p_age => '2 hours', p_direction => 'inbound');
select is(pg_temp.conversations(), '{+15005550101 +15005550199 Hi}', 'The answer belongs to the same one, and is its last message now');
select pg_temp.message('Late news', p_age => '5 hours');
select results_eq('select last_message ->> ''body'', last_message_at from public.list_conversations(pg_temp.tenant(), null, null, null, null, 9)',
  $$ values ('Hi', now() - interval '2 hours') $$, 'A message of an earlier time is not the last one');
select pg_temp.message('From elsewhere', '+15005550102', p_age => '1 hour');
select pg_temp.message('To somebody', p_peer => '+15005550198', p_age => '4 hours');
select is(pg_temp.conversations(), '{+15005550102 +15005550199 From elsewhere,+15005550101 +15005550199 Hi,+15005550101 +15005550198 To somebody}',
  'Another number of either side is another conversation; the latest news comes first');
select is(pg_temp.conversations(p_own => '+15005550102'), '{+15005550102 +15005550199 From elsewhere}', 'They can be asked for by one''s own number');
select is(pg_temp.conversations(p_own => '+15005550199'), '{}', 'By the other side''s they cannot');
select pg_temp.message('Theirs', '+15005550104', p_user => pg_temp.neighbour());
select pg_temp.message('To a shared number''s reader', '+15005550101', '+15005550199', p_user => pg_temp.neighbour());
select is(pg_temp.conversations(p_limit => 1), '{+15005550102 +15005550199 From elsewhere}', 'A neighbour''s messages, even between the same numbers, are in theirs alone');
select is(array_length(pg_temp.conversations(pg_temp.neighbour()), 1), 2, 'The neighbour has two of their own');
select is(pg_temp.conversations(pg_temp.attacker()), '{}', 'An attacker has none');
select is(pg_temp.conversations(pg_temp.attacker(), own), '{}', format('Not by naming %s either', own)) from unnest(array['+15005550101', '%', '']) own;

select results_eq($$ select last_message from public.list_conversations(pg_temp.tenant(), '+15005550102', null, null, null, 9) $$,
  $$ select to_jsonb(m) from public.sms_messages m where body = 'From elsewhere' $$, 'The last message is told with all that a list shows');

-- Taken back ------------------------------------------------------------------------------------------------------------

select is(public.release_message(pg_temp.message('Never sent', p_peer => '+15005550197', p_status => 'reserved')), 'released', 'A message may be taken back');
select is(array_length(pg_temp.conversations(), 1), 3, 'One that was the only one leaves no conversation behind');
select is(public.release_message(pg_temp.message('Never sent', p_status => 'reserved')), 'released', 'Another may be the last of several');
select ok('+15005550101 +15005550199 Hi' = any (pg_temp.conversations()), 'Then the one before is the last again');
select pg_temp.message('Now sent', p_peer => '+15005550197');
select ok('+15005550101 +15005550197 Now sent' = any (pg_temp.conversations()), 'Sent after all, it begins the conversation');

-- Opted out -------------------------------------------------------------------------------------------------------------

insert into public.sms_opt_outs (user_id, sender, recipient, keyword) values (pg_temp.tenant(), '+15005550101', '+15005550199', 'STOP'), (pg_temp.tenant(), '+15005550199', '+15005550102', 'STOP'),
  (pg_temp.neighbour(), '+15005550101', '+15005550198', 'STOP');
select set_eq('select own_number, peer_number from public.list_conversations(pg_temp.tenant(), null, null, null, null, 9) where opted_out',
  $$ values ('+15005550101', '+15005550199') $$, 'A conversation tells that the other side wants nothing more, and no other does');

-- Pages, while messages come in ---------------------------------------------------------------------------------------------

-- Twenty-five conversations, ten of them with news at the same moment.
create function pg_temp.begin_anew() returns void language sql as $$
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
    for page in select * from public.list_conversations(pg_temp.tenant(), null, last.last_message_at, last.own_number, last.peer_number, 4) loop
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
select pg_temp.begin_anew();
select is(pg_temp.paged_conversations('select 1'), (select array_agg(talk order by place) from pg_temp.talks),
  'Page by page all come, once, the latest first, those of one moment by their numbers');
select is(pg_temp.paged_conversations($$ select pg_temp.message('New', '+15005550109', '+1500556' || (random() * 9999)::integer) $$), (select array_agg(talk order by place) from pg_temp.talks),
  'Conversations that begin between two pages shift none');
select pg_temp.begin_anew();
select is(pg_temp.paged_conversations($$ select pg_temp.message('News', '+15005550101', '+15005551001') $$), (select array_agg(talk order by place) from pg_temp.talks),
  'One that was seen and has news is not repeated, and no other is left out');
select pg_temp.begin_anew();
select is(pg_temp.paged_conversations($$ select pg_temp.message('News', '+15005550101', '+15005551025') $$), (select array_agg(talk order by place) from pg_temp.talks where talk <> 'Talk 25'),
  'One that has news before its page moves to the front, and no other is left out');

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
  'Page by page all messages come, once, those of one moment too');
select is(pg_temp.paged_messages($$ select pg_temp.message('New') $$), (select array_agg(body order by created_at desc, id desc) from public.sms_messages where body like 'Message %'),
  'Messages that come between two pages shift none');
delete from public.sms_messages where body = 'New';
select is(pg_temp.paged_messages($$ delete from public.sms_messages where body = 'Message 25' $$), (select array_agg(body order by created_at desc, id desc) from public.sms_messages where body <> 'Message 25'),
  'Nor does one that goes');

-- Filters ---------------------------------------------------------------------------------------------------------------

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
select is(pg_temp.list(), 'abcde', 'Without a filter all of a tenant''s messages come, newest first');
select is(pg_temp.list(p_limit => 2), 'ab', 'No more than were asked for');
select is(pg_temp.list(p_limit => 0), '', 'Or none');
select is(pg_temp.list(p_direction => 'inbound'), 'b', 'By direction, the received ones');
select is(pg_temp.list(p_direction => 'outbound'), 'acde', 'Or the sent ones');
select is(pg_temp.list(p_statuses => '{failed,queued}'), 'cd', 'By status, or several');
select is(pg_temp.list(p_statuses => '{}'), '', 'Of no status there is none');
select is(pg_temp.list(p_own => '+15005550101'), 'abce', 'By one''s own number, sent and received');
select is(pg_temp.list(p_peer => '+15005550198'), 'c', 'By the other side''s number');
select is(pg_temp.list(p_own => '+15005550101', p_peer => '+15005550199'), 'abe', 'By both, a conversation');
select is(pg_temp.list(p_campaign => 'c0000000-0000-4000-8000-000000000001'), 'e', 'By campaign');
select is(pg_temp.list(p_since => now() - interval '3 hours'), 'abc', 'Since a moment, that moment included');
select is(pg_temp.list(p_until => now() - interval '3 hours'), 'de', 'Until a moment, that moment not included');
select is(pg_temp.list(p_direction => 'outbound', p_since => now() - interval '4 hours', p_until => now() - interval '1 hour', p_statuses => '{failed,delivered}'), 'c', 'By several at once');
select results_eq($$ select o.* from public.sms_messages m, public.message_of(pg_temp.tenant(), m.id) o order by o.created_at desc $$,
  $$ select * from public.list_messages(pg_temp.tenant(), null, null, null, null, null, null, null, null, null, null, 100) $$,
  'One at a time, by their ids, the same messages come in the same shape, and no neighbour''s');

-- Nobody else's ---------------------------------------------------------------------------------------------------------

select is(pg_temp.list(pg_temp.attacker()), '', 'An attacker lists nothing');
select is(pg_temp.list(pg_temp.attacker(), p_campaign => campaign), '', 'Not by a campaign of somebody''s') from (values ('c0000000-0000-4000-8000-000000000001'::uuid)) c (campaign);
select is(pg_temp.list(pg_temp.attacker(), p_own => '+15005550101', p_peer => '+15005550199'), '', 'Not by their numbers');
select is(pg_temp.list(pg_temp.attacker(), p_search => search), '', format('Not by searching for "%s"', search)) from unnest(array['a', '500555', '%', 'neighbour']) search;
select is(pg_temp.list(p_campaign => 'c0000000-0000-4000-8000-000000000002'), '', 'Nor does a tenant see a neighbour''s campaign');
select is_empty($$ select 1 from public.sms_messages m, public.message_of(pg_temp.attacker(), m.id) $$, 'No message at all is an attacker''s by its id');
select is_empty($$ select 1 from public.message_of(null, (select id from public.sms_messages where body = 'a')) $$, 'Nor nobody''s');
select is_empty($$ select 1 from public.list_messages(null, null, null, null, null, null, null, null, null, null, null, 100) $$, 'Nobody lists nothing');
select is_empty($$ select 1 from public.list_conversations(null, null, null, null, null, 100) $$, 'Nor conversations');

-- Searching -------------------------------------------------------------------------------------------------------------

delete from public.sms_messages;
select pg_temp.message(body, p_peer => peer, p_age => age) from (values
  ('Your parcel arrives tomorrow', '+14155550123', interval '1 hour'), ('Parcels are at the gate', '+14155550124', '2 hours'),
  ('Grüße aus Köln, bis morgen', '+4915112345678', '3 hours'), ('See https://example.com/parcel?id=1', '+14155550125', '4 hours'),
  (null, '+14155550126', '5 hours'), ('It''s a well-known place', '+14155550127', '6 hours'), ('Code 481516', '+14155550128', '7 hours')) messages (body, peer, age);
create function pg_temp.found(p_search text) returns text[] language sql as $$
  select coalesce(array_agg(coalesce(substring(body from '^\S+'), '-')), '{}') from public.list_messages(pg_temp.tenant(), null, null, null, null, null, null, null, p_search, null, null, 100);
$$;
select is(pg_temp.found(search), expected, format('Searching for "%s" finds %s', search, expected)) from (values
  ('parcel', '{Your,Parcels}'::text[]), ('PARC', '{Your,Parcels}'), ('parcel tomo', '{Your}'), ('tomorrow parcel', '{Your}'), ('parcel nowhere', '{}'), ('arcel', '{}'),
  ('köln', '{Grüße}'), ('481', '{Code}'), ('4155550123', '{Your}'), ('(415) 555-0124', '{Parcels}'),
  ('+49 151', '{Grüße}'), ('15', '{}'), ('126', '{-}')) cases (search, expected);
select is(pg_temp.found('well-known'), '{It''s}', 'A word with a hyphen is found');
select is(pg_temp.found('known place'), '{It''s}', 'And by its parts');

-- Nothing that can be typed raises.
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
  search) s where r is not null $q$, 'Whatever is typed, no search raises');
select is_empty($$ select r from (select pg_temp.raises((select string_agg(chr(33 + (random() * 93)::integer), '') from generate_series(1, 12) where n > 0)) as r from generate_series(1, 300) n) s where r is not null $$,
  'Nor do three hundred searches at random');
-- The parser keeps paths, hosts and addresses whole, with characters that mean something in a query.
select is_empty($$ select r from (select pg_temp.raises(replace(place, '~', chr(n))) as r from generate_series(32, 126) n,
  unnest(array['http://a.b/x~y', 'a.b:80~8/c', '/usr/x~y', 'x.y@z.w~v', 'a~b', '<a ~>', 'http://a.b/x?y=~~z&w:v', 'a.b/~']) place) s where r is not null $$,
  'No character does, in no place where the parser may keep it');
select is(pg_temp.found('https://example.com/parcel?id=1'), '{See}', 'A link that is searched for as it is is found');
select is(pg_temp.found('http://no.where:8080/a:b?c=1&d=(e'), '{}', 'One that is nowhere is not');
select is(pg_temp.found(search), '{}', format('Searching for "%s" finds nothing', search)) from unnest(array['', '''', '&', '...', ':*', '\']) search;
select is(pg_temp.found('?! parcel &'), '{Your,Parcels}', 'What is no word is passed over beside one that is');

select * from finish();
rollback;
