-- What accounts without a paying tenant cost a month, and why.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(29);

select pg_temp.join_as('tenant', 'neighbour', 'attacker', 'visitor');
update public.plans set max_numbers = 1 where key = 'starter';
insert into private.tenancies (user_id, applied_status, subaccount_sid, subaccount_status) values
  (pg_temp.tenant(), 'active', 'AC1', 'active'), (pg_temp.neighbour(), 'suspended', 'AC2', 'suspended'), (pg_temp.attacker(), 'active', 'AC3', 'active'), (pg_temp.visitor(), 'suspended', 'AC4', 'suspended');
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one'), pg_temp.store(pg_temp.neighbour(), 'AC2', 'suspended', 'v1.k1.iv.two'),
  pg_temp.store(pg_temp.attacker(), 'AC3', 'active', 'v1.k1.iv.three'), pg_temp.store(pg_temp.visitor(), 'AC4', 'suspended', 'v1.k1.iv.four');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, origin, past_due_since) values
  ('sub_1', pg_temp.tenant(), 'cus_1', 'team', 'active', 'metadata', null), ('sub_2', pg_temp.neighbour(), 'cus_2', 'team', 'past_due', 'metadata', now() - interval '9 days'),
  ('sub_3', pg_temp.attacker(), 'cus_3', 'team', 'active', 'metadata', null);
select pg_temp.own(pg_temp.tenant(), 1, p_primary => true), pg_temp.own(pg_temp.tenant(), 2), pg_temp.own(pg_temp.neighbour(), 3, p_primary => true), pg_temp.own(pg_temp.neighbour(), 4),
  pg_temp.own(pg_temp.attacker(), 5, p_primary => true);
insert into private.number_purchases (number_id, user_id, monthly_price) values (pg_temp.row_id(2), pg_temp.tenant(), 1.15), (pg_temp.row_id(3), pg_temp.neighbour(), 1.15);
select private.hold_number(pg_temp.row_id(4), pg_temp.neighbour()), private.hold_number(pg_temp.row_id(5), pg_temp.attacker());
delete from private.master_currency;
select private.learn_currency('usd', 'usage');

create view pg_temp.listed as select a.* from public.list_unpaid_accounts(null, 100) l, jsonb_to_recordset(l.accounts) as a (user_id uuid, reason text, costs jsonb, numbers jsonb);
create function pg_temp.reason(p_user uuid) returns text language sql as $$ select reason from pg_temp.listed where user_id = p_user $$;
create function pg_temp.cost(p_user uuid) returns text language sql as $$
  select string_agg(concat_ws(' ', c ->> 'currency', (c ->> 'monthlyCost')::numeric, (c ->> 'otherMonthlyCost')::numeric, c ->> 'unpriced'), ', ' order by c ->> 'currency')
  from pg_temp.listed, jsonb_array_elements(costs) c where user_id = p_user $$;

select is(pg_temp.reason(pg_temp.neighbour()), 'past_due', 'A past-due tenant is listed');
select is(pg_temp.reason(pg_temp.tenant()), null, 'A paying tenant is not listed');
select is(pg_temp.reason(pg_temp.visitor()), null, 'A suspended account that costs nothing is not listed');
select is(pg_temp.cost(pg_temp.neighbour()), 'USD 1.15 0 1', 'A number costs what it was bought for, and one without a known price is counted apart');
select is((select array_agg(phone_number order by phone_number) from public.numbers_to_price(10)), '{+15005550104,+15005550105}',
  'The prices of numbers that were not bought here are to be read');
select public.record_list_price(pg_temp.row_id(4), 2, 'USD'), public.record_list_price(pg_temp.row_id(5), null, null);
select is(pg_temp.cost(pg_temp.neighbour()), 'USD 3.15 0 0', 'The listed price counts where the number was not bought here');
select is((select count(*) from public.numbers_to_price(10) where phone_number in ('+15005550104', '+15005550105')), 0::bigint, 'A price that is read, or that Twilio does not list, is not asked for again at once');
insert into private.usage_categories (category, class, counts_as) values ('a2p-registration-fees-monthly-test', 'fee', 'fee');
insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit) values
  (pg_temp.neighbour(), 'AC2', current_date - 5, 'a2p-registration-fees-monthly-test', 1, 1, 10, 'EUR'), (pg_temp.visitor(), 'AC4', current_date - 5, 'a2p-registration-fees-monthly-test', 1, 1, 2, 'USD'),
  (pg_temp.visitor(), 'AC4', current_date - 40, 'a2p-registration-fees-monthly-test', 1, 1, 7, 'USD');
