-- Numbers beyond the limit of a plan: notice, a time in which they still send, and which of them stop.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(27);

select pg_temp.join_as('tenant', 'attacker', 'operator');
update public.plans set max_numbers = 1, sending_grace = '14 days' where key = 'starter';
update public.plans set max_numbers = 5 where key = 'team';
insert into private.tenancies (user_id, applied_status) values (pg_temp.tenant(), 'active'), (pg_temp.attacker(), 'active');
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'), pg_temp.store(pg_temp.attacker(), 'AC3', 'active', 'v1.k1.iv.three');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, origin) values
  ('sub_1', pg_temp.tenant(), 'cus_1', 'team', 'active', 'metadata'), ('sub_3', pg_temp.attacker(), 'cus_3', 'team', 'active', 'metadata');
select pg_temp.own(pg_temp.tenant(), 1), pg_temp.own(pg_temp.tenant(), 2), pg_temp.own(pg_temp.tenant(), 3, p_primary => true), pg_temp.own(pg_temp.attacker(), 4, p_primary => true);

create function pg_temp.move_to(p_plan text) returns void language sql as $$ update public.subscriptions set plan_key = p_plan where id = 'sub_1'; $$;
create function pg_temp.sends(p_digit integer) returns text language sql as $$
  select s.outcome::text from private.sender_of(pg_temp.tenant(), '+1500555010' || p_digit, false) s $$;
create function pg_temp.all_send() returns text[] language sql as $$ select array[pg_temp.sends(1), pg_temp.sends(2), pg_temp.sends(3)] $$;
create function pg_temp.later(p_by interval) returns void language sql as $$ update private.excess_numbers set sending_ends_at = sending_ends_at - p_by; $$;
create view pg_temp.noticed as select (details ->> 'phoneNumber') as number, (details ->> 'at')::timestamptz - now() as after, (details ->> 'maxNumbers')::int as max
  from public.tenant_notices where kind = 'number.sending_ends' and user_id = pg_temp.tenant();

select is(private.numbers_beyond_limit(pg_temp.tenant()), '{}', 'No number is beyond the limit of a plan that allows them');
select pg_temp.move_to('starter');
select is(private.numbers_beyond_limit(pg_temp.tenant()), array[pg_temp.row_id(1), pg_temp.row_id(2)], 'After a downgrade all but the primary number are beyond a limit of one, though it is the newest');
select results_eq('select number, after, max from pg_temp.noticed order by number', $$ values ('+15005550101', interval '14 days', 1), ('+15005550102', '14 days', 1) $$,
  'The tenant gets a notice of each number, with the date on which it stops sending');
select is(pg_temp.all_send(), '{allowed,allowed,allowed}', 'All numbers send during the grace period');
select private.note_excess_numbers(pg_temp.tenant());
select is((select count(*) from pg_temp.noticed), 2::bigint, 'The tenant gets each notice once');
select pg_temp.later('14 days');
select is(pg_temp.all_send(), '{number_over_limit,number_over_limit,allowed}', 'After the grace period the numbers beyond the limit do not send');
select is((select outcome::text from private.sender_of(pg_temp.tenant(), null, false)), 'allowed', 'The default sender, the primary number, sends');
select is((select outcome::text from public.reserve_message(pg_temp.tenant(), 'k1', 'h', '+15005559999', 'US', '+15005550102', 'Hi', '{}', null, null, false, null, null, null, null)), 'number_over_limit', 'A message from such a number is refused');
select is((select status from public.user_twilio_numbers where id = pg_temp.row_id(1)), 'active', 'A number that does not send stays active: it receives');
select is(pg_temp.sends(4), 'number_not_owned', 'Another tenant''s number is not theirs');

create function pg_temp.scheduled(p_user uuid default pg_temp.tenant()) returns setof text language sql as $$
  select concat_ws(' ', n ->> 'phoneNumber', n ->> 'change', (n ->> 'at')::timestamptz - now()) from public.numbers_overview(p_user) o, jsonb_array_elements(o.scheduled) n $$;
select results_eq('select * from pg_temp.scheduled()', $$ values ('+15005550101 sending_ends 00:00:00'), ('+15005550102 sending_ends 00:00:00') $$,
  'The overview names the numbers that only receive, and since when');
select is_empty($$ select * from pg_temp.scheduled(pg_temp.attacker()) $$, 'Another tenant''s overview names none of them');

-- Taking turns as the primary number gives no number a new grace period
select public.set_primary_number(pg_temp.tenant(), pg_temp.row_id(1), 'req');
select is(pg_temp.all_send(), '{allowed,number_over_limit,number_over_limit}', 'Another primary number sends, and the former one takes its place without a grace period');
select public.set_primary_number(pg_temp.tenant(), pg_temp.row_id(3), 'req');
select is(pg_temp.all_send(), '{number_over_limit,number_over_limit,allowed}', 'And so does the change back');

