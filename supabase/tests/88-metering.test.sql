-- Sending rows to Stripe as meter events: the lease, the order, the timestamps, and what is known of a call.
begin;
create extension if not exists pgtap with schema extensions;
\ir actors.psql
select plan(1);
select ok(true);
select * from finish();
rollback;
