import { endpoint } from "../_shared/platform/endpoint.ts";
import { handle } from "./handler.ts";

export default { fetch: endpoint({ auth: "user-or-link", methods: ["GET"] }, handle) };
