-- Usage: the categories form a tree, only leaves are added, and amounts of two currencies are two totals.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(26);

-- Categories ---------------------------------------------------------------------------------------------------------

select is_empty($$ select s.category from private.usage_categories s where s.class = 'sum'
    and not exists (select from private.usage_categories c where c.parent = s.category) $$, 'Each sum has parts');
select is_empty($$ select p.category, c.category from private.usage_categories p join private.usage_categories c on c.parent = p.category where p.class <> 'sum' $$,
  'Only a sum has parts: no category that is added contains another');
select is_empty($$ with recursive up (category, at, steps) as (
      select c.category, c.parent, 1 from private.usage_categories c
      union all select u.category, c.parent, u.steps + 1 from up u join private.usage_categories c on c.category = u.at where u.steps < 10)
    select category from up where at = category or steps = 10 $$, 'No category contains itself');
select is_empty($$ select category from private.usage_categories where category <> trim(category) or category = '' or category ~ '[^a-z0-9-]' $$, 'Each category is one name');
select results_eq($$ select count(*), count(*) filter (where class = 'sum'), count(*) filter (where class = 'total') from private.usage_categories $$,
  $$ values (299::bigint, 46::bigint, 1::bigint) $$, 'All categories are listed, one of them the total');
select results_eq($$ select category from private.usage_categories where class = 'total' $$, $$ values ('totalprice') $$, 'The total is totalprice');

create function pg_temp.leaves_of(p_category text) returns text language sql as $$
  with recursive below as (
    select p_category as category union all select c.category from below b join private.usage_categories c on c.parent = b.category)
  select string_agg(c.category, ' ' order by c.category) from below join private.usage_categories c using (category) where c.class <> 'sum';
$$;
select is(pg_temp.leaves_of('sms'),
  'sms-inbound-longcode sms-inbound-shortcode sms-inbound-tollfree sms-outbound-content-inspection sms-outbound-longcode sms-outbound-shortcode sms-outbound-tollfree',
  'sms contains inbound and outbound messages by kind of number, and neither carrier fees nor features');
select is(pg_temp.leaves_of('mms'), 'mms-inbound-longcode mms-inbound-shortcode mms-inbound-toll-free mms-outbound-longcode mms-outbound-shortcode mms-outbound-tollfree',
  'mms contains inbound and outbound messages by kind of number, and no carrier fees');
select is(pg_temp.leaves_of('phonenumbers'),
  'phonenumbers-cps phonenumbers-emergency phonenumbers-local phonenumbers-mobile phonenumbers-porting phonenumbers-setups phonenumbers-tollfree', 'phonenumbers contains all kinds of numbers');
select is(pg_temp.leaves_of('a2p-registration-fees'),
  'a2p-10dlc-registrationfees-brandregistration a2p-10dlc-registrationfees-bv a2p-10dlc-registrationfees-campaigncharges a2p-10dlc-registrationfees-campaignregistration a2p-10dlc-registrationfees-campaignvetting',
  'A2P registration contains its one-time and its monthly fees');
select results_eq($$ select category, class::text from private.usage_categories where category in ('sms-messages-carrierfees', 'mms-messages-carrierfees', 'failed-message-processing-fee',
    'sms-outbound-longcode', 'sms-inbound-shortcode', 'mms-outbound-tollfree', 'mms-inbound-toll-free', 'phonenumbers-local', 'mediastorage') order by 1 $$,
  $$ values ('failed-message-processing-fee', 'failed_message_fee'), ('mediastorage', 'other'), ('mms-inbound-toll-free', 'mms_in'), ('mms-messages-carrierfees', 'carrier_fee'), ('mms-outbound-tollfree', 'mms_out'),
    ('phonenumbers-local', 'number'), ('sms-inbound-shortcode', 'sms_in'), ('sms-messages-carrierfees', 'carrier_fee'), ('sms-outbound-longcode', 'sms_out') $$, 'Leaves have the class of what they count');

-- Days ---------------------------------------------------------------------------------------------------------------

create function pg_temp.used(p_day date, p_category text, p_price numeric, p_unit text default 'usd', p_account text default 'AC1') returns void language sql as $$
  insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit)
  values (pg_temp.tenant(), p_account, p_day, p_category, case when p_price = 0 then 0 else 1 end, case when p_price = 0 then 0 else 1 end, p_price, p_unit);
$$;
set local role service_role;
select pg_temp.used('2026-11-01', c, p) from (values ('sms', 0.0415), ('sms-outbound', 0.0332), ('sms-outbound-longcode', 0.0332), ('sms-inbound', 0.0083), ('sms-inbound-longcode', 0.0083),
  ('sms-messages-carrierfees', 0.006), ('phonenumbers', 1.15), ('phonenumbers-local', 1.15), ('failed-message-processing-fee', 0.001), ('totalprice', 1.2485)) u (c, p);
select results_eq($$ select category, class::text, price from private.usage_of_days('AC1', '2026-11-01', '2026-11-01') $$,
  $$ values ('failed-message-processing-fee', 'failed_message_fee', 0.001), ('phonenumbers-local', 'number', 1.15), ('sms-inbound-longcode', 'sms_in', 0.0083),
    ('sms-messages-carrierfees', 'carrier_fee', 0.006), ('sms-outbound-longcode', 'sms_out', 0.0332) $$, 'A day has its leaves alone: sums and the total are not added to them');
