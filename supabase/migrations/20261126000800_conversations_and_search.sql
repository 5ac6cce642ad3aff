-- Conversations and the history of messages, paged by key so that new messages never shift a page.

create table public.sms_conversations (
  id uuid primary key default gen_random_uuid(),
  -- No foreign key: erasure finds a deleted user's messages through these rows, in batches.
  user_id uuid not null,
  own_number text not null,
  peer_number text not null,
  last_message_at timestamptz not null,
  read_until timestamptz,
  unread integer not null default 0,
  -- The peer first: the same index finds the conversations with a contact.
  constraint sms_conversations_one_per_pair unique (user_id, peer_number, own_number)
);
alter table public.sms_conversations alter column user_id set (n_distinct = 50); -- as in sms_messages
comment on table public.sms_conversations is
  'Each pair of a tenant''s number and a peer''s, with the time of the newest message. Kept by a trigger.';
comment on column public.sms_conversations.read_until is
  'Received messages up to and with this time are read. Null: none is.';
comment on column public.sms_conversations.unread is 'How many received messages are later than read_until.';
create index sms_conversations_newest_first on public.sms_conversations (user_id, last_message_at desc, own_number,
  peer_number);
create index sms_conversations_unread on public.sms_conversations (user_id, last_message_at desc, own_number,
  peer_number) where unread > 0;

alter table public.sms_conversations enable row level security;
revoke all on public.sms_conversations from public, anon, authenticated, service_role;
grant select on public.sms_conversations to authenticated;
grant select, insert, update, delete on public.sms_conversations to service_role;
create policy "A tenant reads their own conversations" on public.sms_conversations
  for select to authenticated using ((select auth.uid()) = user_id);

create function private.count_unread(p_conversation public.sms_conversations, p_read_until timestamptz) returns integer
language plpgsql stable
set search_path = ''
as $$
begin
  return (select count(*) from public.sms_messages m
    where m.user_id = p_conversation.user_id and m.own_number = p_conversation.own_number
      and m.peer_number = p_conversation.peer_number and m.direction = 'inbound'
      and m.created_at > coalesce(p_read_until, '-infinity'));
end;
$$;
comment on function private.count_unread(public.sms_conversations, timestamptz) is
  'How many received messages of a conversation are later than a time. The caller holds its row.';

create function private.note_conversation() returns trigger
language plpgsql
set search_path = ''
as $$
declare
  conversation public.sms_conversations;
begin
  insert into public.sms_conversations as c (user_id, own_number, peer_number, last_message_at, unread)
  values (new.user_id, new.own_number, new.peer_number, new.created_at, (new.direction = 'inbound')::integer)
  on conflict (user_id, own_number, peer_number) do update
    set last_message_at = greatest(c.last_message_at, excluded.last_message_at), unread = c.unread + excluded.unread
  returning c.* into conversation;
  if new.direction = 'inbound' and new.created_at <= conversation.read_until then
    -- A later message was read before this one was committed. Both are unread now, so that none is missed.
    conversation.read_until := new.created_at - interval '1 microsecond';
    update public.sms_conversations c
    set read_until = conversation.read_until, unread = private.count_unread(conversation, conversation.read_until)
    where c.id = conversation.id;
  end if;
  return null;
end;
$$;
comment on function private.note_conversation() is
  'Trigger: keeps the conversation of a new message, and counts a received one as unread. No received message of a '
  'tenant is deleted later, except with its conversation.';
create trigger note_conversation after insert on public.sms_messages
  for each row execute function private.note_conversation();

-- Words ---------------------------------------------------------------------------------------------------------------

-- A table of its own, so that an update of the ledger rewrites no words. Triggers of the ledger keep it.
create table private.message_words (
  message_id uuid primary key, -- no foreign key: its check would cost more than the row
  user_id uuid not null,
  created_at timestamptz not null,
  words tsvector not null
);
comment on table private.message_words is
  'The words by which a search finds each message with a text. Deleted with the text.';
-- Without a pending list: every search would read it, and some insert would have to empty it.
create index message_words_by_word on private.message_words using gin (words) with (fastupdate = off);

alter table private.message_words enable row level security;
revoke all on private.message_words from public, anon, authenticated, service_role;
grant select, insert, delete on private.message_words to service_role;

