-- Several subscriptions of one Stripe customer, of which exactly one has metered items, and from when a plan is in force.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(13);

select pg_temp.join_as('tenant', 'attacker', 'neighbour', 'visitor', 'keeper');
create table private.jobs_of_keeping (id text);
create function pg_temp.asked() returns text security definer language sql as $$
  with d as (delete from private.jobs_of_keeping returning id) select coalesce(string_agg(id, ' ' order by id), '-') from d;
$$;
create function private.note_keeping() returns trigger security definer language plpgsql as $$
begin
  if new.message ->> 'kind' = 'keep-metered-items' then insert into private.jobs_of_keeping values (new.message ->> 'subscriptionId'); end if;
  return null;
end; $$;
create trigger note_keeping after insert on pgmq.q_jobs_billing for each row execute function private.note_keeping();

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

-- Several subscriptions of one customer -------------------------------------------------------------------------------

create function pg_temp.second(p_id text, p_user uuid, p_items jsonb, p_created text, p_status text default 'active', p_ended text default null)
returns text language sql as $$
  select public.record_subscription(p_id, 'cus_double', p_user, 'metadata', p_user, p_status::public.subscription_status, p_items, false, null,
    p_ended::timestamptz, p_created::timestamptz, nextval('pg_temp.reads'))::text;
$$;
create function pg_temp.items_of(p_prefix text) returns jsonb language sql as $$
  select jsonb_agg(i || jsonb_build_object('itemId', p_prefix || (i ->> 'itemId'), 'createdAt', case p_prefix when 'a' then '2026-01-01Z' else '2026-01-10Z' end))
  from jsonb_array_elements(case p_prefix when 'a' then pg_temp.metered('2026-01-01Z', '2026-02-01Z') else pg_temp.metered('2026-01-10Z', '2026-02-10Z') end) i;
$$;
create function pg_temp.needs(p_id text) returns text language sql as $$ select public.needs_metered_items(p_id)::text $$;
select pg_temp.at('2026-01-10Z');
select pg_temp.second('sub_2a', pg_temp.tenant(), pg_temp.flat('2026-01-01Z', '2026-02-01Z', 'starter') || pg_temp.items_of('a'), '2026-01-01Z');
select is(pg_temp.asked(), '-', 'A subscription with all metered items asks for nothing');
select pg_temp.second('sub_2b', pg_temp.tenant(), pg_temp.flat('2026-01-10Z', '2026-02-10Z', 'scale'), '2026-01-10Z');
select is(pg_temp.asked() || ', ' || pg_temp.needs('sub_2b'), '-, not_needed', 'A second subscription of the same customer gets no metered items: both would bill each event');
select is(pg_temp.payer(pg_temp.tenant(), '2026-01-10Z'), 'sub_2a usd 01-01/02-01', 'Of two subscriptions of one customer the one with metered items pays, also under the lower plan');
select pg_temp.second('sub_2b', pg_temp.tenant(), pg_temp.flat('2026-01-10Z', '2026-02-10Z', 'scale') || pg_temp.items_of('b'), '2026-01-10Z');
select is(pg_temp.asked() || ', ' || pg_temp.needs('sub_2b'), 'sub_2b, surplus', 'Metered items that were added to the second one elsewhere are surplus');
select is(pg_temp.payer(pg_temp.tenant(), '2026-01-10Z'), 'sub_2a usd 01-01/02-01', 'and the one that had them first pays');
select pg_temp.second('sub_2b', pg_temp.tenant(), pg_temp.flat('2026-01-10Z', '2026-02-10Z', 'scale'), '2026-01-10Z');
select pg_temp.second('sub_2c', pg_temp.neighbour(), pg_temp.flat('2026-01-01Z', '2026-02-01Z'), '2026-01-10Z');
select is(pg_temp.asked() || ', ' || pg_temp.needs('sub_2b') || ', ' || pg_temp.needs('sub_2c'), 'sub_2c, not_needed, other_tenant',
  'A subscription whose customer pays for another tenant''s usage is told of');
select pg_temp.second('sub_2c', pg_temp.neighbour(), pg_temp.flat('2026-01-01Z', '2026-02-01Z'), '2026-01-10Z', 'canceled', '2026-01-11Z');
select pg_temp.at('2026-01-12Z');
select pg_temp.second('sub_2a', pg_temp.tenant(), pg_temp.flat('2026-01-01Z', '2026-02-01Z', 'starter') || pg_temp.items_of('a'), '2026-01-01Z', 'canceled', '2026-01-12Z');
select is(pg_temp.asked() || ', ' || pg_temp.needs('sub_2b'), 'sub_2b, needed', 'When the first one ends, the second one gets the metered items at once');
select is(pg_temp.payer(pg_temp.tenant(), '2026-01-11 23:59Z') || ', ' || pg_temp.payer(pg_temp.tenant(), '2026-01-12Z'), 'sub_2a usd 01-01/01-12, sub_2b usd 01-10/02-10',
  'and pays from then on');
select pg_temp.record('sub_claimed', pg_temp.visitor(), pg_temp.flat('2026-01-01Z', '2026-02-01Z'), p_origin => 'checkout');
select is(pg_temp.asked(), '-', 'A gift asks for no metered items');
update public.subscriptions set origin = 'claim' where id = 'sub_claimed';
select is(pg_temp.asked() || ', ' || pg_temp.needs('sub_claimed'), 'sub_claimed, needed', 'A gift that is claimed asks for its metered items at once, and not at its renewal');

-- A plan that changes with a renewal ----------------------------------------------------------------------------------

select pg_temp.at('2026-01-05Z');
select pg_temp.record('sub_r', pg_temp.keeper(), pg_temp.flat('2026-01-01Z', '2026-02-01Z', 'scale'));
select pg_temp.at('2026-02-01 00:00:40Z');
select pg_temp.record('sub_r', pg_temp.keeper(), pg_temp.flat('2026-02-01Z', '2026-03-01Z', 'team'));
select results_eq($$ select plan_key, since, until from private.own_subscriptions where subscription_id = 'sub_r' order by since $$,
  $$ values ('scale', '-infinity'::timestamptz, '2026-02-01Z'::timestamptz), ('team', '2026-02-01Z', null) $$,
  'A plan that changes with a renewal is in force from the start of the new period, not from when it was read');
select pg_temp.at('2026-02-10Z');
select pg_temp.record('sub_r', pg_temp.keeper(), pg_temp.flat('2026-02-01Z', '2026-03-01Z', 'scale')), pg_temp.at('2026-03-09Z');
select pg_temp.record('sub_r', pg_temp.keeper(), pg_temp.flat('2026-03-01Z', '2026-04-01Z', 'team'));
select is((select array_agg(since order by since) from private.own_subscriptions where subscription_id = 'sub_r'),
  array['-infinity', '2026-02-01Z', '2026-02-10Z', '2026-03-09Z']::timestamptz[], 'In mid-period, and after an outage, it is in force from when it was read');

select pg_temp.sign_in(pg_temp.attacker());
select throws_ok($$ select private.metered_subscription('cus_double') $$, '42501', null, 'A tenant cannot call the decision');

select * from finish();
rollback;
