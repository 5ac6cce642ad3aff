-- The currency of prices, and what a message is assumed to cost until Twilio reports its price: the prices of countries
-- and channels.

-- The currency --------------------------------------------------------------------------------------------------------

-- Limits, estimates and totals are in the currency in which Twilio bills the master account. It is read, never assumed.
-- An amount in another unit is stored as it came, and is added to nothing.

create type private.currency_source as enum ('message', 'price_list', 'usage');
comment on type private.currency_source is
  'Where the currency was read, the weakest evidence first: the price of a message, Twilio''s price list, the master '
  'account''s usage.';

create table private.master_currency (
  is_only boolean primary key default true,
  unit text not null,
  source private.currency_source not null,
  read_at timestamptz not null default now(),
  constraint master_currency_one_row check (is_only),
  constraint master_currency_upper_case check (unit = upper(unit))
);
comment on table private.master_currency is
  'The currency of the master account (ISO 4217, upper case: Twilio writes both cases). No row: nothing was read yet.';
alter table private.master_currency enable row level security;
revoke all on private.master_currency from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.master_currency to service_role;

create function private.currency() returns text
language plpgsql stable
set search_path = ''
as $$
begin
  return (select c.unit from private.master_currency c);
end;
$$;
comment on function private.currency() is 'The currency of the master account; null before one was read.';

create function private.is_foreign(p_price_unit text) returns boolean
language plpgsql stable
set search_path = ''
as $$
begin
  return coalesce(upper(nullif(p_price_unit, '')) <> private.currency(), false);
end;
$$;
comment on function private.is_foreign(text) is
  'Whether a unit is another currency than the master account''s. False while that is unknown, and without a unit.';

create function private.learn_currency(p_unit text, p_source private.currency_source) returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_unit is null or p_unit = ''
    or exists (select from private.master_currency c where c.unit = upper(p_unit) and c.source >= p_source) then
    return;
  end if;
  -- Tenants share this row. A message does not wait for another one that brings the first price.
  if p_source = 'message' and not pg_try_advisory_xact_lock(hashtextextended('currency', 0)) then
    return;
  end if;
  insert into private.master_currency as c (unit, source) values (upper(p_unit), p_source)
  on conflict (is_only) do update set unit = excluded.unit, source = excluded.source, read_at = now()
  -- A message never overrules another one: it may be the one in the wrong unit.
  where c.source < excluded.source or (c.source = excluded.source and c.source <> 'message');
  -- Prices of the last day were judged by weaker evidence.
  if found then
    update public.sms_messages m set price_is_foreign = private.is_foreign(m.price_unit) from private.awaited_reports r
    where r.message_id = m.id and m.price is not null and m.price_is_foreign <> private.is_foreign(m.price_unit);
  end if;
end;
$$;
comment on function private.learn_currency(text, private.currency_source) is
  'Stores the currency of the master account, unless stronger evidence is stored.';

-- Estimates -----------------------------------------------------------------------------------------------------------

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

create table private.carrier_fees (
  country text not null,
  channel private.message_channel not null,
  valid_from date not null,
  fee numeric(12, 5) not null,
  primary key (country, channel, valid_from),
  constraint carrier_fees_country_iso check (country = any (private.countries())),
  constraint carrier_fees_not_negative check (fee >= 0)
);
comment on table private.carrier_fees is
  'What carriers of a country (ISO 3166) charge on top of the listed price, for a segment or an MMS: the highest of '
  'all carriers, in the currency of the master account. A fee holds from its day (UTC) until the next one. Twilio''s '
  'prices of messages contain it, its price list does not.';
alter table private.carrier_fees enable row level security;
revoke all on private.carrier_fees from public, anon, authenticated, service_role;
grant select, insert, update, delete on private.carrier_fees to service_role;
insert into private.carrier_fees (country, channel, valid_from, fee) values
  ('US', 'sms', '2026-01-01', 0.0045), ('US', 'mms', '2026-01-01', 0.01),
  ('CA', 'sms', '2026-01-01', 0.0085), ('CA', 'mms', '2026-01-01', 0.01);

