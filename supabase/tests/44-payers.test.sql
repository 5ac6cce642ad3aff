-- Who pays for usage at a moment: own subscriptions, billing periods, and metered items.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(54);

select pg_temp.join_as('tenant', 'attacker', 'neighbour', 'stranger');
select pg_temp.forget_jobs();
create function pg_temp.enqueued() returns bigint security definer language sql as $$
  select count(*) from private.jobs where message ->> 'kind' = 'keep-metered-items';
$$;

-- The present of billing, which tests move.
create table pg_temp.clock (at timestamptz);
insert into pg_temp.clock values ('2026-01-01Z');
grant select, update on pg_temp.clock to service_role;
create or replace function private.present() returns timestamptz language sql stable as 'select at from pg_temp.clock';
create function pg_temp.at(p_at text) returns void language sql as $$ update pg_temp.clock set at = p_at::timestamptz; $$;

set local role service_role;
create function pg_temp.item(p_start text, p_end text, p_lookup text default 'team', p_id text default 'si_flat', p_meter text default null,
  p_created text default '2026-01-01Z') returns jsonb language sql as $$
  select jsonb_build_object('id', 'price_' || p_lookup, 'lookupKey', p_lookup, 'itemId', p_id, 'meter', p_meter, 'createdAt', p_created,
    'periodStart', p_start, 'periodEnd', p_end);
$$;
create function pg_temp.metered(p_start text, p_end text, p_created text default '2026-01-01Z') returns jsonb language sql as $$
  select jsonb_agg(pg_temp.item(p_start, p_end, 'switchboard_' || k || '_usd', 'si_' || k, 'mtr_' || k, p_created)) from unnest(enum_range(null::public.usage_kind)) k;
$$;
create sequence pg_temp.reads;
create function pg_temp.record(p_id text, p_user uuid, p_items jsonb, p_status text default 'active', p_ended text default null, p_trial_end text default null,
  p_currency text default null, p_pending boolean default false, p_origin text default 'metadata', p_read bigint default null) returns text language sql as $$
  select outcome::text from public.record_subscription(p_id, 'cus_' || p_id, p_user, p_origin::public.subscription_origin, null,
    p_status::public.subscription_status, p_items, p_pending, null, p_ended::timestamptz, '2026-01-01Z', coalesce(p_read, nextval('pg_temp.reads')),
    p_currency, p_trial_end::timestamptz);
$$;
create function pg_temp.flat(p_start text, p_end text, p_lookup text default 'team') returns jsonb language sql as $$
  select jsonb_build_array(pg_temp.item(p_start, p_end, p_lookup));
$$;
create function pg_temp.periods(p_id text) returns text[] language sql as $$
  select array_agg(to_char(starts_at at time zone 'UTC', 'MM-DD"T"HH24') || '/' || to_char(ends_at at time zone 'UTC', 'MM-DD"T"HH24') || case when is_trial then ' trial' else '' end order by starts_at)
  from private.billing_periods where subscription_id = p_id;
$$;
create function pg_temp.payer(p_user uuid, p_at text) returns text language sql as $$
  select coalesce(p.subscription_id, 'none') || ' ' || p.currency || ' ' || to_char(p.starts_at at time zone 'UTC', 'MM-DD') || '/' ||
    coalesce(to_char(p.ends_at at time zone 'UTC', 'MM-DD'), 'awaited') || case when p.is_trial then ' trial' else '' end
  from private.payer_at(p_user, p_at::timestamptz) p;
$$;

-- A subscription through its life -------------------------------------------------------------------------------------

