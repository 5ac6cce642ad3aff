-- Contacts, unread messages and filters of conversations: right after random histories, bounded, and within one tenant.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(82);

select pg_temp.join_as('tenant', 'neighbour', 'attacker');
set local role service_role;
delete from public.sms_messages;
delete from public.sms_conversations;

-- Saving contacts ----------------------------------------------------------------------------------------------------

create function pg_temp.save(p_rows text, p_user uuid default pg_temp.tenant(), p_most integer default 50000) returns text language sql as $$
  select concat_ws(' ', outcome, added, updated, unchanged, over_limit) from public.save_contacts(p_user, p_rows::jsonb, p_most);
$$;
create function pg_temp.contacts(p_user uuid default pg_temp.tenant(), p_number text default null, p_search text default null, p_tag text default null, p_limit integer default 100)
  returns text language sql as $$
  select coalesce(string_agg(coalesce(name, '-') || ' ' || right(phone_number, 3), ', '), '') from public.list_contacts(p_user, p_number, p_search, p_tag, null, null, p_limit);
$$;
create view pg_temp.counted as select coalesce((select contacts from private.contact_counts where user_id = pg_temp.tenant()), 0) = (select count(*) from public.contacts where user_id = pg_temp.tenant()) as is_right;

select is(pg_temp.save('[{"position": 0, "phone_number": "+15005550101", "name": "Ann Lee", "notes": "Calls back", "tags": ["VIP"]}, {"position": 1, "phone_number": "+15005550102"}]'),
  'saved 2 0 0 {}', 'save_contacts adds contacts');
select is(pg_temp.save('[{"position": 0, "phone_number": "+15005550101", "name": "Ann Lee", "notes": "Calls back", "tags": ["VIP"]}, {"position": 1, "phone_number": "+15005550102"}]'),
  'saved 0 0 2 {}', 'save_contacts, repeated, changes nothing');
select is(pg_temp.save('[{"position": 0, "phone_number": "+15005550101", "name": "Anna Lee"}]'), 'saved 0 1 0 {}', 'save_contacts changes the name of a contact');
select results_eq($$ select name, notes, tags from public.contacts where phone_number = '+15005550101' $$, $$ values ('Anna Lee', 'Calls back', '{VIP}'::text[]) $$, 'A field that is left out is unchanged');
select is(pg_temp.save('[{"position": 0, "phone_number": "+15005550101", "notes": null, "tags": []}]'), 'saved 0 1 0 {}', 'save_contacts clears fields');
select results_eq($$ select name, notes, tags from public.contacts where phone_number = '+15005550101' $$, $$ values ('Anna Lee', null, '{}'::text[]) $$, 'null clears a field');
select results_eq($$ select contact ->> 'name', contact ->> 'phone_number' from public.save_contacts(pg_temp.tenant(), '[{"position": 0, "phone_number": "+15005550101"}]') $$,
  $$ values ('Anna Lee', '+15005550101') $$, 'save_contacts returns a single contact as it is now');
select is(pg_temp.save('[{"position": 0, "phone_number": "+15005550103", "name": "One"}, {"position": 1, "phone_number": "+15005550102", "name": "Bob"}, {"position": 2, "phone_number": "+15005550104", "name": "Two"}]', p_most => 3),
  'saved 1 1 0 {2}', 'At the limit, save_contacts adds the first rows, changes known contacts, and names the others');