create function private.carrier_fee(p_country text, p_channel private.message_channel, p_day date default null)
returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  found_fee numeric;
begin
  select f.fee into found_fee from private.carrier_fees f
  where f.country = p_country and f.channel = p_channel
    and f.valid_from <= coalesce(p_day, (now() at time zone 'UTC')::date)
  order by f.valid_from desc limit 1;
  if found_fee is null and private.mother_country(p_country) is not null then
    return private.carrier_fee(private.mother_country(p_country), p_channel, p_day);
  end if;
  return coalesce(found_fee, 0);
end;
$$;
comment on function private.carrier_fee(text, private.message_channel, date) is
  'The carrier fee of a segment or an MMS on a day (null: today). A territory without a fee has that of its mother '
  'country, and a country without one has none.';

create type public.set_carrier_fee_outcome as enum ('set', 'already');
comment on type public.set_carrier_fee_outcome is 'already: the country has this fee from this day on.';

create function public.set_carrier_fee(p_country text, p_channel text, p_valid_from date, p_fee numeric,
  p_operator_id uuid, p_reason text, p_request_id text) returns public.set_carrier_fee_outcome
language plpgsql
set search_path = ''
as $$
begin
  insert into private.carrier_fees as f (country, channel, valid_from, fee)
  values (p_country, p_channel::private.message_channel, p_valid_from, p_fee)
  on conflict (country, channel, valid_from) do update set fee = excluded.fee where f.fee <> excluded.fee;
  if not found then
    return 'already';
  end if;
  perform private.audit('operator:' || p_operator_id, 'carrier_fee.set', null, null, p_request_id,
    jsonb_build_object('country', p_country, 'channel', p_channel, 'validFrom', p_valid_from, 'fee', p_fee,
      'reason', p_reason));
  return 'set';
end;
$$;
comment on function public.set_carrier_fee(text, text, date, numeric, uuid, text, text) is
  'An operator sets the carrier fee of a country and channel (sms, mms) from a day on. Messages reserved before keep '
  'theirs.';

create type public.carrier_fee as (country text, channel text, valid_from date, fee numeric);
comment on type public.carrier_fee is
  'The carrier fee of a country (ISO 3166) and channel (sms, mms) from a day (UTC) on, in the currency of the master '
  'account.';

create function public.list_carrier_fees(p_country text, p_after_country text, p_after_channel text,
  p_after_day date, p_limit integer)
returns setof public.carrier_fee
language plpgsql stable
set search_path = ''
as $$
begin
  return query
    select f.country, f.channel::text, f.valid_from, f.fee from private.carrier_fees f
    where (p_country is null or f.country = p_country) and (p_after_country is null
      or (f.country, f.channel, f.valid_from)
        > (p_after_country, p_after_channel::private.message_channel, p_after_day))
    order by f.country, f.channel, f.valid_from limit p_limit;
end;
$$;
comment on function public.list_carrier_fees(text, text, text, date, integer) is
  'A page of carrier fees by country, channel and day, after the last one of the page before. A null country is any.';

create function private.unit_price(p_country text, p_channel private.message_channel, p_least numeric default null)
returns numeric
language plpgsql stable
set search_path = ''
as $$
declare
  mother constant text := private.mother_country(p_country);
  priced text := p_country;
  listed numeric;
  charged numeric;
begin
  if mother is not null and not exists (select from private.message_prices p where p.country = p_country) then
    priced := mother;
  end if;
  select max(p.unit_price) filter (where p.source = 'listed'), max(p.unit_price) filter (where p.source = 'charged')
  into listed, charged
  from private.message_prices p where p.country = priced and p.channel = p_channel;
  -- What Twilio has charged contains the carrier fee already.
  return greatest(greatest(listed, p_least) + private.carrier_fee(p_country, p_channel), charged);
