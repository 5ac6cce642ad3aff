-- The limits of the shared numbers that no single user's count can hold, because a user may sign up again: of all users
-- together, of a recipient, and of a confirmed contact.

create table private.fallback_limits (
  daily_messages integer not null default 200,
  daily_messages_per_recipient integer not null default 5,
  salt bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
  is_only boolean primary key default true,
  constraint fallback_limits_is_one check (is_only),
  constraint fallback_limits_not_negative check (daily_messages >= 0 and daily_messages_per_recipient >= 0)
);
comment on table private.fallback_limits is
  'What all users of the shared numbers together may send in a day (UTC), and to one recipient. The limits of one user '
  'are those of the plan fallback. salt: of the hashes in fallback_usage. One row.';
alter table private.fallback_limits enable row level security;
revoke all on private.fallback_limits from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.fallback_limits to service_role;
insert into private.fallback_limits default values;

create table private.fallback_usage (
  subject text not null,
  day date not null,
  messages integer not null,
  primary key (subject, day)
) with (fillfactor = 50); -- the row of all users changes with every message: its old versions are cleared sooner
comment on table private.fallback_usage is
  'Messages reserved from shared numbers by day (UTC): of all users, to a recipient, and of a contact, whose user may '
  'be deleted. Recipients and contacts are salted hashes. Days before this month are deleted.';
comment on column private.fallback_usage.subject is 'all, recipient:<hash> or contact:<hash>.';
create index fallback_usage_by_day on private.fallback_usage (day);
alter table private.fallback_usage enable row level security;
revoke all on private.fallback_usage from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.fallback_usage to service_role;

create function private.normalized_email(p_email text) returns text
language plpgsql immutable
set search_path = ''
as $$
declare
  -- Mail to a+tag@ reaches a@, and at Gmail so does mail to a.b@ for ab@.
  mailbox text := split_part(split_part(lower(p_email), '@', 1), '+', 1);
  host text := split_part(lower(p_email), '@', 2);
begin
  if host in ('gmail.com', 'googlemail.com') then
    return replace(mailbox, '.', '') || '@gmail.com';
  end if;
  return mailbox || '@' || host;
end;
$$;
comment on function private.normalized_email(text) is
  'One spelling for the addresses that reach the same mailbox, as far as it is commonly known.';

create function private.confirmed_contacts(p_user_id uuid) returns text[]
language plpgsql stable
security definer -- service_role may not read auth.users
set search_path = ''
as $$
begin
  return array(
    select c.contact
    from auth.users u
    cross join lateral (values
      (case when u.email_confirmed_at is not null then private.normalized_email(nullif(u.email, '')) end),
      (case when u.phone_confirmed_at is not null then nullif(u.phone, '') end)) c (contact)
    where u.id = p_user_id and not u.is_anonymous and c.contact is not null
    order by c.contact);
end;
$$;
comment on function private.confirmed_contacts(uuid) is
  'The e-mail address and phone number that a user has confirmed. Empty for an anonymous user.';

create function private.fallback_subject(p_kind text, p_value text) returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return p_kind || ':' || encode(sha256((select l.salt from private.fallback_limits l) || convert_to(p_value, 'UTF8')),
    'hex');
end;
$$;
comment on function private.fallback_subject(text, text) is
  'The subject of fallback_usage for a contact or a recipient.';

create function private.count_fallback_use(p_subject text) returns integer
language plpgsql
set search_path = ''
as $$
declare
  used integer;
begin
  insert into private.fallback_usage as u (subject, day, messages)
  values (p_subject, (now() at time zone 'UTC')::date, 1)
  on conflict (subject, day) do update set messages = u.messages + 1
  returning u.messages into used;
  return used;
end;
$$;
comment on function private.count_fallback_use(text) is
  'Counts one message and returns the subject''s count of today. The row stays locked until the transaction ends.';

create function private.check_fallback_limits(p_user_id uuid, p_to text, p_plan public.plans)
returns private.sending_rule
language plpgsql
set search_path = ''
as $$
declare
  month_start constant date := date_trunc('month', now() at time zone 'UTC')::date;
  limits private.fallback_limits;
  contact text;
  rule private.sending_rule;