select is(pg_temp.cost(pg_temp.neighbour()), 'EUR 0 10 0, USD 3.15 0 0', 'Other recurring fees count, apart for each currency');
select is(pg_temp.cost(pg_temp.visitor()), 'USD 0 2 0', 'An account without numbers is listed for its fees of the last 31 days');
update private.unpaid_total set totals = '[]', counted_at = null;
select is(public.unpaid_account_total(), '{"totals": [], "countedAt": null, "ageSeconds": null}', 'Before the first count there is no total');
select is(array[public.count_unpaid_accounts(1), public.count_unpaid_accounts(1)], '{f,f}', 'The total is counted in steps');
select is(public.unpaid_account_total() -> 'countedAt', 'null', 'A count that is not at its end is not shown');
select is(public.count_unpaid_accounts(1), true, 'The last step comes to the end');
select is(public.unpaid_account_total() -> 'ageSeconds', '0', 'It publishes the total, with its time');
select is(public.unpaid_account_total() -> 'totals', '[{"currency": "EUR", "accounts": 1, "numbers": 0, "unpriced": 0, "monthlyCost": "10"}, {"currency": "USD", "accounts": 2, "numbers": 2, "unpriced": 0, "monthlyCost": "5.15"}]',
  'The total is the sum of the list, for each currency');
select is(array[public.count_unpaid_accounts(9)], '{t}', 'The next count begins anew');
select is(public.unpaid_account_total() #>> '{totals,1,monthlyCost}', '5.15', 'It adds nothing twice');
update public.subscriptions set plan_key = 'starter' where id = 'sub_1';
select is(pg_temp.reason(pg_temp.tenant()) || ' ' || pg_temp.cost(pg_temp.tenant()), 'downgraded USD 1.15 0 0', 'Of a downgraded tenant only the numbers beyond the limit count');
update private.tenancies set operator_hold = 'suspended' where user_id = pg_temp.attacker();
select is(pg_temp.reason(pg_temp.attacker()), 'operator_hold', 'A tenant that an operator suspended is listed, though they pay');
update private.tenancies set suspended_at_twilio = true where user_id = pg_temp.attacker();
select is(pg_temp.reason(pg_temp.attacker()), 'suspended_at_twilio', 'So is one whose account was suspended in Twilio''s console');
select results_eq($$ select n ->> 'phoneNumber', n ->> 'place' from pg_temp.listed, jsonb_array_elements(numbers) n where user_id = pg_temp.neighbour() $$,
  $$ values ('+15005550103', 'tenant'), ('+15005550104', 'tenant') $$, 'The numbers are named');
insert into private.number_purchases (number_id, user_id, monthly_price, reserved_at, held_until, is_purchase) values (pg_temp.row_id(3), pg_temp.neighbour(), 1.15, now() - interval '9 days', now() - interval '8 days', false);
select is(pg_temp.cost(pg_temp.neighbour()), 'EUR 0 10 0, USD 3.15 0 0', 'A number that left and returned costs once');
-- A parked number costs as well
update public.user_twilio_numbers set status = 'released' where id = pg_temp.row_id(4);
insert into private.leaving_numbers (phone_sid, number_id, user_id, phone_number, account_sid, state, due_at, parked_at) values ('PN4', pg_temp.row_id(4), pg_temp.neighbour(), '+15005550104', 'AC2', 'parked', now() + interval '9 days', now());
select results_eq($$ select n ->> 'phoneNumber', n ->> 'place' from pg_temp.listed, jsonb_array_elements(numbers) n where user_id = pg_temp.neighbour() $$,
  $$ values ('+15005550103', 'tenant'), ('+15005550104', 'master') $$, 'A parked number still costs, in the master account');
select is((select array_agg(l.next_id) from public.list_unpaid_accounts(pg_temp.tenant(), 1) l where jsonb_array_length(l.accounts) = 1), array[pg_temp.neighbour()], 'A page begins after a tenant and has at most its limit');

-- One rule for the list and for the filter of tenants
create function pg_temp.filtered() returns uuid[] language sql as $$
  select array(select (t ->> 'user_id')::uuid from public.list_tenants(null, null, null, null, true, null, 'id', null, null, 200) l, jsonb_array_elements(l.tenants) t order by 1) $$;
select is(pg_temp.filtered(), array(select user_id from pg_temp.listed order by 1), 'The filter "unpaid" of tenants has those of the list');
update private.tenancies set operator_hold = null, suspended_at_twilio = false where user_id = pg_temp.attacker();
update public.subscriptions set status = 'canceled', ended_at = now() where id = 'sub_1';
update private.tenancies set subaccount_status = 'closed' where user_id = pg_temp.visitor();
select is(array[pg_temp.filtered(), array(select user_id from pg_temp.listed order by 1)], array[array[pg_temp.tenant(), pg_temp.neighbour()], array[pg_temp.tenant(), pg_temp.neighbour()]],
  'Both have a canceled tenant with numbers, and neither has one who pays again, nor a closed account whose fees ended with it');
select results_eq($$ select parts #>> '{unpaid,reason}', parts #> '{unpaid,costs}' from public.show_tenant(pg_temp.neighbour()) $$,
  $$ select reason, costs from pg_temp.listed where user_id = pg_temp.neighbour() $$, 'One tenant as a whole has what the list has');
select results_eq($$ select user_id, (select parts #>> '{unpaid,reason}' from public.show_tenant(l.user_id)) from pg_temp.listed l $$, 'select user_id, reason from pg_temp.listed', 'One tenant as a whole has their own reason only');
select throws_ok($$ set local role authenticated; select * from public.list_unpaid_accounts(null, 1) $$, '42501', null, 'A tenant cannot read what Twilio charges');

select * from finish();
rollback;
