-- Every way in which a limit changes reaches the thresholds of spending, the usage trigger and the numbers beyond it.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(16);

delete from private.due_work;
select pg_temp.join_as('tenant', 'attacker');
update public.plans set max_numbers = 1, spend_limit = 10 where key = 'free';
insert into public.plans (key, name, rank, max_numbers, daily_message_limit, monthly_message_limit, spend_limit) values
  ('gold', 'Gold', 5000, 3, 1000, 1000, 100), ('bronze', 'Bronze', 4000, 1, 1000, 1000, 10), ('iron', 'Iron', 6000, 1, 1000, 1000, 10);
insert into private.tenancies (user_id, requested_at, applied_status) values (pg_temp.tenant(), now(), 'active');
set local role service_role;
select pg_temp.store(pg_temp.tenant(), 'AC1', 'active', 'v1.k1.iv.one');
insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, origin) values ('sub_1', pg_temp.tenant(), 'cus_1', 'gold', 'active', 'metadata');
select pg_temp.own(pg_temp.tenant(), 1, p_primary => true), pg_temp.own(pg_temp.tenant(), 2), pg_temp.own(pg_temp.tenant(), 3);
insert into private.sending_totals (user_id, hour, messages, spend, price) values (pg_temp.tenant(), date_trunc('hour', now()), 9, 9, 9);
insert into private.usage_totals (user_id, day, kind, unit, count, segments, price, cost) values (pg_temp.tenant(), private.utc_day(), 'sms_out', '', 9, 9, 9, 9);

create function pg_temp.limit_to(p_limits jsonb, p_until timestamptz default null) returns text language sql as $$
  select public.set_tenant_limits(pg_temp.tenant(), p_limits, p_until, pg_temp.operator(), 'req-1', 'asked')::text $$;
-- What a change reaches, seen by its effects. The change is undone.
create function pg_temp.reached(p_change text, p_before text default 'select 1') returns text language plpgsql as $$
declare
  reached text;
begin
  begin
    execute p_before;
    delete from public.tenant_notices;
    delete from private.excess_numbers;
    delete from private.due_work;
    insert into private.due_work (user_id, kind, due_at) values (pg_temp.tenant(), 'usage_trigger', now() + interval '1 day');
    execute p_change;
    perform public.check_due_spending(100);
    perform public.ask_for_drifted_convergence(100);
    reached := concat_ws(' ',
      case when exists (select from public.tenant_notices where user_id = pg_temp.tenant() and kind = 'usage.threshold') then 'spending' end,
      case when exists (select from private.due_work where user_id = pg_temp.tenant() and kind in ('usage_trigger', 'changed_spend_limit') and due_at <= now() + interval '1 hour') then 'trigger' end,
      (select nullif(count(*), 0) from public.tenant_notices where kind = 'number.sending_ends'));
    raise exception 'undo';
  exception when raise_exception then
    return reached;
  end;
end;
$$;

select is(pg_temp.reached('select 1'), '', 'Nothing is reached without a change');
select is(pg_temp.reached(change, before), 'spending trigger 2', 'It reaches all three when ' || title) from (values
  ('a plan''s limits are lowered by hand', $$ update public.plans set spend_limit = 10, max_numbers = 1 where key = 'gold' $$, 'select 1'),
  ('an operator lowers those of a sold plan', $$ select public.set_plan_limits('gold', '{"spendLimit": 10, "maxNumbers": 1}', true, null, pg_temp.operator(), 'req', 'x') $$, 'select 1'),
  ('the plan "free" of a tenant without a subscription is lowered', $$ update public.plans set spend_limit = 10, max_numbers = 1 where key = 'free' $$, $$ update public.plans set spend_limit = 100, max_numbers = 3 where key = 'free'; delete from public.subscriptions $$),
  ('a subscription moves to a smaller plan', $$ update public.subscriptions set plan_key = 'bronze' $$, 'select 1'),
  ('a subscription expires', $$ update public.subscriptions set status = 'incomplete_expired' $$, 'select 1'),
  ('a first payment turns out to be pending', $$ update public.subscriptions set first_payment_pending = true $$, 'select 1'),
  ('a subscription is deleted', 'delete from public.subscriptions', 'select 1'),
  ('a subscription goes to another user', $$ update public.subscriptions set user_id = pg_temp.attacker() $$, 'select 1'),
  ('a subscription with smaller limits comes first', $$ insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status, origin) values ('sub_2', pg_temp.tenant(), 'cus_1', 'iron', 'active', 'metadata') $$, 'select 1'),
  ('an operator limits the tenant', $$ select pg_temp.limit_to('{"spendLimit": 10, "maxNumbers": 1}') $$, 'select 1'),
  ('an operator lowers the tenant''s own limits', $$ select pg_temp.limit_to('{"spendLimit": 10, "maxNumbers": 1}') $$, $$ select pg_temp.limit_to('{"spendLimit": 200, "maxNumbers": 9}') $$),
  ('an operator removes larger limits', $$ select pg_temp.limit_to(null) $$, $$ update public.subscriptions set plan_key = 'bronze'; select pg_temp.limit_to('{"spendLimit": 100, "maxNumbers": 3}') $$),
  ('the tenant''s own limits are changed by hand', $$ update private.tenant_limits set spend_limit = 10, max_numbers = 1 $$, $$ select pg_temp.limit_to('{"spendLimit": 200, "maxNumbers": 9}') $$),
  ('larger limits come to their end', $$ update private.tenant_limits set valid_until = now() $$, $$ update public.subscriptions set plan_key = 'bronze'; select pg_temp.limit_to('{"spendLimit": 100, "maxNumbers": 3}', now() + interval '1 hour') $$)
) c (title, change, before);
-- In larger limits for larger ones, the smaller ones of the plan never apply in between.
update public.subscriptions set plan_key = 'bronze';
select pg_temp.limit_to('{"maxNumbers": 3}'), pg_temp.forget_jobs();
delete from public.tenant_notices;
select pg_temp.limit_to('{"maxNumbers": 4}');
select is_empty('select kind from public.tenant_notices', 'A tenant whose own limit is raised gets no notice of the plan''s');

select * from finish();
rollback;
