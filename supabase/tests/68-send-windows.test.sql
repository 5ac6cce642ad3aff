-- A campaign with a send window is sent only at the hours that are inside it in every time zone of the recipient.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(39);

select pg_temp.join_as('tenant', 'attacker');
set local role service_role;
delete from public.campaigns;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary, messages_per_second) values (pg_temp.tenant(), '+15005550101', 'PN-pgtap-1', true, 5000);
update public.plans set daily_message_limit = 1000, monthly_message_limit = 1000, spend_limit = 100, allowed_countries = null, messages_per_second = 5000;

-- Openings, at given moments -----------------------------------------------------------------------------------------

create function pg_temp.opening(p_window jsonb, p_country text, p_at timestamptz) returns text language sql as $$
  select to_char(w.opens_at at time zone 'UTC', 'Dy HH24:MI') || ' to ' || to_char(w.closes_at at time zone 'UTC', 'Dy HH24:MI') from private.country_windows(p_window, array[p_country], p_at) w;
$$;
select is(pg_temp.opening(win::jsonb, country, moment::timestamptz), expected, format('%s in %s at %s: %s', win, country, moment, why)) from (values
  ('{"from":"09:00","to":"20:00"}', 'DE', '2026-11-27 03:00Z', 'Fri 08:00 to Fri 19:00', 'the next opening, in local time'),
  ('{"from":"09:00","to":"20:00"}', 'DE', '2026-11-27 08:00Z', 'Fri 08:00 to Fri 19:00', 'it is open at its first moment'),
  ('{"from":"09:00","to":"20:00"}', 'DE', '2026-11-27 18:59:59Z', 'Fri 08:00 to Fri 19:00', 'it is open until the last second'),
  ('{"from":"09:00","to":"20:00"}', 'DE', '2026-11-27 19:00Z', 'Sat 08:00 to Sat 19:00', 'it is closed at its end'),
  ('{"from":"09:00","to":"20:00"}', 'US', '2026-11-27 03:00Z', 'Fri 19:00 to Sat 01:00', 'from nine in Hawaii until eight in New York'),
  ('{"from":"09:00","to":"20:00"}', 'RU', '2026-11-27 03:00Z', 'Fri 07:00 to Fri 08:00', 'the one hour that eleven zones share'),
  ('{"from":"09:00","to":"20:00"}', 'GG', '2026-07-01 12:00Z', 'Wed 08:00 to Wed 19:00', 'summer time'),
  ('{"from":"09:00","to":"20:00"}', 'ZZ', '2026-07-01 12:00Z', 'Wed 09:00 to Wed 20:00', 'an unknown country has UTC'),
  ('{"from":"09:00","to":"10:00"}', 'US', '2026-11-27 03:00Z', null, 'never in all zones'),
  ('{"from":"09:00","to":"10:00","timeZone":"America/Chicago"}', 'US', '2026-11-27 03:00Z', 'Fri 15:00 to Fri 16:00', 'a named zone holds for all'),
  ('{"from":"09:00","to":"10:00","timeZone":"America/Chicago"}', 'DE', '2026-11-27 03:00Z', 'Fri 15:00 to Fri 16:00', 'also in another country'),
  ('{"from":"22:00","to":"02:00"}', 'DE', '2026-11-27 00:30Z', 'Thu 21:00 to Fri 01:00', 'across midnight, in its second part'),
  ('{"from":"22:00","to":"02:00","days":["thu"]}', 'DE', '2026-11-27 00:30Z', 'Thu 21:00 to Fri 01:00', 'the day is the one on which it began'),
  ('{"from":"22:00","to":"02:00","days":["fri"]}', 'DE', '2026-11-27 00:30Z', 'Fri 21:00 to Sat 01:00', 'and not the one on which it ends'),
  ('{"from":"09:00","to":"17:00","days":["mon","tue"]}', 'DE', '2026-11-27 12:00Z', 'Mon 08:00 to Mon 16:00', 'the next of its days'),
  ('{"from":"09:00","to":"17:00","days":["fri"]}', 'DE', '2026-11-27 17:00Z', 'Fri 08:00 to Fri 16:00', 'a week later'),
  ('{"from":"00:00","to":"24:00"}', 'DE', '2026-11-27 12:00Z', 'Thu 23:00 to Fri 23:00', 'a whole day'),
  ('{"from":"00:00","to":"24:00","days":["sun"]}', 'US', '2026-11-27 12:00Z', 'Sun 10:00 to Mon 05:00', 'a Sunday that is one in all zones'),
  ('{"from":"02:10","to":"02:50"}', 'DE', '2027-03-28 00:00Z', 'Sun 01:10 to Sun 01:50', 'hours that the change to summer time skips come after it'),
  ('{"from":"01:00","to":"04:00"}', 'DE', '2026-10-25 00:00Z', 'Sat 23:00 to Sun 03:00', 'a night of 25 hours')
) cases (win, country, moment, expected, why);
select is((select count(*) from private.country_windows(null, '{DE}', now())), 0::bigint, 'Without a send window no country has one');
select is((select min(cardinality(w.zones)) from private.country_zones w), 1, 'Every country has a time zone');
select lives_ok($$ select now() at time zone z from private.country_zones c, unnest(c.zones) z $$, 'Postgres knows every time zone');

