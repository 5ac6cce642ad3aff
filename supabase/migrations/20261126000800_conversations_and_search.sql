-- Conversations and the history of messages, paged by key so that new messages never shift a page.

create table public.sms_conversations (
  id uuid primary key default gen_random_uuid(),
  -- No foreign key: erasure finds a deleted user's messages through these rows, in batches.
  user_id uuid not null,
  own_number text not null,
  peer_number text not null,
  last_message_at timestamptz not null,
  constraint sms_conversations_one_per_pair unique (user_id, own_number, peer_number)
);
alter table public.sms_conversations alter column user_id set (n_distinct = 50); -- as in sms_messages
comment on table public.sms_conversations is
  'Each pair of a tenant''s number and a peer''s, with the time of the newest message. Kept by a trigger.';
create index sms_conversations_newest_first on public.sms_conversations (user_id, last_message_at desc, own_number,
  peer_number);

alter table public.sms_conversations enable row level security;
revoke all on public.sms_conversations from public, anon, authenticated, service_role;
grant select on public.sms_conversations to authenticated;
grant select, insert, update, delete on public.sms_conversations to service_role;
create policy "A tenant reads their own conversations" on public.sms_conversations
  for select to authenticated using ((select auth.uid()) = user_id);

create function private.note_conversation() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  insert into public.sms_conversations as c (user_id, own_number, peer_number, last_message_at)
  values (new.user_id, new.own_number, new.peer_number, new.created_at)
  on conflict (user_id, own_number, peer_number) do update
    set last_message_at = greatest(c.last_message_at, excluded.last_message_at);
  return null;
end;
$$;
comment on function private.note_conversation() is 'Trigger: keeps the conversation of a new message.';
create trigger note_conversation after insert on public.sms_messages
  for each row execute function private.note_conversation();

create type public.conversation as (
  own_number text, peer_number text, last_message_at timestamptz, last_message jsonb, opted_out boolean);
comment on type public.conversation is
  'A conversation with its newest message, a row of sms_messages. opted_out: the peer replied STOP to the number.';

create function public.list_conversations(
  p_user_id uuid, p_own_number text, p_before_at timestamptz, p_before_own text, p_before_peer text, p_limit integer
)
returns setof public.conversation
language sql stable
set search_path = ''
as $$
  select c.own_number, c.peer_number, c.last_message_at, newest.message,
    private.has_opted_out(c.user_id, c.own_number, c.peer_number)
  from public.sms_conversations c
  -- A conversation whose only message was released has none.
  cross join lateral (
    select to_jsonb(m) as message
    from public.sms_messages m
    where m.user_id = c.user_id and m.own_number = c.own_number and m.peer_number = c.peer_number
    order by m.created_at desc, m.id desc limit 1
  ) newest
  where c.user_id = p_user_id
    and (p_own_number is null or c.own_number = p_own_number)
    -- Newest first, ties by the numbers. A row comparison cannot express it, because the directions differ; the first
    -- line gives the index its starting point.
    and c.last_message_at <= coalesce(p_before_at, 'infinity')
    and (p_before_at is null or c.last_message_at < p_before_at
      or (c.last_message_at = p_before_at and (c.own_number, c.peer_number) > (p_before_own, p_before_peer)))
  order by c.last_message_at desc, c.own_number, c.peer_number
  limit p_limit;
$$;
comment on function public.list_conversations(uuid, text, timestamptz, text, text, integer) is
  'A tenant''s conversations, newest first. before_* are the key of the last row of the page before.';

create function private.words_of(p_search text) returns tsquery
language sql stable
set search_path = ''
as $$
  -- Each word matches as a prefix, so that a search finds messages while it is typed. Cast, because to_tsquery would
  -- split links again; quoted by hand, because quote_literal writes E'…' for a backslash.
  select string_agg('''' || replace(replace(w, '\', '\\'), '''', '''''') || ''':*', ' & ')::tsquery
  from unnest(tsvector_to_array(to_tsvector('simple', lower(p_search)))) w;
$$;
comment on function private.words_of(text) is 'The query for a search as typed; null without a word in it.';

create function public.list_messages(
  p_user_id uuid, p_direction public.message_direction, p_statuses public.message_status[], p_own_number text,
  p_peer_number text, p_campaign_id uuid, p_since timestamptz, p_until timestamptz, p_search text,
  p_before_at timestamptz, p_before_id uuid, p_limit integer
)
returns setof public.sms_messages
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan' -- each mix of filters has a plan of its own
as $$
declare
  -- The tenant id is one of the words, as in the index.
  words tsquery := quote_literal('!' || p_user_id)::tsquery && private.words_of(p_search);
  -- Only the digits count: "(415) 555" finds +1415555….
  digits text := regexp_replace(coalesce(p_search, ''), '\D', '', 'g');
  is_number boolean := length(digits) >= 3 and p_search !~ '[[:alpha:]]';
  most constant integer := 2000;
  found uuid[];
begin
  if p_search is not null then
    -- A small result is taken from the indexes. A large one is found sooner by reading messages from the newest on.
    found := array(
      select w.id from (
        select m.id from public.sms_messages m
        where to_tsvector('simple', lower(coalesce(m.body, ''))) || array_to_tsvector(array['!' || m.user_id]) @@ words
        limit most + 1
      ) w
      union all
      select n.id from (
        select m.id from public.sms_conversations c
        join public.sms_messages m on m.user_id = c.user_id and m.own_number = c.own_number
          and m.peer_number = c.peer_number
        where is_number and c.user_id = p_user_id and position(digits in c.peer_number) > 0
        limit most + 1
      ) n);
    if cardinality(found) > most then
      found := null;
    end if;
  end if;
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
      and (found is null or m.id = any (found))
      and (p_search is null or found is not null
        or to_tsvector('simple', lower(coalesce(m.body, ''))) || array_to_tsvector(array['!' || m.user_id]) @@ words
        or (is_number and position(digits in m.peer_number) > 0))
      and (p_before_at is null or (m.created_at, m.id) < (p_before_at, p_before_id))
    order by m.created_at desc, m.id desc
    limit p_limit;
end;
$$;
comment on function public.list_messages(uuid, public.message_direction, public.message_status[], text, text, uuid,
  timestamptz, timestamptz, text, timestamptz, uuid, integer) is
  'A tenant''s messages, newest first. A null filter does not filter; a search finds words by their prefixes, or '
  'digits of the peer''s number. before_* are the key of the last row of the page before.';

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
  private.note_conversation(),
  public.list_conversations(uuid, text, timestamptz, text, text, integer),
  private.words_of(text),
  public.list_messages(uuid, public.message_direction, public.message_status[], text, text, uuid, timestamptz,
    timestamptz, text, timestamptz, uuid, integer),
  public.message_of(uuid, uuid)
  from public, anon, authenticated;
grant execute on function
  public.list_conversations(uuid, text, timestamptz, text, text, integer),
  private.words_of(text),
  public.list_messages(uuid, public.message_direction, public.message_status[], text, text, uuid, timestamptz,
    timestamptz, text, timestamptz, uuid, integer),
  public.message_of(uuid, uuid)
  to service_role;
