-- A tenant lists and adds opt-outs of their own, and master numbers record those of every tenant.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(36);

select pg_temp.join_as('tenant', 'neighbour', 'attacker');
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
select pg_temp.store(pg_temp.neighbour(), 'AC2', 'active', 'v1.k1.iv.two');
select pg_temp.own(pg_temp.tenant(), 1, 'active', true), pg_temp.own(pg_temp.neighbour(), 2, 'active', true);
insert into private.master_numbers (phone_sid, phone_number, is_offered) values ('PNm1', '+15005550901', true), ('PNm2', '+15005550902', false);

create function pg_temp.add(p_user uuid, p_rows text, p_source text default 'manual') returns text language sql as $$
  select concat_ws(' ', outcome, added, known, not_owned) from public.add_opt_outs(p_user, p_source::public.opt_out_source, p_rows::jsonb);
$$;
create function pg_temp.listed(p_user uuid, p_recipient text default null, p_sender text default null, p_source text default null, p_limit integer default 10) returns setof text language sql as $$
  select concat_ws(' ', recipient, sender, source) from public.list_opt_outs(p_user, p_recipient, p_sender, p_source::public.opt_out_source, null, null, p_limit);
$$;
create function pg_temp.bound(p_user uuid, p_sender text) returns boolean language sql as $$ select private.has_opted_out(p_user, p_sender, '+15005550199'); $$;

select is(pg_temp.add(pg_temp.tenant(), '[{"position": 0, "recipient": "+15005550199", "opted_out_at": "2026-01-01Z"}, {"position": 1, "recipient": "+15005550199", "sender": "+15005550101", "opted_out_at": "2026-02-01Z"},
  {"position": 2, "recipient": "+15005550198", "sender": "+15005550102"}, {"position": 3, "recipient": "+15005550199", "sender": "+15005550901", "opted_out_at": "2026-03-01Z"},
  {"position": 4, "recipient": "+15005550199", "sender": "+15005550902"}, {"position": 5, "recipient": "+15005550199"}]', 'imported'), 'added 3 1 {2,4}',
  'add_opt_outs adds rows of all senders, of the tenant''s and of an offered number, and names those of foreign senders');
select is(pg_temp.add(pg_temp.tenant(), '[{"position": 0, "recipient": "+15005550199"}]'), 'added 0 1 {}', 'add_opt_outs, repeated, changes nothing');
select results_eq('select * from pg_temp.listed(pg_temp.tenant())', array['+15005550199 +15005550901 imported', '+15005550199 +15005550101 imported', '+15005550199 imported'], 'list_opt_outs returns the newest first, and keeps the source of a row that was added again');
select results_eq($$ select * from pg_temp.listed(pg_temp.tenant(), p_sender => '+15005550101') $$, array['+15005550199 +15005550101 imported'], 'list_opt_outs filters by the sender');
select is_empty($$ select * from pg_temp.listed(pg_temp.tenant(), '+15005550111') union all select * from pg_temp.listed(pg_temp.tenant(), p_source => 'received') $$, 'list_opt_outs filters by the recipient and the source');
select is((select count(*) from pg_temp.listed(pg_temp.tenant(), p_limit => 2)), 2::bigint, 'list_opt_outs returns at most a page');
select results_eq($$ select source::text from public.list_opt_outs(pg_temp.tenant(), null, null, null, '2026-02-01Z', 'ffffffff-ffff-4fff-bfff-ffffffffffff', 1) $$, array['imported'], 'list_opt_outs continues after a key');
select is_empty('select * from pg_temp.listed(pg_temp.neighbour())', 'list_opt_outs returns no row of another tenant');
select ok(pg_temp.bound(pg_temp.tenant(), '+15005550777'), 'An opt-out of all senders binds any sender of the tenant');
select ok(not pg_temp.bound(pg_temp.neighbour(), '+15005550901'), 'An opt-out of a master number that a tenant added binds no other tenant');
select is((select count(*) from public.sms_opt_outs where user_id is null), 0::bigint, 'A tenant adds no row that binds every tenant');
select is(pg_temp.add(pg_temp.tenant(), '[{"position": 0, "recipient": "+15005550197", "opted_out_at": "2999-01-01Z"}]'), 'added 1 0 {}', 'A time in the future is accepted');
select is((select opted_out_at from public.sms_opt_outs where recipient = '+15005550197'), now(), 'It is stored as now');
select throws_ok($$ select pg_temp.add(pg_temp.tenant(), '[]', 'received') $$, '22023', null, 'A tenant adds no opt-out as received');
select results_eq($$ select outcome::text from public.add_opt_outs(pg_temp.tenant(), 'manual', '[{"position": 0, "recipient": "+15005550196"}]', 4) $$, array['limit_reached'], 'add_opt_outs returns limit_reached for a tenant with as many opt-outs as are kept');
select results_eq($$ select outcome::text from public.add_opt_outs(pg_temp.tenant(), 'manual', '[{"position": 0, "recipient": "+15005550196"}]', 5) $$, array['added'], 'With one fewer, it adds');
select is(pg_temp.add(pg_temp.departed(), '[{"position": 0, "recipient": "+15005550199"}]'), 'unknown_user', 'add_opt_outs returns unknown_user for a deleted user');

