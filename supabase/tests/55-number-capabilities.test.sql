-- A number that cannot do what is asked is never chosen: as the primary number, as a sender, from the shared numbers.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(40);

select pg_temp.join_as('tenant', 'attacker', 'visitor');
update public.plans set daily_message_limit = 100, monthly_message_limit = 100, spend_limit = 100, segment_price = 0.01, allowed_countries = null;
update auth.users set email_confirmed_at = now();
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'), pg_temp.store(pg_temp.attacker(), 'AC3', 'active', 'v1.k1.iv.three');

-- The rule -----------------------------------------------------------------------------------------------------------

select is(private.can_send(capabilities, false) || ' ' || private.can_send(capabilities, true), expected, format('can_send of a text and of media: %s', capabilities))
from (values ('{"sms": true, "mms": true, "voice": true}'::jsonb, 'true true'), ('{"sms": true, "mms": false}', 'true false'), ('{"sms": false, "mms": true}', 'false true'),
  ('{"sms": false, "mms": false, "voice": true}', 'false false'), ('{"voice": true}', 'false false'), ('{"sms": true}', 'true true'), ('{"SMS": true, "MMS": false}', 'true false'),
  ('{}', 'true true'), (null, 'true true')) cases (capabilities, expected);

-- The primary number -------------------------------------------------------------------------------------------------

create function pg_temp.primaries(p_user uuid default pg_temp.tenant()) returns text language sql as $$
  select coalesce(string_agg(right(phone_number, 1), ',' order by phone_number), 'none') from public.user_twilio_numbers where user_id = p_user and is_primary;
$$;
create function pg_temp.buy(p_digit integer, p_capabilities jsonb) returns text language sql as $$
  select pg_temp.own(pg_temp.tenant(), p_digit, 'purchasing');
  select outcome || ' ' || (number ->> 'is_primary') from public.record_number(pg_temp.row_id(p_digit), 'PN' || p_digit, 'Line', p_capabilities, null);
$$;
select is(pg_temp.buy(1, '{"sms": false, "mms": false, "voice": true}'), 'recorded false', 'A first number that has voice alone does not become primary');
select is(pg_temp.buy(2, '{"sms": true, "mms": false, "voice": true}'), 'recorded true', 'The first number that can send becomes primary');
select is((select outcome::text from public.set_primary_number(pg_temp.tenant(), pg_temp.row_id(1), null)), 'not_capable', 'set_primary_number returns not_capable for a number that cannot send');
select is(pg_temp.primaries(), '2', 'A refused change keeps the primary number');
select is(pg_temp.buy(3, '{"sms": true, "mms": true, "voice": true}'), 'recorded false', 'Another number that can send does not become primary');

create function pg_temp.release(p_digit integer) returns text language sql as $$
  select outcome::text from public.begin_number_release(pg_temp.tenant(), pg_temp.row_id(p_digit), '+1500555010' || p_digit);
  select outcome::text from public.record_number_release(pg_temp.row_id(p_digit), null);
$$;
select is(pg_temp.release(2), 'recorded', 'The primary number is released');
select is(pg_temp.primaries(), '3', 'The oldest number that can send becomes primary, not the older one that cannot');

create function pg_temp.sync(p_changes jsonb) returns text language sql as $$
  select coalesce(string_agg(outcome::text, ','), 'none') from public.record_number_sync(pg_temp.tenant(), 'AC1', now() + interval '1 second', p_changes, 'sync', null);
$$;
create function pg_temp.now_can(p_digit integer, p_capabilities jsonb) returns text language sql as $$
  select pg_temp.sync(jsonb_build_array(jsonb_build_object('change', 'changed', 'numberId', pg_temp.row_id(p_digit), 'number',
    jsonb_build_object('phoneNumber', '+1500555010' || p_digit, 'phoneSid', 'PN' || p_digit, 'friendlyName', 'Line', 'capabilities', p_capabilities))));
$$;
select is(pg_temp.now_can(1, '{"sms": true, "mms": false, "voice": true}'), 'changed', 'A sync finds that a number can send');
select is(pg_temp.primaries(), '3', 'The primary number stays');
select is(pg_temp.now_can(3, '{"sms": false, "mms": false, "voice": true}'), 'changed', 'A sync finds that the primary number cannot send any more');
select is(pg_temp.primaries(), '1', 'A number that lost its capability is not primary any more, and another is');
select results_eq($$ select actor, action, details ->> 'phoneNumber' from public.audit_log where user_id = pg_temp.tenant() and action = 'number.made_primary' order by id desc limit 1 $$,
  $$ values ('sync', 'number.made_primary', '+15005550101') $$, 'The new primary number is audited');
