-- Searching: what a person can type of a text finds it, in every script; nothing of another tenant or a deleted text is found.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(394);

select pg_temp.join_as('tenant', 'attacker', 'visitor');
set local role service_role;
delete from public.sms_messages;
create function pg_temp.message(p_body text, p_age interval default '0', p_user uuid default pg_temp.tenant(), p_peer text default '+15005550199', p_status text default 'delivered',
  p_own text default '+15005550101') returns uuid language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, created_at)
  values (p_user, 'outbound', p_own, p_peer, p_body, p_status::public.message_status, 'AC1', 'subaccount', now() - p_age) returning id;
$$;
create function pg_temp.search(p_search text, p_user uuid default pg_temp.tenant(), p_limit integer default 100) returns setof public.sms_messages language sql as $$
  select * from public.list_messages(p_user, null, null, null, null, null, null, null, p_search, null, null, p_limit);
$$;
create function pg_temp.finds(p_body text, p_search text) returns boolean language sql as $$
  select exists (select from pg_temp.search(p_search) where body = p_body);
$$;

-- Texts and the searches that find them, or do not -----------------------------------------------------------------------

create temp table cases (body text, search text, is_found boolean);
insert into cases (body, search, is_found)
select body, search, is_found from (values
  -- Parts of words that punctuation joins
  ('Your order ABC-4711 is ready', array['abc', 'ABC', '4711', 'ABC-4711', 'abc 4711', '4711 abc', 'abc-47', 'ab', '47', 'order abc-4711', 'abc.4711'], array['bc', '711', 'abc-4712', '4711-abc', 'abcd', 'order-4711']),
  ('See menu.pdf in first_name/x', array['menu', 'pdf', 'menu.pdf', 'menu.p', 'MENU.PDF', 'first', 'name', 'first_name'], array['menu.doc', 'pdf.menu', 'enu']),
  ('Meet at 7:30, o''clock', array['7:30', '7', '30', '7 30', '7:3', 'o''clock', 'clock'], array['7:40', '3:30', '30:7']),
  ('Go to https://example.com/a/b?id=12&x=y', array['https://example.com/a/b?id=12&x=y', 'example', 'example.com', 'https://exa', 'com', 'id=12'], array['example.org', 'http://example.com']),
  ('Mail me: ann.lee+1@example.org', array['ann.lee+1@example.org', 'lee', 'ann', 'example.org', '@example'], array['ann@example']),
  -- Digits beside letters
  ('Row B12 at 7pm, 3x', array['b12', 'B12', '12', 'b', 'b1', 'b 12', 'B-12', '7pm', 'pm', '3x', 'x'], array['b13', '2', 'a12']),
  -- Accents, composed and decomposed, and letters that have none
  ('Café Müller, Größe M in Łódź, smørrebrød, ÇA ÆON', array['cafe', 'café', E'cafe\u0301', 'CAFÉ', 'muller', 'Müller', E'mu\u0308ller', 'grösse', 'GROSSE', 'große', 'lodz', 'Łódź', 'smorrebrod', 'ça', 'ca', 'aeon'], array['cofe']),
  (E'Decomposed: cafe\u0301 Mu\u0308ller', array['café', 'cafe', 'Müller', 'MULLER'], array['cafa']),
  ('İstanbul ve ISPARTA', array['istanbul', 'İstanbul', 'isparta', 'ISTANBUL'], array['stanbul']),
  ('Привет, Ёлка. Ο ΟΔΟΣ', array['привет', 'ПРИВЕТ', 'елка', 'ёлка', 'οδός', 'οδοσ'], array['ривет']),
  -- Marks that are vowels stay
  ('नमस्ते दुनिया', array['नमस्ते', 'नम', 'दुनिया'], array['नमसत']),
  -- Scripts without spaces between words
  ('明日の会議は午後三時からmenu.pdfで、会議室Bです', array['会議', '会議室', '議', '明日', '午後三時', '三時から', 'です', '会議は午後', 'menu', '会議 三時', '時から menu', '会議室B', 'は', '日の会'], array['会室', '議会', '午前', '三時まで', '議は会']),
  ('我们明天下午在北京开会', array['北京', '明天', '开会', '下午在北', '会'], array['京北', '天明', '南京']),
  ('ราคาอาหารกลางวันวันนี้', array['อาหาร', 'วันนี้', 'กลางวัน', 'ราคา', 'ร'], array['อาหารเย็น', 'หารอา']),
  ('내일회의가 있습니다', array['회의', '내일', '있습', '일회의가'], array['의회']),
  ('ﾒﾆｭｰ ＡＢＣ１２', array['メニュー', 'abc', '12', 'ABC12', 'ニュ'], array['ニメ']),
  -- Emoji
  ('Well done 👍🏽 team 👩‍💻🎉🎉 ❤️ 🇩🇪', array['👍', '👍🏽', '👍🏿', '👩', '💻', '👩‍💻', '🎉', '🎉🎉', '❤️', '❤', '🇩🇪', '👍 team', 'done👍'], array['😀', '🇪🇸', '🇫🇷', '🎉👍']),
  ('Costs 20€ or £30', array['20€', '€', '20', '£30', '30'], array['$20€1']),
  -- Invisible characters
  (E'Soft\u00adware and zero\u200bwidth', array['software', 'zerowidth', E'soft\u00adware'], array['ware'])
) texts (body, finds, misses), lateral (select unnest(finds) as search, true as is_found union all select unnest(misses), false) c;
select count(pg_temp.message(body)) > 0 from (select distinct body from cases) texts;
select is(pg_temp.finds(body, search), is_found, format('Searching for "%s" %s "%s"', search, case when is_found then 'finds' else 'does not find' end, body)) from cases;
select is(pg_temp.finds(body, body), true, format('Searching for the whole text finds "%s"', body)) from (select distinct body from cases) texts;
select is_empty(format('select * from pg_temp.search(%L, pg_temp.attacker())', search), format('Searching for "%s" finds nothing of another tenant', search)) from cases where is_found;

