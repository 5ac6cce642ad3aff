import { endpoint } from "../_shared/platform/endpoint.ts";
import { contract } from "./contract.ts";
import { handle } from "./handler.ts";

export default { fetch: endpoint(contract, handle) };