begin
  select * into limits from private.fallback_limits;
  -- In a fixed order, the most shared row last, to prevent deadlocks and to lock it for the shortest time.
  foreach contact in array private.confirmed_contacts(p_user_id) loop
    contact := private.fallback_subject('contact', contact);
    if private.count_fallback_use(contact) > coalesce(p_plan.daily_message_limit, 0) then
      rule := ('daily_limit_reached', coalesce(p_plan.daily_message_limit, 0), null);
    elsif (select sum(u.messages) from private.fallback_usage u where u.subject = contact and u.day >= month_start)
      > coalesce(p_plan.monthly_message_limit, 0) then
      rule := ('monthly_limit_reached', coalesce(p_plan.monthly_message_limit, 0), null);
    end if;
    exit when rule.outcome is not null;
  end loop;
  if rule.outcome is null
    and private.count_fallback_use(private.fallback_subject('recipient', p_to)) > limits.daily_messages_per_recipient
  then
    rule := ('recipient_limit_reached', limits.daily_messages_per_recipient, null);
  end if;
  if rule.outcome is null and private.count_fallback_use('all') > coalesce(limits.daily_messages, 0) then
    rule := ('fallback_limit_reached', coalesce(limits.daily_messages, 0), null);
  end if;
  return rule;
end;
$$;
comment on function private.check_fallback_limits(uuid, text, public.plans) is
  'Counts a message from a shared number, and returns the first limit that it exceeds. The limits of the plan hold for '
  'each contact: signing up again with the same address starts no new count.';

create function private.count_fallback_message(p_user_id uuid, p_to text, p_plan public.plans)
returns private.sending_rule
language plpgsql
set search_path = ''
as $$
declare
  rule private.sending_rule;
begin
  begin
    rule := private.check_fallback_limits(p_user_id, p_to, p_plan);
    if rule.outcome is not null then
      raise exception 'a limit is exceeded' using errcode = 'triggered_action_exception';
    end if;
  exception when triggered_action_exception then
    null; -- The counts of a refused message are undone; the rule that refused it is kept.
  end;
  return rule;
end;
$$;
comment on function private.count_fallback_message(uuid, text, public.plans) is
  'Counts a message from a shared number unless it exceeds a limit. Returns that limit; its outcome is null when the '
  'message was counted. A message that Twilio then refuses stays counted.';

create function private.uncount_fallback_message(p_message public.sms_messages) returns void
language plpgsql
set search_path = ''
as $$
declare
  counted text;
begin
  -- In the order of check_fallback_limits.
  foreach counted in array
    array(select private.fallback_subject('contact', c) from unnest(private.confirmed_contacts(p_message.user_id)) c)
      || private.fallback_subject('recipient', p_message.to_number) || array['all']
  loop
    update private.fallback_usage u set messages = u.messages - 1
    where u.subject = counted and u.day = (p_message.created_at at time zone 'UTC')::date and u.messages > 0;
  end loop;
end;
$$;
comment on function private.uncount_fallback_message(public.sms_messages) is
  'Takes a message out of the counts of the shared numbers, because Twilio did not process it.';

create function private.forget_fallback_usage() returns void
language plpgsql
set search_path = ''
as $$
begin
  delete from private.fallback_usage u where u.day < date_trunc('month', now() at time zone 'UTC')::date;
end;
$$;
comment on function private.forget_fallback_usage() is 'Deletes the counts of days before this month.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.normalized_email(text),
  private.confirmed_contacts(uuid),
  private.fallback_subject(text, text),
  private.count_fallback_use(text),
  private.check_fallback_limits(uuid, text, public.plans),
  private.count_fallback_message(uuid, text, public.plans),
  private.uncount_fallback_message(public.sms_messages),
  private.forget_fallback_usage()
  from public, anon, authenticated;
grant execute on function
  private.normalized_email(text),
  private.confirmed_contacts(uuid),
  private.fallback_subject(text, text),
  private.count_fallback_use(text),
  private.check_fallback_limits(uuid, text, public.plans),
  private.count_fallback_message(uuid, text, public.plans),
  private.uncount_fallback_message(public.sms_messages),
  private.forget_fallback_usage()
  to service_role;
