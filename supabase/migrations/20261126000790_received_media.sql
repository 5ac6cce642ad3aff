-- The files of received messages: Twilio keeps them, and the account that received them may read them.

create type public.message_media_outcome as enum ('own_account', 'master_account', 'gone', 'not_found', 'exceeded');
comment on type public.message_media_outcome is
  'Whose credentials read the file. own_account: those of the tenant''s active subaccount. master_account: those of '
  'the master account, which owns a suspended subaccount. gone: the file was deleted, is to be deleted, or went with '
  'a closed account. exceeded: the tenant or the address reads too often.';

create function private.account_for_media(
  p_message public.sms_messages, out outcome public.message_media_outcome, out sealed_token text)
language plpgsql stable
set search_path = ''
as $$
declare
  account record;
begin
  if p_message.source = 'master' then
    outcome := 'master_account';
    return;
  end if;
  select a.status, a.subaccount_sid, a.sealed_token into account from private.account_of(p_message.user_id) a;
  outcome := case
    when account.subaccount_sid is distinct from p_message.account_sid or account.status = 'closed' then 'gone'
    when account.status = 'active' then 'own_account'
    else 'master_account'
  end;
  sealed_token := case outcome when 'own_account' then account.sealed_token end;
end;
$$;
comment on function private.account_for_media(public.sms_messages) is
  'Whose credentials read the files of a received message, with the sealed token of the tenant''s own account.';

create function public.message_media(
  p_user_id uuid, p_message_id uuid, p_index integer, p_action text, p_address text, p_user_rate integer,
  p_address_rate integer, p_window_seconds integer)
returns table (outcome public.message_media_outcome, user_id uuid, account_sid text, message_sid text, media_url text,
  media_type text, received_at timestamptz, sealed_token text, retry_after_seconds integer)
language plpgsql
set search_path = ''
as $$
#variable_conflict use_column
declare
  stored public.sms_messages;
  tenant uuid;
begin
  select m.* into stored from public.sms_messages m
  where m.id = p_message_id and m.direction = 'inbound' and m.user_id = coalesce(p_user_id, m.user_id);
  tenant := coalesce(p_user_id, stored.user_id);
  if tenant is not null and p_user_rate is not null then
    retry_after_seconds := private.count_request(p_action, tenant, p_address, p_user_rate, p_address_rate,
      p_window_seconds);
  end if;
  if retry_after_seconds is not null then
    outcome := 'exceeded';
  elsif stored.id is null then
    outcome := 'not_found';
  elsif stored.redaction_requested_at is not null then
    outcome := 'gone';
  elsif p_index < 0 or p_index >= cardinality(stored.media_urls) then
    outcome := 'not_found';
  else
    select a.outcome, a.sealed_token into outcome, sealed_token from private.account_for_media(stored) a;
    user_id := stored.user_id;
    account_sid := stored.account_sid;
    message_sid := stored.twilio_message_sid;
    media_url := stored.media_urls[p_index + 1];
    media_type := stored.media_types[p_index + 1];
    received_at := stored.created_at;
  end if;
  return next;
end;
$$;
comment on function public.message_media(uuid, uuid, integer, text, text, integer, integer, integer) is
  'Where one file of a received message is, and whose credentials read it. p_user_id: the tenant who asks; null for a '
  'signed link, whose message names the tenant. p_index counts from 0. The request is counted for the tenant first.';

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.account_for_media(public.sms_messages),
  public.message_media(uuid, uuid, integer, text, text, integer, integer, integer)
  from public, anon, authenticated;
grant execute on function
  private.account_for_media(public.sms_messages),
  public.message_media(uuid, uuid, integer, text, text, integer, integer, integer)
  to service_role;