select is(pg_temp.payer(pg_temp.tenant(), '2026-01-15Z'), 'none usd 01-01/02-01', 'Without a subscription there is no payer, and the period is the calendar month');
select pg_temp.record('sub_a', pg_temp.tenant(), pg_temp.flat('2026-01-01 10:00Z', '2026-02-01 10:00Z'), p_currency => 'eur');
select is(pg_temp.payer(pg_temp.tenant(), '2026-01-01 10:00Z'), 'sub_a eur 01-01/02-01', 'The start of a billing period belongs to it, and the currency is the subscription''s, not the plan''s');
select is(pg_temp.payer(pg_temp.tenant(), '2026-01-01 09:59:59.999999Z'), 'none usd 01-01/02-01', 'The microsecond before it belongs to no subscription');
select is(pg_temp.payer(pg_temp.tenant(), '2026-02-01 09:59:59.999999Z'), 'sub_a eur 01-01/02-01', 'The last microsecond of a billing period belongs to it');
select is(pg_temp.payer(pg_temp.tenant(), '2026-02-01 10:00Z'), 'sub_a eur 02-01/awaited', 'After the period that was read last, the payer is known and the end of the period is awaited');
select pg_temp.at('2026-02-01 10:01Z');
select pg_temp.record('sub_a', pg_temp.tenant(), pg_temp.flat('2026-02-01 10:00Z', '2026-03-01 10:00Z'), 'past_due');
select is(pg_temp.payer(pg_temp.tenant(), '2026-02-01 10:00Z'), 'sub_a eur 02-01/03-01', 'The renewal is the next period, and a past-due subscription pays');
select pg_temp.at('2026-02-10Z');
select is(pg_temp.record('sub_a', pg_temp.tenant(), pg_temp.flat('2025-02-01 10:00Z', '2025-03-01 10:00Z'), 'canceled', '2025-02-10Z', p_read => 1), 'superseded', 'A read that is older than the stored one is superseded');
select is(pg_temp.periods('sub_a'), array['01-01T10/02-01T10', '02-01T10/03-01T10'], 'A superseded read changes no billing period');
select pg_temp.record('sub_a', pg_temp.tenant(), pg_temp.flat('2026-02-10Z', '2026-03-10Z'));
select is(pg_temp.periods('sub_a'), array['01-01T10/02-01T10', '02-01T10/02-10T00', '02-10T00/03-10T00'], 'A reset of the billing cycle ends the period where the new one begins');
select pg_temp.at('2026-03-01Z');
select pg_temp.record('sub_a', pg_temp.tenant(), pg_temp.flat('2026-02-10Z', '2026-03-10Z'), 'canceled', '2026-02-20Z');
select is(pg_temp.periods('sub_a'), array['01-01T10/02-01T10', '02-01T10/02-10T00', '02-10T00/02-20T00'], 'An end shortens the period');
select is(pg_temp.payer(pg_temp.tenant(), '2026-02-19Z'), 'sub_a eur 02-10/02-20', 'Usage before the end is paid by the ended subscription');
select is(pg_temp.payer(pg_temp.tenant(), '2026-02-20Z'), 'none usd 02-01/03-01', 'Usage from the end on has no payer');

-- Trials --------------------------------------------------------------------------------------------------------------

select pg_temp.at('2026-01-05Z');
select pg_temp.record('sub_t', pg_temp.neighbour(), pg_temp.flat('2026-01-05Z', '2026-01-19Z'), 'trialing', p_trial_end => '2026-01-19Z');
select is(pg_temp.payer(pg_temp.neighbour(), '2026-01-06Z'), 'sub_t usd 01-05/01-19 trial', 'A trial is a period');
select pg_temp.at('2026-01-10Z');
select pg_temp.record('sub_t', pg_temp.neighbour(), pg_temp.flat('2026-01-10Z', '2026-02-10Z'), p_trial_end => '2026-01-10Z');
select is(pg_temp.periods('sub_t'), array['01-05T00/01-10T00 trial', '01-10T00/02-10T00'], 'A trial that ends early is shortened, and what follows is no trial');
select pg_temp.record('sub_u', pg_temp.stranger(), pg_temp.flat('2026-01-01Z', '2026-01-15Z'), 'trialing', p_trial_end => '2026-01-15Z');
select pg_temp.at('2026-01-15 00:01Z');
select pg_temp.record('sub_u', pg_temp.stranger(), pg_temp.flat('2026-01-01Z', '2026-01-15Z'), 'paused', p_trial_end => '2026-01-15Z');
select is(pg_temp.payer(pg_temp.stranger(), '2026-01-16Z'), 'none usd 01-01/02-01', 'A subscription that Stripe paused after its trial pays nothing');
select pg_temp.at('2026-03-03Z');
select pg_temp.record('sub_u', pg_temp.stranger(), pg_temp.flat('2026-03-03 05:00Z', '2026-04-03 05:00Z'), p_trial_end => '2026-01-15Z');
select is(pg_temp.periods('sub_u'), array['01-01T00/01-15T00 trial', '03-03T05/04-03T05'], 'A resumed subscription begins a new period, and no period fills the pause');