select results_eq($$ select contact from public.save_contacts(pg_temp.tenant(), '[{"position": 0, "phone_number": "+15005550104"}]', 3) $$, $$ values (null::jsonb) $$, 'A single contact beyond the limit is not added');
select ok(is_right, 'The count of contacts is right after additions') from pg_temp.counted;
select is(pg_temp.save('[{"position": 0, "phone_number": "+15005550101"}]', pg_temp.departed()), 'unknown_user', 'save_contacts returns unknown_user for a deleted user');
select is(pg_temp.save('[{"position": 0, "phone_number": "+15005550101", "name": "Theirs", "tags": ["vip"]}]', pg_temp.neighbour()), 'saved 1 0 0 {}', 'Two tenants have contacts with the same number');
select is((select name from public.contacts where user_id = pg_temp.tenant() and phone_number = '+15005550101'), 'Anna Lee', 'Another tenant''s contact is unchanged');
select is(public.delete_contact(pg_temp.tenant(), '+15005550103')::text, 'deleted', 'delete_contact returns deleted');
select is(public.delete_contact(pg_temp.tenant(), '+15005550103')::text, 'unknown_contact', 'delete_contact, repeated, returns unknown_contact');
select is(public.delete_contact(pg_temp.attacker(), '+15005550101')::text, 'unknown_contact', 'delete_contact deletes no contact of another tenant');
select ok(is_right, 'The count of contacts is right after deletions') from pg_temp.counted;
select throws_ok(format('insert into public.contacts (user_id, phone_number, name, notes, tags) values (pg_temp.tenant(), %L, %L, %L, %L)', number, name, notes, tags), '23514', null,
  format('A contact cannot have %s', title))
from (values ('a number without +', '15005550109', 'x', 'x', '{}'), ('an empty name', '+15005550109', '', 'x', '{}'), ('a name of 101 characters', '+15005550109', repeat('x', 101), 'x', '{}'),
  ('notes of 2,001 characters', '+15005550109', 'x', repeat('x', 2001), '{}'), ('an empty tag', '+15005550109', 'x', 'x', '{""}'), ('a tag of 41 characters', '+15005550109', 'x', 'x', format('{%s}', repeat('x', 41))),
  ('21 tags', '+15005550109', 'x', 'x', '{a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u}')) c (title, number, name, notes, tags);

-- Listing contacts ---------------------------------------------------------------------------------------------------

select pg_temp.save('[{"position": 0, "phone_number": "+15005550101", "name": "Élodie Martin", "tags": ["VIP", "it''s \\ hard"]}, {"position": 1, "phone_number": "+15005550102", "name": "adam O''Neil", "tags": ["vip"]},
  {"position": 2, "phone_number": "+15005550105", "name": "Zoë"}, {"position": 3, "phone_number": "+15005550106", "name": "会議室"}, {"position": 4, "phone_number": "+4915112345678"}, {"position": 5, "phone_number": "+15005550107", "name": "Elodie Martin"}]');
