-- What a message is assumed to cost until Twilio reports its price: the prices of countries and channels.

create type private.message_channel as enum ('sms', 'mms');
comment on type private.message_channel is 'An SMS is priced per segment, an MMS per message.';

create type private.price_source as enum ('listed', 'charged');
comment on type private.price_source is
  'listed: in Twilio''s price list, the highest of all carriers. charged: the highest that Twilio has reported.';

create table private.message_prices (
  country text not null,
  channel private.message_channel not null,
  source private.price_source not null,
  unit_price numeric(12, 5) not null,
  updated_at timestamptz not null default now(),
  primary key (country, channel, source),
  constraint message_prices_not_negative check (unit_price >= 0)
);
comment on table private.message_prices is
  'The price of a segment, or of an MMS, to a country (ISO 3166), in the currency of the master account. Twilio''s '
  'price list has no prices of MMS.';
alter table private.message_prices enable row level security;
revoke all on private.message_prices from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.message_prices to service_role;

create function private.unit_price(p_country text, p_channel private.message_channel) returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  mother constant text := private.mother_country(p_country);
begin
  if mother is not null and not exists (select from private.message_prices p where p.country = p_country) then
    p_country := mother;
  end if;
  return (select max(p.unit_price) from private.message_prices p
    where p.country = p_country and p.channel = p_channel);
end;
$$;
comment on function private.unit_price(text, private.message_channel) is
  'The higher of the listed and the charged price; null when neither is known. A territory without any price has those '
  'of its mother country.';

create function private.message_cost(p_plan public.plans, p_country text, p_segments integer, p_has_media boolean)
returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  per_message constant numeric := case when p_has_media then private.unit_price(p_country, 'mms') end;
begin
  if per_message is not null then
    return greatest(per_message, p_plan.segment_price);
  end if;
  -- Without a known price, an MMS counts as an SMS that is two segments longer: it costs about as much as three
  -- segments where there are MMS, and becomes an SMS with a link elsewhere.
  return (p_segments + case when p_has_media then 2 else 0 end)
    * greatest(private.unit_price(p_country, 'sms'), p_plan.segment_price);
end;
$$;
comment on function private.message_cost(public.plans, text, integer, boolean) is
  'What a message is assumed to cost: by the prices of its country and channel, and at least the plan''s segment_price '
  'for each segment, or for an MMS.';

create function private.note_charge(p_message public.sms_messages, p_price numeric, p_segments integer) returns void
language plpgsql
set search_path = ''
as $$
declare
  of_channel constant private.message_channel := case when cardinality(p_message.media_urls) > 0
    or p_message.twilio_message_sid like 'MM%' then 'mms' else 'sms' end;
  segments constant integer := greatest(1, coalesce(p_segments, p_message.num_segments));
begin
  -- Compared with what the prices alone say: the message's own estimate may have more segments, or a plan that assumes
  -- a higher price than other plans do.
  if abs(p_price) <= private.message_cost(null, p_message.country, segments, of_channel = 'mms') then
    return;
  end if;
  -- Tenants share these rows, and this transaction holds locks of a tenant. It does not wait for another transaction
  -- that notes the same price: the next message brings it again.
  if p_message.country is null
    or not pg_try_advisory_xact_lock(hashtextextended('charge:' || p_message.country || of_channel, 0)) then
    return;
  end if;
  insert into private.message_prices as p (country, channel, source, unit_price)
    values (p_message.country, of_channel, 'charged',
      ceil(abs(p_price) * 100000 / case of_channel when 'sms' then segments else 1 end) / 100000) -- never rounded down
  on conflict (country, channel, source) do update set unit_price = excluded.unit_price, updated_at = now()
  where p.unit_price < excluded.unit_price;
end;
$$;
comment on function private.note_charge(public.sms_messages, numeric, integer) is
  'Raises the charged price of a message''s country and channel to what Twilio reported for it.';

create function public.record_listed_prices(p_prices jsonb) returns integer
language plpgsql
set search_path = ''
as $$
declare
  changed integer;
begin
  insert into private.message_prices as p (country, channel, source, unit_price)
  select l.country, 'sms', 'listed', l.unit_price
  from jsonb_to_recordset(p_prices) as l (country text, unit_price numeric) order by l.country
  on conflict (country, channel, source) do update set unit_price = excluded.unit_price, updated_at = now()
  where p.unit_price <> excluded.unit_price;
  get diagnostics changed = row_count;
  return changed;
end;
$$;
comment on function public.record_listed_prices(jsonb) is
  'Stores prices of Twilio''s price list, an array of {country, unit_price}. Returns how many are new or changed.';

insert into private.schedules (name, job, every)
  values ('refresh-message-prices', '{"kind": "refresh-message-prices"}', '7 days');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.unit_price(text, private.message_channel),
  private.message_cost(public.plans, text, integer, boolean),
  private.note_charge(public.sms_messages, numeric, integer),
  public.record_listed_prices(jsonb)
  from public, anon, authenticated;
grant execute on function
  private.unit_price(text, private.message_channel),
  private.message_cost(public.plans, text, integer, boolean),
  private.note_charge(public.sms_messages, numeric, integer),
  public.record_listed_prices(jsonb)
  to service_role;