-- Periods that were not read ------------------------------------------------------------------------------------------

reset role;
select pg_temp.join_as('keeper', 'visitor', 'newcomer');
set local role service_role;
select pg_temp.record('sub_m', pg_temp.keeper(), pg_temp.flat('2026-01-31Z', '2026-02-28Z'));
select pg_temp.record('sub_m', pg_temp.keeper(), pg_temp.flat('2026-05-31Z', '2026-06-30Z'));
select is(pg_temp.periods('sub_m'), array['01-31T00/02-28T00', '02-28T00/03-31T00', '03-31T00/04-30T00', '04-30T00/05-31T00', '05-31T00/06-30T00'],
  'Periods that passed without a read are filled in, at the day of the anchor');
select results_eq($$ select private.missed_boundaries(('2026-01-01Z', '2026-01-08Z'), ('2026-01-22Z', '2026-01-29Z')) $$,
  $$ values (array['2026-01-08Z', '2026-01-15Z']::timestamptz[]) $$, 'missed_boundaries knows weekly periods');
select results_eq($$ select private.missed_boundaries(('2023-02-28Z', '2024-02-29Z'), ('2026-02-28Z', '2027-02-28Z')) $$,
  $$ values (array['2024-02-29Z', '2025-02-28Z']::timestamptz[]) $$, 'missed_boundaries knows yearly periods of a leap day');
update private.billing_periods set books_closed_at = '2026-07-03Z' where subscription_id = 'sub_m' and starts_at = '2026-05-31Z';
select pg_temp.record('sub_m', pg_temp.keeper(), pg_temp.flat('2026-06-15Z', '2026-07-15Z'));
select is((pg_temp.periods('sub_m'))[5:6], array['05-31T00/06-15T00', '06-15T00/07-15T00'], 'A period that Stripe moved is cut also when its books are closed');
select is(pg_temp.payer(pg_temp.keeper(), '2026-03-30 23:59Z'), 'sub_m usd 02-28/03-31', 'Usage of a period that was filled in has its payer');

-- Whose subscription it is --------------------------------------------------------------------------------------------

select pg_temp.at('2026-01-10Z');
select pg_temp.record('sub_g', pg_temp.visitor(), pg_temp.flat('2026-01-01Z', '2026-02-01Z'), p_origin => 'checkout');
select is(pg_temp.payer(pg_temp.visitor(), '2026-01-11Z'), 'none usd 01-01/02-01', 'A gift pays for no usage');
select is(pg_temp.periods('sub_g'), null, 'A gift has no billing periods');
select pg_temp.at('2026-01-12Z');
update public.subscriptions set origin = 'claim' where id = 'sub_g';
select is(pg_temp.payer(pg_temp.visitor(), '2026-01-12Z'), 'sub_g usd 01-01/02-01', 'A gift that the tenant claimed pays from then on');
select is(pg_temp.payer(pg_temp.visitor(), '2026-01-11 23:59:59Z'), 'none usd 01-01/02-01', 'Usage before the claim keeps having no payer');
select results_eq($$ select from_at, until_at, (payer).subscription_id from private.payers_of(pg_temp.visitor(), '2026-01-11Z', '2026-01-13Z') $$,
  $$ values ('2026-01-11Z'::timestamptz, '2026-01-12Z'::timestamptz, null::text), ('2026-01-12Z', '2026-01-13Z', 'sub_g') $$, 'payers_of cuts a span where the payer changes');
select pg_temp.at('2026-01-20Z');
update public.subscriptions set user_id = pg_temp.newcomer() where id = 'sub_g';
select is(pg_temp.payer(pg_temp.visitor(), '2026-01-19Z') || ', ' || pg_temp.payer(pg_temp.visitor(), '2026-01-21Z') || ', ' || pg_temp.payer(pg_temp.newcomer(), '2026-01-19Z')
  || ', ' || pg_temp.payer(pg_temp.newcomer(), '2026-01-21Z'), 'sub_g usd 01-01/02-01, none usd 01-01/02-01, none usd 01-01/02-01, sub_g usd 01-01/02-01',
  'A subscription that is given to another tenant pays for each in their time');

