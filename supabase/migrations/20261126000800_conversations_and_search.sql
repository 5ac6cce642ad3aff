-- Reading messages: one conversation per pair of numbers, and a history that is paged by key, so that no page shifts.

create table public.sms_conversations (
  user_id uuid not null references auth.users (id) on delete cascade,
  own_number text not null,
  peer_number text not null,
  last_message_at timestamptz not null,
  primary key (user_id, own_number, peer_number)
);
comment on table public.sms_conversations is
  'Each pair of one number of a tenant''s and one they write with, and when there was last news. Kept by a trigger.';
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
comment on function private.note_conversation() is 'Trigger: keeps the conversation that a message belongs to.';
create trigger note_conversation after insert on public.sms_messages
  for each row execute function private.note_conversation();

create function public.list_conversations(
  p_user_id uuid, p_own_number text, p_before_at timestamptz, p_before_own text, p_before_peer text, p_limit integer
)
returns table (own_number text, peer_number text, last_message_at timestamptz, last_message jsonb, opted_out boolean)
language sql stable
set search_path = ''
as $$
  select c.own_number, c.peer_number, c.last_message_at, newest.message,
    exists (select from public.sms_opt_outs o where o.sender = c.own_number and o.recipient = c.peer_number)
  from public.sms_conversations c
  -- None where the only message was taken back.
  cross join lateral (
    select jsonb_build_object('id', m.id, 'direction', m.direction, 'body', m.body, 'status', m.status,
      'mediaCount', cardinality(m.media_urls),
      'createdAt', m.created_at) as message
    from public.sms_messages m
    where m.user_id = c.user_id and m.own_number = c.own_number and m.peer_number = c.peer_number
    order by m.created_at desc, m.id desc limit 1
  ) newest
  where c.user_id = p_user_id
    and (p_own_number is null or c.own_number = p_own_number)
    -- Newest first, ties by the numbers: written out, because the directions differ. The first line is what the index
    -- begins at.
    and c.last_message_at <= coalesce(p_before_at, 'infinity')
    and (p_before_at is null or c.last_message_at < p_before_at
      or (c.last_message_at = p_before_at and (c.own_number, c.peer_number) > (p_before_own, p_before_peer)))
  order by c.last_message_at desc, c.own_number, c.peer_number
  limit p_limit;
$$;
comment on function public.list_conversations(uuid, text, timestamptz, text, text, integer) is
  'A tenant''s conversations, newest first, with their last message; before_* are those of the last row seen.';

create function private.words_of(p_search text) returns tsquery
language sql stable
set search_path = ''
as $$
  -- Every word, each as the beginning of one: what somebody types is found before they have finished. Cast, because
  -- to_tsquery would take links apart again; quoted by hand, because quote_literal writes E'…' where there is a
  -- backslash.
  select string_agg('''' || replace(replace(w, '\', '\\'), '''', '''''') || ''':*', ' & ')::tsquery
  from unnest(tsvector_to_array(to_tsvector('simple', lower(p_search)))) w;
$$;
comment on function private.words_of(text) is 'A search as people type it, as a query; null where it holds no word.';

create function public.list_messages(
  p_user_id uuid, p_direction text, p_statuses text[], p_own_number text, p_peer_number text, p_campaign_id uuid,
  p_since timestamptz, p_until timestamptz, p_search text, p_before_at timestamptz, p_before_id uuid, p_limit integer
)
returns table (
  id uuid, direction text, from_number text, to_number text, body text, media_urls text[], media_types text[],
  status text,
  twilio_message_sid text, source text, error_code integer, error_message text, num_segments integer, encoding text,
  price numeric, price_unit text, campaign_id uuid, redacted_at timestamptz, status_updated_at timestamptz,
  created_at timestamptz
)
language plpgsql stable
set search_path = ''
set plan_cache_mode = 'force_custom_plan' -- each mix of filters has a plan of its own
as $$
#variable_conflict use_column
declare
  -- The tenant is one of the words, as in the index.
  words tsquery := quote_literal(p_user_id)::tsquery && private.words_of(p_search);
  -- Typed as people write them: "(415) 555" finds +1415555….
  digits text := regexp_replace(coalesce(p_search, ''), '\D', '', 'g');
  is_number boolean := length(digits) >= 3 and p_search !~ '[[:alpha:]]';
  most constant integer := 2000;
  found uuid[];
begin
  if p_search is not null then
    -- Few are taken from the indexes; where there are many, the newest ones are soon found by going through them.
    found := array(
      select w.id from (
        select m.id from public.sms_messages m
        where to_tsvector('simple', lower(coalesce(m.body, ''))) || array_to_tsvector(array[m.user_id::text]) @@ words
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
    select m.id, m.direction, m.from_number, m.to_number, m.body, m.media_urls, m.media_types, m.status,
      m.twilio_message_sid, m.source,
      m.error_code, m.error_message, m.num_segments, m.encoding, m.price, m.price_unit, m.campaign_id, m.redacted_at,
      m.status_updated_at, m.created_at
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
        or to_tsvector('simple', lower(coalesce(m.body, ''))) || array_to_tsvector(array[m.user_id::text]) @@ words
        or (is_number and position(digits in m.peer_number) > 0))
      and (p_before_at is null or (m.created_at, m.id) < (p_before_at, p_before_id))
    order by m.created_at desc, m.id desc
    limit p_limit;
end;
$$;
comment on function public.list_messages(uuid, text, text[], text, text, uuid, timestamptz, timestamptz, text,
  timestamptz, uuid, integer) is
  'A tenant''s messages, newest first, by any of these filters (null: no filter); a search is for words by their '
  'beginnings, or for digits of the other number; before_* are those of the last row seen.';

create function public.message_of(p_user_id uuid, p_message_id uuid)
returns table (
  id uuid, direction text, from_number text, to_number text, body text, media_urls text[], media_types text[],
  status text,
  twilio_message_sid text, source text, error_code integer, error_message text, num_segments integer, encoding text,
  price numeric, price_unit text, campaign_id uuid, redacted_at timestamptz, status_updated_at timestamptz,
  created_at timestamptz
)
language sql stable
set search_path = ''
as $$
  select m.id, m.direction, m.from_number, m.to_number, m.body, m.media_urls, m.media_types, m.status,
    m.twilio_message_sid, m.source,
    m.error_code, m.error_message, m.num_segments, m.encoding, m.price, m.price_unit, m.campaign_id, m.redacted_at,
    m.status_updated_at, m.created_at
  from public.sms_messages m where m.id = p_message_id and m.user_id = p_user_id;
$$;
comment on function public.message_of(uuid, uuid) is
  'One message of a tenant, in the shape of list_messages; no row where it is not theirs.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.note_conversation(),
  public.list_conversations(uuid, text, timestamptz, text, text, integer),
  private.words_of(text),
  public.list_messages(uuid, text, text[], text, text, uuid, timestamptz, timestamptz, text, timestamptz, uuid,
    integer),
  public.message_of(uuid, uuid)
  from public, anon, authenticated;
grant execute on function
  public.list_conversations(uuid, text, timestamptz, text, text, integer),
  private.words_of(text),
  public.list_messages(uuid, text, text[], text, text, uuid, timestamptz, timestamptz, text, timestamptz, uuid,
    integer),
  public.message_of(uuid, uuid)
  to service_role;