-- An upgrade and a release count at once
select pg_temp.move_to('team');
select is(pg_temp.all_send(), '{allowed,allowed,allowed}', 'An upgrade lets all numbers send at once');
select is_empty('select * from pg_temp.scheduled()', 'After an upgrade the overview names none, though the notices are kept');
select isnt((select count(*) from pg_temp.noticed), 0::bigint, 'A notice is not withdrawn');
select pg_temp.move_to('starter');
select is(pg_temp.all_send(), '{allowed,allowed,allowed}', 'A later downgrade gives a new grace period');
update public.plans set max_numbers = 2 where key = 'starter';
select pg_temp.later('14 days');
select is(pg_temp.all_send(), '{allowed,number_over_limit,allowed}', 'The newest number that is not the primary one stops');
select public.begin_number_release(pg_temp.tenant(), pg_temp.row_id(1), '+15005550101');
select is(pg_temp.sends(2), 'allowed', 'The release of another number lets it send at once');
select public.cancel_number_release(pg_temp.row_id(1));
select is(cardinality(private.numbers_beyond_limit(pg_temp.tenant())), 1, 'A release that Twilio refuses counts again');
-- A tenant's own limits
create function pg_temp.set_own(p_max integer) returns void language sql as $$
  select public.set_tenant_limits(pg_temp.tenant(), jsonb_build_object('maxNumbers', p_max), null, pg_temp.operator(), 'req', 'asked');
  set constraints all immediate; set constraints all deferred; $$;
delete from public.tenant_notices;
select pg_temp.set_own(9);
select is((select count(*) from private.excess_numbers), 0::bigint, 'A higher limit of their own ends the dates of a tenant''s numbers');
select pg_temp.set_own(1);
select pg_temp.set_own(9);
delete from public.tenant_notices;
select pg_temp.set_own(8);
select is_empty('select * from pg_temp.noticed', 'Another limit that allows all numbers tells the tenant of no date');
select public.set_tenant_limits(pg_temp.tenant(), null, null, pg_temp.operator(), 'req', 'asked');
set constraints all immediate;
update public.subscriptions set status = 'paused' where id = 'sub_1';
select is((select count(*) from private.excess_numbers), 0::bigint, 'A tenant who cannot send at all has no running grace period');
update public.subscriptions set status = 'active' where id = 'sub_1';

-- Any order of facts: rows exist for numbers beyond the limit only, and what sends is decided by the facts alone.
create temp table findings (finding text);
create function pg_temp.histories(p_steps integer) returns void language plpgsql as $$
declare
  max_now integer;
  action integer;
  one uuid;
begin
  for i in 1..p_steps loop
    action := floor(random() * 6);
    one := pg_temp.row_id(1 + floor(random() * 3)::int);
    if action = 0 then perform pg_temp.move_to((array['starter', 'team', 'scale'])[1 + floor(random() * 3)::int]);
    elsif action = 1 then
      update public.plans set max_numbers = floor(random() * 4)::int where key = 'starter';
      perform private.note_excess_numbers(pg_temp.tenant()); -- as the daily check does
    elsif action = 2 then perform public.set_primary_number(pg_temp.tenant(), one, 'req');
    elsif action = 3 then update public.user_twilio_numbers set status = 'released', is_primary = false where id = one;
    elsif action = 4 then update public.user_twilio_numbers set status = 'active' where id = one;
    else perform pg_temp.later('15 days'); end if;
    max_now := (private.plan_of(pg_temp.tenant())).max_numbers;
    insert into findings
    select format('step %s: %s of %s numbers send, the primary one included', i, count(*), count(*) over ())
    from (select n.id, n.is_primary, private.is_sending_over(n.user_id, n.id) as is_over,
        row_number() over (order by n.is_primary desc, n.created_at) > greatest(max_now, 0) and not n.is_primary as is_beyond
      from public.user_twilio_numbers n where n.user_id = pg_temp.tenant() and n.status = 'active') n
    where (n.is_over and not n.is_beyond)
      or (n.is_beyond and not exists (select from private.excess_numbers e where e.number_id = n.id))
    group by n.id;
    insert into findings select 'told of no date' where exists (select from private.excess_numbers e where not exists (
      select from public.tenant_notices t where t.kind = 'number.sending_ends' and t.details ->> 'numberId' = e.number_id::text));
  end loop;
end;
$$;
select pg_temp.histories(300);
select is_empty('select * from findings', 'In any order of plans, limits, primary numbers and releases, exactly the numbers beyond the limit have a date, and only they stop');
select is((select count(*) from private.excess_numbers where user_id = pg_temp.attacker()), 0::bigint, 'Another tenant''s numbers are not touched');
select throws_ok($$ set local role authenticated; select * from private.excess_numbers $$, '42501', null, 'A tenant cannot read or change the dates');

select * from finish();
rollback;