select is(pg_temp.contacts(), 'adam O''Neil 102, Élodie Martin 101, Elodie Martin 107, Zoë 105, 会議室 106, - 678', 'list_contacts lists by name without case and accents, contacts without a name last');
select is(pg_temp.contacts(p_search => search), expected, format('Searching the contacts for "%s" finds %s', search, expected))
from (values ('elo', 'Élodie Martin 101, Elodie Martin 107'), ('mart él', 'Élodie Martin 101, Elodie Martin 107'), ('lodie', ''), ('o''neil', 'adam O''Neil 102'), ('議室', '会議室 106'), ('0151 1234', '- 678'), ('550105', 'Zoë 105'),
  ('+49151', '- 678'), ('vip', ''), ('!', ''), ('''', '')) s (search, expected);
select is(pg_temp.contacts(p_tag => tag), expected, format('The tag "%s" is of the contacts %s', tag, expected))
from (values ('Vip', 'adam O''Neil 102, Élodie Martin 101'), ('IT''S \ HARD', 'Élodie Martin 101'), ('vi', ''), (':*', '')) t (tag, expected);
select is(pg_temp.contacts(p_tag => 'vip', p_search => 'el'), 'Élodie Martin 101', 'list_contacts combines filters');
select is(pg_temp.contacts(p_number => '+15005550105'), 'Zoë 105', 'list_contacts finds a number');
select is(pg_temp.contacts(pg_temp.attacker(), number, search, tag), '', format('list_contacts returns nothing for an attacker who asks for "%s"', concat(number, search, tag)))
from (values ('+15005550101', null, null), (null, 'elo', null), (null, null, 'vip'), (null, '500555', null), (null, null, null)) a (number, search, tag);
select results_eq('select tag, contacts from public.list_contact_tags(pg_temp.tenant(), 100)', $$ values ('it''s \ hard', 1), ('VIP', 2) $$, 'list_contact_tags counts the contacts of each tag, regardless of case');
select results_eq('select tag from public.list_contact_tags(pg_temp.tenant(), 1)', array['VIP'], 'list_contact_tags returns the most frequent tags up to a limit');
create function pg_temp.paged_contacts() returns text[] language plpgsql as $$
declare
  seen text[] := '{}';
  item public.contact;
begin
  loop
    select * into item from public.list_contacts(pg_temp.tenant(), null, null, null, item.sorted_name, item.phone_number, 1);
    exit when item.phone_number is null;
    seen := seen || right(item.phone_number, 3);
  end loop;
  return seen;
end;
$$;
select is(pg_temp.paged_contacts(), '{102,101,107,105,106,678}', 'Pages list each contact once, also those of one name');

-- Unread messages ----------------------------------------------------------------------------------------------------

create function pg_temp.message(p_direction text, p_peer text default '+15005550199', p_age interval default '0', p_own text default '+15005550101', p_user uuid default pg_temp.tenant(), p_status text default 'delivered')
  returns timestamptz language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, created_at)
  values (p_user, p_direction::public.message_direction, case p_direction when 'outbound' then p_own else p_peer end, case p_direction when 'outbound' then p_peer else p_own end, 'Hi',
    (case p_direction when 'outbound' then p_status else 'received' end)::public.message_status, 'AC1', 'subaccount', now() - p_age) returning created_at;
$$;
create function pg_temp.mark(p_until timestamptz default null, p_as_unread boolean default false, p_user uuid default pg_temp.tenant(), p_peer text default '+15005550199') returns text language sql as $$
  select concat_ws(' ', outcome, unread, unread_conversations) from public.mark_read(p_user, '+15005550101', p_peer, p_until, p_as_unread);
$$;
create view pg_temp.wrong as select c.* from public.sms_conversations c where c.unread is distinct from (select count(*) from public.sms_messages m
  where m.user_id = c.user_id and m.own_number = c.own_number and m.peer_number = c.peer_number and m.direction = 'inbound' and m.created_at > coalesce(c.read_until, '-infinity'));

select pg_temp.message('inbound', p_age => '3 hours'), pg_temp.message('inbound', p_age => '2 hours'), pg_temp.message('outbound', p_age => '1 hour'), pg_temp.message('inbound', '+15005550198');
select pg_temp.message('inbound', p_user => pg_temp.neighbour());
select is((select unread from public.sms_conversations where user_id = pg_temp.tenant() and peer_number = '+15005550199'), 2, 'Received messages are unread, and sent ones are not counted');
select is(pg_temp.mark(now() - interval '3 hours'), 'marked 1 2', 'mark_read marks messages up to a moment, and leaves later ones');
select is(pg_temp.mark(now() - interval '4 hours'), 'marked 1 2', 'mark_read never moves backwards');
select is(pg_temp.mark(), 'marked 0 1', 'mark_read without a moment marks all');
select is(pg_temp.mark(), 'marked 0 1', 'mark_read, repeated, changes nothing');
select is((select read_until from public.sms_conversations where user_id = pg_temp.tenant() and peer_number = '+15005550199'), now() - interval '2 hours',
  'read_until is the time of the newest received message, not the present: a message that is not committed yet may be older');
select is(pg_temp.mark(p_as_unread => true), 'marked 1 2', 'mark_read marks the newest received message as unread');
select is(pg_temp.mark(p_as_unread => true), 'marked 1 2', 'As unread, repeated, changes nothing');
select is(pg_temp.mark(now() + interval '1 year'), 'marked 0 1', 'mark_read takes a future moment as the present');
select pg_temp.message('inbound');
select is((select unread from public.sms_conversations where user_id = pg_temp.tenant() and peer_number = '+15005550199'), 1, 'A message after a future moment is unread');
select pg_temp.mark();
select pg_temp.message('inbound', p_age => '1 second');
select is((select unread from public.sms_conversations where user_id = pg_temp.tenant() and peer_number = '+15005550199'), 2, 'A message that is stored after a later one was read is unread, with the later one');
select is(pg_temp.mark(p_user => pg_temp.attacker()), 'unknown_conversation', 'mark_read returns unknown_conversation for another tenant''s numbers');
select pg_temp.message('outbound', '+15005550197');
select is(pg_temp.mark(p_as_unread => true, p_peer => '+15005550197'), 'marked 0 2', 'A conversation without received messages cannot be unread');
select is((select unread from public.sms_conversations where user_id = pg_temp.neighbour()), 1, 'Another tenant''s conversation of the same numbers is unchanged');
select is_empty('select * from pg_temp.wrong', 'unread is the number of received messages after read_until');

-- Random histories: messages of any age, in any order, between marks.
do $$
declare
  peer text;
begin
  perform setseed(0.14);
  for n in 1 .. 300 loop
    peer := '+1500555019' || (random() * 4)::integer;
    case (random() * 5)::integer
      when 0 then perform pg_temp.mark(now() - random() * interval '10 seconds', p_peer => peer);
      when 1 then perform pg_temp.mark(case when random() < 0.5 then now() - random() * interval '10 seconds' end, random() < 0.5, p_peer => peer);
      when 2 then perform pg_temp.message('outbound', peer, (random() * 10)::integer * interval '1 second');
      else perform pg_temp.message('inbound', peer, (random() * 10)::integer * interval '1 second');
    end case;
    if exists (select from pg_temp.wrong) then
      raise exception 'Step % left a wrong count', n;
    end if;
  end loop;
end;
$$;
select is_empty('select * from pg_temp.wrong', 'unread stays right in a random history');

-- Filters of conversations -------------------------------------------------------------------------------------------

delete from public.sms_messages;
delete from public.sms_conversations;
delete from public.contacts;
create function pg_temp.create_conversations() returns void language plpgsql as $$
begin
  for n in 1 .. 80 loop
    perform pg_temp.message(case when random() < 0.5 then 'inbound' else 'outbound' end, '+1500555' || 1000 + (random() * 30)::integer, (random() * 20)::integer * interval '1 minute',
      '+1500555010' || (random() * 2)::integer, p_status => (array['delivered', 'failed', 'undelivered', 'refused', 'not_sent', 'sent', 'canceled'])[1 + (random() * 6)::integer]);
  end loop;
  insert into public.contacts (user_id, phone_number, name, tags)
  select pg_temp.tenant(), '+1500555' || 1000 + n, case when n % 3 > 0 then (array['Ann', 'Bob', 'Anton'])[1 + n % 3] || ' ' || n end, case when n % 2 = 0 then array['VIP'] else '{}' end
  from generate_series(0, 20) n;
  insert into public.contacts (user_id, phone_number, name, tags) values (pg_temp.neighbour(), '+15005551025', 'Ann', '{vip}');
  insert into public.sms_opt_outs (user_id, sender, recipient, source)
  select pg_temp.tenant(), case when n % 2 = 0 then '+15005550101' end, '+1500555' || 1000 + n, 'manual' from generate_series(0, 30, 3) n;
  update public.sms_conversations set read_until = 'infinity', unread = 0 where random() < 0.5;
end;
$$;
select pg_temp.create_conversations();

-- What a filter means, without any index.
create function pg_temp.expected(p_own text, p_peer text, p_unread boolean, p_failed boolean, p_opted_out boolean, p_tag text, p_search text) returns text[] language sql as $$
  select coalesce(array_agg(own_number || peer_number order by last_message_at desc, own_number, peer_number), '{}') from (
    select c.*, m.status, k.name, k.tags, exists (select from public.sms_opt_outs o where o.user_id = c.user_id and o.recipient = c.peer_number and (o.sender is null or o.sender = c.own_number)) as opted_out
    from public.sms_conversations c
    cross join lateral (select * from public.sms_messages m where m.user_id = c.user_id and m.own_number = c.own_number and m.peer_number = c.peer_number order by m.created_at desc, m.id desc limit 1) m
    left join public.contacts k on k.user_id = c.user_id and k.phone_number = c.peer_number
    where c.user_id = pg_temp.tenant()) x
  where (p_own is null or own_number = p_own) and (p_peer is null or peer_number = p_peer) and (p_unread is null or p_unread = (unread > 0))
    and (p_failed is null or p_failed = (status in ('failed', 'undelivered', 'refused', 'not_sent'))) and (p_opted_out is null or p_opted_out = opted_out)
    and (p_tag is null or (tags is not null and tags <> '{}')) and (p_search is null or coalesce(' ' || lower(name) like '% ' || p_search || '%', false) or (p_search ~ '^\d{3}' and peer_number like '%' || p_search || '%'));
$$;
create function pg_temp.paged(p_own text, p_peer text, p_unread boolean, p_failed boolean, p_opted_out boolean, p_tag text, p_search text, p_limit integer) returns text[] language plpgsql as $$
declare
  seen text[] := '{}';
  page record;
begin
  select null::timestamptz as next_at, null::text as next_own, null::text as next_peer into page;
  loop
    select * into page from public.list_conversations(pg_temp.tenant(), p_own, p_peer, p_unread, p_failed, p_opted_out, p_tag, p_search, page.next_at, page.next_own, page.next_peer, p_limit);
    seen := seen || array(select (c ->> 'own_number') || (c ->> 'peer_number') from jsonb_array_elements(page.conversations) c);
    exit when page.next_at is null;
  end loop;
  return seen;
end;
$$;
create temp table filters as
  select own, peer, unread, failed, opted_out, tag, search, (array[1, 3, 200])[1 + (random() * 2)::integer] as size
  from unnest(array[null, '+15005550101']) own, unnest(array[null, '+15005551004']) peer, unnest(array[null, true, false]) unread, unnest(array[null, true, false]) failed,
    unnest(array[null, true, false]) opted_out, unnest(array[null, 'vip']) tag, unnest(array[null, 'an', 'anton', '5551', '1003']) search
  where random() < 0.25;
select cmp_ok((select count(*) from filters where pg_temp.expected(own, peer, unread, failed, opted_out, tag, search) <> '{}'), '>', 50::bigint, 'Many of the combined filters match some conversations');
select is_empty($$ select * from filters where pg_temp.paged(own, peer, unread, failed, opted_out, tag, search, size) is distinct from pg_temp.expected(own, peer, unread, failed, opted_out, tag, search) $$,
  'list_conversations lists exactly what matches all filters, in pages of any size');
select is(unread_conversations, (select count(*)::integer from public.sms_conversations where user_id = pg_temp.tenant() and unread > 0), 'list_conversations counts all unread conversations, whatever its filter')
from public.list_conversations(pg_temp.tenant(), '+19', null, null, null, null, null, null, null, null, null, 1);
select is_empty($$ select 1 from filters, public.list_conversations(pg_temp.attacker(), own, peer, unread, failed, opted_out, tag, search, null, null, null, 200) l where l.conversations <> '[]' or l.unread_conversations > 0 $$,
  'list_conversations returns nothing for an attacker, with any filter');
select results_eq($$ select c.value -> 'contact' from public.list_conversations(pg_temp.tenant(), null, '+15005551001', null, null, null, null, null, null, null, null, 1) l, jsonb_array_elements(l.conversations) c $$,
  $$ values ('{"name": "Bob 1", "tags": []}'::jsonb) $$, 'A conversation has its contact');

-- Cost ---------------------------------------------------------------------------------------------------------------

-- No other tenant's rows are read, and of the tenant's own no more than the bound of a page.
reset role;
alter table public.sms_messages disable trigger user;
create function pg_temp.fill(p_user uuid, p_from integer, p_to integer) returns void language sql as $$
  insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, created_at)
  select p_user, 'outbound', '+15005550101', '+1600' || 1000000 + n, 'Hi', 'delivered', 'AC1', 'subaccount', now() - n * interval '1 second' from generate_series(p_from, p_to) n;
  insert into public.sms_conversations (user_id, own_number, peer_number, last_message_at, unread)
  select p_user, '+15005550101', '+1600' || 1000000 + n, now() - n * interval '1 second', (n % 1000 = 0)::integer from generate_series(p_from, p_to) n;
  insert into public.contacts (user_id, phone_number, name, tags)
  select p_user, '+1600' || 1000000 + n, case when n % 2000 = 0 then 'Rare' else 'Frequent' end || ' ' || n, case when n % 2000 = 0 then '{rare}'::text[] else '{frequent}' end from generate_series(p_from, p_to, 4) n;
$$;
delete from public.sms_messages;
delete from public.sms_conversations;
delete from public.contacts;
select pg_temp.fill(pg_temp.tenant(), 1, 8000), pg_temp.fill(pg_temp.neighbour(), 8001, 16000);
insert into public.contacts (user_id, phone_number, name, tags) select pg_temp.tenant(), '+1600' || 1000000 + n, 'Rare ' || n, '{rare}' from generate_series(2000, 8000, 2000) n;
alter table public.sms_messages enable trigger user;
analyze public.sms_messages, public.sms_conversations, public.contacts;
create function pg_temp.touched() returns bigint language sql as $$
  select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_all_tables where relname in ('sms_conversations', 'contacts', 'sms_messages');
$$;
create function pg_temp.cost(p_query text) returns bigint language plpgsql as $$
declare
  before constant bigint := pg_temp.touched();
begin
  execute p_query;
  return pg_temp.touched() - before;
end;
$$;
create function pg_temp.cost_of(p_filter text) returns bigint language sql as $$
  select pg_temp.cost(format('select * from public.list_conversations(pg_temp.tenant(), %s, null, null, null, 50)', p_filter));
$$;
select cmp_ok(pg_temp.cost_of(filter), '<=', most::bigint, format('A page of conversations %s reads at most %s rows', title, most))
from (values ('without a filter', 'null, null, null, null, null, null, null', 400), ('that are unread', 'null, null, true, null, null, null, null', 100), ('of one peer', 'null, ''+16001004000'', null, null, null, null, null', 20),
  ('with a rare tag', 'null, null, null, null, null, ''rare'', null', 100), ('of contacts with a rare name', 'null, null, null, null, null, null, ''rare''', 100),
  ('that failed, without any', 'null, null, null, true, null, null, null', 9000), ('that opted out, without any', 'null, null, null, null, true, null, null', 9000)) f (title, filter, most);
select is((select jsonb_array_length(conversations)::text || ' ' || (next_at = now() - interval '2000 seconds') from public.list_conversations(pg_temp.tenant(), null, null, null, true, null, null, null, null, null, null, 50)), '0 true',
  'A page that finds nothing ends after 2,000 conversations, with the cursor of the last one');
select cmp_ok(pg_temp.cost($$ select * from public.list_contacts(pg_temp.tenant(), null, null, null, null, null, 50) $$), '<=', 60::bigint, 'A page of contacts reads a page of rows');
select cmp_ok(pg_temp.cost($$ select * from public.list_contacts(pg_temp.tenant(), null, 'rare', null, null, null, 50) $$), '<=', 60::bigint, 'A search for a rare name reads what it finds');
select cmp_ok(pg_temp.cost($$ select * from public.list_contact_tags(pg_temp.tenant(), 100) $$), '<=', 2100::bigint, 'list_contact_tags reads the tenant''s contacts only');

select * from finish();
rollback;
