/** Seconds after which to read again: Stripe's event arrives about now, and the screen does not wait for its next poll. */
export const REFRESH_AFTER: readonly number[] = [0.5, 1, 2, 3];
