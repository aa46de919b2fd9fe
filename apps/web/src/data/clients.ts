import { accessApi } from "@millwright/access/api";
import { createClient } from "@millwright/core";
import { senseApi } from "@millwright/sense/api";
import { twinApi } from "@millwright/twin/api";

export const way = { fetch: globalThis.fetch.bind(globalThis), baseUrl: "" };

/** What the first page asks; the contracts of the other steps are loaded with the pages that need them. */
export const access = createClient("access", accessApi, way);
export const sense = createClient("sense", senseApi, way);
export const twin = createClient("twin", twinApi, way);
