import { auditApi } from "@millwright/audit/api";
import { createClient } from "@millwright/core";
import { way } from "./clients.ts";

export const audit = createClient("audit", auditApi, way);
