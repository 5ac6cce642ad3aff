// Every test of the console in a browser shares one build, one browser and one stack: see `support.ts`.
import "./build.ts";
import "./session.ts";
import "./account.ts";
import "./first-day.ts";
import "./sending.ts";
import "./thread.ts";
import "./inbox.ts";
import "./numbers.ts";
import "./billing.ts";
import "./layout.ts";
import "./states.ts";
import "./campaigns.ts";
import "./settings.ts";
import "./operator-tenants.ts";
import "./operator-tenant.ts";
import "./operator-work.ts";
import "./operator-money.ts";
// The last one: it moves the clock of billing.
import "./usage.ts";
