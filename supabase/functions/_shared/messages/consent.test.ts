import assert from "node:assert/strict";
import fc from "fast-check";
import { consentOf } from "./consent.ts";

const TO = "+14155550100";
const asks = (body: string, type: string | null = null, to = TO) => consentOf(body, type, to).consent;

const STOP_WORDS = [
  ...["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"],
  ...["ARRET", "ARRETE", "ARRETT", "ARRÊT", "ARRÊTE", "Arre\u0302t"],
];
const mixedCase = (word: string) =>
  fc.array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map((upper) =>
      [...word].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter.toLowerCase())).join("")
    );
const stopWord = fc.constantFrom(...STOP_WORDS).chain(mixedCase);
const fullWidth = (text: string) => text.replace(/[A-Za-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
const UNSEEN = ["\u200b", "\u200d", "\ufeff", "\u00ad", "\u2060", "\ufe0f", "\u3164", "\u{e0020}"];
const around = fc.array(fc.constantFrom(...` .!\n\t"'-“”«»¡`, "🛑", "❤️", "\u00a0", ...UNSEEN), { maxLength: 5 })
  .map((parts) => parts.join(""));
const mark = fc.constantFrom(..."!.,;:?…", " !", " - ", " — ", "—", "--", "\u200b.", '" ', "*) ", " 🛑", "!!! ");

Deno.test("a word of STOP is an opt-out as the whole text, with anything but letters and digits around it", () => {
  fc.assert(fc.property(stopWord, around, around, fc.boolean(), (word, before, after, wide) => {
    assert.equal(asks(before + (wide ? fullWidth(word) : word) + after), "stop");
  }));
});

Deno.test("a word of STOP is an opt-out as the whole first line, and before punctuation, with any text behind it", () => {
  fc.assert(
    fc.property(stopWord, around, fc.constantFrom("\n", "\r\n", "\r", "\u2028"), fc.string(), (word, at, end, text) => {
      assert.equal(asks(at + word + at + end + text), "stop");
    }),
  );
  fc.assert(fc.property(stopWord, around, mark, fc.string(), (word, before, after, text) => {
    assert.equal(asks(before + word + after + text), "stop");
  }));
});

Deno.test("a word of STOP with invisible characters inside it is an opt-out", () => {
  fc.assert(fc.property(stopWord, fc.constantFrom(...UNSEEN), fc.nat(20), (word, unseen, at) => {
    assert.equal(asks(word.slice(0, at) + unseen + word.slice(at)), "stop");
  }));
});

Deno.test("the documented words of STOP opt out in each accepted form", () => {
  const examples = [
    "Stop. Thank you",
    "STOP!",
    "stop, please",
    "STOP 🛑",
    "“Stop”",
    "STOP\nSent from my phone",
    "opt-out",
  ];
  for (const body of [...examples, "Opt out, please", "Stop all!", "Stop ! Merci", "🛑\nＳＴＯＰ", "Arrêtè"]) {
    assert.equal(asks(body), "stop", body);
  }
});

Deno.test("a text with a word of STOP in a sentence asks for nothing", () => {
  const sentences = [
    "please stop calling it that",
    "Stop by tomorrow",
    "I will start tomorrow",
    "the end is near",
    "stopp",
  ];
  const joined = [
    "stop-loss order",
    "stop's",
    "end-to-end",
    "STOP2",
    "Stopping, now",
    "unstoppable!",
    "",
    " ",
    "🛑",
    "\0",
  ];
  for (const body of [...sentences, ...joined, "We agreed.\nStop", "ok. stop."]) assert.equal(asks(body), null, body);
  fc.assert(fc.property(stopWord, fc.constantFrom("by", "the", "at", "my", "ok"), (word, next) => {
    assert.equal(asks(`${word} ${next} tomorrow.`), null);
  }));
});

Deno.test("START, YES and UNSTOP count as one plain word with white space around it, in any case", () => {
  const blank = fc.string({ unit: fc.constantFrom(..." \t\r\n"), maxLength: 3 });
  fc.assert(fc.property(fc.constantFrom("START", "YES", "UNSTOP").chain(mixedCase), blank, blank, (word, a, b) => {
    assert.deepEqual(consentOf(a + word + b, null, TO), { consent: "start", keyword: word.toUpperCase() });
  }));
});

Deno.test("START in any other spelling asks for nothing", () => {
  const others = [
    "Yes 😀",
    "START!",
    "Yes.",
    "start\nnow",
    "ＹＥＳ",
    "un\u017ftop",
    "Yés",
    "START\u200b",
    "\u00a0YES",
    "un-stop",
  ];
  for (const body of others) assert.equal(asks(body), null, body);
  const extra = fc.constantFrom(..."!.,'\"😀\u200b\u00a0é1", "please", "\ufe0f");
  fc.assert(fc.property(fc.constantFrom("START", "YES", "UNSTOP"), extra, fc.boolean(), (word, more, before) => {
    assert.equal(asks(before ? more + word : word + more), null);
  }));
});

Deno.test("YES to a toll-free number asks for nothing, START and UNSTOP do", () => {
  for (const to of ["+18005550100", "+18885550100"]) {
    assert.deepEqual(["yes", "start", "UNSTOP"].map((body) => asks(body, null, to)), [null, "start", "start"]);
  }
  assert.equal(asks("yes", null, "+18015550100"), "start");
});

Deno.test("HELP and INFO ask for help, with anything but letters and digits around them", () => {
  for (const body of ["HELP", "help?", " Info 😀", "ＨＥＬＰ"]) assert.equal(asks(body), "help", body);
  for (const body of ["help me", "Help. I am lost"]) assert.equal(asks(body), null, body);
});

Deno.test("the type from Twilio's advanced opt-out takes precedence, and an unknown type does not count", () => {
  assert.equal(asks("arrêt", "STOP"), "stop");
  assert.equal(asks("STOP", "START"), "start");
  assert.equal(asks("Yes 😀", "START"), "start");
  assert.equal(asks("hello", "HELP"), "help");
  for (const type of ["", "stop", "toString"]) assert.equal(asks("hello", type), null);
});

Deno.test("a long text is read in linear time", () => {
  const started = performance.now();
  for (const body of ["-".repeat(10_000), "STOP" + " ".repeat(9_000) + "x", "STOP" + "*".repeat(9_000) + "x"]) {
    asks(body);
  }
  assert.ok(performance.now() - started < 1_000);
});

Deno.test("the keyword of a message with OptOutType is at most twenty whole characters", () => {
  const { keyword } = consentOf("x" + "\u{20000}".repeat(30), "STOP", TO);
  assert.equal(keyword, "X" + "\u{20000}".repeat(19));
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("x", "é", "ﷺ", "🛑", "\u{20000}"), maxLength: 60 }), (body) => {
      assert.ok(consentOf(body, "STOP", TO).keyword.isWellFormed());
    }),
  );
});