reset role;
delete from auth.users where id in (pg_temp.newcomer(), pg_temp.visitor());
select pg_temp.join_as('newcomer', 'visitor');
set local role service_role;
delete from private.own_subscriptions where user_id in (pg_temp.newcomer(), pg_temp.visitor());
select pg_temp.at('2026-01-02Z');
select pg_temp.record('sub_d', pg_temp.newcomer(), pg_temp.flat('2026-01-01Z', '2026-02-01Z'), p_pending => true);
select is(pg_temp.payer(pg_temp.newcomer(), '2026-01-02Z'), 'none usd 01-01/02-01', 'A subscription whose first payment is pending pays nothing');
select pg_temp.at('2026-01-05Z');
select pg_temp.record('sub_d', pg_temp.newcomer(), pg_temp.flat('2026-01-01Z', '2026-02-01Z'));
select is(pg_temp.payer(pg_temp.newcomer(), '2026-01-04Z') || ', ' || pg_temp.payer(pg_temp.newcomer(), '2026-01-05Z'), 'none usd 01-01/02-01, sub_d usd 01-01/02-01',
  'It pays from when the payment was known');
update public.plans set entitle_while_pending = true where key = 'scale';
select pg_temp.record('sub_w', pg_temp.visitor(), pg_temp.flat('2026-01-01Z', '2026-02-01Z', 'scale'), p_pending => true);
select is(pg_temp.payer(pg_temp.visitor(), '2026-01-02Z'), 'sub_w usd 01-01/02-01', 'Under a plan that entitles while the payment is pending it pays at once');
select pg_temp.record('sub_x', pg_temp.visitor(), pg_temp.flat('2026-01-01Z', '2026-02-01Z', 'starter'));
select is(pg_temp.payer(pg_temp.visitor(), '2026-01-06Z'), 'sub_w usd 01-01/02-01', 'Of two own subscriptions the one of the higher plan pays');
select pg_temp.at('2026-01-09Z');
select pg_temp.record('sub_w', pg_temp.visitor(), pg_temp.flat('2026-01-01Z', '2026-02-01Z', 'scale'), 'unpaid');
select is(pg_temp.payer(pg_temp.visitor(), '2026-01-08Z') || ', ' || pg_temp.payer(pg_temp.visitor(), '2026-01-09Z'), 'sub_w usd 01-01/02-01, sub_x usd 01-01/02-01',
  'When it stops running the other one pays from then on, and the past stays');
select pg_temp.record('sub_y', pg_temp.attacker(), pg_temp.flat('2026-01-01Z', '2026-02-01Z', 'not_a_plan'));
select is(pg_temp.payer(pg_temp.attacker(), '2026-01-09Z'), 'none usd 01-01/02-01', 'A subscription without a plan pays nothing');
select pg_temp.at('2026-01-11Z');
update public.plans set stripe_price_id = 'price_not_a_plan' where key = 'starter';
select is(pg_temp.payer(pg_temp.attacker(), '2026-01-10Z') || ', ' || pg_temp.payer(pg_temp.attacker(), '2026-01-11Z'), 'none usd 01-01/02-01, sub_y usd 01-01/02-01',
  'A plan that gets the price makes it pay from then on, in the period that was read before');

-- Metered items -------------------------------------------------------------------------------------------------------

select is(pg_temp.enqueued() > 0, true, 'Own subscriptions without metered items ask for them');
select public.record_meters('[{"kind": "sms_out", "meterId": "mtr_7"}]');
select results_eq($$ select coalesce(private.metered_kind(m, l)::text, '-') from (values (1, 'mtr_7', null), (2, 'mtr_7', 'team'), (3, 'mtr_x', 'switchboard_fee_usd'), (4, 'mtr_x', 'switchboard_mms_in_eur_year'),
    (5, null, 'switchboard_fee_usd'), (6, 'mtr_x', 'switchboard_fee'), (7, 'mtr_x', 'switchboard_fees_usd')) t (n, m, l) order by n $$,
  array['sms_out', 'sms_out', 'fee', 'mms_in', '-', '-', '-'], 'metered_kind knows our prices by their meter, or by their lookup key when they have a meter');
