-- For the local stack only: room to try things out without buying a plan.
update public.plans set max_numbers = 3 where key = 'free';
