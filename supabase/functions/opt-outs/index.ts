import { endpoint } from "../_shared/platform/endpoint.ts";
import { handle } from "./handler.ts";

export default { fetch: endpoint({ auth: "user", methods: ["GET", "POST"] }, handle) };
