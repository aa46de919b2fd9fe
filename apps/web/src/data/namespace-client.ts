import { createClient } from "@millwright/core";
import { namespaceApi } from "@millwright/namespace/api";
import { way } from "./clients.ts";

export const namespace = createClient("namespace", namespaceApi, way);
