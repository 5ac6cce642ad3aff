-- A message counts at the price of its country and channel until Twilio reports its own, and never below what Twilio has
-- charged there.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(47);

select pg_temp.join_as('tenant', 'attacker');
update public.plans set daily_message_limit = 1000, monthly_message_limit = 1000, spend_limit = 100, segment_price = 0.01, allowed_countries = null, messages_per_second = 5000;
set local role service_role;
delete from private.message_prices;
delete from private.carrier_fees;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'), pg_temp.store(pg_temp.attacker(), 'AC2', 'active', 'v1.k1.iv.two');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary, messages_per_second) values
  (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', true, 5000), (pg_temp.attacker(), '+15005550102', 'PN-pgtap-2', true, 5000);
create function pg_temp.cost(p_country text, p_segments integer default 1, p_has_media boolean default false) returns numeric language sql as $$
  select trim_scale(private.message_cost(p, p_country, p_segments, p_has_media)) from public.plans p where p.key = 'free';
$$;

-- Segments -----------------------------------------------------------------------------------------------------------

select results_eq($$ select (private.measure_text(text)).segments from unnest(array[null, '', 'x', repeat('x', 160), repeat('x', 161), repeat('x', 306), repeat('x', 307)]) with ordinality t (text, n) order by n $$,
  array[1, 1, 1, 1, 2, 2, 3], 'A GSM-7 text takes one segment up to 160 characters, then one for each 153');
select results_eq($$ select (private.measure_text(text)).segments from unnest(array[repeat('é', 160), repeat('@£ñΩ', 40), repeat('€', 80), repeat('€', 81), repeat('[', 80), repeat('\', 81)]) with ordinality t (text, n) order by n $$,
  array[1, 1, 1, 2, 1, 2], 'Accented letters of GSM-7 take one place, characters of its extension two');
select results_eq($$ select (private.measure_text(text)).segments from unnest(array[repeat('ж', 70), repeat('ж', 71), repeat('ж', 134), repeat('ж', 135), repeat('`', 71), repeat('😀', 35), repeat('😀', 40), repeat('ü', 160)]) with ordinality t (text, n) order by n $$,
  array[1, 2, 2, 3, 2, 1, 2, 1], 'Another text takes one segment up to 70 UTF-16 units, then one for each 67; 40 emoji take two, 160 ü one');

-- Without and with known prices --------------------------------------------------------------------------------------

select results_eq($$ select pg_temp.cost('DE'), pg_temp.cost('DE', 3), pg_temp.cost(null, 2) $$, $$ values (0.01, 0.03, 0.02) $$, 'Without a known price, each segment counts at the plan''s segment_price');
select results_eq($$ select pg_temp.cost('DE', 1, true), pg_temp.cost('DE', 2, true) $$, $$ values (0.03, 0.04) $$, 'Without a known price, an MMS counts as two segments more');
select is(public.record_listed_prices('[{"country": "DE", "unit_price": "0.1128"}, {"country": "US", "unit_price": "0.0083"}]'), 2, 'record_listed_prices returns how many prices are new');
select is(public.record_listed_prices('[{"country": "DE", "unit_price": "0.1128"}, {"country": "US", "unit_price": 0.0079}]'), 1, 'record_listed_prices returns how many prices changed');
select is(public.record_listed_prices('[]'), 0, 'An empty list changes nothing');
select throws_ok($$ select public.record_listed_prices('[{"country": "DE", "unit_price": -1}]') $$, '23514', null, 'A negative price is refused');
select results_eq($$ select pg_temp.cost('DE'), pg_temp.cost('DE', 3), pg_temp.cost('FR') $$, $$ values (0.1128, 0.3384, 0.01) $$, 'A listed price holds for its country');
select is(pg_temp.cost('US', 2), 0.02, 'A message costs at least the plan''s segment_price');
select is(pg_temp.cost('DE', 1, true), 0.3384, 'Without a known price of MMS, an MMS counts by the price of segments');

-- What Twilio has charged --------------------------------------------------------------------------------------------

create temp table sent (name text primary key, id uuid);
grant all on sent to service_role;
create function pg_temp.send(p_name text, p_country text, p_segments integer default 1, p_media text[] default '{}', p_user uuid default pg_temp.tenant()) returns text language plpgsql as $$
declare
  made record;
begin
  select * into made from public.reserve_message(p_user, p_name, 'hash', '+15005550199', p_country, null, 'Hello', p_media, p_segments, 'GSM-7', false, 'AC-master');
  insert into sent values (p_name, (made.message ->> 'id')::uuid);
  return made.outcome || ' at ' || trim_scale((made.message ->> 'estimated_price')::numeric);
end;
$$;
create function pg_temp.charge(p_name text, p_price numeric, p_segments integer default null) returns boolean language sql as $$
  select r.priced from sent s join public.sms_messages m using (id),
    public.record_message_status(m.id, m.user_id, m.account_sid, 'SM-' || s.name, 'sent', null, null, p_segments, p_price, 'USD') r where s.name = p_name;
$$;
create function pg_temp.charged() returns text language sql as $$
  select string_agg(country || ' ' || channel || ' ' || trim_scale(unit_price), ', ' order by country, channel) from private.message_prices where source = 'charged';
$$;
select is(pg_temp.send('one', 'DE'), 'reserved at 0.1128', 'reserve_message counts a message at the price of its country');
select is(pg_temp.send('three', 'DE', 3), 'reserved at 0.3384', 'A longer message counts each segment');
select is((select country from public.sms_messages m join sent using (id) where name = 'one'), 'DE', 'The ledger has the country');
select is(pg_temp.charge('one', -0.1), true, 'A lower price is recorded');
select is(pg_temp.charged(), null, 'A price below the estimate changes no price of the country');
select is(pg_temp.charge('three', -0.36), true, 'A higher price is recorded');
select is(pg_temp.charged(), 'DE sms 0.12', 'A price above the estimate raises the country''s, per segment');
select is(pg_temp.send('next', 'DE', 2), 'reserved at 0.24', 'The next message counts at what Twilio has charged');
select is(pg_temp.charge('next', -0.2), true, 'A later price is lower');
select is(pg_temp.charged(), 'DE sms 0.12', 'A lower charge does not lower the country''s price');
select public.record_listed_prices('[{"country": "DE", "unit_price": 0.05}]');
select is(pg_temp.cost('DE'), 0.12, 'A lower price list does not go below what Twilio has charged');
select public.record_listed_prices('[{"country": "DE", "unit_price": 0.15}]');
select is(pg_temp.cost('DE'), 0.15, 'A higher price list holds');
select pg_temp.send('slow', 'IT'), pg_temp.send('fast', 'IT');
select pg_temp.charge('fast', -0.2), pg_temp.charge('slow', -0.1);
select is(pg_temp.cost('IT'), 0.2, 'A price above the estimate of its own message, but below what is charged, changes nothing');
delete from private.message_prices where country = 'IT';
select pg_temp.send('again', 'DE');
select pg_temp.charge('again', -0.16);
select pg_temp.charge('again', -0.16);
select is(pg_temp.charged(), 'DE sms 0.16', 'A price that is reported twice counts once');
select is(pg_temp.send('long', 'FR', 1), 'reserved at 0.01', 'A message to another country');
select pg_temp.charge('long', -0.16, 2);
select is(pg_temp.charged(), 'DE sms 0.16, FR sms 0.08', 'The price of a segment is that of Twilio''s own count of segments');
select pg_temp.send('overestimated', 'ES', 2);
select pg_temp.charge('overestimated', -0.018, 1);
select is(pg_temp.cost('ES'), 0.018, 'A message of fewer segments than estimated raises the price of a segment, although it cost less than its estimate');
delete from private.message_prices where country = 'ES';
update public.plans set segment_price = 0.2 where key = 'free';
select pg_temp.send('assumed', 'ES');
update public.plans set segment_price = 0.01 where key = 'free';
select pg_temp.charge('assumed', -0.15);
select is(pg_temp.cost('ES'), 0.15, 'A charge below what one plan assumes is a known price for the other plans');
delete from private.message_prices where country = 'ES';
select pg_temp.send('thirds', 'ES', 3);
select pg_temp.charge('thirds', -0.1);
select is(pg_temp.cost('ES', 3), 0.10002, 'The price of a segment is rounded up, so that an equal message counts no less than was charged');
delete from private.message_prices where country = 'ES';
select is(pg_temp.send('picture', 'US', 1, '{https://example.test/a.png}'), 'reserved at 0.03', 'An MMS counts as an MMS');
select pg_temp.charge('picture', -0.05);
select is(pg_temp.charged(), 'DE sms 0.16, FR sms 0.08, US mms 0.05', 'The price of an MMS is one of MMS');
select results_eq($$ select pg_temp.cost('US', 4, true), pg_temp.cost('US', 4) $$, $$ values (0.05, 0.04) $$, 'An MMS with a known price counts once, and does not change the price of an SMS');
select is(pg_temp.send('theirs', 'DE', p_user => pg_temp.attacker()), 'reserved at 0.16', 'The prices hold for all tenants');
select public.record_message_status(id, pg_temp.attacker(), 'AC2', 'SM-one', 'sent', null, null, 1, -9.99, 'USD') from sent where name = 'long';
select is(pg_temp.charged(), 'DE sms 0.16, FR sms 0.08, US mms 0.05', 'Evidence about another tenant''s message changes no price');
select public.record_inbound_message(pg_temp.tenant(), 'SM-in', 'AC1', '+15005550199', 'US', '+15005550101', 'Hi', '{}', '{}', 1, null, null);
select public.record_message_reports('AC1', '[{"sid": "SM-in", "status": "received", "price": -5, "price_unit": "USD"}]');
select is(pg_temp.charged(), 'DE sms 0.16, FR sms 0.08, US mms 0.05', 'The price of a received message is not one of sending');

insert into private.message_prices (country, channel, source, unit_price) values ('GB', 'sms', 'listed', 0.04), ('GB', 'mms', 'charged', 0.5), ('IM', 'sms', 'listed', 0.09);
select is(private.unit_price('GG', 'sms'), 0.04, 'A territory without a price has the price of its mother country');
select is(private.unit_price('IM', 'sms'), 0.09, 'A territory with a price of its own has that price');
select is(private.unit_price('IM', 'mms'), null, 'A territory with a price of its own has no price of its mother country for another channel');

-- Limits and campaigns -----------------------------------------------------------------------------------------------

update public.plans set spend_limit = (select sum(spend) from private.sending_totals where user_id = pg_temp.tenant()) + 0.33 where key = 'free';
select is((select outcome from public.reserve_message(pg_temp.tenant(), 'over', 'hash', '+15005550199', 'DE', null, 'Hello', '{}', 3, 'GSM-7', false, 'AC-master')), 'spend_limit_reached', 'A message that costs more than is left of the spend limit is refused');
create temp table campaign as select (campaign ->> 'id')::uuid as id from public.create_campaign(pg_temp.tenant(), 'c', 'hash', null, null, 'Hi {{name}}', '{}', null,
  (select jsonb_agg(jsonb_build_object('position', n, 'to', '+1500555' || 1000 + n, 'country', case when n = 2 then 'US' else 'DE' end, 'variables', jsonb_build_object('name', repeat('x', case when n = 1 then 158 else 1 end)))) from generate_series(1, 4) n),
  'req', null, null, null);
grant select on campaign to service_role;
create temp table batch as select b.* from campaign, public.reserve_campaign_batch(id, pg_temp.tenant(), 1, 25) b;
select is((select outcome from batch), 'reserved', 'A campaign''s batch is reserved');
select is((select string_agg(m.num_segments || ' for ' || trim_scale(m.estimated_price), ', ' order by m.to_number) from public.sms_messages m join campaign c on c.id = m.campaign_id), '2 for 0.32, 1 for 0.01',
  'Each message of a batch counts at the price of its rendered text and country, and the batch ends where the budget does');
delete from private.send_rates;
select is((select outcome from campaign, public.reserve_campaign_batch(id, pg_temp.tenant(), 1, 25)), 'limit_reached', 'A recipient whose message costs more than is left waits');

reset role;
select pg_temp.sign_in(pg_temp.attacker());
select throws_ok('select 1 from private.message_prices', '42501', null, 'A tenant cannot read the table of prices');
select throws_ok($$ select public.record_listed_prices('[]') $$, '42501', null, 'A tenant cannot write prices');
select throws_ok($$ select country from public.sms_messages $$, '42501', null, 'The country of a message is not on the Data API');

select * from finish();
rollback;
