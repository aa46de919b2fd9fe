import { createClient } from "@millwright/core";
import { platformApi } from "@millwright/platform/api";
import { way } from "./clients.ts";

export const platform = createClient("platform", platformApi, way);