-- Two tenants whose indexed words have the same beginning.
select is(private.mark_of('00000000-0000-4000-8000-000001000001'), private.mark_of('ffffffff-0000-4000-8000-123456000001'), 'The ids of two tenants can have the same mark');
select pg_temp.message('shared mark one', p_user => '00000000-0000-4000-8000-000001000001'), pg_temp.message('shared mark two', p_user => 'ffffffff-0000-4000-8000-123456000001');
select results_eq($$ select body from pg_temp.search('shared', '00000000-0000-4000-8000-000001000001') $$, $$ values ('shared mark one') $$, 'A tenant with another''s mark finds their own messages only');

-- Limits -----------------------------------------------------------------------------------------------------------------

delete from public.sms_messages;
select pg_temp.message((select string_agg('word' || n, ' ') from generate_series(1, 200) n));
select pg_temp.message((select string_agg('word' || n, ' ') from generate_series(1, 199) n));
select is((select count(*) from pg_temp.search('word 200')), 1::bigint, 'The last of 400 words of a text is found');
select is((select count(*) from pg_temp.search((select string_agg('word' || n, ' ') from generate_series(20, 40) n))), 2::bigint, 'A search for twenty words finds the texts that have them');
select is((select count(*) from pg_temp.search((select string_agg('word' || n, ' ') from generate_series(20, 40) n) || ' word200')), 1::bigint, 'Each of twenty words counts');
select pg_temp.message(repeat('x', 1500)), pg_temp.message(repeat('語', 1000) || '末');
select is((select count(*) from pg_temp.search(repeat('x', 150))), 1::bigint, 'A search for a part of a word of 1,500 letters finds it');
select is((select count(*) from pg_temp.search(repeat('x', 150) || 'y')), 0::bigint, 'A search for more than the first hundred letters of a word compares all of them');
select is((select count(*) from pg_temp.search('語末')), 1::bigint, 'The end of 1,000 characters without a space is found');
select cmp_ok(length((private.search_for(pg_temp.tenant(), (select string_agg('word' || chr(97 + n), ' ') from generate_series(1, 25) n))).narrow::text), '<', 200, 'The index reads at most ten words of a search');
select is((private.search_for(pg_temp.tenant(), 'a th order')).narrow::text, format('''%sorder'':*', private.mark_of(pg_temp.tenant())), 'The index does not read prefixes of one or two letters beside a longer word');

-- Numbers ----------------------------------------------------------------------------------------------------------------

delete from public.sms_messages;
delete from public.sms_conversations;
select pg_temp.message(body, p_peer => peer) from (values ('german', '+4915123456789'), ('english', '+447700900123'), ('italian', '+390612345678'), ('american', '+14155550123'),
  ('code 4711 and 0151 in a text', '+33612345678')) messages (body, peer);
create function pg_temp.bodies(p_search text) returns text[] language sql as $$ select coalesce(array_agg(split_part(body, ' ', 1) order by body collate "C"), '{}') from pg_temp.search(p_search); $$;
select is(pg_temp.bodies(search), expected, format('Searching for "%s" finds %s', search, expected)) from (values
  ('0151 23', '{german}'::text[]), ('0151', '{code,german}'), ('0151-2345', '{german}'), ('(0151) 234 567 89', '{german}'), ('+49 151', '{german}'), ('+49 (0)151 23', '{german}'), ('0049151', '{german}'),
  ('0049 (0) 151', '{german}'), ('49151', '{german}'), ('151234', '{german}'), ('07700 900123', '{english}'), ('06 1234', '{code,italian}'), ('+39 06', '{italian}'), ('00390612', '{italian}'),
  ('415 555', '{american}'), ('(415) 555-0123', '{american}'), ('+1 415', '{american}'), ('0123', '{american,english}'), ('+415', '{}'), ('4711', '{code}'), ('０１５１ ２３', '{german}'), (E'\u202a+49 151\u202c', '{german}'),
  ('0152', '{}'), ('15', '{}'), ('151a', '{}'), ('0234', '{}')) cases (search, expected);
select is_empty(format('select * from pg_temp.search(%L, pg_temp.attacker())', search), format('Searching for "%s" finds no number of another tenant', search)) from unnest(array['0151', '+49', '415']) search;

-- Texts that are deleted ---------------------------------------------------------------------------------------------------

delete from public.sms_messages;
create function pg_temp.word_rows() returns bigint language sql as $$ select count(*) from private.message_words; $$;
select is(pg_temp.word_rows(), 0::bigint, 'No word of a deleted message is left');
create temp table secrets as select pg_temp.message('secret ' || n, p_status => status) as id, status from (values (1, 'delivered'), (2, 'reserved'), (3, 'delivered'), (4, 'delivered')) s (n, status);
select pg_temp.message(null);
select is(pg_temp.word_rows(), 4::bigint, 'Each message with a text has its words, and one with media alone has none');
select is(public.release_message((select id from secrets where status = 'reserved')), 'released', 'A reserved message is released');
select is((select outcome::text from public.request_redaction(pg_temp.tenant(), (select id from secrets limit 1), 'req')), 'accepted', 'A redaction is requested');
select is(public.record_redaction(array[(select id from secrets limit 1)]), 1, 'The redaction is recorded');
select bag_eq('select message_id from private.message_words', 'select id from secrets offset 2', 'The words of a released and of a redacted message are deleted');
update public.sms_messages set status = 'undelivered', price = 1, redaction_requested_at = now();
select is(pg_temp.word_rows(), 2::bigint, 'Other updates of a message keep its words');
update public.sms_messages set body = 'changed' where id = (select message_id from private.message_words limit 1);
select is((select array_agg(body) from pg_temp.search('changed')), '{changed}', 'A changed text is found');
select is((select count(*) from pg_temp.search('secret')), 1::bigint, 'What a text said before is not found');
update public.sms_messages set created_at = created_at - interval '1 day';
select is_empty('select 1 from private.message_words w join public.sms_messages m on m.id = w.message_id where m.created_at <> w.created_at', 'The words have the time of their message');
update public.sms_messages set user_id = pg_temp.attacker();
select is((select count(*) from pg_temp.search('changed', pg_temp.attacker())), 1::bigint, 'A message that is given to another tenant is found by them');
select is((select count(*) from pg_temp.search('changed')), 0::bigint, 'A message that is given to another tenant is not found by the first');
select pg_temp.message('a deleted user''s secret', p_user => pg_temp.visitor());
reset role;
delete from auth.users where id = pg_temp.visitor();
set local role service_role;
select is(public.erase_messages_of_deleted_user(pg_temp.visitor(), 100), 'continues', 'The messages of a deleted user are erased');
select is((select count(*) from private.message_words where user_id = pg_temp.visitor()), 0::bigint, 'No word of an erased message is left');
select is(pg_temp.word_rows(), 2::bigint, 'The words of other tenants stay');

-- More messages than are read before the index is --------------------------------------------------------------------------

select count(pg_temp.message(case when n % 10 = 0 then 'tenth ' when n > 2990 then 'oldest ' else 'other ' end || n, make_interval(secs => n), p_peer => case when n > 2995 then '+4915123456789' else '+15005550199' end))
from generate_series(1, 3000) n;
create function pg_temp.paged(p_search text, p_limit integer, p_own text default null, p_peer text default null) returns text[] language plpgsql as $$
declare
  seen text[] := '{}';
  at timestamptz;
  last uuid;
  page public.sms_messages[];
begin
  loop
    page := array(select m from public.list_messages(pg_temp.tenant(), null, null, p_own, p_peer, null, null, null, p_search, at, last, p_limit) m);
    seen := seen || array(select p.body from unnest(page) p);
    exit when cardinality(page) < p_limit;
    select p.created_at, p.id into at, last from unnest(page) p order by p.created_at, p.id limit 1;
  end loop;
  return seen;
end;
$$;
select is(pg_temp.paged('tenth', 70), array(select 'tenth ' || n from generate_series(10, 3000, 10) n), 'The pages of a frequent word list every message once, newest first');
select is(pg_temp.paged('t', 299), array(select 'tenth ' || n from generate_series(10, 3000, 10) n), 'So do the pages of a single letter');
select is(pg_temp.paged('oldest', 3), array(select 'oldest ' || n from generate_series(2991, 2999) n), 'The pages of a word of the oldest messages list them');
select is(pg_temp.paged('oldest-299', 4), array(select 'oldest ' || n from generate_series(2991, 2999) n), 'So do those of a phrase');
select is(pg_temp.paged('oldest-2995', 4), '{oldest 2995}', 'A phrase selects among the oldest messages');
select is(pg_temp.paged('0151 23', 2), array(select case when n = 3000 then 'tenth ' else 'oldest ' end || n from generate_series(2996, 3000) n), 'So do those of a number');
select is(pg_temp.paged('oldest', 3, '+15005550101', '+4915123456789'), array(select 'oldest ' || n from generate_series(2996, 2999) n), 'A search within one conversation pages through it');
select is(pg_temp.paged('tenth', 100, '+15005550101', '+15005550199'), array(select 'tenth ' || n from generate_series(10, 2990, 10) n), 'So does a search within a large one');
select is(array(select body from public.list_messages(pg_temp.tenant(), null, null, null, null, null, now() - interval '2998 seconds', now() - interval '2992 seconds', 'oldest', null, null, 100)),
  array(select 'oldest ' || n from generate_series(2993, 2998) n), 'since and until bound a search among the oldest messages');
select is((select count(*) from pg_temp.search('tenth', pg_temp.attacker())), 0::bigint, 'Another tenant finds none of them');

select * from finish();
rollback;