select public.record_meters('[{"kind": "sms_in", "meterId": "mtr_7"}, {"kind": "sms_out", "meterId": "mtr_8"}]');
select results_eq('select kind::text, meter_id from public.list_meters()', $$ values ('sms_out', 'mtr_8'), ('sms_in', 'mtr_7') $$, 'record_meters replaces a meter that was replaced at Stripe');
select is((select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted and (classid::bigint << 32) | objid::bigint = hashtextextended('meters', 0)), 1::bigint, 'Two processes cannot store meters at once');
select pg_temp.record('sub_e', pg_temp.stranger(), pg_temp.metered('2026-01-03Z', '2026-02-03Z') || pg_temp.flat('2026-01-01Z', '2026-02-01Z'));
select results_eq($$ select plan_key, unknown_prices, current_period_start from public.subscriptions where id = 'sub_e' $$,
  $$ values ('team', null::jsonb, '2026-01-01Z'::timestamptz) $$, 'Metered items before the flat one give neither plan nor period');
select is((select metered_due_at from private.own_subscriptions where subscription_id = 'sub_e'), null, 'A subscription with all metered items is not due');
select results_eq($$ select private.metered_since('sub_e', 'fee', '2025-12-31Z'), private.metered_since('sub_e', 'fee', '2026-01-01Z') $$,
  $$ values (null::timestamptz, '2026-01-01Z'::timestamptz) $$, 'An item of a new subscription counts from its first moment');
select pg_temp.record('sub_f', pg_temp.stranger(), pg_temp.flat('2026-01-01Z', '2026-02-01Z', 'nothing') || pg_temp.metered('2026-01-01Z', '2026-02-01Z'));
select results_eq($$ select jsonb_array_length(unknown_prices), unknown_prices -> 0 ->> 'id' from public.subscriptions where id = 'sub_f' $$, $$ values (1, 'price_nothing') $$,
  'Our metered prices are no unknown prices');
select pg_temp.at('2026-01-20Z');
select pg_temp.record('sub_a', pg_temp.tenant(), pg_temp.flat('2026-01-01Z', '2026-02-01Z') || pg_temp.metered('2026-01-01Z', '2026-02-01Z', '2026-01-15 12:30Z'));
select results_eq($$ select private.metered_since('sub_a', 'sms_out', '2026-01-15 12:29:59Z'), private.metered_since('sub_a', 'sms_out', '2026-01-15 12:30Z') $$,
  $$ values (null::timestamptz, '2026-01-15 12:30Z'::timestamptz) $$, 'An item that was added later counts from then on');
select pg_temp.record('sub_a', pg_temp.tenant(), pg_temp.flat('2026-01-01Z', '2026-02-01Z'));
select results_eq($$ select private.metered_since('sub_a', 'sms_out', '2026-01-19Z'), private.metered_since('sub_a', 'sms_out', '2026-01-20Z') $$,
  $$ values ('2026-01-15 12:30Z'::timestamptz, null::timestamptz) $$, 'An item that is gone counts until the read that did not find it');

-- Random histories ----------------------------------------------------------------------------------------------------

-- 80 subscriptions, each read eight times in the order of time: renewals, resets, trials that end early, pauses, ends, lost reads.
create function pg_temp.random_life(p_id text, p_user uuid) returns void language plpgsql as $$
declare
  starts timestamptz := '2026-01-01Z'::timestamptz + random() * interval '40 days';
  ends timestamptz := starts + interval '14 days';
  trial timestamptz := case when random() < 0.4 then ends end;
  over timestamptz;
begin
  for step in 1..8 loop
    perform pg_temp.at((starts + (ends - starts) * random())::text);
    perform pg_temp.record(p_id, p_user, pg_temp.flat(starts::text, ends::text, (array['starter', 'team', 'scale'])[1 + floor(random() * 3)]),
      case when over is not null then 'canceled' else (array['active', 'past_due', 'paused', 'unpaid'])[1 + floor(random() * 4)] end, over::text, trial::text);
    exit when over is not null;
    if random() < 0.15 then
      update private.billing_periods set books_closed_at = ends_at where subscription_id = p_id and starts_at < starts;
    end if;
    case floor(random() * 5)
      when 0 then starts := ends;
      when 1 then starts := starts + (ends - starts) * random();
      when 2 then starts := ends + random() * interval '100 days';
      when 3 then starts := starts + (ends - starts) * random() * 3; trial := least(trial, starts);
      else over := starts + (ends - starts) * (0.1 + random());
    end case;
    if over is null then
      ends := starts + (array['7 days', '1 month', '1 year'])[1 + floor(random() * 3)]::interval;
    end if;
  end loop;