select results_eq($$ select total_price, leaves_price, unknown_price, uncategorised from private.usage_totals_of_days('AC1', '2026-11-01', '2026-11-01') $$,
  $$ values (1.2485, 1.1985, 0.0, 0.05) $$, 'What totalprice has beyond the leaves is uncategorised');

select pg_temp.used('2026-11-02', c, p) from (values ('sms-outbound-longcode', 0.5), ('totalprice', 0.3)) u (c, p);
select is((select uncategorised from private.usage_totals_of_days('AC1', '2026-11-02', '2026-11-02')), -0.2, 'uncategorised is negative when the leaves are more than totalprice');

select pg_temp.used('2026-11-03', c, p) from (values ('sms-outbound-longcode', 0.5), ('sms-hologram', 0.25), ('totalprice', 0.75)) u (c, p);
select results_eq($$ select category, class::text from private.usage_of_days('AC1', '2026-11-03', '2026-11-03') $$,
  $$ values ('sms-hologram', null), ('sms-outbound-longcode', 'sms_out') $$, 'An unknown category is kept, without a class');
select results_eq($$ select leaves_price, unknown_price, uncategorised from private.usage_totals_of_days('AC1', '2026-11-03', '2026-11-03') $$,
  $$ values (0.5, 0.25, 0.25) $$, 'An unknown category is not added to the leaves: it may be a sum');

select pg_temp.used('2026-11-04', c, p) from (values ('sms', 0.9), ('sms-outbound', 0.7), ('mms', 0.3), ('mms-outbound-longcode', 0.3), ('a2p-registration-fees', 10), ('a2p-10dlc-registrationfees-monthly', 10), ('totalprice', 11.2)) u (c, p);
select results_eq($$ select category, class::text from private.usage_of_days('AC1', '2026-11-04', '2026-11-04') $$,
  $$ values ('a2p-10dlc-registrationfees-monthly', 'fee'), ('mms-outbound-longcode', 'mms_out'), ('sms-outbound', 'sms_out') $$,
  'A sum without a part is a leaf of its day, and one with a part at any depth is not');

select pg_temp.used('2026-11-05', c, p, u) from (values ('sms-outbound-longcode', 0.5, 'usd'), ('sms-outbound-longcode', 0.4, 'eur'), ('mms-outbound-longcode', 0.1, 'eur'), ('totalprice', 0.5, 'usd'), ('totalprice', 0.6, 'eur')) u (c, p, u);
select results_eq($$ select price_unit, total_price, leaves_price, uncategorised from private.usage_totals_of_days('AC1', '2026-11-05', '2026-11-05') $$,
  $$ values ('eur', 0.6, 0.5, 0.1), ('usd', 0.5, 0.5, 0.0) $$, 'Amounts of two currencies are two totals');

select pg_temp.used('2026-11-06', c, p) from (values ('sms-outbound', 0.5), ('sms-outbound-longcode', 0.0), ('totalprice', 0.5)) u (c, p);
select results_eq($$ select category from private.usage_of_days('AC1', '2026-11-06', '2026-11-06') $$, $$ values ('sms-outbound') $$, 'A part that became zero hides its sum no longer');
select pg_temp.used('2026-11-07', 'totalprice', 0.1), pg_temp.used('2026-11-07', 'totalprice', 5, p_account => 'AC2');
select results_eq($$ select day, total_price from private.usage_totals_of_days('AC1', '2026-11-06', '2026-11-07') $$, $$ values ('2026-11-06'::date, 0.5), ('2026-11-07', 0.1) $$,
  'A range has a total for each day, of this account alone');
select is((select uncategorised from private.usage_totals_of_days('AC1', '2026-11-07', '2026-11-07')), 0.1, 'A day with a total alone is uncategorised as a whole');
select is_empty($$ select * from private.usage_totals_of_days('AC1', '2026-12-01', '2026-12-31') $$, 'Days without usage have no total');

-- The state of days --------------------------------------------------------------------------------------------------

insert into private.usage_accounts (account_sid, user_id, first_day, read_through, read_dates)
values ('AC1', pg_temp.tenant(), '2026-10-20', '2026-11-10', '{2026-11-05,2026-11-08,2026-11-10}');
insert into private.usage_days (account_sid, day, user_id, total_price, price_unit, closed_at) values ('AC1', '2026-11-01', pg_temp.tenant(), 1, 'usd', now()), ('AC1', '2026-11-02', pg_temp.tenant(), 1, 'usd', null);
select results_eq($$ select private.state_of_usage_day('AC1', d)::text from unnest(array['2026-11-01', '2026-11-02', '2026-11-03', '2026-11-04', '2026-11-05', '2026-11-10', '2026-11-11']::date[]) d $$,
  array['closed', 'open', 'closed', 'closed', 'open', 'open', 'unread'],
  'A day with usage has its own state; one without is closed when three dates of reads came after it, and unread after the last read');
select is(private.state_of_usage_day('AC-other', '2026-11-01')::text, 'unread', 'A day of an account that is not read is unread');

-- Access -------------------------------------------------------------------------------------------------------------

reset role;
select pg_temp.sign_in(pg_temp.attacker());
select throws_ok($$ select * from private.usage_of_days('AC1', '2026-11-01', '2026-11-30') $$, '42501', null, 'A tenant cannot ask for the leaves');
select throws_ok($$ select * from public.usage_sync_state() $$, '42501', null, 'A tenant cannot ask for the state of the sync');

select * from finish();
rollback;
