import assert from "node:assert/strict";
import fc from "fast-check";
import { type ErrorCode, SwitchboardError } from "../../../client/switchboard.ts";
import { connectionOf, isServerDown, retryDelay } from "./connection.ts";
import { ReadError } from "./failure.ts";

const outcomes = fc.array(fc.record({ isDown: fc.boolean(), at: fc.nat(9) }), { maxLength: 6 });

const answered = (at: number) => ({ isDown: false, at });
const failed = (at: number) => ({ isDown: true, at });

Deno.test("the connection is down when no read on the screen is answered, and partly down when some are", () => {
  assert.deepEqual(
    [[], [answered(1)], [failed(1)], [answered(1), failed(2)], [failed(2), answered(3), failed(4)]].map((each) =>
      connectionOf(true, each)
    ),
    ["ok", "ok", "down", "down", "partly"],
  );
  fc.assert(fc.property(outcomes, (each) => {
    assert.equal(connectionOf(false, each), "offline");
    assert.equal(connectionOf(true, each) === "ok", !each.some(({ isDown }) => isDown));
  }));
});

Deno.test("a server that is out of reach is told apart from one that refuses a request", () => {
  const called = (status: number, code: ErrorCode) =>
    isServerDown(new SwitchboardError({ status, code, message: "?" }));
  const read = (status: number, code: string) => isServerDown(new ReadError({ status, code }));
  assert.deepEqual([
    called(0, "unreachable"),
    called(0, "timed_out"),
    called(503, "unexpected_answer"),
    called(503, "database_unavailable"),
    read(0, "unreachable"),
    read(503, "PGRST002"),
    read(502, "http_502"),
  ], Array(7).fill(true));
  assert.deepEqual([
    called(503, "twilio_unavailable"),
    called(503, "stripe_unavailable"),
    called(0, "aborted"),
    called(500, "internal_error"),
    called(429, "rate_limited"),
    read(401, "PGRST303"),
    isServerDown(new TypeError("x is not a function")),
  ], Array(7).fill(false));
});

Deno.test("the pause before a retry doubles up to half a minute", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 99].map(retryDelay), [2, 4, 8, 16, 30, 30, 30]);
});