end;
$$;
reset role;
select setseed(0.13);
insert into auth.users (id, email) select gen_random_uuid(), 'life' || n || '@pgtap.test' from generate_series(1, 80) n;
select pg_temp.random_life('sub_life_' || substr(email, 5, position('@' in email) - 5), id) from auth.users where email like 'life%';
select cmp_ok((select count(*) from private.billing_periods where subscription_id like 'sub_life_%'), '>', 250::bigint, 'The random histories have many billing periods');
select is_empty($$ select a.subscription_id, a.starts_at from private.billing_periods a join private.billing_periods b
    on b.subscription_id = a.subscription_id and b.starts_at > a.starts_at and b.starts_at < a.ends_at $$, 'The billing periods of a subscription never overlap');
select is_empty($$ select b.subscription_id, b.ends_at, s.ended_at from private.billing_periods b join public.subscriptions s on s.id = b.subscription_id
    where b.ends_at > s.ended_at and b.books_closed_at is null $$, 'No billing period goes on after the end of its subscription');
select is_empty($$ select b.subscription_id, b.ends_at from private.billing_periods b where b.subscription_id like 'sub_life_%' and not b.is_trial
    and b.ends_at < (select max(l.starts_at) from private.billing_periods l where l.subscription_id = b.subscription_id)
    and not exists (select from private.billing_periods n where n.subscription_id = b.subscription_id and n.starts_at = b.ends_at) $$,
  'Between the periods of a subscription is no gap but after a trial');
select is_empty($$ select b.subscription_id, m.at from private.billing_periods b join public.subscriptions s on s.id = b.subscription_id
    cross join lateral (select unnest(array[b.starts_at, b.starts_at + (b.ends_at - b.starts_at) / 2, b.ends_at - interval '1 microsecond'])) m (at)
    cross join lateral private.payer_at(s.user_id, m.at) p
    where b.subscription_id like 'sub_life_%' and (p.subscription_id, p.starts_at, p.ends_at) is distinct from (b.subscription_id, b.starts_at, b.ends_at) $$,
  'Each moment of a billing period has that period''s payer, from its first to its last microsecond');
set local role service_role;

-- Changes of plan -----------------------------------------------------------------------------------------------------

create function pg_temp.change(p_user uuid, p_plan text) returns text language sql as $$
  select c.outcome || coalesce(' ' || c.subscription_id, '') from public.begin_plan_change(p_user, p_plan) c;
$$;
select results_eq($$ select pg_temp.change(pg_temp.newcomer(), p) from unnest(array['scale', 'gold', 'free', 'fallback']) with ordinality u (p, n) order by n $$,
  array['change sub_d', 'unknown_plan', 'not_for_sale', 'not_for_sale'], 'begin_plan_change changes the own subscription, to a plan that is for sale');
select is(pg_temp.change(gen_random_uuid(), 'scale'), 'unknown_user', 'begin_plan_change refuses an unknown user');
select is(pg_temp.change(pg_temp.visitor(), 'team'), 'change sub_x', 'Of two subscriptions begin_plan_change changes the one that runs');
select pg_temp.record('sub_d', pg_temp.newcomer(), pg_temp.flat('2026-01-01Z', '2026-02-01Z'), 'unpaid');
select is(pg_temp.change(pg_temp.newcomer(), 'scale'), 'not_active sub_d', 'begin_plan_change refuses a subscription that does not run');
select pg_temp.record('sub_d', pg_temp.newcomer(), pg_temp.flat('2026-01-01Z', '2026-02-01Z'), 'canceled', '2026-01-21Z');
update public.subscriptions set status = 'canceled', ended_at = '2026-01-21Z' where id = 'sub_g';
select is(pg_temp.change(pg_temp.newcomer(), 'scale'), 'no_subscription', 'begin_plan_change finds no subscription after its end');

select * from finish();
rollback;