-- Master numbers -----------------------------------------------------------------------------------------------------

create function pg_temp.master(p_sid text, p_consent text, p_to text default '+15005550901') returns text language sql as $$
  select concat_ws(' ', outcome, start_sid, stop_sids) from public.record_master_consent(p_sid, '+15005550199', p_to, p_consent::public.consent, upper(p_consent));
$$;
create function pg_temp.lift(p_older text[] default '{}') returns integer language sql as $$
  select lifted from public.lift_opt_outs(null, '+15005550901', '+15005550199', now(), p_older, '{}', null, null);
$$;
select is(pg_temp.master('SMm1', 'stop'), 'recorded', 'record_master_consent records a STOP to a master number');
select ok(pg_temp.bound(pg_temp.neighbour(), '+15005550901'), 'It binds every tenant');
select is_empty('select * from pg_temp.listed(pg_temp.neighbour())', 'No tenant lists it');
select pg_temp.sign_in(pg_temp.tenant());
select is((select count(*) from public.sms_opt_outs where user_id is null), 0::bigint, 'No tenant reads it in the Data API');
select throws_ok($$ insert into public.sms_opt_outs (user_id, recipient) values (pg_temp.tenant(), '+1') $$, '42501', null, 'A tenant adds no row in the Data API');
select throws_ok($$ delete from public.sms_opt_outs $$, '42501', null, 'A tenant deletes no row');
reset role;
set local role service_role;
select is(pg_temp.master('SMm2', 'start'), 'recorded SMm2 {SMm1}', 'A START to a master number has to be compared with the STOP');
select results_eq($$ select * from public.start_to_settle(null, 'SMm2') $$, $$ values ('+15005550901', '+15005550199', array['SMm1']) $$, 'start_to_settle returns the START of a master number');
select is(pg_temp.lift('{SMm1}'), 2, 'It lifts what binds every tenant and what a tenant added for the number');
select ok(not pg_temp.bound(pg_temp.neighbour(), '+15005550901') and pg_temp.bound(pg_temp.tenant(), '+15005550901'), 'An opt-out of all senders of a tenant stays, because the START names no tenant');
select is(pg_temp.master('SMm1', 'stop'), 'duplicate', 'A STOP delivered again after the START is a duplicate');
select ok(not pg_temp.bound(pg_temp.neighbour(), '+15005550901'), 'The recipient stays opted in');
select is(pg_temp.master('SMm3', 'stop'), 'recorded SMm2 {SMm3,SMm1}', 'Another STOP and the one before it are compared with the last START');
select is(pg_temp.master('SMm4', 'stop', '+15005550902'), 'recorded', 'A STOP is recorded while the number is not offered');
select is(pg_temp.master('SMm5', 'stop', '+15005550101'), 'unknown_number', 'A number that the master account does not have is unknown');
update private.master_consents set received_at = now() - interval '49 hours' where message_sid in ('SMm1', 'SMm2');
select is(private.purge_master_consents(1) + private.purge_master_consents(10), 2, 'Keywords that master numbers received are purged after two days, up to a limit');
select results_eq('select phone_sid from public.offered_master_numbers()', array['PNm1'], 'offered_master_numbers returns the numbers on offer');
select results_eq($$ select source::text, keyword from public.sms_opt_outs where message_sid = 'SMm4' $$, $$ values ('received', 'STOP') $$, 'The opt-out has its source and the recipient''s word');
select public.offer_number('+15005550902', true, pg_temp.attacker(), 'test', 'req');
reset role;
select ok(exists (select from private.jobs where message ->> 'kind' = 'refresh-master-numbers'), 'A number that is offered gets its webhook by a refresh');

select * from finish();
rollback;
