import { accessApi } from "@millwright/access/api";
import { auditApi } from "@millwright/audit/api";
import { createClient } from "@millwright/core";
import { historyApi } from "@millwright/history/api";
import { namespaceApi } from "@millwright/namespace/api";
import { platformApi } from "@millwright/platform/api";
import { senseApi } from "@millwright/sense/api";
import { twinApi } from "@millwright/twin/api";

const way = { fetch: globalThis.fetch.bind(globalThis), baseUrl: "" };

export const access = createClient("access", accessApi, way);
export const audit = createClient("audit", auditApi, way);
export const history = createClient("history", historyApi, way);
export const namespace = createClient("namespace", namespaceApi, way);
export const platform = createClient("platform", platformApi, way);
export const sense = createClient("sense", senseApi, way);
export const twin = createClient("twin", twinApi, way);