-- Campaigns ----------------------------------------------------------------------------------------------------------

-- A window of an hour that is open, opens in an hour or opened an hour ago.
create function pg_temp.window(p_hours integer, p_zone text default 'UTC') returns jsonb language sql as $$
  select jsonb_build_object('from', to_char((now() + make_interval(hours => p_hours, mins => -30)) at time zone p_zone, 'HH24:MI'), 'to', to_char((now() + make_interval(hours => p_hours, mins => 30)) at time zone p_zone, 'HH24:MI'), 'timeZone', p_zone);
$$;
create function pg_temp.create(p_key text, p_window jsonb, p_countries text[] default '{US,US,DE}') returns text language sql as $$
  select concat_ws(' ', outcome, array_to_string(nullif(never_open, '{}'), ',')) from public.create_campaign(pg_temp.tenant(), p_key, 'hash', null, null, 'Hi', '{}', null,
    (select jsonb_agg(jsonb_build_object('position', n, 'to', '+1500555' || 1000 + n, 'country', c)) from unnest(p_countries) with ordinality u (c, n)), 'req', null, null, null, p_window);
$$;
create function pg_temp.id(p_key text) returns uuid language sql as $$ select id from public.campaigns where idempotency_key = p_key $$;
create function pg_temp.batch(p_key text) returns text language plpgsql as $$
declare
  batch record;
begin
  delete from private.send_rates;
  select * into batch from public.reserve_campaign_batch(pg_temp.id(p_key), pg_temp.tenant(), (select run from public.campaigns where id = pg_temp.id(p_key)), 25);
  return concat_ws(' ', batch.outcome, (select string_agg(m ->> 'position', ',') from jsonb_array_elements(batch.messages) m));
end;
$$;
select is(pg_temp.create('never', '{"from":"09:00","to":"10:00"}', '{US,DE,RU}'), 'window_never_opens RU,US', 'create_campaign returns window_never_opens with the countries');
select is(pg_temp.id('never'), null, 'and stores nothing');
select is((select outcome || ' ' || array_to_string(never_open, ',') from public.preview_campaign(pg_temp.tenant(), null, 'Hi', '{}', null, 1, '{US}', '[{"position": 0, "to": "+15005551001", "country": "US"}]', 0, 0, null, '{"from":"09:00","to":"10:00"}')), 'window_never_opens US', 'A dry run returns it, too');
select is(pg_temp.create('open', pg_temp.window(0)), 'created', 'A campaign with an open window');
select is(pg_temp.batch('open'), 'reserved 1,2,3', 'is sent at once');
select is(pg_temp.create('later', pg_temp.window(1)), 'created', 'A campaign whose window opens in half an hour');
select is(pg_temp.batch('later'), 'outside_window', 'waits');
select ok((select wait_ms between 1700000 and 1800000 from public.reserve_campaign_batch(pg_temp.id('later'), pg_temp.tenant(), 1, 25)), 'until it opens');
select is((select status || ' ' || status_reason || ' ' || waiting from public.campaigns where id = pg_temp.id('later')), 'running outside_window 3', 'Its status says why, and its recipients wait');
select results_eq($$ select c ->> 'outcome', (c ->> 'recipients')::integer from public.preview_campaign(pg_temp.tenant(), null, 'Hi', '{}', null, 1, '{US}', '[{"position": 0, "to": "+15005551001", "country": "US"}]', 0, 0, null, pg_temp.window(1)), jsonb_array_elements(counts) c $$,
  $$ values ('outside_window', 1) $$, 'A dry run counts those who wait for their hour');
-- The openings of one country are over, those of the other are now.
update private.campaign_windows set opens_at = now() - interval '1 hour', closes_at = case country when 'DE' then now() + interval '1 hour' else now() end where campaign_id = pg_temp.id('later');
select is(pg_temp.batch('later'), 'reserved 3', 'Recipients whose window is open are sent to, although others before them wait');
select ok((select opens_at > now() from private.campaign_windows where campaign_id = pg_temp.id('later') and country = 'US'), 'An opening that is over is followed by the next one');
select is(pg_temp.batch('later'), 'outside_window', 'The others wait for it');
select is((select outcome || ' ' || (campaign ->> 'status') from public.change_campaign(pg_temp.tenant(), pg_temp.id('later'), 'pause', 'r')) || ', ' || (select outcome || ' ' || (campaign ->> 'status') from public.change_campaign(pg_temp.tenant(), pg_temp.id('later'), 'resume', 'r')) || ', ' || pg_temp.batch('later'),
  'changed paused, changed running, outside_window', 'A waiting campaign is paused and resumed, and then waits again');
select is((select outcome || ' ' || (campaign ->> 'skipped') from public.change_campaign(pg_temp.tenant(), pg_temp.id('later'), 'cancel', 'r')), 'changed 2', 'It is canceled while it waits');

reset role;
select pg_temp.sign_in(pg_temp.attacker());
select throws_ok('select 1 from private.campaign_windows', '42501', null, 'A tenant cannot read the table of openings');

select * from finish();
rollback;
