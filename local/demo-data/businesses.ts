/** A person who writes with a business. */
export interface Person {
  name: string;
  phoneNumber: string;
  tags: string[];
  notes?: string;
}

/** A tenant of the demo data, with all that is written there. Numbers are of the ranges for fiction: 555-0100 to 555-0199. */
export interface Business {
  name: string;
  email: string;
  /** The lookup key of a plan. */
  plan: "starter" | "team";
  /** Whether the payments after the first one succeed. */
  paysLater: boolean;
  /** How many days ago the tenant subscribed. */
  sinceDays: number;
  /** How many days ago the last of the planned messages is, at the latest. */
  silentSinceDays: number;
  seed: number;
  numbers: readonly { phoneNumber: string; name: string }[];
  /** How many exchanges there are on each day of the week, from Sunday on. */
  exchangesByWeekday: readonly number[];
  /** What is written. `<`: received, `>`: sent. `{name}` is the person's first name. */
  exchanges: readonly (readonly string[])[];
  people: readonly Person[];
}

const person = (name: string, phoneNumber: string, ...tags: string[]): Person => ({ name, phoneNumber, tags });

export const BAKERY: Business = {
  name: "Harbor Lane Bakery",
  email: "orders@harborlane.test",
  plan: "team",
  paysLater: true,
  sinceDays: 41,
  silentSinceDays: 0,
  seed: 41,
  numbers: [
    { phoneNumber: "+14155550100", name: "Orders" },
    { phoneNumber: "+14155550101", name: "Catering" },
  ],
  exchangesByWeekday: [14, 4, 10, 11, 12, 18, 20],
  exchanges: [
    [">Hi {name}, your order is ready for pickup until 6 pm.", "<Great, on my way"],
    [">Hi {name}, your order is ready for pickup until 6 pm."],
    ["<Do you still have sourdough today?", ">Yes, four loaves left. Shall I set one aside for you?", "<Please!"],
    [
      "<Hello, how much is a birthday cake for 12?",
      ">Hi {name}! 48 dollars for a two-layer cake. We need two days' notice.",
      "<Perfect. Saturday, chocolate?",
      ">Booked for Saturday, 10 am. We will text you when it is ready.",
    ],
    [">Reminder: your cake is booked for tomorrow, 10 am. Reply to change the time."],
    ["<Can I change my pickup to 4?", ">Of course, see you at 4."],
    ["<Are the croissants vegan?", ">The almond ones are, the butter ones are not."],
    [">Thank you for your order, {name}. We will text you when it leaves the oven."],
    ["<Are you open on the holiday?", ">Yes, from 8 am to noon."],
    [">Your catering order for Friday is confirmed: 40 pastries, delivery at 8:30 am.", "<Thanks 🙏"],
    ["<The cake was wonderful, thank you!", ">That makes our day. Thank you, {name}!"],
    [
      "<Do you deliver to the Mission?",
      ">We do, from 30 dollars on. The fee is 5 dollars, and we ride between 8 am and 2 pm on every day but Monday. " +
      "Send us the address and the time that suits you, and we confirm within the hour.",
    ],
  ],
  people: [
    { ...person("Maya Okafor", "+14155550110", "regular"), notes: "Nut allergy" },
    person("Daniel Reyes", "+14155550111", "regular"),
    person("Priya Natarajan", "+14155550112", "catering"),
    person("Tom Lindqvist", "+14155550113"),
    { ...person("Grace Whitfield", "+14155550114", "regular", "vip"), notes: "Two sourdough every Friday" },
    person("Omar Haddad", "+15105550115", "catering"),
    person("Lucía Fernández", "+15105550116", "regular"),
    person("Ben Achterberg", "+15105550117"),
    person("Hana Sato", "+16505550118", "vip"),
    person("Will Prentice", "+16505550119"),
    person("Nadia Petrova", "+16285550120", "regular"),
    person("Marcus Bell", "+16285550121"),
    { ...person("Chloé Martin", "+14155550122", "catering"), notes: "Office breakfast, every second Wednesday" },
    person("Isaac Green", "+14155550123"),
    person("Ruth Adeyemi", "+14155550124", "regular"),
    person("Jonas Weber", "+14085550125"),
    person("Sofia Rossi", "+14085550126", "vip"),
    person("Eleanor Vance", "+17075550127"),
  ],
};

export const DENTIST: Business = {
  name: "Northside Dental",
  email: "desk@northside.test",
  plan: "starter",
  paysLater: false,
  sinceDays: 55,
  // The account is suspended a week after the payment of the second month has failed.
  silentSinceDays: 20,
  seed: 55,
  numbers: [{ phoneNumber: "+15105550100", name: "Front desk" }],
  exchangesByWeekday: [0, 8, 9, 9, 8, 6, 0],
  exchanges: [
    [">Reminder: {name}, your appointment is tomorrow at 9:30 am. Reply C to confirm.", "<C"],
    [">Reminder: {name}, your appointment is tomorrow at 2:15 pm. Reply C to confirm.", "<C"],
    [">Reminder: {name}, your appointment is tomorrow at 11 am. Reply C to confirm."],
    ["<Can I move my cleaning to next week?", ">Tuesday at 10 or Thursday at 3?", "<Thursday", ">Done. See you then."],
    [">It has been six months since your last cleaning. Reply YES and we suggest a date.", "<Yes please"],
    ["<I am running ten minutes late", ">No problem, {name}. Thank you for telling us."],
    [">How did we do today? Reply 1 to 5.", "<5"],
  ],
  people: [
    person("Alan Brooks", "+15105550130", "recall"),
    person("Fatima Zahra", "+15105550131"),
    person("Greg Kowalski", "+15105550132", "recall"),
    person("Ivy Chen", "+15105550133"),
    person("Jorge Medina", "+19255550134"),
    person("Karin Holm", "+19255550135", "recall"),
    person("Leo Thompson", "+19255550136"),
    person("Mina Park", "+15105550137"),
    person("Noah Fisher", "+15105550138"),
    person("Olga Ivanova", "+15105550139"),
  ],
};

/** The bakery's customers who get the campaign beside its contacts. Messages to the last three fail. */
export const GUESTS: readonly string[] = Array.from({ length: 33 }, (_, index) => `+19255550${140 + index}`);
