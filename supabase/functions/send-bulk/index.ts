import { endpoint } from "../_shared/platform/endpoint.ts";
import { contract } from "./contract.ts";
import { handle } from "./handler.ts";

/** Each takes up to half a second to read. The binding limits allow ten requests and twenty dry runs a minute. */
const LARGE_BODIES = 40;

export default { fetch: endpoint(contract, handle, { largeBodies: LARGE_BODIES }) };