create function private.unspaced() returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  -- Thai, Lao, Burmese, Hangul letters, Khmer and symbols; Chinese, Japanese and Yi; Hangul; the same again beyond
  -- U+FFFF, with emoji.
  return '[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2070-\u2bff'
    '\u2e80-\u2fff\u3005-\u3007\u3021-\u302f\u3031-\u303c\u3041-\u30fa\u30fc-\ua4cf\uac00-\ud7ff\uf900-\ufaff'
    '\U0001b000-\U0001b2ff\U0001f000-\U0001faff\U00020000-\U0003ffff]';
end;
$$;
comment on function private.unspaced() is
  'The characters of scripts without spaces between words, and symbols and emoji, as a bracket expression.';

create function private.searchable(p_text text) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  -- Accents go; the marks of Thai or Hindi stay, because they are vowels. Invisible characters and skin tones go too.
  -- The collation makes the result the same in every database.
  words text := lower(regexp_replace(normalize(p_text, NFKD), '[\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e'
    '\u2060-\u206f\u20d0-\u20ff\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff\U000e0000-\U000e01ef]+', '', 'g')
    collate "pg_c_utf8");
begin
  if words ~ '[ßæœøłđıς]' then
    words := translate(replace(replace(replace(words, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øłđıς', 'oldiσ');
  end if;
  if octet_length(words) = length(words) then
    words := regexp_replace(words, '[^a-z0-9]+', ' ', 'g'); -- most texts in Latin letters, by now
  elsif words ~ private.unspaced() then
    words := private.spaced(words);
  else
    words := regexp_replace(words collate "pg_c_utf8", '[[:space:][:punct:][:cntrl:]]+', ' ', 'g');
  end if;
  return ' ' || btrim(regexp_replace(words, '(?<=[0-9])(?=[^0-9 ])|(?<=[^0-9 ])(?=[0-9])', ' ', 'g'));
end;
$$;
comment on function private.searchable(text) is
  'The words of a text in their order, each after a space: "Order B12, Café" becomes " order b 12 cafe".';

create function private.spaced(p_text text) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  unspaced constant text := private.unspaced();
  words text := normalize(p_text, NFC); -- syllables of Hangul and voiced kana are one character again
begin
  -- [:punct:] includes symbols.
  words := regexp_replace(words collate "pg_c_utf8", '(?!' || unspaced || ')[[:space:][:punct:][:cntrl:]]', ' ', 'g');
  return regexp_replace(regexp_replace(words, unspaced || '+', ' \& ', 'g'), ' +', ' ', 'g');
end;
$$;
comment on function private.spaced(text) is
  'A text in lower case with spaces around unspaced characters and for punctuation.';

create function private.split_words(p_words text) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  u constant text := private.unspaced();
  -- The same words without the first of their unspaced characters.
  others constant text := btrim(regexp_replace(p_words, '(?<!' || u || ')' || u || ' ?', '', 'g'));
begin
  return regexp_replace(
    regexp_replace(p_words || ' ' || others, u || u || '(?=' || u || ')', '\& ', 'g'), '([^ ]{100})[^ ]+', '\1', 'g');
end;
$$;
comment on function private.split_words(text) is
  'Searchable words as they are indexed: the first 100 characters, and of unspaced ones each character with the next, '
  'so that every part is found: 会議室 becomes 会議, 議室 and 室.';

create function private.mark_of(p_user_id uuid) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return encode(substr(uuid_send(p_user_id), 14), 'base64');
end;
$$;
comment on function private.mark_of(uuid) is
  'Four characters that stand before each indexed word of a tenant, so that a search reads no other tenant''s words. '
  'Two tenants may share them.';

create function private.words_of(p_user_id uuid, p_text text) returns tsvector
language plpgsql immutable
set search_path = ''
as $$
declare
  words text := private.searchable(p_text);
begin
  if octet_length(words) > 1000 or (octet_length(words) > length(words) and words ~ private.unspaced()) then
    words := private.split_words(words);
  end if;
  return array_to_tsvector(string_to_array(substr(replace(words, ' ', ' ' || private.mark_of(p_user_id)), 2), ' '));
end;
$$;
comment on function private.words_of(uuid, text) is 'The words of a tenant''s text as they are indexed.';

create function private.index_words() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if octet_length(new.body) = length(new.body) and length(new.body) < 1000 then
    -- What words_of would return for ASCII, at half its cost.
    insert into private.message_words (message_id, user_id, created_at, words)
    values (new.id, new.user_id, new.created_at, array_to_tsvector(string_to_array(substr(replace(' ' || btrim(
      regexp_replace(regexp_replace(lower(new.body collate "pg_c_utf8"), '[^a-z0-9]+', ' ', 'g'),
        '(?<=[0-9])(?=[a-z])|(?<=[a-z])(?=[0-9])', ' ', 'g')),
      ' ', ' ' || encode(substr(uuid_send(new.user_id), 14), 'base64')), 2), ' ')));
  elsif new.body is not null then
    insert into private.message_words (message_id, user_id, created_at, words)
      values (new.id, new.user_id, new.created_at, private.words_of(new.user_id, new.body));
  end if;
  return null;
end;
$$;
comment on function private.index_words() is 'Trigger: indexes the words of a new message.';
create trigger index_words after insert on public.sms_messages
  for each row execute function private.index_words(); -- without a "when", which is parsed for every statement

create function private.reindex_words() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  delete from private.message_words w where w.message_id = old.id;
  if tg_op = 'UPDATE' and new.body is not null then
    insert into private.message_words (message_id, user_id, created_at, words)
      values (new.id, new.user_id, new.created_at, private.words_of(new.user_id, new.body));
  end if;
  return null;
end;
$$;
comment on function private.reindex_words() is
  'Trigger: deletes the words of a deleted text, and replaces those of a changed one.';
create trigger forget_words after delete on public.sms_messages
  for each row when (old.body is not null) execute function private.reindex_words();
create trigger change_words after update of id, user_id, body, created_at on public.sms_messages
  for each row when ((old.id, old.user_id, old.body, old.created_at)
    is distinct from (new.id, new.user_id, new.body, new.created_at)) execute function private.reindex_words();

-- Searching -----------------------------------------------------------------------------------------------------------

create type private.search as (query tsquery, narrow tsquery, phrases text[], number_pattern text);
comment on type private.search is
  'A search as typed. query: all its words. narrow: those that select few messages, for the index. phrases: words that '
  'stand together. number_pattern: a regular expression for the peer''s number.';

create function private.number_pattern(p_search text) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  typed text := replace(normalize(p_search, NFKC), '(0)', ''); -- +49 (0)151
  digits text := regexp_replace(typed, '[^0-9]', '', 'g');
  country_code constant text := '(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]'
    '|(2[1-689]|3[578]|42|5[09]|6[7-9]|8[05789]|9[679])[0-9])';
begin
  return case
    when typed !~ '^[-0-9 +()./\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212]*$'
      or length(digits) < 3 then null
    when typed ~ '^[^0-9]*\+' then '^\+' || digits
    when digits ~ '^00[1-9]' then '^\+' || substr(digits, 3) || '|' || digits
    -- A national number: 0 stands for the country's code.
    when digits ~ '^0[1-9]' then '^\+' || country_code || substr(digits, 2) || '|' || digits
    else digits
  end;
end;
$$;
comment on function private.number_pattern(text) is
  'The numbers that a search means, as a regular expression. Null when it is not at least three digits of a number.';

create function private.search_for(p_user_id uuid, p_search text) returns private.search
language plpgsql stable
set search_path = ''
as $$
declare
  search private.search;
  typed text[] := array(select distinct private.searchable(t)
    from regexp_split_to_table(p_search collate "pg_c_utf8", '\s+') t);
begin
  with parts as (
    select p.word, p.word ~ private.unspaced() as is_unspaced,
      p.place = cardinality(string_to_array(t.words, ' ')) - 1 as is_last
    from unnest(typed) as t (words), unnest(string_to_array(substr(t.words, 2), ' ')) with ordinality as p (word, place)
  ), terms as (
    -- The last part may be incomplete; what was typed before a hyphen or a full stop is complete.
    select left(p.word, 100) as word, p.is_last as is_prefix, length(p.word) > (case when p.is_last then 2 else 1 end)
      as is_narrow
    from parts p where not p.is_unspaced
    union
    select substr(p.word, n, 2), p.is_last and length(p.word) = 1, length(p.word) > 1
    from parts p, generate_series(1, greatest(length(p.word) - 1, 1)) n where p.is_unspaced
  ), operands as (
    select '''' || private.mark_of(p_user_id) || t.word || case when t.is_prefix then ''':*' else '''' end as operand,
      -- Many messages have a word with a given prefix of one or two letters. The index reads it only without others.
      (t.is_narrow or not bool_or(t.is_narrow) over ())
        and row_number() over (order by t.is_narrow desc, length(t.word) desc, t.word) <= 10 as is_narrow
    from terms t
  )
  select string_agg(o.operand, ' & ')::tsquery, (string_agg(o.operand, ' & ') filter (where o.is_narrow))::tsquery
  into search.query, search.narrow from operands o;
  search.phrases := array(
    select case when t.words ~ ('^ ' || private.unspaced()) then substr(t.words, 2) else t.words end
    from unnest(typed) as t (words)
    where t.words like ' % %' or length(t.words) > 101 or (length(t.words) > 3 and t.words ~ private.unspaced()));
  search.number_pattern := private.number_pattern(p_search);
  return search;
end;
$$;
comment on function private.search_for(uuid, text) is 'What a search as typed looks for among a tenant''s messages.';

create function private.has_phrases(p_body text, p_phrases text[]) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  words text;
  phrase text;
begin
  if p_phrases <> '{}' then
    words := private.searchable(p_body);
    foreach phrase in array p_phrases loop
      if position(phrase in words) = 0 then
        return false;
      end if;
    end loop;
  end if;
  return true;
end;
$$;
comment on function private.has_phrases(text, text[]) is 'Whether a text has all phrases of a search.';

create function private.found_messages(p_user_id uuid, p_search private.search, p_since timestamptz,
  p_until_at timestamptz, p_until_id uuid) returns uuid[]
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
set enable_seqscan = off
set enable_bitmapscan = on -- the only way to read message_words_by_word
as $$
begin
  return array(
    select f.id from (
      select w.created_at, w.message_id as id
      from private.message_words w
      where w.user_id = p_user_id and w.words @@ p_search.narrow
        and (w.created_at, w.message_id) <= (p_until_at, p_until_id)
        and (p_since is null or w.created_at >= p_since)
      union
      select m.created_at, m.id
      from public.sms_conversations c
      join public.sms_messages m on m.user_id = c.user_id and m.own_number = c.own_number
        and m.peer_number = c.peer_number
      where c.user_id = p_user_id and c.peer_number ~ p_search.number_pattern
        and (m.created_at, m.id) <= (p_until_at, p_until_id)
        and (p_since is null or m.created_at >= p_since)
    ) f order by f.created_at desc, f.id desc);
end;
$$;
comment on function private.found_messages(uuid, private.search, timestamptz, timestamptz, uuid) is
  'Messages that may match a search, up to a key and newest first, from the indexes.';

create function public.list_messages(
  p_user_id uuid, p_direction public.message_direction, p_statuses public.message_status[], p_own_number text,
  p_peer_number text, p_campaign_id uuid, p_since timestamptz, p_until timestamptz, p_search text,
  p_before_at timestamptz, p_before_id uuid, p_limit integer
)
returns setof public.sms_messages
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan' -- each mix of filters has a plan of its own
-- With any statistics, only this tenant's rows are read, in their order, and no more than fill the page.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  newest constant integer := 2000;
  portion constant integer := 1000;
  search private.search;
  last record;
  found uuid[];
  chosen uuid[];
  listed integer;
begin
  select null::timestamptz as created_at, null::uuid as id into last;
  if p_search is not null then
    search := private.search_for(p_user_id, p_search);
    -- The newest messages are read first: of a frequent word they fill the page, and the index has too many.
    select m.created_at, m.id into last
    from public.sms_messages m
    where m.user_id = p_user_id
      and (p_own_number is null or p_peer_number is null
        or (m.own_number = p_own_number and m.peer_number = p_peer_number))
      and (p_until is null or m.created_at < p_until)
      and (p_before_at is null or (m.created_at, m.id) < (p_before_at, p_before_id))
    order by m.created_at desc, m.id desc offset newest limit 1;
  end if;
  loop
    return query
      select m.*
      from public.sms_messages m
      where m.user_id = p_user_id
        and (p_direction is null or m.direction = p_direction)
        and (p_statuses is null or m.status = any (p_statuses))
        and (p_own_number is null or m.own_number = p_own_number)
        and (p_peer_number is null or m.peer_number = p_peer_number)
        and (p_campaign_id is null or m.campaign_id = p_campaign_id)
        and (p_since is null or m.created_at >= p_since)
        and (p_until is null or m.created_at < p_until)
        and (p_before_at is null or (m.created_at, m.id) < (p_before_at, p_before_id))
        and (chosen is null or m.id = any (chosen))
        and (last.id is null or chosen is not null or (m.created_at, m.id) > (last.created_at, last.id))
        and (p_search is null or m.peer_number ~ search.number_pattern
          or ((select w.words @@ search.query from private.message_words w where w.message_id = m.id)
            and private.has_phrases(m.body, search.phrases)))
      order by m.created_at desc, m.id desc
      limit p_limit;
    get diagnostics listed = row_count;
    p_limit := p_limit - listed;
    exit when last.id is null or p_limit <= 0;
    found := coalesce(found[portion + 1:],
      private.found_messages(p_user_id, search, p_since, last.created_at, last.id));
    exit when found = '{}';
    chosen := found[:portion];
  end loop;
end;
$$;
comment on function public.list_messages(uuid, public.message_direction, public.message_status[], text, text, uuid,
  timestamptz, timestamptz, text, timestamptz, uuid, integer) is
  'A tenant''s messages, newest first. A null filter does not filter; a search finds messages with all its words, each '
  'by its beginning, or with its digits in the peer''s number. before_* are the key of the last row of the page '
  'before.';

create function public.list_messages_forwards(
  p_user_id uuid, p_direction public.message_direction, p_statuses public.message_status[], p_own_number text,
  p_peer_number text, p_campaign_id uuid, p_since timestamptz, p_until timestamptz, p_after_at timestamptz,
  p_after_id uuid, p_limit integer
)
returns setof public.sms_messages
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan' -- as list_messages
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
  return query
    select m.*
    from public.sms_messages m
    where m.user_id = p_user_id
      and (p_direction is null or m.direction = p_direction)
      and (p_statuses is null or m.status = any (p_statuses))
      and (p_own_number is null or m.own_number = p_own_number)
      and (p_peer_number is null or m.peer_number = p_peer_number)
      and (p_campaign_id is null or m.campaign_id = p_campaign_id)
      and (p_since is null or m.created_at >= p_since)
      and (p_until is null or m.created_at < p_until)
      and (p_after_at is null or (m.created_at, m.id) > (p_after_at, p_after_id))
    order by m.created_at, m.id
    limit p_limit;
end;
$$;
comment on function public.list_messages_forwards(uuid, public.message_direction, public.message_status[], text, text,
  uuid, timestamptz, timestamptz, timestamptz, uuid, integer) is
  'As list_messages without a search, oldest first. after_* are the key of the last row of the page before.';

create function public.message_of(p_user_id uuid, p_message_id uuid) returns setof public.sms_messages
language sql stable
set search_path = ''
as $$
  select m.* from public.sms_messages m where m.id = p_message_id and m.user_id = p_user_id;
$$;
comment on function public.message_of(uuid, uuid) is
  'One message of a tenant; no row when the message is not theirs.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.count_unread(public.sms_conversations, timestamptz),
  private.note_conversation(),
  private.unspaced(),
  private.searchable(text),
  private.spaced(text),
  private.split_words(text),
  private.mark_of(uuid),
  private.words_of(uuid, text),
  private.index_words(),
  private.reindex_words(),
  private.number_pattern(text),
  private.search_for(uuid, text),
  private.has_phrases(text, text[]),
  private.found_messages(uuid, private.search, timestamptz, timestamptz, uuid),
  public.list_messages(uuid, public.message_direction, public.message_status[], text, text, uuid, timestamptz,
    timestamptz, text, timestamptz, uuid, integer),
  public.list_messages_forwards(uuid, public.message_direction, public.message_status[], text, text, uuid, timestamptz,
    timestamptz, timestamptz, uuid, integer),
  public.message_of(uuid, uuid)
  from public, anon, authenticated;
grant execute on function
  private.count_unread(public.sms_conversations, timestamptz),
  private.unspaced(),
  private.searchable(text),
  private.spaced(text),
  private.split_words(text),
  private.mark_of(uuid),
  private.words_of(uuid, text),
  private.number_pattern(text),
  private.search_for(uuid, text),
  private.has_phrases(text, text[]),
  private.found_messages(uuid, private.search, timestamptz, timestamptz, uuid),
  public.list_messages(uuid, public.message_direction, public.message_status[], text, text, uuid, timestamptz,
    timestamptz, text, timestamptz, uuid, integer),
  public.list_messages_forwards(uuid, public.message_direction, public.message_status[], text, text, uuid, timestamptz,
    timestamptz, timestamptz, uuid, integer),
  public.message_of(uuid, uuid)
  to service_role;
