-- Contacts, and the list of conversations with its filters and unread messages.

-- Contacts ------------------------------------------------------------------------------------------------------------

create function private.are_tags(p_tags text[]) returns boolean
language plpgsql immutable
set search_path = ''
as $$
declare
  tag text;
begin
  foreach tag in array p_tags loop
    if tag is null or char_length(tag) not between 1 and 40 then
      return false;
    end if;
  end loop;
  return cardinality(p_tags) <= 20;
end;
$$;
comment on function private.are_tags(text[]) is
  'Whether these can be the tags of a contact. The functions also leave out repetitions.';

create function private.contact_words(p_user_id uuid, p_name text, p_tags text[]) returns tsvector
language plpgsql immutable
set search_path = ''
as $$
begin
  return coalesce(private.words_of(p_user_id, p_name), '') || array_to_tsvector(array(
    select private.tag_word(p_user_id, t) from unnest(p_tags) t));
end;
$$;
comment on function private.contact_words(uuid, text, text[]) is
  'What a contact is found by: the words of the name, and the tags.';

create function private.tag_word(p_user_id uuid, p_tag text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  -- No word of a name has a "#".
  return private.mark_of(p_user_id) || '#' || lower(p_tag collate "pg_c_utf8");
end;
$$;
comment on function private.tag_word(uuid, text) is
  'A tag of a tenant as it is indexed, the same for tags that differ only in case.';

create function private.sorted_name(p_name text) returns text
language plpgsql immutable
set search_path = ''
as $$
begin
  return coalesce(left(private.searchable(p_name), 60), chr(x'10fffd'::integer));
end;
$$;
comment on function private.sorted_name(text) is
  'The name by which a contact is listed, without case and accents. A contact without a name is listed last.';

create table public.contacts (
  -- No foreign key: the contacts of a deleted user are erased in batches.
  user_id uuid not null,
  phone_number text not null,
  name text,
  notes text,
  tags text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  sorted_name text collate "C" not null generated always as (private.sorted_name(name)) stored,
  words tsvector not null generated always as (private.contact_words(user_id, name, tags)) stored,
  primary key (user_id, phone_number),
  constraint contacts_numbers check (phone_number ~ '^\+[1-9][0-9]{3,17}$'),
  constraint contacts_names check (char_length(name) between 1 and 100),
  constraint contacts_notes check (char_length(notes) between 1 and 2000),
  constraint contacts_tags check (private.are_tags(tags))
);
alter table public.contacts alter column user_id set (n_distinct = 50); -- as in sms_messages
comment on table public.contacts is 'What a tenant knows about other numbers. At most 50,000 for each tenant.';
comment on column public.contacts.phone_number is 'E.164.';
comment on column public.contacts.tags is 'Each once, regardless of case.';
create index contacts_by_name on public.contacts (user_id, sorted_name, phone_number);
create index contacts_by_word on public.contacts using gin (words) with (fastupdate = off); -- as in message_words

alter table public.contacts enable row level security;
revoke all on public.contacts from public, anon, authenticated, service_role;
grant select (user_id, phone_number, name, notes, tags, created_at, updated_at) on public.contacts to authenticated;
grant select, insert, update, delete on public.contacts to service_role;
create policy "A tenant reads their own contacts" on public.contacts
  for select to authenticated using ((select auth.uid()) = user_id);

create table private.contact_counts (
  user_id uuid primary key, -- no foreign key: it is erased with the contacts
  contacts integer not null check (contacts >= 0)
);
comment on table private.contact_counts is
  'How many contacts each tenant has. A function that writes contacts of a tenant locks this row first.';
alter table private.contact_counts enable row level security;
revoke all on private.contact_counts from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.contact_counts to service_role;

create type public.contact as (
  phone_number text, name text, notes text, tags text[], created_at timestamptz, updated_at timestamptz,
  sorted_name text);
comment on type public.contact is 'A contact as callers see it, with the key of its place in the list.';

create function private.tag_query(p_user_id uuid, p_tag text) returns tsquery
language plpgsql immutable
set search_path = ''
as $$
begin
  return ('''' || replace(replace(private.tag_word(p_user_id, p_tag), '\', '\\'), '''', '''''') || '''')::tsquery;
end;
$$;
comment on function private.tag_query(uuid, text) is 'Finds the contacts of a tenant with a tag; null without a tag.';

create function public.list_contacts(
  p_user_id uuid, p_phone_number text, p_search text, p_tag text, p_after_name text, p_after_number text,
  p_limit integer
)
returns setof public.contact
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan' -- each mix of filters has a plan of its own
set enable_seqscan = off
as $$
declare
  tag constant tsquery := private.tag_query(p_user_id, p_tag);
  search private.search;
begin
  if p_search is not null then
    search := private.search_for(p_user_id, p_search);
  end if;
  return query
    select c.phone_number, c.name, c.notes, c.tags, c.created_at, c.updated_at, c.sorted_name
    from public.contacts c
    where c.user_id = p_user_id
      and (p_phone_number is null or c.phone_number = p_phone_number)
      and (p_tag is null or c.words @@ tag)
      and (p_search is null or c.phone_number ~ search.number_pattern
        or (c.words @@ search.query and private.has_phrases(c.name, search.phrases)))
      and (p_after_name is null or (c.sorted_name, c.phone_number) > (p_after_name, p_after_number))
    order by c.sorted_name, c.phone_number
    limit p_limit;
end;
$$;
comment on function public.list_contacts(uuid, text, text, text, text, text, integer) is
  'A tenant''s contacts by name. A null filter does not filter; a search finds contacts with all its words, each by '
  'its beginning, or with its digits in the number. after_* are the key of the last row of the page before.';

create type public.contact_tag as (tag text, contacts integer);
comment on type public.contact_tag is 'A tag and how many contacts of a tenant have it.';

create function public.list_contact_tags(p_user_id uuid, p_limit integer) returns setof public.contact_tag
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  return query
    select f.tag, f.contacts from (
      select mode() within group (order by t.tag collate "C") as tag, count(*)::integer as contacts,
        lower(t.tag collate "pg_c_utf8") as key
      from public.contacts c, unnest(c.tags) as t (tag)
      where c.user_id = p_user_id
      group by lower(t.tag collate "pg_c_utf8")
      order by 2 desc, 3 limit p_limit
    ) f order by f.key;
end;
$$;
comment on function public.list_contact_tags(uuid, integer) is
  'The p_limit most frequent tags of a tenant''s contacts in their most frequent spelling, by name.';

create type private.given_contact as (
  "position" integer, phone_number text, name text, notes text, tags text[], sets_name boolean, sets_notes boolean,
  sets_tags boolean);
comment on type private.given_contact is 'A contact to save, with the fields that it sets.';

create function private.given_contacts(p_contacts jsonb) returns setof private.given_contact
language plpgsql immutable
set search_path = ''
as $$
begin
  return query
    select r.position, r.phone_number, r.name, r.notes, coalesce(r.tags, '{}'), e ? 'name', e ? 'notes', e ? 'tags'
    from jsonb_array_elements(p_contacts) e,
      jsonb_to_record(e) as r (position integer, phone_number text, name text, notes text, tags text[]);
end;
$$;
comment on function private.given_contacts(jsonb) is
  'Contacts to save, from [{position, phone_number, name?, notes?, tags?}].';

create type public.save_contacts_outcome as enum ('saved', 'unknown_user');
comment on type public.save_contacts_outcome is
  'unknown_user: the user was deleted; their token may still be valid.';

create function public.save_contacts(p_user_id uuid, p_contacts jsonb, p_kept_at_most integer default 50000)
returns table (outcome public.save_contacts_outcome, added integer, updated integer, unchanged integer,
  over_limit integer[], contact jsonb)
language plpgsql
set search_path = ''
-- The contacts are found by their key, with any statistics.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  known integer;
begin
  if not private.user_exists(p_user_id) then
    outcome := 'unknown_user';
    return next;
    return;
  end if;
  insert into private.contact_counts (user_id, contacts) values (p_user_id, 0) on conflict do nothing;
  select c.contacts into known from private.contact_counts c where c.user_id = p_user_id for update;

  update public.contacts c
  set name = case when g.sets_name then g.name else c.name end,
    notes = case when g.sets_notes then g.notes else c.notes end,
    tags = case when g.sets_tags then g.tags else c.tags end,
    updated_at = now()
  from private.given_contacts(p_contacts) g
  where c.user_id = p_user_id and c.phone_number = g.phone_number
    and ((g.sets_name and g.name is distinct from c.name) or (g.sets_notes and g.notes is distinct from c.notes)
      or (g.sets_tags and g.tags is distinct from c.tags));
  get diagnostics updated = row_count;

  insert into public.contacts (user_id, phone_number, name, notes, tags)
  select p_user_id, g.phone_number, g.name, g.notes, g.tags
  from private.given_contacts(p_contacts) g
  where not exists (
    select from public.contacts c where c.user_id = p_user_id and c.phone_number = g.phone_number)
  order by g.position limit greatest(p_kept_at_most - known, 0);
  get diagnostics added = row_count;
  if added > 0 then
    update private.contact_counts c set contacts = c.contacts + added where c.user_id = p_user_id;
  end if;

  over_limit := array(
    select g.position from private.given_contacts(p_contacts) g
    where not exists (
      select from public.contacts c where c.user_id = p_user_id and c.phone_number = g.phone_number)
    order by g.position);
  unchanged := jsonb_array_length(p_contacts) - added - updated - cardinality(over_limit);
  if jsonb_array_length(p_contacts) = 1 then
    contact := (select to_jsonb(l)
      from public.list_contacts(p_user_id, p_contacts -> 0 ->> 'phone_number', null, null, null, null, 1) l);
  end if;
  outcome := 'saved';
  return next;
end;
$$;
comment on function public.save_contacts(uuid, jsonb, integer) is
  'Adds or changes contacts of a tenant ([{position, phone_number, name?, notes?, tags?}], each number once). A field '
  'that is left out stays as it is, and null clears it. over_limit: the positions of rows that were not added because '
  'the tenant has p_kept_at_most. contact: the row as it is now, if only one was given.';

create type public.delete_contact_outcome as enum ('deleted', 'unknown_contact');
comment on type public.delete_contact_outcome is 'unknown_contact: the tenant has no contact with this number.';

create function public.delete_contact(p_user_id uuid, p_phone_number text)
returns table (outcome public.delete_contact_outcome)
language plpgsql
set search_path = ''
as $$
begin
  perform from private.contact_counts c where c.user_id = p_user_id for update;
  delete from public.contacts c where c.user_id = p_user_id and c.phone_number = p_phone_number;
  outcome := (case when found then 'deleted' else 'unknown_contact' end)::public.delete_contact_outcome;
  if found then
    update private.contact_counts c set contacts = c.contacts - 1 where c.user_id = p_user_id;
  end if;
  return next;
end;
$$;
comment on function public.delete_contact(uuid, text) is 'Deletes a contact of a tenant.';

create function private.erase_contacts(p_user_id uuid, p_limit integer) returns integer
language plpgsql
set search_path = ''
as $$
declare
  erased integer;
begin
  delete from private.contact_counts c where c.user_id = p_user_id;
  delete from public.contacts c
  where c.user_id = p_user_id and c.phone_number = any (array(
    select d.phone_number from public.contacts d where d.user_id = p_user_id limit p_limit));
  get diagnostics erased = row_count;
  return erased;
end;
$$;
comment on function private.erase_contacts(uuid, integer) is 'Deletes up to p_limit contacts of a deleted user.';

-- Unread messages -----------------------------------------------------------------------------------------------------

create function private.unread_conversations(p_user_id uuid) returns integer
language plpgsql stable
set search_path = ''
as $$
begin
  return (select count(*) from (
    select from public.sms_conversations c where c.user_id = p_user_id and c.unread > 0 limit 1000) u);
end;
$$;
comment on function private.unread_conversations(uuid) is
  'How many conversations of a tenant have unread messages, counted up to 1,000.';

create type public.mark_read_outcome as enum ('marked', 'unknown_conversation');
comment on type public.mark_read_outcome is 'unknown_conversation: the tenant has no conversation of these numbers.';

create function public.mark_read(
  p_user_id uuid, p_own_number text, p_peer_number text, p_until timestamptz, p_as_unread boolean
) returns table (outcome public.mark_read_outcome, unread integer, unread_conversations integer)
language plpgsql
set search_path = ''
as $$
declare
  conversation public.sms_conversations;
  newest timestamptz;
begin
  -- A message that is being stored waits for this row, or this waits for it. The statements below see it in that case.
  select * into conversation from public.sms_conversations c
  where c.user_id = p_user_id and c.own_number = p_own_number and c.peer_number = p_peer_number for update;
  if conversation.id is null then
    outcome := 'unknown_conversation';
    return next;
    return;
  end if;
  outcome := 'marked';
  unread := conversation.unread;
  -- Otherwise it is as wished already: nothing is unread, or the newest message is.
  if p_as_unread = (conversation.unread = 0) then
    newest := (select m.created_at from public.sms_messages m
      where m.user_id = p_user_id and m.own_number = p_own_number and m.peer_number = p_peer_number
        and m.direction = 'inbound'
        -- Callers know the times of messages to the millisecond, cut off.
        and m.created_at < coalesce(p_until + interval '1 millisecond', 'infinity')
      order by m.created_at desc limit 1);
  end if;
  if newest is not null then
    -- Never the present: a message that is not committed yet may be older than that.
    conversation.read_until := case when p_as_unread
      then least(conversation.read_until, newest - interval '1 microsecond')
      else greatest(conversation.read_until, newest) end;
    unread := private.count_unread(conversation, conversation.read_until);
    update public.sms_conversations c
    set read_until = conversation.read_until, unread = mark_read.unread
    where c.id = conversation.id;
  end if;
  unread_conversations := private.unread_conversations(p_user_id);
  return next;
end;
$$;
comment on function public.mark_read(uuid, text, text, timestamptz, boolean) is
  'Marks the received messages of a conversation as read, up to and with the millisecond p_until (null: all), or the '
  'newest one as unread. What was read stays read.';

-- Conversations -------------------------------------------------------------------------------------------------------

create type public.conversation as (
  own_number text, peer_number text, contact jsonb, last_message_at timestamptz, unread integer, last_message jsonb,
  opted_out boolean);
comment on type public.conversation is
  'A conversation with its newest message, a row of sms_messages. contact: the peer''s name and tags, or null. '
  'opted_out: the number may not send to the peer.';

create function private.has_failed(p_status public.message_status) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return p_status in ('refused', 'failed', 'undelivered', 'not_sent');
end;
$$;
comment on function private.has_failed(public.message_status) is 'Whether a message did not reach its recipient.';

create function private.found_conversations(
  p_user_id uuid, p_search private.search, p_tag tsquery, p_most_peers integer, p_most integer
) returns uuid[]
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
set enable_seqscan = off
set enable_bitmapscan = on -- the only way to read contacts_by_word
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  peers text[];
  conversations uuid[];
begin
  peers := array(
    select k.phone_number from public.contacts k
    where k.user_id = p_user_id
      and (p_tag is null or k.words @@ p_tag)
      -- Not "p_search is null", which the planner does not see through.
      and (p_search.phrases is null or k.phone_number ~ p_search.number_pattern
        or (k.words @@ p_search.query and private.has_phrases(k.name, p_search.phrases)))
    limit p_most_peers + 1);
  if cardinality(peers) > p_most_peers then
    return null;
  end if;
  conversations := array(
    select c.id from unnest(peers) p (number)
    join public.sms_conversations c on c.user_id = p_user_id and c.peer_number = p.number
    union
    select c.id from public.sms_conversations c
    where c.user_id = p_user_id and p_tag is null and c.peer_number ~ p_search.number_pattern
    limit p_most + 1);
  return case when cardinality(conversations) <= p_most then conversations end;
end;
$$;
comment on function private.found_conversations(uuid, private.search, tsquery, integer, integer) is
  'The conversations that match a search and a tag, from the indexes; null if they are too many.';

create function public.list_conversations(
  p_user_id uuid, p_own_number text, p_peer_number text, p_is_unread boolean, p_has_failed boolean,
  p_is_opted_out boolean, p_tag text, p_search text, p_before_at timestamptz, p_before_own text, p_before_peer text,
  p_limit integer
)
returns table (conversations jsonb, unread_conversations integer, next_at timestamptz, next_own text, next_peer text)
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan' -- each mix of filters has a plan of its own
-- With any statistics, only this tenant's rows are read, in their order, and no more than fill the page.
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  most_walked constant integer := 2000;
  tag constant tsquery := private.tag_query(p_user_id, p_tag);
  search private.search;
  chosen uuid[];
  walked record;
  count integer := 0;
  opted_out boolean;
  matching public.conversation[] := '{}';
begin
  if p_search is not null then
    search := private.search_for(p_user_id, p_search);
  end if;
  if p_search is not null or p_tag is not null then
    chosen := private.found_conversations(p_user_id, search, tag, 10000, 1000);
  end if;
  for walked in
    select c.own_number, c.peer_number, c.last_message_at, c.unread, newest.message,
      case when k.phone_number is not null then jsonb_build_object('name', k.name, 'tags', k.tags) end as contact,
      (p_tag is null or k.words @@ tag)
        and (p_search is null or c.peer_number ~ search.number_pattern
          or (k.words @@ search.query and private.has_phrases(k.name, search.phrases))) as is_found
    from public.sms_conversations c
    left join public.contacts k on k.user_id = c.user_id and k.phone_number = c.peer_number
    -- A conversation whose only message was released has none.
    left join lateral (
      select m as message from public.sms_messages m
      where m.user_id = c.user_id and m.own_number = c.own_number and m.peer_number = c.peer_number
      order by m.created_at desc, m.id desc limit 1
    ) newest on true
    where c.user_id = p_user_id
      and (p_own_number is null or c.own_number = p_own_number)
      and (p_peer_number is null or c.peer_number = p_peer_number)
      and (p_is_unread is distinct from true or c.unread > 0)
      and (chosen is null or c.id = any (chosen))
      -- Newest first, ties by the numbers. A row comparison cannot express it, because the directions differ; the
      -- first line gives the index its starting point.
      and c.last_message_at <= coalesce(p_before_at, 'infinity')
      and (p_before_at is null or c.last_message_at < p_before_at
        or (c.last_message_at = p_before_at and (c.own_number, c.peer_number) > (p_before_own, p_before_peer)))
    order by c.last_message_at desc, c.own_number, c.peer_number
    limit most_walked
  loop
    count := count + 1;
    next_at := walked.last_message_at;
    next_own := walked.own_number;
    next_peer := walked.peer_number;
    continue when walked.is_found is not true or (walked.message).id is null
      or (walked.unread > 0) <> p_is_unread or private.has_failed((walked.message).status) <> p_has_failed;
    opted_out := private.has_opted_out(p_user_id, walked.own_number, walked.peer_number);
    continue when opted_out <> p_is_opted_out;
    matching := matching || (walked.own_number, walked.peer_number, walked.contact, walked.last_message_at,
      walked.unread, to_jsonb(walked.message), opted_out)::public.conversation;
    exit when cardinality(matching) >= p_limit;
  end loop;
  -- The walk came to the end of the conversations by itself.
  if count < most_walked and cardinality(matching) < p_limit then
    next_at := null;
    next_own := null;
    next_peer := null;
  end if;
  conversations := to_jsonb(matching);
  unread_conversations := private.unread_conversations(p_user_id);
  return next;
end;
$$;
comment on function public.list_conversations(uuid, text, text, boolean, boolean, boolean, text, text, timestamptz,
  text, text, integer) is
  'A page of a tenant''s conversations, newest first: up to p_limit that match, after the one with the key before_*. '
  'A null filter does not filter. next_*: the last conversation that was looked at; null at the end of the list. A '
  'page looks at 2,000 conversations at most, so with a filter it may be short, or empty, before the end.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.are_tags(text[]),
  private.contact_words(uuid, text, text[]),
  private.tag_word(uuid, text),
  private.sorted_name(text),
  private.tag_query(uuid, text),
  public.list_contacts(uuid, text, text, text, text, text, integer),
  public.list_contact_tags(uuid, integer),
  private.given_contacts(jsonb),
  public.save_contacts(uuid, jsonb, integer),
  public.delete_contact(uuid, text),
  private.erase_contacts(uuid, integer),
  private.unread_conversations(uuid),
  public.mark_read(uuid, text, text, timestamptz, boolean),
  private.has_failed(public.message_status),
  private.found_conversations(uuid, private.search, tsquery, integer, integer),
  public.list_conversations(uuid, text, text, boolean, boolean, boolean, text, text, timestamptz, text, text, integer)
  from public, anon, authenticated;
grant execute on function
  private.are_tags(text[]),
  private.contact_words(uuid, text, text[]),
  private.tag_word(uuid, text),
  private.sorted_name(text),
  private.tag_query(uuid, text),
  public.list_contacts(uuid, text, text, text, text, text, integer),
  public.list_contact_tags(uuid, integer),
  private.given_contacts(jsonb),
  public.save_contacts(uuid, jsonb, integer),
  public.delete_contact(uuid, text),
  private.erase_contacts(uuid, integer),
  private.unread_conversations(uuid),
  public.mark_read(uuid, text, text, timestamptz, boolean),
  private.has_failed(public.message_status),
  private.found_conversations(uuid, private.search, tsquery, integer, integer),
  public.list_conversations(uuid, text, text, boolean, boolean, boolean, text, text, timestamptz, text, text, integer)
  to service_role;
