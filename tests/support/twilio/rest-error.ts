import assert from "node:assert/strict";

/** Asserts that a request fails as the SDK shows Twilio's errors, with this code and this status. */
export async function rejectsWith(code: number, status: number, request: Promise<unknown>): Promise<Error> {
  const error = await request.then(
    () => assert.fail(`The request succeeded instead of failing with ${code}`),
    (error: Error & { code?: number; status?: number; moreInfo?: string }) => error,
  );
  assert.deepEqual({ code: error.code, status: error.status }, { code, status }, error.message);
  assert.equal(error.moreInfo, `https://www.twilio.com/docs/errors/${code}`);
  return error;
}