update public.user_twilio_numbers set is_primary = false where user_id = pg_temp.tenant();
update public.user_twilio_numbers set is_primary = true where id = pg_temp.row_id(3);
select is(pg_temp.primaries(), '3', 'A row from before has a primary number that cannot send');

-- Sending ------------------------------------------------------------------------------------------------------------

create function pg_temp.reserve(p_user uuid, p_from text, p_media text[] default '{}', p_fallback boolean default false) returns text language sql as $$
  select concat_ws(' ', outcome, right(message ->> 'from_number', 1)) from public.reserve_message(p_user, gen_random_uuid()::text, 'hash', '+15005551234', 'US', p_from, 'Hi',
    p_media, 1, 'GSM-7', p_fallback, 'AC0');
$$;
select is(pg_temp.reserve(pg_temp.tenant(), null), 'no_number', 'A primary number that cannot send is not chosen');
select is(pg_temp.reserve(pg_temp.tenant(), '+15005550103'), 'number_not_capable', 'A named number that cannot send is refused');
select is(pg_temp.sync('[]'), 'none', 'A sync finds no difference');
select is(pg_temp.primaries(), '1', 'A sync without differences replaces a primary number that cannot send');
update public.user_twilio_numbers set is_primary = false where user_id = pg_temp.tenant();
update public.user_twilio_numbers set is_primary = true where id = pg_temp.row_id(3);
select is(pg_temp.buy(4, '{"voice": true}'), 'recorded false', 'A number that cannot send is bought while the primary one cannot, either');
select is(pg_temp.primaries(), '1', 'The purchase makes the oldest number that can send primary');
select is(pg_temp.reserve(pg_temp.tenant(), null), 'reserved 1', 'The new primary number is chosen');
select is(pg_temp.reserve(pg_temp.tenant(), null, '{https://x/1.png}'), 'number_not_capable', 'A primary number without MMS does not send media');
select is(pg_temp.reserve(pg_temp.tenant(), '+15005550101', '{https://x/1.png}'), 'number_not_capable', 'A named number without MMS does not send media');
select is((select outcome::text from public.create_campaign(pg_temp.tenant(), 'media', 'hash', null, null, 'Hi', '{https://x/1.png}', null,
  '[{"position": 1, "to": "+15005551234", "country": "US"}]', 'req-1', null, null, null)), 'number_not_capable', 'A campaign with media from a number without MMS is refused');
create temp table campaign as select (campaign ->> 'id')::uuid as id from public.create_campaign(pg_temp.tenant(), 'text', 'hash', null, null, 'Hi', '{}', null,
  '[{"position": 1, "to": "+15005551234", "country": "US"}]', 'req-1', null, null, null);
select pg_temp.now_can(1, '{"sms": false, "mms": false, "voice": true}');
select is((select outcome::text from campaign, public.reserve_campaign_batch(campaign.id, pg_temp.tenant(), 1, 25)), 'paused', 'A campaign whose number lost its capability is paused');
select is((select status_reason::text from public.campaigns c join campaign using (id)), 'number_not_capable', 'The campaign has the reason');
select is(pg_temp.primaries(), 'none', 'Without a number that can send there is no primary one');

-- Moving and the shared numbers --------------------------------------------------------------------------------------

create function pg_temp.move(p_digit integer, p_capabilities jsonb) returns text language sql as $$
  select outcome::text from public.record_number_move(pg_temp.attacker(), 'AC3', 'tenant', jsonb_build_object('phoneSid', 'PN' || p_digit, 'phoneNumber', '+1500555010' || p_digit,
    'friendlyName', 'Moved', 'capabilities', p_capabilities), pg_temp.operator(), 'their request', null);
$$;
select is(pg_temp.move(7, '{"sms": false, "mms": false, "voice": true}') || ' ' || pg_temp.primaries(pg_temp.attacker()), 'recorded none', 'A moved number that cannot send does not become primary');
select is(pg_temp.move(8, '{"sms": true, "mms": false, "voice": true}') || ' ' || pg_temp.primaries(pg_temp.attacker()), 'recorded 8', 'A moved number that can send becomes primary');

insert into private.master_numbers (phone_sid, phone_number, capabilities, is_offered) values
  ('PN-a', '+15005550201', '{"sms": true, "mms": false, "voice": true}', true), ('PN-b', '+15005550202', '{"sms": true, "mms": true, "voice": true}', true);
select is(pg_temp.reserve(pg_temp.visitor(), null, '{}', true), 'reserved 1', 'A text goes from the first shared number');
select is(pg_temp.reserve(pg_temp.visitor(), null, '{https://x/1.png}', true), 'reserved 2', 'Media go from the shared number that can send them');
select is(pg_temp.reserve(pg_temp.visitor(), '+15005550201', '{https://x/1.png}', true), 'number_not_capable', 'A named shared number without MMS does not send media');

select * from finish();
rollback;
