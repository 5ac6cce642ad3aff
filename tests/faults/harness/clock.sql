-- Time passes by moving all timestamps into the past. After reset() nothing of a history is left for the next one.
create schema faults;

create function faults.advance(p_seconds double precision) returns void
language plpgsql
set session_replication_role = replica -- aging a row must not run triggers
as $$
declare
  gone interval := make_interval(secs => p_seconds);
begin
  update private.tenancies set leased_until = leased_until - gone, create_attempted_at = create_attempted_at - gone,
    converged_at = converged_at - gone;
  update private.leaving_numbers set due_at = due_at - gone, parked_at = parked_at - gone,
    released_at = released_at - gone, noticed_at = noticed_at - gone, changed_at = changed_at - gone;
  update public.tenant_notices set raised_at = raised_at - gone;
  update private.due_work set due_at = due_at - gone;
  update private.usage_accounts set due_at = due_at - gone, rotate_at = rotate_at - gone;
  update private.days_to_reconcile set due_at = due_at - gone;
  update pgmq.q_jobs_control set vt = vt - gone;
  update pgmq.q_jobs_messages set vt = vt - gone;
  update pgmq.q_jobs_campaigns set vt = vt - gone;
  update pgmq.q_jobs_forwarding set vt = vt - gone;
  update pgmq.q_jobs_usage set vt = vt - gone;
  update pgmq.q_jobs_billing set vt = vt - gone;
  update private.job_turns set due_at = due_at - gone;
  update private.jobs_in_flight set until = until - gone;
  update public.subscriptions set past_due_since = past_due_since - gone, ended_at = ended_at - gone,
    updated_at = updated_at - gone;
end;
$$;

create function faults.reset() returns void
language plpgsql
set session_replication_role = replica -- a trigger of the audit log forbids deletes
as $$
begin
  delete from pgmq.q_jobs_control;
  delete from pgmq.q_jobs_messages;
  delete from pgmq.q_jobs_campaigns;
  delete from pgmq.q_jobs_forwarding;
  delete from pgmq.q_jobs_usage;
  delete from pgmq.q_jobs_billing;
  delete from private.job_turns;
  delete from private.jobs_in_flight;
  delete from pgmq.q_jobs_dead;
  delete from private.job_errors;
  delete from private.sweep_sightings;
  delete from private.sweeps;
  delete from private.due_work;
  delete from private.usage_accounts;
  delete from private.usage_days;
  delete from private.days_to_reconcile;
  delete from private.reconciliations;
  delete from public.twilio_usage;
  delete from private.leaving_numbers;
  delete from private.parking_papers;
  delete from private.number_purchases;
  delete from private.fees;
  delete from private.meter_days;
  delete from private.billing_rows;
  delete from private.revenue_changes;
  delete from private.revenue;
  delete from private.final_charges;
  delete from private.final_bills;
  delete from private.changed_days;
  delete from private.open_days;
  delete from private.billing_periods;
  delete from private.cancellations;
  delete from private.metered_items;
  delete from private.own_subscriptions;
  delete from private.billing_customers;
  delete from private.stripe_invoices;
  delete from public.tenant_notices;
  update private.open_subaccounts set total = 0;
  delete from private.tenancies;
  delete from private.stripe_customers;
  delete from public.subscriptions;
  delete from public.user_twilio_numbers;
  delete from public.user_preferences;
  delete from public.webhook_events;
  delete from public.audit_log;
  delete from public.operator_alerts;
  delete from auth.users;
  update private.schedules set due_at = now() + interval '10 years';
end;
$$;
