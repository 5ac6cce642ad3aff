/** The most recipients of one campaign. */
export const MOST_RECIPIENTS = 10_000;

/** How far ahead a campaign can be scheduled. */
export const DAYS_AHEAD = 60;

/** The longest delay of a campaign in seconds. */
export const LONGEST_DELAY = 600;