end;
$$;
comment on function private.unit_price(text, private.message_channel, numeric) is
  'The listed price, at least p_least, with the carrier fee, or what Twilio has charged, if that is higher. Null when '
  'no price is known. A territory without any price has those of its mother country.';

create function private.message_cost(p_plan public.plans, p_country text, p_segments integer, p_has_media boolean)
returns numeric
language plpgsql stable
set search_path = ''
as $$
begin
  if p_has_media and private.unit_price(p_country, 'mms') is not null then
    return private.unit_price(p_country, 'mms', p_plan.segment_price);
  end if;
  -- Without a known price, an MMS counts as an SMS that is two segments longer: it costs about as much as three
  -- segments where there are MMS, and becomes an SMS with a link elsewhere.
  return (p_segments + case when p_has_media then 2 else 0 end)
    * private.unit_price(p_country, 'sms', p_plan.segment_price);
end;
$$;
comment on function private.message_cost(public.plans, text, integer, boolean) is
  'What a message is assumed to cost: for each segment, or for an MMS, the price of its country and channel, at least '
  'the plan''s segment_price, and the carrier fee.';

create function private.note_charge(p_message public.sms_messages, p_price numeric, p_segments integer) returns void
language plpgsql
set search_path = ''
as $$
declare
  of_channel constant private.message_channel := case p_message.kind when 'mms_out' then 'mms' else 'sms' end;
  segments constant integer := greatest(1, coalesce(p_segments, p_message.num_segments));
begin
  -- Neither a credit nor a received message says what the next message to send costs.
  if p_price >= 0 or p_message.direction = 'inbound' then
    return;
  end if;
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
  'Raises the charged price of a message''s country and channel to what Twilio reported for it, in the currency of the '
  'master account.';

create function public.record_listed_prices(p_prices jsonb, p_price_unit text default null) returns integer
language plpgsql
set search_path = ''
as $$
declare
  changed integer;
begin
  perform private.learn_currency(p_price_unit, 'price_list');
  if private.is_foreign(p_price_unit) then
    return 0;
  end if;
  insert into private.message_prices as p (country, channel, source, unit_price)
  select l.country, 'sms', 'listed', l.unit_price
  from jsonb_to_recordset(p_prices) as l (country text, unit_price numeric) order by l.country
  on conflict (country, channel, source) do update set unit_price = excluded.unit_price, updated_at = now()
  where p.unit_price <> excluded.unit_price;
  get diagnostics changed = row_count;
  return changed;
end;
$$;
comment on function public.record_listed_prices(jsonb, text) is
  'Stores prices of Twilio''s price list, an array of {country, unit_price}, all in p_price_unit. Returns how many are '
  'new or changed: none when the master account''s usage is in another unit.';

insert into private.schedules (name, job, every)
  values ('refresh-message-prices', '{"kind": "refresh-message-prices"}', '7 days');

-- Privileges ----------------------------------------------------------------------------------------------------------

revoke execute on function
  private.carrier_fee(text, private.message_channel, date),
  public.set_carrier_fee(text, text, date, numeric, uuid, text, text),
  public.list_carrier_fees(text, text, text, date, integer),
  private.unit_price(text, private.message_channel, numeric),
  private.message_cost(public.plans, text, integer, boolean),
  private.currency(),
  private.is_foreign(text),
  private.learn_currency(text, private.currency_source),
  private.note_charge(public.sms_messages, numeric, integer),
  public.record_listed_prices(jsonb, text)
  from public, anon, authenticated;
grant execute on function
  private.carrier_fee(text, private.message_channel, date),
  public.set_carrier_fee(text, text, date, numeric, uuid, text, text),
  public.list_carrier_fees(text, text, text, date, integer),
  private.unit_price(text, private.message_channel, numeric),
  private.message_cost(public.plans, text, integer, boolean),
  private.currency(),
  private.is_foreign(text),
  private.learn_currency(text, private.currency_source),
  private.note_charge(public.sms_messages, numeric, integer),
  public.record_listed_prices(jsonb, text)
  to service_role;
